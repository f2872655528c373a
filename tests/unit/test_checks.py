"""Does `checks` say what is wrong, and accept what is right? These are its cases."""

import ast
import sys
import tracemalloc
from collections import OrderedDict, namedtuple
from pathlib import Path

import numpy as np
import pytest

from gradekit import checks
from gradekit.checks import CheckFailed, Finding, compare

SIZES = {"batch_size": 7, "sequence_length": 2, "n_y": 5}
HUGE = np.broadcast_to(1.0, (10**9,))  # eight gigabytes if ever copied


def values(*shape):
    """Draw values without any symmetry; always the same ones."""
    return np.random.default_rng(11).normal(size=shape)


def softmax(x, axis=-1):
    """Normalise over an axis, or over everything for None."""
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)


def found(answer, reference, **options):
    """Compare what must not be accepted."""
    finding = compare(answer, reference, name="f(x)", **options)
    assert isinstance(finding, Finding)
    return finding


class Liar(np.ndarray):
    """An array that calls itself equal to everything, and of any shape."""

    shape = (2, 3)
    dtype = np.dtype(np.float64)

    def __eq__(self, other):
        return True

    __hash__ = None

    def __array_function__(self, *_):
        return True

    def __array_ufunc__(self, *_, **__):
        return np.float64(0)

    def __array__(self, *_, **__):
        return values(2, 3)


class Pretender:
    """No array at all, though it says so."""

    __class__ = np.ndarray
    shape = (2, 3)

    def __array__(self, *_, **__):
        return values(2, 3)

    def __eq__(self, other):
        return True

    __hash__ = None


# --- compare: wrong in kind -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "label", "words"),
    [
        (None, "none", "return?"),
        ("text", "type", "str"),
        (np.sin, "type", "ufunc"),
        ({"a": 1}, "type", "dict"),
        (Pretender(), "type", "Pretender"),
        (values(2, 3) > 0, "dtype", "True or False"),
        (values(2, 3).astype(object), "dtype", "object"),
        (values(2, 3).astype("U8"), "dtype", "str"),
        (np.zeros((2, 3), "M8[s]"), "dtype", "datetime"),
        (values(2, 3) + 1j, "dtype", "complex"),
        (values(2, 3) * complex(1, np.nan), "dtype", "complex"),
        (values(3, 2), "transposed", "(3, 2)"),
        (values(2, 3, 1), "shape", "length 1"),
        (values(6), "shape", "number of axes is 1"),
        (values(2, 4), "shape", "axis 1"),
        (np.zeros((0, 3)), "shape", "(0, 3)"),
        (1.0, "shape", "()"),
        ([], "type", "(0,)"),
        ([[1.0, 2.0, 3.0]], "type", "(1, 3)"),
        ([[1.0, 2.0, 3.0], [1.0, 2.0]], "type", "one shape"),
        ([[1.0, 2.0, 3.0], "abc"], "type", "list"),
        ([[1.0, 2.0, 10**400]] * 2, "type", "list"),
        ([[1.0, 2.0, np.datetime64(0, "s")]] * 2, "type", "list"),
        ([[1.0, 2.0, Pretender()]] * 2, "type", "list"),
        ((values(2, 3) * 2).tolist(), "type", "2 times too large"),
    ],
)
def test_what_is_no_such_array_is_named(answer, label, words):
    """An answer of the wrong kind gets the finding of that kind, in words."""
    finding = found(answer, values(2, 3))
    assert (finding.label, words in finding.message) == (label, True), finding


@pytest.mark.parametrize("answer", [True, np.True_, np.array([1.5]), np.array([[1.5]]), [1.5], 10**400, "1.5", 1.5j])
def test_what_is_no_single_number_is_refused(answer):
    """A truth value, an array of one, a list or text does not pass for a number."""
    finding = found(answer, 1.5)
    assert finding.label in {"dtype", "shape", "type"}
    assert finding.label != "shape" or "a single number is wanted" in finding.message


def test_entry_that_is_none_is_asked_about_filling_not_return():
    """A None inside a dictionary is not blamed on a missing return."""
    assert "filled" in found({"dW": None}, {"dW": 1.0}).message


@pytest.mark.parametrize(
    "bad", [np.nan, [1.0, np.inf], {"a": [np.nan]}, (1.0, -np.inf), complex(0, np.inf), object(), b"bytes"]
)
def test_bad_reference_is_our_fault(bad):
    """A reference that is not made of finite numbers raises instead of judging."""
    with pytest.raises(ValueError, match="reference for f"):
        compare(bad, bad, name="f(x)")


# --- compare: hostile answers ---------------------------------------------------------------


