"""The worker's pieces in our own process, with a line and a shell of straw: outputs, streams, values, answers."""

from __future__ import annotations

import ast
import linecache
import signal
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gradekit.worker import shell as module
from gradekit.worker.definitions import run_definitions
from gradekit.worker.refusals import Refusals
from gradekit.worker.serve import Server
from gradekit.worker.shell import ONE_OUTPUT, OUTPUT_BYTES, PRINTED_BYTES, TEXT_LIMIT, Outputs, Stream, encoded
from gradekit.worker.values import DEPTH_LIMIT, Stub
from gradekit.worker.wire import FRAME_BYTES, ITEMS, Closed, Ref, WireError, pack, unpack

NUMPY_2 = np.lib.NumpyVersion(np.__version__) >= "2.0.0"  # older ones make no array of more than 32 axes


class Straw:
    """A line whose other side has said beforehand all that it will say."""

    def __init__(self, *frames: Any) -> None:
        self.frames = list(frames)
        self.sent: list[Any] = []

    def send(self, value: Any) -> None:
        """Send as the real one would: packed and unpacked."""
        self.sent.append(unpack(pack(value)))

    def receive(self) -> Any:
        """Return the next frame, or hang up."""
        if not self.frames:
            raise Closed("the other side is gone")
        return self.frames.pop(0)


class Shell:
    """A shell that runs a cell as Python does."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.user_ns = {"__name__": "__main__", **names}
        self.refusals = Refusals()

    def run_cell(self, source: str, *, store_history: bool) -> Any:
        """Run the source; an error is in the result, as IPython's is."""
        assert store_history
        error = None
        try:
            exec(compile(source, "<cell>", "exec"), self.user_ns)
        except Exception as raised:  # noqa: BLE001  (as IPython does)
            error = raised
        return SimpleNamespace(success=error is None, error_before_exec=None, error_in_exec=error, execution_count=7)


def made(*frames: Any, **names: Any) -> Server:
    """Return a worker whose notebook defines these names, and to whom these frames will come."""
    return Server(Straw(*frames), Shell(names), Outputs())  # type: ignore[arg-type]


def asked(worker: Server, **frame: Any) -> Any:
    """Return the worker's answer to one frame."""
    worker._answer({"n": 1, **frame})
    (answer,) = worker.channel.sent  # type: ignore[attr-defined]
    assert answer.pop("n") == 1
    return answer


def call(worker: Server, *args: Any, watch: bool = False) -> Any:
    """Call ``f`` over there."""
    return asked(worker, do="call", target=["f"], args=list(args), kwargs={}, watch=watch)


def answer_of(value: Any) -> Any:
    """Return what arrives of a value that the learner's function returns."""
    worker = made(f=lambda: value)
    worker.outputs.begin(keep=False)
    return call(worker)["value"]["answer"]


# --- outputs and streams ---------------------------------------------------------------------------------------------


def stream(name: str, text: str) -> dict[str, Any]:
    """Return a stream output in the notebook's form."""
    return {"output_type": "stream", "name": name, "text": text}


def test_texts_of_one_stream_are_one_output() -> None:
    """What is printed in pieces is one text; the other stream begins another."""
    outputs = Outputs()
    out, err = Stream(outputs, "stdout"), Stream(outputs, "stderr")
    for part in ("a", "b", "\n"):
        out.write(part)
    err.writelines(["c", "d"])
    out.write("e")
    assert outputs.shown() == [stream("stdout", "ab\n"), stream("stderr", "cd"), stream("stdout", "e")]


