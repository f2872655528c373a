"""Changes what is handed in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def hand_in(folder: Path, node: dict[str, Any], _: Path) -> None:
    """The comment stands in the cell of double."""
    cell = next(cell for cell in node["cells"] if cell["id"] == "double")
    cell["source"] += '\n# \\ "' + "[{," * 1_700_000
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
