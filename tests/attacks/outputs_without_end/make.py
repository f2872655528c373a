"""Outputs of 40 MB, twice what is kept, and 30,000 tables in all, no cell of which shows too much."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PRINTS = "print('x' * 990_000)"
SHOWS = "from IPython.display import HTML\nfor _ in range(1000):\n    display(HTML('<b>x</b>'))"


def hand_in(folder: Path, node: dict[str, Any], _: Path) -> None:
    """Put the cells before all others."""
    cells = [
        {
            "cell_type": "code",
            "id": f"f{number}",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for number, source in enumerate([PRINTS] * 40 + [SHOWS] * 30)
    ]
    node["cells"] = [*cells, *node["cells"]]
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")


def check(course: Path, submission: Path, _: dict[str, str]) -> None:
    """What came out is small, and says what is left out."""
    text = (course / "autograded" / submission.parent.name / "small" / "small.ipynb").read_text(encoding="utf-8")
    assert len(text) < 30 * 2**20
    outputs = [cell["outputs"] for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    assert sum(map(len, outputs)) < 100_000
    assert any("more output than is kept of one submission" in str(shown) for shown in outputs)
