"""How the limits of a submission are read from the settings, and what is said where nbgrader fails."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from traitlets.config import Config
from traitlets.config.loader import DeferredConfigString

from gradekit.errors import CourseError
from gradekit.gradebook import convert
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


@pytest.fixture
def log() -> logging.Logger:
    """A log of its own."""
    return logging.Logger("nbgrader, for a test")  # noqa: LOG001  (in no tree of logs)


def test_the_reason_is_the_exceptions(log: logging.Logger) -> None:
    """The exception that was handled while an error was logged says why, whatever is logged before and after."""
    with convert._errors_of(log) as errors:
        log.error("Traceback of nothing")
        try:
            compile("x = (", "a cell", "exec")
        except SyntaxError:
            log.error("There was an error")  # noqa: TRY400  (as nbgrader does)
        log.error("Please see the above traceback")
    assert errors.reason == "SyntaxError: '(' was never closed"


def test_the_reason_is_the_last_message(log: logging.Logger) -> None:
    """Where nothing was raised, the last message's last line says why; where nothing was logged, nothing does."""
    with convert._errors_of(log) as errors:
        assert errors.reason == ""
        log.error("Traceback of nothing")
        log.error("Did you mean:\n%s", "rnn_from_scratch")
        log.warning("not this")
    assert errors.reason == "rnn_from_scratch"
    assert log.handlers == []
