"""Reorganisations below what was read, on a real node that takes blocks back."""

from __future__ import annotations

from dataclasses import dataclass, field

from prometheus_client import REGISTRY

from tests.zrsign_listener import logs
from tests.zrsign_listener.conftest import ADMIN, DEPLOYER, Chain, ask_hash, ask_key
from tests.zrsign_listener.logs import CHAIN
from tests.zrsign_listener.test_listener import events, listening, trace_ids
from zrsign_daemon.events.decode import Observation, observe
from zrsign_daemon.jsonrpc import JsonRpc
from zrsign_listener.listener import ChainListener
from zrsign_listener.orphans import CONTESTED, Known, Orphan, Sorted, sort
from zrsign_listener.store import Store


@dataclass
class Fork:
    """Takes the chain back to where it stood, to go on in another way."""

    rpc: JsonRpc
    snapshot: str = ""
    sent: list[str] = field(default_factory=list)

    async def begin(self) -> None:
        self.snapshot = await self.rpc.call("evm_snapshot")

    async def keep(self, tx_hash: str) -> None:
        """Remember a transaction's bytes, which anybody may send again."""
        self.sent.append(await self.rpc.call("eth_getRawTransactionByHash", tx_hash))

    async def back(self) -> None:
        await self.rpc.call("evm_revert", self.snapshot)

    async def mine(self, blocks: int) -> None:
        await self.rpc.call("anvil_mine", hex(blocks))


async def settled(listener: ChainListener) -> None:
    """A fork is believed at the second look; what follows takes a third."""
    for _ in range(4):
        await listener.poll()


def orphaned(contract: str) -> float:
    labels = {"chain": CHAIN, "contract": contract}
    return REGISTRY.get_sample_value("zrsign_listener_orphaned", labels) or 0.0


async def report(store: Store, contract: str) -> int:
    """As if the ledger had taken all that waits; how many events that was."""
    waiting = await store.to_report(CHAIN, contract, 100)
    await store.mark_reported([each.row for each in waiting], [70 + e.row for e in waiting])
    return len(waiting)


async def test_reorganised_chain__should_be_read_again_from_the_common_ancestor(
    chain: Chain, rpc: JsonRpc, store: Store
) -> None:
    fork = Fork(rpc)
    await ask_hash(rpc, chain.omni.address)
    async with listening(chain.settings(), store) as listener:
        await listener.poll()
        await fork.begin()
        await ask_hash(rpc, chain.omni.address, digest=b"\x01" * 32)
        await listener.poll()
        assert await trace_ids(store, chain.omni.address) == [0, 1]
        await fork.back()
        await rpc.call("evm_increaseTime", 7)
        await fork.mine(2)
        await ask_hash(rpc, chain.omni.address, digest=b"\x02" * 32)
        await settled(listener)
        assert listener.fault() is None
    found = await events(store, chain.omni.address)
    assert [e.sign.payload[:1] for e in found if e.HasField("sign")] == [b"\x07", b"\x02"]


async def test_event_that_comes_back_elsewhere__should_be_reported_once(
    chain: Chain, rpc: JsonRpc, store: Store
) -> None:
    fork, contract = Fork(rpc), chain.direct.address
    async with listening(chain.settings(), store) as listener:
        await fork.begin()
        await fork.keep(await ask_key(rpc, contract))
        await listener.poll()
        assert await report(store, contract) == 1
        await fork.back()
        await rpc.call("evm_increaseTime", 7)
        await fork.mine(2)
        await settled(listener)
        assert orphaned(contract) == 1
        # The same bytes, beside another request in a later block.
        await rpc.call("evm_setAutomine", False)
        other = await ask_key(rpc, contract, sender=DEPLOYER)
        await rpc.call("eth_sendRawTransaction", fork.sent[0])
        await fork.mine(1)
        await settled(listener)
        assert orphaned(contract) == 0
        assert listener.fault() is None
    (new,) = await events(store, contract)
    assert new.id.tx_hash.hex() == other.removeprefix("0x")


async def test_event_whose_report_was_not_answered__should_be_reported_as_it_was(
    chain: Chain, rpc: JsonRpc, store: Store
) -> None:
    fork, contract = Fork(rpc), chain.direct.address
    async with listening(chain.settings(), store) as listener:
        await fork.begin()
        await fork.keep(await ask_key(rpc, contract))
        await listener.poll()
        # The ledger took it, and the listener died before it knew.
        (sent,) = await store.to_report(CHAIN, contract, 100)
        await store.begin_report([sent.row])
        await fork.back()
        await rpc.call("evm_increaseTime", 7)
        await fork.mine(2)
        await settled(listener)
        assert await store.to_report(CHAIN, contract, 100) == [sent]
        # It comes back at another place of its block.
        await rpc.call("evm_setAutomine", False)
        await ask_key(rpc, contract, sender=DEPLOYER)
        await rpc.call("eth_sendRawTransaction", fork.sent[0])
        await fork.mine(1)
        await settled(listener)
    first, other = await store.to_report(CHAIN, contract, 100)
    assert first == sent
    assert other.event != sent.event
    assert await report(store, contract) == 2


