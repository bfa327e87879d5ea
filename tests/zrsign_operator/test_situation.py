"""What an operator knows, put together for its agenda."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.zrsign_operator.asked import made_ahead
from tests.zrsign_operator.cluster import Cluster
from tests.zrsign_operator.conftest import MakeCluster
from tests.zrsign_operator.fake_ledger import ECDSA, ED25519
from zrsign_operator.keys.inventories import LACKING_S
from zrsign_operator.operator import Operator
from zrsign_operator.peers.frames import Inventory, WorkKind
from zrsign_operator.work.agenda import Draft
from zrsign_operator.work.outlook import Outlook
from zrsign_operator.work.situation import Situation, Wanted

DIGEST = b"d" * 32
ME, ALL = 1, (1, 2, 3)


class Seen:
    """Operator 1's outlook. Nobody acts on it."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.operator: Operator = cluster.operators[ME]
        self.outlook: Outlook = self.operator.work.outlook

    async def look(self) -> None:
        self.outlook.update(await self.operator.ledger_view.read())

    def situation(self, usable: tuple[int, ...] = ALL) -> Situation:
        return self.outlook.situation(frozenset(usable), [], primes_ready=False, all_keys=True)

    def wanted(self) -> dict[tuple[WorkKind, int], Wanted]:
        return {(each.kind, each.subject): each for each in self.situation().wanted}


@pytest.fixture
async def seen(make_cluster: MakeCluster) -> Seen:
    return Seen(await make_cluster(2, ALL))


async def test_open_requests__should_be_wanted_until_they_are_answered(seen: Seen) -> None:
    ledger = seen.cluster.ledger
    ecdsa, frost = seen.cluster.deal(ECDSA), seen.cluster.deal(ED25519)
    key = ledger.ask_key(ED25519)
    asked = [ledger.ask_signature(ecdsa, DIGEST), ledger.ask_signature(frost, b"text")]
    await seen.look()
    assert set(seen.wanted()) == {
        (WorkKind.KEYGEN, key),
        (WorkKind.ECDSA, asked[0]),
        (WorkKind.FROST, asked[1]),
    }
    seen.operator.outbox.signature(asked[0], b"signature")
    ledger.signatures[asked[1]].signed_data.add(signed_data=b"signature of another")
    await seen.look()
    assert set(seen.wanted()) == {(WorkKind.KEYGEN, key)}


async def test_attempts__should_be_counted_while_the_request_is_open(seen: Seen) -> None:
    key = seen.cluster.ledger.ask_key(ED25519)
    await seen.look()
    at, start = (WorkKind.KEYGEN, key), seen.cluster.clock.now
    assert (seen.wanted()[at].since, seen.wanted()[at].attempts) == (start, 0)
    seen.cluster.clock.now += 5.0
    assert seen.wanted()[at].since == start
    draft, names = Draft(WorkKind.KEYGEN, (key,), ALL), dict.fromkeys(ALL, bytes(16))
    proposal = seen.operator.work.proposer.write(draft, seen.operator.work.outlook.view, names)
    assert proposal is not None
    seen.outlook.tried(proposal)
    assert (seen.wanted()[at].since, seen.wanted()[at].attempts) == (start + 5.0, 1)
    request = seen.cluster.ledger.keys.pop(key)
    await seen.look()
    assert seen.wanted() == {}
    seen.cluster.ledger.keys[key] = request
    await seen.look()
    assert seen.wanted()[at].attempts == 0


async def test_request__should_be_answerable_with_what_is_there(seen: Seen) -> None:
    ledger = seen.cluster.ledger
    ecdsa, frost = seen.cluster.deal(ECDSA), seen.cluster.deal(ED25519)
    assert not seen.outlook.is_answerable()
    asked = ledger.ask_signature(ecdsa, DIGEST)
    await seen.look()
    # It waits for a presignature.
    assert not seen.outlook.is_answerable()
    seen.operator.holdings.add_presignature(made_ahead((1, 2), "first")[ME])
    assert seen.outlook.is_answerable()
    ledger.signatures[asked].signed_data.add(signed_data=b"signature of another")
    await seen.look()
    assert not seen.outlook.is_answerable()
    ledger.ask_signature(frost, b"text")
    await seen.look()
    assert seen.outlook.is_answerable()


async def test_key_request__should_be_answerable_when_the_group_is_complete(seen: Seen) -> None:
    seen.cluster.ledger.ask_key(ED25519)
    await seen.look()
    seen.situation()
    assert not seen.outlook.is_answerable()
    seen.cluster.give_aux()
    seen.situation(usable=(1, 2))
    assert not seen.outlook.is_answerable()
    seen.situation()
    assert seen.outlook.is_answerable()


