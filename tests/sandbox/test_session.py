"""The line to a real worker: interrupts, losses, forged frames, stubs; whatever the worker does, we go on."""

from __future__ import annotations

import os
import resource
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradekit.errors import NoMemoryLeft
from gradekit.files import clear_stages
from gradekit.isolation import exchange, processes
from gradekit.isolation import stubs as isolation_stubs
from gradekit.isolation import template as isolation_template
from gradekit.isolation.exchange import Lost
from gradekit.isolation.session import Session
from gradekit.isolation.template import Template
from gradekit.judging.declare import Expect, Rejected
from gradekit.judging.line import Handle, LearnerError, Opaque, Student, changed_by
from gradekit.model import Limits, Verdict
from gradekit.worker.wire import WireError

from .conftest import Fork, text_of

TIGHT = Limits(call_s=0.3, exercise_s=20, cell_s=0.3, submission_s=60, memory_bytes=512 * 2**20)

# Finds the line among the open descriptors, as a learner's code would, and writes to it and reads from it.
LINE = """
import os, stat, struct, msgpack


def is_socket(fd):
    try:
        return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError:
        return False


(line,) = [fd for fd in range(3, 256) if is_socket(fd)]


def say(value):
    data = msgpack.packb(value)
    os.write(line, struct.pack(">I", len(data)) + data)
"""


@pytest.fixture
def session(fork: Fork) -> Session:
    """A session with a fresh worker and numpy imported."""
    made = fork()
    run(made, "import numpy as np")
    return made


@pytest.fixture
def tight(fork: Fork) -> Session:
    """A session whose calls and cells have a third of a second."""
    return fork(TIGHT)


def run(session: Session, source: str) -> str:
    """Run a cell that must go through; return what it printed."""
    done = session.run_cell(source)
    assert done.ok, text_of(done.outputs)
    return text_of(done.outputs)


def works(session: Session) -> bool:
    """Tell whether the worker still answers, rightly."""
    run(session, "def add(a, b):\n    return a + b")
    return bool(Student(session).add(1, 2) == 3)


def lost(session: Session, source: str) -> Lost:
    """Run a cell that must end the worker; return how."""
    with pytest.raises(Lost) as caught:
        session.run_cell(source)
    assert not session.alive
    with pytest.raises(Lost):
        session.run_cell("1")
    return caught.value


# --- time ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "import time; time.sleep(100)",
        "import threading; threading.Event().wait()",
        "import os; os.read(os.pipe()[0], 1)",
        "import asyncio; asyncio.new_event_loop().run_until_complete(asyncio.sleep(100))",
        "try:\n        while True: pass\n    finally:\n        x = 1",
    ],
    ids=["loop", "sleep", "wait", "read", "event loop", "finally"],
)
def test_what_takes_too_long_is_interrupted(tight: Session, body: str) -> None:
    """A call and a cell that take too long are stopped, and the worker goes on."""
    run(tight, f"def f():\n    {body}")
    for stuck in (Student(tight).f, lambda: tight.run_cell("f()")):
        with pytest.raises(LearnerError, match=r"longer than 0.3 s") as late:
            stuck()
        assert late.value.verdict is Verdict.TLE
        assert not isinstance(late.value, Lost)
    assert works(tight)


@pytest.mark.parametrize(
    "source",
    [
        "def spin():\n    while True: pass\nwhile True:\n    try:\n        spin()\n    except BaseException: pass",
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass",
    ],
    ids=["swallows", "ignores", "blocks"],
)
def test_what_will_not_stop_is_ended(tight: Session, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code that swallows, ignores or blocks the interrupt is killed, and it was its time that ran out."""
    monkeypatch.setattr(exchange, "GRACE_S", 0.3)
    begin = time.monotonic()
    gone = lost(tight, source)
    assert gone.verdict is Verdict.TLE
    assert "would not stop" in gone.text
    assert time.monotonic() - begin < 3


def test_a_late_interrupt_harms_nobody(session: Session) -> None:
    """An interrupt that comes between two calls is dropped."""
    for _ in range(20):
        session.line.worker.interrupt()
        assert works(session)


def test_an_exercises_time_is_bounded(fork: Fork) -> None:
    """Calls that are short one by one use up the exercise's time together; the next exercise has its own."""
    session = fork(Limits(call_s=5, exercise_s=0.3))
    run(session, "def f():\n    import time\n    time.sleep(0.1)")
    answers: list[Any] = []
    with session.exercise(), pytest.raises(LearnerError, match="used up") as late:
        answers.extend(Student(session).f() for _ in range(100))
    assert late.value.verdict is Verdict.TLE
    assert len(answers) < 4
    with session.exercise():
        assert works(session)


def test_silence_ends_at_the_deadline(tight: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that neither answers nor ends is lost."""
    monkeypatch.setattr(exchange, "GRACE_S", 0.2)
    run(tight, "from gradekit.worker.wire import Channel\ndef silence():\n    Channel.send = lambda *_: None")
    gone = lost(tight, "silence()")
    assert gone.verdict is Verdict.TLE


def test_one_who_never_reads_is_lost(tight: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sending large arguments to a worker that reads nothing ends at a deadline."""
    monkeypatch.setattr(exchange, "GRACE_S", 0.2)
    source = (
        "import __main__, gc\n"
        "from gradekit.worker.wire import Channel\n"
        "def deaf(self, deadline=None):\n    import time\n    while True:\n        try:\n            time.sleep(1)\n"
        "        except BaseException: pass\n"
        "Channel.receive = deaf"
    )
    run(tight, source)
    begin = time.monotonic()
    with pytest.raises(Lost):
        Student(tight).f(np.zeros(10**6))
    assert time.monotonic() - begin < 5


# --- ends ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "import os; os._exit(0)",
        "import os; os.abort()",
        "import ctypes; ctypes.string_at(0)",
        LINE + "os.close(line)",
        LINE + "os.dup2(0, line)",
    ],
    ids=["exit", "abort", "segfault", "closes the line", "replaces the line"],
)
def test_an_ended_process_is_lost(session: Session, source: str) -> None:
    """However the learner's code ends its process, the session is lost, and it is no accepted answer."""
    gone = lost(session, source)
    assert gone.verdict is Verdict.RTE
    assert gone.kind == "Ended"


