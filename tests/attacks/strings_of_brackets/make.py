"""Changes what is handed in."""

import json
from pathlib import Path

TEXTS = ('\\"[{,' * 300_000, "\\" * 1_000_001 + '"' + "[" * 900_000, '","' * 400_000, "\x00[" * 200_000)


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """As metadata, which are dropped, and as text cells, which stay."""
    for number, text in enumerate(TEXTS):
        cell = {"cell_type": "markdown", "id": f"t{number}", "metadata": {"a": text[:100_000]}, "source": text}
        node["cells"].append(cell)
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
