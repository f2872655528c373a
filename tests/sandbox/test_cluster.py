"""A class judged by Dask's workers: the same scores as on one machine, from bytes alone, and nothing left behind."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import AF_INET
from typing import Any

import dask
import psutil
import pytest
from distributed import Client, LocalCluster, Security

from gradekit import cli
from gradekit.cluster import judges
from gradekit.cluster.connect import Workers
from gradekit.cluster.worker import PLACE, judge_here
from gradekit.course import reports
from gradekit.course.course import Course
from gradekit.grade.classroom import due, grade_class
from gradekit.grade.judge import Grading
from gradekit.model import GradeReport

from .test_jobs import ENDS, hand_in

ANSWERS = {
    "right": "def double(x): return x + x",
    "wrong": "def double(x): return x * x",
    "writes": "open('made.csv', 'w').write('a,b')\ndef double(x): return x + x",
    "broken": "def double(x:",
    "ends": "def double(x): return 13 if np.ndim(x) == 0 else x + x",
}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Dask's settings for TLS, with a certificate made for this run."""
    folder = tmp_path_factory.mktemp("tls")
    key, cert = str(folder / "key.pem"), str(folder / "cert.pem")
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=gradekit", "-out", cert]
    subprocess.run(["openssl", *words, "-keyout", key], check=True, capture_output=True)
    found = {"distributed.comm.tls.ca-file": cert}
    for role in ("scheduler", "worker", "client"):
        found |= {f"distributed.comm.tls.{role}.cert": cert, f"distributed.comm.tls.{role}.key": key}
    return found


@pytest.fixture
def cluster(certificates: dict[str, str]) -> Iterator[LocalCluster]:
    """A scheduler and one worker with two threads, in this process, behind TLS."""
    with (
        dask.config.set(certificates),
        LocalCluster(
            n_workers=1,
            threads_per_worker=2,
            processes=False,
            protocol="tls",
            host="127.0.0.1",
            security=Security(),
            dashboard_address="127.0.0.1:0",  # else two runs of these tests at once would meet
        ) as running,
    ):
        yield running


def folders() -> list[Path]:
    """Return the private folders of this machine's workers."""
    return list(Path(tempfile.gettempdir()).glob(f"{PLACE}-*-{os.getpid()}-*"))


def graded(course: Course, address: str = "", say: Callable[[str], Any] = print) -> dict[str, GradeReport]:
    """Grade whoever is due, here or by a cluster's workers."""
    grading = Grading(course, "small")
    judged = grade_class(
        grading, due(grading)[0], judges_of=Workers(address, insecure=False, say=say).open if address else None
    )
    found = {item.student: item for item in judged}
    assert not [item.failure for item in found.values() if item.report is None]
    return {name: item.report for name, item in found.items() if item.report is not None}


def said(report: GradeReport) -> list[Any]:
    """Return what a report says of the exercises and of the submission."""
    return [report.exercises, report.inline, report.notes, report.hashes, report.isolation, report.versions]


DIFFERS = """
import importlib.metadata
true = importlib.metadata.version
importlib.metadata.version = lambda name: "1.0" if name == "numpy" else true(name)
"""
BARE = """
import sys
if "gradekit.cluster.slot" in sys.orig_argv:
    from gradekit.worker import sandbox
    sandbox.landlock_abi = lambda: 0
"""