@pytest.mark.parametrize("more", [0, 1], ids=["by whoever", "for want of memory"])
def test_who_is_killed_for_want_of_memory_is_not_to_blame(
    session: Session, monkeypatch: pytest.MonkeyPatch, more: int
) -> None:
    """A worker that the system ends while its count of those grows is the host's fault; another one is lost."""
    counted = exchange.ended_for_memory() + more
    monkeypatch.setattr(exchange, "ended_for_memory", lambda: counted)
    os.kill(session.line.worker.pid, signal.SIGKILL)
    with pytest.raises(NoMemoryLeft if more else Lost):
        session.run_cell("1")
    assert not session.line.alive


def test_the_system_says_whom_it_ended_for_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number stands in a file of the system's; where there is none, or no such line, it is 0."""
    assert processes.ended_for_memory() >= 0
    monkeypatch.setattr(processes, "EVENTS", tmp_path / "vmstat")
    assert processes.ended_for_memory() == 0
    (tmp_path / "vmstat").write_text("nr_free_pages 5\ndrop_pagecache 0\n")
    assert processes.ended_for_memory() == 0
    (tmp_path / "vmstat").write_text("drop_pagecache 0\noom_kill 13\nnuma_hit 7\n")
    assert processes.ended_for_memory() == 13


def test_exits_that_python_knows_are_survived(session: Session) -> None:
    """sys.exit, quit, and exceptions outside of Exception end a call or a cell, and the worker goes on."""
    run(session, "import sys\nclass Own(BaseException): pass\ndef leave(): sys.exit(3)\ndef own(): raise Own")
    for name in ("leave", "own"):
        with pytest.raises(LearnerError) as caught:
            getattr(Student(session), name)()
        assert not isinstance(caught.value, Lost)
    for source in ("sys.exit(1)", "quit()", "raise Own", "raise KeyboardInterrupt", "raise GeneratorExit"):
        with suppress(LearnerError):
            session.run_cell(source)
        assert works(session)


def test_memory_has_its_own_verdict(session: Session) -> None:
    """More memory than allowed is a MemoryError with the verdict for it, and the worker goes on."""
    run(session, "def f():\n    return np.ones(10**9)")
    with pytest.raises(LearnerError, match="MemoryError") as caught:
        Student(session).f()
    assert caught.value.verdict is Verdict.MLE
    assert works(session)


@pytest.mark.parametrize(
    "source",
    [
        "for i in range(10**6): open(f'{i}', 'w').close()",
        "for i in range(100):\n    with open(f'{i}', 'wb') as file: file.write(bytes(10**6))\nwhile True: pass",
        "for i in range(100):\n    with open(f'{i}', 'wb') as file: file.write(bytes(10**6))",
        "import os\nfor i in range(5000):\n    os.mkdir('a'); os.chdir('a')\nwhile True: pass",
        "import os\nfor i in range(20):\n    os.mkdir('a' * 250); os.chdir('a' * 250)\nwhile True: pass",
    ],
    ids=["many files", "many bytes", "many bytes at once", "deep", "long"],
)
def test_flooding_the_scratch_folder_is_output(fork: Fork, source: str) -> None:
    """Too many files or bytes, or folders too deep to look into, end the process; nothing of it stays."""
    session = fork(Limits(cell_s=20, scratch_bytes=20 * 10**6, scratch_files=500))
    folder = session.line.worker.scratch
    assert lost(session, source).verdict is Verdict.OLE
    assert not folder.exists()


