"""`zrsign dump`: one file for a bug report."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zrsign.cli.errors import fault_of
from zrsign.cli.render import Json, err, show_one
from zrsign.errors import UsageError

if TYPE_CHECKING:
    from zrsign.local.network.manifest import Manifest

State = Annotated[Path | None, typer.Option("--state", help="State directory of the network.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(dump)


def dump(
    output: Annotated[
        Path | None, typer.Option("--output", help="The file; a new one here without it.")
    ] = None,
    requests: Annotated[
        int, typer.Option("--requests", min=0, max=1_000, help="How many of the last.")
    ] = 20,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Pack logs, settings without secrets, versions and the last requests for a bug report."""
    from zrsign.local import dump as packing
    from zrsign.local.network import manifest

    network = manifest.load(state)
    now = datetime.now(UTC)
    target = (output or Path(f"zrsign-dump-{now:%Y%m%d-%H%M%S}.tar.gz")).absolute()
    more = {
        "versions.json": packing.versions(),
        "status.json": asyncio.run(_told(_services(network))),
        "requests.json": asyncio.run(_told(_roads(network, requests))),
    }
    try:
        names = packing.pack(target, network.state_dir, more)
    except FileExistsError:
        raise UsageError(f"{target} is there already.", "Name another: --output FILE") from None
    show_one({"file": str(target), "holds": names}, as_json)
    err.print("Keys and passwords are left out. Look into it before you send it.")


async def _services(network: Manifest) -> list[dict[str, Any]]:
    from zrsign.local.network import survey

    return [asdict(each) for each in await survey.services(network)] if network.running else []


async def _roads(network: Manifest, count: int) -> list[dict[str, Any]]:
    from zrsign.local.network import access
    from zrsign.track import road

    async with access.receiver(network) as receiver:
        last: deque[Any] = deque(maxlen=count)
        async for each in receiver.requests():
            last.append(each)
    return [road(each).as_json() for each in last]


async def _told(part: Any) -> Any:
    """What could be read, else what is at fault: that is worth reporting as well."""
    try:
        return await part
    except Exception as error:
        fault = fault_of(error)
        if fault is None:
            raise
        return {"fault": fault.text}
