"""What is found in a cell's text, kept for a class: most of its cells are the same in every submission."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Found = TypeVar("Found")
KEPT = 1024  # texts of which is kept what was found in them,
KEPT_CHARACTERS = 8192  # each of at most so many characters: some megabytes in all


def remembered(find: Callable[[str], Found]) -> Callable[[str], Found]:
    """Let a function of a text keep what it finds; of long texts, which are a learner's, nothing is kept."""
    known = functools.lru_cache(KEPT)(find)

    @functools.wraps(find)
    def found(text: str) -> Found:
        return known(text) if len(text) <= KEPT_CHARACTERS else find(text)

    return found
