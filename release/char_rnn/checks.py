"""Check your own answers: `checks.close(...)` and its neighbours say what is wrong, in words.

This one file lies beside the notebook. It needs numpy and the standard library only.
Every visible check returns None when all is well and raises `CheckFailed` when it is not.
`compare` is the comparison behind them, and grading uses the same one.
"""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn, cast

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_NUMBERS = (bool, int, float, complex, np.generic)
_KEYS = (str, int, np.str_, np.int64)  # types that a key may have, exactly
_FEW = 4  # parts of a tuple, or axes of an array, for which every order is tried
_TINY = 1e-6  # of the largest value: below it a ratio compares rounding errors; also how near to one a sum is
_PAGE = 96  # characters of a line that Jupyter and printed feedback show whole
_DEEPEST = 32  # axes that numpy 1.26 can have; also ends a list that holds itself
_WORD = 40  # characters of a key or a name in a message
_PATH = 120  # characters of a path of keys, or of a name with its arguments
_LISTED = 12  # names in a row
_SAID = 200  # characters of what Python says
_DIGITS_BITS = 10_000  # about 3,000 digits


class CheckFailed(AssertionError):
    """A visible check said no; its text is the whole message."""

    def _render_traceback_(self) -> list[str]:
        """Show the message alone in Jupyter, without the inside of this file."""
        lines = f"CheckFailed: {self}".splitlines()
        return [wrapped for line in lines for wrapped in textwrap.wrap(line, _PAGE, break_long_words=False) or [""]]


@dataclass(frozen=True)
class Finding:
    """What is wrong with an answer.

    Attributes
    ----------
    label : str
        Stable machine word, such as "shape", "factor" or "values".
    message : str
        For the student; never holds an expected value.
    detail : str
        The first difference with both values; for visible checks only.
    """

    label: str
    message: str
    detail: str = ""


@dataclass(frozen=True)
class _Case:
    """How one answer is judged: its name in messages, tolerances, and sizes that may be factors."""

    name: str
    rtol: float
    atol: float
    sizes: Mapping[str, int]

    def within(self, a: Array, r: Array) -> npt.NDArray[np.bool_]:
        """Tell for each element whether it is near enough; a NaN never is."""
        with np.errstate(all="ignore"):
            near: npt.NDArray[np.bool_] = np.abs(a - r) <= self.atol + self.rtol * np.abs(r)
        return near

    def same(self, a: Array, r: Array) -> bool:
        """Tell whether every element is near enough."""
        return bool(self.within(a, r).all())


# --- the comparison -------------------------------------------------------------------------


def compare(  # noqa: PLR0913 - the tolerances, and what a factor may be made of
    answer: object,
    reference: object,
    *,
    name: str = "the answer",
    rtol: float = 1e-6,
    atol: float = 1e-9,
    sizes: Mapping[str, int] | None = None,
) -> Finding | None:
    r"""Compare an answer with the reference; None where it is accepted.

    Parameters
    ----------
    answer : object
        Taken apart with care: no method or attribute of its own class is trusted.
    reference : array, number, str, None, or a dict, list or tuple of these; a DataFrame or Series; a figure or axes
        A list or tuple may be answered by either; a dict may be answered with more keys. A table is compared by its
        columns, its index and their values, a plot by what `plot_data` reads of it; neither library is imported.
    name : str
        What messages call the answer, such as ``"softmax(x)"``.
    rtol, atol : float
        Accepted where :math:`|a - r| \le atol + rtol\,|r|` for every element.
    sizes : mapping of str to int, optional
        Such as ``{"batch_size": 7}``: sizes that a wrong constant factor may be made of.

    Raises
    ------
    ValueError
        If `reference` itself is not made of finite numbers.
    """
    case = _Case(_short(name, _PATH), rtol, atol, sizes or {})
    reference = as_data(reference)
    if isinstance(reference, Table):
        return _compare_table(as_data(answer), reference, case)
    if isinstance(reference, Mapping):
        answer = as_data(answer)
        return _compare_dict(answer, reference, case)
    if reference is None or isinstance(reference, str):
        return _compare_text(answer, reference, case)
    if isinstance(reference, tuple) or (isinstance(reference, list) and not _is_array(reference)):
        return _compare_items(answer, reference, case)
    return _compare_array(answer, reference, case)


def _again(answer: object, reference: object, case: _Case, key: object) -> Finding | None:
    """Compare one part of a dict, list or tuple."""
    name = _inside(case.name, key)
    return compare(answer, reference, name=name, rtol=case.rtol, atol=case.atol, sizes=case.sizes)


def _compare_dict(answer: object, reference: Mapping[Any, object], case: _Case) -> Finding | None:
    """Compare key by key; the finding is the first wrong key's, and says which keys are right."""
    lacking = _key_finding(answer, reference, case.name)
    if lacking:
        return lacking
    given = _dict(answer) or {}
    found = {key: _again(given[str(key)], value, case, key) for key, value in reference.items()}
    wrong = {key: finding for key, finding in found.items() if finding}
    first = next(iter(wrong.values()), None)
    if first is None or len(found) == 1:
        return first
    right = [key for key in found if key not in wrong]
    tally = f"Right: {_words(right) or 'none'}. Not right: {_words(wrong)}."
    return replace(first, message=f"{first.message} {tally}")


def _key_finding(answer: object, keys: Iterable[object], name: str) -> Finding | None:
    """Say that the answer is no dict, or which keys it lacks."""
    given = _dict(answer)
    if given is None:
        return _type_finding(answer, "a dictionary", name)
    absent = [key for key in keys if str(key) not in given]
    if not absent:
        return None
    has = _words(given) or "no keys"
    return Finding("missing", f"{name} has no {_words(absent)}; it has {has}. Is a name misspelt or forgotten?")


