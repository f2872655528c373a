"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """The notebook is cut in the middle."""
    (folder / "small.ipynb").write_bytes(json.dumps(node).encode()[:-200])
