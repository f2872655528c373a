"""Comparing answers holds for any text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gradekit.report.copies import END, pairs, tokens

ODD = st.text(alphabet="ab1.'\"\\#()[]{}\n \t=+self\0\1\ud800é", max_size=200)
LINES = st.lists(
    st.sampled_from(["a = b + c(1, 2)", "for i in range(3): d[i] = e", "return f.g(h) ** 2 % 5", "", "# x"])
)


@given(ODD)
def test_every_token_has_a_line_of_the_text(text: str) -> None:
    """No text is too odd; each token stands on a line that there is."""
    line, places = tokens(text)
    assert len(line) == len(places)
    assert all(0 <= place < len(text.split("\n")) for place in places)


@given(LINES, st.randoms(use_true_random=False))
def test_order_names_and_comments_do_not_count(lines: list[str], rng: object) -> None:
    """The same lines in another order, with another name and a comment behind each, have the same pieces."""
    shuffled = [f"{line.replace('d[', 'rows[')}  # of mine" for line in lines]
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (sorted(filter(None, tokens("\n".join(each))[0].split(END))) for each in (lines, shuffled))
    assert one == other


@given(st.dictionaries(st.sampled_from("abcdef"), ODD, max_size=5), ODD)
def test_a_share_is_a_share(texts: dict[str, str], expected: str) -> None:
    """Of any class: pairs of two different people, each once, with a share from 0 to 1."""
    found = pairs(texts, (expected,), least=0.1)
    assert len({pair.students for pair in found}) == len(found)
    assert all(pair.students[0] < pair.students[1] and 0.1 <= pair.alike <= 1 for pair in found)