@pytest.mark.parametrize(
    ("start", "why"),
    [(DIFFERS, "it has another numpy 1.0, here "), (BARE, "A worker could not be isolated: ")],
    ids=["another numpy", "no isolation"],
)
def test_a_worker_that_does_not_fit_is_not_used(  # noqa: PLR0913, PLR0917  (one fixture each)
    released: Course,
    cluster: LocalCluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    start: str,
    why: str,
) -> None:
    """It is named in a line with the reason; where nobody else is there, the command ends, and nothing was done."""
    hand_in(released, "ann", ANSWERS["right"])
    (tmp_path / "sitecustomize.py").write_text(start, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    reports.secret(released.root)
    before = sorted(map(str, released.root.rglob("*")))
    words = ["gradekit", "grade", "small", "--course-dir", str(released.root)]
    monkeypatch.setattr("sys.argv", [*words, "--scheduler", cluster.scheduler_address])
    assert cli.main() == 2
    said = capsys.readouterr().err
    place = f"0 on {socket.gethostname()}"
    assert f"worker {place} is not used: {why}" in said
    assert f"error: No worker of {cluster.scheduler_address} can be used: {place} ({why}" in said
    assert sorted(map(str, released.root.rglob("*"))) == before
    assert not folders()


def test_the_same_as_on_one_machine(
    released: Course, cluster: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scores, words and files are those of one machine; reports say where; only bytes travel; nothing stays behind.

    A submission that ends the process which judges it is tried alone, last, and then left to a person, as it is here.
    """
    path = released.hidden("small") / "tests.py"
    path.write_text(path.read_text(encoding="utf-8") + ENDS, encoding="utf-8")
    for name, double in ANSWERS.items():
        hand_in(released, name, double)
    (released.root / ".gradekit" / "+secret").write_bytes(b"the same for both runs")
    here = Course(Path(shutil.copytree(released.root, tmp_path / "here", symlinks=True)))
    submit, unpack, travelled = Client.submit, judges.unpack_answer, []

    def submitted(self: Client, function: Callable[..., Any], *args: Any, **words: Any) -> Any:
        travelled.append((function is judge_here, [type(arg) for arg in args], sorted(words)))
        return submit(self, function, *args, **words)

    monkeypatch.setattr(Client, "submit", submitted)
    monkeypatch.setattr(judges, "unpack_answer", lambda data: travelled.append(type(data)) or unpack(data))
    expected, lines = graded(here), []
    found = graded(released, cluster.scheduler_address, lines.append)
    assert list(found)[-1] == "ends"
    assert {name: said(report) for name, report in found.items()} == {
        name: said(report) for name, report in expected.items()
    }
    assert found["ends"].undecided == ("double", "quadruple")
    assert {report.line for report in found.values()} == {"tls"}
    assert {report.judged_by for report in found.values()} == {f"0 on {socket.gethostname()}"}
    assert {report.judged_by + report.line for report in expected.values()} == {""}
    assert [one for one in travelled if one is not bytes] == [(True, [bytes], ["pure", "workers"])] * 7
    assert travelled.count(bytes) == 7
    made = Path("autograded/writes/small/made.csv")
    assert (released.root / made).read_text() == (here.root / made).read_text() == "a,b"
    assert (released.root / made).stat().st_mode == (here.root / made).stat().st_mode
    assert lines[0].startswith(f"1 worker of {cluster.scheduler_address} so far (landlock+seccomp, ")
    assert not cluster.scheduler.plugins.keys() & {name for name in cluster.scheduler.plugins if "gradekit" in name}
    (only,) = cluster.workers.values()
    assert not [name for name in only.plugins if "gradekit" in name]
    assert not folders()


@pytest.mark.slow
def test_an_open_line_is_written_down(
    released: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where it is asked for, a class is judged over a line that others can read; the command and each report say so."""
    addresses = [one.address for found in psutil.net_if_addrs().values() for one in found if one.family is AF_INET]
    own = [address for address in addresses if not address.startswith("127.")]
    if not own:
        pytest.skip("this machine has its loopback alone")
    hand_in(released, "ann", ANSWERS["right"])
    words = ["gradekit", "grade", "small", "--course-dir", str(released.root)]
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", host=own[0], dashboard_address="127.0.0.1:0"
    ) as running:
        monkeypatch.setattr("sys.argv", [*words, "--scheduler", running.scheduler_address])
        assert cli.main() == 2
        monkeypatch.setattr("sys.argv", [*words, "--insecure-cluster", "--scheduler", running.scheduler_address])
        assert cli.main() == 0
    report = reports.load(released.root, "small", "ann")
    assert report is not None
    assert report.line == "insecure"
    assert "warning: --insecure-cluster: hidden tests and students' work may travel open" in capsys.readouterr().err
