"""Frames between the trusted side and a worker: length-prefixed, bounded, plain values only.

A value is None, a bool, a number, a string, a list, a tuple, a dict with keys of str or int, an array, bytes, or a
:class:`Ref`. Both sides import this module; neither trusts what it decodes.
"""

from __future__ import annotations

import os
import select
import struct
import time
from dataclasses import dataclass
from typing import Any, NoReturn

import msgpack
import numpy as np

FRAME_BYTES = 16 * 2**20
HELD_BYTES = 4 * FRAME_BYTES  # of tuples within tuples while they are read: each holds all that is in it once more
ITEMS = 400_000  # of all lists and dicts of a frame; what is many goes into an array
_HEADER = struct.Struct(">I")
_ARRAY, _TUPLE, _COMPLEX, _REF = 1, 2, 3, 4  # msgpack extension types
AXES = 32  # of an array
_MOST_NESTED = 32  # extensions in extensions: each takes 40 kB of the C stack and a copy of what it holds
_UNREADABLE = (struct.error, msgpack.UnpackException)
_DTYPES = frozenset(np.dtype(code).newbyteorder("=").str for code in "?bBhHiIlLqQefdFD")


class WireError(Exception):
    """A frame was malformed, too large, or came where none was due; whoever sent it is not to be believed."""


class Closed(WireError):
    """The other side is gone."""


class TimedOut(WireError):
    """The deadline passed before a whole frame had been sent or received."""


@dataclass(frozen=True)
class Ref:
    """A thing that does not travel: an object on the learner's side, a stub on the trusted side, or nothing to talk to.

    Attributes
    ----------
    kind : str
        ``handle``, ``stub`` or ``opaque``.
    number : int
        By which its owner knows it.
    text : str
        What it is, in a few words.
    """

    kind: str
    number: int = 0
    text: str = ""


def pack(value: Any) -> bytes:
    """Encode a value.

    Raises
    ------
    WireError
        If it is not plain or too large.
    """
    try:
        data: bytes = msgpack.packb(value, default=_encode, strict_types=True)
    except (TypeError, ValueError, OverflowError, RecursionError, UnicodeError) as error:
        raise WireError(f"not a plain value: {error}") from None
    if len(data) > FRAME_BYTES:
        raise WireError(f"a frame of {len(data)} bytes; {FRAME_BYTES} are allowed")
    return data


def unpack(data: bytes) -> Any:
    """Decode a value that may be hostile.

    Raises
    ------
    WireError
        If it is malformed, or holds too many items.
    """
    decoder = _Decoder()
    try:
        return decoder.plain([decoder.decode(data)])[0]
    except (ValueError, TypeError, OverflowError, RecursionError, MemoryError, *_UNREADABLE) as error:
        raise WireError(f"malformed: {error}"[:200]) from None


def _encode(value: Any) -> msgpack.ExtType:
    if type(value) is np.ndarray and value.dtype.newbyteorder("=").str in _DTYPES and value.ndim <= AXES:
        plain = np.ascontiguousarray(value, value.dtype.newbyteorder("="))
        head = [plain.dtype.str, list(value.shape)]
        return msgpack.ExtType(_ARRAY, msgpack.packb([*head, plain.tobytes()]))
    if type(value) is tuple:
        return msgpack.ExtType(_TUPLE, pack(list(value)))
    if type(value) is complex:
        return msgpack.ExtType(_COMPLEX, struct.pack(">dd", value.real, value.imag))
    if type(value) is Ref:
        return msgpack.ExtType(_REF, msgpack.packb([value.kind, value.number, value.text]))
    raise TypeError(f"a {type(value).__name__} does not travel")


