"""Progress in a terminal: seen there while something lasts, and by nobody who reads a file or JSON."""

from __future__ import annotations

import io
import sys

import pytest

from gradekit.terminal import steps, track


class Screen(io.StringIO):
    """A stream that says whether it is a terminal."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        """Tell it."""
        return self.is_terminal


def shown(monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool, quiet: bool) -> str:
    """Return what stands on the screen after a bar and two steps."""
    screen = Screen(is_terminal=is_terminal)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    assert list(track(iter("abc"), 3, "counting", quiet=quiet)) == ["a", "b", "c"]
    with steps("a first step", quiet=quiet) as say:
        say("a second step")
    return screen.getvalue()


def test_a_terminal_shows_what_is_being_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar with its count, and the step's words."""
    seen = shown(monkeypatch, is_terminal=True, quiet=False)
    assert "counting" in seen
    assert "3/3" in seen
    assert "a second step" in seen


@pytest.mark.parametrize(("is_terminal", "quiet"), [(False, False), (True, True)])
def test_nobody_else_is_told(monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool, quiet: bool) -> None:
    """Into a file goes nothing, and nothing where the answer is asked for as JSON; not even under FORCE_COLOR."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert shown(monkeypatch, is_terminal=is_terminal, quiet=quiet) == ""


def test_an_error_goes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails within a step is the caller's to say."""
    monkeypatch.setattr(sys, "stderr", Screen(is_terminal=True))
    with pytest.raises(ValueError, match="no"), steps("a step"):
        raise ValueError("no")
