"""`zrsign testnet init`: a chain of validators on hosts of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zrsign.cli.render import Json, err, show
from zrsign.errors import UsageError
from zrsign.extras import require

testnet = typer.Typer(no_args_is_help=True, help="A chain of several validators.")


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(testnet, name="testnet")


@testnet.callback()
def _group() -> None:
    """A chain of several validators."""


@testnet.command()
def init(
    output: Annotated[Path, typer.Option("--output", help="Folder for the hosts' folders.")],
    validators: Annotated[int, typer.Option("--validators", min=1, max=100)] = 4,
    host: Annotated[
        list[str] | None,
        typer.Option("--host", help="A host's name or IP address, once for each validator."),
    ] = None,
    genesis: Annotated[
        Path | None, typer.Option("--genesis", help="The first state; a new one without it.")
    ] = None,
    stake: Annotated[
        int | None,
        typer.Option(
            "--stake", min=0, help="ROCK that each validator has staked; 0 for a fixed set."
        ),
    ] = None,
    tls: Annotated[bool, typer.Option("--tls", help="Make certificates of the hosts.")] = False,
    as_json: Json = False,
) -> None:
    """Write genesis, keys and settings of N validators, a folder for each host.

    Without hosts all run on this machine, on ports of their own. A new state has stake; one that is
    given has what it says, unless --stake adds some.
    """
    require("node")
    from zrchain_lite import genesis as genesis_file
    from zrsign.local import testnet as hosts_of

    if host and len(host) != validators:
        raise UsageError(
            f"{validators} validators and {len(host)} hosts.", "Name each with --host."
        )
    first = genesis_file.load(genesis) if genesis else hosts_of.first_state(output / "keys")
    if host:
        hosts = [hosts_of.Host(address=name, listen="0.0.0.0") for name in host]  # noqa: S104
    else:
        hosts = hosts_of.on_this_machine(validators)
    if stake is None:
        stake = 0 if genesis else hosts_of.STAKE_ROCK
    consensus = {"one_machine": not host}
    made = hosts_of.write(output, first, hosts, cometbft=consensus, stake_rock=stake, tls=tls)
    rows = [
        {"folder": str(each.folder), "node": f"{each.node_id}@{each.host.external}"}
        for each in made
    ]
    show(rows, as_json)
    err.print("Copy each folder to its host. In it: zrsign run ledger --config ledger.json")
