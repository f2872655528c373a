"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """A cell's metadata and outputs are nested 900 deep."""
    deep = 0
    for _ in range(900):
        deep = {"a": [deep]}
    node["metadata"]["deep"] = deep
    node["cells"][3]["metadata"]["deep"] = deep
    (folder / "small.ipynb").write_text(json.dumps(node).replace('"outputs": []', '"outputs": [' + "[" * 400 + "]" * 400 + "]"), encoding="utf-8")
