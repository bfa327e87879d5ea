"""Every operator of CometBFT's query language, on transactions and at the edges of blocks."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from tests.cost import processor_seconds
from tests.zrchain_lite.chain import ALICE, BOB, CAROL, CHAIN_ID, Chain, transfer
from zrchain_lite.api import event_query, event_search
from zrchain_lite.api.event_query import Condition
from zrchain_lite.api.node_services import NodeService
from zrchain_lite.api.tx_service import TxService
from zrchain_lite.engine.records import Records
from zrchain_lite.errors import InvalidArgument, NotFound, TooMuch
from zrchain_lite.module import Context, Module
from zrchain_lite.store import budget
from zrchain_lite.store.lmdb_store import Tip
from zrchain_lite.tx import pack
from zrchain_lite.wire.cosmos.base.tendermint.v1beta1 import query_pb2 as tm
from zrchain_lite.wire.cosmos.crypto.ed25519.keys_pb2 import PubKey
from zrchain_lite.wire.cosmos.tx.v1beta1 import service_pb2 as txs
from zrchain_lite.wire.tendermint.abci.types_pb2 import ExecTxResult, ResponseFinalizeBlock


def found(chain: Chain, query: str, **options: bool) -> list[tuple[int, int]]:
    parsed = event_query.parse(query)
    listed, total = event_search.transactions(chain.engine, parsed, skip=0, limit=100, **options)
    assert total == len(listed)
    places = [(record.height, record.index) for record in listed]
    stored = [record for record in listed if parsed.matches(record)]
    assert len(stored) == len(listed), "what a subscription would say"
    return places


@pytest.fixture
def busy(chain: Chain) -> Chain:
    """Height 2: Alice pays Bob 5 and 80. Height 3: Alice pays Carol 700."""
    chain.block(
        chain.tx(ALICE, transfer(ALICE, BOB, 5)), chain.tx(ALICE, transfer(ALICE, BOB, 80), ahead=1)
    )
    chain.block(chain.tx(ALICE, transfer(ALICE, CAROL, 700)))
    return chain


@pytest.mark.parametrize(
    ("query", "places"),
    [
        (f"transfer.recipient='{BOB.address}'", [(2, 0), (2, 1)]),
        (f'transfer.recipient = "{CAROL.address}"', [(3, 0)]),
        ("transfer.amount='80urock'", [(2, 1)]),
        ("transfer.amount EXISTS", [(2, 0), (2, 1), (3, 0)]),
        ("burn.amount EXISTS", []),
        ("transfer.amount CONTAINS '0u'", [(2, 0), (2, 1), (3, 0)]),
        ("transfer.amount CONTAINS '00u'", [(3, 0)]),
        ("message.action CONTAINS 'bank'", [(2, 0), (2, 1), (3, 0)]),
        ("transfer.amount > 80", [(3, 0)]),
        ("transfer.amount>=80", [(2, 1), (3, 0)]),
        ("transfer.amount < 6", [(2, 0)]),
        ("transfer.amount <= 5.5", [(2, 0)]),
        ("transfer.amount > 20 AND tx.height = 2", [(2, 1)]),
        (f"transfer.amount > 20 AND transfer.recipient='{BOB.address}'", [(2, 1)]),
        (f"tx.height>2 AND tx.height<=3 AND message.sender='{ALICE.address}'", [(3, 0)]),
        ("tx.height<3", [(2, 0), (2, 1)]),
        ("transfer.amount >= TIME 2020-01-01T00:00:00Z", []),
    ],
)
def test_search__should_know_every_operator(
    busy: Chain, query: str, places: Sequence[tuple[int, int]]
) -> None:
    assert found(busy, query) == places
    assert found(busy, query, reverse=True) == places[::-1]


def test_index__should_have_room_for_what_tells_transactions_apart(busy: Chain) -> None:
    """Amounts, fees and places of messages are looked for in the events: half of the index."""
    before = len(list(busy.store.chain.iterate(b"e/")))
    busy.block(busy.tx(ALICE, transfer(ALICE, BOB, 6)))
    assert len(list(busy.store.chain.iterate(b"e/"))) - before <= 13
    assert found(busy, "transfer.amount='6urock'") == [(4, 0)]
    assert found(busy, f"transfer.recipient='{BOB.address}' AND tx.fee='20urock'") == [
        (2, 0),
        (2, 1),
        (4, 0),
    ]


@pytest.mark.parametrize(
    ("condition", "value", "holds"),
    [
        ("a.b = TIME 2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", True),
        ("a.b > DATE 2026-01-01", "2026-01-01T00:00:01Z", True),
        ("a.b > DATE 2026-01-01", "2026-01-01", False),
        ("a.b < DATE 2026-01-01", "no date", False),
        ("a.b < 5", "no number", False),
        ("a.b < 5", "1.2.3", False),
        ("a.b = 5", "5", True),
        ("a.b = 5", "5.0", True),
        ("a.b = '5'", "5.0", False),
        ("a.b = 'x AND y'", "x AND y", True),
    ],
)
def test_condition__should_compare(condition: str, value: str, holds: bool) -> None:
    (parsed,) = event_query.parse(condition).conditions
    assert parsed.holds(value) is holds


@pytest.mark.parametrize(
    "query",
    [
        "",
        "a.b",
        "a.b > 'text'",
        "a.b CONTAINS 5",
        "a.b = TIME yesterday",
        "a.b = DATE 2026-13-01",
        "a.b = 5 OR a.b = 6",
        "a.b = 5 AND",
        "a.b EXISTSa",
        "tx.height = 'x'",
        "tx.hash = 'x'",
        " AND ".join(["a.b = 5"] * 9),
        "a" * 513,
    ],
)
def test_query__should_be_refused(query: str) -> None:
    with pytest.raises(InvalidArgument):
        event_query.parse(query)


def test_hostile_query__should_take_no_time() -> None:
    texts = ("a" * 512, "a " * 256, "a." * 256, "a=" + "1" * 510, "a.b CONTAINS" + " " * 500)
    below = Condition("a", "<", event_query.parse("a<1").conditions[0].operand)
    with processor_seconds(0.5):
        for text in texts:
            with pytest.raises(InvalidArgument):
                event_query.parse(text)
        assert not below.holds("9" * 10**6)


def test_scan__should_end_at_the_budget(busy: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    """A query without an equality looks at the events of every block."""
    monkeypatch.setattr(budget, "MAX_READS", 2)
    with pytest.raises(TooMuch):
        found(busy, "transfer.amount CONTAINS 'x'")


@pytest.mark.parametrize("query", ["a.b EXISTS", "tx.height > 0", "transfer.amount='x'"])
@pytest.mark.parametrize("many", [0, 4_000])
def test_walk_over_blocks__should_cost_the_same_whatever_they_hold(
    chain: Chain, monkeypatch: pytest.MonkeyPatch, query: str, many: int
) -> None:
    """10,000 blocks: without a transaction, and of transactions that pack to next to nothing."""
    result = ExecTxResult()
    result.events.add(type="transfer").attributes.add(key="amount", value="1urock", index=True)
    made = zlib.compress(ResponseFinalizeBlock(tx_results=[result] * many).SerializeToString())
    real = chain.store.chain.get

    def get(key: bytes) -> bytes | None:
        return made if key.startswith(b"results/") else real(key)

    store: Any = SimpleNamespace(get=get)
    monkeypatch.setattr(chain.engine, "records", Records(store))
    monkeypatch.setattr(type(chain.engine), "tip", Tip(CHAIN_ID, 10_000, b""))
    with processor_seconds(1.5), suppress(TooMuch):
        event_search.transactions(chain.engine, event_query.parse(query), skip=0, limit=0)


class Bells(Module):
    """Tells the height at the edge of every third block."""

    name = "bells"

    def end_block(self, ctx: Context) -> None:
        if ctx.height % 3 == 0:
            ctx.emit("bell", rung=ctx.height)


def test_blocks__should_be_found_by_events_at_their_edges(tmp_path: object) -> None:
    chain = Chain(tmp_path / "home", extra=[Bells()])  # type: ignore[operator]
    for _ in range(8):
        chain.block()

    def heights(query: str, **options: bool) -> list[int]:
        parsed = event_query.parse(query)
        listed, _ = event_search.blocks(chain.engine, parsed, skip=0, limit=20, **options)
        return [each.height for each in listed]

    assert heights("bell.rung EXISTS") == [3, 6, 9]
    assert heights("bell.rung > 3", reverse=True) == [9, 6]
    assert heights("bell.rung = '6' AND block.height < 9") == [6]
    assert heights("block.height >= 4 AND block.height < 6") == [4, 5]
    assert found(chain, "bell.rung EXISTS") == []
    with pytest.raises(InvalidArgument):
        heights("tm.event = 'NewBlock'")
    chain.close()


async def test_block_with_txs__should_show_a_page_of_them(busy: Chain) -> None:
    service = TxService(busy.engine)
    request = txs.GetBlockWithTxsRequest(height=2, pagination={"offset": 1, "limit": 1})
    block = await service.get_block_with_txs(request, {})
    (shown,) = block.txs
    record = busy.engine.block(2)
    assert record is not None
    assert (block.block, block.pagination.total) == (record.block, 2)
    whole = await service.get_block_with_txs(txs.GetBlockWithTxsRequest(height=2), {})
    assert list(whole.txs)[1] == shown


async def test_validator_sets__should_be_those_that_the_header_names(busy: Chain) -> None:
    service = NodeService(busy.engine, "node")
    latest = await service.get_latest_validator_set(tm.GetLatestValidatorSetRequest(), {})
    at = tm.GetValidatorSetByHeightRequest(height=2)
    second = await service.get_validator_set_by_height(at, {})
    assert (latest.block_height, second.block_height) == (3, 2)
    record = busy.engine.block(3)
    assert record is not None
    known = busy.engine.records.validators(record.block.header.validators_hash)
    assert known is not None
    (member,) = known.validators
    (shown,) = latest.validators
    assert shown.address.startswith("zenvalcons1")
    assert shown.pub_key == pack(PubKey(key=member.pub_key.ed25519))
    assert (shown.voting_power, latest.pagination.total) == (member.voting_power, 1)
    with pytest.raises(NotFound):
        await service.get_validator_set_by_height(tm.GetValidatorSetByHeightRequest(height=9), {})
