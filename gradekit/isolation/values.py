"""Values that cross the line, as the trusted side sees them: plain ones travel, objects and stubs by their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from gradekit.judging.line import DEPTH_LIMIT, Handle, Opaque, handle_of
from gradekit.worker.wire import Ref

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradekit.isolation.stubs import Stubs
    from gradekit.judging.line import Line

PLAIN = (type(None), bool, int, float, complex, str, np.ndarray)


class TrustedValues:
    """Turns values of the trusted side into what travels, and what came into values that it can use.

    Parameters
    ----------
    line : Line
        Over which the handles talk that are made here.
    violated : callable
        Ends a worker that sent what cannot be.
    """

    def __init__(self, line: Line, stubs: Stubs, violated: Callable[[str], NoReturn]) -> None:
        self._line, self._stubs, self._violated = line, stubs, violated

    def inward(self, value: Any) -> Any:
        """Return what travels in a value's place: plain values, numbers of handles and of stubs."""
        if isinstance(value, Handle):
            return self._of_handle(value)
        if isinstance(value, Opaque) and value.number:
            return Ref("opaque", value.number)
        if isinstance(value, dict):
            return {key: self.inward(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return (list if isinstance(value, list) else tuple)(self.inward(inner) for inner in value)
        if isinstance(value, np.generic):
            return value.item()
        return value if isinstance(value, PLAIN) else self._stubs.add(value, type(value).__name__)

    def _of_handle(self, handle: Handle) -> Any:
        target = handle._target  # noqa: SLF001  (a handle is the line's own)
        if len(target) > 1 or type(target[0]) is str:
            return self.inward(self._line.get(target))
        return Ref("handle", int(target[0]))

    def outward(self, value: Any, depth: int = 0) -> Any:
        """Return what came over the line as the trusted side sees it: plain values and handles."""
        if depth > DEPTH_LIMIT:
            return Opaque("a container nested without end")
        if type(value) is Ref:
            return self._of_ref(value)
        if type(value) is dict:
            return {key: self.outward(inner, depth + 1) for key, inner in value.items()}
        if type(value) in (list, tuple):
            return type(value)(self.outward(inner, depth + 1) for inner in value)
        return value

    def _of_ref(self, ref: Ref) -> Any:
        if ref.kind == "handle":
            return handle_of(self._line, ref.number, ref.text)
        if ref.kind == "opaque":
            return Opaque(ref.text, ref.number)
        found = self._stubs.find(ref)
        return self._violated("a stub that does not exist") if found is None else found
