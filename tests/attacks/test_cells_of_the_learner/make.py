"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Double is wrong; its graded cell states a score of its own."""
    cells = {cell["id"]: cell for cell in node["cells"]}
    cells["double-grade"]["source"] = "0.5"
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