def _compare_items(answer: object, reference: list[object] | tuple[object, ...], case: _Case) -> Finding | None:
    """Compare part by part; parts that are right but in another order are told apart."""
    size = len(reference)
    view = _view(answer)
    items = list(view) if view is not None and view.shape[:1] == (size,) else _items(answer)
    if items is None:
        return _type_finding(answer, f"a {type(reference).__name__} of {size}", case.name)
    if len(items) != size:
        return Finding("length", f"{case.name} has length {len(items)}; {size} is wanted. What does the text list?")
    pairs = enumerate(zip(items, reference, strict=True))
    first = next((found for i, (item, ref) in pairs if (found := _again(item, ref, case, i))), None)
    if first and _mixed(items, reference, case):
        return Finding("order", f"The parts of {case.name} are right, but in another order. Which comes first?")
    return first


def _mixed(items: list[object], reference: list[object] | tuple[object, ...], case: _Case) -> bool:
    """Tell whether each part of the reference is among the items, wherever."""
    among = (None in [_again(item, ref, case, 0) for item in items] for ref in reference)
    return len(items) <= _FEW and all(among)


def _compare_text(answer: object, reference: str | None, case: _Case) -> Finding | None:
    """Compare with a text, or with None."""
    if reference is None or not issubclass(type(answer), str):
        same = reference is None and answer is None
        return None if same else _type_finding(answer, "None" if reference is None else "text (str)", case.name)
    text = str.__str__(cast("str", answer))
    if text == reference:
        return None
    at = next((i for i, pair in enumerate(zip(text, reference, strict=False)) if pair[0] != pair[1]), None)
    where = "one is longer than the other" if at is None else f"they differ from character {at} on"
    detail = f"Yours is {text[:80]!r}, expected {reference[:80]!r}."
    return Finding("values", f"{case.name} is not the right text: {where}.", detail)


def _compare_array(answer: object, reference: object, case: _Case) -> Finding | None:
    """Compare with one array or number."""
    wanted = np.asarray(reference)
    if wanted.dtype.kind not in "biufc" or not np.isfinite(wanted).all():
        message = f"the reference for {case.name} is not made of finite numbers"
        raise ValueError(message)
    finding = _array_finding(answer, wanted, case)
    if finding and _items(answer) is not None and not isinstance(reference, list):
        message = f"{case.name} is a list or tuple; return a numpy array. {finding.message}"
        return replace(finding, label="type", message=message)
    return finding


def _array_finding(answer: object, wanted: Array, case: _Case) -> Finding | None:
    """Receive an array and judge it."""
    got = _receive(answer, wanted, case.name)
    if isinstance(got, Finding):
        return got
    if wanted.dtype.kind == "c":
        return None if case.same(got, wanted) else _not_finite(got, case.name) or _complex_finding(got, wanted, case)
    r = wanted.astype(np.float64)
    return None if case.same(got, r) else _not_finite(got, case.name) or _diagnose(got, r, case)


# --- taking an answer apart -----------------------------------------------------------------


def _view(value: object) -> Array | None:
    """Return an array of any subclass as a plain array without copying, else None."""
    # type() and the unbound method: a subclass can override neither.
    if not issubclass(type(value), np.ndarray):
        return None
    plain: Array = np.ndarray.view(cast("Array", value), np.ndarray)
    return plain


def _items(value: object) -> list[object] | None:
    """Return what a list or tuple holds, past any override, else None."""
    if issubclass(type(value), list):
        return list(list.__iter__(cast("list[object]", value)))
    if issubclass(type(value), tuple):
        return list(tuple.__iter__(cast("tuple[object, ...]", value)))
    return None


def _dict(value: object) -> dict[str, object] | None:
    """Return a dict's entries by the text of their keys, past any override, else None."""
    if not issubclass(type(value), dict):
        return None
    entries = dict.items(cast("dict[Any, object]", value))
    return {_text(key): item for key, item in entries if type(key) in _KEYS}


def _text(key: object) -> str:
    """Return a key's text; Python writes no number of thousands of digits."""
    return "a huge number" if type(key) is int and key.bit_length() > _DIGITS_BITS else str(key)


def _outline(value: object) -> tuple[int, ...]:
    """Return the shape that a nested list seems to have, by its first items; allocate nothing."""
    shape: tuple[int, ...] = ()
    while (items := _items(value)) is not None and len(shape) < _DEEPEST:
        shape += (len(items),)
        if not items:
            return shape
        value = items[0]
    view = _view(value)
    return shape if view is None else shape + view.shape


def _plain(value: object, shape: tuple[int, ...]) -> Array | None:
    """Return an array, a number, or nested lists of just this shape as a plain array, else None."""
    view = _view(value)
    if view is not None:
        return view
    if issubclass(type(value), _NUMBERS):
        return np.asarray(value)
    items = _items(value)
    if items is None or shape[:1] != (len(items),):
        return None
    return _stack([_plain(item, shape[1:]) for item in items], shape)


def _stack(parts: list[Array | None], shape: tuple[int, ...]) -> Array | None:
    """Join parts to an array of this shape; None where one is not numbers or has another shape."""
    arrays = [part for part in parts if part is not None and part.dtype.kind in "biufc"]
    if len(arrays) < len(parts) or any(array.shape != shape[1:] for array in arrays):
        return None
    return np.stack(arrays) if arrays else np.zeros(shape)


def _is_array(reference: list[object]) -> bool:
    """Tell whether a reference list is as good as an array: even, and of numbers."""
    try:
        return bool(reference) and np.asarray(reference).dtype.kind in "biufc"
    except ValueError:  # uneven
        return False


def _receive(answer: object, wanted: Array, name: str) -> Array | Finding:
    """Turn an answer into an array of the wanted shape, of float64 or complex128, or say why that cannot be."""
    array = _plain(answer, wanted.shape)
    if array is None:
        if _items(answer) is None:
            return _type_finding(answer, "an array of numbers" if wanted.ndim else "a number", name)
        uneven = Finding("type", f"The items of {name} are not numbers, or not all of one shape.")
        return _shape_finding(_outline(answer), wanted.shape, name) or uneven
    finding = _dtype_finding(array.dtype, wanted.dtype, name) or _shape_finding(array.shape, wanted.shape, name)
    if finding:
        return finding
    if wanted.dtype.kind == "c":
        return array.astype(np.complex128)
    if array.dtype.kind == "c" and np.any(array.imag != 0):  # NaN counts as not zero
        return Finding("dtype", f"{name} is complex: where does an imaginary part come from?")
    with np.errstate(all="ignore"):  # a long double may be too large
        return array.real.astype(np.float64)


