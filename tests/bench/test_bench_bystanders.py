"""What one submission costs the others of its class: time, and memory of the processes that all share.

Run with ``make bench``; with ``GRADEKIT_BENCH_FULL=1`` every attack is the one between bystanders, which takes half an
hour. Each is graded with one honest submission before it and two behind, by two job processes, right after the honest
ones alone. Times are figures to read, each also over what it is alone: when the last bystander was done, how long its
own judging took, what our process had spent by then. Peaks are of our process and of job processes, never of workers.
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

from gradekit.course.course import Course

ATTACKS = runpy.run_path(str(Path(__file__).parents[1] / "attacks" / "conftest.py"))
BYSTANDERS = ATTACKS["BYSTANDERS"]
FULL = bool(os.environ.get("GRADEKIT_BENCH_FULL"))
# One or two for each way in which a submission was once somebody else's burden.
CHOSEN = (
    *("numbers_without_end", "definitions_without_end", "markdown_without_end"),  # texts that patterns meet
    *("outputs_without_end", "tracebacks_without_end", "pictures_without_end", "wide_text"),  # what is kept
    *("files_that_browsers_run", "long_names_alike"),  # what is published
    *("plants_what_tools_run", "reads_settings_beside_python"),  # what is read and written
    *("keys_without_end", "type_names_without_end"),  # messages
    *("just_below_the_limit", "endless_free_cell"),  # clocks
    *("stub_of_large_arrays", "stub_of_many_values"),  # calls of ours
    *("outputs_that_stop_pages", "drawings_that_grow"),  # pages
    *("ends_its_process_again_and_again", "overflows", "comment_of_brackets"),  # undecided at will
    *("talks_by_locks", "broken_json", "metadata_of_thirty_megabytes"),  # locks, one story, metadata
)
MOST_MB = 600.0  # of a process that all share
FULL_MARKS = 2.5

# Grades as the command does; says of each submission when it was done, and what this process had spent by then.
GRADE = """
import importlib.util, json, os, sys, threading, time
from pathlib import Path

from gradekit.grade.classroom import due, grade_class
from gradekit.grade.judge import Grading
from gradekit.gradebook.settings import course_at

peaks, ended = {}, threading.Event()


def look():
    while not ended.wait(0.05):
        for pid in attacks.trusted(os.getpid()):
            peaks[pid] = max(peaks.get(pid, 0), attacks.peak_of(pid))


if __name__ == "__main__":  # job processes read this file too
    spec = importlib.util.spec_from_file_location("attacks", sys.argv[2])
    attacks = importlib.util.module_from_spec(spec)
    sys.modules["attacks"] = attacks
    spec.loader.exec_module(attacks)
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
    words = (sys.executable, "-W", "ignore", str(script), str(course.root), str(attacks))
    done = subprocess.run(words, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return json.loads(done.stdout.rsplit("TOOK", 1)[1])


def last(took: dict[str, Any]) -> list[float]:
    """Return of the bystanders the latest end, the longest judging, and the most that we had spent by then."""
    return [max(took["done"][name][part] for name in BYSTANDERS) for part in (0, 2, 1)]


def test_bystanders(tmp_path: Path) -> None:
    """Bystanders keep their scores, and what all share stays small; print what each attack costs them."""
    ATTACKS["build"](tmp_path / "class", "canary", ATTACKS["LIMITS"])
    script = tmp_path / "grade.py"
    script.write_text(GRADE, encoding="utf-8")
    cases = [case for name, case in ATTACKS["CASES"].items() if (FULL or name in CHOSEN) and not case.skipped]
    assert FULL or len(cases) == len(CHOSEN)
    head = f"\n{'':36}{'done s':>8}{'ratio':>7}{'judged s':>10}{'ratio':>7}{'our CPU s':>11}{'ratio':>7}"
    print(f"{head}{'our MB':>8}{'jobs MB':>9}{'its own s':>11}")
    large = []
    for case in cases:
        runs = []
        for guest in (None, replace(case, student="culprit")):
            root = Path(shutil.copytree(tmp_path / "class", tmp_path / "course", symlinks=True))
            if guest is not None:
                ATTACKS["hand_in"](Course(root), guest, {"COURSE": str(root)})
            runs.append(grade(Course(root), script))
            shutil.rmtree(root, ignore_errors=True)
        alone, took = runs
        parts = zip(last(took), last(alone), (8, 10, 11), strict=True)
        columns = "".join(f"{part:{width}.2f}{part / whole:7.2f}" for part, whole, width in parts)
        own = took["done"]["culprit"][2]
        print(f"{case.name:36}{columns}{took['ours']:8.0f}{took['jobs']:9.0f}{own:11.1f}", flush=True)
        assert all(run["done"][name][3] == FULL_MARKS for name in BYSTANDERS for run in runs), runs
        large += [case.name] if max(took["ours"], took["jobs"]) >= MOST_MB else []
    assert not large
