"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """A trip through another program lost the ids; some stand twice."""
    for cell in node["cells"]:
        cell["id"] = "same"
    del node["cells"][0]["id"], node["cells"][3]["id"]
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
