"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """The notebook has 100 MB of outputs."""
    node["cells"][3]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 10**8}]
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