def test_lying_subclass_is_judged_by_its_values():
    """An array subclass cannot overrule the comparison by overriding it."""
    assert found(np.zeros((2, 3)).view(Liar), values(2, 3)).label == "constant"
    assert found(np.zeros(4).view(Liar), values(2, 3)).label == "shape"
    assert found([np.zeros(3).view(Liar)] * 2, values(2, 3)).label == "type"
    assert compare(values(2, 3).view(Liar), values(2, 3)) is None


@pytest.mark.parametrize("answer", [HUGE, [HUGE], [[HUGE], [HUGE]], (HUGE, HUGE), {"a": HUGE}])
@pytest.mark.parametrize("reference", [values(2, 3), 1.0, (1.0, 2.0, 3.0), {"a": 1.0}])
def test_huge_broadcast_array_takes_no_memory(answer, reference):
    """A shape that does not fit is found before anything is copied."""
    tracemalloc.start()
    try:
        found(answer, reference)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10**6


def test_list_that_holds_itself_is_refused():
    """A list without end does not hang or crash the comparison."""
    endless = []
    endless.append(endless)
    assert found(endless, values(2, 3)).label == "type"


def test_containers_are_read_past_their_overrides():
    """Subclasses of list, dict and str are judged by what they hold."""

    class FullList(list):
        def __iter__(self):
            return iter([1.0, 2.0])

    class FullDict(dict):
        def __getitem__(self, key):
            return 1.0

        def __contains__(self, key):
            return True

    class EqualText(str):
        __slots__ = ()

        def __eq__(self, other):
            return True

        __hash__ = None

    assert found(FullList([0.0, 0.0]), (1.0, 2.0)).label == "values"
    assert found(FullDict(), {"a": 1.0}).label == "missing"
    assert found(EqualText("b"), "a").label == "values"


def test_hostile_keys_are_passed_over():
    """A key that equals everything stands for no key."""

    class AnyKey:
        def __eq__(self, other):
            return True

        def __hash__(self):
            return hash("a")

    assert found({AnyKey(): 1.0}, {"a": 1.0}).label == "missing"


# --- compare: wrong in value ----------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_first_value_that_is_not_finite_is_located(bad):
    """A NaN or infinity is located and counted, before any other diagnosis."""
    answer = 14 * values(7, 2, 5)
    answer[3, 1, 2] = answer[4] = bad
    finding = found(answer, values(7, 2, 5), sizes=SIZES)
    assert finding.label == "not_finite"
    assert "(3, 1, 2)" in finding.message
    assert "11 of 70" in finding.message
    assert ("NaN" if np.isnan(bad) else "infinite") in finding.message.split(";")[0]


@pytest.mark.parametrize(
    ("factor", "label", "words"),
    [
        (-1, "sign", "wrong sign"),
        (2, "factor", "2 = sequence_length (or a plain 2)"),
        (0.5, "factor", "2 times too small"),
        (7, "factor", "7 = batch_size. Where should that division stand?"),
        (1 / 5, "factor", "5 times too small, and 5 = n_y. Is something divided once too often?"),
        (14, "factor", "14 times too large, and 14 = batch_size × sequence_length"),  # noqa: RUF001
        (1 / 70, "factor", "70 = batch_size × sequence_length × n_y"),  # noqa: RUF001
        (4, "factor", "4 = sequence_length × sequence_length. Is it multiplied by"),  # noqa: RUF001
        (1 / 49, "factor", "49 times too small: one constant factor"),
        (-14, "factor", "with the wrong sign"),
        (3.25, "factor", "one constant factor"),
    ],
)
def test_constant_factor_is_named(factor, label, words):
    """A constant factor is found and put in words of the sizes, near-zero values notwithstanding."""
    reference = values(7, 2, 5)
    reference[0, 0, :2] = 0, 1e-14
    finding = found(factor * reference, reference, sizes=SIZES)
    assert (finding.label, words in finding.message) == (label, True), finding


def test_ambiguous_factor_names_every_candidate():
    """Where two sizes are equal, the message does not pretend to know which one it is."""
    message = found(3 * values(4), values(4), sizes={"batch_size": 3, "sequence_length": 3, "n": 1}).message
    assert "3 = batch_size or sequence_length." in message


def test_size_that_multiplies_where_it_should_divide_is_named():
    """`total / N * T` is T × T times too large, and a single number tells; a product of two sizes goes before."""  # noqa: RUF002
    message = found(5.0 / 2 * 3, 5.0 / (2 * 3), sizes={"batch_size": 2, "sequence_length": 3}).message
    assert "9 = sequence_length × sequence_length. Is it multiplied by sequence_length, not divided?" in message  # noqa: RUF001
    assert "9 = a × b. Where" in found(9 * values(4), values(4), sizes={"a": 3, "b": 3}).message  # noqa: RUF001


