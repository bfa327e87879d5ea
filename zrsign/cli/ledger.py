"""A ledger's store (`zrsign ledger export`, `verify`), and what wallets are told of a running one
(`registry`).
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from zrsign.cli.render import Json, show_one

ledger = typer.Typer(no_args_is_help=True, help="A ledger's store, and what wallets are told.")

Home = Annotated[Path, typer.Option("--home", help="Directory of the chain, as in its settings.")]
Output = Annotated[Path, typer.Option("--output", help="File for the genesis.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(ledger, name="ledger")


@ledger.command()
def export(home: Home, output: Output, as_json: Json = False) -> None:
    """The last block's state as a genesis file, from which another chain goes on."""
    from zrsign import node  # imports the whole ledger

    genesis = node.export(home)
    output.write_text(genesis.model_dump_json(indent=1) + "\n")
    shown = {"chain_id": genesis.chain_id, "initial_height": genesis.initial_height}
    show_one({"genesis": str(output), **shown}, as_json)


@ledger.command()
def verify(home: Home, as_json: Json = False) -> None:
    """Compare everything that is stored with what the app hash and the headers commit to."""
    from zrsign import node  # imports the whole ledger

    tip, faults = node.verify(home)
    shown = {"home": str(home), "chain_id": tip.chain_id, "height": tip.height}
    show_one({**shown, "whole": not faults, "faults": faults}, as_json)
    if faults:
        raise typer.Exit(1)


@ledger.command()
def registry(
    grpc: Annotated[str, typer.Option(help="The running ledger's gRPC, as host:port.")],
    rpc: Annotated[str, typer.Option(help="The URL of its JSON-RPC that wallets shall use.")],
    rest: Annotated[str, typer.Option(help="The URL of its REST that wallets shall use.")],
    ca: Annotated[
        Path | None, typer.Option(help="Certificates that verify https://host:port, in PEM.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print entries of the chain registry, Keplr's suggest-chain and the amino names, as JSON."""
    from zrchain_lite.client import LedgerClient  # these import the whole ledger
    from zrsign.chain_registry import Doors, described

    async def main() -> None:
        async with LedgerClient(grpc, ca=ca) as client:
            found = await described(client, Doors(rpc, rest))
            typer.echo(json.dumps(found, indent=None if as_json else 1))

    asyncio.run(main())
