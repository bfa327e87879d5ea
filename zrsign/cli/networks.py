"""`zrsign networks`: profiles of networks elsewhere, and the option that chooses one."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, TypeVar, cast

import typer

from zrsign.cli.render import Json, err, show, show_one
from zrsign.errors import UsageError

if TYPE_CHECKING:
    from zrsign.networks.profiles import Profiles

P = ParamSpec("P")
R = TypeVar("R")
Profile = Annotated[
    str,
    typer.Option(
        "--profile", help="A network of networks.toml, or local; else that of $ZRSIGN_PROFILE."
    ),
]
Name = Annotated[str, typer.Argument(help="The network's name.")]

networks = typer.Typer(no_args_is_help=True, help="Networks that others run: networks.toml.")


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(networks, name="networks")


def on_network(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command the option `--profile`; what it loads is that network."""

    @functools.wraps(command)
    def run(*args: P.args, **options: P.kwargs) -> R:
        from zrsign.networks.selection import chosen

        choice = chosen(str(options.pop("profile", "")))
        if "context" in options:
            # A group's, which lasts while its commands run.
            cast("typer.Context", options["context"]).with_resource(choice)
            return command(*args, **options)
        with choice:
            return command(*args, **options)

    own = inspect.signature(command, eval_str=True)
    option = inspect.Parameter(
        "profile", inspect.Parameter.KEYWORD_ONLY, default="", annotation=Profile
    )
    parameters = [*own.parameters.values(), option]
    run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {**command.__annotations__, "profile": Profile}
    return run


@networks.command("list")
def list_(as_json: Json = False) -> None:
    """List the networks of networks.toml; the one that commands use is marked."""
    from zrsign.errors import ManifestError

    profiles = _profiles()
    rows = []
    for name in profiles.names:
        row = {"name": name, "default": name == profiles.default}
        try:
            found = profiles.profile(name)
        except ManifestError as error:
            rows.append(row | {"ledger": "", "chains": [], "contracts": [], "fault": str(error)})
            continue
        rows.append(
            row
            | {
                "ledger": f"{found.ledger.chain_id} {found.ledger.grpc}",
                "chains": [each.name for each in found.chains],
                "contracts": [f"{each.mode} {each.address}" for each in found.contracts],
                "fault": "",
            }
        )
    show(rows, as_json, empty=f"None in {profiles.path}. Add one: zrsign networks add NAME")


@networks.command()
def add(
    name: Name,
    ledger: Annotated[str, typer.Option("--ledger", help="gRPC: host:port, or https://…")],
    ledger_id: Annotated[str, typer.Option("--ledger-id", help="Chain id of the ledger.")],
    chain: Annotated[
        list[str],
        typer.Option(
            "--chain",
            help="sepolia, hoodi, base, base-sepolia, bitcoin-signet, bitcoin-testnet4, "
            "solana-devnet, each also as NAME=URL; or CAIP2=URL. The contracts are on the first.",
        ),
    ],
    root: Annotated[str, typer.Option("--root", help="HEIGHT:HASH of a block to trust.")] = "",
    omni: Annotated[str, typer.Option("--omni", help="Address of the Omni contract.")] = "",
    direct: Annotated[str, typer.Option("--direct", help="Address of the Direct contract.")] = "",
    keystore: Annotated[
        Path | None, typer.Option("--keystore", help="The account's keystore file (a password).")
    ] = None,
    private_key_env: Annotated[
        str, typer.Option("--private-key-env", help="For tests: the variable with its key.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Write a new network to networks.toml; its account is called user."""
    from zrsign.networks.templates import chain_table, profile_text
    from zrsign.sdk.preflight import address as evm_address

    chains = dict(map(chain_table, chain))
    first = next(iter(chains.values()))["caip2"]
    tables: dict[str, dict[str, Any]] = {
        "ledger": {"chain_id": ledger_id, "grpc": ledger, "root": root},
        **{f"chains.{each}": table for each, table in chains.items()},
        **{
            f"contracts.{mode}": {"chain": first, "address": evm_address(address)}
            for mode, address in (("omni", omni), ("direct", direct))
            if address
        },
    }
    if keystore and private_key_env:
        raise UsageError("Two sources of one key.", "Name --keystore or --private-key-env.")
    if keystore:
        tables["accounts.user"] = {"keystore": str(keystore.expanduser().absolute())}
    if private_key_env:
        tables["accounts.user"] = {"private_key_env": private_key_env}
    profiles = _profiles()
    profiles.add(name, profile_text(name, tables))
    show_one({"network": name, "file": str(profiles.path)}, as_json)
    err.print(f"Does it answer? zrsign networks check {name}")


@networks.command()
def use(
    name: Annotated[str, typer.Argument(help="A network, or local.")], as_json: Json = False
) -> None:
    """Choose the network that commands use; `local` is the one of zrsign up."""
    profiles = _profiles()
    profiles.use(name)
    show_one({"network": name, "file": str(profiles.path)}, as_json)
    err.print(f"Commands use {name} unless --profile says otherwise.")


@networks.command()
def check(name: Name, as_json: Json = False) -> None:
    """Ask each part of a network whether it is what its profile says. Exit code 1 if one is not."""
    from zrsign.networks import check as checking

    found = asyncio.run(checking.check(_profiles().profile(name)))
    show([asdict(each) for each in found], as_json)
    if any(each.fault for each in found):
        raise typer.Exit(1)


def _profiles() -> Profiles:
    from zrsign.networks.profiles import read_profiles

    return read_profiles()
