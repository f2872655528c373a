"""Text for people: what a terminal may show."""

from __future__ import annotations

import unicodedata

UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})  # Unicode categories that a terminal obeys or cannot show


def shown(text: str, limit: int = 80) -> str:
    """Make a student's text fit for one line of a terminal: nothing unseen, nothing endless."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(
        char.encode("unicode_escape").decode() if unicodedata.category(char) in UNSEEN else char for char in cut
    )
