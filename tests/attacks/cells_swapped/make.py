"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """The cells of double and quadruple have changed their names."""
    cells = {cell["id"]: cell for cell in node["cells"]}
    for name, other in (("double", "quadruple"), ("quadruple", "double")):
        cells[name]["metadata"]["nbgrader"]["grade_id"] = other
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
