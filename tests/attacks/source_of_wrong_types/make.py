"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Cells have sources that are numbers, dicts and lists of them."""
    for cell, source in zip(node["cells"][-3:], (5, {"a": 1}, ["x = 1", 2, None]), strict=True):
        cell["source"] = source
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
