"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Metadata and outputs are nested 900 deep."""
    node["metadata"]["deep"] = node["cells"][3]["metadata"]["deep"] = "DEEP"
    text = json.dumps(node).replace('"DEEP"', '{"a": ' * 900 + "0" + "}" * 900)
    (folder / "small.ipynb").write_text(
        text.replace('"outputs": []', '"outputs": ' + "[" * 900 + "]" * 900), encoding="utf-8"
    )
