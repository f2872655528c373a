"""The judge: every case of this folder hands in, each class is graded once, and each test reads its own results.

A case is a folder with a ``case.toml``::

    says = "One sentence: what the submission does."
    student = "a name"      # default: the folder's name
    uses = ["attempts"]     # texts of preludes/, put before the cell of double
    needs = "scipy"         # a module without which the case is skipped
    root = true             # only root can hand this in
    sandbox = true          # an attack on the sandbox, as are all that use "attempts": tried on old kernels too
    hasty = true            # it only burns time: graded in the class with the smallest limits
    twice = true            # graded twice: both times must agree
    slow = true             # it takes more than a second of everybody's: left to the long run
    compiles = false        # the cells are meant not to
    [cells]                 # cell id → full text; the default is a right answer
    double = '''...'''
    [expect.double]         # the default is full marks, every test accepted
    score = 0.0             # or scores = [0.0, "undecided"]: one of these
    verdicts = ["TLE"]      # those that its tests may have; a test that only waits for another is left out
    [expect]
    note = "text"           # what the instructor must be able to read, in the terminal or in the report's notes

and, where cells cannot express it, a ``make.py`` with ``hand_in(folder, node, course)``, which changes the folder that is
handed in, and perhaps ``check(course, submission, outside)`` with assertions of its own. In texts, @COURSE@, @OUTSIDE@,
@HARNESS_PID@, @CANARY_REVERSED@ and the names of the listeners stand for what they say.

The rule for attacks: what is refused leaves the learner's code honest, so that full marks prove the refusal; what is not
refused makes the answer wrong. The course is open to every user by its modes, so that the sandbox alone keeps it closed.
"""

from __future__ import annotations

import ctypes
import fcntl
import functools
import hashlib
import importlib.util
import json
import os
import pty
import re
import resource
import runpy
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import termios
import time
import tomllib
import tty
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from gradekit.course.course import Course
from gradekit.judging.freeze import freeze
from gradekit.release.make import release
from gradekit.worker.sandbox import others_can_read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SMALL = runpy.run_path(str(ROOT / "tests" / "conftest.py"))
POINTS = {"double": 0.5, "quadruple": 2.0}
BYSTANDERS = ("alice", "m_alice", "zoe_alice")  # before, amid and after the others
LIMITS = {"call_s": 4, "exercise_s": 16, "cell_s": 8, "submission_s": 80, "memory_bytes": 512 * 2**20}
HASTY = LIMITS | {"call_s": 1, "exercise_s": 2, "cell_s": 1}  # an honest cell takes 0.03 s
RIGHT = {
    "double": "def double(x):\n    return x + x",
    "quadruple": "def quadruple(x):\n    return double(double(x))",
}
SOMEBODY = 12345  # an ordinary user's number
GRADED_S = 400.0  # for a class; it takes a tenth of that
LOOK_S = 0.1  # how often the grader's memory is read: a peak is kept by the kernel until the process ends


@dataclass(frozen=True)
class Class:
    """How one class is graded.

    Attributes
    ----------
    jobs : int
        More than processors where a case mostly waits.
    rounds : int
        How often, all over again.
    user : int or None
        The ordinary user whom workers share their number with; None for whoever runs the tests.
    by : str
        What grades: our own command, with a cluster or without, ``nbgrader autograde``, or formgrader's button.
    sample : tuple of str
        The cases that hand in; empty where the tests that are run say so.
    pages : bool
        Whether learners' pages and the instructor's are written, too.
    """

    limits: dict[str, float] = field(default_factory=lambda: LIMITS)
    jobs: int = 2
    rounds: int = 1
    max_abi: int = 99
    user: int | None = None
    by: str = "gradekit"
    sample: tuple[str, ...] = ()
    pages: bool = False


# Of those that harm others, the teacher or the grader, one of each kind; the first ones quick.
HARMFUL = (
    *("broken_json", "os_exit_when_called", "files_that_browsers_run", "comment_of_brackets", "student_of_two_lines"),
    *("displays_without_end", "brings_a_course", "lists_folders", "huge_text", "endless_cell", "stub_of_large_arrays"),
    *("honest_shows_tables_and_widgets", "ends_its_process_again_and_again", "infinity", "talks_by_locks"),
    *(
        "writes_a_gigabyte_to_stdout",
        "many_big_files",
        "a_million_stub_calls",
        "memory_bomb",
        "writes_into_the_gradebook",
    ),
)
PRESSED = HARMFUL[:6]

