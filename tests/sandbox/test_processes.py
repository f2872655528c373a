"""A worker that may start processes: what its children still cannot do, and that none of them outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gradekit.errors import HostError
from gradekit.isolation.exchange import Lost
from gradekit.isolation.processes import group_use
from gradekit.isolation.session import Session
from gradekit.isolation.template import Template, check_signals
from gradekit.isolation.template import template as run_template
from gradekit.model import PROCESSES, Limits, Verdict
from gradekit.worker import sandbox

from .conftest import QUICK, text_of

ROOT = Path(__file__).parents[2]
ALLOWED = Limits(call_s=5, exercise_s=10, cell_s=10, submission_s=60, memory_bytes=256 * 2**20, allow=(PROCESSES,))
UNTIL_S = 20.0  # for what must happen soon; nothing is measured

pytestmark = pytest.mark.skipif(
    not sandbox.keeps_signals(sandbox.first_user() if os.geteuid() == 0 else None, sandbox.landlock_abi()),
    reason="signals of processes would reach others here, so that the right is refused",
)


@pytest.fixture(scope="module")
def allowing() -> Iterator[Template]:
    """A warm template whose workers may start processes."""
    with run_template(allow=(PROCESSES,)) as running:
        yield running


@pytest.fixture
def session(allowing: Template) -> Iterator[Session]:
    """One worker of it."""
    found = Session(allowing.fork(ALLOWED), ALLOWED, time.monotonic() + ALLOWED.submission_s)
    yield found
    found.end()


def shown(session: Session, source: str) -> str:
    """Run a cell that goes through; return what it shows."""
    done = session.run_cell(source)
    assert done.ok, text_of(done.outputs)
    return text_of(done.outputs) + "".join(str(out["data"]) for out in done.outputs if "data" in out)


def python(source: str, *given: str) -> str:
    """Return a cell that runs Python in a child; what it prints is the cell's."""
    child = f"subprocess.run([sys.executable, '-c', {source!r}, *{given!r}], stdout=-1)"
    return f"import subprocess, sys\nprint({child}.stdout.decode())"


PROBE = """
import ctypes, errno, os, resource, signal, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def attempt(what, function, *args):
    try:
        print(what, "done", function(*args))
    except OSError as error:
        print(what, errno.errorcode.get(error.errno))
def call(number, *args):
    if libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, args)) == -1:
        raise OSError(ctypes.get_errno(), "")
outside, file, grader = sys.argv[1], sys.argv[1] + "/file", int(sys.argv[2])
attempt("read", open, file)
attempt("list", os.listdir, outside)
attempt("write", open, file, "w")
attempt("make", open, outside + "/new", "w")
attempt("course", open, sys.argv[3])
attempt("users", open, "/etc/passwd")
attempt("environment", open, f"/proc/{grader}/environ")
attempt("parent", open, f"/proc/{os.getppid()}/mem")
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
    attempt("socket", socket.socket, family)
attempt("signal", os.kill, grader, 0)
attempt("limits", resource.prlimit, grader, resource.RLIMIT_CORE)
if os.uname().machine == "x86_64":
    attempt("namespace of a clone", call, 56, 0x10000000 | 17, 0, 0, 0, 0)
    attempt("a sibling", call, 56, 0x8000 | 17, 0, 0, 0, 0)
    attempt("trace", call, 101, 0x4206, grader, 0, 0)
    attempt("namespaces", call, 272, 0x10000000)
attempt("root", os.setuid, 0) if os.getuid() else None
try:
    resource.setrlimit(resource.RLIMIT_NPROC, (9999, 9999))
except ValueError:
    print("more EPERM")
"""


def test_a_child_is_shut_in_as_its_parent_is(session: Session, outside: Path) -> None:
    """A program that was started reads, writes and lists nothing outside, has no network, signals and traces nobody."""
    said = shown(session, python(PROBE, str(outside), str(os.getpid()), str(ROOT / "pyproject.toml")))
    answers = dict.fromkeys(line.split()[-1] for line in said.splitlines() if line)
    assert set(answers) <= {"EACCES", "EPERM"}, said
    assert len(said.split("\n")) > 15


