"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Cell ids hold control characters, HTML, rich markup and nothing."""
    for cell, name in zip(
        node["cells"], ("", "\x1b[2J", "<script>", "[/]", "a\nb", "x" * 10**5, "\0", None), strict=False
    ):
        if cell["id"] not in ("double", "quadruple"):
            cell["id"] = name
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
