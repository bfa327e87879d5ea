"""What an operator checks before it takes part in what a peer proposes.

Operator 1 is asked by operator 2. Every refusal has a proposal that differs from a good one in one
point, and the good one is joined.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import pytest

from tests.zrsign_operator.asked import ALL, ME, ORDER, Asked
from tests.zrsign_operator.cluster import FixedPrimes, dealt_shares
from tests.zrsign_operator.conftest import MakeCluster
from tests.zrsign_operator.fake_ledger import ED25519
from zrsign_dmpc.kept.key_records import StoredKeyInfo
from zrsign_operator.ledger.approval import Scheme
from zrsign_operator.ledger.orders import Move, ReshareDetails, Target
from zrsign_operator.peers.frames import Inventory, Proposal, WorkKind

# Auxiliary information


async def test_aux__should_be_made_with_members_once_there_are_primes(asked: Asked) -> None:
    late = asked.proposal(WorkKind.AUX, (), ORDER, name="late")
    assert await asked.answer(late) == "my primes are not made yet"
    asked.operator.work.primes = primes = FixedPrimes(ME, at_hand=True)
    primes.start()
    other = asked.proposal(WorkKind.AUX, (), Target(1, 1).encode())
    assert "is made for Target(group=1, refresh=0) here" in await asked.answer(other)
    stranger = asked.proposal(WorkKind.AUX, (), ORDER, members=(1, 2, 9))
    assert await asked.answer(stranger) == "somebody is no member"
    subject = asked.proposal(WorkKind.AUX, (7,), ORDER)
    assert await asked.answer(subject) == "aux is about 0 requests or keys, not 1"
    # None of these cost primes, which take long to make.
    assert primes.ready()
    assert await asked.answer(asked.proposal(WorkKind.AUX, (), ORDER)) == ""
    assert not primes.ready()


async def test_aux__should_not_be_made_for_those_who_have_it(asked: Asked) -> None:
    asked.cluster.give_aux()
    for peer in (2, 3):
        digests = asked.operator.holdings.aux_digests()
        asked.operator.peers.inventories.take(peer, Inventory((), digests))
    asked.operator.work.primes = primes = FixedPrimes(ME, at_hand=True)
    primes.start()
    for members in (ALL, (1, 2)):
        proposal = asked.proposal(WorkKind.AUX, (), ORDER, members=members)
        assert await asked.answer(proposal) == "all of these have auxiliary information"
    assert primes.ready()
    # One of them lost it.
    asked.operator.peers.inventories.take(3, Inventory((), ()))
    assert await asked.answer(asked.proposal(WorkKind.AUX, (), ORDER, name="lost")) == ""


async def test_aux__should_be_made_once_at_a_time(asked: Asked) -> None:
    """Every run takes primes, which take minutes to make."""
    asked.operator.work.primes = primes = FixedPrimes(ME, at_hand=True)
    primes.start()
    assert await asked.answer(asked.proposal(WorkKind.AUX, (), ORDER)) == ""
    primes.start()
    busy = "busy: 1 of aux run here"
    assert await asked.answer(asked.proposal(WorkKind.AUX, (), ORDER, name="another")) == busy
    assert primes.ready()


# Keys


async def test_key__should_be_made_as_the_ledger_asks(asked: Asked) -> None:
    request = asked.cluster.ledger.ask_key(ED25519)
    await asked.look()
    target = Target(1, 0).encode()
    assert await asked.answer(asked.proposal(WorkKind.KEYGEN, (request,), target)) == ""
    why = f"a key for request {request} is being made"
    assert await asked.answer(asked.proposal(WorkKind.KEYGEN, (request,), target, name="2")) == why


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"subjects": (404,)}, "no key generation is asked for as 404 here"),
        ({"subjects": ()}, "keygen is about 1 requests or keys, not 0"),
        ({"subjects": (1, 2)}, "keygen is about 1 requests or keys, not 2"),
        ({"details": Target(2, 0).encode()}, "a new key is made for Target(group=1"),
        ({"details": Target(1, 1).encode()}, "a new key is made for Target(group=1"),
        ({"details": b"junk"}, ""),
        ({"members": (1, 2, 9)}, "somebody is not in the group"),
    ],
)
async def test_key__should_not_be_made_otherwise(
    asked: Asked, change: dict[str, Any], why: str
) -> None:
    request = asked.cluster.ledger.ask_key(ED25519)
    await asked.look()
    good: dict[str, Any] = {"subjects": (request,), "details": Target(1, 0).encode()}
    answer = await asked.answer(asked.proposal(WorkKind.KEYGEN, **(good | change)))
    assert answer
    assert why in answer


async def test_key__should_be_made_of_a_root_that_is_wanted_and_of_no_child(
    make_cluster: MakeCluster,
) -> None:
    """A wallet of a root needs no key generation; its root needs one, once."""
    asked = await Asked.of(await make_cluster(2, ALL))
    ledger, operator = asked.cluster.ledger, asked.operator
    operator.work.rules.require_due = lambda *_: None  # type: ignore[method-assign]
    ledger.want_roots(1)
    await asked.look()
    root, child = ledger.root(ED25519), ledger.ask_key(ED25519)
    await asked.look()

    def answer(subject: int, name: str) -> Awaitable[str]:
        target = Target(1, 0).encode()
        return asked.answer(asked.proposal(WorkKind.KEYGEN, (subject,), target, name=name))

    none = "no key generation is asked for as {} here"
    assert await answer(child, "of a child") == none.format(child)
    task = asked.agreed(asked.proposal(WorkKind.KEYGEN, (root,), Target(1, 0).encode()))
    share = dealt_shares(ED25519, 2, ALL, "made")[ME]
    task.finish(share)
    assert asked.held(root).folder.scheme is Scheme.ED25519
    shown = next(each for each in ledger.shown_roots() if each.id == root)
    shown.height, shown.public_key = 1, share.info.public_key.encode()
    ledger.active[root] = shown
    ledger.version += 1
    await asked.look()
    assert await answer(root, "again") == none.format(root)


async def test_key__should_not_be_made_twice(asked: Asked) -> None:
    ledger = asked.cluster.ledger
    request = ledger.ask_key(ED25519)
    ledger.keys[asked.frost] = type(ledger.keys[request])(id=asked.frost, key_type=ED25519)
    await asked.look()
    proposal = asked.proposal(WorkKind.KEYGEN, (asked.frost,), Target(1, 0).encode())
    assert await asked.answer(proposal) == f"I hold a key for request {asked.frost} already"


async def test_key__should_be_of_a_type_that_is_made_here(asked: Asked) -> None:
    request = asked.cluster.ledger.ask_key("KEY_TYPE_UNSPECIFIED")
    await asked.look()
    proposal = asked.proposal(WorkKind.KEYGEN, (request,), Target(1, 0).encode())
    assert "unsupported_key_type" in await asked.answer(proposal)


@pytest.mark.parametrize(
    ("away", "absent", "why"),
    [
        (0, 1, "a key is made by all who are here, [3] among them"),
        (3, 0, "a key is made by all but 0 members"),
        (3, 1, ""),
    ],
)
async def test_key__should_be_made_by_all_who_are_here(
    make_cluster: MakeCluster, away: int, absent: int, why: str
) -> None:
    """Who proposes it cannot choose its holders."""
    asked = await Asked.of(await make_cluster(2, ALL, absent=absent))
    if away:
        await asked.cluster.stop(away)
    request = asked.cluster.ledger.ask_key(ED25519)
    await asked.look()
    target = Target(1, 0).encode()
    proposal = asked.proposal(WorkKind.KEYGEN, (request,), target, members=(1, 2))
    assert await asked.answer(proposal) == why


async def test_share_of_a_new_key__should_be_held_and_reported(asked: Asked) -> None:
    request = asked.cluster.ledger.ask_key(ED25519)
    await asked.look()
    proposal = asked.proposal(WorkKind.KEYGEN, (request,), Target(1, 0).encode())
    share = dealt_shares(ED25519, 2, ALL, "made")[ME]
    asked.agreed(proposal).finish(share)
    held = asked.held(request)
    assert (held.share, held.folder.scheme, held.serves) == (share, Scheme.ED25519, Target(1, 0))
    await asked.operator.outbox.flush()
    assert {key for key, _ in asked.cluster.ledger.epochs} == {request}


# New shares


def details(asked: Asked, **changes: Any) -> ReshareDetails:
    info = asked.held(asked.frost).share.info
    return replace(ReshareDetails(Target(1, 1), StoredKeyInfo.of(info), (1, 2)), **changes)


def reshare(
    asked: Asked, details: ReshareDetails, name: str = "one", members: tuple[int, ...] = ALL
) -> Proposal:
    return asked.proposal(WorkKind.RESHARE, (asked.frost,), details.encode(), members, name)


async def test_new_shares__should_be_dealt_once_by_order(asked: Asked) -> None:
    as_it_should_be = f"key {asked.frost} is as it should be here"
    await asked.look()
    undue = details(asked, target=Target(1, 0))
    assert await asked.answer(reshare(asked, undue)) == as_it_should_be
    orders = "the ledger orders Target(group=1, refresh=0) here"
    assert await asked.answer(reshare(asked, details(asked))) == orders
    asked.cluster.give_aux()
    asked.cluster.ledger.order_refresh()
    await asked.look()
    # What was made for the order before is not enough.
    lacks = "the group has no auxiliary information for this order here"
    assert await asked.answer(reshare(asked, details(asked), "early")) == lacks
    asked.cluster.give_aux()
    assert await asked.answer(reshare(asked, details(asked), "good")) == ""
    why = f"new shares of key {asked.frost} are being made"
    assert await asked.answer(reshare(asked, details(asked), "another")) == why


async def test_new_shares__should_be_of_a_key_in_its_epoch_for_the_whole_group(
    asked: Asked,
) -> None:
    asked.cluster.ledger.order_refresh()
    await asked.look()
    info = asked.held(asked.frost).share.info
    later = StoredKeyInfo.of(replace(info, epoch=info.epoch + 1))
    epoch = f"key {asked.frost} is in another epoch here"
    assert await asked.answer(reshare(asked, details(asked, key=later))) == epoch
    dealers = "2 deal, not 3"
    assert await asked.answer(reshare(asked, details(asked, dealers=ALL))) == dealers
    several = asked.proposal(WorkKind.RESHARE, (asked.frost, asked.ecdsa), details(asked).encode())
    assert await asked.answer(several) == "reshare is about 1 requests or keys, not 2"
    group = "a resharing is done by its dealers and the whole group"
    assert await asked.answer(reshare(asked, details(asked), members=(1, 2))) == group


async def test_new_share__should_be_dealt_to_who_has_an_old_one(asked: Asked) -> None:
    """Two of three deal; the third holds a share, and brings none."""
    asked.cluster.ledger.order_refresh()
    asked.cluster.give_aux()
    await asked.look()
    others = details(asked, dealers=(2, 3))
    assert await asked.answer(reshare(asked, others)) == ""


async def test_change__should_be_written_down_before_its_first_message(asked: Asked) -> None:
    asked.cluster.ledger.order_refresh()
    asked.cluster.give_aux()
    await asked.look()
    held = asked.held(asked.frost)
    task = asked.agreed(reshare(asked, details(asked)))
    keeper = held.folder.keeper
    before = keeper.state.pending
    task.begin()
    pending = keeper.state.pending
    assert before is None
    assert pending is not None
    assert (pending.old_key_id, pending.epoch) == (held.share.info.key_id, 1)


async def test_new_shares__should_wait_for_the_end_of_another_change(asked: Asked) -> None:
    asked.cluster.ledger.order_refresh()
    await asked.look()
    move = Move.read(reshare(asked, details(asked)), asked.operator.settings)
    asked.operator.work.changes.begin(move)
    why = f"another change of key {asked.frost} is not decided here"
    assert await asked.answer(reshare(asked, details(asked), "another")) == why


async def test_new_shares__should_be_served_once_all_have_theirs(make_cluster: MakeCluster) -> None:
    cluster = await make_cluster(2, ALL)
    key = cluster.deal(ED25519)
    cluster.ledger.order_refresh()
    cluster.give_aux()
    await cluster.until(lambda: cluster.epochs(key) == dict.fromkeys(ALL, 1))


async def test_new_shares__should_be_dealt_by_who_has_one_of_a_key_of_the_ledger(
    asked: Asked,
) -> None:
    asked.cluster.ledger.order_refresh()
    info = asked.held(asked.frost).share.info
    asked.operator.holdings.erase(asked.held(asked.frost).folder)
    del asked.cluster.ledger.known_keys[asked.frost]
    await asked.look()

    def proposal(name: str, dealers: tuple[int, ...]) -> Proposal:
        lost = ReshareDetails(Target(1, 1), StoredKeyInfo.of(info), dealers)
        return reshare(asked, lost, name)

    why = f"I hold no share of key {asked.frost}"
    assert await asked.answer(proposal("as a dealer", (1, 2))) == why
    assert await asked.answer(proposal("of an unknown key", (2, 3))) == why
    asked.cluster.ledger.add_key(ED25519, info.public_key.encode(), asked.frost)
    asked.cluster.give_aux()
    await asked.look()
    assert await asked.answer(proposal("as a dealer again", (1, 2))) == why
    assert await asked.answer(proposal("as a joiner", (2, 3))) == ""
