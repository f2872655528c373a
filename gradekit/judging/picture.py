"""Pictures of a wrong array for the learner to look at; the right values are not in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradekit.model import Picture

if TYPE_CHECKING:
    from collections.abc import Iterator


Array = np.ndarray[Any, np.dtype[np.float64]]

SIDE = 64  # rows and columns of a heat map; on a phone a cell is then five points wide
POINTS = 200  # of a scatter plot; more hide one another
DIGITS = 4  # of a drawn number
FAINT = 0.3  # of the strongest mark: what is just beyond tolerance is still seen
KINDS = ("error", "scatter")
LARGEST = np.finfo(np.float64).max


def draw(  # noqa: PLR0913  (the words of gradekit.checks.compare)
    answer: object, reference: object, *, name: str, kind: str, rtol: float = 1e-6, atol: float = 1e-9
) -> Picture | None:
    """Return a picture of the first wrong array in an answer.

    Parameters
    ----------
    answer, reference : array, number, or a dict, list or tuple of these
        Plain data; `reference` is never in the picture.
    kind : str
        ``error``: a heat map of sign and magnitude. ``scatter``: right against wrong, each without its scale; where
        most entries would lie in one point beside one that is enormous, a heat map is drawn all the same.
    rtol, atol : float
        An array is wrong beyond these.

    Returns
    -------
    Picture or None
        None where no wrong array has the right shape, at least two numbers, and only finite ones.
    """
    with np.errstate(all="ignore"):
        for path, mine, right in _pairs(answer, reference, name):
            if mine.size < 2 or np.allclose(mine, right, rtol=rtol, atol=atol):
                continue
            drawn = "error" if _dwarfed(mine) or _dwarfed(right) else kind
            values = _scatter(mine, right) if drawn == "scatter" else _error(mine, right, rtol=rtol, atol=atol)
            if all(np.isfinite(row).all() for row in values):
                return Picture(drawn, path, mine.shape, values)
    return None


def _pairs(answer: object, reference: object, name: str) -> Iterator[tuple[str, Array, Array]]:
    """Yield the finite arrays of an answer whose shape is right, each with its name and the right values."""
    if isinstance(reference, dict) and isinstance(answer, dict):
        for key, inner in reference.items():
            yield from _pairs(answer.get(key), inner, str(key))
    elif isinstance(reference, list | tuple) and isinstance(answer, list | tuple):
        for index, (mine, right) in enumerate(zip(answer, reference, strict=False)):
            yield from _pairs(mine, right, f"{name}[{index}]")
    else:
        mine, right = _numbers(answer), _numbers(reference)
        if mine is not None and right is not None and mine.shape == right.shape:
            yield name, mine, right


def _numbers(value: object) -> Array | None:
    if not isinstance(value, np.ndarray | int | float) or np.asarray(value).dtype.kind not in "iuf":
        return None
    array = np.asarray(value, dtype=np.float64)
    return array if np.isfinite(array).all() else None


def _error(mine: Array, right: Array, *, rtol: float, atol: float) -> tuple[tuple[float, ...], ...]:
    """Return rows of signs and sizes of errors, 0 where there is none; of a block that shares a cell the largest.

    Sizes lie between `FAINT`, the smallest error beyond tolerance, and 1, the largest, by their logarithms: beside one
    that is enormous the others are seen all the same.
    """
    error = np.clip(mine - right, -LARGEST, LARGEST)  # each side is finite, their difference need not be
    size = np.abs(error)
    wrong = ~(size <= atol + rtol * np.abs(right))
    decades = np.log10(size.max()) - np.log10(size[wrong])  # the ratio itself may be too large for a float
    strength = np.zeros(error.shape)
    strength[wrong] = 1 - (1 - FAINT) * decades / max(decades.max(), 1.0)
    rows = (np.sign(error) * strength).reshape(-1, mine.shape[-1])
    for axis in (0, 1):
        rows = _reduced(rows, axis)
    return tuple(tuple(map(float, row)) for row in np.round(rows, DIGITS))


def _reduced(error: Array, axis: int) -> Array:
    """Return at most SIDE places along an axis: of each block the entry of largest magnitude."""
    blocks = np.array_split(error, min(SIDE, error.shape[axis]), axis=axis)
    largest = [np.expand_dims(np.argmax(np.abs(block), axis=axis), axis) for block in blocks]
    return np.concatenate(
        [np.take_along_axis(block, at, axis=axis) for block, at in zip(blocks, largest, strict=True)], axis=axis
    )


def _dwarfed(side: Array) -> bool:
    """Tell whether most numbers are nothing beside the largest one."""
    sizes = np.abs(side[side != 0])
    return bool(sizes.size and np.median(sizes) < 10.0**-DIGITS * sizes.max())


def _scatter(mine: Array, right: Array) -> tuple[tuple[float, ...], ...]:
    """Return pairs (right, yours), each over the largest magnitude of its side; none but 0 is rounded to 0."""
    at = np.unique(np.linspace(0, mine.size - 1, POINTS).round().astype(int))
    sides = [side / (np.abs(side).max() or 1.0) for side in (right.ravel(), mine.ravel())]
    pairs = np.stack(sides, axis=1)[at]
    seen = np.sign(pairs) * np.maximum(np.round(np.abs(pairs), DIGITS), 10.0**-DIGITS)
    return tuple((float(x), float(y)) for x, y in seen)