CLASSES = {
    "patient": Class(pages=True),
    "hasty": Class(limits=HASTY, jobs=4, pages=True),
    "twice": Class(jobs=1, rounds=2, pages=True),
    "oldest_landlock": Class(max_abi=2),  # what Linux 5.19 has
    "ordinary_user": Class(max_abi=2, user=SOMEBODY),
    "nbgrader_quick": Class(by="nbgrader", sample=HARMFUL[:2]),
    "nbgrader": Class(by="nbgrader", sample=HARMFUL),
    "formgrader": Class(by="formgrader", sample=PRESSED),
    "beside": Class(sample=HARMFUL),
    "cluster": Class(by="cluster", sample=HARMFUL),
}


@dataclass(frozen=True)
class Case:
    """One submission and what is expected of its grading."""

    name: str
    says: str
    student: str = ""
    uses: tuple[str, ...] = ()
    needs: str = ""
    root: bool = False
    sandbox: bool = False
    hasty: bool = False
    twice: bool = False
    slow: bool = False
    compiles: bool = True
    cells: dict[str, str] = field(default_factory=dict)
    expect: dict[str, Any] = field(default_factory=dict)

    @property
    def attack(self) -> bool:
        """Whether it tries what the sandbox forbids."""
        return self.sandbox or "attempts" in self.uses

    @property
    def home(self) -> str:
        """The class it is in."""
        return "twice" if self.twice else "hasty" if self.hasty else "patient"

    @property
    def skipped(self) -> str:
        """Why this case cannot be run here; empty where it can."""
        if self.needs and importlib.util.find_spec(self.needs) is None:
            return f"{self.needs} is not installed"
        return "only root can make what is handed in" if self.root and os.geteuid() != 0 else ""

    def make(self) -> dict[str, Any]:
        """Return what its make.py defines."""
        path = HERE / self.name / "make.py"
        return runpy.run_path(str(path)) if path.exists() else {}

    def sources(self) -> dict[str, str]:
        """Return its cells with the preludes that they use."""
        cells = {**RIGHT, **self.cells}
        texts = [(HERE / "preludes" / f"{name}.py").read_text(encoding="utf-8") for name in self.uses]
        return cells | {"double": "\n\n".join([*texts, cells["double"]])}


def load(folder: Path) -> Case:
    """Read a case's folder; an unknown word is an error."""
    words = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    return Case(name=folder.name, **({"student": folder.name} | words))


CASES = {path.parent.name: load(path.parent) for path in sorted(HERE.glob("*/case.toml"))}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test with the argument `case` every case, with `attack` those that try what the sandbox forbids."""
    attacks = [name for name, case in CASES.items() if case.attack]
    cases = list(CASES)
    if metafunc.definition.name == "test_own_check":
        cases = [name for name, case in CASES.items() if "check" in case.make()]
    for argument, names in (("case", cases), ("attack", attacks)):
        if argument in metafunc.fixturenames:
            marks = {name: [pytest.mark.slow] if CASES[name].slow else [] for name in names}
            metafunc.parametrize(argument, [pytest.param(CASES[name], marks=marks[name], id=name) for name in names])


@dataclass
class Run:
    """A graded class, and what was seen around it.

    Attributes
    ----------
    cases : list of str
        The cases that handed in.
    code : int or None
        The exit code; None where the grader had to be stopped.
    before, after : dict of str to str
        What must not change: path → mode, time, contents.
    arrived : list of str
        What came through network, signals and terminal; processes that were left behind; files outside.
    peak_bytes : int
        The largest resident memory of the grader and its children.
    trusted_bytes : int
        The largest resident memory of the grader and its job processes, and of what writes the pages, without learners'
        code.
    pages : dict of str to list
        What wrote pages, with its exit code and what it said.
    """

    course: str
    token: str
    cases: list[str]
    code: int | None = None
    terminal: str = ""
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    arrived: list[str] = field(default_factory=list)
    peak_bytes: int = 0
    trusted_bytes: int = 0
    pages: dict[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """The course's folder."""
        return Path(self.course)

    def report(self, student: str) -> dict[str, Any]:
        """Return a student's report."""
        path = self.root / ".gradekit" / "small" / f"{student}.json"
        assert path.is_file(), f"no report of {student!r}; the terminal ends in\n{self.terminal[-2000:]}"
        return json.loads(path.read_text(encoding="utf-8"))

    def rows(self, student: str) -> dict[str, tuple[float | None, bool]]:
        """Return a student's scores in the gradebook: exercise → (score, needs a person)."""
        with sqlite3.connect(f"file:{self.course}/gradebook.db?mode=ro", uri=True) as book:
            found = book.execute(
                "SELECT base_cell.name, grade.auto_score, grade.needs_manual_grade, grade.manual_score FROM grade "
                "JOIN base_cell ON grade.cell_id = base_cell.id "
                "JOIN submitted_notebook ON grade.notebook_id = submitted_notebook.id "
                "JOIN submitted_assignment ON submitted_notebook.assignment_id = submitted_assignment.id "
                "WHERE submitted_assignment.student_id = ?",
                (student,),
            ).fetchall()
        book.close()
        assert all(manual is None for *_, manual in found), "somebody wrote a manual score"
        return {name.removesuffix("-grade"): (auto, bool(needs)) for name, auto, needs, _ in found if "-grade" in name}


