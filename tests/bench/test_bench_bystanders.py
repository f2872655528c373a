"""What one submission costs the others of its class: time, and memory of the processes that all share.

Run with ``make bench``; with ``GRADEKIT_BENCH_FULL=1`` every attack is the one between bystanders, which takes half an
hour. Each attack is graded with one honest submission before it and two behind, by two job processes, and beside it the
honest ones alone. Times are figures to read: when the last bystander was done, how long its own judging took, what our
process had spent by then, each with what it is alone. Peaks are of our process and of job processes, never of workers.
"""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gradekit.course.course import Course

ATTACKS = runpy.run_path(str(Path(__file__).parents[1] / "attacks" / "conftest.py"))
BYSTANDERS = ATTACKS["BYSTANDERS"]
FULL = bool(os.environ.get("GRADEKIT_BENCH_FULL"))
# One or two for each way in which a submission was once somebody else's burden.
CHOSEN = (
    *("numbers_without_end", "definitions_without_end", "markdown_without_end"),  # texts that patterns meet
    *("outputs_without_end", "tracebacks_without_end", "pictures_without_end", "wide_text"),  # what is shown and kept
    *("files_that_browsers_run", "long_names_alike"),  # what is published
    *("plants_what_tools_run", "reads_settings_beside_python"),  # what is read and written
    *("keys_without_end", "type_names_without_end"),  # messages
    *("just_below_the_limit", "endless_free_cell"),  # clocks
    *("stub_of_large_arrays", "stub_of_many_values"),  # calls of ours
    *("outputs_that_stop_pages", "drawings_that_grow"),  # pages
    *("ends_its_process_again_and_again", "overflows", "comment_of_brackets"),  # undecided at will
    *("talks_by_locks", "broken_json", "metadata_of_thirty_megabytes"),  # locks, one story, metadata
)
SHOWN_MB = 600.0  # of a process that all share

# Runs the grader as the command does; says of each submission when it was done, and what this process had spent by then.
GRADE = """
import json, sys, threading, time
from pathlib import Path

from gradekit.course.course import Course
from gradekit.grade.classroom import due, grade_class
from gradekit.grade.judge import Grading
from gradekit.gradebook.settings import course_at

sys.path.insert(0, sys.argv[2])
import importlib.util

spec = importlib.util.spec_from_file_location("attacks", sys.argv[3])
attacks = importlib.util.module_from_spec(spec)
sys.modules["attacks"] = attacks
spec.loader.exec_module(attacks)
import os

peaks, ended = {}, threading.Event()


def look():
    while not ended.wait(0.05):
        for pid in attacks.trusted(os.getpid()):
            peaks[pid] = max(peaks.get(pid, 0), attacks.peak_of(pid))


if __name__ == "__main__":
    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    begin, spent = time.perf_counter(), time.process_time()
    grading = Grading(course_at(Path(sys.argv[1])), "small")
    done = {}
    for item in grade_class(grading, due(grading)[0], jobs=2):
        own = item.report.times["wall"] if item.report else 0.0
        score = item.score if item.report else "failed"
        done[item.student] = [time.perf_counter() - begin, time.process_time() - spent, own, score]
    ended.set()
    watcher.join()
    ours = max(peaks.pop(os.getpid(), 0), attacks.peak_of(os.getpid()))
    print("TOOK" + json.dumps({"done": done, "ours": ours / 1e6, "jobs": max(peaks.values(), default=0) / 1e6}))
"""


def grade(course: Course, script: Path) -> dict[str, Any]:
    """Grade a course's class in a process of its own; return what it took."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    attacks = Path(__file__).parents[1] / "attacks" / "conftest.py"
    words = (sys.executable, "-W", "ignore", str(script), str(course.root), str(attacks.parents[2]), str(attacks))
    done = subprocess.run(words, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return json.loads(done.stdout.rsplit("TOOK", 1)[1])


def last(took: dict[str, Any]) -> list[float]:
    """Return of the bystanders the latest end, the most that was spent by then, the longest judging."""
    return [max(took["done"][name][part] for name in BYSTANDERS) for part in range(3)]


def test_bystanders(tmp_path: Path) -> None:
    """Bystanders keep their scores, and what all share stays small; print what each attack costs them."""
    ATTACKS["build"](tmp_path / "class", "canary", ATTACKS["LIMITS"])
    script = tmp_path / "grade.py"
    script.write_text(GRADE, encoding="utf-8")
    cases = [case for name, case in ATTACKS["CASES"].items() if (FULL or name in CHOSEN) and not case.skipped]
    assert FULL or len(cases) == len(CHOSEN)
    alone = None
    print(
        f"\n{'':36}{'done s':>8}{'ratio':>7}{'judged s':>10}{'ratio':>7}{'ours CPU s':>12}{'ratio':>7}"
        f"{'ours MB':>9}{'jobs MB':>9}{'its own s':>11}"
    )
    for case in [None, *cases]:
        root = Path(shutil.copytree(tmp_path / "class", tmp_path / "course", symlinks=True))
        if case is not None:
            ATTACKS["hand_in"](Course(root), replace(case, student="culprit"), {"COURSE": str(root)})
        took = grade(Course(root), script)
        parts = last(took)
        alone = alone or parts
        columns = "".join(
            f"{part:{width}.2f}{part / whole:7.2f}" for part, whole, width in zip(parts, alone, (8, 10, 12), strict=True)
        )
        own = took["done"].get("culprit", [0.0] * 3)[2]
        print(f"{case.name if case else 'nobody':36}{columns}{took['ours']:9.0f}{took['jobs']:9.0f}{own:11.1f}", flush=True)
        assert all(took["done"][name][3] == 2.5 for name in BYSTANDERS), took
        if max(took["ours"], took["jobs"]) >= SHOWN_MB and not os.environ.get("X"):
            pytest.fail(f"{case.name if case else 'nobody'}: more than {SHOWN_MB} MB")
        ATTACKS["shutil"].rmtree(root, ignore_errors=True)
