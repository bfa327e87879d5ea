"""`zrsign ledger`, `listen` and `relay`: the daemons, each with its own settings file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path, typer.Option("--config", help="Settings, TOML or JSON.")]
Level = Annotated[str, typer.Option("--log-level", help="debug, info, warning or error.")]


def register(app: typer.Typer) -> None:
    app.command("ledger")(ledger)
    app.command("listen")(listen)
    app.command("relay")(relay)
    app.command("keyring")(keyring)
    app.command("btc-proxy")(btc_proxy)


def ledger(config: Config, log_level: Level = "info") -> None:
    """Run a ledger node with the embedded engine."""
    from zrsign.node import main

    _run(main, config, log_level)


def listen(config: Config, log_level: Level = "info") -> None:
    """Run the listener: EVM events to the ledger."""
    from zrsign_listener.__main__ import main

    _run(main, config, log_level)


def relay(config: Config, log_level: Level = "info") -> None:
    """Run the relayer: signed transactions to their chains, Direct answers to their contracts."""
    from relayer.__main__ import main

    _run(main, config, log_level)


def keyring(config: Config, log_level: Level = "info") -> None:
    """Run the development keyring (one party, keys sealed on disk)."""
    from local_keyring.__main__ import main

    _run(main, config, log_level)


def btc_proxy(config: Config, log_level: Level = "info") -> None:
    """Run the Bitcoin proxy: coins of the keys, unsigned transactions for simple payments."""
    from btc_proxy.__main__ import main

    _run(main, config, log_level)


def _run(main: object, config: Path, log_level: str) -> None:
    sys.exit(main(["--config", str(config), "--log-level", log_level]))  # type: ignore[operator]
