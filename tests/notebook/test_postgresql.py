"""A gradebook on a real PostgreSQL server: the rows of SQLite's file, several graders, and what is said of faults."""

from __future__ import annotations

import collections
import contextlib
import itertools
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from nbgrader import api
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.orm import Session

from gradekit import cli, database
from gradekit.course.course import CONFIG, Course
from gradekit.demo import Submission, hand_in
from gradekit.gradebook.convert import quiet
from gradekit.gradebook.settings import course_at, read_settings
from gradekit.release.make import release
from gradekit.semester.due import moment, set_due
from gradekit.worker.sandbox import die_with_parent

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres")) or [Path(shutil.which("postgres") or "none")]
HERE = PROGRAMS[-1].parent
NUMBERS = itertools.count()
USER, PASSWORD = "grader", "open@sesame/1"
SETTINGS = ("fsync=off", "shared_buffers=8MB", "max_connections=20", "listen_addresses=127.0.0.1")
READY = b"ready to accept connections"
ANSWERS = {
    "right": {},
    "wrong": {"double": "def double(x): return x * x"},
    "broken": {"quadruple": "def quadruple(x:"},
    "in_place": {"double": "def double(x):\n    x *= 2\n    return x"},
}


def _unprivileged() -> dict[str, Any]:
    """Return as whom the server runs: it refuses root."""
    if os.geteuid():
        return {}
    known = {person.pw_name: person for person in pwd.getpwall()}
    found = known.get("postgres") or known["nobody"]
    return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server of our own on loopback: the beginning of an address, to be followed by a database's name.

    It ends with these tests, and with the process that runs them; what it stores need not outlive anything.
    """
    if not (HERE / "initdb").exists():
        pytest.skip("PostgreSQL's server is not installed: apt-get install postgresql")
    folder, who, port = Path(tempfile.mkdtemp(prefix="gradekit-postgresql-")), _unprivileged(), _free_port()
    (folder / "password").write_text(PASSWORD)
    for path in (folder, folder / "password"):
        os.chown(path, who.get("user", -1), who.get("group", -1))
    make = [HERE / "initdb", "-D", folder / "data", "-U", USER, "--pwfile", folder / "password", "-A", "scram-sha-256"]
    make += ["--no-sync", "--no-instructions", "-E", "UTF8", "--locale", "C"]
    subprocess.run(make, cwd="/", check=True, stdout=subprocess.DEVNULL, **who)
    words = [HERE / "postgres", "-D", folder / "data", "-p", str(port), "-k", folder]
    words += [word for setting in SETTINGS for word in ("-c", setting)]
    end = {"preexec_fn": die_with_parent}  # after the other user: who becomes one loses it
    with subprocess.Popen(words, cwd="/", stderr=subprocess.PIPE, **end, **who) as running:
        log = threading.Thread(target=collections.deque, args=(running.stderr, 0), daemon=True)
        try:
            _await(running)
            log.start()
            yield f"postgresql://{USER}:open%40sesame%2F1@127.0.0.1:{port}/"
        finally:
            running.send_signal(signal.SIGINT)  # ends what is open, and waits for nobody
            running.wait(timeout=60)
            if log.ident:
                log.join()
            shutil.rmtree(folder)


def _await(running: subprocess.Popen[bytes]) -> None:
    """Read what a server says until it takes connections."""
    said = b""
    while READY not in said:
        line = running.stderr.readline()
        assert line, said.decode()
        said += line


@pytest.fixture
def address(server: str) -> str:
    """The address of a database of the test's own, with nothing in it."""
    engine = create_engine(f"{server}postgres", isolation_level="AUTOCOMMIT")
    name = f"course_{next(NUMBERS)}"
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    engine.dispose()
    return f"{server}{name}"


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Run the command line in this process."""
    monkeypatch.setattr(sys, "argv", ["gradekit", *words])
    return cli.main()


def line(row: dict[str, Any]) -> str:
    """Return a row without its number; a database adds up in any order, so the last digits of a sum are left out."""
    facts = {name: round(value, 9) if isinstance(value, float) else value for name, value in row.items()}
    return json.dumps({**facts, "id": ""}, sort_keys=True, default=str)


def rows(address: str, course_id: str = "") -> dict[str, Any]:
    """Return all that a gradebook holds and computes, without the numbers that it gives."""

    def plain(found: Any, **more: Any) -> str:
        return line(found.to_dict() | more)

    with quiet(), Gradebook(address, course_id) as gradebook:
        assignments, submissions = gradebook.assignments, gradebook.db.query(api.SubmittedAssignment).all()
        notebooks = [book for item in submissions for book in item.notebooks]
        return {
            "assignment": sorted(plain(item, course=item.course_id) for item in assignments),
            "notebook": sorted(plain(book, kernel=book.kernelspec) for item in assignments for book in item.notebooks),
            "source": sorted(plain(cell) for cell in gradebook.db.query(api.SourceCell)),
            "student": sorted(plain(item) for item in gradebook.students),
            "submission": sorted(plain(item, more=item.extension) for item in submissions),
            "submitted": sorted(plain(item, penalty=item.late_submission_penalty) for item in notebooks),
            "grade": sorted(plain(item) for book in notebooks for item in book.grades),
            "comment": sorted(plain(item) for book in notebooks for item in book.comments),
        }


def files(course: Course) -> dict[str, Any]:
    """Return what grading and telling have left in a course, and its reports without times and hashes of settings."""
    found: dict[str, Any] = {}
    for folder in ("release", "autograded", "feedback"):
        paths = [path for path in sorted((course.root / folder).rglob("*")) if path.is_file()]
        paths = [path for path in paths if path.name != "submission_secret.txt"]  # made at random
        found |= {str(path.relative_to(course.root)): path.read_bytes() for path in paths}
    for path in sorted((course.root / ".gradekit").iterdir()):
        found[f"in .gradekit: {path.name}"] = sorted(inner.name for inner in path.iterdir()) if path.is_dir() else ""
    for path in sorted((course.root / ".gradekit" / "small").glob("*.json")):
        report = json.loads(path.read_text())
        found[f"report of {path.stem}"] = {name: report[name] for name in report.keys() - {"times", "hashes"}}
    for path in (path for path in course.root.rglob("*.csv") if path.name != "students.csv"):  # which has times
        found[path.name] = sorted(path.read_text(encoding="utf-8").splitlines())  # nbgrader's have no order
    return found


@pytest.fixture
def both(released: Course, tmp_path: Path, address: str) -> tuple[Course, Course]:
    """The same class, handed in twice: a course with its own file, and one whose gradebook is on the server."""
    hand_in(released, "small", [Submission(student, cells) for student, cells in ANSWERS.items()])
    (released.root / ".gradekit" / "+secret").write_bytes(b"the same for both")
    (released.root / "roster.csv").write_text("id,first name,last name,email\nright,Ada,Lovelace,ada@uni.edu\n")
    other = shutil.copytree(released.root, tmp_path / "served", symlinks=True)
    (other / "gradebook.db").unlink()
    with (other / CONFIG).open("a") as file:
        file.write(f"c.CourseDirectory.db_url = {address!r}\n")
    served = course_at(other)
    release(served, "small", solutions=False)
    return released, served


def start(course: Course, *words: str) -> subprocess.Popen[bytes]:
    """Start `gradekit grade` with one process that judges, in a process group of its own."""
    command = [sys.executable, "-W", "ignore", "-m", "gradekit.cli", "grade", "small", "--jobs", "1", *words]
    return subprocess.Popen(
        command, cwd=course.root, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


@contextlib.contextmanager
def at_the_turn(address: str, student: str, runs: Sequence[subprocess.Popen[bytes]]) -> Iterator[None]:
    """Hold a student's turn until all of these runs wait for it; let the block happen then, and give it free."""
    engine = create_engine(address)
    with engine.connect() as asking, Session(engine) as session, database.turn(engine, session, student):
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        while asking.execute(waiting).scalar() < len(runs):
            asking.rollback()
            with contextlib.suppress(subprocess.TimeoutExpired):
                pytest.fail(f"a run ended: {runs[0].wait(timeout=0.05)}")
        yield
    engine.dispose()