def test_a_child_has_its_parents_limits(session: Session) -> None:
    """Memory, processor time, sizes of files and new privileges are bounded for a program as for its parent."""
    names = ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_NPROC", "RLIMIT_CORE")
    ask = f"import resource\nprint([resource.getrlimit(getattr(resource, name)) for name in {names}])"
    own = shown(session, ask)
    assert shown(session, python(ask)).strip() == own.strip()
    assert "-1" not in own
    assert "MemoryError" in shown(
        session, python("try:\n    bytearray(2**30)\nexcept MemoryError as e:\n    print(repr(e))")
    )
    status = shown(session, "!grep -E 'NoNewPrivs|Seccomp:' /proc/self/status || cat /proc/self/status")
    assert "Permission denied" in status  # not even its own: the rule is for the worker's


def test_commands_show_what_they_print(session: Session) -> None:
    """Commands, scripts and programs print into the cell, in order; a shell's variables and statuses are IPython's."""
    cell = "what = 'hi'\nprint('first')\n!echo $what {what}\nimport os, subprocess\nos.system('echo direct')\n"
    cell += "print('last')"
    assert shown(session, cell) == "first\nhi hi\ndirect\nlast\n"
    assert shown(session, "lines = !echo one; echo two\nprint(lines, _exit_code)") == "['one', 'two'] 0\n"
    assert shown(session, "%%bash\necho script").strip() == "script"
    assert session.run_cell("!exit 3").felt == ("started",)
    assert shown(session, "print(_exit_code)") == "3\n"
    assert shown(session, "print(subprocess.run(['ls', '-l'], capture_output=True).stderr)") == "b''\n"
    assert "not supported" in text_of(session.run_cell("!sleep 60 &").outputs)


def test_processes_of_pythons_own_work(session: Session) -> None:
    """Pools, queues, locks and values of ``multiprocessing`` are shared by processes; their prints are the cell's."""
    session.run_cell("import multiprocessing as mp, os\nfrom concurrent.futures import ProcessPoolExecutor")
    session.run_cell(
        "def square(x):\n    print('in a child', os.getpid() != here)\n    return x * x\nhere = os.getpid()"
    )
    said = shown(session, "with mp.Pool(2) as pool:\n    print(pool.map(square, range(4)))")
    assert sorted(said.splitlines()) == ["[0, 1, 4, 9]", *["in a child True"] * 4]
    assert "[0, 1]" in shown(
        session, "with ProcessPoolExecutor(2) as them:\n    print(list(them.map(square, range(2))))"
    )
    counted = """
total = mp.Value("i", 0)
def add():
    for _ in range(300):
        with total.get_lock():
            total.value += 1
children = [mp.Process(target=add) for _ in range(3)]
[child.start() for child in children], [child.join() for child in children]
print(total.value, [child.exitcode for child in children])
queue = mp.Queue(1)
child = mp.Process(target=queue.put, args=("from there",))
child.start()
print(queue.get(timeout=5), child.join(), queue.full())
lock = mp.RLock()
print(lock.acquire(), lock.acquire(), lock.release(), lock.release(), mp.Lock().acquire(timeout=0.01))
"""
    assert shown(session, counted).split() == (
        ["900", "[0,", "0,", "0]", "from", "there", "None", "False", "True", "True", "None", "None", "True"]
    )
    assert "released too many times" in text_of(session.run_cell("mp.Lock().release()").outputs)
    assert "not owned" in text_of(session.run_cell("mp.RLock().release()").outputs)


def test_a_child_that_goes_on_speaks_for_nobody(session: Session) -> None:
    """Where a cell forks and lets both go on, one answer comes, and the notebook goes on in one process."""
    assert (
        shown(session, "import os\nhere = os.getpid()\nos.fork()\nprint('once' * (os.getpid() == here))").count("once")
        == 1
    )
    assert shown(session, "print(os.getpid() == here)") == "True\n"


