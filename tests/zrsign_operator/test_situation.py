"""What an operator knows, put together for its agenda."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.zrsign_operator.asked import made_ahead
from tests.zrsign_operator.cluster import Cluster
from tests.zrsign_operator.conftest import MakeCluster
from tests.zrsign_operator.fake_ledger import ECDSA, ED25519
from zrsign_operator.keys.inventories import LACKING_S
from zrsign_operator.keys.wallets import Root
from zrsign_operator.ledger.orders import Move
from zrsign_operator.operator import Operator
from zrsign_operator.peers.frames import Inventory, Proposal, WorkKind
from zrsign_operator.work.agenda import Draft
from zrsign_operator.work.mixing import key_subject
from zrsign_operator.work.outlook import REVIEW_S, Outlook, describe
from zrsign_operator.work.situation import SHORT_IDLE_S, Situation, Wanted, request_subject

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
    last = ledger.ask_signature(frost, b"another text")
    await seen.look()
    assert {at: each.key_id for at, each in seen.wanted().items()} == {
        (WorkKind.KEYGEN, key): 0,
        (WorkKind.ECDSA, asked[0]): ecdsa,
        (WorkKind.FROST, asked[1]): frost,
        (WorkKind.FROST, last): frost,
    }
    seen.operator.outbox.signature(asked[0], b"signature")
    ledger.signatures[asked[1]].signed_data.add(signed_data=b"signature of another")
    await seen.look()
    assert set(seen.wanted()) == {(WorkKind.KEYGEN, key), (WorkKind.FROST, last)}


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
    await seen.cluster.deliver()
    seen.situation(usable=(1, 2))
    assert not seen.outlook.is_answerable()
    seen.situation()
    assert seen.outlook.is_answerable()
    seen.cluster.ledger.keys.clear()
    await seen.look()
    assert not seen.outlook.is_answerable()


async def test_work__should_be_needed_while_a_request_waits_for_it(seen: Seen) -> None:
    ledger, names = seen.cluster.ledger, dict.fromkeys(ALL, bytes(16))
    short, other = seen.cluster.deal(ECDSA), seen.cluster.deal(ECDSA, "another")
    seen.cluster.give_aux()

    def needed_of(written: list[Proposal | None]) -> set[tuple[WorkKind, int]]:
        return {
            (WorkKind(each.kind), sum(each.subjects))
            for each in written
            if each is not None and seen.outlook.is_needed(each)
        }

    def needed() -> set[tuple[WorkKind, int]]:
        seen.situation()
        drafts = [Draft(WorkKind.PRESIGN, (key,), (1, 2), key) for key in (short, other)]
        drafts += [Draft(WorkKind.KEYGEN, (9,), ALL), Draft(WorkKind.AUX, (), ALL)]
        drafts += [Draft(WorkKind.RESHARE, (short,), ALL, short, dealers=(1, 2))]
        work = seen.operator.work
        written = [work.proposer.write(draft, work.outlook.view, names) for draft in drafts]
        assert None not in written
        short_now = {each for each in (short, other) if seen.outlook.is_short(each)}
        assert short_now == {s for k, s in needed_of(written) if k is WorkKind.PRESIGN}
        return needed_of(written)

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
    # However many keys there are, they are not looked through all the time.
    seen.cluster.clock.now += REVIEW_S / 2
    assert seen.wanted() == {}
    seen.cluster.clock.now += REVIEW_S / 2
    assert set(seen.wanted()) == {(WorkKind.RESHARE, key)}
    # A key that is ahead of the ledger that this operator sees is not due.
    ahead = replace(held, serves=replace(held.serves, refresh=2))
    assert not seen.outlook.is_due(ahead)
    current = replace(held, serves=replace(held.serves, refresh=1))
    assert not seen.outlook.is_due(current)
    seen.operator.peers.inventories.take(3, Inventory((), ()))
    assert seen.outlook.able(current) == set(ALL)
    assert not seen.outlook.is_due(current)
    seen.cluster.clock.now += LACKING_S
    assert seen.outlook.is_due(current)
    assert seen.outlook.able(current) == {1, 2}


async def test_change_that_is_not_decided__should_be_wanted_no_more_and_its_failures_kept(
    seen: Seen,
) -> None:
    key = seen.cluster.deal(ED25519)
    seen.cluster.ledger.order_refresh()
    await seen.look()
    work, names = seen.operator.work, dict.fromkeys(ALL, bytes(16))
    assert seen.wanted()[WorkKind.RESHARE, key].attempts == 0
    draft = Draft(WorkKind.RESHARE, (key,), ALL, key, dealers=(1, 2))
    proposal = work.proposer.write(draft, work.outlook.view, names)
    assert proposal is not None
    seen.outlook.tried(proposal)
    keeper = seen.cluster.held(ME, key).folder.keeper
    before = keeper.state
    work.changes.begin(Move.read(proposal, seen.operator.settings))
    assert seen.wanted() == {}
    keeper.state = before
    assert seen.wanted()[WorkKind.RESHARE, key].attempts == 1


async def test_pool__should_be_filled_again_after_pauses_that_double(seen: Seen) -> None:
    """Who refuses may know what the proposer cannot."""
    key, clock = seen.cluster.deal(ECDSA), seen.cluster.clock
    seen.cluster.give_aux()
    names = {i: bytes([i]) * 16 for i in ALL}
    draft = Draft(WorkKind.PRESIGN, (key,), (1, 2), key)
    proposal = seen.operator.work.proposer.write(draft, seen.outlook.view, names)
    assert proposal is not None

    def is_pooled() -> bool:
        (state,) = seen.situation().keys
        return state.pooled

    for pause in (2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0):
        assert is_pooled()
        seen.outlook.tried(proposal)
        clock.now += pause - 0.1
        assert not is_pooled()
        clock.now += 0.1
    seen.outlook.tried(replace(proposal, proposer=2))
    assert is_pooled()
    seen.outlook.got_presignature(b"name", key)
    seen.outlook.tried(proposal)
    clock.now += 2.0
    assert is_pooled()


async def test_group__should_be_complete_since_all_are_here_with_auxiliary_information(
    seen: Seen,
) -> None:
    clock = seen.cluster.clock
    assert seen.situation().aux_since == clock.now
    clock.now += 1.0
    seen.cluster.give_aux()
    had = clock.now
    # The others did not say yet that they have it too.
    assert seen.situation().complete_since == had
    clock.now += 1.0
    assert seen.situation().complete_since == clock.now
    await seen.cluster.deliver()
    start = clock.now
    assert seen.situation(usable=(1, 2, 3, 4)).complete_since == start
    assert seen.situation().aux_since == had
    clock.now += 3.0
    situation = seen.situation()
    assert (situation.complete_since, situation.usable_since) == (start, start)
    assert (situation.aux, situation.aux_since) == (frozenset(ALL), had)
    clock.now += 1.0
    situation = seen.situation(usable=(1, 2))
    assert (situation.complete_since, situation.usable_since) == (clock.now, clock.now)
    clock.now += 1.0
    assert seen.situation(usable=(1, 2)).complete_since == clock.now
    assert seen.situation().complete_since == clock.now


async def test_idle_time__should_begin_when_the_last_request_is_seen(seen: Seen) -> None:
    clock, ledger = seen.cluster.clock, seen.cluster.ledger
    key = seen.cluster.deal(ED25519)
    clock.now += 1.0
    request = ledger.ask_signature(key, b"text")
    await seen.look()
    clock.now += 2.0
    assert seen.situation().idle_for == 0.0
    del ledger.signatures[request]
    await seen.look()
    clock.now += 2.0
    assert seen.situation().idle_for == 4.0
    ledger.ask_key(ED25519)
    await seen.look()
    clock.now += 0.5
    assert seen.situation().idle_for == 0.5


async def test_keys__should_show_what_is_ready_and_who_lacks_them(seen: Seen) -> None:
    ecdsa, frost = seen.cluster.deal(ECDSA), seen.cluster.deal(ED25519)
    clock = seen.cluster.clock
    for name in ("first", "second"):
        seen.operator.holdings.add_presignature(made_ahead((1, 2), name)[ME])
    (_, second) = seen.operator.holdings.presignatures
    seen.cluster.give_aux((1, 2))
    clock.now += 1.0
    seen.outlook.got_presignature(second, ecdsa)
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
    assert (states[ecdsa].aux, states[frost].aux) == (frozenset({1, 2}), frozenset())
    assert dict(states[frost].stock)[2] == 1
    assert states[frost].lacking == {3}
    assert states[frost].able == (1, 2)


async def test_presignature__should_be_ready_for_its_signers_who_know_that_it_was_not_used(
    seen: Seen,
) -> None:
    key, holdings = seen.cluster.deal(ECDSA), seen.operator.holdings

    def ready() -> list[float]:
        (state,) = seen.situation().keys
        assert state.ledger_key == key
        return [each.since for each in state.ready]

    of_others = made_ahead((2, 3), "of others")[2]
    holdings.add_presignature(of_others)
    assert ready() == []
    made = made_ahead((1, 2), "first")[ME]
    name = made.public.id
    holdings.add_presignature(made)
    seen.outlook.got_presignature(name, key)
    assert ready() == [seen.cluster.clock.now]
    # One of an earlier process, which a snapshot may have taken back.
    holdings.from_before = frozenset({name})
    assert ready() == []
    seen.outlook.remembers = True
    assert ready() == [seen.cluster.clock.now]
    # Nothing is remembered of what is gone.
    holdings.drop_presignature(name)
    assert ready() == []
    holdings.add_presignature(made_ahead((1, 2), "first")[ME])
    assert ready() == [0.0]


async def test_busy_operator__should_look_at_the_keys_that_requests_are_about(seen: Seen) -> None:
    ecdsa, _ = seen.cluster.deal(ECDSA), seen.cluster.deal(ECDSA, "another")
    seen.cluster.ledger.ask_key(ED25519)
    seen.cluster.ledger.ask_signature(ecdsa, DIGEST)
    await seen.look()
    made = made_ahead((1, 2), "first")[ME]
    seen.operator.holdings.add_presignature(made)
    found = seen.outlook.situation(frozenset(ALL), [], primes_ready=False)
    (state,) = found.keys
    assert (state.ledger_key, [each.id for each in state.ready]) == (ecdsa, [made.public.id])


async def test_pools__should_be_looked_through_in_quiet_when_something_changed_or_now_and_then(
    seen: Seen,
) -> None:
    clock, ledger, key = seen.cluster.clock, seen.cluster.ledger, seen.cluster.deal(ECDSA)
    request = ledger.ask_signature(key, DIGEST)
    clock.now = 0.0
    await seen.look()
    del ledger.signatures[request]
    await seen.look()

    def shown(at: float) -> list[int]:
        clock.now = at
        found = seen.outlook.situation(frozenset(ALL), [], primes_ready=False)
        return [each.ledger_key for each in found.keys]

    start = SHORT_IDLE_S
    assert [shown(at) for at in (start / 2, start, start)] == [[], [key], []]
    seen.outlook.got_presignature(b"name", key)
    assert [shown(start), shown(start)] == [[key], []]
    names = dict.fromkeys(ALL, bytes(16))
    draft = Draft(WorkKind.KEYGEN, (9,), ALL)
    proposal = seen.operator.work.proposer.write(draft, seen.outlook.view, names)
    assert proposal is not None
    seen.outlook.tried(proposal)
    assert [shown(start), shown(start)] == [[key], []]
    assert [shown(start + REVIEW_S * part) for part in (0.8, 1, 1.5)] == [[], [key], []]


async def test_situation__should_say_what_ended_last_and_what_is_under_way(seen: Seen) -> None:
    clock, names = seen.cluster.clock, dict.fromkeys(ALL, bytes(16))
    start = clock.now
    assert (seen.situation().presigned, seen.situation().reshared) == (start, start)
    clock.now += 1.0
    seen.outlook.presigned()
    clock.now += 1.0
    seen.outlook.reshared()
    assert (seen.situation().presigned, seen.situation().reshared) == (start + 1, start + 2)
    assert seen.outlook.want(WorkKind.PRESIGN, 5, 6) == Wanted(
        WorkKind.PRESIGN, 5, 6, clock.now, attempts=0
    )
    work = seen.operator.work
    aux = work.proposer.write(Draft(WorkKind.AUX, (), ALL), work.outlook.view, names)
    assert aux is not None
    found = seen.outlook.situation(frozenset(ALL), [aux], primes_ready=True)
    assert (found.running, found.primes_ready) == (((WorkKind.AUX, 0),), True)


async def test_renewal__should_wait_while_every_key_can_presign_with_what_was_made_before(
    seen: Seen,
) -> None:
    # There is nothing to presign with, if nothing that would.
    assert not seen.situation().renews
    seen.cluster.deal(ECDSA)
    seen.cluster.give_aux()
    for index in (2, 3):
        for theirs in seen.cluster.operators[index].peers.inventories.mine():
            seen.operator.peers.inventories.take(index, theirs)
    assert not seen.situation().renews
    seen.cluster.ledger.order_refresh()
    await seen.look()
    assert seen.situation().renews
    assert seen.situation(usable=(1, 2)).renews
    assert not seen.situation(usable=(1,)).renews
    seen.cluster.deal(ED25519)
    assert seen.situation(usable=(1, 2)).renews


async def test_roots__should_be_made_when_wanted_and_to_spare_in_quiet(seen: Seen) -> None:
    """The group wants one root; the second is to spare."""
    first, spare = (Root(id_, ECDSA, number) for id_, number in ((91, 1), (92, 2)))
    group = replace(seen.outlook.view.settings.group, roots=1)

    def show(*roots: Root) -> list[int]:
        view = seen.outlook.view
        settings = replace(view.settings, groups=(group,), roots={root.id: root for root in roots})
        seen.outlook.update(replace(view, settings=settings))
        return [each.subject for each in seen.situation().wanted]

    assert show(first, spare) == [91, 92]
    assert show(replace(first, active=True), spare) == [92]
    key = seen.cluster.ledger.ask_key(ECDSA)
    await seen.look()
    assert show(first, spare) == [91, key]
    # A child of a root is made of nothing but the root.
    view = seen.outlook.view
    asked = view.keys[key]
    child = replace(asked, wallet=replace(asked.wallet, root=91))
    seen.outlook.update(replace(view, keys={key: child}))
    assert show(first, spare) == [91]
    assert show(replace(first, active=True), spare) == []
    seen.cluster.ledger.keys.clear()
    seen.cluster.ledger.ask_signature(seen.cluster.deal(ED25519), b"text")
    await seen.look()
    assert [number for number in show(first, spare) if number > 90] == [91]


async def test_pool__should_be_filled_of_every_key_but_a_root_to_spare(seen: Seen) -> None:
    key = seen.cluster.deal(ECDSA)
    await seen.look()
    view = seen.outlook.view
    group = replace(view.settings.group, roots=1)

    def pooled(number: int) -> bool:
        roots = {key: Root(key, ECDSA, number, active=True)} if number else {}
        settings = replace(view.settings, groups=(group,), roots=roots)
        seen.outlook.update(replace(view, settings=settings))
        (state,) = seen.situation().keys
        return state.pooled

    assert (pooled(0), pooled(1), pooled(2)) == (True, True, False)


async def test_situation__should_be_shown_to_people(seen: Seen) -> None:
    ecdsa, frost = seen.cluster.deal(ECDSA), seen.cluster.deal(ED25519)
    asked = seen.cluster.ledger.ask_signature(frost, b"text")
    await seen.look()
    shown = describe(replace(seen.situation(), running=((WorkKind.AUX, 0),)))
    assert shown["waiting"] == [f"frost {asked}"]
    assert shown["running"] == ["aux 0"]
    assert (shown["threshold"], shown["members"], shown["usable"]) == (2, [1, 2, 3], [1, 2, 3])
    keys = shown["keys"]
    assert isinstance(keys, list)
    assert [(each["key"], each["scheme"], each["holders"]) for each in keys] == [
        (ecdsa, "ecdsa", [1, 2, 3]),
        (frost, "frost", [1, 2, 3]),
    ]


def test_order_of_proposers__should_follow_from_the_same_bytes_everywhere() -> None:
    assert key_subject(7) == b"sign" + bytes(7) + b"\x07"
    assert request_subject(258) == b"request" + bytes(6) + b"\x01\x02"