def _dtype_finding(got: np.dtype[Any], wanted: np.dtype[Any], name: str) -> Finding | None:
    """Say that an array holds no numbers."""
    if got.kind == "b" and wanted.kind != "b":
        return Finding("dtype", f"{name} holds True or False, not numbers. Is a comparison returned?")
    if got.kind not in "biufc":
        return Finding("dtype", f"{name} has dtype {got.name}; numbers are wanted, such as float64.")
    return None


def _type_finding(answer: object, wanted: str, name: str) -> Finding:
    """Say what the answer is, where it is not what is wanted."""
    if answer is None:
        hint = "is it ever filled?" if name.endswith("]") else "does the function end in a return?"
        return Finding("none", f"{name} is None: {hint}")
    kind = type(answer).__name__
    what = _short(kind, _PATH) if " " in kind else f"of type {_short(kind)}"  # grading says what did not travel
    return Finding("type", f"{name} is {what}; {wanted} is wanted.")


def _shape_finding(got: tuple[int, ...], wanted: tuple[int, ...], name: str) -> Finding | None:
    """Compare two shapes."""
    if got == wanted:
        return None
    message = f"{name} has shape {got}; {wanted or 'a single number'} is wanted."
    if sorted(got) == sorted(wanted):
        hint = "It is transposed: the same lengths in another order. Which axis comes first?"
        return Finding("transposed", f"{message} {hint}")
    if [n for n in got if n != 1] == [n for n in wanted if n != 1]:
        hint = "Only axes of length 1 differ: which step adds or drops one?"
    elif len(got) != len(wanted):
        hint = f"The number of axes is {len(got)}, not {len(wanted)}: which is lost or too many?"
    else:
        axis = next(k for k, (a, b) in enumerate(zip(got, wanted, strict=True)) if a != b)
        hint = f"Look at axis {axis}: what does it count?"
    return Finding("shape", f"{message} {hint}")


def _not_finite(a: Array, name: str) -> Finding | None:
    """Say where the first NaN or infinity is, and how many there are."""
    bad = ~np.isfinite(a)
    if not bad.any():
        return None
    at = _first(bad)
    what = "NaN" if np.isnan(a[at]) else "infinite"
    if not a.ndim:
        return Finding("not_finite", f"{name} is {what}: which step overflows, or divides by 0?")
    count = f"; {_share(bad)} NaN or infinite" if a.size > 1 else ""
    message = f"{name} is {what} at index {at}{count}. Which step overflows, or divides by 0?"
    return Finding("not_finite", message)


def _complex_finding(a: Array, r: Array, case: _Case) -> Finding:
    """Name the mistake in wrong, finite complex numbers of the right shape."""
    wrong = ~case.within(a, r)
    at = _first(wrong)
    if case.same(a, r.conj()):
        said = f"{case.name} is conjugated: the imaginary parts have the wrong sign."
        label = "sign"
    elif not np.any(a.imag) and case.same(a.real, r.real):
        said = f"The real part of {case.name} is right, the imaginary part is missing. Where is it dropped?"
        label = "dtype"
    else:
        label = "values"
        first = f"; the first at index {at}" if r.size > 1 else ""
        said = f"{_share(wrong, case.name)} wrong{first}." if r.ndim else f"{case.name} is not the right number."
    place = f"At index {at}: yours" if r.ndim else "Yours"
    return Finding(label, said, f"{place} is {a[at]:.9g}, expected {r[at]:.9g}.")


# --- tables and plots: read by their names and methods, so that no library is needed ---------------------------------


@dataclass(frozen=True)
class Table:
    """A DataFrame or a Series as plain data.

    Attributes
    ----------
    columns : list
        Names; of a Series its one name, or None.
    index : array or list
    values : tuple of array or list
        One for each column; what is no number is text, a value that is missing None or NaN.
    """

    kind: str
    columns: list[Any]
    index: Any
    values: tuple[Any, ...]


TABLES = ("DataFrame", "Series")
PLOTS = ("Figure", "Axes", "AxesSubplot", "Line2D")
_MOST = 200  # columns of a table, lines or bars of a plot


def as_data(value: object) -> object:
    """Return a table or a plot as plain data, and anything else as it is."""
    kind = type(value).__name__
    if kind not in TABLES + PLOTS or isinstance(value, Table):
        return value
    try:
        return table_data(value, kind) if kind in TABLES else plot_data(value, kind)
    except Exception:  # noqa: BLE001 - a class of the learner's own that only has the name
        return value


def table_data(table: Any, kind: str, listed: Callable[[Any], Any] = list) -> Table:
    """Read a DataFrame or a Series.

    Parameters
    ----------
    listed : callable
        Makes a list of an iterable; where the table is in another process, it does so there.
    """
    if kind == "Series":
        return Table(kind, [table.name], _column(table.index, listed), (_column(table, listed),))
    columns = list(listed(table.items()))[: _MOST + 1]
    values = tuple(_column(column, listed) for _, column in columns)
    return Table(kind, [name for name, _ in columns], _column(table.index, listed), values)


def _column(column: Any, listed: Callable[[Any], Any]) -> Any:
    """Return a column's numbers as an array, its texts as a list, and the texts of anything else, such as dates."""
    dtype = str(column.dtype.name)
    if dtype.startswith(("int", "uint", "float", "bool", "complex")):
        numbers = _view(column.to_numpy())
        if numbers is None or numbers.ndim != 1:
            message = "a column of numbers is one axis of them"
            raise TypeError(message)
        return numbers
    plain = dtype in ("object", "str", "string")
    items = list(listed(column if plain else column.astype("str")))
    return [None if type(item) is float and item != item else item for item in items]  # noqa: PLR0124 - NaN alone