async def test_event_whose_report_was_refused__should_be_reported_from_its_new_place(
    chain: Chain, rpc: JsonRpc, store: Store
) -> None:
    fork, contract = Fork(rpc), chain.direct.address
    async with listening(chain.settings(), store) as listener:
        await fork.begin()
        await ask_key(rpc, contract)
        await listener.poll()
        (sent,) = await store.to_report(CHAIN, contract, 100)
        await store.begin_report([sent.row])
        await store.mark_refused([sent.row])
        await fork.back()
        await rpc.call("evm_increaseTime", 7)
        await fork.mine(2)
        await settled(listener)
    assert await store.to_report(CHAIN, contract, 100) == []


async def test_event_that_the_ledger_does_not_have__should_be_reported_from_its_new_place(
    chain: Chain, rpc: JsonRpc, store: Store
) -> None:
    fork, contract = Fork(rpc), chain.direct.address
    async with listening(chain.settings(), store) as listener:
        await fork.begin()
        await fork.keep(await ask_key(rpc, contract))
        await listener.poll()
        await fork.back()
        await rpc.call("evm_increaseTime", 7)
        await fork.mine(2)
        await settled(listener)
        assert await store.backlog() == len(await events(store, chain.omni.address))
        await rpc.call("eth_sendRawTransaction", fork.sent[0])
        await fork.mine(1)
        await settled(listener)
        (event,) = await events(store, contract)
        block = await rpc.call("eth_getBlockByNumber", hex(event.block_number), False)
        assert event.block_hash.hex() == block["hash"].removeprefix("0x")
        assert orphaned(contract) == 0


async def test_restart_after_a_reorganisation__should_go_back_all_the_same(
    chain: Chain, rpc: JsonRpc, store: Store
) -> None:
    fork = Fork(rpc)
    await fork.begin()
    await ask_hash(rpc, chain.omni.address)
    await fork.mine(40)
    async with listening(chain.settings(), store) as listener:
        await listener.poll()
    await report(store, chain.omni.address)
    await fork.back()
    await rpc.call("evm_increaseTime", 7)
    await fork.mine(50)
    async with listening(chain.settings(), store) as listener:
        await settled(listener)
        assert listener.fault() is None
        assert orphaned(chain.omni.address) == 1
        feed = await store.feed(CHAIN, chain.omni.address, chain.omni.block_number)
        assert feed.next_trace_id == 0
    async with listening(chain.settings(), store):
        assert orphaned(chain.omni.address) == 1


def seen(index: int, owner: str = logs.OWNER) -> Observation:
    return observe(CHAIN, logs.key_log(index=index, owner=owner))


def orphan(index: int, *, reported: bool = True, returned_at: int | None = None) -> Orphan:
    event = seen(index).event
    assert event is not None
    stored = event.SerializeToString(deterministic=True)
    tx_hash = seen(index).log.tx_hash
    return Orphan(tx_hash, index, index, stored, reported=reported, returned_at=returned_at)


def test_logs__should_be_told_apart_by_what_is_stored() -> None:
    known = Known(seen(3).log.tx_hash, 3)
    assert sort([seen(3), seen(4)], [known]) == Sorted(fresh=(seen(4),))


def test_equal_orphans_of_a_transaction__should_come_back_one_each() -> None:
    first, second = orphan(3), orphan(4)
    found = sort([seen(4), seen(5), seen(6)], [first, second])
    assert found.returned == ((first, seen(4)), (second, seen(5)))
    assert found.fresh == (seen(6),)


def test_orphan_that_came_back__should_be_known_at_its_new_place_alone() -> None:
    found = sort([seen(5)], [orphan(3, returned_at=5)])
    assert found == Sorted()
    elsewhere = seen(3, owner=ADMIN)
    assert sort([elsewhere], [orphan(3, returned_at=5)]).fresh[0].fault == CONTESTED


def test_orphan_that_nobody_was_told_of__should_make_room() -> None:
    away = orphan(3, reported=False)
    assert sort([seen(3)], [away]) == Sorted(fresh=(seen(3),), replaced=(away,))


def test_other_event_in_the_place_of_a_reported_one__should_be_kept_aside() -> None:
    (fresh,) = sort([seen(3, owner=ADMIN)], [orphan(3)]).fresh
    assert (fresh.event, fresh.fault) == (None, CONTESTED)
