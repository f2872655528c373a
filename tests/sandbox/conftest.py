"""One template process for each module, and workers forked from it: the real thing, so this folder needs Linux."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from gradekit.files import remove_tree
from gradekit.isolation.session import Session
from gradekit.isolation.template import Template
from gradekit.isolation.template import template as run_template
from gradekit.model import Limits
from gradekit.worker import sandbox

SECRET = "a secret of the grader's environment"
KERNEL = sandbox.landlock_abi()
QUICK = Limits(call_s=5, exercise_s=10, cell_s=5, submission_s=60, memory_bytes=512 * 2**20)

Fork = Callable[..., Session]


@pytest.fixture(scope="module")
def template() -> Iterator[Template]:
    """A warm template, started with a secret in our environment."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setenv("GRADEKIT_TEST_SECRET", SECRET)
        yield stack.enter_context(run_template())


@pytest.fixture
def fork(template: Template, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fork]:
    """Fork workers: ``fork()`` returns a session with a fresh one; all are ended after the test."""
    sessions: list[Session] = []

    def forked(limits: Limits = QUICK, *, abi: int = 99, readable: tuple[str, ...] = ()) -> Session:
        monkeypatch.setattr(sandbox, "landlock_abi", lambda: min(KERNEL, abi))
        monkeypatch.setattr(template, "_readable", (*template._readable, *readable))
        session = Session(template.fork(limits), limits, time.monotonic() + limits.submission_s)
        sessions.append(session)
        return session

    yield forked
    for session in sessions:
        session.end()


@pytest.fixture
def outside() -> Iterator[Path]:
    """A folder that every user may read and write, so that the sandbox alone keeps it closed."""
    folder = Path(tempfile.mkdtemp(prefix="gradekit-outside-"))
    folder.chmod(0o777)
    (folder / "folder").mkdir()
    (folder / "folder").chmod(0o777)
    (folder / "file").write_text("kept", encoding="utf-8")
    (folder / "file").chmod(0o666)
    yield folder
    remove_tree(folder)


def text_of(outputs: list[dict[str, Any]]) -> str:
    """Return what a cell printed, and its errors."""
    return "".join(output.get("text", "") or "\n".join(output.get("traceback", ())) for output in outputs)
