"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """None of the others has the notebook's name."""
    text = json.dumps(node)
    (folder / "small (1).ipynb").write_text(text[:-50], encoding="utf-8")
    (folder / "Untitled.ipynb").write_text("", encoding="utf-8")
    (folder / "old").mkdir()
    (folder / "old" / "small.ipynb").write_text(text, encoding="utf-8")
