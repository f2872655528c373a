"""A class judged by Dask's workers in processes of their own, over TLS: as on one machine, whoever is killed."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from gradekit.cluster.worker import PLACE
from gradekit.course.course import Course
from gradekit.demo import Submission, hand_in, synthetic_class

from .test_resume import ANSWERS, state

LATE_S = 300


@dataclass
class Machines:
    """A scheduler and its workers, each in a process of its own, on this machine's loopback, with TLS.

    Attributes
    ----------
    folder : Path
        Theirs: certificates, Dask's settings, private folders of the workers.
    """

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    nanny: bool = False
    address: str = ""
    scheduler: subprocess.Popen[str] | None = None
    workers: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        key, cert = self.folder / "key.pem", self.folder / "cert.pem"
        words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=gradekit"]
        subprocess.run(["openssl", *words, "-out", cert, "-keyout", key], check=True, capture_output=True)
        role = {"cert": str(cert), "key": str(key)}
        tls = {"ca-file": str(cert), "scheduler": role, "worker": role, "client": role}
        config = {"distributed": {"comm": {"tls": tls, "require-encryption": True}}}
        (self.folder / "dask.yaml").write_text(json.dumps(config))

    @property
    def environment(self) -> dict[str, str]:
        """What each of the processes finds in its environment."""
        own = {"DASK_CONFIG": str(self.folder / "dask.yaml"), "TMPDIR": str(self.folder)}
        return {**os.environ, **own, **self.settings}

    def _start(self, module: str, *words: str, until: str) -> tuple[subprocess.Popen[str], str]:
        command = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            f"distributed.cli.{module}",
            *words,
            "--dashboard-address",
            "127.0.0.1:0",
        ]
        process = subprocess.Popen(
            command,
            env=self.environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        said = []
        for line in process.stderr:
            said.append(line)
            if until in line:
                return process, line.split(until)[1].strip()
        raise AssertionError(said[-5:])

    def start_scheduler(self) -> None:
        """Start it where the one before was, if there was one."""
        port = self.address.rsplit(":", 1)[-1] or "0"
        words = ("--protocol", "tls", "--host", "127.0.0.1", "--port", port)
        self.scheduler, self.address = self._start("dask_scheduler", *words, until="Scheduler at:")

    def start_worker(self, name: str) -> None:
        """Start one, with or without a nanny, which starts another in its place."""
        kind = "--nanny" if self.nanny else "--no-nanny"
        words = ("--nthreads", "1", kind, "--name", name, "--local-directory", str(self.folder / name))
        process, _ = self._start("dask_worker", self.address, *words, until="Registered to:")
        self.workers.append(process)

    def end(self) -> None:
        """End all of them, and wait for what they had started."""
        for process in (*self.workers, *filter(None, [self.scheduler])):
            self.kill(process)
        self.workers.clear()

    def kill(self, process: subprocess.Popen[str]) -> None:
        """Kill one of them; with a nanny goes its worker."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

    def left(self) -> list[Path]:
        """Return the private folders that lie about, once every process has gone that judged."""
        psutil.wait_procs(slots(self.folder), timeout=LATE_S)
        return [*self.folder.glob(f"{PLACE}*"), *self.folder.glob("gradekit-*")]


