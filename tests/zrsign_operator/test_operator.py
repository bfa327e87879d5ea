"""What an operator makes of what peers send, and what it shows of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.zrsign_dmpc.ecdsa.parties import identity
from tests.zrsign_operator.asked import ALL, ME, PEER, Asked
from tests.zrsign_operator.conftest import MakeCluster
from tests.zrsign_operator.fake_ledger import ECDSA, ED25519, account
from zrsign_dmpc.run.rounds import Abort
from zrsign_operator.ledger.orders import Target
from zrsign_operator.operator import REPORTS_S
from zrsign_operator.peers.frames import Inventory, Proposal, Refusal, Stock, WorkKind


@pytest.fixture
async def asked(make_cluster: MakeCluster) -> Asked:
    return await Asked.of(await make_cluster(2, ALL))


async def key_proposal(asked: Asked) -> Proposal:
    """One that operator 1 joins."""
    request = asked.cluster.ledger.ask_key(ED25519)
    await asked.look()
    return asked.proposal(WorkKind.KEYGEN, (request,), Target(1, 0).encode())


@pytest.mark.parametrize(
    "change",
    [
        lambda good: good.signed(identity(3)),
        lambda good: replace(good, nonce=b"n" * 32),
        lambda good: replace(good, keyring="keyring1other").signed(identity(PEER)),
        lambda good: replace(good, proposer=3).signed(identity(3)),
        lambda good: replace(good, members=(2, 3), incarnations=good.incarnations[1:]).signed(
            identity(PEER)
        ),
        lambda good: replace(good, members=(1, 3), incarnations=good.incarnations[:2]).signed(
            identity(PEER)
        ),
    ],
    ids=["signature", "content", "keyring", "messenger", "not me", "not the proposer"],
)
async def test_strange_proposal__should_be_dropped_and_its_sender_cut(
    asked: Asked, change: Callable[[Proposal], Proposal]
) -> None:
    good = await key_proposal(asked)
    asked.operator.on_frame(PEER, change(good))
    assert asked.operator.work.runner.running() == []
    assert asked.said == []
    # No operator writes such a thing by mistake.
    assert asked.operator.peers.standing.shunned() == {PEER}
    assert PEER not in asked.operator.peers.usable()


async def test_proposal_to_a_memory_that_was_lost__should_be_refused(asked: Asked) -> None:
    good = await key_proposal(asked)
    stale = replace(good, incarnations=(bytes(16), *good.incarnations[1:])).signed(identity(PEER))
    asked.operator.on_frame(PEER, stale)
    why = "not with me, or not with one of these"
    assert asked.said == [Refusal(stale.execution_id, why)]
    assert asked.operator.work.runner.running() == []


async def test_proposal_with_a_cheat__should_be_refused_until_it_is_pardoned(asked: Asked) -> None:
    good = await key_proposal(asked)
    asked.operator.peers.standing.convict(good, Abort("a lie", (3,)))
    asked.operator.on_frame(PEER, good)
    why = "not with me, or not with one of these"
    assert asked.said == [Refusal(good.execution_id, why)]
    asked.cluster.ledger.pardon(3)
    await asked.look()
    asked.operator.peers.follow(asked.operator.settings)
    asked.operator.on_frame(PEER, good)
    assert asked.operator.work.runner.running() == [good]
    await asked.cluster.deliver()


async def test_frame_that_breaks_something__should_cost_its_sender_and_nobody_else(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = asked.operator

    def breaks(*_: object) -> None:
        raise OverflowError("int too large to convert")

    monkeypatch.setattr(operator.peers.stocks, "take", breaks)
    for _ in range(5):
        assert operator.peers.standing.shunned() == set()
        operator.on_frame(PEER, Stock(b"k" * 32, ()))
    assert operator.peers.standing.shunned() == {PEER}
    operator.tick()


async def test_part_of_an_inventory__should_be_answered_with_nonces_of_these_keys(
    asked: Asked,
) -> None:
    """The sender got the key just now, and lost what was published before."""
    asked.operator.peers.stocks.publish([])
    held = asked.held(asked.frost)
    mine = asked.operator.peers.inventories.of(held)
    asked.operator.on_frame(PEER, mine)
    assert held.nonces is not None
    assert asked.said == [Stock(held.share.info.key_id, held.nonces.published)]
    asked.said.clear()
    asked.operator.on_frame(PEER, replace(mine, complete=1))
    assert asked.said == []


async def test_peer_that_comes__should_be_told_what_is_held(asked: Asked) -> None:
    asked.operator.peers.standing.suspect(PEER)
    assert PEER not in asked.operator.peers.usable()
    asked.operator.on_peer(PEER, True)
    assert PEER in asked.operator.peers.usable()
    (told,) = [frame for frame in asked.said if isinstance(frame, Inventory)]
    assert {each.ledger_key for each in told.holdings} == {
        asked.frost,
        asked.ecdsa,
        asked.other_frost,
        asked.other_ecdsa,
    }


async def test_links__should_be_with_the_group_and_all_who_hold_its_keys(
    make_cluster: MakeCluster,
) -> None:
    cluster = await make_cluster(2, ALL)
    cluster.deal(ED25519)
    for group in ((3, 4, 5), (4, 5, 6)):
        cluster.ledger.set_group(2, group)
    await cluster.operators[ME].look()
    assert set(cluster.links[ME].members) == {2, 3, 4, 5, 6}
    erased = cluster.operators[2]
    for held in list(erased.holdings.all_keys()):
        erased.holdings.erase(held.folder)
    await erased.look()
    assert set(cluster.links[2].members) == {3, 4, 5, 6}


async def test_reports_that_the_ledger_lost__should_be_made_again(
    make_cluster: MakeCluster,
) -> None:
    cluster = await make_cluster(2, ALL)
    key = cluster.deal(ED25519, "mine")
    await cluster.wait(2.0)
    operator, party = cluster.operators[ME], account(ME).address
    asked = Asked(cluster)
    operator.peers.standing.convict(asked.proposal(WorkKind.AUX, ()), Abort("a lie", (3,)))
    cluster.ledger.epochs.clear()
    await cluster.wait(2.0)
    assert not cluster.ledger.epochs
    cluster.clock.now += REPORTS_S
    await cluster.until(lambda: (key, party) in cluster.ledger.epochs)
    assert {fault.culprit for fault in cluster.ledger.faults} == {3}


async def test_status__should_say_what_a_person_wants_to_know(asked: Asked) -> None:
    status: Any = asked.operator.status()
    assert status["operator"] == ME
    assert status["group"] == 1
    assert status["guilty"] == []
    assert status["epochs"] == dict.fromkeys(
        (asked.ecdsa, asked.frost, asked.other_ecdsa, asked.other_frost), 0
    )
    assert {each["scheme"] for each in status["keys"]} == {"ecdsa", "frost"}
    assert (status["threshold"], status["usable"]) == (2, [1, 2, 3])


async def test_primes__should_be_made_while_somebody_has_no_auxiliary_information(
    make_cluster: MakeCluster,
) -> None:
    cluster = await make_cluster(2, ALL)
    cluster.deal(ECDSA)
    primes: Any = cluster.operators[ME].work.primes
    primes.asked = False
    cluster.give_aux()
    await cluster.wait(1.0)
    assert not primes.asked
    cluster.ledger.set_group(2, (1, 2, 3, 4))
    await cluster.wait(1.0)
    assert primes.asked
