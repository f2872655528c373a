"""Whether two answers are the same mistake: plain data compared with plain data, neither of them right."""

from __future__ import annotations

import itertools
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from gradekit.judging.line import Handle, LearnerError, Opaque
from gradekit.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


Array = np.ndarray[Any, Any]
NUMERIC = (bool, int, float, complex, np.ndarray)

# A learner's epsilon of 1e-8 in a logarithm moves a cost by 1e-5 of its value; no two known mistakes are that near.
RTOL = 1e-5
TELLING = 3  # different numbers at least, for a ratio or a likeness to be no chance


class How(StrEnum):
    """How nearly two answers must agree."""

    EXACTLY = "up to rounding; NaN agrees with NaN, an error with the same error"
    ROUGHLY = "up to rounding; what is not finite agrees with the like, an error with any of its type"
    LOOSELY = "in shape and in what is finite, not in numbers: for draws that no seed reaches"


def same(mine: Any, known: Any, right: Any, *, how: How = How.EXACTLY) -> bool:
    """Tell whether two answers agree.

    Parameters
    ----------
    mine, known : object
        The learner's answer and another: plain data, a handle, or the LearnerError that was raised.
    right : object
        The right answer: of a dictionary, the keys that are in it count.
    how : How
        How nearly.
    """
    if _both(mine, known, LearnerError):
        return _same_error(mine, known, how=how)
    if _both(mine, known, dict):
        return _same_dict(mine, known, right if isinstance(right, dict) else {}, how=how)
    if _both(mine, known, list, tuple):
        return _same_sequence(mine, known, right, how=how)
    if _both(mine, known, *NUMERIC):
        return _same_numbers(np.asarray(mine), np.asarray(known), how=how)
    if _both(mine, known, Handle):
        return True
    return isinstance(mine, str | Opaque | None) and type(mine) is type(known) and bool(mine == known)


def _both(one: Any, other: Any, *kinds: type) -> bool:
    return isinstance(one, kinds) and isinstance(other, kinds)


def _same_error(mine: LearnerError, known: LearnerError, *, how: How) -> bool:
    """Compare two errors by type and, unless roughly, text; what took too long there takes too long here."""
    if mine.verdict is Verdict.TLE or known.kind == "TimeoutError":
        return mine.verdict is Verdict.TLE and known.kind == "TimeoutError"
    return mine.kind == known.kind and (how is How.ROUGHLY or mine.text == known.text)


def _same_dict(mine: dict[Any, Any], known: dict[Any, Any], right: dict[Any, Any], *, how: How) -> bool:
    """Compare by the right answer's keys; where one of them is missing, by all."""
    keys = right.keys()
    if not keys or not keys <= mine.keys() or not keys <= known.keys():
        if mine.keys() != known.keys():
            return False
        keys = mine.keys()
    return all(same(mine[key], known[key], right.get(key), how=how) for key in keys)


def _same_sequence(mine: Sequence[Any], known: Sequence[Any], right: Any, *, how: How) -> bool:
    if len(mine) != len(known):
        return False
    parts = right if isinstance(right, list | tuple) and len(right) == len(mine) else [None] * len(mine)
    return all(same(one, two, part, how=how) for one, two, part in zip(mine, known, parts, strict=True))


def is_numeric(value: Any) -> bool:
    """Tell whether an answer is a number or an array."""
    return isinstance(value, NUMERIC)


def _same_numbers(mine: Array, known: Array, *, how: How) -> bool:
    kinds = {array.dtype.kind for array in (mine, known)}
    if mine.shape != known.shape or not kinds <= set("biufc") or (len(kinds) > 1 and "b" in kinds):
        return False
    finite = np.isfinite(known)
    if not np.array_equal(np.isfinite(mine), finite):
        return False
    if how is How.LOOSELY:
        return True
    odd = how is How.ROUGHLY or np.array_equal(mine[~finite], known[~finite], equal_nan=True)
    return odd and _near(mine[finite], known[finite])


def _near(mine: Array, known: Array) -> bool:
    """Compare up to RTOL, and small numbers beside large ones more loosely: they are differences of those."""
    scale = np.abs(known).max(initial=0.0)
    return bool(np.allclose(mine, known, rtol=RTOL, atol=RTOL / 10 * scale + 1e-12))


