"""The daemons, by their settings: `zrsign ledger`, `listen`, `relay`, `operator`, and so on.

Each is a program of its own (`python -m PACKAGE`); the command line becomes it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from zrsign.cli.operators import operators

Config = Annotated[Path, typer.Option("--config", help="Settings, TOML or JSON.")]
Level = Annotated[str, typer.Option("--log-level", help="debug, info, warning or error.")]


def register(app: typer.Typer) -> None:
    for command in (ledger, listen, relay, operator, keyring, btc_proxy):
        app.command()(command)
    app.add_typer(operators, name="operators")


def ledger(config: Config, log_level: Level = "info") -> None:
    """Run a ledger node with the embedded engine."""
    _become("zrsign.node", config, log_level)


def listen(config: Config, log_level: Level = "info") -> None:
    """Run the listener: EVM events to the ledger."""
    _become("zrsign_listener", config, log_level)


def relay(config: Config, log_level: Level = "info") -> None:
    """Run the relayer: signed transactions to their chains, Direct answers to their contracts."""
    _become("relayer", config, log_level)


def operator(config: Config, log_level: Level = "info") -> None:
    """Run one operator of a threshold keyring."""
    _become("zrsign_operator", config, log_level)


def keyring(config: Config, log_level: Level = "info") -> None:
    """Run the development keyring: one party, keys sealed on disk."""
    _become("zrsign_dev_keyring", config, log_level)


def btc_proxy(config: Config, log_level: Level = "info") -> None:
    """Run the Bitcoin proxy: coins of the keys, unsigned transactions for simple payments."""
    _become("zrsign_btc_proxy", config, log_level)


def _become(package: str, config: Path, log_level: str) -> None:
    options = ["--config", str(config), "--log-level", log_level]
    os.execv(sys.executable, [sys.executable, "-m", package, *options])  # noqa: S606
