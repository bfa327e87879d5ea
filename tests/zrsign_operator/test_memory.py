"""A machine's snapshot that is brought back: state and anchors agree, and both are old."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256

import pytest

from tests.zrsign_dmpc.ecdsa.parties import identity
from tests.zrsign_operator.cluster import Cluster
from tests.zrsign_operator.conftest import MakeCluster
from tests.zrsign_operator.fake_ledger import ECDSA
from zrsign_operator.peers.batches import FrameQueue
from zrsign_operator.peers.frames import NOT_WITH, Frame, Heads, Proposal, Refusal, WorkKind
from zrsign_operator.peers.memory import KEPT_S, JournalHead

ALL = (1, 2, 3)
INCARNATION = b"a name of memory"


async def with_presignatures(cluster: Cluster) -> tuple[int, int, int]:
    """A key with a pool; the key, and its two signers."""
    key = cluster.deal(ECDSA)
    cluster.give_aux()
    await cluster.until(
        lambda: sum(len(each.holdings.presignatures) for each in cluster.operators.values()) >= 4
    )
    one = next(each for each in cluster.operators.values() if each.holdings.presignatures)
    first, second = next(iter(one.holdings.presignatures.values())).public.signers
    return key, first, second


def snapshot(cluster: Cluster, index: int) -> None:
    shutil.copytree(cluster.home / str(index), cluster.home / f"copy-{index}")


async def bring_back(cluster: Cluster, index: int) -> None:
    await cluster.stop(index)
    shutil.rmtree(cluster.home / str(index))
    shutil.copytree(cluster.home / f"copy-{index}", cluster.home / str(index))


async def test_snapshot__should_stop_its_operator_and_be_refused_by_the_others(
    make_cluster: MakeCluster,
) -> None:
    """The attack: whoever takes the machine back has it sign twice with one presignature."""
    cluster = await make_cluster(2, ALL, pool_level=2)
    key, signer, _ = await with_presignatures(cluster)
    await cluster.wait(1)
    snapshot(cluster, signer)
    before = set(cluster.operators[signer].holdings.presignatures)
    await cluster.sign(key, sha256(b"used").digest())
    used = before - set(cluster.operators[signer].holdings.presignatures)
    assert used
    await cluster.wait(1)
    await bring_back(cluster, signer)
    await cluster.start(signer)
    back = cluster.operators[signer]
    # It has the presignature again, and says nothing with it.
    assert used <= set(back.holdings.presignatures)
    await cluster.deliver()
    later = back.peers.memory.later
    assert later is not None
    assert later.count > back.holdings.single_use.count
    for index in set(ALL) - {signer}:
        assert cluster.operators[index].peers.standing.shunned() == {signer}
    steps = back.work.runner.steps
    request = cluster.ledger.ask_signature(key, sha256(b"again").digest())
    await cluster.until(lambda: request in cluster.ledger.fulfilled)
    assert back.work.runner.steps == steps


async def test_presignature_of_before__should_wait_for_as_many_answers_as_cannot_all_lie(
    make_cluster: MakeCluster,
) -> None:
    """The network is the attacker's as well, and keeps the honest from answering."""
    cluster = await make_cluster(2, ALL, pool_level=2)
    key, signer, other = await with_presignatures(cluster)
    (third,) = set(ALL) - {signer, other}
    cluster.cut(signer, third)
    await cluster.restart(signer)
    back = cluster.operators[signer]
    await cluster.deliver()
    old = back.holdings.from_before
    assert old
    assert not back.work._remembers()
    await cluster.sign(key, sha256(b"with a new one").digest())
    assert old <= set(back.holdings.presignatures)
    cluster.mend(signer, third)
    await cluster.until(back.work._remembers)
    digests = [sha256(bytes([number])).digest() for number in range(4)]
    await cluster.sign(key, *digests)
    await cluster.until(lambda: not old & set(back.holdings.presignatures))


async def test_heads__should_be_remembered_after_a_restart(make_cluster: MakeCluster) -> None:
    cluster = await make_cluster(2, ALL)
    await cluster.wait(KEPT_S + 1)
    await cluster.stop(2, 3)
    await cluster.restart(1)
    assert set(cluster.operators[1].peers.memory._known) == {2, 3}


async def test_member__should_not_stop_another_with_a_head_that_it_made_up(
    make_cluster: MakeCluster,
) -> None:
    cluster = await make_cluster(2, ALL)
    operator = cluster.operators[1]
    incarnation = operator.peers.incarnations[1]
    theirs = JournalHead(2, bytes([2]) * 16, 7, bytes(32))
    theirs = replace(theirs, signature=identity(2).sign(theirs.signed_bytes))
    forged = JournalHead(1, incarnation, 1_000_000, b"d" * 32)
    of_another = replace(forged, incarnation=INCARNATION)
    for shown in (
        replace(forged, signature=identity(2).sign(forged.signed_bytes)),
        replace(of_another, signature=identity(1).sign(of_another.signed_bytes)),
    ):
        operator.on_frame(2, Heads(theirs.encode(), (shown.encode(),)))
        assert operator.peers.memory.later is None
    genuine = replace(forged, signature=identity(1).sign(forged.signed_bytes))
    operator.on_frame(2, Heads(theirs.encode(), (genuine.encode(),)))
    assert operator.peers.memory.later == genuine


