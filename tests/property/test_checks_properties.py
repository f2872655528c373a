"""What `checks` promises for every array, whatever its shape and values."""

import math
import re

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gradekit import checks
from gradekit.checks import compare

SIZES = {"batch_size": 7, "sequence_length": 3, "n_x": 11, "n_y": 5}

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)
ANY_FLOATS = st.floats(allow_nan=True, allow_infinity=True)
SEEDS = st.integers(0, 2**32 - 1)
FACTORS = st.sampled_from(
    [(size, name) for name, size in SIZES.items()]
    + [(m * n, f"{a} × {b}") for i, (a, m) in enumerate(SIZES.items()) for b, n in list(SIZES.items())[i + 1 :]]  # noqa: RUF001
)


def arrays(elements=NUMBERS, shapes=SHAPES):
    """Arrays of float64 of any small shape, zero-size ones and single numbers included."""
    return hnp.arrays(np.float64, shapes, elements=elements)


@st.composite
def generic_arrays(draw, min_dims=1, min_side=2):
    """Arrays without any pattern: random values away from zero, two of them never near each other by design."""
    shape = draw(hnp.array_shapes(min_dims=min_dims, max_dims=3, min_side=min_side, max_side=5))
    rng = np.random.default_rng(draw(SEEDS))
    ranks = rng.permutation(math.prod(shape)).reshape(shape)
    return (1 + ranks + rng.uniform(0, 0.5, shape)) * rng.choice([-1.0, 1.0], shape)


@st.composite
def places(draw, array):
    """Any index of an array."""
    return tuple(draw(st.integers(0, size - 1)) for size in array.shape)


def nested(value):
    """Nest arrays and numbers in dicts, lists and tuples."""
    return st.recursive(
        value,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.lists(inner, max_size=3).map(tuple)
            | st.dictionaries(st.sampled_from(["Wx", "Wh", "b"]), inner)
        ),
        max_leaves=6,
    )


# --- what is wrong is never accepted --------------------------------------------------------


@given(data=st.data(), reference=arrays(), relative=st.floats(1e-5, 1e3), sign=st.sampled_from([-1, 1]))
def test_one_wrong_element_is_never_accepted(data, reference, relative, sign):
    """A perturbation beyond tolerance in one element is a finding, whatever else it looks like."""
    assume(reference.size)
    answer, at = reference.copy(), data.draw(places(reference))
    answer[at] += sign * (1e-8 + relative * abs(reference[at]))
    assert compare(answer, reference) is not None


@given(data=st.data(), reference=arrays(), bad=st.sampled_from([np.nan, np.inf, -np.inf]))
def test_nan_is_never_accepted_and_located(data, reference, bad):
    """One NaN or infinity is found at its own index."""
    assume(reference.size)
    answer, at = reference.copy(), data.draw(places(reference))
    answer[at] = bad
    finding = compare(answer, reference)
    assert finding.label == "not_finite"
    assert not at or f"index {at}" in finding.message


@given(answer=arrays(ANY_FLOATS), reference=arrays())
def test_accepted_exactly_where_every_element_is_near(answer, reference):
    """Acceptance is the formula of the docstring and nothing else; diagnosing never raises."""
    near = answer.shape == reference.shape and all(
        abs(a - r) <= 1e-9 + 1e-6 * abs(r)
        for a, r in zip(answer.ravel().tolist(), reference.ravel().tolist(), strict=True)
    )
    assert (compare(answer, reference, sizes=SIZES) is None) == near


@given(answer=arrays(st.floats(allow_nan=False, allow_infinity=False)), seed=SEEDS)
def test_extreme_values_are_diagnosed_without_a_warning(answer, seed):
    """Values near the ends of float64 overflow quietly; warnings are errors here."""
    reference = np.random.default_rng(seed).normal(size=answer.shape) * 1e300
    finding = compare(answer, reference, sizes=SIZES)
    assert finding is None or finding.message


# --- what is right is accepted --------------------------------------------------------------


@given(reference=nested(arrays() | NUMBERS))
def test_equal_values_are_accepted_at_any_shape(reference):
    """A copy of the reference is accepted: arrays of any shape, nested anyhow."""
    assert compare(checks.snapshot(reference), reference) is None


@given(reference=arrays(shapes=hnp.array_shapes(max_dims=3, max_side=4)))
def test_lists_and_layouts_are_accepted(reference):
    """The same values in lists, in Fortran order or seen through strides are accepted."""
    assert compare(reference.tolist(), reference) is None
    assert compare(np.asfortranarray(reference), reference) is None
    assert compare(np.repeat(reference, 2, axis=0)[::2], reference) is None


@given(reference=arrays(), seed=SEEDS)
def test_rounding_is_accepted(reference, seed):
    """Noise within half the tolerance is accepted."""
    noise = np.random.default_rng(seed).uniform(-5e-7, 5e-7, reference.shape)
    assert compare(reference * (1 + noise), reference) is None


# --- the diagnosis --------------------------------------------------------------------------


