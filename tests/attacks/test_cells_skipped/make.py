"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Double is wrong; its test cells are tagged to be skipped."""
    cells = {cell["id"]: cell for cell in node["cells"]}
    for name in ("double-tests", "double-grade"):
        cells[name]["metadata"]["tags"] = ["skip-execution", "otter_ignore", "raises-exception"]
        cells[name]["metadata"]["deletable"] = False
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
