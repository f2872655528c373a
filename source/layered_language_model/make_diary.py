"""Write diary.txt, the text that the network reads: one line for each of two thousand days.

``python make_diary.py`` writes it again, beside this file. A day names its weekday and its weather, then who did what,
and where. Three things in it follow from what was read before, over a shorter or a longer way: *he* or *she* from the
name two words back, the kind of place from the weather six to nine words back, and the weekday from the one before,
ten or thirteen words back. All the rest is thrown with dice.
"""

from __future__ import annotations

import math
import random
import sys
from pathlib import Path
from typing import NamedTuple

DAYS = 2000
SEED = 1
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PLACES = {
    "rainy": ("museum", "kitchen", "library"),
    "sunny": ("garden", "lake", "market"),
    "snowy": ("forest", "hill", "stove"),
}
PRONOUNS = {"anna": "she", "clara": "she", "ella": "she", "karl": "he", "otto": "he", "paul": "he"}
VERBS = ("cooked", "danced", "read", "sang", "slept")


class Diary(NamedTuple):
    """A text, and for each of its words minus the logarithm of the probability that the dice gave it, in nats."""

    text: str
    nats: list[float]


class Pen:
    """Writes words down, those that follow and those that are thrown, and what each of them cost.

    Of Python's generator only ``random()`` is promised to give the same numbers in every version.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random  # noqa: S311  (a diary of dice is no secret)
        self.words: list[str] = []
        self.nats: list[float] = []

    def write(self, *words: str) -> None:
        """Write words that cannot be otherwise."""
        self.words += words
        self.nats += [0.0] * len(words)

    def throw(self, words: tuple[str, ...]) -> str:
        """Write one of these words, each as likely as the others, and return it."""
        word = words[int(self._random() * len(words))]
        self.words.append(word)
        self.nats.append(math.log(len(words)))
        return word


def day(pen: Pen) -> None:
    """Write one day, behind its weekday."""
    pen.write("was")
    weather = pen.throw(tuple(PLACES))
    pen.write(".")
    who = pen.throw(tuple(PRONOUNS))
    pen.throw(VERBS)
    if pen.throw(("and", "at")) == "and":
        pen.write(PRONOUNS[who])
        pen.throw(VERBS)
        pen.write("at")
    pen.write("the")
    pen.throw(PLACES[weather])
    pen.write(".")


def diary(days: int = DAYS, seed: int = SEED) -> Diary:
    """Return a diary, a line for each day; the first weekday is thrown, too."""
    pen, lines = Pen(seed), []
    weekday = pen.throw(WEEKDAYS)
    for number in range(days):
        if number:
            pen.write(weekday)
        begin = len(pen.words) - 1
        day(pen)
        lines.append(" ".join(pen.words[begin:]))
        weekday = WEEKDAYS[(WEEKDAYS.index(weekday) + 1) % len(WEEKDAYS)]
    return Diary("\n".join(lines) + "\n", pen.nats)


if __name__ == "__main__":
    made = diary()
    Path(__file__).with_name("diary.txt").write_text(made.text, encoding="ascii", newline="\n")
    sys.stdout.write(f"{len(made.nats)} words, {sum(made.nats) / len(made.nats):.4f} nats each\n")
