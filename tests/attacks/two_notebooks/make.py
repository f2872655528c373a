"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """A second notebook with another double lies beside the first."""
    (folder / "small-copy.ipynb").write_text(json.dumps(node).replace("return x + x", "return x * 0"), encoding="utf-8")
