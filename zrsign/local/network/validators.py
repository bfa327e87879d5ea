"""The ledger of a local network under CometBFT: several validators, of which the first is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

from zrchain_lite.genesis import Genesis
from zrsign.local import testnet
from zrsign.local.network.ports import HOST, Ports
from zrsign.local.network.process import Supervisor
from zrsign.local.network.settings_files import EMPTY_BLOCK_INTERVAL_S
from zrsign.local.testnet import Host

START_TIMEOUT_S = 120
PAUSE_S = 0.3
"""Seconds between two blocks; with stake every block changes the state, and another follows."""
SNAPSHOT_INTERVAL = 500
LATEST = "/cosmos/base/tendermint/v1beta1/blocks/latest"


def store_of_first(folder: Path) -> Path:
    """Where the validator that the network asks has its store."""
    return folder / "validator-1" / "home"


async def start(
    supervisor: Supervisor, folder: Path, genesis: Mapping[str, Any], ports: Ports, count: int
) -> None:
    """Start `count` validators and wait until the first serves a block; raises NetworkError."""
    first = Host(
        p2p=ports.validators[0],
        grpc=ports.ledger_grpc,
        rest=ports.ledger_rest,
        rpc=ports.ledger_rpc,
    )
    others = [Host(HOST, HOST, *ports.validators[4 * each :][:4]) for each in range(1, count)]
    made = testnet.write(
        folder,
        Genesis.model_validate(genesis),
        [first, *others],
        {"empty_block_interval_s": EMPTY_BLOCK_INTERVAL_S},
        {"block_pause_s": PAUSE_S, "one_machine": True, "snapshot_interval": SNAPSHOT_INTERVAL},
        stake_rock=testnet.STAKE_ROCK,
        rooted=True,
    )
    started = await asyncio.gather(
        *(
            supervisor.fork(each.folder.name, "zrsign.node", "--config", each.settings)
            for each in made
        )
    )
    await supervisor.ready(started[0], lambda: _serves(first), START_TIMEOUT_S)


async def _serves(host: Host) -> bool:
    """Whether the validator's own doors are open."""
    timeout = aiohttp.ClientTimeout(total=2)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.get(f"http://{HOST}:{host.rest}{LATEST}") as answer,
        ):
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False
