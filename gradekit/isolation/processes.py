"""What a worker has started, seen from outside: its process group, which nothing leaves; how large, how busy.

And whether the system has ended processes for want of memory.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

TICKS = os.sysconf("SC_CLK_TCK")
# Places in /proc/<pid>/stat behind the name; the times are its own and those of children that it has waited for.
STATE, GROUP, TIMES = 0, 2, slice(11, 15)
ENDED = "Z"  # and nobody has waited for it yet
# Of a page that several processes have, each has its part; a file's pages are the file's.
EVENTS = Path("/proc/vmstat")
NO_MEMORY = b"\noom_kill "  # what a job's or a container's limit ended is counted, too
SHARES = ("Pss_Anon:", "Pss_Shmem:", "SwapPss:")
WHOLE = ("RssAnon:", "RssShmem:", "VmSwap:")


class Use(NamedTuple):
    """What a process takes: memory in bytes, processor time in seconds."""

    memory: int
    cpu_s: float


def group_use(leader: int) -> list[Use]:
    """Return what each living process of a group takes; where none may look closely, a fork's memory as its own."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with suppress(OSError, ValueError, IndexError):  # it has ended
                fields = Path(entry.path, "stat").read_text(errors="replace").rpartition(")")[2].split()
                if int(fields[GROUP]) == leader and fields[STATE] != ENDED:
                    found.append(Use(_memory(Path(entry.path)), sum(map(int, fields[TIMES])) / TICKS))
    return found


def _memory(process: Path) -> int:
    try:
        return _sum(process / "smaps_rollup", SHARES)
    except OSError:  # of a process that is closed to its own user, too
        return _sum(process / "status", WHOLE)


def _sum(file: Path, names: tuple[str, ...]) -> int:
    lines = (line.split() for line in file.read_text(errors="replace").splitlines())
    return 1024 * sum(int(words[1]) for words in lines if words[:1] and words[0] in names)


def ended_for_memory() -> int:
    """Return how many processes of this machine the system has ended for want of memory; 0 where it does not say."""
    try:
        return int(EVENTS.read_bytes().partition(NO_MEMORY)[2].partition(b"\n")[0] or 0)
    except OSError:
        return 0
