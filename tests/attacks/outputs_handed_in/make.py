"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """The notebook comes with outputs and text that hold scripts and a score."""
    for cell in node["cells"]:
        if cell["cell_type"] == "code":
            data = {"text/html": "<script>alert(1)</script>", "text/plain": "0.5", "application/javascript": "alert(1)"}
            cell["outputs"] = [{"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": data}]
    node["cells"][0]["source"] += "\n<script>alert(1)</script><img src=x onerror=alert(1)>"
    node["cells"][0]["attachments"] = {"x.svg": {"image/svg+xml": "PHN2Zy8+"}}
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