def test_too_much_output_is_cut_with_a_note() -> None:
    """The text that fits is shown up to the limit, one note follows, and then nothing."""
    outputs = Outputs()
    out = Stream(outputs, "stdout")
    out.write("a" * (PRINTED_BYTES // 2))
    out.write("b" * PRINTED_BYTES)
    out.write("c")
    assert not outputs.open
    (first, note) = outputs.shown()
    assert len(first["text"]) == PRINTED_BYTES // 2
    assert "more output than is kept" in note["text"]


def test_a_gigabyte_at_once_is_not_copied() -> None:
    """Of one enormous text only as much is encoded as could be kept."""
    outputs = Outputs()
    begin = time.perf_counter()
    assert Stream(outputs, "stdout").write("a" * 10**8) == 10**8
    assert time.perf_counter() - begin < 2
    assert sum(len(output["text"]) for output in outputs.shown()) < PRINTED_BYTES


def test_many_lines_cost_time_in_proportion() -> None:
    """Printing a hundred thousand lines takes no minutes: texts are joined once."""
    outputs = Outputs()
    begin = time.perf_counter()
    for number in range(100_000):
        print(number, file=Stream(outputs, "stdout"))
    assert time.perf_counter() - begin < 5
    assert outputs.shown()[0]["text"].endswith("99999\n")


def test_a_million_tiny_outputs_fit_into_a_frame() -> None:
    """Outputs that alternate between the streams count more than their text, so that the frame holds them all."""
    outputs = Outputs()
    for _ in range(OUTPUT_BYTES // 100):
        Stream(outputs, "stdout").write("a")
        Stream(outputs, "stderr").write("b")
    assert len(outputs) <= OUTPUT_BYTES // ONE_OUTPUT + 1
    unpack(pack(outputs.shown()))


def test_closed_page_keeps_nothing() -> None:
    """While a hidden test calls, what is shown is dropped; the next cell begins anew."""
    outputs = Outputs()
    outputs.begin(keep=False)
    Stream(outputs, "stdout").write("secret")
    assert outputs.shown() == []
    outputs.begin(keep=True)
    Stream(outputs, "stdout").write("a")
    assert outputs.shown() == [stream("stdout", "a")]


def test_streams_are_as_jupyters() -> None:
    """A stream is no terminal, has no descriptor, takes text alone, and survives surrogates."""
    outputs = Outputs()
    out = Stream(outputs, "stdout")
    assert (out.isatty(), out.writable(), out.readable(), out.seekable()) == (False, True, False, False)
    with pytest.raises(OSError, match="no file descriptor"):
        out.fileno()
    with pytest.raises(TypeError, match="must be str, not bytes"):
        out.write(b"a")  # type: ignore[arg-type]
    assert out.write("\ud800") == 1
    assert out.write("") == 0
    out.flush()
    assert outputs.shown() == [stream("stdout", "?")]


def test_display_data_are_texts_and_pictures() -> None:
    """Bytes become base64, surrogates question marks; what is neither text nor bytes is left out."""
    found = encoded({"image/png": b"\x89PNG", "text/plain": "a\ud800", "application/json": {"a": 1}})
    assert found == {"image/png": "iVBORw==\n", "text/plain": "a?"}


# --- values that go out ----------------------------------------------------------------------------------------------


class Liar(np.ndarray):
    """An array that lies about all that can be asked of it."""

    shape = property(lambda _: (10**9,))  # type: ignore[assignment]
    nbytes = property(lambda _: 0)  # type: ignore[assignment]
    ndim = property(lambda _: 1)  # type: ignore[assignment]

    def __array_function__(self, *_: Any) -> Any:
        """Lie."""
        return 42

    def __array_finalize__(self, other: Any) -> None:
        """Stay silent."""

    def view(self, *_: Any) -> Any:
        """Lie."""
        return "a view"

    def tobytes(self, *_: Any) -> bytes:
        """Lie."""
        return b"lies"


class Box(list):  # type: ignore[type-arg]
    """A list that claims to be short, or long."""

    def __len__(self) -> int:
        """Lie."""
        return 0


class Number(int):
    """A whole number with ideas of its own."""


class Word(str):
    """A text with ideas of its own."""

    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        (True, True),
        (-(2**63), -(2**63)),
        (2**64 - 1, 2**64 - 1),
        (1.5 - 2j, 1.5 - 2j),
        ("a\ud800b", "a?b"),
        (np.float32(1.5), 1.5),
        (np.float16(1.5), 1.5),
        (np.longdouble(1.5), 1.5),
        (np.clongdouble(1.5j), 1.5j),
        (np.int8(-3), -3),
        (np.bool_(1), True),
        (np.str_("a\ud800b"), "a?b"),
        ((1, [2, {"k": (3,)}]), (1, [2, {"k": (3,)}])),
        ({np.int64(1): 2, None: 3, 2**70: 4, Word("w"): 5}, {"1": 2, "None": 3, str(2**70): 4, "w": 5}),
        ({"a\ud800": 1}, {"a?": 1}),
        (Box([1, 2]), [1, 2]),
    ],
    ids=repr,
)
def test_plain_values_go_out(value: Any, plain: Any) -> None:
    """Numbers, texts and containers of them leave as plain Python values, numpy's own included."""
    found = answer_of(value)
    assert found == plain
    assert type(found) is type(plain)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (2**64, "beyond 64 bits"),
        (-(2**63) - 1, "beyond 64 bits"),
        (np.array([object()]), "an array of objects"),
        (np.array(["a"]), "an array of texts"),
        (np.zeros(1, "datetime64[s]"), "an array of dates"),
        (np.broadcast_to(0.0, (10**5, 10**4)), "far too large"),
        (np.zeros(FRAME_BYTES // 8), "far too large"),
        *([(np.zeros((1,) * 40), "far too large")] if NUMPY_2 else []),
        ([0] * ITEMS, "more values than travel"),
        (dict.fromkeys(range(ITEMS), 0), "more values than travel"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_does_not_travel_is_described(value: Any, said: str) -> None:
    """Numbers, arrays and containers that are too large or not of numbers go out as a few words."""
    found = answer_of(value)
    assert type(found) is Ref
    assert found.kind == "opaque"
    assert said in found.text


@pytest.mark.parametrize(
    ("value", "called"),
    [
        (object(), "object"),
        (Number(3), "Number"),
        (Word("a"), "Word"),
        ({1}, "set"),
        (b"a", "bytes"),
        (print, "builtin_function_or_method"),
        (Number, "class"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_objects_stay(value: Any, called: str) -> None:
    """What is not exactly plain stays, and a handle with its type's name goes out."""
    worker = made(f=lambda: value)
    found = call(worker)["value"]["answer"]
    assert found == Ref("handle", 0, called)
    assert worker.values.objects == [value]
    assert worker.values.inward(found) is value


@pytest.mark.parametrize("dtype", [float, np.float32, np.int16, bool, complex, ">f8", ">i4"])
def test_arrays_go_out_whole(dtype: Any) -> None:
    """Arrays of numbers leave with their values, in this machine's byte order."""
    array = np.arange(6).reshape(2, 3).T.astype(dtype)
    found = answer_of(array)
    assert found.tolist() == array.tolist()
    assert found.dtype == array.dtype.newbyteorder("=")


def test_long_doubles_are_rounded() -> None:
    """Long doubles, which not every machine has, leave as doubles."""
    assert answer_of(np.ones(2, np.longdouble)).dtype == np.float64
    assert answer_of(np.ones(2, np.clongdouble)).dtype == np.complex128


def test_an_array_that_lies_tells_the_truth() -> None:
    """Of an array subclass the numbers leave, whatever it says of itself."""
    found = answer_of(np.arange(4.0).reshape(2, 2).view(Liar))
    assert type(found) is np.ndarray
    assert found.tolist() == [[0, 1], [2, 3]]


def test_an_enormous_array_that_lies_is_described() -> None:
    """An array subclass that claims to have no bytes is measured all the same."""
    found = answer_of(np.broadcast_to(0.0, (10**5, 10**5)).view(Liar))
    assert found == Ref("opaque", text="an array of shape (100000, 100000), far too large")


def test_containers_without_end_are_cut() -> None:
    """A container that holds itself ends in a few words at the twentieth level."""
    endless: list[Any] = []
    endless.append(endless)
    found, depth = answer_of(endless), 0
    while isinstance(found, list):
        found, depth = found[0], depth + 1
    assert (found.kind, depth) == ("opaque", DEPTH_LIMIT)


def test_a_branching_container_without_end_does_not_fill_the_memory() -> None:
    """A list that holds itself four times has 4^20 ends; the frame's room ends before."""
    endless: list[Any] = []
    endless.extend([endless] * 4)
    begin = time.perf_counter()
    answer_of(endless)
    assert time.perf_counter() - begin < 10


def test_a_container_that_raises_is_an_error() -> None:
    """A dict whose items cannot be had is the learner's error, and the worker goes on."""

    class Broken(dict):  # type: ignore[type-arg]
        def items(self) -> Any:
            raise RuntimeError("no items")

    assert call(made(f=Broken))["error"]["text"] == "no items"


def test_an_answer_too_large_for_a_frame_is_an_error() -> None:
    """Two arrays that fit one by one, but not both, are refused in words."""
    half = np.zeros(FRAME_BYTES // 16 + 1000)
    error = call(made(f=lambda: (half, half)))["error"]
    assert error["kind"] == "ValueError"
    assert "a frame of" in error["text"]


# --- values that come in ---------------------------------------------------------------------------------------------


def test_values_come_in() -> None:
    """Handles become their objects and stubs callables, in containers too; the rest stays as it is."""
    worker = made()
    thing = object()
    worker.values.objects.append(thing)
    found = worker.values.inward({"a": [Ref("handle", 0), (Ref("stub", 4, "softmax"), 2)]})
    assert found["a"][0] is thing
    stub, two = found["a"][1]
    assert two == 2
    assert isinstance(stub, Stub)
    assert repr(stub) == "<softmax>"
    assert worker.values.outward(stub) == Ref("stub", 4, "softmax")


def test_a_handle_that_does_not_exist_is_an_error() -> None:
    """A number that was never given is an error of that call, not the end."""
    assert "IndexError" in call(made(f=lambda x: x), Ref("handle", 3))["error"]["kind"]


def test_numpy_does_not_take_a_stub_for_an_array() -> None:
    """Probing a stub for array protocols asks nobody."""
    worker = made()
    assert np.asarray(Stub(worker.ask_back, Ref("stub", 0)), dtype=object).shape == ()
    assert worker.channel.sent == []  # type: ignore[attr-defined]


# --- answers ---------------------------------------------------------------------------------------------------------


class Own(BaseException):
    """A learner's exception outside of Exception."""


@pytest.mark.parametrize("raised", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit, Own, MemoryError])
def test_whatever_is_raised_is_an_answer(raised: type[BaseException]) -> None:
    """No exception of the learner's ends the worker."""

    def f() -> None:
        raise raised("so")

    assert call(made(f=f)) == {"error": {"kind": raised.__name__, "text": "so", "line": ""}}


def test_an_exception_is_short_and_names_the_learners_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an exception, 300 characters of its text and the notebook's own line go out, surrogates mended."""
    source = "def f():\n    raise ValueError('\\ud800' + 'a' * 1000)\n"
    monkeypatch.setitem(linecache.cache, "<cell 1>", (len(source), None, source.splitlines(keepends=True), "<cell 1>"))
    worker = made()
    exec(compile(source, "<cell 1>", "exec"), worker.shell.user_ns)
    error = call(worker)["error"]
    assert error["text"] == "?" + "a" * (TEXT_LIMIT - 1)
    assert error["line"] == "raise ValueError('\\ud800' + 'a' * 1000)"


@pytest.mark.parametrize("also", [ValueError, SystemExit, Own])
def test_an_exception_that_cannot_be_read_has_no_text(also: type[BaseException]) -> None:
    """An exception whose text raises is named by its type."""

    class Broken(Exception):
        def __str__(self) -> str:
            raise also

    def f() -> None:
        raise Broken

    assert call(made(f=f)) == {"error": {"kind": "Broken", "text": "", "line": ""}}


@pytest.mark.parametrize(
    "frame",
    [
        {},
        {"do": "score"},
        {"do": "call"},
        {"do": "call", "target": [7], "args": [], "kwargs": {}, "watch": False},
        {"do": "call", "target": ["nothing"], "args": [], "kwargs": {}, "watch": False},
        {"do": "get", "target": ["f", "nothing"]},
        {"do": "seed", "seed": -1},
    ],
    ids=str,
)
def test_a_question_that_cannot_be_answered_is_an_error(frame: dict[str, Any]) -> None:
    """Names and numbers that do not exist, and words unknown, get an error for an answer."""
    assert set(asked(made(f=1), **frame)) == {"error"}


def test_missing_name_is_said_as_in_process() -> None:
    """A function that the notebook does not define is named."""
    assert asked(made(), do="get", target=["softmax"])["error"]["text"] == "softmax is not defined in your notebook"


def test_arguments_come_back_where_they_are_watched() -> None:
    """With watch, the arguments as they are after the call go back, the rest being the trusted side's business."""

    def f(x: Any, y: Any) -> None:
        x *= 2
        y["k"] = 1

    value = call(made(f=f), np.ones(2), {}, watch=True)["value"]
    assert value["answer"] is None
    assert value["args"][0].tolist() == [2, 2]
    assert value["args"][1] == {"k": 1}


def test_seed_and_state() -> None:
    """Seeding makes draws repeat; a state that was kept is put back."""
    before = np.random.get_state()
    try:
        worker = made()
        worker._answer({"n": 1, "do": "seed", "keep": True})
        first = np.random.rand()
        worker._answer({"n": 2, "do": "seed", "seed": 3})
        third = np.random.rand()
        worker._answer({"n": 3, "do": "seed", "keep": False})
        assert np.random.rand() == first != third
    finally:
        np.random.set_state(before)


def test_a_failed_cell_always_shows_its_error() -> None:
    """A cell that failed without showing why gets an error output, in the notebook's form and not too long."""
    worker = made()
    found = asked(worker, do="cell", source="raise ValueError('\\ud800' + 'a' * 10**6)")["value"]
    assert (found["ok"], found["count"]) == (False, 7)
    (shown,) = found["outputs"]
    assert (shown["output_type"], shown["ename"]) == ("error", "ValueError")
    assert shown["evalue"].startswith("?aa")
    assert len(shown["evalue"]) == len(shown["traceback"][0]) - len("ValueError: ") == module.ERROR_TEXT


# --- stubs -----------------------------------------------------------------------------------------------------------


def test_a_stubs_call_travels_back() -> None:
    """Calling a stub asks over the line and returns what comes; reading an attribute asks without arguments."""
    worker = made({"n": -1, "value": 4}, {"n": -2, "value": Ref("stub", 9, "a method")})
    stub = worker.values.inward(Ref("stub", 3, "f"))
    assert stub(1, a=np.float64(2)) == 4
    assert isinstance(stub.method, Stub)
    first, second = worker.channel.sent  # type: ignore[attr-defined]
    assert first == {"n": -1, "stub": Ref("stub", 3, "f"), "name": "", "args": [1], "kwargs": {"a": 2.0}}
    assert (second["name"], second["args"]) == ("method", None)


def test_calls_are_answered_while_a_stub_runs() -> None:
    """While it waits for a stub, the worker answers calls: a learner's function handed to the stub is called."""
    question = {"n": 5, "do": "call", "target": ["f"], "args": [2], "kwargs": {}, "watch": False}
    worker = made(question, {"n": -1, "value": 6}, f=lambda x: x + 1)
    assert worker.values.inward(Ref("stub", 0))() == 6
    assert worker.channel.sent[1] == {"n": 5, "value": {"answer": 3, "args": None}}  # type: ignore[attr-defined]


def test_a_stubs_error_is_raised() -> None:
    """What the trusted side refuses is a RuntimeError here."""
    with pytest.raises(RuntimeError, match="no longer there"):
        made({"n": -1, "error": "a given function that is no longer there"}).values.inward(Ref("stub", 0))()


def test_an_interrupt_waits_for_the_stubs_answer() -> None:
    """An interrupt between a stub's question and its answer is raised after the answer, which is not left behind."""
    worker = made({"n": -1, "value": 4}, {"n": 3, "do": "get", "target": ["f"]}, f=1)
    receive = worker.channel.receive

    def interrupted() -> Any:
        worker.interrupts.interrupt()
        return receive()

    worker.channel.receive = interrupted  # type: ignore[method-assign]
    with worker.interrupts.learners(), pytest.raises(KeyboardInterrupt):
        worker.values.inward(Ref("stub", 0))()
    assert len(worker.channel.frames) == 1  # type: ignore[attr-defined]


def test_an_interrupt_comes_through_in_the_learners_turn_only() -> None:
    """While the learner's code runs an interrupt is raised; afterwards it is dropped."""
    worker = made()
    with pytest.raises(KeyboardInterrupt), worker.interrupts.learners():
        worker.interrupts.interrupt()
    worker.interrupts.interrupt()
    assert not worker.interrupts.interruptible


def test_serving_ends_with_the_line() -> None:
    """The worker answers each frame, drops an interrupt that came too late, and ends when the other side is gone."""
    before = signal.getsignal(signal.SIGINT)
    worker = made({"n": 1, "do": "get", "target": ["f"]}, {"n": 2, "do": "get", "target": ["g"]}, f=1)
    worker.interrupts.interrupted = True
    try:
        with pytest.raises(WireError):
            worker.serve()
    finally:
        signal.signal(signal.SIGINT, before)
    assert [frame["n"] for frame in worker.channel.sent] == [1, 2]  # type: ignore[attr-defined]
    assert not worker.interrupts.interrupted


# --- definitions -----------------------------------------------------------------------------------------------------


def test_definitions_of_an_earlier_cell() -> None:
    """Imports, functions, classes and constants are run; calls, other assignments and loops are not."""
    source = (
        "import math\nfrom math import pi as number\nsize = 3\nnames: list = []\ngrown = size + 1\n"
        "def f(): return size\nclass Net: pass\nasync def g(): pass\nprint(1/0)\nfor i in range(3): pass\n"
    )
    names: dict[str, Any] = {}
    run_definitions(source, names, without=frozenset())
    assert {"math", "number", "size", "f", "Net", "g"} == set(names) - {"__builtins__"}
    assert names["f"]() == 3


def test_definitions_leave_out_what_was_given() -> None:
    """A function whose stub is in its place does not replace the stub."""
    names = {"softmax": "the stub"}
    run_definitions("def softmax(x): pass\ndef other(): return softmax", names, without=frozenset({"softmax"}))
    assert names["other"]() == "the stub"


@pytest.mark.parametrize(
    "source",
    ["def f(:", "\0", "(" * 10_000, "import nothing_of_that_name", "def f(x=1/0): pass", "class A(B): pass"],
    ids=len,
)
def test_definitions_that_fail_are_left_out(source: str) -> None:
    """A cell that cannot be parsed, and a definition that raises, are left out; the others go on."""
    names: dict[str, Any] = {}
    run_definitions(source, names, without=frozenset())
    run_definitions(f"{source if _parses(source) else ''}\nx = 1", names, without=frozenset())
    assert names["x"] == 1


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def test_a_library_is_an_object_that_stays() -> None:
    """A module that is asked for stays here under a number; one that is missing is an error."""
    worker = made()
    (found,) = asked(worker, do="library", module="math").values()
    assert (found.kind, found.text) == ("handle", "module")
    assert worker.values.objects[found.number].sqrt(4) == 2
    assert asked(made(), do="library", module="no_such_module")["error"]["kind"] == "ModuleNotFoundError"
