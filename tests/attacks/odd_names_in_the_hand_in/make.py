"""Changes what is handed in."""

import os
from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Files are handed in whose names are meant for terminals, pages, shells and spreadsheets."""
    names = [
        b"\x1b[2J.txt",
        b"line\nbreak",
        b"[red]x[*]",
        b"<img src=x onerror=alert(1)>",
        b"=cmd|' C calc'!A0",
        b"$(touch x)",
    ]
    names += [
        b"..x",
        b"...",
        b"-rf",
        b"\xff\xfe.txt",
        b"n" * 255,
        b"..\\..\\x",
        b"%2e%2e%2fx",
        "\u202egpj.exe".encode(),
        b"con",
        b" ",
    ]
    for name in names:
        Path(os.fsdecode(bytes(folder) + b"/" + name)).write_text("x", encoding="utf-8")
    deep = folder.joinpath(*["d"] * 150)
    deep.mkdir(parents=True)
    (deep / "x").write_text("x", encoding="utf-8")
