"""A member that keeps to no rule of the agenda, and asks for work all the same."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from itertools import combinations

import pytest

from tests.zrsign_dmpc.ecdsa.parties import identity
from tests.zrsign_operator.asked import (
    ALL,
    ME,
    PEER,
    Asked,
    give,
    made_ahead,
    nonces,
    presign_details,
)
from tests.zrsign_operator.cluster import FixedPrimes
from tests.zrsign_operator.conftest import MakeCluster
from tests.zrsign_operator.fake_ledger import ECDSA, ED25519, KEYRING
from tests.zrsign_operator.test_tasks import details
from zrsign_operator.ledger.orders import Target
from zrsign_operator.peers.conduct import LIMIT, PRICES, Offence
from zrsign_operator.peers.frames import Inventory, Proposal, Refusal, WorkKind
from zrsign_operator.peers.members import rotation
from zrsign_operator.work.agenda import PATIENCE_S, POOLS_AT_MOST, Draft
from zrsign_operator.work.details import EcdsaDetails, FrostDetails, PresignDetails
from zrsign_operator.work.limits import TIMEOUTS_S
from zrsign_operator.work.mixing import Mixing, key_subject
from zrsign_operator.work.rules import EARLY_S
from zrsign_operator.work.situation import request_subject
from zrsign_operator.work.waiting import PARK_SHORTLY_S


@pytest.fixture
async def asked(make_cluster: MakeCluster) -> Asked:
    """Three operators who hold keys, of two of three; pools have two presignatures."""
    cluster = await make_cluster(2, ALL, pool_level=2)
    cluster.give_aux()
    return await Asked.of(cluster)


def by(
    proposer: int,
    kind: WorkKind,
    subjects: tuple[int, ...],
    details: bytes = b"",
    members: tuple[int, ...] = ALL,
    name: str = "one",
) -> Proposal:
    incarnations = tuple(bytes([i]) * 16 for i in members)
    nonce = sha256(name.encode()).digest()
    return Proposal(
        KEYRING, kind, subjects, proposer, members, incarnations, nonce, details
    ).signed(identity(proposer))


def joins(asked: Asked, proposal: Proposal) -> bool:
    """Whether operator 1 takes part at once."""
    asked.operator.on_frame(proposal.proposer, proposal)
    return proposal in asked.operator.work.runner.running()


async def test_presigning__should_not_go_on_when_the_pool_is_full(asked: Asked) -> None:
    """The attack: a member presigns without end, and fills disks and processors."""
    give(asked, "first", "second")
    details = presign_details(asked).encode()
    endless = by(PEER, WorkKind.PRESIGN, (asked.ecdsa,), details, (1, 2))
    why = f"the pool of key {asked.ecdsa} is full, and no request waits"
    assert await asked.answer(endless) == why


async def test_presigning__should_not_be_refused_for_what_its_proposer_has_no_part_in(
    asked: Asked,
) -> None:
    """It cannot know of it, and would propose and be charged for it without end."""
    give(asked, *map(str, range(POOLS_AT_MOST * 2)), signers=(1, 3))
    details = presign_details(asked).encode()
    assert await asked.answer(by(PEER, WorkKind.PRESIGN, (asked.ecdsa,), details, (1, 2))) == ""


async def test_leftovers_of_one_member__should_not_have_it_and_the_others_part(
    make_cluster: MakeCluster,
) -> None:
    """Its pool is full with what the others have used, or lost: they propose, and it refuses."""
    cluster = await make_cluster(2, ALL, pool_level=2)
    cluster.give_aux()
    cluster.deal(ECDSA)
    for signers in ((1, 2), (1, 3)):
        for name in ("first", "second"):
            cluster.operators[ME].holdings.add_presignature(made_ahead(signers, name)[ME])
    await cluster.wait(300.0)
    for operator in cluster.operators.values():
        assert not operator.peers.standing.left_out()


async def test_presigning__should_not_go_on_while_enough_are_coming(asked: Asked) -> None:
    key = asked.other_ecdsa
    key_id = asked.held(key).share.info.key_id
    details = replace(presign_details(asked), key_id=key_id).encode()
    first = rotation(key_subject(key), ALL)[0]
    assert first != ME, "this operator fills the pool of this key"
    members = tuple(sorted((ME, first)))
    for number in range(2):
        assert joins(asked, by(first, WorkKind.PRESIGN, (key,), details, members, str(number)))
    endless = by(first, WorkKind.PRESIGN, (key,), details, members, "endless")
    assert not joins(asked, endless)
    await asked.cluster.deliver()


async def test_pool__should_be_filled_by_the_first_of_its_signers(
    make_cluster: MakeCluster,
) -> None:
    """The attack: a member makes all presignatures, with the signers that it likes."""
    cluster = await make_cluster(3, range(1, 6), pool_level=90)
    cluster.give_aux()
    key = cluster.deal(ECDSA)
    await cluster.deliver()
    operator, mixing = cluster.operators[ME], Mixing(key, 3, (1, 2, 3, 4, 5))
    cluster.wire.carrier = lambda *_: ()
    aux = operator.holdings.aux[-1].public.digest
    asked = PresignDetails(cluster.held(ME, key).share.info.key_id, aux).encode()
    joined = set()
    for signers in combinations(mixing.holders, 3):
        first = {
            next(index for index in mixing.circle(mix) if index in signers)
            for mix in range(mixing.count)
        }
        for proposer in set(signers) - {ME} if ME in signers else ():
            proposal = by(proposer, WorkKind.PRESIGN, (key,), asked, signers, str(signers))
            operator.on_frame(proposer, proposal)
            took_part = proposal in operator.work.runner.running()
            assert took_part == (proposer in first)
            joined.add(took_part)
            await cluster.deliver()
    assert joined == {True, False}


async def test_presigning__should_be_of_holders_as_many_as_sign(asked: Asked) -> None:
    details = presign_details(asked).encode()
    for members in (ALL, (1, 2)):
        proposal = by(PEER, WorkKind.PRESIGN, (404,), details, members)
        assert not joins(asked, proposal)
    assert not joins(asked, by(PEER, WorkKind.PRESIGN, (asked.ecdsa,), details, ALL, "all"))


@pytest.mark.parametrize("answered", ["here", "on the ledger"])
async def test_request__should_not_be_signed_again_when_it_is_answered(
    asked: Asked, answered: str
) -> None:
    """The attack: an answered request is proposed again, and burns what was made ahead."""
    ledger = asked.cluster.ledger
    request = ledger.ask_signature(asked.frost, b"one")
    if answered == "on the ledger":
        ledger.signatures[request].signed_data.add(signed_data=b"a signature")
    else:
        asked.operator.outbox.signature(request, b"a signature")
    await asked.look()
    fresh = nonces(asked, asked.frost, 1)
    asked.cluster.clock.now += 60
    proposal = asked.proposal(WorkKind.FROST, (request,), FrostDetails(fresh).encode(), (1, 2))
    assert await asked.answer(proposal) == f"signature request {request} is answered"


async def test_request__should_not_be_signed_twice_at_once_by_one_proposer(asked: Asked) -> None:
    """The attack: one open request burns the whole pool."""
    ledger = asked.cluster.ledger
    request = ledger.ask_signature(asked.ecdsa, sha256(b"1").digest())
    names = give(asked, "first", "second")
    await asked.look()
    asked.cluster.clock.now += 60

    def proposal(name: bytes) -> Proposal:
        details = EcdsaDetails((name,), (ledger.approvals[request],)).encode()
        return by(PEER, WorkKind.ECDSA, (request,), details, (1, 2), name.hex())

    asked.operator.work.outlook.want(WorkKind.ECDSA, request, asked.ecdsa)
    asked.cluster.clock.now += PATIENCE_S
    assert joins(asked, proposal(names[0]))
    assert not joins(asked, proposal(names[1]))
    assert names[1] in asked.operator.holdings.presignatures


async def test_proposer__should_wait_for_its_turn(asked: Asked) -> None:
    """The attack: a member takes every turn, and stalls what it began."""
    ledger, target = asked.cluster.ledger, Target(1, 0).encode()
    requests = [ledger.ask_key(ED25519) for _ in range(8)]
    await asked.look()
    asked.operator.work.situation()
    checked = 0
    for request in requests:
        order = rotation(request_subject(request), ALL)
        if order[2] == ME:
            continue
        early = by(order[2], WorkKind.KEYGEN, (request,), target)
        assert not joins(asked, early)
        asked.cluster.clock.now += PATIENCE_S - EARLY_S - 0.1
        asked.operator.work.runner.retry_parked()
        assert early not in asked.operator.work.runner.running()
        asked.cluster.clock.now = 1000.0
        if order[0] != ME:
            assert joins(asked, by(order[0], WorkKind.KEYGEN, (request,), target, name="first"))
            checked = request
    assert checked


async def test_proposal_ahead_of_its_turn__should_wait_for_it(asked: Asked) -> None:
    request = asked.cluster.ledger.ask_key(ED25519)
    await asked.look()
    asked.operator.work.situation()
    others = [index for index in rotation(request_subject(request), ALL) if index != ME]
    last = by(others[-1], WorkKind.KEYGEN, (request,), Target(1, 0).encode())
    asked.operator.on_frame(last.proposer, last)
    asked.cluster.clock.now += 2 * PATIENCE_S - EARLY_S
    asked.operator.work.runner.retry_parked()
    assert last in asked.operator.work.runner.running()


async def test_aux__should_be_made_for_all_who_are_here_by_the_first_of_them(
    asked: Asked,
) -> None:
    """The attack: auxiliary information of two takes the place of everybody's."""
    asked.operator.work.primes = primes = FixedPrimes(ME, at_hand=True)
    primes.start()
    for proposer, members in ((PEER, (1, 2)), (PEER, ALL), (3, (1, 3))):
        assert not joins(asked, by(proposer, WorkKind.AUX, (), b"", members))
    assert primes.ready()
    asked.operator.peers.inventories.take(3, Inventory((), ()))


