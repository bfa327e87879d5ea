"""`zrsign up` and `demo`."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from zrsign.cli.render import Json, err, out
from zrsign.cli.status import show_network
from zrsign.errors import NetworkError, UsageError
from zrsign.extras import require

if TYPE_CHECKING:
    from zrsign.local.demo.rows import Row
    from zrsign.local.network.local import LocalNetwork
    from zrsign.local.network.operators import Committee

Keyring = Annotated[
    str,
    typer.Option(
        "--keyring", help='Who holds the keys: operators as "6-of-8", or "local" (one process).'
    ),
]
State = Annotated[Path | None, typer.Option("--state", help="State directory.")]
COMMITTEE = "6-of-8"
LOCAL = "local"
DETAIL_WIDTH = 160
MODE_WIDTH = 105
MARKS = {
    "waiting": ("·", "dim"),
    "running": ("▸", "yellow"),
    "confirmed": ("✓", "green"),
    "rejected": ("✓", "green"),
    "failed": ("✗", "bold red"),
}


def register(app: typer.Typer) -> None:
    """Add the commands of the local network."""
    for command in (up, demo):
        app.command()(command)


class Services:
    """What each service of a starting network does now."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.started = time.monotonic()

    def __call__(self, name: str, state: str) -> None:
        if name == "tools":
            err.print(state, markup=False)
            return
        self.states[name] = state
        if not err.is_terminal and state == "ready":
            err.print(f"{time.monotonic() - self.started:5.1f} s  {name} ready", markup=False)

    def __rich__(self) -> Text:
        text = Text()
        for name, state in self.states.items():
            ready = state == "ready"
            text.append(f"{'●' if ready else '○'} {name}  ", "green" if ready else "yellow")
        return text


def up(
    state: State = None,
    free_ports: Annotated[
        bool, typer.Option("--free-ports", help="Take free ports instead of the usual ones.")
    ] = False,
    keyring: Keyring = COMMITTEE,
    validators: Annotated[
        int,
        typer.Option(
            "--validators", min=1, max=7, help="How many: above 1, CometBFT makes the blocks."
        ),
    ] = 1,
    keep: Annotated[
        bool, typer.Option("--keep", help="Go on with the last state, and with its options.")
    ] = False,
    no_btc: Annotated[bool, typer.Option("--no-btc", help="Without Bitcoin.")] = False,
    no_sol: Annotated[bool, typer.Option("--no-sol", help="Without Solana.")] = False,
    as_json: Json = False,
) -> None:
    """Start the whole network here and keep it until Ctrl-C."""
    require("network")
    from zrsign.local.network.kept import KeptNetwork
    from zrsign.local.network.local import LocalNetwork
    from zrsign.local.network.manifest import state_root
    from zrsign.local.network.ports import Ports

    services, directory = Services(), state or state_root() / "network"
    without = [name for name, absent in (("bitcoin", no_btc), ("solana", no_sol)) if absent]
    live = Live(services, console=err, transient=True, refresh_per_second=8)
    if keep:
        if free_ports or validators > 1 or without or keyring != COMMITTEE:
            raise UsageError("--keep has the options of the last start.", "Leave out the others.")
        network: LocalNetwork = KeptNetwork.of(directory, services)
    else:
        ports = Ports.free() if free_ports else Ports()
        committee = committee_of(keyring)
        network = LocalNetwork(directory, ports, services, committee, validators, without)

    async def use(network: LocalNetwork) -> None:
        await network.deploy()
        live.stop()
        show_network(network.manifest, as_json)
        err.print("\nRunning. Ctrl-C stops everything. Try: zrsign request key evm")
        await asyncio.Event().wait()

    with suppress(KeyboardInterrupt), live:
        _run(network, use)
    err.print(f"Stopped. The logs stay in {directory / 'logs'}", markup=False)


def committee_of(keyring: str) -> Committee | None:
    """The operators that `--keyring` names; None for one process. Raises UsageError."""
    from zrsign.local.network.operators import Committee

    if keyring == LOCAL:
        return None
    try:
        return Committee.parse(keyring)
    except ValueError as error:
        raise UsageError(f"--keyring {error}", 'Or "--keyring local" for one process.') from None


