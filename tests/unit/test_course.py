"""Where things lie in a course."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradekit.course.course import Course, find_course
from gradekit.errors import CourseError
from gradekit.gradebook.settings import open_course


def test_no_folder_and_no_config(tmp_path: Path) -> None:
    """A folder that is missing, or is no course, is refused with what to do."""
    with pytest.raises(CourseError, match="There is no folder"):
        open_course(tmp_path / "nowhere")
    with pytest.raises(CourseError, match=r"has no nbgrader_config.py.*--course-dir"):
        open_course(tmp_path)


@pytest.mark.parametrize(("name", "said"), [("smal", "Did you mean 'small'"), ("zzz", "This course has: small")])
def test_unknown_assignment(small: Course, name: str, said: str) -> None:
    """An unknown assignment is refused with the nearest name or all names."""
    with pytest.raises(CourseError, match=said):
        small.check_assignment(name)


def test_course_without_assignments(tmp_path: Path) -> None:
    """A course without source/ says where the first notebook goes."""
    with pytest.raises(CourseError, match="has no assignment yet"):
        Course(tmp_path).check_assignment("a")


def test_found_around_a_notebook(small: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest parent folder with hidden tests is the course."""
    monkeypatch.delenv("GRADEKIT_COURSE", raising=False)
    inside = small.root / "autograded" / "someone" / "small"
    inside.mkdir(parents=True)
    assert find_course(inside) == Course(small.root.resolve())


def test_named_course_comes_first(small: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GRADEKIT_COURSE wins over the folders around; without either there is a clear error."""
    monkeypatch.setenv("GRADEKIT_COURSE", str(small.root))
    assert find_course(tmp_path) == Course(small.root.resolve())
    monkeypatch.setenv("GRADEKIT_COURSE", str(tmp_path / "nowhere"))
    with pytest.raises(CourseError, match="GRADEKIT_COURSE"):
        find_course(small.root)
