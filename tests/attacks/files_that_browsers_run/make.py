"""Changes what is handed in."""

import json
from pathlib import Path

SCRIPT = "<script xmlns='http://www.w3.org/1999/xhtml'>alert('BREACH')</script>"
ACTIVE = (
    "plot.svg plot.SVG plot.svgz page.xht page.xhtml page.xml page.shtml page.mht page.htc page.xsl page page. a.pdf"
)
DATA = "values.csv notes.txt plot.png deep/er/values.npy"


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Files of many kinds hold the same script; every one of them is linked."""
    for name in [*ACTIVE.split(), *DATA.split()]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"<svg xmlns='http://www.w3.org/2000/svg'>{SCRIPT}</svg>", encoding="utf-8")
    node["cells"][0]["source"] += "".join(f"\n\n[{name}]({name})" for name in ACTIVE.split())
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")


def check(course: Path, submission: Path, outside: dict) -> None:
    """Data, texts and pictures are published, by their names; the rest is kept aside as texts."""
    published = course / "autograded" / "files_that_browsers_run" / "small"
    found = {path.relative_to(published).as_posix() for path in published.rglob("*") if path.is_file()}
    assert found == {*DATA.split(), "small.ipynb", "checks.py", "timestamp.txt"}
    aside = course / ".gradekit" / "+aside" / "small" / "files_that_browsers_run"
    assert {path.name for path in aside.iterdir()} == {f"{name}.txt" for name in ACTIVE.split()}
