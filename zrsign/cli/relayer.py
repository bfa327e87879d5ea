"""`zrsign relayer`: what a relayer carries and why it waits, and what a person decides about it.

The commands open the relayer's outbox beside the running relayer, which sees a change at its next
look. A relayer never gives up what can still land; `drop` is for who knows better.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zrsign.cli.render import Json, show, show_one
from zrsign.errors import UsageError

if TYPE_CHECKING:
    from relayer.outbox import Outbox
    from relayer.stages import OutboxItem

Config = Annotated[Path | None, typer.Option("--config", help="Settings of the relayer.")]
State = Annotated[Path | None, typer.Option("--state", help="State directory of the network.")]
Key = Annotated[str, typer.Argument(help="An item's key, as `zrsign relayer list` shows it.")]

relayer = typer.Typer(no_args_is_help=True, help="What a relayer carries, and why it waits.")


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(relayer, name="relayer")


@relayer.command("list")
def list_(config: Config = None, state: State = None, as_json: Json = False) -> None:
    """The deliveries that have not ended, the longest wait first."""
    show(asyncio.run(_rows(config, state)), as_json, empty="Nothing is on its way.")


@relayer.command()
def retry(key: Key, config: Config = None, state: State = None, as_json: Json = False) -> None:
    """Look at a delivery again now, and send it if no block has it."""
    asyncio.run(_retry(key, config, state))
    show_one({"key": key, "next": "looked at again"}, as_json)


@relayer.command()
def drop(
    key: Key,
    config: Config = None,
    state: State = None,
    may_land: Annotated[
        bool, typer.Option("--may-land", help="Also one that was sent and may still land.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Give a delivery up: its request ends as failed.

    What was signed is public and may still land. Its nonce or inputs stay taken until they are
    used, and the next payment of its key uses one of them, so that only one of the two can land.
    """
    asyncio.run(_drop(key, config, state, may_land=may_land))
    show_one({"key": key, "next": "given up; its request ends as delivery_failed"}, as_json)


@asynccontextmanager
async def _outbox(config: Path | None, state: Path | None) -> AsyncIterator[Outbox]:
    from relayer.outbox import Outbox
    from relayer.settings import RelayerSettings
    from zrsign.local.network import manifest
    from zrsign_daemon.settings import load

    if config is None:
        config = manifest.load(state).state_dir / "config" / "relayer.json"
    async with await Outbox.open(load(RelayerSettings, config).database_url) as opened:
        yield opened


async def _rows(config: Path | None, state: Path | None) -> list[dict[str, Any]]:
    from relayer.stages import Stage

    async with _outbox(config, state) as outbox:
        items = [one for one in await outbox.open_items() if one.stage is not Stage.CONFIRMED]
    now = time.time()
    return [_row(one, now) for one in sorted(items, key=lambda one: one.waits_since or now)]


def _row(item: OutboxItem, now: float) -> dict[str, Any]:
    since = item.waits_since
    return {
        "key": item.key,
        "chain": item.chain,
        "stage": item.stage.value,
        "tx_id": item.tx_id,
        "waits_s": round(now - since) if since else 0,
        "since": datetime.fromtimestamp(since, UTC).isoformat(timespec="seconds") if since else "",
        "reason": item.reason,
    }


async def _retry(key: str, config: Path | None, state: Path | None) -> None:
    from relayer.stages import ItemKey

    async with _outbox(config, state) as outbox:
        if not await outbox.retry(ItemKey(key)):
            raise _unknown(key)


async def _drop(key: str, config: Path | None, state: Path | None, *, may_land: bool) -> None:
    from relayer.stages import ItemKey

    async with _outbox(config, state) as outbox:
        item = await outbox.get(ItemKey(key))
        if item is None:
            raise _unknown(key)
        if item.signed and not may_land:
            raise UsageError(
                f"{key} is signed and may still land.",
                "Wait for it, or give it up nevertheless with --may-land.",
            )
        if not await outbox.drop(item.key, f"dropped by a person; last: {item.reason or 'none'}"):
            raise UsageError(
                f"{key} has ended or is in a block already.", "See zrsign relayer list."
            )


def _unknown(key: str) -> UsageError:
    return UsageError(f"No open delivery has the key {key}.", "See zrsign relayer list.")