# --- the course ------------------------------------------------------------------------------------------------------


def build(root: Path, token: str, limits: dict[str, float]) -> None:
    """Make the small course, release it, and let everybody hand in."""
    course = Course(root)
    node = SMALL["small_notebook"]()
    stub = next(cell for cell in node["cells"] if cell["id"] == "double")
    stub["source"] = stub["source"].replace("    return", f"    # {token}-solution\n    return")
    course.source("small").parent.mkdir(parents=True)
    course.source("small").write_text(json.dumps(node, indent=1), encoding="utf-8")
    shutil.copy(ROOT / "gradekit" / "checks.py", course.source("small").parent)
    course.hidden("small").mkdir(parents=True)
    tests = f"{SMALL['TESTS']}\nCANARY = '{token}-hidden'\n"
    (course.hidden("small") / "tests.py").write_text(tests, encoding="utf-8")
    (course.hidden("small") / "misconceptions.py").write_text(SMALL["MISCONCEPTIONS"], encoding="utf-8")
    settings = [f"c.Gradekit.{name} = {value}" for name, value in limits.items()]
    config = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
    (root / "nbgrader_config.py").write_text("\n".join([config, *settings, ""]), encoding="utf-8")
    (root / "canary.txt").write_text(f"{token}-file", encoding="utf-8")
    freeze(course, "small")
    release(course, "small", solutions=False)
    with sqlite3.connect(root / "gradebook.db") as book:
        book.execute("INSERT INTO student (id, email) VALUES ('alice', ?)", (f"{token}-book",))
    book.close()
    for name in BYSTANDERS:
        hand_in(course, Case(name, "An honest bystander.", student=name), {})
    (root / "submitted" / "alice" / "small" / "diary.txt").write_text(f"{token}-diary", encoding="utf-8")


def hand_in(course: Course, case: Case, places: dict[str, str]) -> None:
    """Write a case's submission where nbgrader collects it."""
    node = json.loads((course.root / "release" / "small" / "small.ipynb").read_text(encoding="utf-8"))
    cells = {cell["id"]: cell for cell in node["cells"]}
    for name, text in case.sources().items():
        for place, value in places.items():
            text = text.replace(f"@{place}@", value)  # noqa: PLW2901
        cells[name]["source"] = text.strip("\n")
    folder = course.root / "submitted" / case.student / "small"
    folder.mkdir(parents=True)
    (folder / "small.ipynb").write_text(json.dumps(node, indent=1), encoding="utf-8")
    (folder / "timestamp.txt").write_text("2025-01-31 09:00:00 UTC", encoding="utf-8")
    case.make().get("hand_in", lambda *_: None)(folder, node, course.root)


def open_to_all(root: Path, owner: int | None) -> None:
    """Let every user read and write the course, and reach it; give it to a user where one is named."""
    for folder, _, files in os.walk(root):
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            if path.is_symlink():
                continue
            if owner is not None:
                os.chown(path, owner, owner)
            if path.is_dir() or path.is_file():
                path.chmod(0o777 if path.is_dir() else 0o666)
    for parent in (root.parent, *root.parent.parents[:2]):
        if parent.stat().st_uid == os.geteuid():
            parent.chmod(parent.stat().st_mode | 0o011)


def state(root: Path) -> dict[str, str]:
    """Return what nobody may change: the instructor's files and what was handed in, with modes and times."""
    found = {}
    for part in ("canary.txt", "nbgrader_config.py", "source", "tests", "release", "submitted"):
        for path in sorted([root / part, *(root / part).rglob("*")]):
            info = path.lstat()
            plain = path.is_file() and not path.is_symlink() and info.st_nlink == 1 and info.st_size < 2**24
            text = hashlib.sha256(path.read_bytes()).hexdigest() if plain else ""
            times = info.st_mtime_ns if plain else ""
            found[repr(str(path.relative_to(root)))] = f"{info.st_mode:o} {info.st_uid} {times} {text}"
    return found


