"""The catalogue's files: declarations, and the text that a learner would have typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gradekit.course.course import Course
from gradekit.errors import HiddenTestError
from gradekit.judging.assignment import load_assignment
from gradekit.judging.catalogue import Misconception, load_alternatives, load_misconceptions


def load(course: Course) -> tuple[Misconception, ...]:
    """Load the small course's misconceptions."""
    loaded = load_assignment(course, "small")
    return load_misconceptions(course, "small", loaded.exercises, loaded.solution)


def test_text_is_what_a_learner_would_have_typed(small: Course) -> None:
    """The decorator is gone and the function has the exercise's name."""
    first, second = load(small)
    assert (first.label, first.exercise, first.title) == ("squares", "double", "Squared")
    assert first.source == "def double(x):\n    return x * x\n"
    assert second.label == "changes_x"


def test_no_catalogue(small: Course) -> None:
    """An assignment without the files has no misconceptions and no alternatives."""
    (small.hidden("small") / "misconceptions.py").unlink()
    loaded = load_assignment(small, "small")
    assert load(small) == ()
    assert load_alternatives(small, "small", loaded.exercises, loaded.solution) == ()


def test_alternatives_use_the_notebooks_names(small: Course) -> None:
    """Free names, in defaults too, are those of the solution."""
    (small.hidden("small") / "alternatives.py").write_text(
        'from gradekit.hidden import alternative\n\n@alternative("quadruple", why="as a default")\n'
        "def through_default(x, act=double):\n    return act(act(x))\n"
    )
    loaded = load_assignment(small, "small")
    (found,) = load_alternatives(small, "small", loaded.exercises, loaded.solution)
    assert (found.label, found.why) == ("through_default", "as a default")
    assert found.source.startswith("def quadruple(x, act=double):")


def test_one_of_several_functions(small: Course, edit: Callable[[Callable[[dict[str, Any]], Any]], None]) -> None:
    """An answer to one function of an exercise stands in the solution's cell, with the other functions beside it."""
    added = "def halve(x):\n    ### BEGIN SOLUTION\n    return x / 2\n    ### END SOLUTION\n\n\n"
    edit(lambda cells: cells["double"].update(source=added + cells["double"]["source"]))
    path = small.hidden("small") / "misconceptions.py"
    path.write_text(
        "from gradekit.hidden import misconception\n"
        '@misconception("double", function="double", title="", message="", justification="")\n'
        "def threefold(x):\n    return 3 * x\n"
        '@misconception("double", title="", message="", justification="")\n'
        "def quartered(x):\n    return x / 4\n"
    )
    second, first = load(small)
    assert second.source == "def halve(x):\n    return x / 2\n\n\ndef double(x):\n    return 3 * x\n"
    assert (second.function, first.function) == ("double", "halve")
    assert first.source.startswith("def halve(x):\n    return x / 4\n\n\ndef double(x):\n    doubled_value")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '@misconception("double", function="treble", title="", message="", justification="")\ndef f(x): ...',
            "no function",
        ),
        ('@misconception("treble", title="", message="", justification="")\ndef f(x): ...', "names no exercise"),
        ("1 / 0", "cannot be run"),
        ("def (", "cannot be run"),
    ],
)
def test_faulty_catalogue(small: Course, text: str, said: str) -> None:
    """An unknown exercise and a file that does not run are errors that name the file."""
    path = small.hidden("small") / "misconceptions.py"
    path.write_text("from gradekit.hidden import misconception\n" + text + "\n")
    with pytest.raises(HiddenTestError, match=said) as caught:
        load(small)
    assert str(path) in str(caught.value)
