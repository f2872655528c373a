"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Double is wrong, so that the cells are defined again upon the right one."""
    for number in range(3):
        text = f"def f{number}():\n    '{'x' * 7_000_000}'"
        cell = {"cell_type": "code", "id": f"l{number}", "metadata": {}, "source": text, "outputs": []}
        node["cells"].insert(2, cell | {"execution_count": None})
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