LINGERS = {
    "in the background": "import subprocess\nfor _ in range(3): subprocess.Popen(['sleep', '1000'])",
    "in a session of its own": "import subprocess\nsubprocess.Popen(['sleep', '1000'], start_new_session=True)",
    "by a shell": "import os\nos.system('sleep 1000 &')",
    "as a daemon": """
import os, signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)
        while True: time.sleep(1000)
    os._exit(0)
os.wait()
""",
}


@pytest.mark.parametrize("how", LINGERS)
@pytest.mark.parametrize("by_itself", [False, True], ids=["ended", "gone by itself"])
def test_nothing_outlives_a_worker(session: Session, how: str, *, by_itself: bool) -> None:
    """Whatever a worker has started is gone once it is, whoever ended it."""
    shown(session, LINGERS[how])
    leader = session.line.worker.pid
    assert len(group_use(leader)) > 1
    if by_itself:
        with pytest.raises(Lost, match="your code ended the process"):  # and the line with it
            session.run_cell("import os\nos._exit(0)")
    session.end()
    assert group_use(leader) == []


def test_nothing_outlives_a_template() -> None:
    """Where a class is done, or given up, nothing of any worker is left."""
    with run_template(allow=(PROCESSES,)) as running:
        session = Session(running.fork(ALLOWED), ALLOWED, time.monotonic() + ALLOWED.submission_s)
        shown(session, LINGERS["as a daemon"])
        leader = session.line.worker.pid
        assert len(group_use(leader)) > 1
    assert _soon(lambda: not group_use(leader))


def test_nothing_outlives_a_grader_that_is_killed() -> None:
    """A grader that has no time to say goodbye: its template sees the line close, and ends everything."""
    script = f"""
import time
from gradekit.isolation.template import template
from gradekit.isolation.session import Session
from gradekit.model import Limits
limits = Limits(allow=("processes",))
with template(allow=limits.allow) as running:
    session = Session(running.fork(limits), limits, time.monotonic() + 60)
    session.run_cell({LINGERS["as a daemon"]!r})
    print(session.line.worker.pid, flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT) as grader:
        assert grader.stdout is not None
        leader = int(grader.stdout.readline())
        assert len(group_use(leader)) > 1
        grader.send_signal(signal.SIGKILL)
    assert _soon(lambda: not group_use(leader))


def _soon(holds: Any) -> bool:
    """Wait for something that another process does."""
    end = time.monotonic() + UNTIL_S
    while not holds() and time.monotonic() < end:
        os.sched_yield()
    return bool(holds())


def test_a_fork_bomb_is_bounded(session: Session) -> None:
    """Forks come to an end with the number of processes that one worker may have; then the host is as before."""
    bomb = """
import os, signal, time
made = 0
try:
    while True:
        if os.fork() == 0:
            signal.pause()
        made += 1
except OSError as error:
    print(made, type(error).__name__)
"""
    made, kind = shown(session, bomb).split()
    assert (int(made), kind) == (sandbox.PROCESSES, "BlockingIOError")
    assert len(group_use(session.line.worker.pid)) == int(made) + 1
    leader = session.line.worker.pid
    session.end()
    assert group_use(leader) == []


def test_a_bomb_that_doubles_is_ended(session: Session) -> None:
    """Processes that fork processes, deaf to signals, end with the cell's time at the latest."""
    bomb = "import os, signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    bomb += "while True:\n    try:\n        os.fork()\n    except OSError:\n        pass"
    leader = session.line.worker.pid
    session.limits = session.line.limits = Limits(cell_s=1)
    with pytest.raises(Lost):
        session.run_cell(bomb)
    assert group_use(leader) == []