@given(reference=generic_arrays(), factor=FACTORS)
def test_named_factor_is_diagnosed_as_itself(reference, factor):
    """Scaling by a size, or by a product of two, is named in words; so is the reciprocal."""
    value, words = factor
    large, small = (compare(array, reference, sizes=SIZES) for array in (reference * value, reference / value))
    assert large.label == small.label == "factor"
    assert f"{value} times too large, and {value} = " in large.message
    assert f"{value} times too small, and {value} = " in small.message
    assert words in large.message
    assert words in small.message


@given(reference=generic_arrays())
def test_flipped_sign_is_diagnosed(reference):
    """Minus the reference is a wrong sign, everywhere."""
    assert compare(-reference, reference).message.startswith("Every value of the answer has the wrong sign")


@given(reference=generic_arrays(min_dims=2))
def test_transposed_array_is_diagnosed(reference):
    """Swapping the first two axes is called transposed, also where the shape stays the same."""
    assert compare(np.swapaxes(reference, 0, 1), reference).label == "transposed"


@given(reference=generic_arrays(min_side=3), data=st.data())
def test_mixed_samples_are_another_order(reference, data):
    """Samples in another order are told from wrong values."""
    order = data.draw(st.permutations(range(len(reference))))
    assume(order != sorted(order))
    assert compare(reference[list(order)], reference).label == "order"


@given(reference=generic_arrays(min_dims=2), data=st.data())
def test_wrong_axis_of_softmax_is_diagnosed(reference, data):
    """Distributions along another axis than the last are recognised."""
    axis = data.draw(st.integers(0, reference.ndim - 2))
    e = np.exp(reference / reference.size)
    assert compare(e / e.sum(axis, keepdims=True), e / e.sum(-1, keepdims=True)).label == "axis"


# --- nothing leaks, nothing changes ---------------------------------------------------------


@given(reference=generic_arrays(), answer=st.data())
def test_message_never_shows_a_reference_value(reference, answer):
    """Whatever the answer, the message holds no value of the reference, at any number of digits from five."""
    how = answer.draw(
        st.sampled_from(
            [
                lambda r: r * 0,
                lambda r: r * 0 + 1,
                lambda r: -r,
                lambda r: 14 * r,
                lambda r: 0.77 * r,
                lambda r: r + 100,
                lambda r: r[::-1],
                lambda r: r.T,
                np.abs,
                lambda r: r * 1.0001,
                lambda r: np.where(r > 0, r, 0),
                lambda r: r[0],
                lambda r: (r * 3).tolist(),
                lambda _: None,
                lambda r: np.where(r > 0, np.nan, r),
            ]
        )
    )
    finding = compare(how(reference), reference, sizes=SIZES)
    secrets = {f"{abs(value):.{digits}g}" for value in reference.ravel() for digits in (5, 6, 9, 17)}
    # -1.00003 is 1 at five digits, and an answer of ones is told that it is 1: so few digits are nobody's secret.
    long = {secret for secret in secrets if sum(map(str.isdigit, secret.lstrip("0."))) >= 4}
    assert finding is None or not any(secret in finding.message for secret in long), finding


@given(secret=st.floats(0.1, 0.9), guess=st.sampled_from([0.0, 1.0, -1.0, 2.0]), size=st.integers(1, 4))
def test_constant_guess_does_not_work_out_the_reference(secret, guess, size):
    """Answering ones to a constant reference tells no ratio, from which the reference would follow."""
    assume(all(abs(secret * k - 1) > 1e-3 for k in (2, 4)))
    finding = compare(np.full(size, guess), np.full(size, secret))
    assert finding.label in {"values", "precision"}


@given(answer=nested(arrays(ANY_FLOATS) | ANY_FLOATS), reference=nested(arrays() | NUMBERS))
def test_compare_changes_neither_side(answer, reference):
    """Both sides are as before, whatever they are, and whatever is found."""
    before = checks.snapshot([answer, reference])
    compare(answer, reference, sizes=SIZES)
    assert checks.changed(before, [answer, reference]) is None


@given(value=nested(arrays(ANY_FLOATS) | ANY_FLOATS | st.text() | st.none()))
def test_snapshot_equals_its_original(value):
    """Nothing has changed right after a snapshot, NaN included."""
    assert checks.changed(checks.snapshot(value), value) is None


@given(value=nested(arrays(shapes=hnp.array_shapes(min_dims=1, max_dims=2))), data=st.data())
def test_any_single_write_is_noticed(value, data):
    """One element written in one array, however deep, is found."""

    def leaves(node):
        if isinstance(node, np.ndarray):
            return [node]
        return [leaf for item in (node.values() if isinstance(node, dict) else node) for leaf in leaves(item)]

    found = leaves(value)
    assume(found)
    before = checks.snapshot(value)
    leaf = data.draw(st.sampled_from(found))
    leaf[data.draw(places(leaf))] += 1
    assert checks.changed(before, value, path="x").startswith("x")


# --- words ----------------------------------------------------------------------------------

