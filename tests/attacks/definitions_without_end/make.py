"""Changes what is handed in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

UNITS = ("def ", "async ", "class  \n", "def\t", "async def a", "def a(\n")


def hand_in(folder: Path, node: dict[str, Any], _: Path) -> None:
    """Each text is as long as a cell may be, and is no definition."""
    cell = next(cell for cell in node["cells"] if cell["id"] == "double")
    cell["metadata"], cell["id"] = {}, "mine"
    for number, unit in enumerate(UNITS):
        text = (unit[:-1] + unit[-1] * 500_000 if number < 2 else unit * (500_000 // len(unit))) + "("
        node["cells"].append({"cell_type": "code", "id": f"d{number}", "metadata": {}, "source": text, "outputs": []})
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