def test_plain_two_without_sizes():
    """A factor of two is named though no size is given."""
    assert "Where does a 2" in found(2 * values(4), values(4)).message


def test_single_number_shows_no_unnamed_factor():
    """Any number is a multiple of another: only named factors are told, else the reference could be worked out."""
    assert found(3.0, 1.5).label == "factor"
    assert found(1.0, 0.625).label == "values"
    assert "0.625" not in found(1.0, 0.625).message
    assert found(np.ones(3), np.full(3, 0.625)).label == "values"
    assert found([0.0, 1.0, 1.0], np.array([0.0, 0.625, 0.625])).message.count("0.625") == 0


def test_nearly_equal_factor_is_a_matter_of_precision():
    """What is nearly right is not called a factor of 1."""
    assert found(values(9) + 1e-6, values(9)).label == "shift"
    assert found(values(9) * (1 + 1e-5 * np.arange(9)), values(9)).label == "precision"
    assert found(1.5001, 1.5).label == "precision"
    assert found(5001, 5000).label == "values"


@pytest.mark.parametrize(
    ("make", "label", "words"),
    [
        (lambda r: r * 0, "constant", "is 0"),
        (lambda r: r * 0 + 3, "constant", "filled"),
        (np.abs, "sign", "wrong sign"),
        (lambda r: r + 1, "shift", "same amount"),
        (lambda r: r[::-1], "order", "reversed along axis 0"),
        (lambda r: r[:, ::-1], "order", "reversed along axis 1"),
        (lambda r: r[[1, 2, 0, 3]], "order", "another order along axis 0"),
        (lambda r: r.reshape(5, 4, 3).T.reshape(4, 3, 5), "order", "another order."),
        (lambda r: np.concatenate([r[:1] + 9, r[:-1]]), "order", "too late along axis 0"),
        (lambda r: np.concatenate([r[:, 1:], r[:, :1] + 9], axis=1), "order", "too early along axis 1"),
        (lambda r: r * np.array([1, 2, 3])[:, None], "time", "t = 0 is right"),
        (lambda r: r * np.array([3, 2, 1])[:, None], "time", "last time step"),
        (lambda r: r * np.array([1, 2, 3, 4])[:, None, None], "part", "first sample"),
        (lambda r: r * np.arange(1, 6), "part", "first index"),
        (lambda r: r + 5 * (np.arange(60).reshape(4, 3, 5) % 7 == 3), "values", "9 of 60"),
        (np.float32, "precision", "float32"),
    ],
)
def test_pattern_of_wrong_values_is_named(make, label, words):
    """Each well-known pattern in an array (N, T, n) has its own words."""
    finding = found(make(values(4, 3, 5)), values(4, 3, 5), rtol=1e-9)
    assert (finding.label, words in finding.message) == (label, True), finding


@pytest.mark.parametrize(
    ("answer", "reference", "words"),
    [
        (softmax(values(3, 4), axis=0), softmax(values(3, 4)), "columns"),
        (softmax(values(3, 4), axis=None), softmax(values(3, 4)), "together"),
        (softmax(values(3, 4, 5), axis=1), softmax(values(3, 4, 5)), "along axis 1"),
    ],
)
def test_wrong_axis_of_a_distribution_is_named(answer, reference, words):
    """Softmax over another axis is told from any other mistake."""
    finding = found(answer, reference)
    assert (finding.label, words in finding.message) == ("axis", True), finding


def test_transposed_square_is_named():
    """Values that are transposed in a square array are found, in three axes as well."""
    assert found(values(4, 4).T, values(4, 4)).label == "transposed"
    assert "another order" in found(values(3, 4, 3).transpose(2, 1, 0), values(3, 4, 3)).message


def test_sums_say_nothing_where_rows_are_no_distributions():
    """Columns that happen to sum to one are no finding of their own, nor is a repeated row one place off."""
    assert found(softmax(values(3, 4), axis=0), values(3, 4)).label == "values"
    same = np.tile(values(4), (3, 1))
    assert found(same + np.array([[9.0], [0], [0]]), same).label == "values"


def test_zeros_and_ones_are_not_called_another_order():
    """Of one-hot rows nobody says that only the order is wrong."""
    assert found(np.eye(5)[[0, 2, 1, 1, 0]], np.eye(5)[[0, 1, 2, 1, 0]]).label == "values"


def test_first_difference_stands_in_the_detail_alone():
    """Values are for visible checks: message without, detail with them."""
    answer = values(2, 3)
    answer[1, 2] = 7.25
    finding = found(answer, values(2, 3))
    assert finding.detail.startswith("At index (1, 2): yours is 7.25, expected ")
    assert "7.25" not in finding.message


