"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """The notebook says that it is written in R and must be run with a program of its own."""
    node["metadata"] = {"kernelspec": {"name": "ir", "display_name": "R", "language": "R", "argv": ["touch", "BREACH"]}}
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
