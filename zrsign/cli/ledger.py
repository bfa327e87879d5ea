"""What is done with a ledger's store: `zrsign ledger export`, `zrsign ledger verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zrsign.cli.render import err

ledger = typer.Typer(no_args_is_help=True, help="What is done with a ledger's store.")

Home = Annotated[Path, typer.Option("--home", help="Directory of the chain, as in its settings.")]
Output = Annotated[Path, typer.Option("--output", help="File for the genesis.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(ledger, name="ledger")


@ledger.command()
def export(home: Home, output: Output) -> None:
    """The last block's state as a genesis file, from which another chain goes on."""
    from zrsign import node  # imports the whole ledger

    genesis = node.export(home)
    output.write_text(genesis.model_dump_json(indent=1) + "\n")
    err.print(f"{output}: {genesis.chain_id}, from block {genesis.initial_height} on", markup=False)


@ledger.command()
def verify(home: Home) -> None:
    """Compare everything that is stored with what the app hash and the headers commit to."""
    from zrsign import node  # imports the whole ledger

    tip, faults = node.verify(home)
    for fault in faults:
        err.print(fault, markup=False)
    if faults:
        raise typer.Exit(1)
    err.print(f"{home}: {tip.chain_id} is whole up to block {tip.height}", markup=False)