class _Decoder:
    """Decodes one frame and counts its items, extension within extension too."""

    def __init__(self) -> None:
        self.items = self.nested = self.held = 0

    def decode(self, data: bytes) -> Any:
        """Return what these bytes stand for."""
        most = min(ITEMS, len(data))  # msgpack makes a list as long as its header says before it reads one item
        return msgpack.unpackb(
            data,
            ext_hook=self._extension,
            list_hook=self._list,
            object_pairs_hook=self._dict,
            strict_map_key=False,
            max_array_len=most,
            max_map_len=most,
        )

    def plain(self, items: list[Any]) -> list[Any]:
        """Return values as they are, unless one is of a kind that the line does not know."""
        if msgpack.Timestamp in set(map(type, items)):  # extension -1 is msgpack's own and asks no hook
            _malformed("a time")
        return items

    def _count(self, number: int) -> None:
        self.items += 1 + number
        if self.items > ITEMS:
            raise ValueError("too many items")

    def _list(self, items: list[Any]) -> list[Any]:
        self._count(len(items))
        return self.plain(items)

    def _dict(self, pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
        self._count(len(pairs))
        if not all(type(key) in (str, int) for key, _ in pairs):
            raise ValueError("a key is neither str nor int")
        self.plain([value for _, value in pairs])
        return dict(pairs)

    def _extension(self, code: int, data: bytes) -> Any:
        self._count(1)
        if code == _ARRAY:
            return _array(*msgpack.unpackb(data, max_array_len=AXES, max_map_len=0, max_ext_len=0))
        if code == _TUPLE:
            return self._tuple(data)
        if code == _COMPLEX:
            return complex(*struct.unpack(">dd", data))
        if code == _REF:
            kind, number, text = msgpack.unpackb(data, max_array_len=3, max_map_len=0, max_ext_len=0)
            if kind not in ("handle", "stub", "opaque") or type(number) is not int or type(text) is not str:
                _malformed("a reference")
            return Ref(kind, number, text[:200])
        return _malformed("an extension")

    def _tuple(self, data: bytes) -> tuple[Any, ...]:
        self.nested += 1
        self.held += len(data)
        if self.nested > _MOST_NESTED or self.held > HELD_BYTES:
            _malformed("a tuple")
        found = self.decode(data)
        self.nested -= 1
        self.held -= len(data)
        return tuple(found) if isinstance(found, list) else _malformed("a tuple")


def _array(dtype: Any, shape: Any, data: Any) -> np.ndarray[Any, Any]:
    whole = isinstance(shape, list) and all(type(size) is int and size >= 0 for size in shape)
    if dtype not in _DTYPES or not whole or not isinstance(data, bytes):
        return _malformed("an array")
    return np.frombuffer(data, np.dtype(dtype)).reshape(shape).copy()


def _malformed(what: str) -> NoReturn:
    raise ValueError(f"{what} is malformed")


class Channel:
    """One end of the line: whole frames over a file descriptor, each with a deadline.

    Uses ``read`` and ``write`` alone, so that the worker's filter can forbid every socket call.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        os.set_blocking(descriptor, False)

    def send(self, value: Any, deadline: float | None = None) -> None:
        """Send one frame.

        Parameters
        ----------
        deadline : float, optional
            In seconds of ``time.monotonic()``.
        """
        self.send_packed(pack(value), deadline)

    def send_packed(self, data: bytes, deadline: float | None = None) -> None:
        """Send one frame that was packed before, so that a fault of its value is told from one of the line."""
        self._write(memoryview(_HEADER.pack(len(data)) + data), deadline)

    def receive(self, deadline: float | None = None) -> Any:
        """Return the next frame's value."""
        (size,) = _HEADER.unpack(self._read(_HEADER.size, deadline))
        if size > FRAME_BYTES:
            raise WireError(f"a frame of {size} bytes; {FRAME_BYTES} are allowed")
        return unpack(self._read(size, deadline))

    def ready(self, deadline: float) -> bool:
        """Wait until something has arrived, or the deadline; tell which."""
        poll = select.poll()
        poll.register(self.descriptor, select.POLLIN)
        return bool(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))

    def waiting(self) -> bool:
        """Tell whether anything has arrived that was not read."""
        return self.ready(0.0)

    def close(self) -> None:
        """Close this end."""
        os.close(self.descriptor)

    def _write(self, data: memoryview, deadline: float | None) -> None:
        while data:
            try:
                data = data[os.write(self.descriptor, data) :]
            except BlockingIOError:
                self._wait(select.POLLOUT, deadline)
            except (BrokenPipeError, ConnectionResetError):
                raise Closed("the other side is gone") from None

    def _read(self, size: int, deadline: float | None) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            try:
                part = os.read(self.descriptor, min(size - len(parts), 2**20))
            except BlockingIOError:
                self._wait(select.POLLIN, deadline)
                continue
            except ConnectionResetError:
                part = b""
            if not part:
                raise Closed("the other side is gone")
            parts += part
        return bytes(parts)

    def _wait(self, event: int, deadline: float | None) -> None:
        poll = select.poll()
        poll.register(self.descriptor, event)
        left = None if deadline is None else deadline - time.monotonic()
        if (left is not None and left <= 0) or not poll.poll(None if left is None else left * 1000):
            raise TimedOut("the deadline passed")