# --- compare: containers and text -----------------------------------------------------------


def test_missing_key_is_named_and_further_keys_are_allowed():
    """A forgotten key is a finding, an extra one is not."""
    finding = found({"dWx": 1.0, "cache": None}, {"dWx": 1.0, "dWh": 2.0})
    assert finding.label == "missing"
    assert "dWh" in finding.message
    assert compare({"dWx": 1.0, "cache": None}, {"dWx": 1.0}) is None


def test_dictionary_says_which_entries_are_right():
    """Of several gradients the message names the right and the wrong ones."""
    finding = found({"a": values(3), "b": 14 * values(4)}, {"a": values(3), "b": values(4)}, sizes=SIZES)
    assert "f(x)['b'] is 14 times" in finding.message
    assert finding.message.endswith("Right: a. Not right: b.")
    assert "Right: none." in found({"a": 1.0, "b": 3.0}, {"a": 1.7, "b": 3.7}).message
    strange = found({"\n": 1.0, " ": 3.0, 7: 1.0}, {"\n": 1.0, " ": 3.7, 7: 1.0})
    assert strange.message.endswith("Right: '\\n', 7. Not right: ' '."), "a line end would break the message"
    assert found({"a": 1.0}, {"a": 1.7}).message == "f(x)['a'] is not the right number."


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        (1.0, "type"),
        (values(2, 3), "type"),
        ((values(2, 3),), "length"),
        ((values(4), values(2, 3)), "order"),
        ((values(2, 3), -values(4)), "sign"),
        (None, "none"),
    ],
)
def test_tuple_is_judged_part_by_part(answer, label):
    """Number, order and values of the parts of a tuple are told apart."""
    assert found(answer, (values(2, 3), values(4), 1.0)[:2] if label != "type" else (1.0,) * 3).label == label


@pytest.mark.parametrize(
    ("answer", "reference", "label", "words"),
    [
        ("abd", "abc", "values", "from character 2 on"),
        ("ab", "abc", "values", "one is longer"),
        (3, "abc", "type", "text (str) is wanted"),
        (None, "abc", "none", "return?"),
        (0.0, None, "type", "None is wanted"),
        (["a", "c"], ["a", "b"], "values", "f(x)[1]"),
    ],
)
def test_text_is_compared_as_text(answer, reference, label, words):
    """A text or None is compared exactly, and the message does not show it."""
    finding = found(answer, reference)
    assert (finding.label, words in finding.message) == (label, True), finding
    assert "abc" not in finding.message


# --- compare: what is right -----------------------------------------------------------------

Step = namedtuple("Step", "h y")  # noqa: PYI024 - what a learner may write


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        (values(2, 3), values(2, 3)),
        (values(2, 3).tolist(), values(2, 3)),
        (tuple(values(2, 3)), values(2, 3)),
        (values(2, 3), values(2, 3).tolist()),
        (values(2, 3).astype(complex), values(2, 3)),
        (values(2, 3) * (1 + 9e-7), values(2, 3)),
        (np.asfortranarray(values(2, 3)), values(2, 3)),
        (np.ma.masked_array(values(2, 3)), values(2, 3)),
        (np.float32([0.5, 1.5]), np.array([0.5, 1.5])),
        (np.array([1, 2], np.uint8), np.array([1.0, 2.0])),
        (np.array([1.0, 0.0]), np.array([True, False])),
        (np.array(1.5), 1.5),
        (np.float64(1.5), 1.5),
        (2, 2.0),
        (np.zeros((0, 3)), np.zeros((0, 3))),
        ([], np.zeros(0)),
        (Step(1.0, 2.0), (1.0, 2.0)),
        ([1.0, 2.0], (1.0, 2.0)),
        (np.array([1.0, 2.0]), (1.0, 2.0)),
        ([values(2), values(3)], [values(2), values(3)]),
        (OrderedDict(a=1.0), {"a": 1.0}),
        ({"0": 1.0}, {0: 1.0}),
        ({np.str_("a"): np.int64(0)}, {"a": 0}),
        (np.str_("abc"), "abc"),
        (["a", "b"], ["a", "b"]),
        (None, None),
        (True, True),
        ((), ()),
    ],
)
def test_honest_variants_are_accepted(answer, reference):
    """Other types, layouts and containers of the same values are right."""
    assert compare(answer, reference) is None


# --- visible checks -------------------------------------------------------------------------


