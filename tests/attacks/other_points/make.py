"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Double is wrong; its cells claim other points, roles and locks."""
    cells = {cell["id"]: cell for cell in node["cells"]}
    cells["double-grade"]["metadata"]["nbgrader"] |= {"points": 1e308, "locked": False, "schema_version": 2}
    cells["double"]["metadata"]["nbgrader"] |= {"points": 100, "grade": True}
    cells["quadruple-grade"]["metadata"]["nbgrader"]["points"] = float("nan")
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
