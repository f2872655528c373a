"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """The learner copied the cell of double, as happens by accident."""
    cells = {cell["id"]: cell for cell in node["cells"]}
    node["cells"].insert(4, json.loads(json.dumps(cells["double"])))
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
