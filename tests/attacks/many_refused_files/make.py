"""Changes what is handed in."""

from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Each is refused in a line of its own."""
    for number in range(400):
        (folder / f"{number}{chr(0x1F600) * 60}").symlink_to("/etc/passwd")
        (folder / f"[bold]<b>{number}{'x' * 230}").symlink_to("small.ipynb")
        deep = folder.joinpath(*["d" * 20] * 10, f"{number}")
        deep.mkdir(parents=True)


def check(course: Path, submission: Path, outside: dict) -> None:
    """The report and the terminal stay small."""
    student = submission.parent.name
    assert (course / ".gradekit" / "small" / f"{student}.json").stat().st_size < 50_000
    lines = [line for line in outside["terminal"].splitlines() if line.startswith(student)]
    assert len(lines) < 50
    assert max(map(len, lines)) < 500
