"""Bounds on what a call of ours may spend: an end that comes, once or again, and leaves nothing behind."""

from __future__ import annotations

import signal
import time
from contextlib import suppress

import pytest

from gradekit import bounds
from gradekit.bounds import bounded_time


def for_ever() -> None:
    """Go on until something is raised."""
    while True:
        pass


def test_a_call_that_swallows_its_end_is_ended_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python drops what is raised in a destructor, and a call may catch it: the next one comes."""
    monkeypatch.setattr(bounds, "AGAIN_S", 0.05)
    swallowed = []

    def stubborn() -> None:
        """Catch the first end."""
        with suppress(TimeoutError):
            for_ever()
        swallowed.append("once")
        for_ever()

    with pytest.raises(TimeoutError), bounded_time(time.monotonic() + 0.05):
        stubborn()
    assert swallowed == ["once"]


class Late:
    """Takes its time to go."""

    def __del__(self) -> None:
        until = time.monotonic() + 0.1
        while time.monotonic() < until:
            pass


def test_an_end_that_would_strike_in_a_destructor_comes_after_it() -> None:
    """Python would drop it with a warning; here it comes as soon as the destructor is done."""
    begin = time.monotonic()

    def let_go() -> None:
        """Let an object go while the time runs out, and go on."""
        Late()
        for_ever()

    with pytest.raises(TimeoutError), bounded_time(begin + 0.02):
        let_go()


def test_an_outer_bound_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an inner bound ends is the inner call; the outer one ends at its own time, and again where it must."""
    monkeypatch.setattr(bounds, "AGAIN_S", 0.05)
    ended = []

    def stubborn() -> None:
        """Be ended within, and catch the first end from without."""
        with suppress(TimeoutError), bounded_time(time.monotonic() + 0.05):
            for_ever()
        ended.append("inner")
        with suppress(TimeoutError):
            for_ever()
        ended.append("outer, once")
        for_ever()

    with pytest.raises(TimeoutError), bounded_time(time.monotonic() + 0.2):
        stubborn()
    assert ended == ["inner", "outer, once"]


def test_nothing_is_left_behind() -> None:
    """After a bound, kept or not, no alarm is set and its handler is the one from before."""
    before = signal.getsignal(signal.SIGALRM)
    with bounded_time(time.monotonic() + 60):
        pass
    with suppress(TimeoutError), bounded_time(time.monotonic()):
        for_ever()
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
