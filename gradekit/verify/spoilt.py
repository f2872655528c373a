"""Answers spoilt without a look at how they are made: what the solution's functions return, or remember, made wrong."""

from __future__ import annotations

import ast
import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from gradekit.judging.line import Handle
from gradekit.verify.empties import functions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradekit.judging.transcript import Transcript
    from gradekit.model import Exercise


STEPS = (2, 3, 5, 8, 13, 21)  # after so many the state is forgotten: a test of four steps cannot see the fifth
SEED = "a constant seed inside"
SQUEEZED = "axes of length 1 squeezed"
LISTS = "lists for arrays"
SINGLE = "float32"


def _clipped(limit: float) -> Callable[[Any], Any]:
    return lambda value: np.clip(value, -limit, limit) if _is_float(value) else value


def _within_norm(limit: float) -> Callable[[Any], Any]:
    def shortened(value: Any) -> Any:
        """Scale an array down to a norm."""
        norm = float(np.linalg.norm(value)) if isinstance(value, np.ndarray) and _is_float(value) else 0.0
        return value * (limit / norm) if norm > limit else value

    return shortened


def _constant(value: Any) -> Any:
    return np.full_like(value, 1 / 16 if _is_float(value) else 7)[()]


# Each takes one number or array of numbers.
WORTHLESS: dict[str, Callable[[Any], Any]] = {
    "results times 1000 plus 1": lambda value: value * 1000 + 1,
    "one number in every place": _constant,
}
NORMS = {f"cut to a norm of {limit}": _within_norm(limit) for limit in (1, 5)}  # each array of its own
SPOILT: dict[str, Callable[[Any], Any]] = {
    "clipped at 1": _clipped(1.0),
    "clipped at 5": _clipped(5.0),
    **NORMS,
    SQUEEZED: np.squeeze,
    SEED: lambda value: value,
}
OTHER_FORM: dict[str, Callable[[Any], Any]] = {
    SINGLE: lambda value: np.float32(value) if _is_float(value) else value,
    LISTS: lambda value: value.tolist() if isinstance(value, np.ndarray) else value,
}
KINDS = WORTHLESS | SPOILT | OTHER_FORM


def _is_float(value: Any) -> bool:
    return np.asarray(value).dtype.kind == "f"


def spoil(exercise: Exercise, names: dict[str, Any], kind: str) -> None:
    """Put spoilt functions and methods in the right ones' place; in these names the exercise's cell has run."""
    for owner, node in functions(ast.parse(exercise.stub.source)):
        place = names[owner] if owner else None
        right = getattr(place, node.name) if owner else names[node.name]
        wrong = _spoilt(right, KINDS[kind], seeded=kind == SEED)
        if owner:
            setattr(place, node.name, wrong)
        else:
            names[node.name] = wrong


def _spoilt(function: Callable[..., Any], change: Callable[[Any], Any], *, seeded: bool) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrong(*args: Any, **kwargs: Any) -> Any:
        """Call, and spoil what is returned and what a method has kept in its object."""
        kept = vars(args[0]) if args and hasattr(args[0], "__dict__") else {}
        before = dict(kept)
        if seeded:
            np.random.seed(0)  # noqa: NPY002  (the mistake itself)
        answer = function(*args, **kwargs)
        kept.update({key: spoilt(value, change) for key, value in kept.items() if before.get(key) is not value})
        if hasattr(answer, "__next__"):
            return iter(spoilt(list(answer), change))
        return spoilt(answer, change)

    return wrong


def spoilt(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a value with every number and array in it changed; whatever else it holds stays."""
    if isinstance(value, dict):
        return {key: spoilt(inner, change) for key, inner in value.items()}
    if type(value) in (list, tuple):
        return type(value)(spoilt(inner, change) for inner in value)
    if isinstance(value, np.ndarray | np.number | int | float) and not isinstance(value, bool):
        return change(value)
    return value


def felt(exercise: Exercise, heard: Transcript) -> Iterator[str]:
    """Yield the kinds that an exercise's answers can be spoilt in at all: of whole numbers there is nothing to clip."""
    events = [event for events in heard.events.values() for event in events]
    own = [
        event.answer for event in events if not isinstance(event.target[0], str) or event.target[0] in exercise.defines
    ]
    arrays = [array for answer in own for array in _arrays(answer)]
    yield from WORTHLESS if arrays else ()
    for kind in (*SPOILT, *OTHER_FORM):
        if kind != SEED and any(_can_be(array, kind) for array in arrays):  # a seed is seen by a call, not by an answer
            yield kind


def _can_be(array: np.ndarray[Any, Any], kind: str) -> bool:
    """Tell whether an array changes where it is spoilt in that way."""
    if kind == SQUEEZED:
        return array.ndim > 1
    if kind == LISTS:
        return array.ndim > 0
    return array.dtype.kind == "f" and (kind not in NORMS or array.ndim > 0)


def _arrays(value: Any) -> Iterator[np.ndarray[Any, Any]]:
    if isinstance(value, dict | list | tuple):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _arrays(inner)
    elif isinstance(value, np.ndarray | int | float) and not isinstance(value, Handle | bool):
        yield np.asarray(value)


def draws(exercise: Exercise, names: dict[str, Any]) -> Callable[[], bool]:
    """Let an exercise's functions note whether they draw from numpy's global generator; return what tells it."""
    seen: list[bool] = []
    for owner, node in functions(ast.parse(exercise.stub.source)):
        place = names[owner] if owner else None
        right = getattr(place, node.name) if owner else names[node.name]
        watched = _watched(right, seen)
        if owner:
            setattr(place, node.name, watched)
        else:
            names[node.name] = watched
    return lambda: any(seen)


def _watched(function: Callable[..., Any], seen: list[bool]) -> Callable[..., Any]:
    @functools.wraps(function)
    def watching(*args: Any, **kwargs: Any) -> Any:
        """Call, and compare the generator's state before and after."""
        before = _state()
        answer = function(*args, **kwargs)
        seen.append(_state() != before)
        return answer

    return watching


def _state() -> tuple[bytes, int]:
    _, key, position, *_ = np.random.get_state()  # noqa: NPY002  (the exercises draw from the global generator)
    return np.asarray(key).tobytes(), int(position)
