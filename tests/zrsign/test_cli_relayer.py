"""`zrsign relayer` on an outbox that a relayer may have open."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from relayer.outbox import Outbox
from relayer.stages import ItemKey, ItemKind, OutboxItem, Reported, Stage
from zrsign.cli import app
from zrsign.errors import UsageError

CHAIN = "eip155:31338"
WAITING = OutboxItem(
    ItemKey("transaction/1/aa"),
    ItemKind.TRANSACTION,
    CHAIN,
    b"content",
    Stage.INCLUSION,
    b"signed",
    ("0xaa",),
    next_at=1e12,
    reason="insufficient funds",
    waits_since=1000.0,
)
CONFIRMED = replace(WAITING, key=ItemKey("transaction/2/bb"), stage=Stage.CONFIRMED, height=7)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "relayer.json"
    settings = {
        "ledger": {"grpc": "127.0.0.1:1", "key_file": "key"},
        "database_url": f"sqlite+aiosqlite:///{tmp_path / 'outbox.sqlite'}",
        "destinations": {CHAIN: {"rpc_url": "http://127.0.0.1:1"}},
    }
    path.write_text(json.dumps(settings))

    async def fill() -> None:
        async with await opened(path) as outbox:
            await outbox.add(WAITING)
            await outbox.add(CONFIRMED)

    asyncio.run(fill())
    return path


async def opened(config: Path) -> Outbox:
    return await Outbox.open(json.loads(config.read_text())["database_url"])


def stored(config: Path, key: ItemKey = WAITING.key) -> OutboxItem:
    async def read() -> OutboxItem:
        async with await opened(config) as outbox:
            found = await outbox.get(key)
            assert found is not None
            return found

    return asyncio.run(read())


def call(config: Path, *words: str) -> Result:
    result: Any = CliRunner().invoke(app, ["relayer", *words, "--config", str(config)])
    return result  # type: ignore[no-any-return]


def test_list__should_show_what_waits_and_why(config: Path) -> None:
    (row,) = json.loads(call(config, "list", "--json").output)
    assert (row["key"], row["reason"]) == (WAITING.key, "insufficient funds")
    assert row["since"] == "1970-01-01T00:16:40+00:00"


def test_retry__should_make_an_item_due(config: Path) -> None:
    assert call(config, "retry", WAITING.key).exit_code == 0
    assert stored(config).next_at == 0.0
    assert isinstance(call(config, "retry", "nothing").exception, UsageError)


def test_drop__should_end_what_may_land_only_when_told_so(config: Path) -> None:
    assert isinstance(call(config, "drop", WAITING.key).exception, UsageError)
    assert stored(config) == WAITING
    assert call(config, "drop", WAITING.key, "--may-land").exit_code == 0
    dropped = stored(config)
    assert (dropped.stage, dropped.reported) == (Stage.FAILED, Reported.NONE)
    assert "dropped by a person; last: insufficient funds" in dropped.reason
    assert isinstance(call(config, "drop", CONFIRMED.key, "--may-land").exception, UsageError)
    assert stored(config, CONFIRMED.key) == CONFIRMED


def test_dropped_item__should_not_be_brought_back_by_a_worker_that_still_holds_it(
    config: Path,
) -> None:
    call(config, "drop", WAITING.key, "--may-land")

    async def late() -> None:
        async with await opened(config) as outbox:
            await outbox.save(replace(WAITING, accepted=True))
            assert [one.key for one in await outbox.unreported()] == [WAITING.key, CONFIRMED.key]

    asyncio.run(late())
    assert stored(config).stage is Stage.FAILED