def demo(state: State = None, keyring: Keyring = COMMITTEE, as_json: Json = False) -> None:
    """Every kind of request on real chains; ends with a table.

    ZRSIGN_DEMO_JSON=FILE also writes the table as JSON.
    """
    require("network")
    from zrsign.local.demo.runner import Programme
    from zrsign.local.network.local import LocalNetwork
    from zrsign.local.network.manifest import state_root
    from zrsign.local.network.ports import Ports

    directory, committee = state or state_root() / "demo", committee_of(keyring)
    programme, services = Programme(), Services()
    started = time.monotonic()

    class Screen:
        def __rich__(self) -> Group:
            elapsed = time.monotonic() - started
            return Group(
                services, _table(programme.rows, err.width), Text(f"{elapsed:5.1f} s", "dim")
            )

    def report() -> None:
        programme.total_seconds = time.monotonic() - started
        if path := os.environ.get("ZRSIGN_DEMO_JSON"):
            programme.write_json(Path(path))

    report()  # A file that cannot be written is better known now.
    live = Live(Screen(), console=err, transient=True, refresh_per_second=8)
    try:
        with live if err.is_terminal else nullcontext():
            _run(LocalNetwork(directory, Ports.free(), services, committee), programme.run)
    finally:
        report()
        if as_json:
            out.print_json(json.dumps(programme.as_json()))
        else:
            out.print(_table(programme.rows, out.width))
    good = sum(row.good for row in programme.rows)
    told = err if as_json else out
    if programme.signers:
        told.print(programme.signers, markup=False)
    told.print(
        f"{good} of {len(programme.rows)} flows as they must be, "
        f"in {programme.total_seconds:.1f} s. Look into one: zrsign track REQUEST",
        markup=False,
    )
    if not programme.good:
        for row in programme.rows:
            if not row.good:
                err.print(f"{row.name}: {row.status} {row.detail}", markup=False)
        raise NetworkError(
            f"{len(programme.rows) - good} flows failed.", f"Logs: {directory / 'logs'}"
        )


def _run(network: LocalNetwork, use: Callable[[LocalNetwork], Coroutine[Any, Any, None]]) -> None:
    """Start `network`, `use` it, stop it: when `use` ends, a process dies, or a signal comes."""
    from zrsign_daemon.life import until_stopped

    async def run(stop: asyncio.Event) -> None:
        async def live() -> None:
            async with network:
                tasks = [
                    asyncio.create_task(network.supervisor.watch()),
                    asyncio.create_task(use(network)),
                ]
                try:
                    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        task.result()
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)

        life = asyncio.create_task(live())
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait((life, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        life.cancel()
        with suppress(asyncio.CancelledError):
            await life
        if stop.is_set():
            raise KeyboardInterrupt

    asyncio.run(until_stopped(run))


def _table(rows: Sequence[Row], width: int) -> Table:
    """The columns that fit: what the node shows needs a wide terminal, the mode a usual one."""
    columns: dict[str, Callable[[Row], str]] = {
        "flow": lambda row: row.name,
        "mode": lambda row: row.mode,
        "chain": lambda row: _short(row.chain, 12),
        "trace id": lambda row: _short(row.trace_id),
        "request": lambda row: str(row.ledger_request or ""),
        "destination tx": lambda row: _short(row.destination_tx),
        "status": lambda row: row.status,
        "s": lambda row: f"{row.seconds:.1f}" if row.finished else "",
        "what the node shows": lambda row: row.detail,
    }
    if width < DETAIL_WIDTH:
        del columns["what the node shows"]
    if width < MODE_WIDTH:
        del columns["mode"], columns["trace id"]
    table = Table(box=None, pad_edge=False, header_style="cyan")
    table.add_column("")
    for name in columns:
        table.add_column(name, no_wrap=True, justify="right" if name == "s" else "left")
    for row in rows:
        mark, style = MARKS[row.status]
        line_style = style if row.status == "failed" else ""
        cells = (Text(text(row), line_style) for text in columns.values())
        table.add_row(Text(mark, style), *cells)
    return table


def _short(text: str, width: int = 13) -> str:
    """The beginning and the end of a long hash."""
    return text if len(text) <= width else f"{text[: width - 5]}…{text[-4:]}"