def test_memory_is_bounded_together(session: Session) -> None:
    """Children that each stay below the limit of one, and are together far above, are the worker's end."""
    hungry = """
import os, signal
for _ in range(20):
    if os.fork() == 0:
        held = bytearray(100 * 2**20)
        held[::4096] = b"x" * len(held[::4096])
        signal.pause()
signal.pause()
"""
    with pytest.raises(Lost, match="more memory than all") as lost:
        session.run_cell(hungry)
    assert lost.value.verdict is Verdict.MLE


def test_an_interrupt_reaches_what_was_started(session: Session) -> None:
    """A command that is late is stopped with its cell, and the notebook goes on."""
    session.limits = Limits(cell_s=1)
    with pytest.raises(Exception, match="longer than 1 s"):
        session.run_cell("import subprocess\nsubprocess.run(['sleep', '1000'])")
    assert shown(session, "print('goes on')") == "goes on\n"
    assert len(group_use(session.line.worker.pid)) == 1


def test_without_the_right_nothing_has_changed(template: Template) -> None:
    """A worker of a course that allows nothing can neither fork nor run a program, whatever its limits say."""
    session = Session(template.fork(ALLOWED), ALLOWED, time.monotonic() + ALLOWED.submission_s)
    try:
        cell = "from gradekit.worker import refusals\nrefusals.EVENTS.clear()\nimport os\nos.fork()"
        assert "Operation not permitted" in text_of(session.run_cell(cell).outputs)
        assert "Permission" in text_of(session.run_cell("os.execv('/bin/true', ['true'])").outputs)
    finally:
        session.end()
    assert QUICK.allow == ()


@pytest.mark.parametrize(("user", "abi"), [(None, 5), (1000, 5), (sandbox.NOBODY, 0)])
def test_where_signals_would_reach_others_it_is_refused(user: int | None, abi: int) -> None:
    """Without Landlock's scope for signals, and without users of its own, a host cannot give the right."""
    with pytest.raises(HostError, match="signals of processes") as refused:
        check_signals(user, abi)
    assert "6.12" in refused.value.help
    policy = sandbox.Policy(scratch="/nowhere", readable=(), abi=max(abi, 2), user=user or 1000, processes=1)
    with pytest.raises(sandbox.SandboxError, match="signals"):
        sandbox._check(policy, b"x")


def test_processes_that_have_ended_count_no_more(session: Session) -> None:
    """Who starts many, one after the other and without waiting, is not stopped by those that are done."""
    source = f"import os\nprint(sum(os.system('true &') != 0 for _ in range({sandbox.PROCESSES + 40})))"
    assert shown(session, source) == "0\n"


def test_memory_that_is_shared_counts(session: Session) -> None:
    """What processes have in common by a map of nobody's file is memory all the same."""
    shown(session, "import mmap\nheld = mmap.mmap(-1, 30 * 2**20)\nheld[:] = b'x' * len(held)")
    assert sum(use.memory for use in group_use(session.line.worker.pid)) > 30 * 2**20


@pytest.mark.parametrize(
    "source",
    [
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import missing_module'])\nassert False",
        "import os\nos.system('exit 3')\nassert False",
        "found = !exit 3\nassert found",
        "import subprocess\nsubprocess.check_output('exit 3', shell=True)",
    ],
)
def test_a_program_that_failed_is_noted_whichever_way_it_was_started(session: Session, source: str) -> None:
    """A cell that fails beside a program that failed may have failed for what that was refused."""
    assert "started" in session.run_cell(source).tried


def test_a_program_that_ends_well_is_no_reason(session: Session) -> None:
    """A wrong answer beside it is the learner's."""
    done = session.run_cell("import os, subprocess\nsubprocess.run(['true'])\nos.system('true')\nassert False")
    assert (done.ok, tuple(done.tried)) == (False, ())


def test_without_a_filter_no_process_is_allowed() -> None:
    """What keeps processes in their group is the filter of system calls: without it there is nothing to rely on."""
    policy = sandbox.Policy("", (), 0, landlock=False, user=sandbox.OWN_USERS, processes=1)
    with pytest.raises(sandbox.SandboxError, match="libseccomp"):
        sandbox._check(policy, b"")
