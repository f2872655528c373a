"""Changes what is handed in."""

import os
import socket
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Pipes and a socket are handed in."""
    os.mkfifo(folder / "pipe")
    os.mkfifo(folder / "data.csv")
    here = Path.cwd()
    os.chdir(folder)  # a socket's path may have 108 bytes
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket")
    os.chdir(here)
