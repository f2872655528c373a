"""What is refused leaves an attacker honest; what is not becomes an exception that nobody can overlook."""

import os

from gradekit.worker import refusals

refusals.EVENTS.clear()  # what explains refusals is easily switched off: the walls themselves are tried
breaches = []
others = [
    pid for pid in (os.getppid(), int("@HARNESS_PID@")) if pid > 1
]  # the template, and whoever started the grader


def attempt(what, call, *args):
    """Try something forbidden; a refusal is an OSError."""
    try:
        call(*args)
    except OSError:
        return
    breaches.append(what)


def honest(x):
    """Answer rightly, unless something forbidden went through."""
    if breaches:
        raise RuntimeError(f"BREACH: {breaches}")
    return x + x