def test_files_that_come_and_go_are_measured(tight: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that changes while it is measured, or that cannot be looked into, is no fault of ours."""
    monkeypatch.setattr(exchange, "LOOK_S", 0.002)
    source = (
        "import os\nwhile True:\n    for i in range(50):\n        os.mkdir(f'd{i}'); open(f'd{i}/f', 'w').close()\n"
        "    for i in range(50):\n        os.remove(f'd{i}/f'); os.rmdir(f'd{i}')"
    )
    with pytest.raises(LearnerError, match="longer than") as caught:
        tight.run_cell(source)
    assert not isinstance(caught.value, Lost)
    with suppress(LearnerError):  # root can look into it, an ordinary user cannot
        tight.run_cell("os.mkdir('closed', 0)\nwhile True: pass")


# --- forged frames ---------------------------------------------------------------------------------------------------

# Session.call sends number n; the forger does not know it, but it can count.
FORGED = {
    "an answer in advance": "for n in range(1000): say({'n': n, 'value': {'answer': 42, 'args': None}})",
    "an answer twice": "say({'n': number(), 'value': {'answer': 42, 'args': None}})",
    "an answer with another number": "say({'n': -1, 'value': 1})",
    "no number": "say({'value': 1})",
    "a text for a number": "say({'n': '1', 'value': 1})",
    "a list": "say([1, 2])",
    "a score": "say({'n': number(), 'score': 1.0})",
    "a frame of 4 GB": "os.write(line, b'\\xff\\xff\\xff\\xff' + b'a' * 100)",
    "garbage": "os.write(line, b'\\0\\0\\0\\x04\\xc1\\xc1\\xc1\\xc1')",
    "an empty frame": "os.write(line, bytes(4))",
    "tuples without end": "d = msgpack.packb([1])\n    for _ in range(900): d = msgpack.packb(msgpack.ExtType(2, d))\n"
    "    os.write(line, struct.pack('>I', len(d)) + d)",
    "an error of other types": "say({'n': number(), 'error': {'kind': 1, 'text': [], 'line': None}})",
    "an error that is a text": "say({'n': number(), 'error': 'no'})",
    "an answer that is a text": "say({'n': number(), 'value': 'no'})",
    "a stub that does not exist": "say({'n': number(), 'value': {'answer': msgpack.ExtType(4, "
    "msgpack.packb(['stub', 7, ''])), 'args': None}})",
    "half a frame": "os.write(line, b'\\0\\0\\1\\0abc')",
    "a million frames": "while True: say({'n': 0})",
}
NUMBER = """
def number():
    # the number of the question that is being answered stands in the worker's own frame
    import sys
    frame = sys._getframe()
    while "answer" not in frame.f_locals or "frame" not in frame.f_locals or type(frame.f_locals["frame"]) is not dict:
        frame = frame.f_back
    return frame.f_locals["frame"]["n"]
"""


@pytest.mark.parametrize("name", FORGED)
def test_forged_frames_end_the_worker(tight: Session, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames written to the line by the learner's code, right-looking ones too, never make a second call answered."""
    monkeypatch.setattr(exchange, "GRACE_S", 0.3)
    run(tight, LINE + NUMBER + f"def f():\n    {FORGED[name]}\n    return 0\n")
    answers: list[Any] = []
    with pytest.raises(LearnerError):
        answers.extend(Student(tight).f() for _ in range(3))
    assert len(answers) < 2
    assert not tight.alive


@pytest.mark.parametrize(
    "value",
    [
        "None",
        "{'ok': True}",
        "{'ok': True, 'outputs': 1}",
        "{'ok': True, 'outputs': [1]}",
        "{'ok': True, 'outputs': [{'output_type': (1,)}]}",
        "{'ok': True, 'outputs': [{'output_type': 'stream', 'text': array}]}",
        "{'ok': True, 'outputs': [{1: 'stream'}]}",
    ],
)
def test_outputs_are_of_the_notebooks_form(session: Session, value: str) -> None:
    """A cell whose outputs are not what JSON can hold was answered by a forger."""
    source = f"""
from gradekit.worker.serve import Server
import numpy as np
array = np.ones(2)
answer = Server._answer
def forged(self, frame):
    if frame["do"] != "cell":
        return answer(self, frame)
    self.channel.send({{"n": frame["n"], "value": {value}}})
Server._answer = forged
"""
    run(session, source)
    assert "malformed answer" in lost(session, "1").text


def test_a_reply_that_was_replayed_is_not_believed(session: Session) -> None:
    """An answer sent twice is good for one question; the second ends the worker before the next question is asked."""
    source = LINE + NUMBER + "def f():\n    say({'n': number(), 'value': {'answer': 1, 'args': None}})\n    return 1"
    run(session, source)
    assert Student(session).f() == 1
    with pytest.raises(Lost, match=r"nobody asked for|wrong number"):
        Student(session).f()


# --- values ----------------------------------------------------------------------------------------------------------


def test_objects_are_talked_to(session: Session) -> None:
    """An object stays over there: attributes are read, methods called, and it can be passed back as itself."""
    source = """
class Net:
    def __init__(self, size):
        self.parameters = {"W": np.ones((size, size))}
        self.inner = self
    def apply(self, x):
        return x @ self.parameters["W"]
    def itself(self, other):
        return other is self
"""
    run(session, source)
    net = Student(session).Net(2)
    assert isinstance(net, Handle)
    assert net.parameters["W"].tolist() == [[1, 1], [1, 1]]
    assert net.apply(np.ones((1, 2))).tolist() == [[2, 2]]
    assert net.itself(net) is True
    assert net.inner.inner.itself(net.inner) is True
    assert Student(session).Net(size=3).apply(x=np.ones(3)).shape == (3,)
    with pytest.raises(LearnerError, match="AttributeError"):
        _ = net.nothing
    with pytest.raises(LearnerError, match="softmax is not defined"):
        Student(session).softmax(1)


def test_handles_travel_in_containers(session: Session) -> None:
    """A handle inside of a list or a dict, and one not yet asked for, arrive as their objects."""
    run(
        session, "box = [object()]\nthing = object()\ndef give(): return [thing]\ndef same(a, b): return a[0] is b['k']"
    )
    (thing,) = Student(session).give()
    assert Student(session).same([thing], {"k": thing}) is True
    assert Student(session).same([Student(session).thing], {"k": thing}) is True


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ("x += 1", "argument 1"),
        ("d['k'][0] = 9", "argument 2['k']"),
        ("d['new'] = 1", "argument 2['new']"),
        ("x.shape = (2, 1)", "argument 1"),
        ("d.clear()", "argument 2['k']"),
        ("d['k'] = None", "argument 2['k']"),
        ("d['k'] = object()", "argument 2['k']"),
        ("d['k'] = 2**70", "argument 2['k']"),
        ("x, d = x + 1, {}", None),
        ("pass", None),
    ],
)
def test_an_argument_changed_in_place_is_named(session: Session, body: str, path: str | None) -> None:
    """What the learner's code did to its arguments is seen from here; ours are as they were."""
    run(session, f"def f(x, d):\n    {body}")
    x, d = np.array([1.0, np.nan]), {"k": np.ones(2)}
    found = changed_by(Student(session).f, (x, d))  # type: ignore[arg-type]
    assert found == path
    assert x[0] == 1.0
    assert d["k"].tolist() == [1, 1]


