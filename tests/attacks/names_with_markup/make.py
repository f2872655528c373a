"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Grade ids and the kernel's name are HTML, rich markup and control characters."""
    node["metadata"] = {
        "kernelspec": {"name": "<script>alert(1)</script>", "display_name": "[/]\x1b[2J"},
        "title": "<script>",
    }
    node["cells"].append(
        {
            "cell_type": "code",
            "id": "more",
            "source": "1",
            "outputs": [],
            "execution_count": None,
            "metadata": {
                "nbgrader": {
                    "grade_id": "<img src=x onerror=alert(1)>[/]",
                    "grade": True,
                    "locked": True,
                    "solution": False,
                    "points": 9,
                    "schema_version": 3,
                    "task": False,
                }
            },
        }
    )
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
