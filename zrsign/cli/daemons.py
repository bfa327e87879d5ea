"""The daemons, by their settings: `zrsign run ledger`, `zrsign run listener`, and so on.

Each is a program of its own; the command line becomes it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from zrsign.cli.operators import operators
from zrsign.extras import require
from zrsign_daemon.program import program

Config = Annotated[Path, typer.Option("--config", help="Settings, TOML or JSON.")]
Level = Annotated[str, typer.Option("--log-level", help="debug, info, warning or error.")]

run = typer.Typer(no_args_is_help=True, help="Run a daemon until SIGTERM.")


def register(app: typer.Typer) -> None:
    """Add one command a daemon, and the group of commands for operators."""
    app.add_typer(run, name="run")
    app.add_typer(operators, name="operators")


@run.command()
def ledger(config: Config, log_level: Level = "info") -> None:
    """A ledger node; its settings say which engine makes the blocks."""
    _become("zrsign.node", config, log_level)


@run.command()
def listener(config: Config, log_level: Level = "info") -> None:
    """The listener: EVM events to the ledger."""
    _become("zrsign_listener", config, log_level)


@run.command()
def relayer(config: Config, log_level: Level = "info") -> None:
    """The relayer: signed transactions to their chains, Direct answers to their contracts."""
    _become("relayer", config, log_level)


@run.command()
def operator(config: Config, log_level: Level = "info") -> None:
    """One operator of a threshold keyring."""
    _become("zrsign_operator", config, log_level, extra="operator")


@run.command()
def keyring(config: Config, log_level: Level = "info") -> None:
    """The development keyring: one party, keys sealed on disk."""
    _become("zrsign_dev_keyring", config, log_level)


@run.command()
def btc_proxy(config: Config, log_level: Level = "info") -> None:
    """The Bitcoin proxy: coins of the keys, unsigned transactions for simple payments."""
    _become("zrsign_btc_proxy", config, log_level)


def _become(module: str, config: Path, log_level: str, *, extra: str = "node") -> None:
    require(extra)
    command = program(module, "--config", config, "--log-level", log_level)
    os.execv(command[0], command)  # noqa: S606