def test_a_forged_argument_list_is_refused(session: Session) -> None:
    """Arguments that come back in another number end the worker: nothing was proved unchanged."""
    run(
        session,
        "from gradekit.worker.serve import Server\n"
        "old = Server._call\nServer._call = lambda *a: {**old(*a), 'args': []}",
    )
    run(session, "import __main__\ndef f(x): pass")
    session_actions = "import gc\nfor w in [o for o in gc.get_objects() if isinstance(o, Server)]:\n"
    run(session, session_actions + "    w.actions['call'] = w._call")
    with pytest.raises(Lost, match="malformed answer"):
        changed_by(Student(session).f, (np.ones(2),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("np.array([object()])", "an array of objects"),
        ("np.broadcast_to(0.0, (10**5, 10**5))", "far too large"),
        ("2**70", "beyond 64 bits"),
        ("[0] * 10**6", "more values than travel"),
        # numpy 1.26 makes no array of so many axes
        *([("np.zeros((1,) * 40)", "far too large")] if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else []),
    ],
)
def test_what_does_not_travel_is_a_wrong_answer(session: Session, value: str, said: str) -> None:
    """An answer that cannot come over is described; a test rejects it, and the worker goes on."""
    run(session, f"def f():\n    return {value}")
    answer = Student(session).f()
    assert isinstance(answer, Opaque)
    with pytest.raises(Rejected, match=said):
        Expect().close(answer, np.zeros(2), name="f()")
    assert works(session)


@pytest.mark.parametrize("kept", ["Memory()", "np.array([Memory(), None], dtype=object)", "2**70"])
def test_what_stays_can_be_handed_back_inside_a_container(session: Session, kept: str) -> None:
    """A cache that holds an object of the learner's, or an array of them, comes back as it was, and unchanged."""
    run(
        session,
        f"import numpy as np\nclass Memory: pass\nheld = {kept}\n"
        "def forward(): return {'all': [held, np.ones(2)]}\n"
        "def backward(cache): return cache['all'][0] is held\n"
        "def spoils(cache): cache['all'][1].fill(0.0)",
    )
    cache = Student(session).forward()
    assert Student(session).backward(cache)
    assert changed_by(Student(session).backward, (cache,)) is None  # type: ignore[arg-type]
    assert changed_by(Student(session).spoils, (cache,)) == "argument 1['all'][1]"  # type: ignore[arg-type]


def test_a_value_of_ours_that_does_not_travel_is_our_fault(session: Session) -> None:
    """An argument of a hidden test's that is not plain is an error of ours, and costs the learner nothing."""
    run(session, "def f(x): return x")
    for value in (2**70, np.array([object()]), np.ones(3 * 10**6)):
        with pytest.raises(WireError):
            Student(session).f(value)
    assert works(session)


