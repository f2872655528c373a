"""Whatever a learner writes: formulas, sentences, answers and code never stop a page and never become markup."""

from __future__ import annotations

import html
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from gradekit.pages import learner
from gradekit.pages import page as pages_page
from gradekit.pages.mathml import to_mathml

ANY = st.text(st.characters(), max_size=60)
COMMANDS = [r"\frac", r"\sqrt", r"\begin{aligned}", r"\end{aligned}", r"\left(", r"\right)", r"\text", r"\def\a"]
LETTERS = [r"\a", "#1", "{", "}", "^", "_", "&", r"\\", "$", "[", "]", "'", "~", "%", r"\hat", r"\limits", "x", "<b>"]
LATEX = st.lists(st.sampled_from([*COMMANDS, *LETTERS]), max_size=25).map("".join)
MARKS = ["# ", "* ", "> ", "|", "\n", "\n\n", "    ", "`", "```", "$", "$$", "[", "](", ")", "![", "<b>", "&", "_"]
MARKDOWN = st.lists(st.sampled_from(MARKS) | ANY, max_size=25).map("".join)
OURS = r"code|pre|p|br|em|strong|del|ul|ol|li|blockquote|hr|table|thead|tbody|tr|th|td|span|math|m[a-z]+"


def foreign(page: str) -> set[str]:
    """Return the elements in some HTML that are not ours."""
    return {tag for tag in re.findall(r"</?([a-zA-Z!?][^\s/>]*)", page) if not re.fullmatch(OURS, tag)}


@settings(deadline=None)
@given(latex=LATEX | ANY)
def test_any_formula_is_mathml_or_code(latex: str) -> None:
    """The converter ends, and what comes out is MathML or the code as it was written."""
    made = to_mathml(latex, block=True)
    assert made.startswith(("<math", "<code>"))
    assert not foreign(made)


@settings(deadline=None)
@given(text=ANY)
def test_any_sentence_is_text(text: str) -> None:
    """A sentence becomes text, code and formulas, and nothing else."""
    assert not foreign(pages_page.prose(text))


@settings(deadline=None)
@given(text=MARKDOWN)
def test_any_answer_is_harmless(text: str) -> None:
    """An answer in Markdown ends as elements of the short list, without attributes but classes of ours."""
    made = learner.markdown(text)
    assert not foreign(made)
    assert not re.search(r"<[^>]*\s(on\w+|style|id|href|src)\s*=", made)


@settings(deadline=None)
@given(text=ANY | MARKDOWN)
def test_any_code_keeps_its_text(text: str) -> None:
    """Coloured code without its colours is the code."""
    made = html.unescape(re.sub(r"</?span[^>]*>", "", learner.code(text)))
    plain = text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
    assert made.rstrip("\n") == html.unescape(html.escape(plain)).rstrip("\n")
