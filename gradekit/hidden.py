"""What course authors and graded cells import: the public face of the hidden tests. Its name never changes.

It stands in every notebook handed out, and needs numpy alone.

grade
    The call that a graded cell makes under plain ``nbgrader autograde`` and ``otter run``: convenient, **not secure**.
exercise
    Begins the hidden tests of an exercise, in ``tests.py``.
Handle
    An object that stays on the learner's side, as a test sees it.
misconception, alternative
    Declare wrong answers, and right ones that look different.
"""

from gradekit.judging.catalogue import alternative, misconception
from gradekit.judging.declare import exercise
from gradekit.judging.inprocess import grade
from gradekit.judging.line import Handle

__all__ = ["Handle", "alternative", "exercise", "grade", "misconception"]
