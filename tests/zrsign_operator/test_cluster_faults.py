"""A group of operators goes on though frames, links, memories and members get lost or cheat."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256

import pytest

from tests.zrsign_dmpc.ecdsa.parties import identity
from tests.zrsign_operator.cluster import Cluster
from tests.zrsign_operator.conftest import MakeCluster
from tests.zrsign_operator.fake_ledger import ECDSA, ED25519, KEYRING
from tests.zrsign_operator.test_cluster import ALL, DIGEST, holders_of_presignatures, verify
from zrsign_dmpc.ecdsa import Presignature
from zrsign_dmpc.ecdsa.batch_signing import SignatureShares
from zrsign_dmpc.run.messages import Message
from zrsign_operator.peers.blame import PAUSE_S
from zrsign_operator.peers.frames import Frame, Proposal, Refusal, Said, WorkKind
from zrsign_operator.work.agenda import PATIENCE_S
from zrsign_operator.work.limits import TIMEOUTS_S
from zrsign_operator.work.mixing import Mixing
from zrsign_operator.work.waiting import PARK_SHORTLY_S


def ready_for_the_next(cluster: Cluster, key: int) -> Presignature | None:
    """The presignature that the next request is signed with, once both signers have it."""
    info = cluster.held(1, key).share.info
    mixing = Mixing(key, info.threshold, tuple(info.shares))
    signers = tuple(sorted(mixing.circle(mixing.of(key + 1))[: info.threshold]))
    pools = [cluster.operators[i].holdings.presignatures for i in signers]
    found = (made for name, made in pools[0].items() if all(name in pool for pool in pools))
    return next((made for made in found if made.public.signers == signers), None)


# What gets lost


@pytest.mark.parametrize("seed", range(4))
async def test_broken_links__should_not_keep_a_key_from_being_made(
    make_cluster: MakeCluster, seed: int
) -> None:
    cluster = await make_cluster(2, ALL, seed=seed)
    spoken = 0

    def carry(sender: int, recipient: int, frame: Frame) -> Iterable[bytes]:
        """The link breaks in the middle of the first three executions."""
        nonlocal spoken
        spoken += isinstance(frame, Said)
        if isinstance(frame, Said) and spoken in (3, 8, 14):
            cluster.blink(sender, recipient)
        return [frame.encode()]

    cluster.wire.carrier = carry
    key = cluster.ledger.ask_key(ED25519)
    await cluster.until(lambda: key in cluster.ledger.known_keys)
    await cluster.until(lambda: cluster.holders(key) == set(ALL))
    (signature,) = await cluster.sign(key, DIGEST)
    verify(cluster, key, DIGEST, signature)
    assert spoken > 14


async def test_frames_twice__should_change_nothing(make_cluster: MakeCluster) -> None:
    cluster = await make_cluster(2, ALL)
    cluster.wire.carrier = lambda _, __, frame: [frame.encode()] * 2
    key = await cluster.key(ED25519)
    (signature,) = await cluster.sign(key, DIGEST)
    verify(cluster, key, DIGEST, signature)
    assert cluster.ledger.faults == []


async def test_lost_invitation__should_be_told_of(make_cluster: MakeCluster) -> None:
    """Who hears of an execution that it does not know says so: nobody waits for the time-out."""
    cluster = await make_cluster(2, ALL)
    key = cluster.deal(ED25519)
    await cluster.wait(1.0)
    lost: list[int] = []

    def carry(_: int, recipient: int, frame: Frame) -> Iterable[bytes]:
        if isinstance(frame, Proposal) and not lost:
            lost.append(recipient)
            return []
        return [frame.encode()]

    cluster.wire.carrier = carry
    request = cluster.ledger.ask_signature(key, DIGEST)
    took = await cluster.until(lambda: request in cluster.ledger.fulfilled)
    assert lost
    assert took <= 2 * PATIENCE_S
    # The one that was proposed first still runs at its proposer.
    assert any(cluster.running(WorkKind.FROST).values())
    took += await cluster.until(lambda: not any(cluster.running(WorkKind.FROST).values()))
    assert took < TIMEOUTS_S[WorkKind.FROST]
    assert cluster.wire.sent["Refusal"] > 0


async def test_restart__should_forget_no_key_and_use_no_presignature_twice(
    make_cluster: MakeCluster,
) -> None:
    cluster = await make_cluster(2, ALL, pool_level=1)
    cluster.give_aux()
    key = cluster.deal(ECDSA)
    await cluster.until(lambda: ready_for_the_next(cluster, key) is not None)
    made = ready_for_the_next(cluster, key)
    assert made is not None
    name, (signer, other) = made.public.id, made.public.signers
    shares: list[bytes] = []

    def carry(sender: int, _: int, frame: Frame) -> Iterable[bytes]:
        """The signers' shares leave, and reach nobody."""
        if isinstance(frame, Said):
            shares.append(frame.data)
            return []
        return [frame.encode()]

    cluster.wire.carrier = carry
    request = cluster.ledger.ask_signature(key, DIGEST)
    await cluster.until(lambda: len(shares) == 2)
    cluster.wire.carrier = None
    for index in (signer, other):
        await cluster.restart(index)
        holdings = cluster.operators[index].holdings
        assert name not in holdings.presignatures
        assert holdings.single_use.is_consumed("presignature", name)
    await cluster.until(lambda: request in cluster.ledger.fulfilled)
    verify(cluster, key, DIGEST, cluster.ledger.fulfilled[request])