def plot_data(plot: Any, kind: str, listed: Callable[[Any], Any] = list) -> dict[str, Any]:
    """Read what a plot shows: of a figure its axes; of axes title, labels, lines, heights of bars, scattered points.

    Parameters
    ----------
    listed : callable
        As in `table_data`.
    """
    if kind == "Line2D":
        label = str(plot.get_label())
        return {"x": plot.get_xdata(), "y": plot.get_ydata(), "label": "" if label.startswith("_") else label}
    if kind == "Figure":
        return {"axes": [plot_data(axes, "Axes", listed) for axes in _first_of(plot.get_axes(), listed)]}
    parts = (plot.get_lines(), plot.patches, plot.collections)
    lines, bars, points = (_first_of(part, listed) for part in parts)
    return {
        "title": plot.get_title(),
        "xlabel": plot.get_xlabel(),
        "ylabel": plot.get_ylabel(),
        "lines": [plot_data(line, "Line2D", listed) for line in lines],
        "bars": [bar.get_height() for bar in bars],
        "points": [found.get_offsets() for found in points],
    }


def _first_of(several: Any, listed: Callable[[Any], Any]) -> list[Any]:
    """Return the first of an iterable; what has come as a list need not be listed elsewhere."""
    return list(several if isinstance(several, list) else listed(several))[:_MOST]


def _compare_table(answer: object, reference: Table, case: _Case) -> Finding | None:
    """Compare columns, then the index, then column by column."""
    if not isinstance(answer, Table) or answer.kind != reference.kind:
        kind = f"a {answer.kind}" if isinstance(answer, Table) else None
        if kind:
            return Finding("type", f"{case.name} is {kind}; a {reference.kind} is wanted.")
        return _type_finding(answer, f"a {reference.kind}", case.name)
    finding = _columns_finding(answer, reference, case.name)
    rows, wanted = (len(table.index) for table in (answer, reference))
    if finding is None and rows != wanted:
        return Finding(
            "shape",
            f"{case.name} has {rows} row{'s' * (rows != 1)}; {wanted} are wanted. Which are dropped, or too many?",
        )
    finding = finding or _compare_column(answer.index, reference.index, replace(case, name=f"the index of {case.name}"))
    parts = zip(reference.columns, answer.values, reference.values, strict=False)
    for name, mine, right in parts if finding is None else ():
        path = case.name if reference.kind == "Series" else _inside(case.name, name)
        finding = finding or _compare_column(mine, right, replace(case, name=path))
    return finding


def _columns_finding(answer: Table, reference: Table, name: str) -> Finding | None:
    """Say which columns are missing or too many, or that they stand in another order."""
    if reference.kind == "Series":
        return None  # its name is a label, as that of a variable
    mine, right = list(map(str, answer.columns)), list(map(str, reference.columns))
    absent = [column for column in right if column not in mine]
    more = [column for column in mine if column not in right]
    if absent:
        return Finding("missing", f"{name} has no column {_words(absent)}; it has {_words(mine) or 'none'}.")
    if more or len(mine) != len(right):
        return Finding("columns", f"{name} has columns that are not wanted: {_words(more) or 'some stand twice'}.")
    if mine != right:
        return Finding("order", f"The columns of {name} stand in another order. Which comes first?")
    return None


def _compare_column(mine: Any, right: Any, case: _Case) -> Finding | None:
    """Compare one column; what is missing must be missing at the same places."""
    if isinstance(right, np.ndarray):
        got = _view(mine)
        got = np.asarray(mine) if got is None and all(type(item) in (bool, int, float) for item in mine) else got
        if got is None:
            return Finding("dtype", f"{case.name} does not hold numbers. Is a column left as text?")
        if right.dtype.kind == "f" and got.dtype.kind == "f" and got.shape == right.shape:
            absent = np.isnan(right)
            if not np.array_equal(absent, np.isnan(got)):
                return Finding("missing", f"Values of {case.name} are missing (NaN) at other places than they should.")
            got, right = np.where(absent, 0.0, got), np.where(absent, 0.0, right)
        return _compare_array(got, right, case)
    if _items(mine) is None:
        return Finding("dtype", f"{case.name} holds numbers; texts are wanted.")
    return _compare_items(mine, right, case)


# --- the diagnosis: each looks for one mistake in an answer of the right shape --------------


def _diagnose(a: Array, r: Array, case: _Case) -> Finding:
    """Name the mistake in a wrong, finite answer of the right shape, most specific first."""
    looks = (_constant, _factor, _transposed, _axis, _sign, _shift, _order, _offset, _precision, _part)
    with np.errstate(all="ignore"):
        finding = next((found for look in looks if (found := look(a, r, case))), None)
    wrong = ~case.within(a, r)
    at = _first(wrong)
    if finding is None and not r.ndim:
        finding = Finding("values", f"{case.name} is not the right number.")
    elif finding is None:
        first = f"; the first at index {at}" if r.size > 1 else ""
        finding = Finding("values", f"{_share(wrong, case.name)} wrong{first}.")
    place = f"At index {at}: yours" if r.ndim else "Yours"
    mine, right = _apart(float(a[at]), float(r[at]), 9)
    return replace(finding, detail=f"{place} is {mine}, expected {right}.")


def _constant(a: Array, r: Array, case: _Case) -> Finding | None:
    """Find one number everywhere, such as an array of zeros that was never filled."""
    if r.size < 2 or np.ptp(a) > 0 or case.same(r, r.flat[0]):
        return None
    message = (
        f"Every value of {case.name} is {a.flat[0]:.6g}. Is something never filled, or summed over the wrong axis?"
    )
    return Finding("constant", message)


def _ratio(a: Array, r: Array, rtol: float) -> float | None:
    """Return k where ``a = k r`` for every element, else None."""
    scale = np.abs(r).max(initial=0.0)
    large = np.abs(r) > _TINY * scale
    if not large.any():
        return None
    k = float(np.median(a[large] / r[large]))
    if not math.isfinite(k) or abs(k) <= rtol or abs(k - 1) <= 10 * rtol:
        return None
    near = _Case("", rtol, 1e-3 * rtol * abs(k) * scale, {})
    return k if near.same(a, k * r) else None


