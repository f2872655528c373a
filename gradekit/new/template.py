"""The texts that a new course, assignment or exercise begins with: files in ``templates/``, with names to fill in."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parent / "templates"


def template(file: str, **words: str) -> str:
    """Return a template's text with these words filled in: ``exercise="mean"`` for ``the_exercise``, and so on.

    A longer name that begins so, as ``the_exercise_values``, begins with the word then.
    """
    text = (FOLDER / file).read_text(encoding="utf-8")
    for name, word in words.items():
        text = re.sub(rf"\bthe_{name}(?![a-z])", word, text)  # names of letters, digits, _ and -
    return text
