"""The gradebook's database: its address, its driver, and one sentence for what keeps it closed.

A password stands in no sentence. SQLite's file is the rule; a server is asked for in no other way than its address.
"""

from __future__ import annotations

import importlib.util
import sqlite3
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, func, inspect, select
from sqlalchemy.dialects import registry
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
)

from gradekit.errors import CourseError
from gradekit.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import URL, Engine
    from sqlalchemy.orm import Session

SQLITE, POSTGRESQL = "sqlite", "postgresql"
DRIVERS = ("psycopg", "psycopg2")  # modules of Python's, and of SQLAlchemy's dialect, under the same names
PATIENCE_S = 10  # for a server to answer at all; `connect_timeout` in the address counts more
HIDDEN = "***"
LOOK = "Look at --db or c.CourseDirectory.db_url: the server must run, and know user, password and database."
LOOK_AT_FILE = "Look at --db or c.CourseDirectory.db_url: it must be nbgrader's file, open to you, on a disk with room."
OF_A_FILE = {  # by what SQLite says, without its details
    sqlite3.SQLITE_ERROR: "After an upgrade of nbgrader: nbgrader db upgrade",  # a column or a table is missing
    **dict.fromkeys(
        (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED), "Another program writes to it: try again when that is done."
    ),
}
EXAMPLES = "A file: sqlite:////srv/course/gradebook.db; a server: postgresql://USER@HOST/DATABASE"


def choose_driver() -> None:
    """Let ``postgresql://`` mean the driver that is installed, for nbgrader's classes too; of two, SQLAlchemy's own."""
    there = [name for name in DRIVERS if importlib.util.find_spec(name)]
    if len(there) == 1:
        registry.register(POSTGRESQL, f"sqlalchemy.dialects.{POSTGRESQL}.{there[0]}", "dialect")


def parse(address: str) -> URL:
    """Read the address of a gradebook.

    Raises
    ------
    CourseError
        If it is none.
    """
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # the second for a port that is no number
        raise CourseError(f"'{_without_secrets(address)}' is no address of a gradebook.", help=EXAMPLES) from None
    if url.host and address.partition("?")[0].count("@") > 1:  # the rest of a password is a host's name then
        said = f"'{_without_secrets(address)}' is no address of a gradebook: it has two @."
        raise CourseError(said, help="In a user's name or password write %40 for @, %2F for / and %3A for a colon.")
    return url


def _without_secrets(address: str) -> str:
    """Return what of an unreadable address is no password for sure: what comes before and after it."""
    kind, slashes, rest = address.partition("://")
    if "@" not in address:
        host, colon, _ = rest.partition(":")  # a number is a port; else it may be that the host was forgotten
        return f"{kind}{slashes}{host}:{HIDDEN}" if colon else address.partition("?")[0]
    end = (rest or kind).rpartition("@")[2].partition("?")[0]
    return f"{kind if slashes else ''}{slashes}{HIDDEN}@{end}"


def named(address: str) -> str:
    """Return an address as it may be read by anybody; of a file its path."""
    url = parse(address)
    if url.get_backend_name() == SQLITE and url.database:
        return url.database
    return url.difference_update_query([key for key in url.query if "pass" in key.lower()]).render_as_string()


def has_gradebook(address: str) -> bool:
    """Tell whether there is a gradebook, without making one.

    Raises
    ------
    CourseError
        If the address is none, or the server cannot be asked.
    """
    url = parse(address)
    with opening(address):
        if url.get_backend_name() == SQLITE:
            path = Path(url.database or "")
            return path.is_file() and path.stat().st_size > 0
        waits = url.get_driver_name() in DRIVERS and "connect_timeout" not in url.query
        engine = create_engine(url, connect_args={"connect_timeout": PATIENCE_S} if waits else {})
        try:
            return bool(inspect(engine).has_table("assignment"))
        finally:
            engine.dispose()


@contextmanager
def opening(address: str) -> Iterator[None]:
    """Say in one sentence what keeps a gradebook closed: its kind, its driver, its server.

    Raises
    ------
    CourseError
    """
    try:
        yield
    except NoSuchModuleError:
        kind = parse(address).drivername
        raise CourseError(f"'{named(address)}': SQLAlchemy knows no database '{kind}'.", help=EXAMPLES) from None
    except ImportError as error:
        raise _no_driver(address, error) from None
    except DBAPIError as error:
        raise refused(address, error) from None


@contextmanager
def using(address: str) -> Iterator[None]:
    """Say in one sentence what an open gradebook refuses: it is gone or locked, a text is too long, a row is there.

    Raises
    ------
    CourseError
    """
    try:
        yield
    except (OperationalError, InterfaceError, IntegrityError, DataError) as error:
        raise refused(address, error) from None


def _no_driver(address: str, error: ImportError) -> CourseError:
    lacks = f"the module {error.name}, which is not installed" if error.name else str(error).partition("\n")[0]
    postgres = parse(address).drivername.startswith(POSTGRESQL)
    how = "pip install 'psycopg[binary]>=3.1'" if postgres else "Install the driver that the address names."
    return CourseError(f"The gradebook {named(address)} cannot be opened: it needs {lacks}.", help=how)


def refused(address: str, error: DBAPIError) -> CourseError:
    """Return what a database has refused, in its own words, without what is no one else's business."""
    url = parse(address)
    words = next(iter(str(error.orig).strip().splitlines()), "") or type(error.orig).__name__
    words = words.rpartition("failed: ")[2].removeprefix("FATAL:").strip()  # where, the address says
    if url.password:
        words = words.replace(str(url.password), HIDDEN)
    return CourseError(f"The gradebook {named(address)} cannot be used: {shown(words, 300)}.", help=_help(url, error))


def _help(url: URL, error: DBAPIError) -> str:
    if isinstance(error, DataError):
        return "What is written there must be shorter."
    if url.get_backend_name() != SQLITE:
        return LOOK
    return OF_A_FILE.get(getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF, LOOK_AT_FILE)


@contextmanager
def turn(engine: Engine, session: Session, student: str) -> Iterator[None]:
    """Record a student's work when it is our turn: two processes that grade the same do so one after the other.

    On PostgreSQL alone, where many write at once; SQLite has one writer. The lock is a connection's own and goes with
    it, so that a process that is killed keeps nobody waiting.
    """
    if engine.dialect.name != POSTGRESQL:
        yield
        return
    number = int.from_bytes(blake2b(student.encode(errors="surrogatepass"), digest_size=8).digest(), signed=True)
    with engine.connect() as held:
        held.execute(select(func.pg_advisory_xact_lock(number)))
        session.rollback()  # what was read before may be another's by now
        yield
