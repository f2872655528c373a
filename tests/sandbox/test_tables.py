"""Tables and plots of a learner's, read over the line to a real worker: plain data, bounded, not believed."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from gradekit.judging.declare import Expect, Rejected
from gradekit.judging.line import Handle, LearnerError, Student
from gradekit.model import Limits, Verdict

from .conftest import Fork

pd = pytest.importorskip("pandas")

CODE = """
import itertools
import matplotlib.pyplot as plt
import pandas as pd


def table():
    return pd.DataFrame({"a": [1.5, None], "b": ["x", "y"]}, index=["p", "q"])


def plot():
    _, axes = plt.subplots()
    axes.plot([0, 1], [2, 3], label="loss")
    return axes.figure


class DataFrame:
    index = 3

    def items(self):
        return itertools.count()


def endless():
    return DataFrame()


def lazy():
    return zip([1, 2], [3, 4])
"""


def test_tables_and_plots_cross_the_line(fork: Fork) -> None:
    """What a worker's DataFrame and figure hold is compared here; the objects themselves stay over there."""
    session = fork(Limits(cell_s=30, memory_bytes=2**30))
    assert session.run_cell(CODE).ok
    student, expect = Student(session), Expect()
    assert isinstance(student.table(), Handle)
    right = pd.DataFrame({"a": [1.5, np.nan], "b": ["x", "y"]}, index=["p", "q"])
    expect.close(student.table(), right, name="table()")
    _, axes = plt.subplots()
    axes.plot([0, 1], [2, 3], label="loss")
    plt.close()
    expect.close(student.plot(), axes.figure, name="plot()")
    expect.close(student.plot(), {"axes": [{"lines": [{"label": "loss"}]}]}, name="plot()")
    assert expect.judged == 3
    assert expect.parts(student.lazy(), 2, name="lazy()") == ((1, 3), (2, 4))
    with pytest.raises(Rejected, match=r"f\(\)\['a'\]"):
        expect.close(student.table(), right.assign(a=[2.5, np.nan]), name="f()")


def test_a_table_without_end(fork: Fork) -> None:
    """A class of that name whose items never end costs a call's time, and is the learner's."""
    session = fork(Limits(cell_s=30, call_s=1, memory_bytes=2**30))
    assert session.run_cell(CODE).ok
    with pytest.raises(LearnerError) as error:
        Expect().close(Student(session).endless(), pd.DataFrame({"a": [1.0]}), name="f()")
    assert error.value.verdict in (Verdict.TLE, Verdict.MLE)