def test_failure_shows_the_message_alone_in_jupyter():
    """IPython asks the exception how to show itself: one line, no traceback."""
    with pytest.raises(CheckFailed) as caught:
        checks.close(None, 1.0, name="loss")
    assert caught.value._render_traceback_() == ["CheckFailed: loss is None: does the function end in a return?"]
    assert isinstance(caught.value, AssertionError)


def test_close_raises_with_both_values():
    """The visible comparison adds the first difference to the message."""
    with pytest.raises(CheckFailed, match=r"14 = batch_size[^\n]*\nAt index \(0,\): yours is"):
        checks.close(7 * values(4), values(4) / 2, name="dW", sizes=SIZES)


@pytest.mark.parametrize(
    ("array", "words"),
    [(None, "None"), (values(3, 2), "transposed"), (1.0, "shape ()"), ([[1.0], 2.0], "list"), ("a", "str")],
)
def test_shape_refuses(array, words):
    """Another shape, or no array at all, is named."""
    with pytest.raises(CheckFailed) as caught:
        checks.shape(array, (2, 3), name="h")
    assert words in str(caught.value)


@pytest.mark.parametrize("array", [None, "a", np.nan, [1.0, np.inf], values(2, 2) > 0, [[1.0], 2.0]])
def test_finite_refuses(array):
    """NaN, infinities and what is no number are refused."""
    with pytest.raises(CheckFailed, match="h "):
        checks.finite(array, name="h")


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (softmax(values(3, 4), axis=0), "columns"),
        (softmax(values(3, 4), axis=None), "together"),
        (softmax(values(2, 3, 4), axis=1), "axis 1"),
        (np.array([0.5, 0.25]), "it sums to 0.75"),
        (np.full((2, 2, 2), 0.75), "row (0, 0) sums to 1.5."),
        (np.array([[0.5, 0.5], [0.5, np.nan]]), "NaN at index (1, 1)"),
        (1.0, "single number"),
    ],
)
def test_rows_sum_to_one_refuses(array, words):
    """Rows that are no distributions are named, and along what else the array sums to one."""
    with pytest.raises(CheckFailed) as caught:
        checks.rows_sum_to_one(array, name="p")
    assert words in str(caught.value)


@pytest.mark.parametrize(("mapping", "words"), [({"a": 1}, "no b, c; it has a"), ({}, "no keys"), ([1], "dictionary")])
def test_keys_refuses(mapping, words):
    """Missing keys are named, and so is what is no dictionary."""
    with pytest.raises(CheckFailed) as caught:
        checks.keys(mapping, ["a", "b", "c"], name="grads")
    assert words in str(caught.value)


class Net:
    """An object with parameters, for `unchanged`."""

    def __init__(self):
        self.parameters = {"Wx": values(2, 3), "bx": [0.0, np.nan]}
        self.size = 3


def shift(x):
    """Change the argument in place."""
    x -= x.max()


def replace_size(x, net):
    """Set an attribute of the second argument."""
    net.size = len(x)


def touch_deep(x, net):
    """Write into an array in a dictionary in the second argument."""
    net.parameters["Wx"][0, 0] += x[0]


def add_key(_, net):
    """Add a key to a dictionary of the second argument."""
    net.parameters["Wh"] = 0


@pytest.mark.parametrize(
    ("function", "arguments", "path"),
    [
        (shift, (values(3),), "shift changed argument 1 in place"),
        (replace_size, (values(4), Net()), "argument 2.size"),
        (touch_deep, (values(4), Net()), "argument 2.parameters['Wx']"),
        (add_key, (values(4), Net()), "argument 2.parameters['Wh']"),
        (list.pop, ([1, 2],), "argument 1[1]"),
        (dict.clear, ({"a": 1},), "argument 1['a']"),
        (lambda x: x.setflags(write=False) or x.resize(2), (np.zeros((1, 2)),), "argument 1"),
    ],
)
def test_change_in_place_is_located(function, arguments, path):
    """The first argument that a function changes is named, down to key and attribute."""
    with pytest.raises(CheckFailed) as caught:
        checks.unchanged(function, *arguments)
    assert path in str(caught.value)


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (SHARED := values(3), SHARED[1:], "p is shared"),
        ({"W": SHARED}, {"W": SHARED}, "p['W'] is shared"),
        ([[SHARED]], [[SHARED]], "p[0][0] is shared"),
        (DICT := {}, DICT, "p is shared"),
        (values(3), values(3), "very same values"),
        ({"W": values(3), "b": 0.0}, {"W": values(3), "b": 0.0}, "very same values"),
    ],
)
def test_different_refuses(first, second, words):
    """Shared memory and equal values are told apart."""
    with pytest.raises(CheckFailed) as caught:
        checks.different(first, second, name="p")
    assert words in str(caught.value)


