"""Words and numbers for people, in a terminal and on a page alike."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})  # Unicode categories that a terminal obeys or cannot show


def shown(text: str, limit: int = 80) -> str:
    """Make a student's text fit for one line of a terminal: nothing unseen, nothing endless."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(
        char.encode("unicode_escape").decode() if unicodedata.category(char) in UNSEEN else char for char in cut
    )


def number(value: float) -> str:
    """Return a score as a person writes it: at most two decimals, with a proper minus."""
    return f"{round(value, 2):.10g}".replace("-", "\N{MINUS SIGN}")


def plural(count: int, noun: str) -> str:
    """Return a count with its noun, as `1 day` and `2 days`."""
    return f"{count} {noun}{'s' * (count != 1)}"


SHOWN_NAMES = 5  # in one line
UNITS = ((86_400, "d", "day"), (3_600, "h", "hour"), (60, "min", "minute"))  # seconds, sign, word


def duration(seconds: float, *, in_words: bool = False) -> str:
    """Return a length of time in the unit that a person would choose: `1.5 h`, or in words `2 hours`."""
    for length, sign, word in UNITS:
        if seconds >= length and in_words:
            return plural(round(seconds / length), word)
        if seconds >= length:
            return f"{seconds / length:.{1 if seconds < 10 * length else 0}f} {sign}".replace(".0 ", " ")
    return "less than a minute" if in_words else f"{seconds:.3g} s"


def listed(names: Sequence[str]) -> str:
    """Return some names for a line of text, and how many more there are."""
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return f"{', '.join(map(shown, names[:SHOWN_NAMES]))}{more}"
