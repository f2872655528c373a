"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """The notebook is of format 4.99 and otherwise right."""
    (folder / "small.ipynb").write_bytes(json.dumps(node | {"nbformat_minor": 99}).encode())