async def test_undue_proposals__should_have_a_consequence(asked: Asked) -> None:
    details, count = presign_details(asked).encode(), 0
    while asked.operator.peers.standing.shunned() != {PEER}:
        count += 1
        undue = by(PEER, WorkKind.PRESIGN, (404,), details, (1, 2), str(count))
        assert not joins(asked, undue)
        asked.cluster.clock.now += PARK_SHORTLY_S
        asked.operator.work.runner.retry_parked()
        assert count <= 2 * LIMIT / PRICES[Offence.UNDUE]
    assert PEER not in asked.operator.peers.usable()
    proposal = by(PEER, WorkKind.PRESIGN, (404,), details, (1, 2), "and again")
    assert await asked.answer(proposal) == "not with me, or not with one of these"


async def test_new_shares__should_be_dealt_by_whose_turn_it_is(asked: Asked) -> None:
    asked.cluster.ledger.order_refresh()
    asked.cluster.give_aux()
    await asked.look()
    asked.operator.work.situation()
    order = rotation(key_subject(asked.frost), ALL)
    later = next(index for index in reversed(order) if index != ME)
    others = details(asked, dealers=tuple(sorted((later, ME)))).encode()
    assert order.index(later) > 0
    undue = by(later, WorkKind.RESHARE, (asked.frost,), others)
    assert not joins(asked, undue)
    asked.cluster.clock.now += order.index(later) * PATIENCE_S - EARLY_S
    asked.operator.work.runner.retry_parked()
    assert undue in asked.operator.work.runner.running()