def test_seeds_reach_the_learners_generator_and_go_again(session: Session) -> None:
    """Seeding makes draws repeat; what an exercise did to the generator is undone."""
    run(session, "def draw():\n    return np.random.rand(2)\nnp.random.seed(5)")
    before = np.random.get_state()
    try:
        with session.exercise():
            Student(session).seed(3)
            first = Student(session).draw()
            Student(session).seed(3)
            assert (Student(session).draw() == first).all()
        assert run(session, "print(np.random.rand())") == run(session, "np.random.seed(5); print(np.random.rand())")
    finally:
        np.random.set_state(before)


def test_text_of_errors_is_short(session: Session) -> None:
    """An exception's type, text and line are cut, and its line is the notebook's own."""
    run(session, "def f():\n    raise type('A' * 1000, (Exception,), {})('b' * 1000)")
    with pytest.raises(LearnerError) as caught:
        Student(session).f()
    assert len(caught.value.kind) == len(caught.value.text) == 300
    assert caught.value.line.startswith("raise type(")


# --- stubs -----------------------------------------------------------------------------------------------------------


class Layer:
    """A trusted object with state, methods, and things that must not be had."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.weights = {"W": np.full((2, 2), scale)}
        self._secret = "the answer"
        self.module = np
        self.numbers = (number for number in range(3))

    def apply(self, x: Any) -> Any:
        """Scale."""
        return x * self.scale

    def twin(self) -> Layer:
        """Return another."""
        return Layer(self.scale + 1)

    def fail(self) -> None:
        """Fail with a long text."""
        raise ValueError("x" * 1000)


def with_stubs(session: Session, **stubs: Any) -> Session:
    """Bind stubs and return the session."""
    session.bind(stubs)
    return session


def said(session: Session, source: str) -> str:
    """Run code that must raise over there; return the exception's text."""
    done = session.run_cell(
        f"try:\n    {source}\n    text = 'nothing was raised'\nexcept Exception as e:\n    text = str(e)"
    )
    assert done.ok
    return str(session.get(("text",)))


def test_a_stubs_call_is_answered_here(session: Session) -> None:
    """A learner's function that calls a stub gets the trusted function's answer; arrays and keywords travel."""
    calls = []

    def softmax(x: Any, *, axis: int = -1) -> Any:
        calls.append(x)
        return np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)

    with_stubs(session, softmax=softmax)
    run(session, "def f(x):\n    return softmax(x, axis=0).sum(axis=0)")
    assert Student(session).f(np.ones((3, 2))).tolist() == pytest.approx([1, 1])
    assert type(calls[0]) is np.ndarray


def test_an_object_behind_a_stub(session: Session) -> None:
    """Classes, instances, their attributes and methods stand behind stubs; plain values come as such."""
    with_stubs(session, Layer=Layer, layer=Layer(2.0))
    run(
        session,
        "net = Layer(3.0)\ntwin = net.twin()\nresult = [net.apply(2.0), layer.scale, twin.scale, twin.apply(1)]",
    )
    assert session.get(("result",)) == [6.0, 2.0, 4.0, 4.0]
    assert session.get(("layer",)).scale == 2.0
    run(session, "w = layer.weights['W']; w *= 0; again = layer.weights['W'].sum()")
    assert session.get(("again",)) == 8.0, "what is read is a copy"


@pytest.mark.parametrize(
    "source",
    ["layer._secret", "layer.apply.__globals__", "layer.nothing", "layer.module", "layer.numbers"],
)
def test_what_a_stub_keeps(session: Session, source: str) -> None:
    """Private names, and modules and generators that lead to everything else, are not had through a stub."""
    with_stubs(session, layer=Layer(2.0))
    assert said(session, source) != "nothing was raised"
    assert works(session)


@pytest.mark.parametrize("name", ["__globals__", "__code__", "__init__", "_secret", "__class__", "", "apply.__func__"])
def test_a_forged_name_leads_nowhere(session: Session, name: str) -> None:
    """Asking past the stub's class for a private name, or for a path, is refused here."""
    with_stubs(session, layer=Layer(2.0))
    source = f"ask, ref = layer._gradekit\n    ask(ref, {name!r}, None, {{}})"
    if name:
        assert said(session, source) != "nothing was raised"
    else:
        run(session, f"ask, ref = layer._gradekit\nsame = ask(ref, {name!r}, None, {{}})")


def test_a_stubs_failure_is_an_exception_over_there(session: Session) -> None:
    """A trusted function that raises on hostile arguments raises over there, in 300 characters, and we go on."""
    with_stubs(session, layer=Layer(2.0))
    assert said(session, "layer.fail()") == "ValueError: " + "x" * (isolation_stubs.TEXT_LIMIT - len("ValueError: "))
    assert "TypeError" in said(session, "layer.apply(1, 2, 3)")
    assert "TypeError" in said(session, "layer()")
    assert works(session)


def test_a_reentrant_handle(session: Session) -> None:
    """A trusted function may call what it was given: the learner's function runs, and may call the stub again."""

    def forward(act: Any, x: Any) -> Any:
        return act(x) + 1

    with_stubs(session, forward=forward, double=lambda x: x + x)
    run(session, "def mine(x):\n    return double(x) * 10\ndef f(x):\n    return forward(mine, x)")
    assert Student(session).f(np.ones(2)).tolist() == [21, 21]
    run(session, "def fails(x):\n    raise ValueError('mine')\ndef g():\n    return forward(fails, 1)")
    with pytest.raises(LearnerError, match="mine"):
        Student(session).g()
    assert works(session)


