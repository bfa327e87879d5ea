"""How every service of a network is, asked at the same time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from zrsign.local.network.health import Health
from zrsign.local.network.manifest import Manifest
from zrsign.local.network.rpc import Rpc

HEAD_METHODS = {"eip155": "eth_blockNumber", "bip122": "getblockcount", "solana": "getSlot"}


@dataclass(frozen=True)
class Service:
    """`head` is a chain's or the ledger's height, None for daemons.

    `fault` is "" when all is well.
    """

    name: str
    url: str
    head: int | None
    fault: str


async def services(network: Manifest) -> list[Service]:
    """Chains, ledger, daemons, in this order."""
    chains = [
        _head(each.name, Rpc(each.rpc_url, each.cookie_file), _method(each.caip2))
        for each in network.chains
    ]
    daemons = [_daemon(each.name, each.health) for each in network.daemons]
    ledger = _head("ledger", Rpc(network.ledger.rpc), "status")
    return list(await asyncio.gather(*chains, ledger, *daemons))


def _method(caip2: str) -> str:
    return HEAD_METHODS[caip2.split(":")[0]]


async def _head(name: str, rpc: Rpc, method: str) -> Service:
    try:
        answer = await asyncio.wait_for(rpc.call(method), 5)
    except Exception as error:  # noqa: BLE001 - its fault is the answer
        return Service(name, rpc.url, None, f"{type(error).__name__}: {error}".strip(": "))
    finally:
        await rpc.close()
    if method == "status":
        answer = answer["sync_info"]["latest_block_height"]
    return Service(name, rpc.url, int(str(answer), 0), "")


async def _daemon(name: str, url: str) -> Service:
    return Service(name, url, None, await Health(url).fault() or "")
