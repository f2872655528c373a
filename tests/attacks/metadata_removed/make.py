"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Double is wrong; no cell has nbgrader's metadata any more."""
    cells = {cell["id"]: cell for cell in node["cells"]}
    for cell in node["cells"]:
        cell["metadata"] = {}
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