async def test_answer__should_be_given_again_after_a_restart(make_cluster: MakeCluster) -> None:
    cluster = await make_cluster(2, ALL)
    for node in cluster.nodes.values():
        node.down = True
    key = cluster.ledger.ask_key(ED25519)
    for node in cluster.nodes.values():
        node.down = False
    for operator in cluster.operators.values():
        await operator.look()
    for node in cluster.nodes.values():
        node.down = True
    await cluster.until(lambda: cluster.holders(key) == set(ALL))
    # Nobody could tell the ledger, and what was to be told is not on the disk.
    assert key in cluster.ledger.keys
    for index in ALL:
        cluster.nodes[index].down = False
        await cluster.restart(index)
    await cluster.until(lambda: key in cluster.ledger.known_keys)
    await cluster.until(lambda: len(cluster.ledger.epochs) == len(ALL), 400.0)
    assert cluster.ledger.known_keys[key].public_key == cluster.held(1, key).public_key


async def test_lost_memory__should_be_noticed_by_the_peers(make_cluster: MakeCluster) -> None:
    """A proposal that names the memory of before is worth nothing."""
    cluster = await make_cluster(2, ALL)
    await cluster.stop(3)
    await cluster.start(3, incarnation=b"another memory  ")
    key = cluster.deal(ED25519, "after")
    await cluster.stop(1)
    (signature,) = await cluster.sign(key, DIGEST)
    verify(cluster, key, DIGEST, signature)


# Members who do not take part


async def test_member_that_is_behind__should_join_when_it_sees_the_request(
    make_cluster: MakeCluster,
) -> None:
    cluster = await make_cluster(2, ALL)
    key = cluster.deal(ED25519)
    await cluster.wait(1.0)
    request = cluster.ledger.ask_signature(key, DIGEST)
    signers = [i for i in ALL if i != 3]
    await cluster.stop(3)
    cluster.nodes[signers[0]].hidden.add(request)
    await cluster.wait(PARK_SHORTLY_S - 1.0)
    assert request not in cluster.ledger.fulfilled
    assert cluster.wire.sent["Refusal"] == 0
    cluster.nodes[signers[0]].hidden.clear()
    assert await cluster.until(lambda: request in cluster.ledger.fulfilled) <= 1.0


async def test_member_that_refuses__should_be_done_without(make_cluster: MakeCluster) -> None:
    """It never sees the request: after some refusals others sign."""
    cluster = await make_cluster(2, ALL)
    key = cluster.deal(ED25519)
    await cluster.wait(1.0)
    request = cluster.ledger.ask_signature(key, DIGEST)
    cluster.nodes[2].hidden.add(request)
    refusals: list[str] = []

    def carry(sender: int, _: int, frame: Frame) -> Iterable[bytes]:
        if isinstance(frame, Refusal) and sender == 2:
            refusals.append(frame.reason)
        return [frame.encode()]

    cluster.wire.carrier = carry
    await cluster.until(lambda: request in cluster.ledger.fulfilled)
    verify(cluster, key, DIGEST, cluster.ledger.fulfilled[request])
    reason = f"signature request {request} is not open and approved here"
    assert reason in refusals


async def test_silent_member__should_be_done_without(make_cluster: MakeCluster) -> None:
    cluster = await make_cluster(2, ALL)
    key = cluster.deal(ED25519)
    await cluster.wait(1.0)
    muted: set[int] = set()

    def carry(sender: int, recipient: int, frame: Frame) -> Iterable[bytes]:
        if isinstance(frame, Proposal) and not muted:
            muted.add(recipient)
        return [] if sender in muted else [frame.encode()]

    cluster.wire.carrier = carry
    request = cluster.ledger.ask_signature(key, DIGEST)
    await cluster.until(lambda: bool(muted))
    (silent,) = muted
    cluster.silence(silent)
    took = await cluster.until(lambda: request in cluster.ledger.fulfilled)
    assert took <= 2 * PATIENCE_S
    # Its links are new: it counts again, though nothing pardoned it.
    for other in ALL:
        if other != silent:
            assert silent not in cluster.operators[other].peers.usable()
    cluster.silence(silent, mute=False)
    muted.clear()
    cluster.wire.carrier = None
    await cluster.wait(PAUSE_S + 1.0)
    for other in ALL:
        assert silent in cluster.operators[other].peers.usable()


