"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Python's reader takes them; JSON does not know them."""
    node["metadata"]["x"] = node["cells"][3]["metadata"]["x"] = "NUMBERS"
    for cell in node["cells"]:
        if cell["cell_type"] == "code":
            cell["execution_count"] = "COUNT"
    text = json.dumps(node).replace('"NUMBERS"', "[1e999, -1e999, NaN, Infinity, -0, 1e-999]").replace('"COUNT"', "NaN")
    text = text.replace('"nbformat": 4', '"nbformat": 3, "nbformat": 4').replace(
        '"nbformat_minor": 5', '"nbformat_minor": 1e999'
    )
    (folder / "small.ipynb").write_text(text, encoding="utf-8")
