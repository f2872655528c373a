"""A class of 2,000, compared for answers that are improbably alike: what it costs. Run with ``make bench``.

Everybody hands in something of the catalogue with lines of their own between, so that no two texts are the same; a
hundred have copied from the one before, under other names. Asserted is that these are found and nobody else.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import time
from pathlib import Path

from gradekit.course import notebook
from gradekit.course.course import Course
from gradekit.report.answers import CATALOGUE, entries
from gradekit.report.copies import find_copies

ROOT = Path(__file__).parents[2]
ASSIGNMENT = "rnn_from_scratch"
STUDENTS = int(os.environ.get("GRADEKIT_BENCH_COPIES", "2000"))
COPIED_BY = 20  # one of so many
OWN_LINES = 6
SIGNS = ("+", "-", "*", "/", "//", "%", "@", "**", "&", "|")


def own_lines(rng: random.Random) -> list[str]:
    """Return lines that nobody else writes."""
    return [
        f"    note = {' '.join(f'{rng.randrange(1000)} {rng.choice(SIGNS)}' for _ in range(4))} value"
        for _ in range(OWN_LINES)
    ]


def class_of(course: Course, number: int) -> list[str]:
    """Let a class hand in; return the names."""
    rng = random.Random(0)
    variants: dict[str, list[str]] = {}
    for name in CATALOGUE:
        for exercise, text in entries(ROOT / "tests" / "hidden" / ASSIGNMENT / name):
            variants.setdefault(exercise, []).append(text)
    released = notebook.read(course.folder("release", ASSIGNMENT) / f"{ASSIGNMENT}.ipynb")
    before: dict[str, str] = {}
    for at in range(number):
        for cell in released["cells"]:
            if not cell.get("metadata", {}).get("nbgrader", {}).get("solution") or cell["id"] not in variants:
                continue
            text = before.get(cell["id"], "")
            if at % COPIED_BY:
                text = "\n".join([rng.choice(variants[cell["id"]]), *own_lines(rng)])
            cell["source"] = before[cell["id"]] = re.sub(r"\bvalue\b", f"value_{at}", text)
        path = course.folder("autograded", ASSIGNMENT, f"s{at:04}") / f"{ASSIGNMENT}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(released), encoding="utf-8")
    return [f"s{at:04}" for at in range(number)]


def test_a_large_class_is_compared(tmp_path: Path) -> None:
    """Seconds of CPU, reading included; the pairs are those that were copied."""
    course = Course(tmp_path)
    for step in ("source", "release", "tests/hidden"):
        shutil.copytree(ROOT / step / ASSIGNMENT, tmp_path / step / ASSIGNMENT)
    names = class_of(course, STUDENTS)
    begin = time.process_time()
    found = find_copies(course, ASSIGNMENT, names, least=0.8)
    spent = time.process_time() - begin
    print(f"\n{STUDENTS} students, {len(found.leads) + found.more} pairs alike: {spent:.1f} s of CPU")
    assert found.leads
    for lead in found.leads:
        one, other = (int(name[1:]) for name in lead.students)
        assert other == one + 1
        assert other % COPIED_BY == 0
