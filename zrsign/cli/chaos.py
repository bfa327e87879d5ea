"""`zrsign chaos`: break parts of a network on purpose, and see whether anything was lost."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from zrsign.cli.network import COMMITTEE, Keyring, State, committee_of
from zrsign.cli.render import Json, err, show_one
from zrsign.errors import NetworkError, UsageError
from zrsign.extras import require


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(chaos)


def chaos(
    profile: Annotated[
        str, typer.Option("--profile", help="crash, nodes, machine, or all of them.")
    ] = "all",
    seed: Annotated[
        int, typer.Option("--seed", help="What breaks, and when, follows from it.")
    ] = 1,
    minutes: Annotated[
        float, typer.Option("--minutes", min=0.1, max=1_440, help="How long parts break.")
    ] = 5.0,
    keyring: Keyring = COMMITTEE,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Start a network, break its parts while it works, and check what is left.

    Ends with three statements: every request of the contracts is on the ledger once; every approved
    transaction is on its chain once, or waits with a reason; balances add up.
    """
    require("network")
    from zrsign.local.chaos.network import ChaosNetwork
    from zrsign.local.chaos.run import PROFILES, Report, run
    from zrsign.local.network.manifest import state_root

    if profile not in PROFILES:
        raise UsageError(f"There is no profile {profile}.", f"There are: {', '.join(PROFILES)}")
    directory = state or state_root() / "chaos"

    async def work() -> Report:
        async with ChaosNetwork(directory, committee_of(keyring)) as network:
            await network.deploy()
            return await run(
                network, profile, seed, minutes * 60, lambda line: err.print(line, markup=False)
            )

    report = asyncio.run(work())
    show_one({"seed": seed, **asdict(report)}, as_json)
    if report.broken:
        raise NetworkError(
            f"{len(report.broken)} statements are false.", f"Logs: {directory / 'logs'}"
        )
    err.print("Every request once, every payment once, balances add up.")