def slots(folder: Path) -> list[psutil.Process]:
    """Return the processes that judge on the workers of a cluster, by where they keep their files."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        with contextlib.suppress(psutil.Error):
            judges = "gradekit.cluster.slot" in (process.info["cmdline"] or ())
            found += [process] if judges and process.environ().get("TMPDIR") == str(folder) else []
    return found


@pytest.fixture
def machines(request: pytest.FixtureRequest) -> Iterator[Machines]:
    """A cluster of four workers; a parameter is fields of :class:`Machines`."""
    found = Machines(Path(tempfile.mkdtemp(prefix="gradekit-cluster-")) / "m", **getattr(request, "param", {}))
    try:
        found.start_scheduler()
        for number in range(4):
            found.start_worker(f"w{number}")
        yield found
    finally:
        found.end()
        shutil.rmtree(found.folder.parent)


def start(course: Course, assignment: str, machines: Machines | None, *words: str) -> subprocess.Popen[str]:
    """Start `gradekit grade`, here or on the cluster."""
    command = [sys.executable, "-W", "ignore", "-m", "gradekit.cli", "grade", assignment, "--jobs", "2", *words]
    command += ["--scheduler", machines.address] if machines else []
    return subprocess.Popen(
        command,
        cwd=course.root,
        env=machines.environment if machines else os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def begun(running: subprocess.Popen[str]) -> str:
    """Wait until a run has its first worker; return the line that says so."""
    return next((line for line in running.stderr if " so far (" in line), "")


def rest(running: subprocess.Popen[str]) -> str:
    """Wait for a run's end; return what else it has to say."""
    said = running.stderr.read()
    running.communicate()
    return said


def left(course: Course, assignment: str) -> tuple[Any, set[str], set[str]]:
    """Return all that grading leaves but for who judged; and who did, over which lines."""
    found = state(course, assignment)
    by = {report.pop("judged_by") for report in found["reports"].values()}
    lines = {report.pop("line") for report in found["reports"].values()}
    return found, by, lines


def copied(course: Course, folder: Path) -> Course:
    """Copy a course."""
    return Course(Path(shutil.copytree(course.root, folder, symlinks=True)))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rnn_from_scratch", "next_token"])
def test_a_demo_class_scores_as_on_one_machine(
    course_of: Callable[[str, Path], Course], machines: Machines, tmp_path: Path, name: str
) -> None:
    """Four workers behind TLS: rows, files and reports are those of one machine, and say which worker judged."""
    course = course_of(name, tmp_path / "here")
    hand_in(course, name, synthetic_class(course, name))
    (course.root / ".gradekit" / "+secret").write_bytes(b"the same for both runs")
    there = copied(course, tmp_path / "there")
    here = start(course, name, None)
    here.communicate()
    running = start(there, name, machines, "--json")
    said, complained = running.communicate()
    assert running.returncode == here.returncode, complained
    expected, nobody, none = left(course, name)
    found, workers, lines = left(there, name)
    assert found == expected
    assert (nobody, none, lines) == ({""}, {""}, {"tls"})
    assert {one.split()[0] for one in workers} == {"w0", "w1", "w2", "w3"}
    assert {report["judged_by"] for report in json.loads(said)["graded"]} == workers
    assert not machines.left()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_moments(released: Course, machines: Machines, tmp_path: Path, seed: int) -> None:
    """Five kills of workers, one of the scheduler, one of gradekit: the end is that of one machine, nobody is lost."""
    kinds = [Submission(f"{kind}_{number}", cells) for number in range(8) for kind, cells in ANSWERS.items()]
    hand_in(released, "small", kinds)
    (released.root / ".gradekit" / "+secret").write_bytes(b"the same for both runs")
    there, moments = copied(released, tmp_path / "there"), random.Random(seed)
    start(released, "small", None).communicate()
    victims = ["worker"] * 5 + ["scheduler", "ours"]
    moments.shuffle(victims)
    ended = True
    while victims:
        running = start(
            there, "small", machines, *(["--force"] if ended else [])
        )  # a run that ended left nothing to do
        begun(running)
        while victims and running.poll() is None:
            try:
                running.wait(moments.uniform(0.3, 2.0))
            except subprocess.TimeoutExpired:
                kill(victims.pop(), running, machines, moments)
        said = rest(running)
        ended = running.returncode == 0
        if running.returncode == 2:
            assert f"error: The scheduler {machines.address} is gone." in said
        else:
            assert running.returncode in (0, -signal.SIGKILL), said
    running = start(there, "small", machines)
    said = rest(running)
    assert running.returncode == 0, said
    assert left(there, "small")[0] == left(released, "small")[0]
    assert not machines.left()


