"""The outbox: known keys, nonces that end with their item, restarts, broken files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from relayer.nonces import Fees, Reservation
from relayer.outbox import Outbox
from relayer.stages import LONGEST_PAUSE_S, ItemKey, ItemKind, OutboxItem, Reported, Stage
from tests.postgres import fresh
from tests.postgres import server as server

CHAIN, ACCOUNT = "eip155:31337", "0x" + "11" * 20


@pytest.fixture(params=["file", "server"])
async def outbox(
    request: pytest.FixtureRequest, tmp_path: Path, server: str
) -> AsyncIterator[Outbox]:
    """An outbox of either kind: an SQLite file, and a PostgreSQL's."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'outbox.sqlite'}"
    opened = await Outbox.open(url if request.param == "file" else await fresh(server))
    yield opened
    await opened.close()


def item(number: int = 1, **fields: object) -> OutboxItem:
    return OutboxItem(ItemKey(f"answer/{number}"), ItemKind.ANSWER, CHAIN, b"content", **fields)  # type: ignore[arg-type]


async def test_item__should_be_added_once(outbox: Outbox) -> None:
    assert await outbox.add(item())
    assert not await outbox.add(item(stage=Stage.DONE))
    stored = await outbox.get(item().key)
    assert stored == item()


async def test_due__should_give_open_items_of_the_chain_in_time_order(outbox: Outbox) -> None:
    for number, next_at in ((1, 30.0), (2, 10.0), (3, 99.0)):
        await outbox.add(item(number, next_at=next_at))
    await outbox.add(item(4, stage=Stage.DONE))
    await outbox.add(replace(item(5), chain="eip155:1"))
    assert [one.key for one in await outbox.due(CHAIN, 50.0)] == ["answer/2", "answer/1"]


async def test_item_noted_by_a_fast_clock__should_be_due(outbox: Outbox) -> None:
    """The clock was set back by an hour: nothing waits for it to pass again."""
    await outbox.add(item(1, next_at=100.0 + 3_600))
    await outbox.add(item(2, next_at=100.0 + LONGEST_PAUSE_S))
    assert [one.key for one in await outbox.due(CHAIN, 100.0)] == ["answer/1"]


async def test_open_counts__should_leave_out_what_is_ended_and_reported(outbox: Outbox) -> None:
    await outbox.add(item(1))
    await outbox.add(item(2))
    await outbox.add(item(3, stage=Stage.DONE))
    await outbox.add(item(4, stage=Stage.DONE, reported=Reported.CONFIRMED))
    assert await outbox.open_counts() == {(CHAIN, "building"): 2, (CHAIN, "done"): 1}


async def test_nonce__should_end_with_its_item(outbox: Outbox) -> None:
    fees = Fees(2**70, 2**65)
    await outbox.add(item())
    await outbox.reserve(CHAIN, ACCOUNT, Reservation(item().key, 7, fees))
    assert await outbox.reservation(item().key) == Reservation(item().key, 7, fees)
    await outbox.save(item(stage=Stage.INCLUSION))
    assert len(await outbox.reservations(CHAIN, ACCOUNT)) == 1
    await outbox.save(item(stage=Stage.FAILED, reason="why"))
    assert await outbox.reservations(CHAIN, ACCOUNT) == []


async def test_report__should_survive_a_worker_that_saves_an_older_value(outbox: Outbox) -> None:
    sent = item(stage=Stage.INCLUSION, accepted=True)
    await outbox.add(sent)
    assert [one.key for one in await outbox.unreported()] == [sent.key]
    await outbox.mark_reported(sent.key, Reported.SUBMITTED)
    await outbox.save(sent)
    assert await outbox.unreported() == []
    await outbox.save(replace(sent, stage=Stage.DONE))
    assert [one.key for one in await outbox.unreported()] == [sent.key]


async def test_outbox__should_survive_a_restart(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'outbox.sqlite'}"
    first = await Outbox.open(url)
    stored = item(stage=Stage.INCLUSION, signed=b"raw", tx_ids=("0xaa", "0xbb"), height=7)
    await first.add(stored)
    await first.close()
    second = await Outbox.open(url)
    assert await second.get(stored.key) == stored
    await second.close()
