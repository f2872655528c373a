"""Changes what is handed in."""

import json
from pathlib import Path

NAMES = (
    "x" * 1_000_000,
    "\u4e2d" * 500_000,
    "../../../etc/passwd",
    "<script>alert(1)</script>",
    "[/red]\x1b[2J",
    "a\nb",
    "%s%n{}{0}",
)


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Each claims to be graded."""
    for name in NAMES:
        words = {"grade_id": name, "grade": True, "solution": True, "locked": False, "points": 1e308, "cell_type": name}
        cell = {"cell_type": "code", "id": name, "source": "1", "outputs": [], "execution_count": None}
        node["cells"].append(
            cell | {"metadata": {"nbgrader": words | {"schema_version": 3, "task": True}, "tags": [name]}}
        )
        node["cells"].append(
            cell | {"cell_type": name, "metadata": {"nbgrader": {"grade_id": "double", "checksum": name}}}
        )
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
