"""A run on a Dask cluster: the scheduler is spoken to, workers open what judges, and all of it ends with the run."""

from __future__ import annotations

import asyncio
import dataclasses
import importlib.metadata
import logging
import secrets
import stat
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradekit.cluster.address import TLS, check_address, refuse_plain
from gradekit.cluster.facts import facts, packages_of
from gradekit.cluster.gateway import handed_out, is_of_gateway
from gradekit.cluster.judges import TICK_S, WORKERS_S, Cluster
from gradekit.cluster.parcel import known_files, pack_course
from gradekit.cluster.roll import SHOWN, Roll
from gradekit.errors import ClusterError
from gradekit.grade.judge import refuse_too_large
from gradekit.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from distributed import Client, Security

    from gradekit.grade.judge import Grading
    from gradekit.model import Limits

CONNECT_S = 15.0
ANSWER_S = 15.0  # for all workers to take note of a run
END_S = 30.0  # for all of them to end it: some seconds, but where one hangs
LARGE = 2**30  # bytes of one call, of which Dask would warn from 10 MB on; ours are bounded
INSTALL = "In gradekit's folder: pip install '.[cluster]'"
NOBODY = "{} has no worker yet; {:.0f} minutes are given for one. If it starts them on demand, give it a minimum of one"


@dataclass
class Workers:
    """The workers of a cluster, where a class is to be judged by them; see :func:`open_cluster`.

    Attributes
    ----------
    cluster : Cluster or None
        While a run is open.
    """

    address: str
    insecure: bool
    say: Callable[[str], object]
    cluster: Cluster | None = None

    @contextmanager
    def open(self, grading: Grading, limits: Limits) -> Iterator[Cluster]:
        """Let them judge for the length of a with block."""
        with open_cluster(self.address, grading, limits, insecure=self.insecure, say=self.say) as self.cluster:
            yield self.cluster

    def words(self) -> str:
        """Return how many there are, for the progress bar."""
        return self.cluster.roll.words() if self.cluster else ""


@contextmanager
def open_cluster(
    address: str, grading: Grading, limits: Limits, *, insecure: bool = False, say: Callable[[str], object] = print
) -> Iterator[Cluster]:
    """Let the workers of a Dask cluster judge an assignment for the length of a with block.

    Parameters
    ----------
    address : str
        The scheduler's. Certificates are those of Dask's own configuration.
    insecure : bool
        Whether a line that others can read will do; every report says so.
    say : callable
        Is told in a line each which worker is not used, and which has left.

    Raises
    ------
    UsageError
        If the address is none.
    ClusterError
        If Dask is not installed here, nobody answers there, others could read the line, or no worker can be used.
    CourseError
        If the assignment is too large.
    """
    address = check_address(address)
    refuse_plain(address, insecure=insecure)
    refuse_too_large(grading, limits)
    run = f"gradekit-{secrets.token_hex(8)}"
    with _connected(address, insecure=insecure) as client:
        info = client.scheduler_info()
        kept = refuse_plain(address, str(info["address"]), *info["workers"], insecure=insecure)
        known = known_files(grading.course, grading.assignment)
        cluster = Cluster(client, address, run, known, Roll(say))
        client.subscribe_topic(run, lambda event: cluster.inbox.put(event[1]))
        with _registered(client, address, _terms(run, grading, limits, insecure=insecure), say):
            if not info["workers"]:
                say(NOBODY.format(address, WORKERS_S / 60))
            cluster.wait(info["workers"])
            say(_begun(cluster, kept))
            if (key := _open_key()) and kept == TLS:
                say(f"warning: every account here can read {key}, and so use all workers. Run: chmod 600 {key}")
            yield cluster


def _begun(cluster: Cluster, kept: str) -> str:
    """Say who begins, and where to look on."""
    dashboard = f"; dashboard: {cluster.client.dashboard_link}" if cluster.client.dashboard_link else ""
    kinds = ", ".join(sorted({shown(worker.isolation) for worker in cluster.roll.ready.values()}))
    return f"{cluster.roll.words()} of {cluster.address} so far ({kinds}), the line is {kept}{dashboard}"


def _open_key() -> str:
    """Return the path of our key of TLS where others can read it; else nothing."""
    import dask  # noqa: PLC0415

    key = dask.config.get("distributed.comm.tls.client.key", None)
    with suppress(OSError, TypeError):
        return str(key) if Path(key).stat().st_mode & stat.S_IROTH else ""
    return ""


