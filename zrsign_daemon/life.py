"""The life of a daemon: read settings, set up logging, run until a signal, exit with a clear code.

Exit codes: 0 after SIGTERM or SIGINT, 2 with one line on standard error for a DaemonError, 1 with a
trace for anything unforeseen.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from zrsign_daemon import log
from zrsign_daemon.errors import DaemonError
from zrsign_daemon.memory import keep_private
from zrsign_daemon.settings import Settings, load

S = TypeVar("S", bound=Settings)


async def until_stopped(run: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Call `run(stop)`.

    SIGTERM and SIGINT set `stop`, and `run` is expected to return soon after.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run(stop)


def main(
    name: str,
    model: type[S],
    run: Callable[[S, asyncio.Event], Awaitable[None]],
    argv: Sequence[str] | None = None,
    **log_fields: str,
) -> int:
    """The whole of a daemon's `__main__`.

    Parse `--config FILE`, keep the memory private (every daemon holds a key), configure logging,
    run. Returns the exit code.
    """
    parser = argparse.ArgumentParser(prog=name)
    parser.add_argument("--config", type=Path, required=True, help="TOML or JSON settings")
    parser.add_argument(
        "--log-level", default="info", choices=["debug", "info", "warning", "error"]
    )
    options = parser.parse_args(argv)
    keep_private()
    log.configure(name, level=options.log_level, json=not sys.stderr.isatty(), **log_fields)
    try:
        settings = load(model, options.config)
        asyncio.run(until_stopped(lambda stop: run(settings, stop)))
    except DaemonError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return error.exit_code
    return 0
