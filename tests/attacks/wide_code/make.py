"""Changes what is handed in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def hand_in(folder: Path, node: dict[str, Any], _: Path) -> None:
    """As UTF-8 it has a byte a letter."""
    cell = next(cell for cell in node["cells"] if cell["id"] == "double")
    cell["source"] += "\n# \N{GRINNING FACE}" + "a" * 30_000_000
    (folder / "small.ipynb").write_text(json.dumps(node, ensure_ascii=False), encoding="utf-8")
