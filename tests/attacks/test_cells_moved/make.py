"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Double is wrong; the graded cells stand before everything."""
    cells = {cell["id"]: cell for cell in node["cells"]}
    node["cells"].sort(key=lambda cell: not cell["id"].endswith(("-grade", "-tests")))
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
