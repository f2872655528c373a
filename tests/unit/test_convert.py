"""What is said where nbgrader fails: the exception's own words, else the last that was logged."""

from __future__ import annotations

import logging

import pytest

from gradekit.gradebook import convert


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
