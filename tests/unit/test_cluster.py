"""What stands around a cluster of Dask's: addresses, frames, and who is asked when, with no cluster there."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import dask
import pytest
from distributed import CancelledError, KilledWorker

from gradekit import cli
from gradekit.cluster import connect, judges, parcel, slot, worker
from gradekit.cluster.address import check_address, line_of, refuse_plain
from gradekit.cluster.connect import open_cluster
from gradekit.cluster.facts import differences, facts, packages_of
from gradekit.cluster.gateway import handed_out
from gradekit.cluster.judges import AHEAD, Cluster
from gradekit.cluster.parcel import Answer
from gradekit.cluster.roll import Roll
from gradekit.cluster.worker import Judges, Slot, Terms, Watch, judge_here
from gradekit.course import reports
from gradekit.course.course import Course
from gradekit.errors import ClusterError, GradekitError, UsageError
from gradekit.grade.judge import Grading, judge_there
from gradekit.grade.travel import files_of, pack, pack_hand_in, unpack_hand_in
from gradekit.jobs import Broken
from gradekit.model import HandIn, Limits

# --- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("tls://node07:8786", "tls"),
        ("tls://127.0.0.1:8786", "tls"),
        ("gateway://hub.example.org:443/a1b2", "tls"),
        ("127.0.0.1:8786", "loopback"),
        ("tcp://localhost:8786", "loopback"),
        ("tcp://[::1]:8786", "loopback"),
        ("tcp://127.1.2.3:8786", "loopback"),
        ("tcp://node07:8786", "insecure"),
        ("node07:8786", "insecure"),
        ("tcp://10.0.0.7:8786", "insecure"),
        ("tcp://localhost.example.org:8786", "insecure"),
        ("ws://node07:8786", "insecure"),
        ("ws://127.0.0.1:8786", "insecure"),
    ],
)
def test_how_a_line_is_kept(address: str, line: str) -> None:
    """TLS and this machine's own loopback keep a line; everything else is refused, but where that is asked for."""
    whole = check_address(address)
    assert line_of(whole) == line
    assert refuse_plain(whole, insecure=True) == line
    if line == "insecure":
        with pytest.raises(ClusterError, match="is neither TLS nor on this machine"):
            refuse_plain(whole, insecure=False)


def test_the_least_kept_line_counts() -> None:
    """A tunnel's near end is on this machine; what the scheduler and its workers call themselves says the rest."""
    with pytest.raises(ClusterError, match=r"^tcp://10\.0\.0\.7:8786 is neither"):
        refuse_plain("tcp://127.0.0.1:8786", "tcp://127.0.0.1:8786", "tcp://10.0.0.7:8786", insecure=False)
    assert line_of("tls://node07:8786", "tcp://127.0.0.1:9000") == "loopback"


@pytest.mark.parametrize("address", ["node07", "tls://", "tls://node07", "tcp://:8786", "tcp://node07:x", ""])
def test_no_address(address: str) -> None:
    """Host and port are needed."""
    with pytest.raises(UsageError, match="that is no address of a Dask scheduler"):
        check_address(address)


# --- the command line ------------------------------------------------------------------------------------------------


def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], course: Course, *words: str) -> str:
    """Grade with these words, which must be refused with nothing done; return what is said below the empty bar."""
    folder = course.root / "submitted" / "ann" / "small"
    folder.mkdir(parents=True)
    (folder / "small.ipynb").write_bytes((course.root / "release" / "small" / "small.ipynb").read_bytes())
    before = sorted(map(str, course.root.rglob("*")))
    monkeypatch.setattr(sys, "argv", ["gradekit", "grade", "small", "--course-dir", str(course.root), *words])
    assert cli.main() == 2
    assert sorted(map(str, course.root.rglob("*"))) == before
    said, error = capsys.readouterr()
    assert said == ""
    return error[error.index("error: ") :]