async def test_cheat__should_be_caught_reported_and_left_out_until_pardoned(
    make_cluster: MakeCluster,
) -> None:
    cluster = await make_cluster(2, (1, 2, 3, 4), pool_level=1)
    cluster.give_aux()
    key = cluster.deal(ECDSA)
    await cluster.until(lambda: ready_for_the_next(cluster, key) is not None)
    made = ready_for_the_next(cluster, key)
    assert made is not None
    victim, cheat = made.public.signers

    def carry(sender: int, _: int, frame: Frame) -> Iterable[bytes]:
        """The cheat signs another share than the protocol says."""
        if sender == cheat and isinstance(frame, Said):
            return [replace(frame, data=forged(frame.data, cheat)).encode()]
        return [frame.encode()]

    cluster.wire.carrier = carry
    request = cluster.ledger.ask_signature(key, DIGEST)
    await cluster.until(lambda: bool(cluster.ledger.faults))
    (fault,) = {(f.culprit, f.protocol, f.keyring) for f in cluster.ledger.faults}
    assert fault == (cheat, "ecdsa", KEYRING)
    assert made.public.id not in cluster.operators[victim].holdings.presignatures
    assert cheat not in cluster.operators[victim].peers.usable()
    assert cluster.operators[victim].status()["guilty"] == [cheat]
    cluster.wire.carrier = None
    await cluster.until(lambda: request in cluster.ledger.fulfilled)
    verify(cluster, key, DIGEST, cluster.ledger.fulfilled[request])
    # A restart does not help the cheat, and the ledger is told once.
    await cluster.restart(victim)
    assert cheat not in cluster.operators[victim].peers.usable()
    cluster.ledger.pardon(cheat)
    await cluster.until(lambda: cheat in cluster.operators[victim].peers.usable())
    assert len(cluster.ledger.faults) == 1


def forged(data: bytes, by: int) -> bytes:
    """A signed message with another share inside, signed as well."""
    message = Message.decode(data)
    shares = SignatureShares.decode(message.body)
    other = replace(shares, sigmas=(shares.sigmas[0] ^ 1, *shares.sigmas[1:]))
    changed = replace(message, body=other.encode(), signature=b"")
    return replace(changed, signature=identity(by).sign(changed.signed_bytes)).encode()


async def test_last_word_of_a_presigning__should_not_be_kept_from_some(
    make_cluster: MakeCluster,
) -> None:
    """Who got it passes it on: else the one without a presignature would be blamed for refusing."""
    cluster = await make_cluster(3, ALL, pool_level=1)
    cluster.give_aux()
    key = cluster.deal(ECDSA)
    withheld = 0

    def carry(sender: int, recipient: int, frame: Frame) -> Iterable[bytes]:
        """Operator 3 tells operator 1 alone that a presigning went well."""
        nonlocal withheld
        last = isinstance(frame, Said) and says_verdict_of(frame.data, 3)
        if sender == 3 and recipient == 2 and last:
            withheld += 1
            return []
        return [frame.encode()]

    cluster.wire.carrier = carry
    for number in range(3):
        await cluster.until(lambda: holders_of_presignatures(cluster) == 3)
        (signature,) = await cluster.sign(key, sha256(bytes([number])).digest())
        verify(cluster, key, sha256(bytes([number])).digest(), signature)
    assert withheld >= 3
    assert cluster.ledger.faults == []
    for operator in cluster.operators.values():
        assert operator.peers.standing.conduct.describe() == {}
        assert operator.peers.standing.left_out() == set()


def says_verdict_of(data: bytes, sender: int) -> bool:
    """Whether this is the last message of a presigning, by this party."""
    message = Message.decode(data)
    return message.sender == sender and message.round == 4


async def test_store__should_count_as_broken_when_a_keys_journal_cannot_be_written(
    make_cluster: MakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = await make_cluster(2, ALL)
    cluster.give_aux()
    key = cluster.deal(ED25519)
    holdings = cluster.operators[1].holdings

    def full(_: bytes) -> None:
        raise OSError("no space is left")

    monkeypatch.setattr(cluster.held(1, key).folder._journal, "_write", full)
    assert not holdings.is_broken
    cluster.ledger.order_refresh()
    cluster.give_aux()
    await cluster.until(lambda: holdings.is_broken)
    assert cluster.held(1, key).share.info.epoch == 0
