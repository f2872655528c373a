"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """All of them belong to nobody."""
    node["metadata"]["kernelspec"] |= {"language": "x" * 5_000_000, "argv": ["rm"] * 100_000}
    node["metadata"]["widgets"] = {
        "application/vnd.jupyter.widget-state+json": {"state": {str(n): {} for n in range(50_000)}}
    }
    node["metadata"]["title"] = "\u4e2d" * 1_000_000
    for number, cell in enumerate(node["cells"]):
        cell["metadata"] |= {"tags": [f"t{n}" for n in range(5_000)], "x": [[]] * 20_000, "collapsed": "y" * 500_000}
        cell["outputs" if number % 2 and cell["cell_type"] == "code" else "extra"] = [{"output_type": "stream"}] * 2_000
    (folder / "small.ipynb").write_text(json.dumps(node), encoding="utf-8")
