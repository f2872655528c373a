"""A cluster of a Dask Gateway: who asks that for it is handed out the certificates, and gradekit asks."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

from gradekit.cluster.address import refuse_plain
from gradekit.errors import ClusterError
from gradekit.text import shown

INSTALL = "In gradekit's folder: pip install '.[gateway]'"
ASK = "Does Dask's configuration name its address and your account, and does `Gateway().list_clusters()` show it?"


def is_of_gateway(address: str) -> bool:
    """Tell whether a scheduler's address is one of a Dask Gateway's."""
    return urlsplit(address).scheme == "gateway"


def handed_out(address: str, *, insecure: bool) -> Any:
    """Return a cluster's certificates; where its Gateway is, and who we are, says Dask's configuration.

    Raises
    ------
    ClusterError
        If there is no such cluster, no Gateway, or others could read what that hands out.
    """
    try:
        found = asyncio.run(_asked(address, insecure=insecure))
    except ImportError:
        raise ClusterError(f"{address} needs dask-gateway, which is not installed here.", help=INSTALL) from None
    except ClusterError:
        raise
    except Exception as error:  # noqa: BLE001  (what another library raised, of whatever kind)
        raise ClusterError(f"The Dask Gateway of {address}: {shown(str(error), 200)}.", help=ASK) from None
    if found is None:
        raise ClusterError(f"The cluster {address} does not run.", help=ASK)
    return found


async def _asked(address: str, *, insecure: bool) -> Any:
    from dask_gateway import Gateway  # noqa: PLC0415

    async with Gateway(asynchronous=True) as gateway:
        refuse_plain(gateway.address, insecure=insecure)
        return (await gateway.get_cluster(urlsplit(address).path.strip("/"))).security