# --- grading ---------------------------------------------------------------------------------------------------------


@contextmanager
def listeners(outside: Path, arrived: list[str]) -> Iterator[dict[str, str]]:
    """Listen where submissions are told to connect, send and signal; note what arrives."""
    with ExitStack() as stack:
        tcp, tcp6 = (stack.enter_context(socket.socket(family)) for family in (socket.AF_INET, socket.AF_INET6))
        udp = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        unix, abstract = (stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(2))
        tcp.bind(("127.0.0.1", 0))
        udp.bind(("127.0.0.1", 0))
        unix.bind(str(outside / "socket"))
        abstract.bind(f"\0gradekit-attacks-{os.getpid()}")
        six = 0
        if socket.has_ipv6 and Path("/proc/net/if_inet6").exists():
            tcp6.bind(("::1", 0))
            six = tcp6.getsockname()[1]
        for listener in (tcp, unix, abstract, *([tcp6] if six else [])):
            listener.listen()
        before = signal.signal(signal.SIGURG, lambda *_: arrived.append("a signal"))
        yield {
            "TCP_PORT": str(tcp.getsockname()[1]),
            "TCP6_PORT": str(six or 9),
            "UDP_PORT": str(udp.getsockname()[1]),
            "UNIX_SOCKET": str(outside / "socket"),
            "ABSTRACT_SOCKET": f"gradekit-attacks-{os.getpid()}",
        }
        signal.signal(signal.SIGURG, before)
        for listener in (tcp, tcp6, unix, abstract, udp):
            listener.setblocking(False)  # noqa: FBT003
            try:
                listener.recvfrom(1) if listener is udp else listener.accept()
            except OSError:
                continue
            arrived.append(f"a message for {listener}")


@contextmanager
def terminal(arrived: list[str]) -> Iterator[int]:
    """Give a terminal, and note what was typed into it."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    yield slave
    os.set_blocking(slave, False)
    try:
        typed = os.read(slave, 100)
    except BlockingIOError:
        typed = b""
    if typed:
        arrived.append(f"typed into the terminal: {typed!r}")
    os.close(master)
    os.close(slave)


def grade(run: Run, how: Class, *options: str) -> None:
    """Run `gradekit grade` under a terminal and a bound of time, and note what it leaves behind."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: orphans become our children
    ours = {child.pid for child in psutil.Process().children(recursive=True)}
    program = ["-m", "gradekit.cli"] if how.max_abi == 99 else [str(HERE / "older_landlock.py")]
    program = [str(HERE / "on_a_cluster.py")] if how.by == "cluster" else program
    command = [sys.executable, *program, "grade", "small", "--course-dir", run.course, "--jobs", str(how.jobs)]
    if how.by == "nbgrader":
        command = [sys.executable, "-W", "ignore", "-m", "nbgrader", "autograde", "small"]
    if how.by == "formgrader":
        command = [sys.executable, "-W", "ignore", str(ROOT / "tests" / "presses_buttons.py")]
    environment = os.environ | {"GRADEKIT_CANARY": f"{run.token}-environment", "NO_COLOR": "1", "COLUMNS": "200"}
    environment["MAX_ABI"] = str(how.max_abi)
    with terminal(run.arrived) as tty_:
        process = subprocess.Popen(
            [*command, *options],
            cwd=run.course if how.by != "gradekit" else None,
            env=environment,
            stdin=tty_,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(tty_, termios.TIOCSCTTY, 0),  # noqa: PLW1509  (no threads here)
            **({} if how.user is None else {"user": how.user, "group": how.user, "extra_groups": []}),
        )
        said, peak = watched(process)
        run.trusted_bytes = max(peak, run.trusted_bytes)
        run.code = process.returncode if process.returncode != -signal.SIGKILL else None
    run.terminal = said.decode("utf-8", "backslashreplace")
    left = [child for child in psutil.Process().children(recursive=True) if child.pid not in ours]
    _, alive = psutil.wait_procs(left, timeout=5)
    for child in alive:
        run.arrived.append(f"a process was left behind: {child.cmdline()}")
        child.kill()
    run.peak_bytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def write_pages(run: Run) -> None:
    """Run `gradekit feedback` and `gradekit report`, each in a process of its own as large as it gets."""
    for command in ("feedback", "report"):
        words = [sys.executable, "-m", "gradekit.cli", command, "small", "--course-dir", run.course]
        environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "200"}
        process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said, peak = watched(process)
        run.pages[command] = (process.returncode, said.decode("utf-8", "backslashreplace"))
        run.trusted_bytes = max(peak, run.trusted_bytes)


