"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Double is wrong; metadata are of every wrong type."""
    cells = {cell["id"]: cell for cell in node["cells"]}
    kinds = [
        None,
        [],
        "x",
        5,
        {"nbgrader": []},
        {"nbgrader": {"grade_id": {}}},
        {"tags": 5},
        {"nbgrader": {"grade_id": 5, "points": "x"}},
    ]
    for cell, kind in zip(node["cells"], kinds * 2, strict=False):
        cell["metadata"] = kind
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
