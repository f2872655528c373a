"""A zip of Moodle's or Canvas's through `nbgrader zip_collect`: each file to its student, and nobody's to nobody."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gradekit.course.course import Course
from gradekit.gradebook.assignment import open_gradebook
from gradekit.gradebook.settings import read_settings

SETTING = '\nc.ZipCollectApp.collector_plugin = "gradekit.plugin.lmsnames.LmsNames"\n'
PEOPLE = {
    "ada": {"first_name": "Ada", "last_name": "Lovelace", "lms_user_id": "901"},
    "al1": {"first_name": "Alan", "last_name": "Turing", "lms_user_id": "902"},
    "al2": {"first_name": "alan", "last_name": "turing", "lms_user_id": "903"},
    "emmy": {"first_name": "Emmy", "last_name": "Noether"},
}
MOODLE = {
    "Ada Lovelace_11_assignsubmission_file_small.ipynb": "ada",
    "Noether Emmy_12_assignsubmission_file_/small.ipynb": "emmy",
    "Alan Turing_13_assignsubmission_file_small.ipynb": None,  # two of that name
    "No Body_14_assignsubmission_file_small.ipynb": None,
    "Ada Lovelace_11_assignsubmission_file_notes.pdf": None,
    "Ada Lovelace_11_assignsubmission_file_/Noether Emmy_12_assignsubmission_file_/small.ipynb": None,  # hers to name
}
CANVAS = {
    "lovelaceada_901_5501_small.ipynb": "ada",
    "turingalan_LATE_902_5502_small-1.ipynb": "al1",
    "turingalan_903_5503_small.ipynb": "al2",
    "bodyno_999_5504_small.ipynb": None,
    "lovelaceada_901_5505_all/turingalan_902_5506_small.ipynb": None,  # a zip of hers, unpacked
}


def collect(released: Course, names: dict[str, str | None]) -> subprocess.CompletedProcess[str]:
    """Zip files of these names, and let nbgrader collect them."""
    config = released.root / "nbgrader_config.py"
    config.write_text(config.read_text() + SETTING)
    with open_gradebook(read_settings(released)) as gradebook:
        for name, facts in PEOPLE.items():
            gradebook.update_or_create_student(name, **facts)
    archive = released.root / "downloaded" / "small" / "archive"
    archive.mkdir(parents=True)
    with zipfile.ZipFile(archive / "all.zip", "w") as file:
        for name, student in names.items():
            file.writestr(name, str(student))
    command = [str(Path(sys.executable).with_name("nbgrader")), "zip_collect", "small"]
    return subprocess.run(command, cwd=released.root, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("names", [MOODLE, CANVAS], ids=["Moodle", "Canvas"])
def test_each_file_goes_to_its_student(released: Course, names: dict[str, str | None]) -> None:
    """What is clear is copied under the notebook's own name; what is not is left, and said."""
    done = collect(released, names)
    assert done.returncode == 0, done.stderr
    assert {
        student: (released.folder("submitted", "small", student) / "small.ipynb").read_text()
        for student in released.students("submitted", "small")
    } == {student: student for student in names.values() if student}
    assert "gradekit roster FILE" in done.stderr
    assert ("turingalan_LATE_902_5502_small-1.ipynb: Canvas says that it was late" in done.stderr) == (names is CANVAS)


def test_two_files_of_a_name_stop_nobody(released: Course) -> None:
    """Who hands in a notebook and a copy of it keeps both, and the class is collected."""
    of = "_assignsubmission_file_"
    hers = {f"Ada Lovelace_11{of}{name}.ipynb": "ada" for name in ("small", "small-1")}
    names = hers | {f"Noether Emmy_12{of}small.ipynb": "emmy", f"Noether Emmy_12{of}/small.ipynb": "emmy"}
    done = collect(released, names)
    assert done.returncode == 0, done.stderr
    assert set(released.students("submitted", "small")) == {"ada", "emmy"}
    found = sorted(path.name for path in released.folder("submitted", "small", "ada").glob("*.ipynb"))
    assert found == ["small-1.ipynb", "small.ipynb"]