def _size_words(times: float, sizes: Mapping[str, int], rtol: float) -> str:
    """Return the sizes, or products of up to three of them, that a factor may be; '' where none."""
    names = [name for name in sizes if sizes[name] > 1]
    products = itertools.chain.from_iterable(itertools.combinations(names, count) for count in (1, 2, 3))
    fits = [
        " × ".join(product)  # noqa: RUF001 - the sign that the text uses
        for product in products
        if math.isclose(times, math.prod(sizes[name] for name in product), rel_tol=10 * rtol)
    ]
    return " or ".join(fits)


def _is_sign(k: float, rtol: float) -> bool:
    """Tell whether a factor is -1."""
    return k < 0 and max(abs(k), 1 / abs(k)) - 1 <= 10 * rtol


def _factor_words(k: float, r: Array, sizes: Mapping[str, int], rtol: float) -> str | None:
    """Word a constant factor: 'is 14 times too large, and 14 = batch_size'."""
    times = max(abs(k), 1 / abs(k))
    if _is_sign(k, rtol):
        return "has the wrong sign. Where does a minus come in, or get lost?"
    named = _size_words(times, sizes, rtol)
    squared = [name for name in sizes if abs(k) > 1 and math.isclose(times, sizes[name] ** 2, rel_tol=10 * rtol)]
    if named or len(squared) == 1:
        times = float(round(times))  # what it is equal to
    number = _apart(times, 1.0)[0]
    text = f"is {number} times too {'large' if abs(k) > 1 else 'small'}" + ", with the wrong sign" * (k < 0)
    two = math.isclose(times, 2, rel_tol=10 * rtol)
    if named:
        question = "Where should that division stand?" if abs(k) > 1 else "Is something divided once too often?"
        return f"{text}, and {number} = {named}{' (or a plain 2)' * two}. {question}"
    if len(squared) == 1:  # two of one size are a product of sizes, above
        product = f"{number} = {squared[0]} × {squared[0]}"  # noqa: RUF001 - as above
        hint = "Python reads `/ a * b` from left to right."
        return f"{text}, and {product}. Is it multiplied by {squared[0]}, not divided? {hint}"
    if two:
        return f"{text}. Where does a 2 come in, or get lost?"
    large = np.abs(r)[np.abs(r) > _TINY * np.abs(r).max()]
    # Where all numbers have one size, any other is a multiple of them: no finding, and it would tell the number.
    if np.ptp(large) <= 1e-3 * large.max():
        return None
    return f"{text}: one constant factor. Which step multiplies or divides everything?"


def _factor(a: Array, r: Array, case: _Case) -> Finding | None:
    """Find one constant factor, and name it."""
    k = _ratio(a, r, case.rtol)
    text = None if k is None else _factor_words(k, r, case.sizes, case.rtol)
    if k is None or text is None:
        return None
    subject = f"Every value of {case.name}" if r.ndim else case.name
    return Finding("sign" if _is_sign(k, case.rtol) else "factor", f"{subject} {text}")


def _transposed(a: Array, r: Array, case: _Case) -> Finding | None:
    """Find the right values with axes in another order."""
    orders = itertools.permutations(range(r.ndim)) if r.ndim <= _FEW else ()
    for order in orders:
        moved = a.transpose(order)
        if moved.shape == r.shape and case.same(moved, r):
            what = "transposed" if r.ndim == 2 else "with axes in another order"
            message = f"The values of {case.name} are right, but {what}. Which index counts what?"
            return Finding("transposed", message)
    return None


def _sums_to_one(a: Array, axis: int | None) -> bool:
    return bool(np.all(np.abs(a.sum(axis) - 1) <= _TINY))


def _other_sum(a: Array, name: str) -> str:
    """Say along what else than its last axis an array sums to one, if at all.

    Where several hold, as of one column that is all there is, the message takes none of them.
    """
    axes = [axis for axis in range(a.ndim - 1) if _sums_to_one(a, axis)]
    if len(axes) + _sums_to_one(a, None) > 1:
        return f"Values of {name} sum to one, but not row by row. Over which of them is the sum taken?"
    if axes and a.ndim == 2:
        return f"The columns of {name} sum to one, not its rows. Which index counts the samples?"
    if axes:
        return f"{name} sums to one along axis {axes[0]}, not along the last. Which axis is which?"
    if _sums_to_one(a, None):
        return f"All values of {name} together sum to one, not each row by itself."
    return ""


def _axis(a: Array, r: Array, case: _Case) -> Finding | None:
    """Find distributions normalised along another axis than the last."""
    if r.ndim < 2 or not _sums_to_one(r, -1) or _sums_to_one(a, -1):
        return None
    message = _other_sum(a, case.name)
    return Finding("axis", message) if message else None


def _sign(a: Array, r: Array, case: _Case) -> Finding | None:
    """Find values that are right but for the sign of some."""
    if not case.same(np.abs(a), np.abs(r)):
        return None
    count = int(np.count_nonzero(~case.within(a, r)))
    have = "has" if count == 1 else "have"
    message = f"{count} of {r.size} values of {case.name} {have} the wrong sign; else they are right."
    return Finding("sign", message)


def _shift(a: Array, r: Array, case: _Case) -> Finding | None:
    """Find one amount added to every value."""
    if r.size < 2 or case.same(r, r.flat[0]) or not case.same(a - np.median(a - r), r):
        return None
    message = f"Every value of {case.name} is off by the same amount. What is added, or left out?"
    return Finding("shift", message)


def _order(a: Array, r: Array, case: _Case) -> Finding | None:
    """Find the right values in another order along one axis, or in all."""
    few = np.unique(r).size <= r.size // 2  # zeros and ones always seem to be in another order
    if few or not case.same(np.sort(a, axis=None), np.sort(r, axis=None)):
        return None
    flipped = [axis for axis in range(r.ndim) if case.same(np.flip(a, axis), r)]
    if flipped:
        return Finding("order", f"{case.name} is right, but reversed{_along(flipped)}. Where does it begin?")
    axes = [axis for axis in range(r.ndim) if case.same(np.sort(a, axis=axis), np.sort(r, axis=axis))]
    where = _along(axes)
    return Finding("order", f"{case.name} holds the right values, but in another order{where}. What comes first?")


