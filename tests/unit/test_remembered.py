"""What is found in a cell's text is kept, within bounds."""

from __future__ import annotations

from gradekit.course.remembered import KEPT_CHARACTERS, remembered


def test_of_short_texts_alone_is_remembered_what_was_found() -> None:
    """A learner's long text is looked through each time, and held by nobody."""
    asked: list[int] = []

    @remembered
    def length(written: str) -> int:
        """Count, and note that it was asked."""
        asked.append(len(written))
        return len(written)

    sizes = [KEPT_CHARACTERS, KEPT_CHARACTERS, KEPT_CHARACTERS + 1, KEPT_CHARACTERS + 1]
    assert [length("a" * size) for size in sizes] == sizes
    assert asked == sizes[1:]
