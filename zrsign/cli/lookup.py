"""`zrsign ids`, `decode` and `keys`: what things mean, and what owners have."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from zrsign.cli.networks import on_network
from zrsign.cli.render import Json, show, show_one

State = Annotated[Path | None, typer.Option("--state", help="State directory of the network.")]
Owner = Annotated[
    str, typer.Argument(help="EVM address, CAIP-10 id or account name; all when empty.")
]


def register(app: typer.Typer) -> None:
    """Add the commands that look something up."""
    for command in (ids, decode, on_network(keys)):
        app.command()(command)


def ids(as_json: Json = False) -> None:
    """Wallet type ids and destination chain ids, as the contracts hash them."""
    from zrsign_chains import KNOWN_CHAINS, WALLET_TYPES, chain_hash

    rows: list[dict[str, Any]] = [
        {
            "what": "wallet type",
            "name": f"{wallet.name} {wallet.purpose}/{wallet.coin_type}",
            "id": "0x" + wallet.id.hex(),
        }
        for wallet in WALLET_TYPES
    ]
    rows += [
        {"what": "chain", "name": caip2, "id": "0x" + chain_hash(caip2).hex()}
        for caip2 in KNOWN_CHAINS
    ]
    show(rows, as_json)


def decode(
    text: Annotated[
        str, typer.Argument(help="0x… calldata, revert data, log topic, payload or id.")
    ],
    chain: Annotated[str, typer.Option("--chain", help="CAIP-2 id of a payload.")] = "",
    abi: Annotated[
        str, typer.Option("--abi", help="A contract besides ours: its compiler's JSON file.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Say what some bytes are.

    A call, an error, an id, or an unsigned transaction (with --chain).
    """
    from zrsign.contracts import artifact
    from zrsign.decode import explain

    show_one(explain(text, chain, artifact(abi).abi if abi else ()), as_json)


def keys(owner: Owner = "", state: State = None, as_json: Json = False) -> None:
    """The wallets that contracts asked for, by owner."""
    from zrsign.local.network import access
    from zrsign.networks import selection

    network = selection.load(state)

    async def run() -> None:
        async with access.receiver(network) as receiver:
            rows = [
                {
                    "owner": wallet.owner_id,
                    "coin_type": wallet.coin_type,
                    "index": wallet.index,
                    "address": wallet.address,
                    "key": wallet.key_id,
                    "workspace": wallet.workspace_addr,
                }
                for wallet in await receiver.wallets(network.resolve(owner))
            ]
        show(rows, as_json, empty="No wallets. Ask for one: zrsign request key evm")

    asyncio.run(run())