def _along(axes: list[int]) -> str:
    """Name the axis along which something was found; none where it was found along several."""
    return f" along axis {axes[0]}" if len(axes) == 1 else ""


def _offset(a: Array, r: Array, case: _Case) -> Finding | None:
    """Find values that stand one place too late or too early."""
    found: dict[str, list[int]] = {"late": [], "early": []}
    for axis in range(r.ndim):
        mine, true = np.moveaxis(a, axis, 0), np.moveaxis(r, axis, 0)
        if len(true) < 3 or case.same(true[1:], true[:-1]):
            continue
        found["late"] += [axis] if case.same(mine[1:], true[:-1]) else []
        found["early"] += [axis] if case.same(mine[:-1], true[1:]) else []
    words = [word for word, axes in found.items() if axes]
    if not words:
        return None
    which = f"too {words[0]}{_along(found[words[0]])}" if len(words) == 1 else "off"
    return Finding("order", f"{case.name} comes one place {which}. Which index is used?")


def _precision(a: Array, r: Array, case: _Case) -> Finding | None:
    """Find values that are nearly right; whole numbers, such as indices, are right or wrong."""
    if not np.any(r % 1) or not replace(case, rtol=1e-3, atol=1e-4 * np.abs(r).max()).same(a, r):
        return None
    hint = "Is it computed in float32, or does a small constant enter?"
    return Finding("precision", f"{case.name} is nearly right, but not near enough. {hint}")


def _part(a: Array, r: Array, case: _Case) -> Finding | None:
    """Find a right first or last time step, sample or other index, and mostly wrong values at every other."""
    wrong = ~case.within(a, r)
    found = []
    for axis in range(r.ndim) if r.ndim > 1 else ():
        share = np.moveaxis(wrong, axis, 0).reshape(r.shape[axis], -1).mean(axis=1)
        for end, right, rest in (("first", share[0], share[1:]), ("last", share[-1], share[:-1])):
            if right == 0 and rest.size and rest.min() > 0.5:  # else it may be chance
                found.append((end, axis))
    return _part_finding(*found[0], r.ndim, case.name) if len(found) == 1 else None  # of two, neither is all of it


def _part_finding(end: str, axis: int, ndim: int, name: str) -> Finding:
    """Word that one end of an axis is right; (N, T, n) arrays have samples and time steps."""
    kind = {0: "sample", 1: "time step"}.get(axis, "index") if ndim == 3 else "index"
    label = "time" if kind == "time step" else "part"
    if (label, end) == ("time", "first"):
        hint = "What does a step know of the one before?"
        return Finding(label, f"In {name}, t = 0 is right, from t = 1 on it is wrong. {hint}")
    return Finding(label, f"Only the {end} {kind} of {name} (axis {axis}) is right; every other is mostly wrong.")