def test_stubs_end_in_depth(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that hands itself to a stub without end is stopped, and the worker goes on."""
    monkeypatch.setattr(isolation_stubs, "STUB_DEPTH", 4)
    deepest = []

    def again(act: Any) -> Any:
        deepest.append(session.stubs.depth)
        return act()

    with_stubs(session, again=again)
    run(session, "def f():\n    return again(f)")
    with pytest.raises(LearnerError, match="too many calls of a given function"):
        Student(session).f()
    assert max(deepest) == 4
    assert session.stubs.depth == 0
    assert works(session)


def test_stubs_end_in_number(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many calls and no more, of whatever is called; another exercise may call again."""
    monkeypatch.setattr(isolation_stubs, "STUB_CALLS", 60)
    calls: list[object] = []
    run(session, "def f(one):\n    while True:\n        one(1)")
    for _ in range(2):
        with session.exercise(), pytest.raises(LearnerError, match="too many calls"):
            Student(session).f(calls.append)
    assert len(calls) == 120


@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        ("def f():\n    while True:\n        one()", 7),
        ("def f():\n    for _ in range(99):\n        try: one()\n        except RuntimeError: pass\n    one()", 7),
        ("made = Layer(2.0)\ndef f():\n    while True:\n        made.apply(1)", 7),
        ("def f():\n    while True:\n        Layer(2.0).twin()", 7),
        ("from threading import Thread\ndef f():\n    while True:\n        one()", 3),
    ],
)
def test_functions_of_earlier_exercises_answer_few_calls(session: Session, source: str, allowed: int) -> None:
    """What they give counts too, and a new test begins anew; before the first test some are answered."""
    calls: list[str] = []

    class Counted(Layer):
        def __init__(self, scale: float) -> None:
            calls.append("made")
            super().__init__(scale)

        def apply(self, x: float) -> float:
            calls.append("applied")
            return super().apply(x)

    with_stubs(session, one=lambda: calls.append("one"), Layer=Counted)
    run(session, source)
    calls.clear()
    for _ in range(2):
        session.stubs.allow(allowed)
        with pytest.raises(LearnerError, match="too many calls of a given function"):
            Student(session).f()
    assert 0 < len(calls) <= 2 * allowed
    assert works(session)


def test_calls_before_the_first_test_are_few_too(session: Session) -> None:
    """The learner's cell asks an earlier function no more often while it is run than in a test."""
    calls: list[int] = []
    with_stubs(session, one=lambda: calls.append(1))
    assert not session.run_cell("while True:\n    one()").ok
    assert len(calls) == isolation_stubs.CALLS_AT_LEAST


def test_what_a_test_gives_is_no_earlier_function(session: Session) -> None:
    """An activation that a hidden test hands over answers as often as it is asked, in the first judging too."""
    run(session, "def f(act):\n    return sum(act(1.0) for _ in range(500))")
    session.stubs.allow(0)
    assert Student(session).f(lambda x: x + 1) == 1000.0


def test_stubs_end_in_time(tight: Session) -> None:
    """Calling a stub without end, each call being short, ends at the call's deadline; the worker goes on."""
    with_stubs(tight, one=lambda: 1)
    tight.stubs.allow(10**9)
    run(tight, "def f():\n    while True:\n        one()")
    begin = time.monotonic()
    with pytest.raises(LearnerError, match="longer than") as late:
        Student(tight).f()
    assert late.value.verdict is Verdict.TLE
    assert not isinstance(late.value, Lost)
    assert time.monotonic() - begin < 2
    assert works(tight)


def test_a_stub_that_takes_long_here_is_bounded(tight: Session) -> None:
    """A trusted function that a learner's arguments keep busy is stopped at the deadline, and so is the call."""

    def count(x: Any) -> int:
        return sum(1 for _ in range(x.size * 10**6))

    with_stubs(tight, count=count)
    run(tight, "import numpy as np\ndef f():\n    return count(np.ones(1000))")
    begin = time.monotonic()
    with pytest.raises(LearnerError):
        Student(tight).f()
    assert time.monotonic() - begin < 3
    assert not tight.alive or works(tight)


def test_a_stub_is_dead_once_its_exercise_ends(session: Session) -> None:
    """A stub that was stashed does nothing after the test: its call is refused, and answering with it is the end."""
    calls = []
    with session.exercise():
        with_stubs(session, one=lambda: calls.append(1))
        run(session, "stash = [one]\none()\nmethod = one")
    assert said(session, "stash[0]()") == "a given function that is no longer there"
    assert calls == [1]
    run(session, "def f():\n    return stash[0]")
    with pytest.raises(Lost, match="a stub that does not exist"):
        Student(session).f()


