"""What `wire` promises for every value and for every string of bytes."""

from __future__ import annotations

import struct
from typing import Any

import msgpack
import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gradekit.worker.wire import Ref, WireError, pack, unpack

INTEGERS = st.integers(-(2**63), 2**64 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
REFS = st.builds(Ref, st.sampled_from(["handle", "stub", "opaque"]), INTEGERS, TEXTS.map(lambda text: text[:200]))
DTYPES = st.sampled_from("?bBhHiIlLqQefdFD").map(np.dtype)
ARRAYS = hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4))
LEAVES = st.none() | st.booleans() | INTEGERS | st.floats() | st.complex_numbers() | TEXTS | REFS | ARRAYS
KEYS = TEXTS | INTEGERS


def plain_values(leaves: Any = LEAVES) -> Any:
    """Every plain value: leaves in lists, tuples and dicts."""
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.lists(inner, max_size=4).map(tuple)
            | st.dictionaries(KEYS, inner, max_size=4)
        ),
        max_leaves=12,
    )


def garbage() -> Any:
    """Bytes that look like frames here and there: random ones, extensions with random content, damaged frames."""
    raw = st.binary(max_size=200)
    extensions = st.builds(lambda code, data: msgpack.packb(msgpack.ExtType(code, data)), st.integers(0, 6), raw)
    parts = (
        st.none() | st.integers(-3, 2**40) | st.text(max_size=8) | st.binary(max_size=20) | st.lists(st.integers(-2, 9))
    )
    shaped = st.builds(
        lambda code, parts: msgpack.packb([msgpack.ExtType(code, msgpack.packb(parts))]),
        st.integers(0, 6),
        st.lists(parts | st.sampled_from(["<f8", "|u1", "O", "stub"]), max_size=4),
    )
    damaged = st.builds(
        _damage, plain_values().map(pack), st.integers(0, 10**6), st.integers(0, 255), st.integers(0, 9)
    )
    return raw | extensions | shaped | damaged


def _damage(frame: bytes, place: int, byte: int, cut: int) -> bytes:
    place %= len(frame)
    return (frame[:place] + bytes([byte]) + frame[place + 1 :])[: len(frame) - cut]


def same(one: Any, two: Any) -> bool:
    """Tell whether two plain values are equal, of equal types, bit by bit: NaN and minus zero too."""
    if type(one) is not type(two):
        return False
    if isinstance(one, np.ndarray):
        return (one.dtype, one.shape, one.tobytes()) == (two.dtype, two.shape, two.tobytes())
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, dict):
        return list(one) == list(two) and all(same(one[key], two[key]) for key in one)
    if isinstance(one, float | complex):
        return bits(one) == bits(two)
    return bool(one == two)


def bits(number: complex) -> bytes:
    """Return a number's bits."""
    return struct.pack(">dd", number.real, number.imag)


@given(plain_values())
def test_every_plain_value_arrives_as_it_was(value: Any) -> None:
    """What is packed and unpacked is the same value, of the same types."""
    assert same(unpack(pack(value)), value)


@given(ARRAYS.filter(lambda array: array.ndim > 0), st.randoms())
def test_every_layout_of_an_array_arrives(array: np.ndarray[Any, Any], random: Any) -> None:
    """A transposed, strided, reversed or byte-swapped array arrives with its values, in order, writable and whole."""
    axes = list(range(array.ndim))
    random.shuffle(axes)
    turned = array.transpose(axes)[:: random.choice([1, -1, 2])]
    for view in (turned, turned.astype(turned.dtype.newbyteorder())):
        found = unpack(pack(view))
        assert found.shape == view.shape
        assert found.dtype == view.dtype.newbyteorder("=")
        assert np.array_equal(found, view, equal_nan=view.dtype.kind in "fc")
        assert found.flags.writeable
        assert found.base is None


@given(garbage())
@settings(max_examples=500)
@example(b"\xc1")
@example(b"\xc7\x00\x03")
def test_garbage_is_a_value_or_a_wire_error(data: bytes) -> None:
    """Whatever arrives is read as a plain value, or refused as a WireError; nothing else is ever raised."""
    try:
        value = unpack(data)
    except WireError:
        return
    assert_plain(value)


def assert_plain(value: Any) -> None:
    """Fail where a value holds anything that is not plain."""
    if type(value) in (list, tuple):
        for inner in value:
            assert_plain(inner)
    elif type(value) is dict:
        assert all(type(key) in (str, int) for key in value)
        assert_plain(list(value.values()))
    elif type(value) is np.ndarray:
        assert value.dtype.kind in "biufc"
    else:
        assert value is None or type(value) in (bool, int, float, complex, str, bytes, Ref)
