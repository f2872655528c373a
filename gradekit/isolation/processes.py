"""What a worker has started, seen from outside: its process group, which nothing leaves; how many, how large."""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from pathlib import Path

PAGE = resource.getpagesize()
GROUP, SHARED, RESIDENT = 2, 2, 1  # places in /proc/<pid>/stat, behind the name, and in statm
SHARE = "Pss_Anon:"  # of a page that several processes have, each has its part


def group_memory(leader: int) -> list[int]:
    """Return the memory of each process of a group in bytes; where we may not look closely, a fork's as its own."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with suppress(OSError, ValueError, IndexError):  # it has ended
                fields = Path(entry.path, "stat").read_text(errors="replace").rpartition(")")[2].split()
                if int(fields[GROUP]) == leader:
                    found.append(_memory(Path(entry.path)))
    return found


def _memory(process: Path) -> int:
    try:
        lines = (process / "smaps_rollup").read_text(encoding="ascii").splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(SHARE))
    except (OSError, StopIteration):  # of a process that is closed to its own user, too
        pages = (process / "statm").read_text(encoding="ascii").split()
        return (int(pages[RESIDENT]) - int(pages[SHARED])) * PAGE