def test_a_stub_as_an_answer_is_no_answer(session: Session) -> None:
    """Returning the given function instead of numbers is a wrong answer or undecided, never accepted."""
    with_stubs(session, given=lambda x: x)
    run(session, "def f(x):\n    return given")
    expect = Expect()
    with pytest.raises(Exception):  # noqa: B017, PT011  (Rejected, or a fault that leaves it undecided)
        expect.close(Student(session).f(1), np.ones(2), name="f(x)")
    assert expect.judged == 0


@pytest.mark.parametrize(
    "arguments",
    [
        "np.ones((900, 900), np.int8), np.ones((900, 900), np.int8)",
        "[np.ones(30_000)] * 3",
        "{'W': np.ones(70_000, bool)}",
        "*[np.ones(200)] * 400",
        "a=np.ones(40_000), b=(np.ones(40_000),)",
    ],
)
def test_many_numbers_are_refused(session: Session, arguments: str) -> None:
    """What takes numpy long in one step, where no bound on the time reaches it, does not reach a trusted function."""
    calls = []
    with_stubs(session, product=lambda *args, **words: calls.append(len(args) + len(words)))
    assert said(session, f"product({arguments})") == "a call that cannot be"
    assert said(session, "product(np.ones((100, 300)), b=np.ones((300, 100)))") == "nothing was raised"
    assert calls == [2]
    assert works(session)


@pytest.mark.parametrize("size", ["10**9", "[10**9, 10**9]", "{'k': (10**12,)}", "2**63"])
def test_huge_numbers_are_refused(session: Session, size: str) -> None:
    """A whole number that could be the size of an enormous array does not reach a trusted function."""
    calls = []
    with_stubs(session, zeros=calls.append)
    assert said(session, f"zeros({size})") == "a call that cannot be"
    assert calls == []
    assert works(session)