def test_a_call_that_should_end_in_an_error():
    """Who returns where an error is wanted reads which one."""
    with pytest.raises(CheckFailed, match=r"f\(0\) returns, but a ValueError is wanted"):
        checks.raises(ValueError, abs, 0, name="f(0)")


def test_visible_checks_return_nothing_when_all_is_well():
    """A cell of checks must not end in a value."""
    p = softmax(values(2, 3))
    outcomes = [
        checks.close(p, p, name="p"),
        checks.shape(p, (2, 3), name="p"),
        checks.shape(1.0, (), name="loss"),
        checks.finite(p, name="p"),
        checks.rows_sum_to_one(p, name="p"),
        checks.keys({"a": 1, "b": 2}, ["a"], name="d"),
        checks.unchanged(softmax, p, name="softmax(x)"),
        checks.raises(ValueError, np.linalg.inv, np.ones((2, 2)), name="inv"),
        checks.unchanged(lambda *_: None, Net(), np.nan, "a", [np.nan], None, np.sin, Net),
        checks.different({"W": p, "b": 0.0}, {"W": p + 1, "b": 0.0}, name="p"),
        checks.different(1.0, 2.0, name="p"),
        checks.different(p, [p], name="p"),
        checks.gradients(cost_of, parameters(), gradient_of(parameters())),
    ]
    assert outcomes == [None] * len(outcomes)


# --- snapshot and changed -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        (1, 1.0, "argument 1"),
        ("a", "b", "argument 1"),
        (np.float64(1), np.float64(2), "argument 1"),
        (values(2), values(3), "argument 1"),
        (values(2), list(values(2)), "argument 1"),
        (np.zeros(2), np.zeros(2, np.float32), "argument 1"),
        (np.array(["a"]), np.array(["b"]), "argument 1"),
        (np.zeros(2, np.int64), np.zeros(2, np.uint64), "argument 1"),
        (np.arange(6), np.arange(6).reshape(2, 3), "argument 1"),
        ([1, [2, 3]], [1, [2, 4]], "argument 1[1][1]"),
        ({"a": (1, 2)}, {"a": (1,)}, "argument 1['a'][1]"),
        ({}, {"a": 1}, "argument 1['a']"),
        (object(), object(), "argument 1"),
    ],
)
def test_changed_returns_the_path(before, after, path):
    """The path leads to the first thing that differs."""
    assert checks.changed(before, after) == path


def test_snapshot_is_deep_and_equal():
    """A snapshot shares no array or container with its original, other objects it does; NaN stays equal."""
    other = object()
    value = {"a": [np.array([np.nan, 1.0]), (1, np.nan)], "b": other, "c": values(2).view(Liar)}
    copy = checks.snapshot(value)
    assert checks.changed(1000.5, float("1000.5")) is None
    assert checks.changed(copy, value, path="x") is None
    assert copy["b"] is other
    assert type(copy["c"]) is np.ndarray
    value["a"][0][1] = 2
    assert checks.changed(copy, value, path="x") == "x['a'][0]"
    value["a"].clear()
    assert len(copy["a"]) == 2


# --- gradients ------------------------------------------------------------------------------


def parameters():
    """Return a few parameters, all of other shapes."""
    return {"Wx": values(3, 2), "Wh": values(3, 3), "b": values(3, 1)}


def cost_of(p):
    """Return a smooth number that depends on all parameters."""
    return float(np.tanh(p["Wx"]).sum() + (p["Wh"] ** 2).sum() * 0.5 + (p["b"] ** 3).sum())


def gradient_of(p):
    """Return the true gradients of `cost_of`."""
    return {"dWx": 1 - np.tanh(p["Wx"]) ** 2, "dWh": p["Wh"].copy(), "db": 3 * p["b"] ** 2}


@pytest.mark.parametrize(
    ("parameter", "words"),
    [(np.arange(3), "integer"), ([1.0], "float64"), (np.zeros(2, np.float32), "float32 is too rough")],
)
def test_numeric_gradient_refuses_what_cannot_move(parameter, words):
    """Integers and rough numbers are refused with a reason."""
    with pytest.raises(CheckFailed, match=words):
        checks.numeric_gradient(lambda: 0.0, parameter)


@pytest.mark.parametrize("loss", [None, np.zeros(1), "a", True])
def test_numeric_gradient_refuses_a_loss_that_is_no_number(loss):
    """The loss must be one number; the parameter is put back all the same."""
    parameter = values(2)
    with pytest.raises(CheckFailed, match="the loss"):
        checks.numeric_gradient(lambda: loss, parameter)
    assert np.array_equal(parameter, values(2))