def watched(process: subprocess.Popen[bytes]) -> tuple[bytes, int]:
    """Wait for a grader, and stop it where it takes too long; return what it said and the peak of what is trusted."""
    peak, until = 0, time.monotonic() + GRADED_S
    while True:
        try:
            return process.communicate(timeout=LOOK_S)[0], peak
        except subprocess.TimeoutExpired:
            peak = max([peak, *map(peak_of, trusted(process.pid))])
            if time.monotonic() > until:
                process.kill()


def trusted(pid: int) -> list[int]:
    """Return a grader's process and its job processes: those whose memory every submission shares."""
    found = [pid]
    with suppress(psutil.Error):
        for child in psutil.Process(pid).children():
            with suppress(psutil.Error):
                found += [child.pid] if "spawn_main" in " ".join(child.cmdline()) else []
    return found


def peak_of(pid: int) -> int:
    """Return the largest resident memory that a process ever had; 0 where it is gone."""
    with suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
        return int(found.group(1)) * 1024 if found else 0
    return 0


def judge(folder: Path, cases: list[Case], how: Class) -> Run:
    """Build a course, let the cases hand in, grade them, and note everything that must not be."""
    token = f"canary{secrets.token_hex(8)}"
    run = Run(str(folder / "course"), token, [case.name for case in cases])
    outside = folder / "outside"
    outside.mkdir(parents=True)
    build(run.root, token, how.limits)
    with listeners(outside, run.arrived) as places:
        places |= {
            "COURSE": run.course,
            "OUTSIDE": str(outside),
            "CANARY_REVERSED": token[::-1],
            "HARNESS_PID": str(os.getpid()),
        }
        for case in cases:
            hand_in(Course(run.root), case, places)
        open_to_all(folder, how.user)
        run.before = state(run.root)
        for number in range(how.rounds):
            grade(run, how, *(["--force"] if number else []))
        if how.pages:
            write_pages(run)
        run.after = state(run.root)
    run.arrived += [f"a file outside: {path}" for path in outside.rglob("*") if path.name != "socket"]
    return run


def members(name: str, request: pytest.FixtureRequest) -> list[Case]:
    """Return who hands in to a class: of the cases whose tests are to be run, those that belong to it."""
    if CLASSES[name].sample:
        return [CASES[case] for case in CLASSES[name].sample if not CASES[case].skipped]
    params = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    argument = "case" if name in {case.home for case in CASES.values()} else "attack"
    chosen = {found[argument].name for found in params if argument in found} or set(CASES)
    cases = [case for case in CASES.values() if case.name in chosen and not case.skipped]
    return [case for case in cases if (case.home == name if argument == "case" else case.attack)]


@pytest.fixture(scope="session")
def graded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Run]:
    """Grade a class, once in all of pytest's processes; the others wait, since it takes every processor, and read."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    @functools.cache
    def of_class(name: str) -> Run:
        told = shared / f"{name}.json"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not told.exists():
                run = judge(shared / name, members(name, request), CLASSES[name])
                told.write_text(json.dumps(asdict(run)), encoding="utf-8")
        return Run(**json.loads(told.read_text(encoding="utf-8")))

    return of_class


@pytest.fixture
def judged(case: Case, graded: Callable[[str], Run]) -> Run:
    """The class in which a case was graded."""
    if case.skipped:
        pytest.skip(case.skipped)
    return graded(case.home)


@pytest.fixture(params=["patient", "hasty", "twice"])
def whole(request: pytest.FixtureRequest, graded: Callable[[str], Run]) -> Run:
    """A class as a whole."""
    return graded(request.param)


@pytest.fixture(params=["oldest_landlock", "ordinary_user"])
def attacked(request: pytest.FixtureRequest, graded: Callable[[str], Run]) -> Run:
    """The class of all attacks on the sandbox, with the oldest Landlock, by root or by an ordinary user."""
    if CLASSES[request.param].user is not None:
        if os.geteuid() != 0:
            pytest.skip("the whole suite runs as an ordinary user")
        if not (others_can_read(sys.executable) and others_can_read(os.__file__)):
            pytest.skip(f"only root can read this Python: {sys.executable}")
    return graded(request.param)
