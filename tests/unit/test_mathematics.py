"""Formulas: every one of the notebooks becomes MathML; what a learner writes brings no other element with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gradekit.course import notebook
from gradekit.pages.mathml import MAX_LATEX, to_mathml

SOURCES = sorted((Path(__file__).parents[2] / "source").glob("*/*.ipynb"))
FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$]+?)\$", re.DOTALL)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_formula_of_a_notebook_is_read(path: Path) -> None:
    """No formula of a source notebook falls back to its code."""
    texts = [cell.source for cell in notebook.cells(notebook.read(path)) if cell.kind == "markdown"]
    formulas = [match[1] or match[2] for text in texts for match in FORMULA.finditer(text)]
    assert formulas
    assert [formula for formula in formulas if not to_mathml(formula).startswith("<math")] == []


def test_aligned_lines_keep_their_sides() -> None:
    """An aligned formula is a table whose columns say their side by a class, since a page refuses style attributes."""
    made = to_mathml(r"\begin{aligned} a &= b \\ c &= d \end{aligned}", block=True)
    assert 'display="block"' in made
    assert 'class="right"' in made
    assert " style=" not in made


@pytest.mark.parametrize(
    "latex",
    [
        "<script>alert(1)</script>",
        r"\text{<img src=x onerror=alert(1)>}",
        r"\href{javascript:alert(1)}{x}",
        r"\color{red}\text{</math><script>alert(1)</script>}",
        "&lt;script&gt;&unknown; & \\",
        "\x00\x0b\ud800",
    ],
)
def test_a_formula_brings_no_element_of_its_own(latex: str) -> None:
    """Whatever stands in a formula, its result holds MathML and text."""
    tags = set(re.findall(r"<([^\s/>]+)", to_mathml(latex)))
    assert all(tag == "code" or tag.startswith("m") for tag in tags)


@pytest.mark.parametrize(
    "latex", [r"\frac{", "{" * 900, r"\sqrt{" * 280 + "}" * 280, "x" * (MAX_LATEX + 1), r"\def\a{\a\a}\a"]
)
def test_what_cannot_be_read_is_shown_as_code(latex: str) -> None:
    """An unfinished, endless, deep or very long formula is shown as it was written, cut to a bound."""
    made = to_mathml(latex)
    assert made.startswith(("<code>", "<math>"))
    assert len(made) < 20 * MAX_LATEX
