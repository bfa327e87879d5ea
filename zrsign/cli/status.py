"""`zrsign status` and `reset`: what a network consists of, how it is, and its end."""

from __future__ import annotations

import asyncio
import json
import shlex
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zrsign.cli.render import Json, out, show, show_one

if TYPE_CHECKING:
    from zrsign.local.network.manifest import Manifest

State = Annotated[Path | None, typer.Option("--state", help="State directory.")]


class Output(StrEnum):
    """How the state of a network is printed."""

    TABLE = "table"
    JSON = "json"
    ENV = "env"


def register(app: typer.Typer) -> None:
    """Add the commands that look at a network and remove it."""
    for command in (status, reset):
        app.command()(command)


def status(
    state: State = None,
    output: Annotated[
        Output, typer.Option("--output", "-o", help="env: lines for eval in a shell.")
    ] = Output.TABLE,
    as_json: Json = False,
) -> None:
    """What runs, how it is, and where it answers. Exit code 1 when anything fails."""
    from zrsign.local.network import manifest, survey

    network = manifest.load(state)
    if output is Output.ENV:
        for name, value in environment(network.require_running()).items():
            typer.echo(f"export {name}={shlex.quote(value)}")
        return
    services = asyncio.run(survey.services(network)) if network.running else []
    if as_json or output is Output.JSON:
        out.print_json(
            json.dumps({"running": network.running, "services": [asdict(s) for s in services]})
        )
    else:
        network.require_running()
        show([asdict(service) for service in services], as_json=False)
        out.print()
        show_network(network, as_json=False)
    if not network.running or any(service.fault for service in services):
        raise typer.Exit(1)


def reset(
    state: State = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Remove a stopped network with all its keys, chains and logs."""
    from zrsign.local.network import manifest
    from zrsign.local.network.directory import StateDirectory

    directory = manifest.load(state).state_dir
    with StateDirectory(directory) as held:
        if not yes:
            asked = f"Remove {directory} with its keys, chains and logs?"
            typer.confirm(asked, abort=True, err=True)
        held.remove()
    show_one({"removed": str(directory)}, as_json)


def environment(network: Manifest) -> dict[str, str]:
    """Variables for other programs; `ETH_RPC_URL` is what Foundry's tools read.

    None of them begins as the variables of daemons' settings do.
    """
    found = {"ETH_RPC_URL": network.chain("evm-source").rpc_url}
    for chain in network.chains:
        word = _word(chain.name)
        found |= {f"ZR_{word}_RPC_URL": chain.rpc_url, f"ZR_{word}_CAIP2": chain.caip2}
    found |= {
        "ZR_LEDGER_GRPC": network.ledger.grpc,
        "ZR_LEDGER_REST": network.ledger.rest,
        "ZR_LEDGER_RPC": network.ledger.rpc,
    }
    found |= {f"ZR_{_word(each.mode)}_CONTRACT": each.address for each in network.contracts}
    for account in network.accounts:
        if account.for_people:
            word = _word(account.name)
            found[f"ZR_{word}_ADDRESS"] = account.evm_address
            found[f"ZR_{word}_KEY_FILE"] = str(account.secret_file)
    return found


def _word(name: str) -> str:
    return name.upper().replace("-", "_")


def show_network(network: Manifest, as_json: bool) -> None:
    """Accounts, contracts and where everything answers."""
    from zrsign.local.network.nodes import ANVIL_MNEMONIC

    accounts = [_account(each) for each in network.accounts if each.for_people]
    contracts = [
        {"contract": each.mode, "address": each.address, "chain": each.chain}
        for each in network.contracts
    ]
    nodes = [
        {"node": chain.name, "chain": chain.caip2, "url": chain.rpc_url} for chain in network.chains
    ]
    ledger = network.ledger
    nodes += [
        {"node": f"ledger {name}", "chain": ledger.chain_id, "url": url}
        for name, url in (("gRPC", ledger.grpc), ("REST", ledger.rest), ("RPC", ledger.rpc))
    ]
    if as_json:
        shown = {"accounts": accounts, "contracts": contracts, "nodes": nodes}
        out.print_json(json.dumps({"state": str(network.state_dir), **shown}))
        return
    for rows in (accounts, contracts, nodes):
        show(rows, as_json=False)
        out.print()
    out.print(f"Keys: {network.state_dir / 'keys'}", markup=False, soft_wrap=True)
    out.print(f"Mnemonic of {_public()}, which everybody knows:")
    out.print(f"  {ANVIL_MNEMONIC}")


def _account(account: Any) -> dict[str, str]:
    return {"account": account.name, "evm": account.evm_address, "ledger": account.address}


def _public() -> str:
    from zrsign.local.network.accounts import ANVIL_ACCOUNTS

    return ", ".join(f"{name} ({place})" for name, place in ANVIL_ACCOUNTS.items())
