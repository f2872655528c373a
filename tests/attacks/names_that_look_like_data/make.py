"""Changes what is handed in."""

from pathlib import Path

ACTIVE = (
    "x.csv.html", "x.csv\n.html", "x.png ", "x.csv.", ".csv", "x.HTM", "x.txt.js", "\u202egpj.exe", "x.png\u200b", "x.csv%00.html",
    "x.csv?.html", "x.csv;.svg", "data.csv/page.xhtml", "x.txt.lnk", "x.md.hta", "x.npy.pickle", "x.csv.xlsm", "x.geojson", "a.wasm",
    ".x/values.csv", "nbconvert/index.html.j2",
)  # fmt: skip
DATA = (
    "values.CSV",
    "a.b.c.png",
    "data.csv/values.txt",
    "<img src=x onerror=alert(1)>.csv",
    "{{ 7 * 7 }}.md",
    "-rf.txt",
    "=cmd.tsv",
)


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """All of them hold the same script."""
    for name in (*ACTIVE, *DATA):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("<script>alert('BREACH')</script>", encoding="utf-8")


def check(course: Path, submission: Path, outside: dict) -> None:
    """What ends in no kind of data is kept aside as a text; names are made fit where they hold what no name needs."""
    published = course / "autograded" / submission.parent.name / "small"
    found = {path.relative_to(published).as_posix() for path in published.rglob("*") if path.is_file()}
    assert found == {*DATA, "small.ipynb", "checks.py", "timestamp.txt"}
    aside = course / ".gradekit" / "+aside" / "small" / submission.parent.name
    kept = [path for path in aside.rglob("*") if path.is_file()]
    assert len(kept) == len(ACTIVE)
    assert all(path.suffix == ".txt" and not path.name.startswith(".") for path in kept)
