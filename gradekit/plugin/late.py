"""A rule for late work, as nbgrader's plugin: points or a share for each day, with grace and an upper bound.

Switched on in ``nbgrader_config.py``; without these lines nobody loses anything for being late::

    c.AssignLatePenalties.plugin_class = "gradekit.plugin.late.LatePolicy"
    c.LatePolicy.per_day = "10%"
"""

from __future__ import annotations

import math
import re
from typing import Any

from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Bool, Float, TraitError, Unicode, validate

DAY_S = 86_400
AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(%?)")


class LatePolicy(LateSubmissionPlugin):  # type: ignore[misc]  # nbgrader is untyped
    """What a notebook loses for being late. nbgrader asks for each notebook, and takes what was earned at most."""

    per_day = Unicode(
        "10%", help="What each day costs: a share of what was earned, as '10%', or points, as '0.5'."
    ).tag(config=True)
    most = Unicode("100%", help="What lateness costs at most: a share of what was earned, or points.").tag(config=True)
    grace_minutes = Float(
        0.0, min=0.0, help="Minutes that cost nothing; who needs more pays from the due date on."
    ).tag(config=True)
    whole_days = Bool(default_value=True, help="Whether a day that has begun counts as a whole one.").tag(config=True)

    @validate("per_day", "most")  # type: ignore[untyped-decorator]
    def _is_an_amount(self, proposal: Any) -> str:
        words = str(proposal["value"]).strip()
        if not AMOUNT.fullmatch(words):
            raise TraitError(
                f"LatePolicy.{proposal['trait'].name} is '{words}'; it is a share as '10%' or points as '0.5'"
            )
        return words

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        """Return the points that a notebook loses; None where it loses nothing.

        Parameters
        ----------
        score : float
            What was earned in the notebook.
        """
        if total_seconds_late <= self.grace_minutes * 60:
            return None
        days = total_seconds_late / DAY_S
        days = math.ceil(days) if self.whole_days else days
        lost: float = min(days * amount(self.per_day, score), amount(self.most, score), score)
        self.log.info("%s is %s days late and loses %s of %s points", student_id, days, lost, score)
        return lost


def amount(words: str, earned: float) -> float:
    """Return what a setting comes to, in points."""
    number, share = AMOUNT.fullmatch(words).groups()  # type: ignore[union-attr]  # the trait was validated
    return float(number) * (earned / 100 if share else 1.0)
