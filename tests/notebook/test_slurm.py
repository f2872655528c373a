"""The script of the page about many machines, with a real Slurm: two nodes of its own on this machine."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gradekit.course.course import Course
from gradekit.demo import Submission, hand_in

from .test_cluster import Machines, begun, copied, left, rest, start
from .test_resume import ANSWERS

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel")
LATE_S = 120
PAGE = Path(__file__).parents[2] / "docs" / "howto" / "cluster.md"
SMALLER = {"cores=16": "cores=1", '"32GB"': '"1GB"', "_jobs=10": "_jobs=2"}
CONFIG = """
ClusterName=gradekit
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
NodeName=n[1-2] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{ports[1]}-{ports[2]}] CPUs=1 RealMemory=1500
PartitionName=all Nodes=n[1-2] Default=YES State=UP
"""


def free_ports() -> list[int]:
    """Return three ports that nobody listens at: one, and two that follow each other."""
    while True:
        with socket.socket() as first, socket.socket() as second, socket.socket() as third:
            first.bind(("127.0.0.1", 0))
            second.bind(("127.0.0.1", 0))
            port = second.getsockname()[1]
            try:
                third.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return [first.getsockname()[1], port, port + 1]


def both_nodes(environment: dict[str, str]) -> None:
    """Run something on both nodes, which waits until they are there and nobody else has a job on them."""
    subprocess.run(["srun", "-N", "2", "--exclusive", "true"], env=environment, check=True, timeout=LATE_S)


@pytest.fixture
def slurm(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A Slurm of two nodes; the environment in which its commands find it."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing or importlib.util.find_spec("dask_jobqueue") is None or os.geteuid() != 0:
        pytest.skip(f"it needs root, dask-jobqueue and Slurm; not found: {', '.join(missing) or 'one of the former'}")
    folder = tmp_path / "slurm"
    (folder / "state").mkdir(parents=True, mode=0o755)
    (folder / "munge.key").write_bytes(os.urandom(128))
    (folder / "munge.key").chmod(0o400)
    (folder / "slurm.conf").write_text(CONFIG.format(host=socket.gethostname(), ports=free_ports(), folder=folder))
    environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}
    munge = [f"--{name}-file={folder}/munge.{name}" for name in ("key", "log", "seed", "pid")]
    daemons = {  # each goes on by itself once it is ready, and writes its number down
        "munge.pid": ["munged", "--force", f"--socket={folder}/munge.socket", *munge],
        "slurmctld.pid": ["slurmctld"],
        "slurmd.n1.pid": ["slurmd", "-N", "n1"],
        "slurmd.n2.pid": ["slurmd", "-N", "n2"],
    }
    try:
        for command in daemons.values():
            subprocess.run(command, env=environment, check=True, timeout=LATE_S)
        both_nodes(environment)
        yield environment
    finally:
        subprocess.run(["scancel", "--user=root"], env=environment, check=False, timeout=LATE_S)
        for name in reversed(daemons):
            with contextlib.suppress(OSError, ValueError, psutil.NoSuchProcess):  # it did not start
                daemon = psutil.Process(int((folder / name).read_text()))
                daemon.terminate()
                daemon.wait(LATE_S)


@pytest.mark.slow
def test_the_script_of_the_page(released: Course, slurm: dict[str, str], tmp_path: Path) -> None:
    """A class is judged by two jobs, of which one is cancelled: all is as on one machine, and nothing stays."""
    page = PAGE.read_text(encoding="utf-8").partition("\n## Slurm\n")[2]
    script = page.partition("```python\n")[2].partition("```")[0]
    for long, short in SMALLER.items():
        assert long in script
        script = script.replace(long, short)
    kinds = [Submission(f"{kind}_{number}", cells) for number in range(4) for kind, cells in ANSWERS.items()]
    hand_in(released, "small", kinds)
    (released.root / ".gradekit" / "+secret").write_bytes(b"the same for both runs")
    there, machines = copied(released, tmp_path / "there"), Machines(tmp_path / "m")
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "cluster.py").write_text(script, encoding="utf-8")
    start(released, "small", None).communicate()
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "cluster.py", "small", "--course-dir", there.root],
        cwd=tmp_path / "jobs",
        env={**machines.environment, **{name: slurm[name] for name in ("PATH", "SLURM_CONF")}},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        assert "the line is tls" in begun(running)
        jobs = subprocess.run(
            ["squeue", "-h", "-o", "%i"], env=slurm, check=True, capture_output=True, text=True
        ).stdout
        subprocess.run(["scancel", min(jobs.split(), key=int)], env=slurm, check=True)
        said = rest(running)
    assert running.returncode == 0, said
    expected = left(released, "small")[0]
    found, judges, lines = left(there, "small")
    assert found == expected
    assert lines == {"tls"}
    assert all(name.startswith("SLURMCluster-") for name in judges)
    both_nodes(slurm)
    assert not machines.left()
