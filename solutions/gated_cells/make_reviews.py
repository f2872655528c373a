"""Write reviews.txt, short reviews of restaurants, labelled by what they say of the food.

``python make_reviews.py`` writes it again, beside this file. A review is one to four clauses such as "the soup was not
very bland", joined by "and" or "but". Exactly one clause is about the food, and the label is the opinion on it: 1 for
good, 0 for bad. The other clauses praise or blame by other throws of the dice, so counting good words does not help.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

REVIEWS = 2500  # the first 2000 to learn from, the rest held out
SEED = 5
GOOD = ("good", "fresh", "lovely", "great", "tasty", "fine")
BAD = ("bad", "stale", "awful", "poor", "bland", "dull")
FOOD = ("soup", "bread", "fish", "cake", "rice")
OTHER = (("waiter", "cook", "host"), ("room", "garden", "music"))


class Dice:
    """Throws the same on every machine.

    Of Python's generator only ``random()`` is promised to give the same numbers in every version.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random  # noqa: S311  (a review is no secret)

    def below(self, n: int) -> int:
        """Throw a number below n."""
        return int(n * self._random())

    def one_of(self, words: tuple[str, ...]) -> str:
        """Choose one of the words."""
        return words[self.below(len(words))]


def clause(dice: Dice, about: tuple[str, ...]) -> tuple[list[str], int]:
    """Return the words of a clause, and 1 where it praises."""
    praise, negated = dice.below(2), dice.below(2)
    words = ["the", dice.one_of(about), "was"] + ["not"] * negated + ["very"] * dice.below(2)
    return [*words, dice.one_of(GOOD if praise != negated else BAD)], praise


def review(dice: Dice) -> str:
    """Return a line: the label, a tabulator, the words."""
    others = dice.below(4)
    place, words, label = dice.below(others + 1), [], 0
    for number in range(others + 1):
        if number:
            words.append(dice.one_of(("and", "but")))
        said, praise = clause(dice, FOOD if number == place else OTHER[dice.below(2)])
        words += said
        if number == place:
            label = praise
    return f"{label}\t{' '.join(words)}\n"


def reviews() -> str:
    """Return the whole file."""
    dice = Dice(SEED)
    return "".join(review(dice) for _ in range(REVIEWS))


if __name__ == "__main__":
    path = Path(__file__).with_name("reviews.txt")
    size = path.write_bytes(reviews().encode("ascii"))
    sys.stdout.write(f"{size} bytes in {path}\n")
