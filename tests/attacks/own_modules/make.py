"""Changes what is handed in."""

from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Modules of the names of libraries, of the checks and of gradekit are handed in, which end the process."""
    for name in (
        "numpy",
        "checks",
        "msgpack",
        "random",
        "struct",
        "json",
        "IPython",
        "matplotlib",
        "ipykernel",
        "nbgrader",
        "os",
    ):
        (folder / f"{name}.py").write_text("import sys; sys.exit('BREACH')", encoding="utf-8")
    (folder / "gradekit").mkdir()
    for name in ("__init__", "hidden", "worker", "wire", "sandbox"):
        (folder / "gradekit" / f"{name}.py").write_text("import sys; sys.exit('BREACH')", encoding="utf-8")