def test_a_plain_scheduler_elsewhere_is_refused(
    released: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is sent, also where the settings name it; the one way round is named."""
    with (released.root / "nbgrader_config.py").open("a", encoding="utf-8") as file:
        file.write("\nc.Gradekit.scheduler = 'tcp://192.0.2.1:8786'\n")
    error = refused(monkeypatch, capsys, released)
    assert error.startswith("error: tcp://192.0.2.1:8786 is neither TLS nor on this machine: hidden tests and")
    assert "--insecure-cluster goes without, and every report says so." in error


def test_nobody_answers(released: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """No scheduler at the address: one sentence, and what to look at."""
    monkeypatch.setattr(connect, "CONNECT_S", 0.2)
    error = refused(monkeypatch, capsys, released, "--scheduler", "127.0.0.1:9")
    assert error.startswith("error: No Dask scheduler answers at tcp://127.0.0.1:9: ")
    assert len(error.splitlines()) == 2


def test_without_certificates(
    released: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """TLS without a word of it in Dask's configuration is the same sentence."""
    error = refused(monkeypatch, capsys, released, "--scheduler", "tls://127.0.0.1:9")
    assert error.startswith("error: No Dask scheduler answers at tls://127.0.0.1:9: ")
    assert "does Dask's configuration name its certificates?" in error


def test_who_answers_is_no_scheduler(
    released: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever listens there and says nothing is not waited for without end."""
    monkeypatch.setattr(connect, "CONNECT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = refused(monkeypatch, capsys, released, "--scheduler", f"127.0.0.1:{silent.getsockname()[1]}")
    assert ": nothing comes." in error


def test_dask_is_told_otherwise(
    released: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where Dask's own configuration forbids what is plain, that is one sentence."""
    with dask.config.set({"distributed.comm.require-encryption": True}):
        error = refused(monkeypatch, capsys, released, "--scheduler", "127.0.0.1:9")
    assert "encryption required by Dask configuration" in error


def test_dask_s_configuration_is_damaged(
    released: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file of Dask's that is no YAML is read where Dask is imported; it is named, and is no fault of ours."""

    class Malformed:
        def find_spec(self, name: str, *_: Any) -> None:
            """Fail as Dask does."""
            if name == "dask":
                raise ValueError("A dask config file at '/x.yaml' is malformed")

    monkeypatch.delitem(sys.modules, "dask")
    monkeypatch.setattr(sys, "meta_path", [Malformed(), *sys.meta_path])
    error = refused(monkeypatch, capsys, released, "--scheduler", "127.0.0.1:9")
    assert error.startswith("error: Dask cannot be used: A dask config file at '/x.yaml' is malformed")


@pytest.mark.parametrize(("mode", "is_open"), [(0o600, False), (0o640, False), (0o644, True), (None, False)])
def test_a_key_that_others_can_read_is_named(tmp_path: Path, mode: int | None, *, is_open: bool) -> None:
    """Who has the key can use all workers; one of a group's is the group's affair, and a missing one is no key."""
    key = tmp_path / "key.pem"
    if mode is not None:
        key.touch()
        key.chmod(mode)
    with dask.config.set({"distributed.comm.tls.client.key": str(key)}):
        assert connect._open_key() == (str(key) if is_open else "")
    assert connect._open_key() == ""


def test_without_dask(released: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where Dask is not installed, the line says how it is."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    error = refused(monkeypatch, capsys, released, "--scheduler", "127.0.0.1:9")
    assert error.splitlines()[0] == "error: --scheduler needs Dask, which is not installed here."
    assert "pip install '.[cluster]'" in error


class Gateway:
    """Stands for dask-gateway's client."""

    address = "https://hub.example.org"

    def __init__(self, *, asynchronous: bool) -> None:
        assert asynchronous

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def get_cluster(self, name: str) -> Any:
        """Know one cluster that runs, and one that does not."""
        if name == "gone":
            raise ValueError("Cluster gone not found")
        return SimpleNamespace(security=f"certificates of {name}" if name == "a1b2" else None)


@pytest.mark.parametrize(
    ("gateway", "address", "name", "said"),
    [
        (
            Gateway,
            "https://hub.example.org",
            "gone",
            "The Dask Gateway of gateway://node07:8786/gone: Cluster gone not",
        ),
        (Gateway, "https://hub.example.org", "ended", "The cluster gateway://node07:8786/ended does not run"),
        (Gateway, "http://hub.example.org", "a1b2", "http://hub.example.org is neither TLS nor on this machine"),
        (None, "", "a1b2", "gateway://node07:8786/a1b2 needs dask-gateway, which is not installed here"),
    ],
    ids=["gone", "ended", "plain", "not installed"],
)
def test_a_gateway_that_hands_out_nothing(
    monkeypatch: pytest.MonkeyPatch, gateway: Any, address: str, name: str, said: str
) -> None:
    """Each reason is one sentence; certificates are not asked for where others could read them."""
    monkeypatch.setitem(sys.modules, "dask_gateway", gateway and SimpleNamespace(Gateway=gateway))
    monkeypatch.setattr(Gateway, "address", address)
    with pytest.raises(ClusterError, match=f"^{re.escape(said)}"):
        handed_out(f"gateway://node07:8786/{name}", insecure=False)


def test_a_gateway_hands_out_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own address comes from Dask's configuration, and no secret travels to a Gateway that speaks in the open."""
    monkeypatch.setitem(sys.modules, "dask_gateway", SimpleNamespace(Gateway=Gateway))
    assert handed_out("gateway://node07:8786/a1b2", insecure=False) == "certificates of a1b2"
    monkeypatch.setattr(Gateway, "address", "http://127.0.0.1:8000")
    assert handed_out("gateway://node07:8786/a1b2", insecure=False) == "certificates of a1b2"


def test_insecure_is_for_a_cluster(
    released: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a scheduler the word means nothing."""
    assert "is for a cluster" in refused(monkeypatch, capsys, released, "--insecure-cluster")


def test_a_worker_without_gradekit_is_named() -> None:
    """Before anything is sent to it; so is a scheduler that cannot take what is ours."""

    class Elsewhere:
        id = "Client-1"

        def __init__(self, found: Any) -> None:
            self.found = found

        def run(self, *_: Any, **__: Any) -> Any:
            return {"tls://node07:1": self.found}

        def register_plugin(self, *_: Any, **__: Any) -> None:
            raise ModuleNotFoundError("No module named 'gradekit'")

    for found, said in (
        (PackageNotFoundError("gradekit"), "no gradekit on tls://node07:1"),
        (OSError("it hangs"), "tls://node07:2 cannot be"),
        ("0.1", "tls://node07:2 cannot be"),
    ):
        with (
            pytest.raises(ClusterError, match=said) as refused_,
            connect._registered(Elsewhere(found), "tls://node07:2", SimpleNamespace(run="run"), print),
        ):
            pass
        assert refused_.value.exit_code == 2


def test_nobody_waits_for_a_worker_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where a run begins nor at its end, since one that hangs answers never; a line says so."""
    for name in ("ANSWER_S", "END_S"):
        monkeypatch.setattr(connect, name, 0.01)
    ever, lines = threading.Event(), []

    class Hanging:
        id = "Client-1"

        def register_plugin(self, plugin: Any, **_: Any) -> None:
            if isinstance(plugin, Judges):
                ever.wait()

        unregister_worker_plugin = unregister_scheduler_plugin = lambda *_: ever.wait()

    with connect._registered(Hanging(), "tls://node07:2", SimpleNamespace(run="run"), lines.append):
        assert lines == ["not every worker answers: those that do not are not used"]
    ever.set()


# --- frames ----------------------------------------------------------------------------------------------------------


def test_an_assignment_travels(small: Course, tmp_path: Path) -> None:
    """Source with its links' contents, hidden tests, the secret; no cache, no submission, no gradebook."""
    (small.root / "submitted").mkdir()
    (small.hidden("small") / "__pycache__").mkdir()
    (small.hidden("small") / "__pycache__" / "tests.pyc").touch()
    folder = tmp_path / "there"
    folder.mkdir()
    there = parcel.unpack_course(parcel.pack_course(small, "small"), folder)
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == {
        ".gradekit/+secret",
        "source/small/checks.py",
        "source/small/small.ipynb",
        "tests/hidden/small/misconceptions.py",
        "tests/hidden/small/reference.npz",
        "tests/hidden/small/tests.py",
    }
    assert reports.secret(there.root) == reports.secret(small.root)
    assert there.source("small").read_bytes() == small.source("small").read_bytes()


def test_a_submission_travels(tmp_path: Path) -> None:
    """Its files come along, those of the assignment by their names alone; what is written there comes back."""
    here, there, given = (tmp_path / name for name in ("here", "there", "given"))
    for folder in (here / "data", there, given):
        folder.mkdir(parents=True)
    (given / "checks.py").write_text("ours")
    (here / "checks.py").write_text("ours")
    (here / "data" / "own.csv").write_text("1,2")
    packed = pack_hand_in(HandIn("small", "ann", (), (), here, "digest"))
    known = {"checks.py": parcel._hash(b"ours"), "data/own.csv": parcel._hash(b"another")}
    sent = parcel.pack_submission(packed, known)
    assert b"ours" not in sent
    arrived = unpack_hand_in(parcel.unpack_submission(sent, there, given))
    assert (arrived.student, arrived.digest, arrived.files) == ("ann", "digest", there)
    assert parcel.names_in(there) == {"checks.py", "data/own.csv"}
    (there / "data" / "made.csv").write_text("3")
    made = parcel.new_files(there, frozenset({"checks.py", "data/own.csv"}))
    parcel.put_files(here, made)
    assert (here / "data" / "made.csv").read_text() == "3"
    assert files_of(packed) == here


@pytest.mark.parametrize("name", ["../outside", "/outside", "data/../../outside", "", "checks.py"])
def test_nothing_comes_back_to_another_place(tmp_path: Path, name: str) -> None:
    """A path that leads elsewhere, or to a file that is there, is refused."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "checks.py").write_text("ours")
    with pytest.raises(GradekitError, match="cannot be written"):
        parcel.put_files(folder, {name: b"theirs"})
    assert (folder / "checks.py").read_text() == "ours"
    assert [path.name for path in tmp_path.iterdir()] == ["files"]


FORGED = ([1, None, "", False, None, ""], [None, 1, "", False, None, ""], [None, {"a": "b"}, "", False, None, ""])


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x01", pack([1, 2]), pack({}) + b"x", *map(pack, FORGED)])
def test_a_damaged_answer_is_refused(data: bytes) -> None:
    """What is no answer is said to be none."""
    with pytest.raises(GradekitError, match="damaged"):
        parcel.unpack_answer(data)


def test_only_bytes_travel() -> None:
    """A call with anything else is refused where it arrives."""
    with pytest.raises(TypeError, match="a bytearray, where only bytes travel"):
        judge_here(bytearray(b"x"))  # type: ignore[arg-type]


def test_what_differs_is_named() -> None:
    """Versions with both sides, code by its name alone, since its hash tells nobody anything; and what is not there."""
    wanted = {"numpy": "2.4.6", "python": "3.12.1", "scipy": "1.17.0", "code of gradekit": "a" * 64}
    assert differences(wanted, wanted) == ""
    assert differences(wanted, {**wanted, "numpy": "1.0"}) == "it has another numpy 1.0, here 2.4.6"
    assert differences(wanted, {**wanted, "code of gradekit": "b" * 64}) == "it has another code of gradekit"
    without = {name: wanted[name] for name in wanted if name != "scipy"}
    assert differences(wanted, without) == "it has no scipy"
    assert (
        differences(wanted, {**without, "numpy": "1.0"}) == "it has no scipy and it has another numpy 1.0, here 2.4.6"
    )


def test_what_the_assignment_imports_counts(small: Course) -> None:
    """On a package that notebooks or hidden tests import a score depends too; it has the name of what is installed."""
    assert "PyYAML" not in packages_of(small, "small")
    path = small.hidden("small") / "tests.py"
    path.write_text(f"{path.read_text(encoding='utf-8')}\nimport yaml.loader\n", encoding="utf-8")
    found = packages_of(small, "small")
    assert {"PyYAML", "numpy"} <= set(found)
    assert facts([*found, "is-nowhere"]).keys() >= {"PyYAML", "numpy", "python", "code of gradekit"}
    assert "is-nowhere" not in facts(["is-nowhere"])


# --- on a worker -----------------------------------------------------------------------------------------------------


NEVER = object()  # the answer of whoever never answers


def judged(**words: Any) -> bytes:
    """Return an answer as it travels."""
    return parcel.pack_answer(Answer(**words))


class Line:
    """Stands for the line to a process that judges: what it answers, or what reading raises."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.open = answer, True

    def send_bytes(self, _: bytes) -> None:
        """Take a submission."""

    def poll(self, _: float) -> bool:
        """Say that there is something to read."""
        return self.answer is not NEVER

    def recv_bytes(self, _: int) -> bytes:
        """Return the answer, or raise it."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def close(self) -> None:
        """Take note."""
        self.open = False


class Process:
    """Stands for a process that judges, which ends when it is killed, and else at its line's end."""

    def __init__(self) -> None:
        self.killed, self.stdin = False, open(os.devnull, "w")  # noqa: SIM115, PTH123  (closed by who lets it go)

    def kill(self) -> None:
        """Take note."""
        self.killed = True

    def wait(self, seconds: float | None = None) -> int:
        """Return an exit code; without a bound only of a process that was killed."""
        assert self.killed or seconds is not None
        return -9 if self.killed else 0


class Host:
    """Stands for a Dask worker with one thread."""

    address, name = "tcp://127.0.0.1:1", "w0"
    state, scheduler = SimpleNamespace(nthreads=1), SimpleNamespace(address="tcp://127.0.0.1:2")

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def log_event(self, _: str, told: dict[str, Any]) -> None:
        """Take note."""
        self.events.append(told)


@pytest.fixture
def judging(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., tuple[Judges, Host]]]:
    """Open the plugin of a worker whose processes answer this, one after the other; where it is a tuple none starts."""
    opened: list[Judges] = []
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def begun(*slots: Any) -> tuple[Judges, Host]:
        left = list(slots)

        def open_slot(_: bytes) -> Any:
            if isinstance(left[0], tuple):
                raise left.pop(0)[0]
            return Slot(Process(), Line(left.pop(0)), {"facts": {}, "isolation": "landlock"})  # type: ignore[arg-type]

        monkeypatch.setattr(worker, "open_slot", open_slot)
        plugin, host = Judges(Terms("run", {}, pack([{"source/small/checks.py": b""}, b"secret"]), {})), Host()
        plugin.setup(host)
        plugin._opening.join()
        opened.append(plugin)
        return plugin, host

    yield begun
    for plugin in opened:
        asyncio.run(plugin.teardown(None))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("answer", [OSError("bad message length"), EOFError(), NEVER])
def test_a_process_that_does_not_answer_as_it_should_is_ended(
    judging: Callable[..., tuple[Judges, Host]], answer: Any
) -> None:
    """It may live on, so that nobody waits for its end without ending it; the next submission has another process."""
    plugin, host = judging(answer, judged(judged=b"x"))
    assert plugin.judge(b"", 1.0) == Answer(ended=True, exit_code=-9)
    assert plugin.judge(b"", 1.0).judged == b"x"
    assert [sorted(told.keys() & {"slots", "problem"}) for told in host.events] == [["slots"]]


def test_a_worker_on_an_open_line_refuses(
    judging: Callable[..., tuple[Judges, Host]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that came later, whose address nobody has seen before: nothing of the course is written there."""
    monkeypatch.setattr(Host, "address", "tcp://10.0.0.7:1")
    _, host = judging()
    assert host.events[-1]["problem"] == "its address is neither TLS nor on this machine"


def test_a_host_that_can_start_no_process_says_so(judging: Callable[..., tuple[Judges, Host]]) -> None:
    """Each submission is given back with the reason, and none waits for a process that nobody starts."""
    full = (OSError("Cannot allocate memory"),)
    plugin, host = judging(EOFError(), full, full, judged(judged=b"x"))
    assert plugin.judge(b"", 1.0).ended
    assert plugin.judge(b"", 1.0).unfit == plugin.judge(b"", 1.0).unfit == "Cannot allocate memory"
    assert host.events[-1]["problem"] == "Cannot allocate memory"
    assert plugin.judge(b"", 1.0).judged == b"x"


def test_whatever_goes_wrong_where_a_worker_begins_is_told(judging: Callable[..., tuple[Judges, Host]]) -> None:
    """Else the run would wait for it in vain."""
    _, host = judging((KeyError("odd"),))
    assert host.events[-1]["problem"] == "'odd'"


def test_a_run_that_was_killed_as_it_began_is_ended_everywhere() -> None:
    """The word that ends it may reach a worker before the one that begins it: it is said once more, some time later."""
    later: list[Any] = []

    class Scheduler:
        def __init__(self) -> None:
            self.loop = SimpleNamespace(
                add_callback=lambda work, *args: asyncio.run(work(*args)),
                call_later=lambda seconds, work, *args: later.append((seconds > 0, work, args)),
            )
            self.said: list[Any] = []

        async def unregister_worker_plugin(self, _: None, name: str) -> None:
            self.said.append(name)
            raise ValueError("it does not exist")

        async def broadcast(self, *, msg: dict[str, str], on_error: str) -> None:
            self.said.append((msg, on_error))

        def remove_plugin(self, name: str) -> None:
            self.said.append(name)

    there = Scheduler()
    watch = Watch("run", "Client-1")
    watch.remove_client(there, "Client-2")
    assert there.said == later == []
    watch.remove_client(there, "Client-1")
    assert there.said == ["run", "run"]
    ((is_later, work, args),) = later
    assert is_later
    asyncio.run(work(*args))
    assert there.said[2:] == [({"op": "plugin-remove", "name": "run"}, "ignore")]


def test_a_full_disk_is_the_host_s_affair(tmp_path: Path) -> None:
    """A submission for which there is no folder goes elsewhere; its process lives on."""
    assert "No such file or directory" in slot._judged(None, SimpleNamespace(folder=str(tmp_path / "gone")), b"").unfit


# --- who is asked when -----------------------------------------------------------------------------------------------


class Call:
    """Stands for a future of Dask's, whose answer is known at once."""

    def __init__(self, answer: Any, workers: list[str], key: str = "") -> None:
        self.answer, self.workers, self.key = answer, workers, key

    def add_done_callback(self, tell: Any) -> None:
        """Tell at once."""
        if self.answer is not NEVER:
            tell(self)

    def result(self) -> Any:
        """Return the answer, or raise it."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class FakeClient:
    """Stands for a client of Dask's: answers come from a list, one a call."""

    status = "running"

    def __init__(self, *answers: Any) -> None:
        self.answers, self.sent, self.cancelled = list(answers), [], []

    def submit(self, function: Any, data: bytes, *, pure: bool, workers: list[str]) -> Call:
        """Take a call."""
        assert (function, type(data), pure) == (judge_here, bytes, False)
        call = Call(self.answers.pop(0), workers, f"call {len(self.sent)}")
        self.sent.append(call)
        return call

    def cancel(self, calls: list[Call]) -> None:
        """Note which calls are not needed any more."""
        self.cancelled += calls


READY = {"worker": "w0", "name": "w0", "host": "node", "slots": 1, "isolation": "landlock"}


def cluster(tmp_path: Path, *answers: Any, workers: int = 1, lines: list[str] | None = None) -> tuple[Cluster, Any]:
    """Return a cluster with so many workers of one process each, and its client."""
    client = FakeClient(*answers)
    found = Cluster(client, "tls://node07:8786", "run", {}, Roll(([] if lines is None else lines).append))
    for number in range(workers):
        found.inbox.put({**READY, "worker": f"w{number}", "name": f"w{number}"})
    found.wait(())
    (tmp_path / "files").mkdir(exist_ok=True)
    return found, client


def items(tmp_path: Path, number: int) -> Iterator[tuple[str, bytes]]:
    """Yield so many submissions, taken in."""
    for one in range(number):
        yield f"s{one}", pack_hand_in(HandIn("small", f"s{one}", (), (), tmp_path / "files", ""))


def test_few_are_in_flight(tmp_path: Path) -> None:
    """No more is taken in than the workers will soon judge, however large the class."""
    found, _ = cluster(tmp_path, *[judged(judged=b"x")] * 50, workers=1)
    taken: list[str] = []

    def watched() -> Iterator[tuple[str, bytes]]:
        for name, packed in items(tmp_path, 50):
            taken.append(name)
            yield name, packed

    for done, ((name, _), answer) in enumerate(found.run(judge_there, watched(), seconds=1)):
        assert (name, answer) == (f"s{done}", b"x")
        assert len(taken) <= done + AHEAD + 1
    assert len(taken) == 50


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (judged(said="a fault of ours"), "a fault of ours"),
        (judged(ended=True, exit_code=3), Broken(3)),
        (ValueError("odd"), "a worker failed: ValueError('odd')"),
        (b"no frame", "An answer of a worker was damaged: "),
        (judged(judged=b"x", files={"../out": b""}), "A file that came back"),
    ],
)
def test_what_becomes_of_a_submission(tmp_path: Path, answer: Any, outcome: Any) -> None:
    """Each way to end without a result is one that a process of this machine has too."""
    found, _ = cluster(tmp_path, answer)
    ((_, result),) = found.run(judge_there, items(tmp_path, 1), seconds=1)
    assert result == outcome or (isinstance(outcome, str) and result.startswith(outcome))


def test_who_can_judge_nobody_any_more_gives_it_back(tmp_path: Path) -> None:
    """The submission goes to another worker, also where nothing was told before; none comes back without end."""
    lines: list[str] = []
    found, client = cluster(tmp_path, judged(unfit="full"), judged(judged=b"x"), workers=2, lines=lines)
    assert [answer for _, answer in found.run(judge_there, items(tmp_path, 1), seconds=1)] == [b"x"]
    assert [call.workers for call in client.sent] == [["w0"], ["w1"]]
    assert lines == ["worker w0 on node is not used: full"]
    found, client = cluster(tmp_path, *[judged(unfit="full")] * 4, workers=4)
    assert [answer for _, answer in found.run(judge_there, items(tmp_path, 1), seconds=1)] == [Broken(None)]


def leaving(found: Cluster, client: FakeClient, *, died: bool = True) -> None:
    """Let the worker of each call leave, and another one come."""
    submit = client.submit

    def submitted(*args: Any, **words: Any) -> Call:
        call, number = submit(*args, **words), len(client.sent)
        if call.answer is NEVER or isinstance(call.answer, KilledWorker):
            found.inbox.put({"worker": call.workers[0], "left": True, "deaths": {call.key: 1} if died else {}})
            found.inbox.put({**READY, "worker": f"w{number}"})
        return call

    client.submit = submitted  # type: ignore[method-assign]


@pytest.mark.parametrize("answer", [NEVER, KilledWorker("key", None, 0)], ids=["we count", "Dask gives up at once"])
def test_the_third_death_is_the_last(tmp_path: Path, answer: Any) -> None:
    """Whoever was in three deaths has ended, not later and not sooner, whatever Dask allows; alone, in one more."""
    found, client = cluster(tmp_path, answer, answer, answer, answer, judged(judged=b"x"))
    leaving(found, client)
    assert [answer for _, answer in found.run(judge_there, items(tmp_path, 1), seconds=1)] == [Broken(None)]
    assert [call.workers for call in client.sent] == [["w0"], ["w1"], ["w2"]]
    assert [answer for _, answer in found.run(judge_there, items(tmp_path, 1), seconds=1)] == [Broken(None)]
    assert len(client.sent) == 4
    assert [answer for _, answer in found.run(judge_there, items(tmp_path, 1), seconds=1)] == [b"x"]


def test_dask_s_word_comes_before_the_scheduler_s(tmp_path: Path) -> None:
    """Where Dask gives a call up before it is told that the worker has left, that is one death, too."""
    found, client = cluster(tmp_path, *[KilledWorker("key", None, 0)] * 3)
    assert [answer for _, answer in found.run(judge_there, items(tmp_path, 1), seconds=1)] == [Broken(None)]
    assert len(client.sent) == found.deaths["s0"] == 3


def test_who_is_drained_has_not_died(tmp_path: Path) -> None:
    """However often a submission's worker leaves in peace, it is judged by another one at last."""
    lines: list[str] = []
    found, client = cluster(tmp_path, *[NEVER] * 5, judged(judged=b"x"), lines=lines)
    leaving(found, client, died=False)
    assert [answer for _, answer in found.run(judge_there, items(tmp_path, 1), seconds=1)] == [b"x"]
    assert len(client.cancelled) == 5
    assert found.deaths["s0"] == 0
    assert lines == ["worker w0 on node has left: its submissions go elsewhere"] * 5


def test_who_hangs_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Dask itself never takes a silent worker for dead, its submissions go elsewhere all the same."""
    monkeypatch.setattr(judges, "TICK_S", 0.01)
    lines: list[str] = []
    found, client = cluster(tmp_path, NEVER, judged(judged=b"x"), workers=2, lines=lines)
    assert [answer for _, answer in found.run(judge_there, items(tmp_path, 1), seconds=0)] == [b"x"]
    assert [call.workers for call in client.sent] == [["w0"], ["w1"]]
    assert lines == ["worker w0 on node is not used: it does not answer"]


def test_the_last_ones_wait_for_nobody(tmp_path: Path) -> None:
    """What waits for a worker goes to one that has nothing to do, once nobody else comes."""
    found, client = cluster(tmp_path, NEVER, NEVER, judged(judged=b"x"))
    results = found.run(judge_there, items(tmp_path, 2), seconds=1)
    found.inbox.put({**READY, "worker": "w1"})
    (name, _), answer = next(results)
    assert (name, answer) == ("s1", b"x")
    assert [call.workers for call in client.sent] == [["w0"], ["w0"], ["w1"]]
    assert client.cancelled == [client.sent[1]]
    results.close()


def test_little_is_held_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Submissions of many bytes are fewer in flight than the workers could have."""
    monkeypatch.setattr(judges, "IN_FLIGHT_BYTES", 1)
    found, client = cluster(tmp_path, *[judged(judged=b"x")] * 9, workers=4)
    for done, _ in enumerate(found.run(judge_there, items(tmp_path, 9), seconds=1)):
        assert len(client.sent) == done + 1


def test_an_answer_that_comes_while_nobody_is_there_counts(tmp_path: Path) -> None:
    """What a worker had answered before it left is taken, also where it comes back with the same address."""
    found, client = cluster(tmp_path, judged(judged=b"x"))
    results = found.run(judge_there, items(tmp_path, 1), seconds=1)
    submit = client.submit

    def leaves(*args: Any, **words: Any) -> Call:
        call = submit(*args, **words)
        tell = call.add_done_callback
        call.add_done_callback = lambda word: (
            tell(word),
            found.inbox.put({"worker": "w0", "left": True, "deaths": {}}),
            found.inbox.put(dict(READY)),
        )
        return call

    client.submit = leaves
    assert [answer for _, answer in results] == [b"x"]
    assert len(client.sent) == 1


def test_a_lost_scheduler_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a call is cancelled that nobody cancelled, or the client is closed, the line says what to do."""
    found, client = cluster(tmp_path, CancelledError())
    with pytest.raises(ClusterError, match="The scheduler tls://node07:8786 is gone") as lost:
        list(found.run(judge_there, items(tmp_path, 1), seconds=1))
    assert "the same command goes on with the rest" in lost.value.help
    found, client = cluster(tmp_path, restarted := CancelledError())
    restarted.reason = "scheduler-restart"
    with pytest.raises(ClusterError, match="Somebody has restarted all workers of tls://node07:8786"):
        list(found.run(judge_there, items(tmp_path, 1), seconds=1))
    found, client = cluster(tmp_path)
    client.status = "connecting"
    with pytest.raises(ClusterError, match="is gone"):
        list(found.run(judge_there, items(tmp_path, 1), seconds=1))
    assert not client.sent
    monkeypatch.setattr(judges, "TICK_S", 0.01)
    with pytest.raises(ClusterError, match="is gone"):
        found._hear()


def test_who_waits_says_so(released: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster without workers may start them when it is asked to, which we do not."""
    lines: list[str] = []
    client = SimpleNamespace(
        scheduler_info=lambda: {"address": "tls://node07:8786", "workers": {}}, subscribe_topic=lambda *_: None
    )
    monkeypatch.setattr(connect, "_connected", lambda *_, **__: nullcontext(client))
    monkeypatch.setattr(connect, "_registered", lambda *_: nullcontext())
    monkeypatch.setattr(judges, "WORKERS_S", -1.0)
    with (
        pytest.raises(ClusterError, match="has no worker that can be used"),
        open_cluster("tls://node07:8786", Grading(released, "small"), Limits(), say=lines.append),
    ):
        pass
    (line,) = lines
    assert line.startswith("tls://node07:8786 has no worker yet; ")
    assert line.endswith("give it a minimum of one")


def test_nobody_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster without workers is waited for, and not for ever."""
    found, _ = cluster(tmp_path)
    found.roll.ready.clear()
    monkeypatch.setattr(judges, "WORKERS_S", -1.0)
    with pytest.raises(ClusterError, match="has no worker that can be used"):
        found.wait(())