def test_numeric_gradient_restores_when_the_loss_raises():
    """An exception inside the loss leaves the parameter as it was, to the last bit."""
    parameter = values(3)
    calls = []

    def loss():
        calls.append(1)
        if len(calls) == 4:
            raise ZeroDivisionError
        return 0.0

    with pytest.raises(ZeroDivisionError):
        checks.numeric_gradient(loss, parameter)
    assert np.array_equal(parameter, values(3))


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 2)])
def test_numeric_gradient_agrees_with_the_formula(shape):
    """Central differences find the derivative of a sum of sines, in a strided array too."""
    parameter = np.repeat(values(*shape)[..., None], 2, axis=-1)[..., 0]
    before = parameter.copy()
    numeric = checks.numeric_gradient(lambda: np.sin(parameter).sum(), parameter)
    assert np.allclose(numeric, np.cos(before), rtol=1e-8, atol=1e-9)
    assert np.array_equal(parameter, before)


def fault(**changes):
    """Return the message about true gradients with some replaced."""
    grads = gradient_of(parameters()) | changes
    with pytest.raises(CheckFailed) as caught:
        checks.gradients(cost_of, parameters(), grads, sizes=SIZES)
    return str(caught.value)


def test_gradients_name_right_and_wrong_ones():
    """Where some are right, both kinds are listed and a question is asked."""
    message = fault(dWx=values(3, 2), dWh=values(3, 3) + 1)
    assert message.startswith("Right: db. Not right: dWx (rel ")
    assert message.endswith("What do the wrong ones need that the right ones do without?")


def test_gradients_name_one_factor_of_all():
    """Where all are wrong by one factor, the factor is named."""
    message = fault(**{name: 14 * value for name, value in gradient_of(parameters()).items()})
    assert message.startswith("Right: none.")
    assert "every gradient is 14 times too large, and 14 = batch_size × sequence_length" in message  # noqa: RUF001


def test_gradients_name_one_factor_of_some():
    """Where the wrong ones share a factor, it is named for them alone."""
    assert "Every value of these has the wrong sign" in fault(dWh=-values(3, 3))


def test_gradients_without_any_pattern_are_listed():
    """Where all are wrong in their own ways, each distance is listed."""
    message = fault(dWx=values(3, 2), dWh=values(3, 3) ** 2, db=values(3, 1))
    assert message.count("rel 0.") == 3
    assert message.endswith("1 is far.")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dWx": values(2, 3)}, "dWx has shape (2, 3)"),
        ({"db": values(3)}, "db has shape (3,)"),
        ({"dWh": None}, "dWh is None"),
        ({"dWh": np.full((3, 3), np.nan)}, "dWh is NaN"),
        ({"dWh": np.zeros((3, 3))}, "dWh (rel 1)"),
    ],
)
def test_gradients_of_the_wrong_kind_are_named(changes, words):
    """Shape, None, NaN and zeros are named before or beside the distance."""
    assert words in fault(**changes)


@pytest.mark.parametrize("huge", [1e200, -1.7e308])
def test_gradients_of_any_size_have_a_distance(huge):
    """Beside an enormous entry the distance is 1, not what is no number."""
    assert "Not right: dWh (rel 1)." in fault(dWh=huge * np.eye(3))


def test_gradients_need_a_dictionary_with_all_names():
    """A forgotten gradient, and grads that are no dictionary, are named."""
    with pytest.raises(CheckFailed, match="no dWh"):
        checks.gradients(cost_of, {"Wh": values(3, 3)}, {"Wh": values(3, 3)})
    with pytest.raises(CheckFailed, match="dictionary"):
        checks.gradients(cost_of, {"Wh": values(3, 3)}, [values(3, 3)])


def test_gradients_leave_the_parameters_alone():
    """The check works on a copy, even where the cost changes what it gets."""

    def careless(p):
        p["b"] += 0.0 * (cost := cost_of(p))
        return cost

    own = parameters()
    before = checks.snapshot(own)
    seen = []
    checks.gradients(lambda p: seen.append(p) or careless(p), own, gradient_of(own))
    assert checks.changed(before, own) is None
    assert not any(np.shares_memory(p[name], own[name]) for p in seen for name in own)


def test_gradient_that_is_zero_may_be_zero():
    """A parameter that the cost ignores has gradient zero, rounding included."""
    checks.gradients(
        lambda p: 50 + p["a"].sum(), {"a": values(2), "b": values(2)}, {"da": np.ones(2), "db": np.zeros(2)}
    )


# --- the file itself ------------------------------------------------------------------------


def test_file_needs_numpy_and_the_standard_library_only():
    """Students get this one file: it imports nothing else, gradekit least of all."""
    source = Path(checks.__file__).read_text(encoding="utf-8")
    nodes = list(ast.walk(ast.parse(source)))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= {"numpy", *sys.stdlib_module_names}
    assert "hidden test" not in source.lower()