async def test_work__should_be_needed_while_a_request_waits_for_it(seen: Seen) -> None:
    ledger, names = seen.cluster.ledger, dict.fromkeys(ALL, bytes(16))
    short, other = seen.cluster.deal(ECDSA), seen.cluster.deal(ECDSA, "another")
    seen.cluster.give_aux()

    def needed() -> set[tuple[WorkKind, int]]:
        seen.situation()
        drafts = [Draft(WorkKind.PRESIGN, (key,), (1, 2), key) for key in (short, other)]
        drafts += [Draft(WorkKind.KEYGEN, (9,), ALL), Draft(WorkKind.AUX, (), ALL)]
        drafts += [Draft(WorkKind.RESHARE, (short,), ALL, short, dealers=(1, 2))]
        work = seen.operator.work
        written = [work.proposer.write(draft, work.outlook.view, names) for draft in drafts]
        assert None not in written
        return {
            (WorkKind(each.kind), sum(each.subjects))
            for each in written
            if each is not None and seen.outlook.is_needed(each)
        }

    assert needed() == {(WorkKind.KEYGEN, 9)}
    ledger.ask_signature(short, DIGEST)
    await seen.look()
    waiting = {(WorkKind.KEYGEN, 9), (WorkKind.AUX, 0), (WorkKind.PRESIGN, short)}
    assert needed() == waiting
    seen.operator.holdings.add_presignature(made_ahead((1, 2), "first")[ME])
    assert needed() == {(WorkKind.KEYGEN, 9)}
    ledger.ask_signature(short, bytes([1]) * 32)
    await seen.look()
    assert needed() == waiting


async def test_presigning_with_somebody_silent__should_be_waited_for_by_no_request(
    seen: Seen,
) -> None:
    names = dict.fromkeys(ALL, bytes(16))
    key = seen.cluster.deal(ECDSA)
    seen.cluster.give_aux()
    draft = Draft(WorkKind.PRESIGN, (key,), (1, 2), key)
    proposal = seen.operator.work.proposer.write(draft, seen.operator.work.outlook.view, names)
    assert proposal is not None

    def running(*usable: int) -> tuple[tuple[WorkKind, int], ...]:
        found = seen.outlook.situation(frozenset(usable), [proposal], primes_ready=False)
        return found.running

    assert running(1, 2) == ((WorkKind.PRESIGN, key),)
    assert running(1, 3) == ()


async def test_new_shares__should_be_due_by_order_or_for_who_has_none(seen: Seen) -> None:
    key = seen.cluster.deal(ED25519)
    await seen.look()
    held = seen.cluster.held(ME, key)
    for peer in (2, 3):
        (mine,) = seen.operator.peers.inventories.mine()
        seen.operator.peers.inventories.take(peer, mine)
    assert not seen.outlook.is_due(held)
    assert seen.wanted() == {}
    seen.cluster.ledger.order_refresh()
    await seen.look()
    assert seen.outlook.is_due(held)
    seen.cluster.clock.now += 1.0
    assert set(seen.wanted()) == {(WorkKind.RESHARE, key)}
    # A key that is ahead of the ledger that this operator sees is not due.
    ahead = replace(held, serves=replace(held.serves, refresh=2))
    assert not seen.outlook.is_due(ahead)
    current = replace(held, serves=replace(held.serves, refresh=1))
    assert not seen.outlook.is_due(current)
    seen.operator.peers.inventories.take(3, Inventory((), ()))
    seen.operator.peers.inventories.lacking(current)
    assert not seen.outlook.is_due(current)
    seen.cluster.clock.now += LACKING_S
    assert seen.outlook.is_due(current)


async def test_group__should_be_complete_since_all_are_here_with_auxiliary_information(
    seen: Seen,
) -> None:
    clock = seen.cluster.clock
    seen.cluster.give_aux()
    start = clock.now
    assert seen.situation().complete_since == start
    clock.now += 3.0
    situation = seen.situation()
    assert (situation.complete_since, situation.usable_since) == (start, start)
    assert situation.aux == set(ALL)
    clock.now += 1.0
    situation = seen.situation(usable=(1, 2))
    assert (situation.complete_since, situation.usable_since) == (clock.now, clock.now)
    clock.now += 1.0
    assert seen.situation(usable=(1, 2)).complete_since == clock.now
    assert seen.situation().complete_since == clock.now


async def test_idle_time__should_begin_when_the_last_request_is_seen(seen: Seen) -> None:
    clock, ledger = seen.cluster.clock, seen.cluster.ledger
    key = seen.cluster.deal(ED25519)
    request = ledger.ask_signature(key, b"text")
    await seen.look()
    clock.now += 2.0
    assert seen.situation().idle_for == 0.0
    del ledger.signatures[request]
    await seen.look()
    clock.now += 2.0
    assert seen.situation().idle_for == 4.0


async def test_keys__should_show_what_is_ready_and_who_lacks_them(seen: Seen) -> None:
    ecdsa, frost = seen.cluster.deal(ECDSA), seen.cluster.deal(ED25519)
    clock = seen.cluster.clock
    for name in ("first", "second"):
        seen.operator.holdings.add_presignature(made_ahead((1, 2), name)[ME])
    (_, second) = seen.operator.holdings.presignatures
    clock.now += 1.0
    seen.outlook.got_presignature(second)
    seen.operator.peers.inventories.take(2, seen.operator.peers.inventories.mine()[0])
    seen.operator.peers.inventories.take(3, Inventory((), ()))
    pool = seen.cluster.held(2, frost).nonces
    assert pool is not None
    seen.cluster.held(ME, frost).offered[2] = [pool.publish()]
    seen.situation()
    clock.now += LACKING_S
    states = {each.ledger_key: each for each in seen.situation().keys}
    assert [each.since for each in states[ecdsa].ready] == [0.0, clock.now - LACKING_S]
    assert (states[ecdsa].ecdsa, states[frost].ecdsa) == (True, False)
    assert dict(states[frost].stock)[2] == 1
    assert states[frost].lacking == {3}
    assert states[frost].able == (1, 2)
