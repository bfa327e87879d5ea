"""What survives: cursor and events together, or neither."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.postgres import fresh
from tests.postgres import server as server
from tests.zrsign_listener import logs
from zrsign_daemon.events.decode import Observation, observe
from zrsign_listener import store as store_module
from zrsign_listener.orphans import Sorted
from zrsign_listener.plan import Feed
from zrsign_listener.store import Store

PLACE = (logs.CHAIN, logs.CONTRACT)


@pytest.fixture(params=["file", "server"])
async def place(request: pytest.FixtureRequest, tmp_path: Path, server: str) -> str:
    """The URL of an empty database of either kind: an SQLite file, and a PostgreSQL's."""
    if request.param == "file":
        return f"sqlite+aiosqlite:///{tmp_path / 'listener.db'}"
    return await fresh(server)


def sightings(*trace_ids: int) -> tuple[Observation, ...]:
    return tuple(observe(logs.CHAIN, logs.sig_log(t, number=10 + t)) for t in trace_ids)


def advanced(next_block: int, next_trace_id: int) -> Feed:
    return replace(
        Feed.new(5),
        next_block=next_block,
        next_trace_id=next_trace_id,
        anchor=next_block - 1,
        checkpoint=logs.block(next_block - 1),
    )


async def test_cursor__should_survive_a_restart(place: str) -> None:
    async with await Store.open(place) as store:
        assert await store.feed(*PLACE, 5) == Feed.new(5)
        await store.commit(*PLACE, advanced(12, 2), Sorted(sightings(0, 1)))
    async with await Store.open(place) as store:
        assert await store.feed(*PLACE, 5) == advanced(12, 2)
        assert await store.backlog() == 2


async def test_lowered_start_block__should_be_read_from(place: str) -> None:
    async with await Store.open(place) as store:
        await store.commit(*PLACE, advanced(12, 2), Sorted(sightings(0, 1)))
        feed = await store.feed(*PLACE, 3)
        assert (feed.start_block, feed.next_block, feed.next_trace_id) == (3, 3, 2)
        assert (await store.feed(*PLACE, 8)).next_block == 12


async def test_crash_in_the_middle_of_a_commit__should_leave_neither_cursor_nor_events(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = 0

    def crash(chain: str, contract: str, seen: Observation) -> tuple[object, object]:
        nonlocal stored
        stored += 1
        if stored == 2:
            raise KeyboardInterrupt
        return real(chain, contract, seen)

    async with await Store.open(place) as store:
        await store.commit(*PLACE, advanced(11, 1), Sorted(sightings(0)))
        real = store_module._log_row
        monkeypatch.setattr(store_module, "_log_row", crash)
        with pytest.raises(KeyboardInterrupt):
            await store.commit(*PLACE, advanced(13, 3), Sorted(sightings(1, 2)))
    monkeypatch.undo()
    async with await Store.open(place) as store:
        assert await store.feed(*PLACE, 5) == advanced(11, 1)
        assert await store.backlog() == 1


async def test_known_logs__should_be_told_apart(place: str) -> None:
    async with await Store.open(place) as store:
        seen = (*sightings(0, 1), observe(logs.CHAIN, logs.sig_log(2, number=12, kind=9)))
        await store.commit(*PLACE, advanced(13, 3), Sorted(seen))
        fresh = sightings(3)
        assert (await store.sort(*PLACE, [*seen, *fresh])).fresh == fresh
        assert (await store.sort("eip155:1", logs.CONTRACT, seen)).fresh == seen
        assert len(await store.malformed(logs.CHAIN)) == 1


async def test_events__should_be_reported_in_order_until_marked(place: str) -> None:
    async with await Store.open(place) as store:
        await store.commit(*PLACE, advanced(13, 3), Sorted(sightings(0, 1, 2)))
        assert await store.contracts_to_report() == [PLACE]
        first, second, third = await store.to_report(*PLACE, 10)
        await store.mark_reported([first.row, second.row], [70, 71])
        assert await store.to_report(*PLACE, 10) == [third]
        await store.mark_reported([third.row], [72])
        assert await store.contracts_to_report() == []
        assert await store.backlog() == 0