# --- words that do not mislead --------------------------------------------------------------


def told(check, *args, **kwargs):
    """Return what a check says that must fail."""
    with pytest.raises(CheckFailed) as caught:
        check(*args, **kwargs)
    return str(caught.value)


@pytest.mark.parametrize(
    ("rows", "sum_of_row"),
    [
        ([[0.5, 0.500002]], "1.000002"),
        ([[0.5, 0.499998]], "0.999998"),
        ([[0.25, 0.75], [0.3, 0.70004]], "1.00004"),
        ([[0.5, 0.75]], "1.25"),
    ],
)
def test_a_sum_is_written_so_that_it_is_not_one(rows, sum_of_row):
    """As many digits as it takes, and no more than four where these do."""
    assert f"sums to {sum_of_row}." in told(checks.rows_sum_to_one, rows, name="p")


@pytest.mark.parametrize("shape", [(5, 1), (4, 1), (5, 1, 1), (1, 4, 1)])
@pytest.mark.parametrize("axis", [None, 0])
def test_one_column_does_not_tell_columns_from_everything(shape, axis):
    """Where both readings hold, no axis is named, nor that all belong together."""
    x = values(*shape)
    axis = axis if axis is None else int(np.argmax(shape))
    finding = compare(softmax(x, axis), softmax(x), name="p")
    assert finding.label == "axis"
    assert finding.message == "Values of p sum to one, but not row by row. Over which of them is the sum taken?"


def test_two_columns_do():
    """In a case that is not degenerate the axis is named, or that all belong together."""
    assert "together" in found(softmax(values(5, 2), None), softmax(values(5, 2))).message
    assert "columns" in found(softmax(values(5, 2), 0), softmax(values(5, 2))).message


@pytest.mark.parametrize(
    ("answer", "reference", "words"),
    [
        (np.array([[1.5]]), np.array([[2.5]]), "The one value of x is wrong."),
        (np.array([1.0, 2.0, 3.5]), np.array([1.0, 2.0, 3.0]), "1 of 3 values of x is wrong; the first at index (2,)."),
        (np.array([np.nan]), np.array([1.0]), "x is NaN at index (0,). Which"),
        (np.array([np.nan, 1.0]), np.array([1.0, 1.0]), "index (0,); 1 of 2 values is NaN or infinite."),
        (np.array([1.0, -2.0, 3.0]), np.array([1.0, 2.0, 3.0]), "1 of 3 values of x has the wrong sign"),
    ],
)
def test_one_value_is_one(answer, reference, words):
    """A single value is spoken of as one."""
    assert words in compare(answer, reference, name="x").message


def test_what_holds_along_two_axes_names_neither():
    """Reversed both ways, shifted both ways, or right at both first ends: the message does not choose."""
    reference = values(4, 4)
    symmetric = reference + reference[::-1, ::-1]
    assert "along axis" not in compare(symmetric[::-1], symmetric, name="x").message
    cross = reference.copy()
    cross[1:, 1:] += values(3, 3)
    assert "Only" not in compare(cross, reference, name="x").message


def test_a_factor_is_written_as_what_it_is_equal_to():
    """The number beside a size is that size, and a factor near one is not written as one."""
    reference = values(3, 4)
    finding = compare(14.00003 * reference, reference, name="x", sizes={"n": 14})
    assert "is 14 times too large, and 14 = n." in finding.message
    assert "is 1.0000004 times too large" in compare(1.0000004 * reference, reference, name="x", rtol=1e-9).message


class TestAStudentsOwnError:
    """What a student's own code raises inside a check."""

    @pytest.mark.parametrize(
        "call",
        [
            "checks.unchanged(mine, np.ones(2), name='mine')",
            "checks.raises(ValueError, mine, np.ones(2), name='mine')",
            "checks.numeric_gradient(lambda: mine(1), np.ones(2))",
            "checks.gradients(mine, {'W': np.ones(2)}, {'dW': np.ones(2)})",
        ],
    )
    def test_the_traceback_shows_no_line_of_checks(self, call):
        """IPython leaves out the frames of this file, and shows the student's own line."""
        from IPython.core.interactiveshell import InteractiveShell

        shell = InteractiveShell()
        lines = []
        shell._showtraceback = lambda _kind, _value, shown: lines.extend(shown)
        shell.run_cell(
            f"import numpy as np\nfrom gradekit import checks\ndef mine(x):\n    return x.nothing[0]\n{call}"
        )
        text = "\n".join(lines)
        assert "AttributeError" in text
        assert "nothing" in text
        assert "checks.py" not in text