async def test_new_shares__should_be_dealt_by_who_has_one(make_cluster: MakeCluster) -> None:
    cluster = await make_cluster(2, ALL)
    cluster.give_aux()
    asked = await Asked.of(cluster)
    asked.operator.peers.inventories.take(3, Inventory((), ()))
    asked.operator.work.outlook.able(asked.held(asked.frost))
    cluster.ledger.order_refresh()
    cluster.clock.now += 60
    await asked.look()
    lacking = by(3, WorkKind.RESHARE, (asked.frost,), details(asked).encode())
    assert not joins(asked, lacking)
    cluster.clock.now += PARK_SHORTLY_S
    asked.operator.work.runner.retry_parked()
    (refused,) = [each.reason for each in asked.said if isinstance(each, Refusal)]
    assert refused == f"operator 3 cannot deal key {asked.frost}"


@pytest.mark.parametrize("attacker", ALL)
async def test_refresh__should_end_although_a_member_begins_it_and_stalls(
    make_cluster: MakeCluster, attacker: int
) -> None:
    """The attack: a member proposes every change at once, says nothing in it, and again."""
    cluster = await make_cluster(2, ALL)
    cluster.give_aux()
    key = cluster.deal(ED25519)
    await cluster.wait(1)
    cluster.ledger.order_refresh()
    cluster.give_aux()
    # It sees the order first.
    await cluster.operators[attacker].look()
    work = cluster.operators[attacker].work
    dealers = tuple(sorted((attacker, attacker % 3 + 1)))
    draft = Draft(WorkKind.RESHARE, (key,), ALL, key, dealers=dealers)

    def is_renewed() -> bool:
        if not work.runner.running():
            stalled = work.proposer.write(draft, work.outlook.view, work._peers.incarnations)
            assert stalled is not None
            for index in set(ALL) - {attacker}:
                cluster.wire.put(attacker, index, stalled.encode())
        return cluster.epochs(key) == dict.fromkeys(ALL, 1)

    assert not is_renewed()
    await cluster.deliver()
    await cluster.until(is_renewed, 60.0)


async def test_failed_change__should_count_before_it_is_decided(asked: Asked) -> None:
    asked.cluster.ledger.order_refresh()
    asked.cluster.give_aux()
    await asked.look()
    work, key = asked.operator.work, asked.frost
    work.situation()
    first = rotation(key_subject(key), ALL)[0]
    if first == ME:
        asked.cluster.clock.now += PATIENCE_S
        first = rotation(key_subject(key), ALL)[1]
    dealt = details(asked, dealers=tuple(sorted((first, ME)))).encode()
    assert joins(asked, by(first, WorkKind.RESHARE, (key,), dealt))
    await asked.cluster.deliver()
    work.situation()
    asked.cluster.clock.now += TIMEOUTS_S[WorkKind.RESHARE] + 1
    work.runner.tick()
    work.situation()
    assert asked.held(key).folder.keeper.state.pending is not None
    assert work.outlook.want(WorkKind.RESHARE, key, key).attempts == 1