def _wrong_parts(mine: Any, right: Any) -> Iterator[Array]:
    if _both(mine, right, dict):
        for key in mine.keys() & right.keys():
            yield from _wrong_parts(mine[key], right[key])
    elif _both(mine, right, list, tuple):
        for one, two in zip(mine, right, strict=False):
            yield from _wrong_parts(one, two)
    elif _both(mine, right, *NUMERIC):
        one, two = np.asarray(mine), np.asarray(right)
        wrong = ~np.isclose(one, two, rtol=RTOL) if one.shape == two.shape else np.ones(one.shape, dtype=bool)
        yield one[wrong & np.isfinite(one)]


def says_something(value: Any) -> bool:
    """Tell whether an answer is one that chance or an empty function does not give: neither zeros nor all equal."""
    atoms = list(_atoms(value))
    if len(atoms) != 1:
        return len(set(atoms)) > 1 or any(isinstance(atom, str) and len(set(atom)) > 1 for atom in atoms)
    (atom,) = atoms
    return len(set(atom)) > 1 if isinstance(atom, str) else not atom.is_integer()


def _atoms(value: Any) -> Iterator[float | str]:
    """Yield the finite numbers and the texts in an answer."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from itertools.chain(*map(_atoms, (*value.values(), *(key for key in value if isinstance(key, str)))))
    elif isinstance(value, list | tuple):
        yield from itertools.chain(*map(_atoms, value))
    elif isinstance(value, NUMERIC) and np.asarray(value).dtype.kind in "biufc":
        flat = np.asarray(value).ravel().real
        yield from map(float, flat[np.isfinite(flat)])


def tells(mine: Any, right: Any) -> bool:
    """Tell whether what is wrong in an answer is enough to know a mistake by: numbers or a text, not zeros alone."""
    if isinstance(mine, str):
        return mine != right and says_something(mine)
    if _both(mine, right, list, tuple) and any(isinstance(part, str) for part in mine):
        return mine != right and says_something(mine)
    return says_something(list(_wrong_parts(mine, right)))


def shape_alone(mine: Any, right: Any) -> bool:
    """Tell whether an answer has the right values, and somewhere in it another shape."""
    if _both(mine, right, dict):
        pairs = [(mine[key], right[key]) for key in right] if right.keys() <= mine.keys() else [(None, 0.0)]
    elif _both(mine, right, list, tuple) and len(mine) == len(right) and not is_numeric(right):
        pairs = list(zip(mine, right, strict=True))
    else:
        return _other_shape(mine, right)
    return any(shape_alone(*pair) for pair in pairs) and all(
        shape_alone(one, two) or same(one, two, two) for one, two in pairs
    )


def _other_shape(mine: Any, right: Any) -> bool:
    if not _both(mine, right, *NUMERIC):
        return False
    one, two = np.asarray(mine), np.asarray(right)
    return one.shape != two.shape and one.size == two.size and same(one.ravel(), two.ravel(), None)


def ratio(mine: Any, right: Any, *, of: int = TELLING) -> float | None:
    """Return k where every number of an answer is k times the right one and at least `of` differ, else None."""
    pairs = _paired(mine, right)
    if not pairs:
        return None
    a, r = (np.concatenate([pair[side].ravel() for pair in pairs]).astype(np.float64) for side in (0, 1))
    large = np.abs(r) > 1e-6 * np.abs(r).max(initial=0.0)
    if np.unique(r[large]).size < of or not np.isfinite(a).all():
        return None
    k = float(np.median(a[large] / r[large]))
    return k if abs(k) > RTOL and _near(a, k * r) else None


def _paired(mine: Any, right: Any) -> list[tuple[Array, Array]]:
    """Return the arrays of a right answer beside the learner's; nothing where one is missing or has another form."""
    if _both(mine, right, dict):
        parts = [_paired(mine.get(key), inner) for key, inner in right.items()]
    elif _both(mine, right, list, tuple) and len(mine) == len(right):
        parts = [_paired(one, two) for one, two in zip(mine, right, strict=True)]
    elif _both(mine, right, *NUMERIC):
        parts = [_pair(np.asarray(mine), np.asarray(right))]
    else:
        return []
    return list(itertools.chain(*parts)) if all(parts) else []


def _pair(mine: Array, right: Array) -> list[tuple[Array, Array]]:
    numbers = mine.shape == right.shape and all(array.dtype.kind in "iuf" for array in (mine, right))
    return [(mine, right)] if numbers else []
