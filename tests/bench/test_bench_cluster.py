"""What a class costs the machine of the gradebook when a cluster judges it, and how that grows.

Run with ``make bench``; ``GRADEKIT_BENCH_CLUSTER=100,500,5000`` names the sizes. Two workers run on this machine; the
figures are of the process alone that takes in and records. Times are figures to read; that memory does not grow with
the class is a property, and is asserted.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from distributed import LocalCluster

from gradekit.course.course import Course
from gradekit.demo import Submission, hand_in
from gradekit.release.make import release

from .test_bench_memory import GRADE, GROWTH_MB

SIZES = tuple(map(int, os.environ.get("GRADEKIT_BENCH_CLUSTER", "50,200").split(",")))
WORKERS = 2
LINE = "{:>12}{:>10}{:>14}{:>14}{:>10}{:>12}"


def grade(course: Course, *words: str) -> dict[str, float]:
    """Grade a course's class in a process of its own; return what that process took."""
    script = GRADE.replace('"--jobs", "1"', '"--jobs", "2", *sys.argv[2:]')
    command = (sys.executable, "-W", "ignore", "-c", script, str(course.root), *words)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return json.loads(done.stdout.rsplit("TOOK", 1)[1])


def test_the_gradebooks_machine(small: Course) -> None:
    """Processor time of each submission where the gradebook is, on one machine and with a cluster; memory is flat."""
    release(small, "small", solutions=False)
    print("\n" + LINE.format("submissions", "judged", "CPU ms each", "wall ms each", "peak MB", "start s CPU"))
    peaks = []
    with LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster:
        for where, words in {"here": (), "cluster": ("--scheduler", cluster.scheduler_address)}.items():
            start = one(small, 1, *words)
            for size in SIZES:
                took = one(small, size, *words)
                own, wall = ((took[name] - start[name]) / (size - 1) * 1000 for name in ("own", "wall"))
                figures = (f"{own:.1f}", f"{wall:.1f}", f"{took['peak_mb']:.0f}", f"{start['own']:.1f}")
                print(LINE.format(size, where, *figures))
                peaks += [took["peak_mb"]] if words else []
    assert max(peaks) <= peaks[0] + GROWTH_MB


def one(small: Course, size: int, *words: str) -> dict[str, float]:
    """Grade a class of that size in a course of its own."""
    course = Course(Path(shutil.copytree(small.root, small.root.parent / "one", symlinks=True)))
    hand_in(course, "small", (Submission(f"s{number:04d}", {}) for number in range(size)))
    took = grade(course, *words)
    assert len(list((course.root / ".gradekit" / "small").glob("*.json"))) == size
    shutil.rmtree(course.root)
    return took
