"""Every exception that gradekit raises itself, in one tree by who must act.

::

    GradekitError                 3  our own fault
    ├── UsageError                2  whoever typed the command
    ├── CourseError               2  the course: its folders and settings
    ├── SourceError               2  the author of a source notebook
    │   └── LeakError             1  the same author: a solution or hidden test would be published
    ├── HiddenTestError           2  the author of hidden tests
    │   └── BadReference          2  the same author: reference.npz is missing, damaged or not finite
    ├── HostError                 2  whoever runs the machine: learners' code cannot be isolated here
    │   └── NoMemoryLeft          2  the same: less memory is there than learners' code may take
    ├── ClusterError              2  whoever runs the cluster: its scheduler or its workers cannot be used
    └── Undecided                 1  a person: an exercise could not be judged

The number is the exit code of the command line. What a learner did is never an exception of this tree; it
is a :class:`gradekit.model.Verdict`.
"""

from __future__ import annotations


class GradekitError(Exception):
    """Something that stops a command, said in one sentence, and what to do about it.

    Parameters
    ----------
    message : str
        What is wrong and where: the file, the notebook, the cell id, the line.
    help : str
        What to do now.
    """

    exit_code = 3

    def __init__(self, message: str, *, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help

    def __str__(self) -> str:
        return f"{self.message} {self.help}".strip()


class UsageError(GradekitError):
    """The words of the command do not fit."""

    exit_code = 2


class CourseError(GradekitError):
    """The course's folders or settings do not fit."""

    exit_code = 2


class SourceError(GradekitError):
    """A source notebook cannot be released as it stands."""

    exit_code = 2


class LeakError(SourceError):
    """A line of a solution or of a hidden test would reach students."""

    exit_code = 1


class HiddenTestError(GradekitError):
    """The hidden tests of an assignment cannot be used as they stand."""

    exit_code = 2


class BadReference(HiddenTestError):
    """A reference value is missing, damaged or not finite: our fault, so the exercise is undecided."""


class HostError(GradekitError):
    """The host cannot isolate learners' code."""

    exit_code = 2


class NoMemoryLeft(HostError):
    """The system ended learners' code for want of memory, before that took what it may."""


class ClusterError(GradekitError):
    """A Dask cluster's scheduler, or all of its workers, cannot be used."""

    exit_code = 2


class Undecided(GradekitError):
    """An exercise could not be judged, so a person must."""

    exit_code = 1
