"""`gradekit doctor`: what it says of this host, the secrets that it sees, and the refusals that it tries."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gradekit import cli
from gradekit.isolation import doctor, probes
from gradekit.isolation.probes import Tried
from gradekit.isolation.readable import readable, secrets

SECRETS = ["pip.conf", "deep/er/.netrc", ".git-credentials", "nbgrader/exchange"]


def test_every_attempt_is_refused() -> None:
    """On this host whatever `doctor --attack` tries is refused, and said how; nothing of it stays."""
    before = dict(os.environ)
    found = list(probes.attack())
    assert [item for item in found if not item.refused or not item.how] == []
    assert [item.what for item in found] == [*probes.PROBES, "go on for ever"]
    assert dict(os.environ) == before


def test_without_the_sandbox_attempts_go_through() -> None:
    """The probes can fail: with one's own rights almost everything that they try can be done."""
    refused = {item.what for item in probes.attack(isolate=False) if item.refused}
    rights = {"trace the grader", "make namespaces of its own", "become root", "read the grader's memory"}
    bounds = {"write a larger file than its limit", "go on for ever"}  # the grader itself looks at these
    assert refused <= {*rights, *bounds, "change a library", "find the grader's environment in its own"}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_among_readable_files_is_seen(tmp_path: Path, name: str) -> None:
    """What tools call their passwords and keys is found at any depth, and an exchange, but no module of that name."""
    path = tmp_path / name
    path.mkdir(parents=True) if name == "nbgrader/exchange" else path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_dir():
        path.touch()
    (tmp_path / "more" / "nbgrader" / "exchange").mkdir(parents=True)
    (tmp_path / "more" / "nbgrader" / "exchange" / "__init__.py").touch()
    assert secrets((str(tmp_path),)) == (str(path),)


def test_doctor_warns_of_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret is a warning with a help, and no reason to refuse grading."""
    (tmp_path / "pip.conf").touch()
    monkeypatch.setattr(doctor, "readable", lambda: (str(tmp_path),))
    (layer,) = [item for item in doctor.examine() if item.layer == "readable"]
    assert (layer.ok, layer.needed) == (False, False)
    assert str(tmp_path / "pip.conf") in layer.says


@pytest.mark.parametrize("refused", [True, False])
def test_doctor_prints_what_can_be_read_and_what_was_tried(monkeypatch: pytest.MonkeyPatch, *, refused: bool) -> None:
    """Every root has a line, every attempt too; one that went through is exit code 1."""
    monkeypatch.setattr(
        probes, "attack", lambda: iter([Tried("fork", refused=refused, how="EPERM" if refused else "")])
    )
    done = CliRunner().invoke(cli.app, ["doctor", "--attack"])
    assert done.exit_code == int(not refused)
    assert {f"     {path}" for path in readable()} <= set(done.output.splitlines())
    assert ("ok  fork: EPERM" if refused else "NO  fork: went through") in done.output
