"""Frames: what is malformed, too large or late ends in a WireError, and what is plain arrives as it was."""

from __future__ import annotations

import os
import resource
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import msgpack
import numpy as np
import pytest

from gradekit.worker import wire
from gradekit.worker.wire import Channel, Closed, Ref, TimedOut, WireError, pack, unpack

NUMPY_2 = np.lib.NumpyVersion(np.__version__) >= "2.0.0"  # older ones make no array of more than 32 axes
SOON = 0.02  # seconds; long enough for a frame that is there, and all that a test waits


def ext(code: int, *parts: Any) -> bytes:
    """Return a frame that holds one extension."""
    return msgpack.packb(msgpack.ExtType(code, msgpack.packb(list(parts))))


@pytest.fixture
def line() -> Iterator[tuple[Channel, socket.socket]]:
    """Our end of a line, and the other side's bare socket."""
    ours, theirs = socket.socketpair()
    channel = Channel(ours.detach())
    yield channel, theirs
    channel.close()
    theirs.close()


def soon() -> float:
    """Return a deadline that is almost here."""
    return time.monotonic() + SOON


def test_tuples_within_tuples_are_not_held_again_and_again() -> None:
    """Many wrappings of much are refused before each is copied once more; a few of much, and many of little, arrive."""
    large = bytes(10 * 2**20)

    def wrapped(inner: Any, depth: int) -> Any:
        """Put a value into tuples."""
        return inner if depth == 0 else (wrapped(inner, depth - 1),)

    assert unpack(pack(wrapped(large, 5))) == wrapped(large, 5)
    assert unpack(pack(wrapped(1, 19))) == wrapped(1, 19)
    with pytest.raises(WireError, match="a tuple is malformed"):
        unpack(pack(wrapped(large, 9)))


# --- what does not travel --------------------------------------------------------------------------------------------


class Text(str):
    """A string with ideas of its own."""

    __slots__ = ()


class Array(np.ndarray):
    """An array with ideas of its own."""


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1, 2},
        2**64,
        -(2**63) - 1,
        Text("a"),
        "\ud800",
        np.float64(1),
        np.array([object()]),
        np.array(["a"]),
        np.zeros(2, "datetime64[D]"),
        np.zeros(2, [("a", float)]),
        np.zeros(2, np.longdouble),
        *([np.zeros((1,) * 33)] if NUMPY_2 else []),
        np.zeros(2).view(Array),
        [lambda: 0],
        print,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_plain_is_not_packed(value: Any) -> None:
    """Objects, subclasses, numbers beyond 64 bits and arrays of other things are refused where they are sent."""
    with pytest.raises(WireError, match="not a plain value"):
        pack({"x": [value]})


def test_containers_without_end_are_not_packed() -> None:
    """A list, a dict or a tuple that holds itself ends in a WireError, not in a crash."""
    endless: list[Any] = []
    endless.append(endless)
    circle: dict[str, Any] = {}
    circle["a"] = (circle,)
    for value in (endless, circle):
        with pytest.raises(WireError):
            pack(value)


