"""Tests of gradekit.converters: how the limits of a submission are read from the settings."""

from __future__ import annotations

from typing import Any

import pytest
from traitlets.config import Config
from traitlets.config.loader import DeferredConfigString

from gradekit.errors import CourseError
from gradekit.gradebook.settings import read_limits
from gradekit.model import Limits


def settings(**words: Any) -> Config:
    """Return settings; ``Execute_timeout=5`` sets ``c.Execute.timeout``."""
    config = Config()
    for name, value in words.items():
        section, _, trait = name.partition("_")
        setattr(config[section], trait, value)
    return config


@pytest.mark.parametrize(
    ("words", "cell_s"),
    [
        ({}, 30),
        ({"Execute_timeout": 5}, 5),
        ({"Execute_timeout": 60}, 60),
        ({"ExecutePreprocessor_timeout": 5}, 5),
        ({"ExecutePreprocessor_timeout": 5, "Execute_timeout": 7}, 7),
        ({"Execute_timeout": DeferredConfigString("2")}, 2),
        ({"Execute_timeout": 5, "Gradekit_cell_s": 7}, 5),
        ({"Execute_timeout": 7, "Gradekit_cell_s": 5}, 5),
        ({"Execute_timeout": None}, 300),
        ({"Execute_timeout": -1, "Gradekit_submission_s": 100}, 100),
        ({"Execute_timeout": None, "Gradekit_cell_s": 5}, 5),
        ({"Gradekit_cell_s": DeferredConfigString("4.5")}, 4.5),
    ],
)
def test_a_cells_time(words: dict[str, Any], cell_s: float) -> None:
    """nbgrader's time-out is read by nbgrader's own rule; beside ours the smaller counts; none is the submission's."""
    assert read_limits(settings(**words)).cell_s == cell_s


def test_other_limits_keep_their_defaults() -> None:
    """One setting changes one limit."""
    assert read_limits(settings(Gradekit_call_s=3)) == Limits(call_s=3.0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"Execute_timeout": "soon"}, r"c\.Execute\.timeout"),
        ({"Execute_timeout": 0}, r"c\.Execute\.timeout to 0"),
        ({"Gradekit_cell_s": 0}, "positive number"),
        ({"Gradekit_cell_s": True}, "positive number"),
        ({"Gradekit_cell_s": DeferredConfigString("soon")}, "positive number"),
        ({"Gradekit_seconds": 1}, "does not exist"),
    ],
)
def test_what_is_no_limit(words: dict[str, Any], said: str) -> None:
    """A limit that is none is one sentence with the setting's name."""
    with pytest.raises(CourseError, match=said):
        read_limits(settings(**words))