def _first(mask: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    """Return the index of the first True."""
    return tuple(int(i) for i in np.unravel_index(int(mask.argmax()), mask.shape))


def _words(names: Iterable[object]) -> str:
    """Join names for reading, each cut to a bearable length; blanks and line ends are seen in quotes."""
    found = list(names)
    texts = (_short(_text(name)) for name in found[:_LISTED])
    more = [f"and {len(found) - _LISTED} more"] if len(found) > _LISTED else []
    return ", ".join([text if _is_word(text) else repr(text) for text in texts] + more)


def _is_word(text: str) -> bool:
    """Tell whether a name is read well without quotes."""
    plain = text.removesuffix("…")
    return plain.isidentifier() or plain.isalnum()


def _short(text: str, most: int = _WORD) -> str:
    """Cut a text where it is put into a message: a learner's may have millions of characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _inside(path: str, key: object) -> str:
    """Return the path of what stands under a key."""
    written = repr(_short(key)) if type(key) is str else _short(_text(key) if type(key) is int else _written(key))
    return f"{_short(path, _PATH)}[{written}]"


def _written(key: object) -> str:
    """Return how a key is written, or its type where it cannot be written."""
    try:
        return repr(key)
    except Exception:  # noqa: BLE001 - a key of the learner's own kind
        return type(key).__name__


def _share(chosen: npt.NDArray[np.bool_], name: str = "") -> str:
    """Word how many values were chosen, with the verb: '3 of 8 values of y are'."""
    count, of = int(np.count_nonzero(chosen)), f" of {name}" * bool(name)
    if chosen.size == 1:
        return f"The one value{of} is"
    return f"{count} of {chosen.size} values{of} {'is' if count == 1 else 'are'}"


def _apart(one: float, other: float, digits: int = 6) -> tuple[str, str]:
    """Write two numbers with as many digits as it takes to see that they differ."""
    for count in range(digits, 18):  # 17 tell any two numbers apart
        texts = f"{one:.{count}g}", f"{other:.{count}g}"
        if one == other or texts[0] != texts[1]:
            break
    return texts


# --- visible checks -------------------------------------------------------------------------


def _stop(message: str) -> NoReturn:
    raise CheckFailed(message)


# IPython leaves out every frame that says `__tracebackhide__`, unless it is the last: what the student's own code
# raises is shown with the student's own line, and without the inside of this file.


def _fail(finding: Finding | None) -> None:
    __tracebackhide__ = True
    if finding:
        _stop(f"{finding.message}\n{finding.detail}".strip())


def _numbers(array: object, name: str) -> Array:
    """Return an array of real numbers for the visible checks, or raise CheckFailed."""
    return _numbers_of(array, _outline(array), name)


def _numbers_of(array: object, wanted: tuple[int, ...], name: str) -> Array:
    got = _receive(array, np.broadcast_to(0.0, wanted), name)  # takes no memory
    return _stop(got.message) if isinstance(got, Finding) else got


def close(  # noqa: PLR0913 - the tolerances of `compare`
    answer: object,
    expected: object,
    *,
    name: str,
    rtol: float = 1e-6,
    atol: float = 1e-9,
    sizes: Mapping[str, int] | None = None,
) -> None:
    """Check that an answer has the expected values; parameters as in `compare`."""
    __tracebackhide__ = True
    _fail(compare(answer, expected, name=name, rtol=rtol, atol=atol, sizes=sizes))


def shape(array: object, expected: tuple[int, ...], *, name: str) -> None:
    """Check the shape of an array."""
    __tracebackhide__ = True
    name = _short(name, _PATH)
    got = _plain(array, _outline(array))
    if got is None:
        _fail(_type_finding(array, "an array of numbers", name))
    else:
        _fail(_shape_finding(got.shape, tuple(expected), name))


def finite(array: object, *, name: str) -> None:
    """Check that no value is NaN or infinite."""
    __tracebackhide__ = True
    name = _short(name, _PATH)
    _fail(_not_finite(_numbers(array, name), name))


def rows_sum_to_one(array: object, *, name: str) -> None:
    """Check that an array sums to one along its last axis."""
    __tracebackhide__ = True
    name = _short(name, _PATH)
    got = _numbers(array, name)
    _fail(_not_finite(got, name))
    if not got.ndim:
        _stop(f"{name} is a single number; an array of rows is wanted.")
    sums = got.sum(axis=-1)
    wrong = np.abs(sums - 1) > _TINY
    if wrong.any():
        at = _first(wrong)
        row = f"row {at[0] if len(at) == 1 else at}" if at else "it"
        message = f"{name} does not sum to one along its last axis: {row} sums to {_apart(float(sums[at]), 1.0, 4)[0]}."
        _stop(f"{message} {_other_sum(got, name)}".strip())


def keys(mapping: object, expected: Iterable[str], *, name: str) -> None:
    """Check that a dictionary has the expected keys; more are allowed."""
    __tracebackhide__ = True
    _fail(_key_finding(mapping, expected, _short(name, _PATH)))


def unchanged(function: Callable[..., object], *arguments: object, name: str | None = None) -> None:
    """Check that a function leaves its arguments as they were: it is called on them once."""
    __tracebackhide__ = True
    name = _short(str(name or getattr(function, "__name__", "the function")), _PATH)
    before = {path: snapshot(value) for path, value in _parts(arguments)}
    _call(function, name, *arguments)
    for path, after in _parts(arguments):
        where = changed(before[path], after, path) if path in before else None
        if where:
            _stop(f"{name} changed {where} in place. Which line writes into it?")


def raises(error: type[Exception], function: Callable[..., object], *arguments: object, name: str) -> None:
    """Check that a call ends in an error of that type, as it should for arguments that make no sense."""
    __tracebackhide__ = True
    name = _short(name, _PATH)
    try:
        _call(function, name, *arguments)
    except error:
        return
    _stop(f"{name} returns, but a {error.__name__} is wanted.\nWhat does the text say about such arguments?")


def _call(function: Callable[..., Any], name: str, *arguments: object) -> Any:
    """Call a function; where no line of it is reached, say so in words, since there is no line of it to show."""
    __tracebackhide__ = True
    try:
        return function(*arguments)
    except TypeError as error:
        if error.__traceback__ is None or error.__traceback__.tb_next is None:
            said, count = _short(str(error), _SAID), len(arguments)
            message = f"{name} cannot be called with {count} argument{'s' * (count != 1)}: {said}."
            raise CheckFailed(f"{message}\nDoes it take the arguments that the text names?") from None
        raise


def _parts(arguments: tuple[object, ...]) -> Iterator[tuple[str, object]]:
    """Yield each argument with its path, and an object by its attributes."""
    for position, argument in enumerate(arguments, start=1):
        inner = getattr(argument, "__dict__", None)
        if type(inner) is not dict or issubclass(type(argument), (np.ndarray, dict, list, tuple)):
            yield f"argument {position}", argument
        else:
            yield from ((f"argument {position}.{_short(str(key))}", value) for key, value in inner.items())


def snapshot(value: object) -> object:
    """Copy arrays and plain containers, all the way down; leave other objects as they are."""
    view = _view(value)
    if view is not None:
        return view.copy()
    if issubclass(type(value), dict):
        return {key: snapshot(item) for key, item in (_entries(value) or {}).items()}
    items = _items(value)
    if items is None:
        return value
    copies = [snapshot(item) for item in items]
    return copies if issubclass(type(value), list) else tuple(copies)


def changed(before: object, after: object, path: str = "argument 1") -> str | None:
    """Return the path of the first thing that differs from its snapshot, or None.

    Parameters
    ----------
    before : object
        A `snapshot`.
    after : object
        What was copied, now; a NaN that stayed a NaN has not changed.
    path : str
        How the result begins, such as ``argument 2['Wx']``.
    """
    one, two = _entries(before), _entries(after)
    if one is None or two is None:
        return None if _unmoved(before, after) else path
    inner = {key: _inside(path, key) for key in (one | two)}
    found = (changed(one[key], two[key], inner[key]) if key in one and key in two else inner[key] for key in inner)
    return next((place for place in found if place), None)


def _entries(value: object) -> dict[Any, object] | None:
    """Return a dict as it is, a list or tuple by position, else None."""
    if issubclass(type(value), dict):
        return dict(dict.items(cast("dict[Any, object]", value)))
    items = _items(value)
    return None if items is None else dict(enumerate(items))


def _unmoved(before: object, after: object) -> bool:
    """Tell whether two arrays, numbers or other objects are the same, NaN being equal to NaN."""
    one, two = _view(before), _view(after)
    if one is not None and two is not None:
        if one.dtype != two.dtype or one.dtype.kind in "fc":
            return one.dtype == two.dtype and np.array_equal(one, two, equal_nan=True)
        return one.shape == two.shape and one.tobytes() == two.tobytes()
    if type(before) in (bool, int, float, complex, str, bytes) or isinstance(before, np.generic):
        return type(before) is type(after) and repr(before) == repr(after)  # NaN, too
    return before is after


def different(first: object, second: object, *, name: str) -> None:
    """Check that two things, such as two networks' parameters, share no memory and differ."""
    __tracebackhide__ = True
    name = _short(name, _PATH)
    where = _shared(first, second, name)
    if where:
        _stop(f"{where} is shared in memory: changing the one changes the other. Where is it made, and how often?")
    if changed(first, second) is None:
        _stop(f"{name}: both hold the very same values. Where should they come to differ?")


def _shared(first: object, second: object, path: str) -> str | None:
    """Return the path of the first array or container that two things share."""
    one, two = _view(first), _view(second)
    if one is not None and two is not None:
        return path if np.may_share_memory(one, two) else None
    inside, other = _entries(first) or {}, _entries(second) or {}
    if first is second and issubclass(type(first), (dict, list)):  # Python itself may share a tuple
        return path
    found = (_shared(inside[key], other[key], _inside(path, key)) for key in inside if key in other)
    return next((place for place in found if place), None)


# --- gradients ------------------------------------------------------------------------------


def numeric_gradient(loss: Callable[[], float], parameter: Array, *, step: float = 1e-5) -> Array:
    """Return the gradient of a loss by central differences.

    Parameters
    ----------
    loss : callable
        Takes nothing, returns one number, and reads `parameter` whenever it is called.
    parameter : ndarray of float64, any shape
        Moved by `step` in place, one value at a time, and put back exactly.
    step : float
        Near the cube root of the machine precision, where rounding and truncation balance.
    """
    if not issubclass(type(parameter), np.ndarray) or parameter.dtype.kind != "f":
        _stop("numeric_gradient needs an array of float64: an integer cannot move by a small step.")
    if parameter.dtype.itemsize < np.dtype(np.float64).itemsize:
        _stop(f"{parameter.dtype.name} is too rough for differences this small: use float64.")
    __tracebackhide__ = True
    gradient = np.zeros(parameter.shape)
    for index in np.ndindex(parameter.shape):
        old = parameter[index]
        up, down = old + step, old - step
        try:
            parameter[index] = up
            above = _one_number(_call(loss, "the loss"))
            parameter[index] = down
            below = _one_number(_call(loss, "the loss"))
        finally:
            parameter[index] = old
        gradient[index] = (above - below) / (up - down)
    return gradient


def _one_number(loss: object) -> float:
    return float(_numbers_of(loss, (), "the loss"))


def gradients(
    cost: Callable[[Mapping[str, Array]], float],
    parameters: Mapping[str, Array],
    grads: Mapping[str, Array],
    *,
    rtol: float = 1e-5,
    sizes: Mapping[str, int] | None = None,
) -> None:
    """Check gradients against central differences of the cost.

    Parameters
    ----------
    cost : callable
        Takes parameters, returns one number. It gets a copy of `parameters`.
    parameters, grads : mapping of str to ndarray
        The gradient of ``"Wx"`` is called ``"dWx"`` and has its shape.
    rtol : float
        Right where ``|a - b| / (|a| + |b|)``, with the norms of whole arrays, is at most this.
    sizes : mapping of str to int, optional
        Sizes that a wrong constant factor may be made of.
    """
    __tracebackhide__ = True
    if not isinstance(parameters, Mapping):
        _fail(_type_finding(parameters, "a dictionary", "parameters"))
    keys(grads, [f"d{name}" for name in parameters], name="grads")
    own = {name: _numbers(value, _inside("parameters", name)) for name, value in parameters.items()}

    def moved() -> Any:
        """Return the cost of the parameters as they are now."""
        __tracebackhide__ = True
        return _call(cost, "the cost", own)

    numeric = {}
    for name, value in own.items():  # in no comprehension: before Python 3.12 that is a frame of its own
        numeric[f"d{name}"] = numeric_gradient(moved, value)
    given = {name: _numbers_of(grads[name], wanted.shape, _short(name)) for name, wanted in numeric.items()}
    for name, gradient in given.items():
        _fail(_not_finite(gradient, _short(name)))
    distance = {name: _distance(given[name], numeric[name]) for name in given}
    wrong = {name: rel for name, rel in distance.items() if not rel <= rtol}
    if wrong:
        _stop(_gradient_words(given, numeric, wrong, sizes or {}))


def _distance(a: Array, b: Array) -> float:
    """Return the relative distance of a gradient from the numeric one."""
    scale = float(max(1.0, np.abs(a).max(initial=0.0), np.abs(b).max(initial=0.0)))  # squares of 1e300 overflow
    one, two = a / scale, b / scale
    gap = float(np.linalg.norm(one - two))
    # 1e-8 lies above the rounding of a difference: 2e-16 * cost / step.
    return gap / float(np.linalg.norm(one) + np.linalg.norm(two)) if gap > 1e-8 / scale else 0.0


def _gradient_words(
    given: dict[str, Array],
    numeric: dict[str, Array],
    wrong: dict[str, float],
    sizes: Mapping[str, int],
) -> str:
    """Say which gradients are right, which are not, and what the wrong ones have in common."""
    right = [name for name in given if name not in wrong]
    listed = ", ".join(f"{_words([name])} (rel {rel:.2g})" for name, rel in list(wrong.items())[:_LISTED])
    text = f"Right: {_words(right) or 'none'}. Not right: {listed}."
    text += "\nrel is the distance from the numeric gradient: 0 is equal, 1 is far."
    a, r = (np.concatenate([d[name].ravel() for name in wrong]) for d in (given, numeric))
    with np.errstate(all="ignore"):
        k = _ratio(a, r, 1e-3)  # numeric gradients are no better than that where they are small
        words = None if k is None else _factor_words(k, r, sizes, 1e-3)
    if words:
        return f"{text}\nEvery value of {'these' if right else 'every gradient'} {words}"
    if right:
        return f"{text}\nWhat do the wrong ones need that the right ones do without?"
    return text