def kill(victim: str, running: subprocess.Popen[str], machines: Machines, moments: random.Random) -> None:
    """Kill one process; what was killed of the cluster is started again."""
    if victim == "ours":
        os.killpg(running.pid, signal.SIGKILL)
        assert not psutil.wait_procs(slots(machines.folder), timeout=LATE_S)[1]
    elif victim == "worker":
        worker = machines.workers.pop(moments.randrange(4))
        machines.kill(worker)
        machines.start_worker(f"again{worker.pid}")
    else:
        machines.scheduler.kill()
        running.wait(LATE_S)
        machines.end()
        machines.start_scheduler()
        for number in range(4):
            machines.start_worker(f"w{number}")


SOON = {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "4 s"}
RETIRE = "from distributed import Client, Security; Client({!r}, security=Security()).retire_workers(names=['w1'])"


@pytest.mark.slow
@pytest.mark.parametrize("machines", [{"settings": SOON}], indirect=True, ids=["soon missed"])
def test_a_worker_that_hangs_and_one_that_is_drained(released: Course, machines: Machines, tmp_path: Path) -> None:
    """One is stopped in the middle of a run, another one is drained: their submissions go elsewhere, nobody is lost."""
    kinds = [Submission(f"{kind}_{number}", cells) for number in range(30) for kind, cells in ANSWERS.items()]
    hand_in(released, "small", kinds)
    (released.root / ".gradekit" / "+secret").write_bytes(b"the same for both runs")
    there = copied(released, tmp_path / "there")
    start(released, "small", None).communicate()
    running = start(there, "small", machines)
    assert "the line is tls" in begun(running)
    graded = there.root / ".gradekit" / "small"
    while running.poll() is None and len(list(graded.glob("*.json"))) < 8:  # so that most workers are at it
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(0.1)
    os.kill(machines.workers[0].pid, signal.SIGSTOP)
    code = RETIRE.format(machines.address)
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], env=machines.environment, check=True)
    assert "worker w1 on" in rest(running)
    assert running.returncode == 0
    found, workers, _ = left(there, "small")
    assert found == left(released, "small")[0]
    assert {one.split()[0] for one in workers} >= {"w2", "w3"}


ENDS_WORKERS = """

@quadruple.test()
def ends(student, reference, expect):
    \"\"\"Ends the Dask worker that had this judged, where the answer says so.\"\"\"
    import os
    if student.double(0) == 13:
        os.kill(os.getppid(), 9)
    expect.true(True, "")
"""
ALLOWED = "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"


@pytest.mark.slow
@pytest.mark.parametrize(
    "machines",
    [{"settings": {ALLOWED: number}, "nanny": True} for number in ("0", "10")],
    indirect=True,
    ids=["no death allowed", "ten deaths allowed"],
)
def test_who_ends_workers_is_left_to_a_person(released: Course, machines: Machines) -> None:
    """Whoever is in three deaths is tried once more, alone and last, and is then undecided; nobody else is.

    So it is four deaths, whatever Dask would have allowed.
    """
    path = released.hidden("small") / "tests.py"
    path.write_text(path.read_text(encoding="utf-8") + ENDS_WORKERS, encoding="utf-8")
    right = "def double(x): return x + x"
    hand_in(released, "small", [Submission(f"s{number}", {"double": right}) for number in range(12)])
    bad = "def double(x): return 13 if np.ndim(x) == 0 else x + x"
    hand_in(released, "small", [Submission("bad", {"double": bad})])
    running = start(released, "small", machines, "--json")
    said, complained = running.communicate()
    assert running.returncode == 1, complained
    told = json.loads(said)
    assert told["undecided"] == {"bad": ["double", "quadruple"]}
    assert [report["student"] for report in told["graded"]].count("bad") == 1
    assert len(told["graded"]) == 13
    assert complained.count(" has left: ") == 4
    assert not told["failed"]
