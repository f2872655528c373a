"""Changes what is handed in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def hand_in(folder: Path, node: dict[str, Any], _: Path) -> None:
    """Half of them are text; the others run."""
    for number in range(9_000):
        cell = {"cell_type": "markdown", "id": f"f{number}", "metadata": {"tags": ["x"]}, "source": "a"}
        if number % 2:
            cell |= {"cell_type": "code", "source": str(number), "outputs": [], "execution_count": None}
        node["cells"].insert(2, cell)
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
