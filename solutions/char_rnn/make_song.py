"""Write song.txt, the text that the network reads: a song about boxes, and about what is in them.

``python make_song.py`` writes it again, beside this file. A stanza names somebody, sings that person's refrain, opens
the box, and sings the refrain once more. Whatever is in a box may hold something itself, and the brackets tell how deep
we are: round, then square, then curly. So whoever wants to guess the next character has to keep two things in mind: how
deep it is, and whose box it is.
"""

from __future__ import annotations

import math
import random
import sys
from pathlib import Path
from typing import NamedTuple

LENGTH = 100_000  # characters, at least; the last stanza is finished
SEED = 4
BRACKETS = ("()", "[]", "{}")  # by depth
HOLDS = (0.5, 0.4, 0.0)  # chance that a thing at this depth holds something itself
MORE = (0.7, 0.6, 0.5)  # chance that another thing follows at this depth
THINGS = ("bag", "cup", "drum", "egg", "fan", "hat", "jar", "key", "lamp", "mug", "nut", "pin", "rug", "sock", "tin")
REFRAINS = {
    "baker": "rise, bread, rise",
    "miller": "turn, mill, turn",
    "sailor": "blow, wind, blow",
    "weaver": "click, loom, click",
}


class Song(NamedTuple):
    """A text, and what its draws cost: minus the logarithm of the probability of them all, in nats."""

    text: str
    nats: float


class Dice:
    """Draws by lot, the same on every machine, and adds up what the draws cost.

    Of Python's generator only ``random()`` is promised to give the same numbers in every version.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random  # noqa: S311  (a song is no secret)
        self.nats = 0.0

    def says_yes(self, chance: float) -> bool:
        """Say yes with that chance."""
        yes = self._random() < chance
        self.nats -= math.log(chance if yes else 1 - chance)
        return yes

    def pick(self, things: tuple[str, ...]) -> str:
        """Pick one of the things, each as likely as the others."""
        self.nats += math.log(len(things))
        return things[int(self._random() * len(things))]


def contents(dice: Dice, depth: int = 0) -> str:
    """Return what a box holds, in the brackets of its depth."""
    held = [thing(dice, depth)]
    while dice.says_yes(MORE[depth]):
        held.append(thing(dice, depth))
    opening, closing = BRACKETS[depth]
    return opening + " ".join(held) + closing


def thing(dice: Dice, depth: int) -> str:
    """Return a thing, with what it holds itself."""
    name = dice.pick(THINGS)
    holds = HOLDS[depth] > 0 and dice.says_yes(HOLDS[depth])
    return name + contents(dice, depth + 1) if holds else name


def stanza(dice: Dice) -> str:
    """Return a stanza: whose box it is, the owner's refrain, what is in the box, the refrain again."""
    owner = dice.pick(tuple(REFRAINS))
    return f"the {owner} has a box, {REFRAINS[owner]},\nand in it {contents(dice)}.\n{REFRAINS[owner]}.\n\n"


def song(length: int = LENGTH, seed: int = SEED) -> Song:
    """Return whole stanzas, at least `length` characters in all."""
    dice, stanzas, written = Dice(seed), [], 0
    while written < length:
        stanzas.append(stanza(dice))
        written += len(stanzas[-1])
    return Song("".join(stanzas), dice.nats)


if __name__ == "__main__":
    made = song()
    Path(__file__).with_name("song.txt").write_text(made.text, encoding="ascii", newline="\n")
    sys.stdout.write(f"{len(made.text)} characters, {made.nats / len(made.text):.4f} nats each\n")
