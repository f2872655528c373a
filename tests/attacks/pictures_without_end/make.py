"""Changes what is handed in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SHOWS = "from IPython.display import Image\ndisplay(Image(data=b'\\x89PNG\\r\\n\\x1a\\n' + bytes(10**7)))"


def hand_in(folder: Path, node: dict[str, Any], _: Path) -> None:
    """Put the cells before all others."""
    cells = [
        {
            "cell_type": "code",
            "id": f"f{number}",
            "metadata": {},
            "source": SHOWS,
            "outputs": [],
            "execution_count": None,
        }
        for number in range(12)
    ]
    node["cells"] = [*cells, *node["cells"]]
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")


def check(course: Path, submission: Path, _: dict[str, str]) -> None:
    """What came out is small."""
    path = course / "autograded" / submission.parent.name / "small" / "small.ipynb"
    assert path.stat().st_size < 30 * 2**20