def test_huge_broadcasting_fails_over_there(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small arguments whose combination would fill the memory are a MemoryError of the call; ours is put back."""
    monkeypatch.setattr(isolation_stubs, "STUB_BYTES", 2**28)
    before = resource.getrlimit(resource.RLIMIT_AS)
    with_stubs(session, add=lambda a, b: a + b)
    assert "MemoryError" in said(session, "add(np.zeros((30_000, 1)), np.zeros((1, 30_000)))")
    assert resource.getrlimit(resource.RLIMIT_AS) == before
    assert works(session)


def test_an_answer_too_large_for_a_frame_fails_over_there(session: Session) -> None:
    """A stub's answer that does not fit into a frame is refused over there; the worker goes on."""
    with_stubs(session, add=lambda a, b: a + b, large=lambda: 2**70)
    assert said(session, "add(np.zeros((3000, 1)), np.zeros((1, 3000)))") == "an answer that is too large"
    assert said(session, "large()") == "an answer that is too large"
    assert works(session)


def test_a_draw_behind_a_stub_follows_the_seed(session: Session) -> None:
    """A given function that draws from the global generator draws what the seed says."""
    before = np.random.get_state()
    try:
        with_stubs(session, initial=lambda: np.random.rand(2))
        run(session, "def f():\n    return initial()")
        with session.exercise():
            Student(session).seed(7)
            first = Student(session).f()
            Student(session).seed(7)
            assert Student(session).f().tolist() == first.tolist() == np.random.RandomState(7).rand(2).tolist()
    finally:
        np.random.set_state(before)


@pytest.mark.parametrize(
    "frame",
    [
        "{'stub': 3, 'name': '', 'args': [], 'kwargs': {}}",
        "{'stub': Ref('handle', 0), 'name': '', 'args': [], 'kwargs': {}}",
        "{'stub': Ref('stub', 99), 'name': '', 'args': [], 'kwargs': {}}",
        "{'stub': Ref('stub', -1), 'name': '', 'args': [], 'kwargs': {}}",
        "{'stub': ref, 'name': 3, 'args': [], 'kwargs': {}}",
        "{'stub': ref, 'name': '', 'args': 3, 'kwargs': {}}",
        "{'stub': ref, 'name': '', 'args': [], 'kwargs': []}",
        "{'stub': ref, 'name': '', 'args': [], 'kwargs': {1: 2}}",
        "{'stub': ref}",
    ],
)
def test_a_forged_stub_call_is_an_error_over_there(session: Session, frame: str) -> None:
    """Calls of stubs that do not exist or make no sense are refused, and no trusted function runs."""
    calls = []
    with_stubs(session, one=lambda: calls.append(1))
    source = f"""
from gradekit.worker.wire import Ref
ask, ref = one._gradekit
worker = ask.__self__
worker.channel.send({{"n": -5, **{frame}}})
answer = worker.channel.receive()
"""
    run(session, source)
    assert "error" in session.get(("answer",))
    assert calls == []


# --- a notebook's cells ----------------------------------------------------------------------------------------------


def test_a_cell_shows_what_jupyter_shows(session: Session) -> None:
    """Texts, a value, a figure, a display, top-level await and an error come in the notebook's own form."""
    import nbformat

    source = """
import sys, matplotlib.pyplot as plt
from IPython.display import HTML, display
print("out"); print("err", file=sys.stderr)
display(HTML("<b>bold</b>"))
plt.plot([1, 2]); plt.show()
async def two(): return 2
await two()
"""
    done = session.run_cell(source)
    assert [output["output_type"] for output in done.outputs] == ["stream"] * 2 + ["display_data"] * 2 + [
        "execute_result"
    ]
    assert done.outputs[2]["data"]["text/html"] == "<b>bold</b>"
    assert set(done.outputs[3]["data"]) == {"text/plain", "image/png"}
    assert done.outputs[4]["data"]["text/plain"] == "2"
    failed = session.run_cell("1/0")
    assert (failed.ok, failed.outputs[0]["ename"]) == (False, "ZeroDivisionError")
    for output in done.outputs + failed.outputs:
        nbformat.validate(nbformat.from_dict(output), ref="output", version=4, version_minor=5)


def test_what_a_cell_prints_is_not_kept_in_memory(session: Session) -> None:
    """A cell may print more than its memory: what is beyond the bound is nowhere kept."""
    assert session.run_cell("for _ in range(600):\n    print('x' * 2**20)").ok


def test_what_a_hidden_call_prints_is_dropped(session: Session) -> None:
    """Texts, warnings and displays of a function that a hidden test calls appear nowhere."""
    run(session, "import warnings\ndef f(x):\n    print(x); warnings.warn('no'); display(x)\n    return x")
    assert Student(session).f(1) == 1
    assert run(session, "pass") == ""


def test_definitions_without_those_that_were_given(session: Session) -> None:
    """Earlier cells' imports and functions are defined, but for those whose stubs stand there; nothing is shown."""
    with_stubs(session, double=lambda x: 2 * x)
    cells = [
        "import math\nprint('no')\ndef double(x):\n    return 0",
        "def four(x):\n    return double(double(x))",
        "1/0",
        "((",
    ]
    session.define(cells, without=("double",))
    assert Student(session).four(3) == 12


def test_an_ended_session_says_so(template: Template) -> None:
    """After its end a session asks nobody, ending twice is no fault, and the scratch folder is gone."""
    session = Session(template.fork(TIGHT), TIGHT, time.monotonic() + 60)
    scratch = session.line.worker.scratch
    session.end()
    session.end()
    assert not scratch.exists()
    with pytest.raises(Lost, match="was ended"):
        session.run_cell("1")
    with session.exercise():
        assert not session.alive


def test_a_reference_that_the_worker_makes_up_is_harmless(session: Session) -> None:
    """A handle with any number is the learner's own affair: asking for it is their error."""
    run(session, "from gradekit.worker.wire import Ref\nfrom gradekit.worker.values import Values\ndef f(): pass")
    run(session, "Values.outward = lambda self, value, depth=0: Ref('handle', 10**6, 'a liar')")
    liar = Student(session).f()
    with pytest.raises(LearnerError, match="a malformed error"):
        _ = liar.anything
    assert not session.alive


def test_generators_and_iterators_are_made_and_read_over_there(session: Session) -> None:
    """A hidden test makes a generator for the learner's function, and reads what a generator function yields."""
    run(session, "def f(rng, n):\n    for _ in range(n):\n        yield rng.random()")
    student = Student(session)
    generator = student.library("numpy.random", "default_rng")(7)
    drawn = student.library("builtins", "list")(student.f(generator, 3))
    assert drawn == np.random.default_rng(7).random(3).tolist()
    assert changed_by(student.f, (generator, 3)) is None
    student.seed(7)
    assert student.library("numpy.random", "random")() == np.random.RandomState(7).random()


def test_a_library_that_the_worker_makes_up_is_harmless(session: Session) -> None:
    """A worker that answers a question for a module with anything else loses what it was asked for."""
    run(session, "from gradekit.worker.values import Values\nValues.outward = lambda self, value, depth=0: 3")
    with pytest.raises(LearnerError, match="no module"):
        Student(session).library("numpy.random", "default_rng")


def test_a_worker_goes_first_where_the_hosts_memory_ends(session: Session) -> None:
    """The kernel is told to end a worker before anything of ours."""
    pid = session.line.worker.pid
    assert Path(f"/proc/{pid}/oom_score_adj").read_text(encoding="ascii") == "1000\n"
    assert Path("/proc/self/oom_score_adj").read_text(encoding="ascii") != "1000\n"


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    """Folders of templates go with the next template where their process is no more; those of the living stay."""
    name = f"{isolation_template.PLACE}-{socket.gethostname()}"
    for folder in (f"{name}-{2**30}-a/scratch", f"{name}-{os.getpid()}-b", f"{name}-x-c", "gradekit-other"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / f"{name}-{2**30}-d").symlink_to(tmp_path / "gradekit-other")
    clear_stages(tmp_path, isolation_template.PLACE)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{name}-{os.getpid()}-b",
        f"{name}-x-c",
        f"{name}-{2**30}-d",
        "gradekit-other",
    }
