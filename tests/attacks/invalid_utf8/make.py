"""Changes what is handed in."""

import json
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """The notebook is not UTF-8."""
    (folder / "small.ipynb").write_bytes(
        json.dumps(node).replace("small", "sm\xe4ll").encode("latin-1").replace(b"A ", b"\xff\xfe ")
    )