def test_too_large_a_value_is_not_packed() -> None:
    """What would not fit into a frame is refused before a byte is sent."""
    with pytest.raises(WireError, match="a frame of"):
        pack(np.zeros(wire.FRAME_BYTES // 8 + 1))


# --- what is malformed -----------------------------------------------------------------------------------------------

ARRAY, TUPLE, COMPLEX, REF = 1, 2, 3, 4

MALFORMED = {
    "nothing": b"",
    "half a list": b"\x92\x01",
    "two values": b"\x01\x02",
    "a byte without meaning": b"\xc1",
    "invalid UTF-8": b"\xa2\xc3\x28",
    "a surrogate in UTF-8": b"\xa3\xed\xa0\x80",
    "a list of 4 000 000 000": b"\xdd\xf0\x00\x00\x00",
    "a dict of 4 000 000 000": b"\xdf\xf0\x00\x00\x00",
    "a text of 4 GB": b"\xdb\xff\xff\xff\xff",
    "key None": msgpack.packb({None: 1}),
    "key True": msgpack.packb({True: 1}),
    "key 1.5": msgpack.packb({1.5: 1}),
    "key of bytes": msgpack.packb({b"a": 1}),
    "key that is a list": b"\x81\x91\x01\x01",
    "key that is a dict": b"\x81\x81\x01\x01\x01",
    "unknown extension": ext(5, 1),
    "extension 127": ext(127, 1),
    "a negative extension": b"\xd4\xfe\x00",
    "a time": b"\xd6\xff\x00\x00\x00\x01",
    "a time in a list": b"\x91\xd6\xff\x00\x00\x00\x01",
    "a time in a dict": b"\x81\x01\xd6\xff\x00\x00\x00\x01",
    "a time in a tuple": msgpack.packb(msgpack.ExtType(TUPLE, b"\x91\xd6\xff\x00\x00\x00\x01")),
    "a time of no length": b"\xc7\x03\xff\x00\x00\x00",
    "tuple of a number": msgpack.packb(msgpack.ExtType(TUPLE, b"\x01")),
    "tuple of nothing": msgpack.packb(msgpack.ExtType(TUPLE, b"")),
    "tuple with an unknown extension": ext(TUPLE, msgpack.ExtType(9, b"")),
    "complex of 3 bytes": msgpack.packb(msgpack.ExtType(COMPLEX, b"abc")),
    "complex of 17 bytes": msgpack.packb(msgpack.ExtType(COMPLEX, b"a" * 17)),
    "reference of another kind": ext(REF, "answer", 0, ""),
    "reference without number": ext(REF, "stub", "0", ""),
    "reference with a bool": ext(REF, "stub", *[True], ""),
    "reference with a long text list": ext(REF, "stub", 0, ["a"]),
    "reference of two parts": ext(REF, "stub", 0),
    "reference in a reference": ext(REF, "stub", 0, msgpack.ExtType(REF, b"")),
    "array of nothing": ext(ARRAY),
    "array of four parts": ext(ARRAY, "<f8", [1], b"\0" * 8, 1),
    "array in an array": ext(ARRAY, "<f8", [1], msgpack.ExtType(ARRAY, b"")),
    "array with a text for bytes": ext(ARRAY, "<f8", [1], "\0" * 8),
    "array with too few bytes": ext(ARRAY, "<f8", [2], b"\0" * 8),
    "array with too many bytes": ext(ARRAY, "<f8", [1], b"\0" * 16),
    "array with half an element": ext(ARRAY, "<f8", [1], b"\0" * 7),
    "array of size -1": ext(ARRAY, "<f8", [-1], b"\0" * 8),
    "array of sizes -1, -1": ext(ARRAY, "<f8", [-1, -1], b"\0" * 8),
    "array of size True": ext(ARRAY, "<f8", [True], b"\0" * 8),
    "array of size 1.0": ext(ARRAY, "<f8", [1.0], b"\0" * 8),
    "array of size [1]": ext(ARRAY, "<f8", [[1]], b"\0" * 8),
    "array whose shape is a number": ext(ARRAY, "<f8", 1, b"\0" * 8),
    "array of 2**62 elements": ext(ARRAY, "<f8", [2**62], b"\0" * 8),
    "array of 2**64-1 elements": ext(ARRAY, "<f8", [2**64 - 1], b"\0" * 8),
    "array of 2**32 by 2**32 by 0": ext(ARRAY, "<f8", [2**32, 2**32, 0], b""),
    "array whose size overflows to 1": ext(ARRAY, "|u1", [2**32, 2**32], b"\0"),
    "array of 33 axes": ext(ARRAY, "<f8", [1] * 33, b"\0" * 8),
    "array of 100 000 axes": ext(ARRAY, "<f8", [1] * 100_000, b"\0" * 8),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_frame_is_refused(name: str) -> None:
    """Each malformed frame is a WireError, and nothing else."""
    with pytest.raises(WireError, match="malformed"):
        unpack(MALFORMED[name])


@pytest.mark.parametrize(
    "dtype",
    [
        *[
            "O",
            "|O",
            "V8",
            "<U5",
            "S8",
            "a8",
            ",",
            "f4,f4",
            "(,)f4",
            "(2,)f4",
            "2f4",
            "M8[s]",
            "m8",
            "g",
            "<f16",
            ">f8",
        ],
        *["", "float64", "int", "f8 ", " f8", "\u0661f8", "f8\0", "__import__"],
        *[8, None, ["<f8"], [["a", "<f8"]], {"a": 1}],
    ],
    ids=repr,
)
def test_evil_dtype_is_refused(dtype: Any) -> None:
    """Only the fourteen plain dtypes are read; numpy never gets to parse a text of the learner's."""
    with pytest.raises(WireError, match="malformed"):
        unpack(ext(ARRAY, dtype, [1], b"\0" * 8))


def test_too_many_items_are_refused() -> None:
    """Items are counted over all containers of a frame, inside of extensions too."""
    flat = msgpack.packb([0] * (wire.ITEMS + 1))
    spread = msgpack.packb([[0] * 1000] * (wire.ITEMS // 1000 + 1))
    hidden = msgpack.packb([msgpack.ExtType(TUPLE, msgpack.packb([0] * 1000))] * (wire.ITEMS // 1000 + 1))
    empty = msgpack.packb([[]] * wire.ITEMS)
    for frame in (flat, spread, hidden, empty):
        with pytest.raises(WireError, match="malformed"):
            unpack(frame)
    assert len(unpack(msgpack.packb([0] * (wire.ITEMS - 1)))) == wire.ITEMS - 1


@pytest.mark.parametrize(
    "header",
    [b"\x91", b"\x81\x01", b"\xdd\x00\x06\x1a\x80", b"\xdf\x00\x06\x1a\x80\x01"],
    ids=lambda header: header.hex(),
)
@pytest.mark.parametrize("times", [1000, 2_000_000])
def test_deep_frame_is_refused(header: bytes, times: int) -> None:
    """Containers in containers, each as long as it dares to say, take neither the stack nor the memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(WireError, match="malformed"):
        unpack((header * times)[: wire.FRAME_BYTES])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kilobytes


def test_tuples_in_tuples_do_not_end_our_process() -> None:
    """Six hundred tuples inside of each other, which would take 24 MB of the C stack, are refused."""
    code = (
        "import msgpack\nfrom gradekit.worker.wire import WireError, unpack\nframe = msgpack.packb([1])\n"
        "for _ in range(600):\n    frame = msgpack.packb([msgpack.ExtType(2, frame)])\n"
        "try:\n    unpack(frame)\nexcept WireError:\n    print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "refused\n")


def test_tuples_as_deep_as_answers_go_arrive() -> None:
    """Twenty containers inside of each other, as many as an answer may have, are read."""
    value: Any = 1
    for _ in range(20):
        value = (value,)
    assert unpack(pack(value)) == value


# --- the line --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [wire.FRAME_BYTES + 1, 2**32 - 1])
def test_frame_of_gigabytes_is_refused_at_its_header(line: tuple[Channel, socket.socket], size: int) -> None:
    """A header that announces too much ends the talk before anything is read or made room for."""
    channel, theirs = line
    theirs.sendall(struct.pack(">I", size))
    with pytest.raises(WireError, match="a frame of"):
        channel.receive(soon())


def test_frame_of_no_length_is_malformed(line: tuple[Channel, socket.socket]) -> None:
    """An empty frame holds no value."""
    channel, theirs = line
    theirs.sendall(bytes(4))
    with pytest.raises(WireError, match="malformed"):
        channel.receive(soon())


@pytest.mark.parametrize("sent", [b"", b"\0\0", b"\0\0\0\x09", b"\0\0\0\x09\x93\x01"], ids=len)
def test_truncated_frame(line: tuple[Channel, socket.socket], sent: bytes) -> None:
    """Part of a frame is waited for until the deadline; a hang-up in its midst is an end."""
    channel, theirs = line
    theirs.sendall(sent)
    with pytest.raises(TimedOut):
        channel.receive(soon())
    theirs.close()
    with pytest.raises(Closed):
        channel.receive(soon())


def test_silence_ends_at_the_deadline(line: tuple[Channel, socket.socket]) -> None:
    """Receiving from one who says nothing ends when it should, one long past included."""
    for deadline in (soon(), time.monotonic() - 100):
        with pytest.raises(TimedOut):
            line[0].receive(deadline)


def test_sending_to_one_who_never_reads_ends_at_the_deadline(line: tuple[Channel, socket.socket]) -> None:
    """A frame larger than the socket's buffer does not hold us when nobody takes it."""
    begin = time.monotonic()
    with pytest.raises(TimedOut):
        line[0].send(np.zeros(2**20), soon())
    assert time.monotonic() - begin < 5


def test_hang_up_is_told_from_lateness(line: tuple[Channel, socket.socket]) -> None:
    """Sending to, and receiving from, one who is gone is Closed."""
    channel, theirs = line
    theirs.close()
    with pytest.raises(Closed):
        channel.receive(soon())
    with pytest.raises(Closed):
        channel.send(1, soon())


def test_what_arrived_before_a_hang_up_is_read(line: tuple[Channel, socket.socket]) -> None:
    """A whole frame is a whole frame, even of one who has gone."""
    channel, theirs = line
    theirs.sendall(struct.pack(">I", 1) + b"\x07")
    theirs.close()
    assert channel.receive(soon()) == 7


def test_frames_follow_each_other(line: tuple[Channel, socket.socket]) -> None:
    """Frames sent in one go are read one by one, and waiting says when there are more."""
    channel, theirs = line
    assert not channel.waiting()
    theirs.sendall(b"".join(struct.pack(">I", 1) + bytes([value]) for value in (1, 2)))
    assert channel.waiting()
    assert [channel.receive(soon()), channel.receive(soon())] == [1, 2]
    assert not channel.waiting()


def test_a_value_that_does_not_travel_sends_nothing(line: tuple[Channel, socket.socket]) -> None:
    """Half a frame is never on the line."""
    channel, theirs = line
    with pytest.raises(WireError):
        channel.send(object())
    channel.send(3)
    assert theirs.recv(100) == struct.pack(">I", 1) + b"\x03"


def test_two_channels_talk() -> None:
    """What one end sends the other receives."""
    reader, writer = os.pipe()
    ends = Channel(reader), Channel(writer)
    ends[1].send({"a": (1, 2.5, Ref("handle", 3, "a Net"))}, soon())
    assert ends[0].receive(soon()) == {"a": (1, 2.5, Ref("handle", 3, "a Net"))}
    for end in ends:
        end.close()


def test_text_of_a_reference_is_cut() -> None:
    """What a learner's object says of itself is short."""
    assert len(unpack(ext(REF, "handle", 1, "a" * 10_000)).text) == 200
