"""Values that cross the line, as the untrusted side sees them: the learner's go out plain, the tests' come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradekit.worker.shell import as_utf8
from gradekit.worker.wire import AXES, FRAME_BYTES, ITEMS, Ref

if TYPE_CHECKING:
    from collections.abc import Callable


DEPTH_LIMIT = 20  # of containers in containers
CONTENTS = {
    "O": "objects",
    "U": "texts",
    "S": "bytes",
    "M": "dates",
    "m": "lengths of time",
}  # of arrays, by numpy's kind


class Stub:
    """An object or a function of the trusted side: whatever is done with it is asked for over the line."""

    def __init__(self, ask: Callable[..., Any], ref: Ref) -> None:
        self._gradekit = (ask, ref)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it over there."""
        ask, ref = self._gradekit
        return ask(ref, "", args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        ask, ref = self._gradekit
        return ask(ref, name, None, {})

    def __repr__(self) -> str:
        return f"<{self._gradekit[1].text}>"


class Values:
    """What crosses the line: plain values do, objects stay here, stubs stand for what stays over there.

    Parameters
    ----------
    ask : callable
        Asks the trusted side to do something with a stub.
    """

    def __init__(self, ask: Callable[..., Any]) -> None:
        self.ask = ask
        self.objects: list[Any] = []
        self.room = ITEMS  # items that the frame being made may still hold

    def begin_frame(self) -> None:
        """Give the next frame all its room."""
        self.room = ITEMS

    def inward(self, value: Any) -> Any:
        """Turn a decoded value into what the learner's code gets: references become objects and stubs."""
        if type(value) is Ref:
            if value.kind == "stub":
                return Stub(self.ask, value)
            return self.objects[value.number - (value.kind == "opaque")]
        if type(value) is dict:
            return {key: self.inward(inner) for key, inner in value.items()}
        if type(value) in (list, tuple):
            return type(value)(self.inward(inner) for inner in value)
        return value

    def outward(self, value: Any, depth: int = 0) -> Any:  # noqa: PLR0911  (one return a kind of value)
        """Turn a value of the learner's into a plain one; what is not plain stays here and a reference goes out."""
        if type(value) in (type(None), bool, float, complex):
            return value
        if type(value) is int:
            return value if _fits(value) else self._kept(value, "a whole number beyond 64 bits")
        if type(value) in (str, np.str_):  # numpy's is what an array of texts is made of
            return as_utf8(str.__str__(value))
        if isinstance(value, np.generic) and value.dtype.kind in "biufc":  # item() of a long double is itself
            return {"f": float, "c": complex}.get(value.dtype.kind, type(value).item)(value)
        if isinstance(value, np.ndarray):
            if value.dtype.kind not in "biufc":
                return self._kept(value, f"an array of {CONTENTS.get(value.dtype.kind, 'records')}")
            return _outward_array(value)
        if isinstance(value, dict | list | tuple):
            return self._outward_container(value, depth)
        if isinstance(value, Stub):
            return value._gradekit[1]  # noqa: SLF001  (the stub's own class is above)
        self.objects.append(value)
        return Ref("handle", len(self.objects) - 1, _kind(value)[:100])

    def _kept(self, value: Any, said: str) -> Ref:
        """Keep what does not travel and is nothing to talk to: a learner's function may be given it again."""
        self.objects.append(value)
        return Ref("opaque", len(self.objects), said)

    def _outward_container(self, value: Any, depth: int) -> Any:
        if depth >= DEPTH_LIMIT:
            return Ref("opaque", text="a container nested without end")
        kind = next(kind for kind in (dict, list, tuple) if isinstance(value, kind))
        self.room -= 2 + 3 * kind.__len__(value)  # as the frame's reader counts, where each is an extension
        if self.room < 0:
            return Ref("opaque", text="more values than travel; an array holds many")
        if kind is dict:
            pairs = ((key if _fits(key) else self.outward(str(key)), inner) for key, inner in value.items())
            return {key: self.outward(inner, depth + 1) for key, inner in pairs}
        return kind(self.outward(inner, depth + 1) for inner in value)


def _kind(value: Any) -> str:
    """Name an object by its type."""
    return "class" if isinstance(value, type) else type(value).__name__


def _fits(value: Any) -> bool:
    return type(value) is int and -(2**63) <= value < 2**64


def _outward_array(value: np.ndarray[Any, Any]) -> Any:
    base = np.ndarray.view(value, np.ndarray)
    if base.nbytes > FRAME_BYTES - 1000 or base.ndim > AXES:
        return Ref("opaque", text=f"an array of shape {base.shape}, far too large")
    if base.dtype.itemsize > (16 if base.dtype.kind == "c" else 8):  # numpy's long doubles
        base = base.astype(np.complex128 if base.dtype.kind == "c" else np.float64)
    return np.array(base, subok=False)
