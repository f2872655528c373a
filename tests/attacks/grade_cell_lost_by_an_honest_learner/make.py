"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """The learner deleted double's graded cell by accident."""
    cells = {cell["id"]: cell for cell in node["cells"]}
    node["cells"].remove(cells["double-grade"])
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
