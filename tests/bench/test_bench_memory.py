"""What the trusted side's memory and the time per submission do as a class grows, and how soon a killed run goes on.

Run with ``make bench``; ``GRADEKIT_BENCH_SIZES=100,1000,10000`` names the sizes, of which the last takes half an hour.
Times are figures to read; that memory does not grow with the class is a property, and is asserted.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from gradekit.course.course import Course
from gradekit.demo import Submission, hand_in
from gradekit.release.make import release

SIZES = tuple(map(int, os.environ.get("GRADEKIT_BENCH_SIZES", "100,400").split(",")))
GROWTH_MB = 30.0  # reports read back for the summary, and the allocator's own untidiness

# Runs `gradekit grade` and prints what it took. The peak is VmHWM of this process alone: the template and its workers
# are others, and `ru_maxrss` would begin with the memory of whoever started us.
GRADE = """
import json, re, resource, sys, time
from pathlib import Path

begin = time.perf_counter()
sys.argv = ["gradekit", "grade", "small", "--course-dir", sys.argv[1], "--jobs", "1"]
from gradekit.cli import main

code = main()
both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text()).group(1)
own, children = (usage.ru_utime + usage.ru_stime for usage in both)
wall = time.perf_counter() - begin
took = {"wall": wall, "own": own, "system": both[0].ru_stime, "children": children, "peak_mb": int(peak) / 1024}
print("TOOK" + json.dumps(took))
sys.exit(code)
"""


def grade(course: Course) -> dict[str, float]:
    """Grade a course's class in a process of its own; return what it took."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    words = (sys.executable, "-W", "ignore", "-c", GRADE, str(course.root))
    done = subprocess.run(words, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return json.loads(done.stdout.rsplit("TOOK", 1)[1])


def test_memory_and_time(small: Course) -> None:
    """Memory of the trusted side is flat; print it with the time of each submission, and of going on for the last."""
    release(small, "small", solutions=False)
    print(
        f"\n{'submissions':>12}{'peak MB':>10}{'wall s each':>13}{'CPU s each':>12}{'of it ours':>12}{'going on s':>12}"
    )
    peaks = []
    for size in SIZES:
        course = Course(Path(shutil.copytree(small.root, small.root.parent / str(size))))
        hand_in(course, "small", (Submission(f"s{number:04d}", {}) for number in range(size)))
        took = grade(course)
        reports = sorted((course.root / ".gradekit" / "small").glob("*.json"))
        assert len(reports) == size
        reports[-1].unlink()  # as if the run had been killed before its last submission was done
        going_on, ours = grade(course), took["own"] / size
        cpu = (took["own"] + took["children"]) / size
        line = f"{size:12}{took['peak_mb']:10.1f}{took['wall'] / size:13.3f}{cpu:12.3f}{ours:12.3f}"
        print(f"{line}{going_on['wall']:12.1f}")
        peaks += [took["peak_mb"], going_on["peak_mb"]]
        assert reports[-1].exists()
        shutil.rmtree(course.root)
    assert max(peaks) <= peaks[0] + GROWTH_MB
