"""Which scheduler may be spoken to: over TLS, or on this machine alone; and what its address says."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from urllib.parse import urlsplit

from gradekit.errors import ClusterError, UsageError

TLS, LOOPBACK, INSECURE = "tls", "loopback", "insecure"
KEPT = ("tls", "https", "gateway")  # a Dask Gateway hands on what is TLS from the client to the scheduler
PLAIN = ("tcp", "http")  # the schemes that may stay on one machine
TLS_HELP = "Start it with TLS and name it tls://HOST:PORT; --insecure-cluster goes without, and every report says so."


def check_address(address: str) -> str:
    """Return a scheduler's address with its scheme; one without has Dask's usual one.

    Raises
    ------
    UsageError
        If no host or no port is named.
    """
    whole = address if "://" in address else f"tcp://{address}"
    try:
        found = urlsplit(whole)
        complete = bool(found.hostname and found.port)
    except ValueError:
        complete = False
    if not complete:
        raise UsageError(
            f"--scheduler {address}: that is no address of a Dask scheduler.",
            help="It is tls://HOST:PORT, as it says; of a Dask Gateway gateway://HOST:PORT/NAME.",
        )
    return whole


def line_of(*addresses: str) -> str:
    """Say how what goes between these addresses is kept from others: the least of them all."""
    kinds = {_line(address) for address in addresses}
    return next(kind for kind in (INSECURE, LOOPBACK, TLS) if kind in kinds)


def refuse_plain(address: str, *others: str, insecure: bool) -> str:
    """Return how the line to a scheduler is kept; refuse one that others could read.

    Parameters
    ----------
    others : str
        What the scheduler calls itself, and its workers: a tunnel's near end may be on this machine.

    Raises
    ------
    ClusterError
        If it is neither TLS nor on this machine, unless that is asked for.
    """
    kept = line_of(address, *others)
    if kept == INSECURE and not insecure:
        plain = next(one for one in (address, *others) if _line(one) == INSECURE)
        raise ClusterError(
            f"{plain} is neither TLS nor on this machine: hidden tests and students' work would travel open to all.",
            help=TLS_HELP,
        )
    return kept


def _line(address: str) -> str:
    found = urlsplit(address)
    if found.scheme in KEPT:
        return TLS
    return LOOPBACK if found.scheme in PLAIN and _is_loopback(found.hostname or "") else INSECURE


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"