def _terms(run: str, grading: Grading, limits: Limits, *, insecure: bool) -> Any:
    from gradekit.cluster.worker import Terms  # noqa: PLC0415

    packages = packages_of(grading.course, grading.assignment)
    order = {
        "assignment": grading.assignment,
        "isolation": grading.isolation,
        "all_cells": grading.all_cells,
        "limits": dataclasses.asdict(limits),
        "packages": packages,
    }
    return Terms(run, order, pack_course(grading.course, grading.assignment), facts(packages), insecure)


async def _reach(address: str, security: Security) -> None:
    """Connect to a scheduler and let go; whoever is there but is none would be waited for without end."""
    from distributed.comm import connect  # noqa: PLC0415

    words = security.get_connection_args("client")
    comm = await asyncio.wait_for(connect(address, timeout=CONNECT_S, **words), CONNECT_S + 1)
    await comm.close()


@contextmanager
def _connected(address: str, *, insecure: bool) -> Iterator[Client]:
    """Speak to a scheduler for the length of a with block."""
    try:
        import dask  # noqa: PLC0415
        from distributed import Client, Security  # noqa: PLC0415
    except ImportError:
        raise ClusterError("--scheduler needs Dask, which is not installed here.", help=INSTALL) from None
    except ValueError as error:
        raise ClusterError(f"Dask cannot be used: {shown(str(error), 300)}.", help="Mend its configuration.") from None
    for name in ("distributed", "distributed.client"):  # what they would say of a lost line, we say in one
        logging.getLogger(name).setLevel(logging.CRITICAL)
    security = handed_out(address, insecure=insecure) if is_of_gateway(address) else Security()
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": LARGE}):
        try:
            # A client that fails is closed by nobody, and says so at its end.
            asyncio.run(_reach(address, security))
            client = Client(address, security=security, timeout=CONNECT_S, set_as_default=False, name="gradekit")
        except (OSError, RuntimeError, TypeError, ValueError) as error:
            raise ClusterError(
                f"No Dask scheduler answers at {address}: {shown(str(error), 200) or 'nothing comes'}.",
                help="Is it running, is it that address, and does Dask's configuration name its certificates?",
            ) from None
        try:
            yield client
        finally:
            with suppress(Exception):  # it may have lost its scheduler
                client.close(timeout=TICK_S)


def _bare(client: Client) -> tuple[str, ...]:
    """Return the workers that have no gradekit: they could not even say so themselves."""
    found = client.run(importlib.metadata.version, "gradekit", on_error="return")
    return tuple(worker for worker, said in found.items() if isinstance(said, importlib.metadata.PackageNotFoundError))


@contextmanager
def _registered(client: Client, address: str, terms: Any, say: Callable[[str], object]) -> Iterator[None]:
    """Open the processes that judge on all workers, also those that come later; end them afterwards.

    A worker that hangs may answer never: after a while nobody waits for it, at the beginning and at the end.
    """
    from gradekit.cluster.worker import Judges, Watch  # noqa: PLC0415

    def begin() -> None:
        """Begin on all workers; who cannot be reached does not judge, and is asked again should it come back."""
        client.register_plugin(Watch(terms.run, client.id), name=terms.run)
        with suppress(OSError):
            client.register_plugin(Judges(terms), name=terms.run)

    def end() -> None:
        """End it everywhere; the scheduler does it too, once it sees that we are gone."""
        client.unregister_worker_plugin(terms.run)
        client.unregister_scheduler_plugin(terms.run)

    try:
        begun, failure = _within(ANSWER_S, begin)
        if failure is not None:
            raise _unusable(client, address, failure)
        if not begun:
            say("not every worker answers: those that do not are not used")
        yield
    finally:
        _within(END_S, end)


def _unusable(client: Client, address: str, failure: Exception) -> ClusterError:
    """Say what another process of ours raised, of whatever kind."""
    bare: list[tuple[str, ...]] = []
    _within(ANSWER_S, lambda: bare.append(_bare(client)))
    if any(bare):
        named = ", ".join(bare[0][:SHOWN])
        return ClusterError(f"There is no gradekit on {named}.", help="Install on every worker what is here.")
    return ClusterError(
        f"The scheduler {address} cannot be used: {shown(repr(failure), 200)}.",
        help="Install in its Python, and in its workers', the same gradekit as here.",
    )


def _within(seconds: float, work: Callable[[], object]) -> tuple[bool, Exception | None]:
    """Let something be done, and wait for it no longer than this; return whether it was done, and what it raised."""
    raised: list[Exception] = []

    def tried() -> None:
        """Keep what is raised for the thread that asked."""
        try:
            work()
        except Exception as error:  # noqa: BLE001
            raised.append(error)

    thread = threading.Thread(target=tried, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive(), raised[0] if raised else None
