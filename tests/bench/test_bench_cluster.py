"""What a class costs the machine of the gradebook when a cluster judges it, and what the workers.

Run with ``make bench``; ``GRADEKIT_BENCH_CLUSTER=500,5000`` names the sizes, ``GRADEKIT_BENCH_WORKERS=1`` how many
judge here: the fewer, the more the gradebook's process is alone on its core, as it is where they are elsewhere.
Processor time and memory are of that process alone, and less of what its start takes. Times are figures to read; that
memory does not grow with the class is a property, and is asserted.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from distributed import LocalCluster

from gradekit.course.course import Course
from gradekit.demo import Submission, hand_in
from gradekit.release.make import release

from .classes import ASSIGNMENT, as_released
from .test_bench_memory import GRADE, GROWTH_MB

SIZES = tuple(map(int, os.environ.get("GRADEKIT_BENCH_CLUSTER", "50,200").split(",")))
LARGER = 24  # submissions of the first assignment: its demo's class, and some of it again
WORKERS = int(os.environ.get("GRADEKIT_BENCH_WORKERS", "2"))
CLASS, SLOTS = 5000, (1, 2, 8, 32, 128)
HEAD = "{:<18}{:>12}{:>9}{:>12}{:>11}{:>13}{:>12}{:>10}{:>9}"
LINE = "{:<18}{:>12}{:>9}{:>12.1f}{:>11.1f}{:>13.1f}{:>12.0f}{:>10.1f}{:>9.0f}"


def grade(course: Course, assignment: str, *words: str) -> dict[str, float]:
    """Grade a course's class in a process of its own; return what that process took."""
    script = GRADE.replace('"small"', f'"{assignment}"')
    script = script.replace('"--jobs", "1"', f'"--jobs", "{WORKERS}", *sys.argv[2:]')
    command = (sys.executable, "-W", "ignore", "-c", script, str(course.root), *words)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)
    assert "TOOK" in done.stdout, (done.stdout + done.stderr)[-3000:]
    return json.loads(done.stdout.rsplit("TOOK", 1)[1])


def measured(
    course: Course, assignment: str, start: dict[str, float], *words: str
) -> tuple[float, float, float, float]:
    """Print what a class takes, each of its submissions; return peak, our time, the scheduler's, that of judging."""
    before = time.process_time()  # of this process: the scheduler's, which runs in it
    took = grade(course, assignment, *words)
    reports = [json.loads(path.read_text()) for path in (course.root / ".gradekit" / assignment).glob("*.json")]
    size, judged = len(reports), statistics.fmean(report["times"]["wall"] for report in reports) * 1000
    assert {bool(report["judged_by"]) for report in reports} == {bool(words)}
    own, system, wall = ((took[name] - start[name]) / size * 1000 for name in ("own", "system", "wall"))
    scheduler = (time.process_time() - before) / size * 1000 if words else 0.0
    where = "cluster" if words else "here"
    print(LINE.format(assignment, size, where, own, system, scheduler, judged, wall, took["peak_mb"]))
    return took["peak_mb"], own, scheduler, judged


def print_model(assignment: str, own: float, scheduler: float, judged: float) -> None:
    """Print what these parts make of a large class: the slowest of the three decides, once it has enough to do."""
    print(f"{assignment}, {CLASS:,} submissions, by how many are judged at once:")
    for slots in SLOTS:
        each = max(own, scheduler, judged / slots)
        print(f"{slots:>6}: {1000 / each:6.1f} a second, {CLASS * each / 60_000:7.1f} minutes")


def small_class(small: Course, size: int) -> Course:
    """Let so many hand in to a copy of the small course."""
    folder = small.root.parent / "one"
    shutil.rmtree(folder, ignore_errors=True)
    course = Course(Path(shutil.copytree(small.root, folder, symlinks=True)))
    hand_in(course, "small", (Submission(f"s{number:04d}", {}) for number in range(size)))
    return course


def test_the_gradebooks_machine(small: Course, tmp_path: Path) -> None:
    """Processor time of each submission where the gradebook is, with a cluster and without; memory is flat."""
    release(small, "small", solutions=False)
    times = ("our CPU ms", "of system", "scheduler's", "judging ms", "wall ms")
    print("\n" + HEAD.format("assignment", "submissions", "judged", *times, "peak MB"))
    peaks = []
    with LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster:
        for words in ((), ("--scheduler", cluster.scheduler_address)):
            start = grade(small_class(small, 1), "small", *words)
            for size in SIZES:
                peak, *parts = measured(small_class(small, size), "small", start, *words)
                peaks += [peak] if words else []
            _, *larger = measured(as_released(tmp_path / f"larger{len(words)}", LARGER), ASSIGNMENT, start, *words)
    print_model("small", *parts)
    print_model(ASSIGNMENT, *larger)
    assert max(peaks) <= peaks[0] + GROWTH_MB