def graded(address: str) -> list[str]:
    """Return whose submissions have an automatic score."""
    return sorted({json.loads(grade)["student"] for grade in rows(address)["grade"]})


@pytest.fixture
def entered(both: tuple[Course, Course], monkeypatch: pytest.MonkeyPatch) -> tuple[Course, Course]:
    """Both courses with a roster, a due date, and more time for one student."""
    for course in both:
        monkeypatch.chdir(course.root)
        assert run(monkeypatch, "roster", "roster.csv") == 0
        set_due(course, "small", moment("2020-01-01 12:00+00:00"))
        set_due(course, "small", moment("2030-01-02 12:30+00:00"), only=["right"])
    return both


def test_several_graders_as_one(entered: tuple[Course, Course], address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One grader is killed, two more grade the class at once: the rows and files are those of one and a file."""
    here, served = entered
    killed = start(served)
    with at_the_turn(address, "wrong", [killed]):
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait(timeout=60)
    assert graded(address) == ["broken", "in_place", "right"]
    assert not (served.root / "autograded" / "wrong").exists()

    at_once = [start(served, "--force"), start(served, "--force")]
    with at_the_turn(address, "broken", at_once):
        pass
    assert [grader.wait(timeout=300) for grader in at_once] == [0, 0]

    monkeypatch.chdir(here.root)
    assert run(monkeypatch, "grade", "small", "--jobs", "1") == 0
    found = rows(address)
    assert found == rows(f"sqlite:///{here.root}/gradebook.db")
    assert len(found["grade"]) == 16
    assert files(served) == files(here)


CANVAS = """Student,ID,SIS Login ID,Section,Small (1)
Points Possible,,,,2.5
"Lovelace, Ada",11,right,A,
"""
FILL = ["export", "grades", "small", "--fill", "canvas.csv", "--to", "filled.csv"]
NBGRADERS = (
    ["autograde", "small", "--student", "right", "--force"],
    ["generate_feedback", "small", "--student", "right", "--force"],
    ["db", "student", "list"],
    ["db", "assignment", "list"],
    ["export", "--to", "grades.csv"],
)


def nbgrader(course: Course, *words: str) -> list[str]:
    """Run one of nbgrader's commands; return the lines that it prints, sorted: a database has no order."""
    command = [sys.executable, "-W", "ignore", "-m", "nbgrader", *words]
    done = subprocess.run(command, cwd=course.root, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return sorted(done.stdout.splitlines())


def tables(course: Course) -> list[str]:
    """Return what the tables of formgrader's pages hold, without the numbers that the gradebook gives."""
    api = NbGraderAPI(config=read_settings(course))
    found = [*api.get_assignments(), *api.get_submissions("small"), *api.get_students(), *api.get_notebooks("small")]
    found += [*api.get_notebook_submissions("small", "small"), *api.get_student_submissions("right")]
    found += api.get_student_notebook_submissions("right", "small")
    return sorted(line(row | {"index": 0}) for row in found)  # the place among such numbers


FAULTS = {  # end of the address, or all of it → what is said
    "open%40sesame%2F2@127.0.0.1:{port}/postgres": 'cannot be used: password authentication failed for user "grader".',
    "open%40sesame%2F1@127.0.0.1:{port}/nobody": 'cannot be used: database "nobody" does not exist.',
    "open%40sesame%2F1@127.0.0.1:1/postgres": "cannot be used: Connection refused.",
    "open%40sesame%2F1@127.0.0.1:{port}/postgres?pasword=x": 'cannot be used: invalid connection option "pasword".',
    "open@sesame/1@127.0.0.1:{port}/postgres": "is no address of a gradebook",
    "open%40sesame%2F1@127.0.0.1:port/postgres": "is no address of a gradebook",
    "postgresql+psycopg2": "cannot be opened: it needs the module psycopg2, which is not installed.",
    "postgres": "SQLAlchemy knows no database 'postgres'.",
    "postgresql+nothing": "SQLAlchemy knows no database 'postgresql+nothing'.",
    "": "'***@127.0.0.1:1/postgres' is no address of a gradebook.",
}


def test_faults_are_one_sentence(
    small: Course, server: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever is wrong with server or address: one sentence, no password, nothing written, asked or released."""
    monkeypatch.chdir(small.root)
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    port = make_url(server).port
    before = sorted(small.root.rglob("*"))
    for words, said in FAULTS.items():
        end = words.format(port=port) if "@" in words else "open%40sesame%2F1@127.0.0.1:1/postgres"
        kind = "postgresql://" if "@" in words else f"{words}://" if words else "postgresql//"
        for command in ("report", "release"):
            assert run(monkeypatch, command, "small", "--db", f"{kind}{USER}:{end}") == 2
            error, *more = capsys.readouterr().err.splitlines()
            assert error.startswith("error: ")
            assert said in error, words
            assert len(more) == 1
            assert "sesame" not in "".join([error, *more])
    assert sorted(small.root.rglob("*")) == before


def test_a_database_without_tables(
    small: Course, address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A question makes no tables; it says what comes first."""
    monkeypatch.chdir(small.root)
    assert run(monkeypatch, "grade", "small", "--db", address) == 2
    shown = address.replace("open%40sesame%2F1", "***")
    said = f"error: There is no gradebook {shown} yet.\n  Release it first: gradekit release small\n"
    assert capsys.readouterr().err == said
    assert not database.has_gradebook(address)


@pytest.mark.slow
def test_every_command_beside(
    entered: tuple[Course, Course], address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Dry run, pages, report, tables, exports and nbgrader's own commands say the same of file and server."""
    told = []
    for course in entered:
        monkeypatch.chdir(course.root)
        url = address if course.root.name == "served" else f"sqlite:///{course.root}/gradebook.db"
        before = rows(url)
        capsys.readouterr()
        assert run(monkeypatch, "grade", "small", "--jobs", "1", "--dry-run") == 0
        assert rows(url) == before
        assert run(monkeypatch, "grade", "small", "--jobs", "1") == 0
        assert run(monkeypatch, "grade", "small", "--jobs", "1") == 0  # nobody has changed
        (course.root / "canvas.csv").write_text(CANVAS)
        for words in (["due", "small"], ["feedback", "small"], ["report", "small"], ["export", "total"], FILL):
            assert run(monkeypatch, *words) == 0, words
        nbgraders = [nbgrader(course, *words) for words in NBGRADERS]
        said = capsys.readouterr().out.replace(str(course.root), "")
        told.append((said, nbgraders, files(course), rows(url), tables(course)))
    for here, there in zip(*told, strict=True):
        assert there == here


@pytest.mark.slow
def test_nbgrader_begins_in_an_empty_database(small: Course, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With gradekit.install(c) formgrader's new assignment and nbgrader's own release need no course id either."""
    monkeypatch.chdir(small.root)
    node = json.loads(small.source("small").read_text())
    node["cells"] = [cell for cell in node["cells"] if not cell["id"].endswith("-grade")]
    plain = small.root / "source" / "plain" / "plain.ipynb"
    plain.parent.mkdir()
    plain.write_text(json.dumps(node))
    with (small.root / CONFIG).open("a") as file:
        file.write(f"c.CourseDirectory.db_url = {address!r}\n")
    code = (
        "from nbgrader.apps import NbGrader, NbGraderAPI\n"
        "app = NbGrader()\napp.initialize([])\n"
        "with NbGraderAPI(config=app.config).gradebook as gradebook:\n"
        "    gradebook.update_or_create_assignment('new')"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=small.root, check=True)
    nbgrader(small, "generate_assignment", "plain")
    assert [json.loads(row)["name"] for row in rows(address)["assignment"]] == ["new", "plain"]