LONGEST = 1500  # characters of any message
TEXTS = st.sampled_from(
    [
        ("x", 4_000_000),
        ("名", 100_000),
        ("\n", 10_000),
        ("\u202e", 5_000),
        ("\ud800", 5_000),
        ("a b", 10_000),
        ("'", 9_000),
        ("", 1),
    ]
).map(lambda recipe: recipe[0] * recipe[1])
KEYS = TEXTS | st.sampled_from([(10, 5_000), (-10, 4_001), (7, 1)]).map(lambda recipe: recipe[0] ** recipe[1])
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def said(check, *args, **kwargs):
    """Return what a visible check says; '' where nothing."""
    try:
        check(*args, **kwargs)
    except checks.CheckFailed as failed:
        return str(failed)
    return ""


@given(key=KEYS, other=KEYS, name=TEXTS, depth=st.integers(0, 30))
def test_no_message_is_longer_than_a_page(key, other, name, depth):
    """Keys and names of any length, any script and any size are cut where the message is made."""
    wrong, right = {key: np.ones(2), "Wx": [np.zeros(2)]}, {"Wx": [np.ones(2)], "Wh": np.ones(2)}
    deep, mended = {key: np.zeros(2)}, {key: np.ones(2)}
    for _ in range(depth):
        deep, mended = {key: deep}, {key: mended}

    def writes(x):
        while isinstance(x, dict):
            x = next(iter(x.values()))
        x += 1

    writes.__name__ = name.replace("\0", "").encode("utf-8", "replace").decode()
    row = np.array([[0.5, 0.6]])
    texts = [
        said(checks.close, wrong, right, name=name),
        said(checks.close, {"Wx": np.ones(2)}, {"Wx": np.zeros(2)}, name=name),
        said(checks.close, type(writes.__name__, (), {})(), right, name=name),
        said(checks.keys, wrong, ["Wh"], name=name),
        said(checks.keys, dict.fromkeys([key, other, *range(1000)]), [f"W{k}" for k in range(1000)], name=name),
        said(checks.unchanged, writes, deep),
        said(checks.different, deep, deep, name=name),
        said(checks.rows_sum_to_one, row, name=name),
        said(checks.shape, row, (1,), name=name),
        said(checks.finite, row * np.nan, name=name),
        said(checks.close, name, "right", name="x"),
        str(checks.changed(deep, mended)),
    ]
    assert all(texts)
    assert max(map(len, texts)) <= LONGEST


@given(
    shape=hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=5),
    seed=SEEDS,
    off=st.floats(2e-6, 0.5),
)
def test_a_sum_that_is_not_one_does_not_read_as_one(shape, seed, off):
    """Rounding never hides what the message says."""
    x = np.random.default_rng(seed).uniform(0.1, 1, shape)
    x /= x.sum(axis=-1, keepdims=True)
    text = said(checks.rows_sum_to_one, x * (1 + off), name="p")
    assert float(NUMBER.findall(text.partition("sums to ")[2])[0].rstrip(".")) != 1


@given(reference=arrays(), relative=st.floats(1e-9, 1e-3), rtol=st.sampled_from([1e-10, 1e-8, 1e-6]), seed=SEEDS)
def test_the_two_numbers_of_a_message_differ(reference, relative, rtol, seed):
    """Yours and the expected one never look the same, nor a factor like one, whatever the tolerance."""
    factors = 1 + relative * np.random.default_rng(seed).integers(0, 2, reference.shape)
    for answer in (reference * factors, reference * (1 + relative)):
        finding = compare(answer, reference, rtol=rtol, atol=0.0)
        if finding is not None:
            yours, expected = finding.detail.partition("is ")[2].rstrip(".").split(", expected ")
            assert yours != expected
            assert " is 1 times" not in finding.message


@given(data=st.data(), seed=SEEDS)
def test_a_distribution_is_never_said_to_run_along_a_wrong_axis(data, seed):
    """Normalised over everything or over one axis, a message names that or nothing, of one column or one row too."""
    shape = data.draw(hnp.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=4))
    axis = data.draw(st.sampled_from([None, *range(len(shape) - 1)]))
    e = np.random.default_rng(seed).uniform(0.2, 3, shape)
    finding = compare(e / e.sum(axis=axis, keepdims=True), e / e.sum(axis=-1, keepdims=True), name="p")
    text = finding.message if finding else ""
    told = "columns" in text or "along axis" in text
    assert not (axis is None and told)
    assert not (axis is not None and "together" in text)
    assert f"along axis {1 - axis if axis in (0, 1) else None}" not in text


# --- numeric gradients ----------------------------------------------------------------------


@given(parameter=arrays(st.floats(-2, 2, allow_subnormal=False), hnp.array_shapes(min_dims=0, max_dims=3, max_side=3)))
def test_numeric_gradient_is_the_derivative_and_restores(parameter):
    """Central differences agree with the formula of a sum of sines, and leave every bit as it was."""
    before = parameter.tobytes()
    numeric = checks.numeric_gradient(lambda: float(np.sin(parameter).sum()), parameter)
    assert np.allclose(numeric, np.cos(parameter), rtol=0, atol=1e-8)
    assert parameter.tobytes() == before