@pytest.mark.parametrize("restart", [False, True])
async def test_earlier_head__should_be_refused_and_an_earlier_incarnation_as_well(
    make_cluster: MakeCluster, restart: bool
) -> None:
    cluster = await make_cluster(2, ALL)

    def tells(incarnation: bytes, count: int) -> bool:
        """Whether operator 1 goes on with operator 2."""
        head = JournalHead(2, incarnation, count, bytes([count]) * 32)
        head = replace(head, signature=identity(2).sign(head.signed_bytes))
        cluster.operators[1].on_frame(2, Heads(head.encode(), ()))
        return 2 not in cluster.operators[1].peers.standing.shunned()

    assert tells(INCARNATION, 5)
    assert tells(INCARNATION, 5)
    assert tells(INCARNATION, 6)
    assert tells(b"o" * 16, 1)
    if restart:
        # Without operator 2, which would tell the truth.
        await cluster.stop(2)
        await cluster.wait(KEPT_S + 1)
        await cluster.restart(1)
    assert not tells(b"o" * 16, 0)
    cluster.operators[1].peers.standing.conduct.pardon(2)
    assert not tells(INCARNATION, 7)


async def test_execution_that_was_forgotten__should_not_be_joined_again(
    make_cluster: MakeCluster,
) -> None:
    """The attack: a machine is taken back to before it joined a long execution.

    Under its id it would sign other messages than it did, before an honest peer tells it anything.
    """
    cluster = await make_cluster(2, ALL, pool_level=1)
    joined: list[Proposal] = []
    refused: list[str] = []

    def carry(sender: int, recipient: int, frame: Frame) -> Iterable[bytes]:
        if isinstance(frame, Proposal) and frame.kind == WorkKind.PRESIGN and not joined:
            joined.append(frame)
            snapshot(cluster, recipient)
        if isinstance(frame, Refusal):
            refused.append(frame.reason)
        return [frame.encode()]

    cluster.deal(ECDSA)
    cluster.wire.carrier = carry
    cluster.give_aux()
    await cluster.until(
        lambda: bool(joined) and not any(cluster.running(WorkKind.PRESIGN).values())
    )
    (proposal,) = joined
    (victim,) = set(proposal.members) - {proposal.proposer}
    (honest,) = set(ALL) - set(proposal.members)
    cluster.cut(victim, honest)
    await bring_back(cluster, victim)
    await cluster.start(victim)
    back = cluster.operators[victim]
    back.on_frame(proposal.proposer, proposal)
    assert proposal not in back.work.runner.running()
    assert refused == [NOT_WITH]


async def test_restart__should_not_keep_a_member_from_what_begins_later(
    make_cluster: MakeCluster,
) -> None:
    cluster = await make_cluster(2, ALL, pool_level=1)
    key = cluster.deal(ECDSA)
    cluster.give_aux()
    for index in ALL:
        await cluster.restart(index)
        cluster.give_aux()
    await cluster.sign(key, sha256(b"after").digest())


async def test_head__should_go_with_the_share_that_used_something(
    make_cluster: MakeCluster,
) -> None:
    """Whoever gets the share can say that it was used, whatever becomes of the signer's machine."""
    cluster = await make_cluster(2, ALL, pool_level=1)
    key, _, _ = await with_presignatures(cluster)
    await cluster.wait(1)
    heard: list[tuple[float, int, int, str]] = []

    def carry(sender: int, recipient: int, frame: Frame) -> Iterable[bytes]:
        heard.append((cluster.clock.now, sender, recipient, type(frame).__name__))
        return [frame.encode()]

    cluster.wire.carrier = carry
    await cluster.sign(key, sha256(b"text").digest())
    shares = {each[:3] for each in heard if each[3] == "Said"}
    assert shares
    assert shares <= {each[:3] for each in heard if each[3] == "Heads"}


async def test_frame_that_may_linger__should_go_with_the_next() -> None:
    queue = FrameQueue(lambda: 0.0)
    queue.put(b"a head", linger=True)
    assert not queue.ready.is_set()
    queue.put(b"a share")
    assert queue.ready.is_set()
    assert queue.take() == (b"a head", b"a share")


async def test_pool_of_who_lost_its_part__should_be_filled_again(
    make_cluster: MakeCluster,
) -> None:
    """A restored operator has its shares and none of what was made ahead; the others still do.

    They called each of its proposals undue, because their pools were full, and it called each
    refusal an offence, until none worked with the other.
    """
    cluster = await make_cluster(2, ALL, pool_level=2)
    await with_presignatures(cluster)
    await cluster.wait(30)
    for victim in ALL:
        before = len(cluster.operators[victim].holdings.presignatures)
        await cluster.stop(victim)
        shutil.rmtree(cluster.home / str(victim) / "state" / "presignatures")
        await cluster.start(victim, incarnation=INCARNATION[:-1] + bytes([victim]))
        holdings = cluster.operators[victim].holdings
        await cluster.until(lambda: len(holdings.presignatures) >= before)  # noqa: B023
    for operator in cluster.operators.values():
        assert not operator.peers.standing.shunned()


async def test_member_that_loses_its_part_again_and_again__should_be_left_out(
    make_cluster: MakeCluster,
) -> None:
    """Each time the others make what was made ahead with it anew."""
    cluster = await make_cluster(2, ALL, pool_level=1)
    await with_presignatures(cluster)
    await cluster.wait(1)
    peers = cluster.operators[1].peers
    assert 2 in peers.usable()
    for number in range(6):
        peers.memory._judge(2, JournalHead(2, bytes([100 + number]) * 16, 0, bytes(32)))
    assert 2 not in peers.usable()
