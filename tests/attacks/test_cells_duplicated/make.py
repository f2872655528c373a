"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Double is wrong; its graded cell stands three times."""
    cells = {cell["id"]: cell for cell in node["cells"]}
    copies = [{**cells["double-grade"], "id": f"copy{number}", "source": "0.5"} for number in range(2)]
    node["cells"][3:3] = copies
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
