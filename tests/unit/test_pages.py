"""Pages: what is put into them is escaped, and their policy names what may run and nothing else."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from gradekit import text
from gradekit.pages import page as pages_page


def test_policy_names_each_style_by_its_hash() -> None:
    """The hash in the policy is that of the style element's text, to the letter; scripts are refused."""
    page = pages_page.render("base.html")
    (sheet,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    assert f"style-src &#39;sha256-{digest}&#39;" in page
    assert "script-src &#39;none&#39;" in page
    assert "default-src &#39;none&#39;" in page


def test_no_template_uses_what_the_policy_refuses() -> None:
    """No template has a style attribute, an event handler or an address to load from."""
    for name in pages_page.environment().list_templates(extensions=["html"]):
        text, _, _ = pages_page.environment().loader.get_source(pages_page.environment(), name)
        assert not re.search(r"\s(style|on\w+)=", text), name
        assert not re.search(r"""(src|href)=["'](?!#|data:|\{\{)""", text), name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a < b & c", "a &lt; b &amp; c"),
        ("call `f(<x>)` twice", "call <code>f(&lt;x&gt;)</code> twice"),
        ("it costs $5 and $6", "it costs $5 and $6"),
        (r"a \$x$ b", r"a \$x$ b"),
        ("an open ` and an open $x", "an open ` and an open $x"),
    ],
)
def test_prose_is_text_code_and_mathematics(text: str, shown: str) -> None:
    """A sentence may have code and formulas in it; all else is text."""
    assert pages_page.prose(text) == shown


def test_prose_draws_a_formula() -> None:
    """A formula between dollars becomes MathML."""
    made = pages_page.prose("The sum $x_t$, and $N$.")
    assert made.count("<math>") == 2
    assert made.endswith(".")


@pytest.mark.parametrize(
    ("value", "shown"), [(2.0, "2"), (1 / 3, "0.33"), (0.1 + 0.2, "0.3"), (-1.5, "\N{MINUS SIGN}1.5"), (1200.0, "1200")]
)
def test_a_score_is_written_as_a_person_does(value: float, shown: str) -> None:
    """At most two decimals, no rounding dirt, no exponent."""
    assert text.number(value) == shown


def test_text_that_is_no_utf_8_does_not_stop_a_page() -> None:
    """Half a surrogate pair in a template's value becomes a question mark."""
    assert pages_page.prose("\ud800")  # kept as it is here
    made = pages_page.render("base.html", extra="")
    assert made.encode("utf-8")
