"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Double is wrong; its graded cell says that it is quadruple's, or nobody's."""
    cells = {cell["id"]: cell for cell in node["cells"]}
    cells["double-grade"]["metadata"]["nbgrader"]["grade_id"] = "quadruple-grade"
    cells["double-tests"]["metadata"]["nbgrader"]["grade_id"] = "double-grade"
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
