"""A group of operators makes keys, signs, and gets over what happens to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from hashlib import sha256

import pytest
from coincurve import PublicKey, PublicKeyXOnly
from nacl.signing import VerifyKey

from tests.zrsign_operator.cluster import Cluster
from tests.zrsign_operator.conftest import MakeCluster
from tests.zrsign_operator.fake_ledger import ECDSA, ED25519, TAPROOT
from zrsign_operator.keys.held import HeldKey
from zrsign_operator.keys.inventories import LACKING_S
from zrsign_operator.peers.conduct import LIMIT, PRICES, Offence
from zrsign_operator.peers.frames import Frame, Inventory, Proposal, Stock, WorkKind

ALL = (1, 2, 3)
DIGEST, ANOTHER = sha256(b"text").digest(), sha256(b"another text").digest()


def verify(cluster: Cluster, key: int, message: bytes, signature: bytes) -> None:
    """By a library that has nothing to do with ours."""
    shown = cluster.ledger.known_keys[key]
    match shown.type:
        case "KEY_TYPE_EDDSA_ED25519":
            VerifyKey(shown.public_key).verify(message, signature)
        case "KEY_TYPE_ECDSA_SECP256K1":
            found = PublicKey.from_signature_and_message(signature, message, hasher=None)
            assert found.format() == shown.public_key
        case _:
            held = next(iter(cluster.operators.values())).holdings.key(key)
            assert held is not None
            output = held.signing.info.public_key.encode()[1:]
            assert PublicKeyXOnly(output).verify(signature, message)


def holders_of_presignatures(cluster: Cluster) -> int:
    return sum(bool(each.holdings.presignatures) for each in cluster.operators.values())


# The road


@pytest.mark.parametrize("key_type", [ED25519, TAPROOT, ECDSA])
async def test_group__should_make_a_key_and_sign_with_it(
    make_cluster: MakeCluster, key_type: str
) -> None:
    cluster = await make_cluster(2, ALL)
    if key_type == ECDSA:
        cluster.give_aux()
    key = await cluster.key(key_type)
    shown = cluster.ledger.known_keys[key].public_key
    assert {cluster.held(i, key).public_key for i in ALL} == {shown}
    (signature,) = await cluster.sign(key, DIGEST)
    verify(cluster, key, DIGEST, signature)
    # Every operator told in which epoch it holds the key.
    assert {(at, said.epoch) for (at, _), said in cluster.ledger.epochs.items()} == {(key, 0)}
    assert len(cluster.ledger.epochs) == len(ALL)


async def test_group__should_begin_with_nothing_but_primes(make_cluster: MakeCluster) -> None:
    cluster = await make_cluster(2, ALL, primes=True, pool_level=2)
    key = cluster.ledger.ask_key(ECDSA)
    await cluster.until(lambda: cluster.holders(key) == set(ALL))
    for operator in cluster.operators.values():
        assert set(operator.holdings.aux[-1].public.paillier) == set(ALL)

    def ready(index: int) -> int:
        return len(cluster.operators[index].holdings.presignatures)

    await cluster.until(lambda: all(ready(i) == 2 for i in ALL))
    (signature,) = await cluster.sign(key, DIGEST)
    verify(cluster, key, DIGEST, signature)
    # The pool is filled again.
    await cluster.until(lambda: all(ready(i) == 2 for i in ALL))


@pytest.mark.parametrize("key_type", [ED25519, ECDSA])
async def test_requests__should_be_signed_together_and_each_its_own_text(
    make_cluster: MakeCluster, key_type: str
) -> None:
    cluster = await make_cluster(2, ALL, pool_level=9 if key_type == ECDSA else 0)
    cluster.give_aux()
    key = cluster.deal(key_type)
    await cluster.wait(10.0)
    batches: list[tuple[int, ...]] = []
    cluster.wire.carrier = partial(watch, batches)
    texts = [sha256(bytes([number])).digest() for number in range(3)]
    for text, signature in zip(texts, await cluster.sign(key, *texts), strict=True):
        verify(cluster, key, text, signature)
    assert [len(batch) for batch in batches] == [3]


async def test_requests_of_several_keys__should_have_one_presigning_each(
    make_cluster: MakeCluster,
) -> None:
    """They wait for auxiliary information first, so that it is everybody's turn meanwhile."""
    cluster = await make_cluster(2, ALL, primes=True, seed=3)
    keys = [cluster.deal(ECDSA), cluster.deal(ECDSA, "another")]
    presignings: dict[bytes, tuple[int, ...]] = {}

    def notice(_: int, __: int, frame: Frame) -> Iterable[bytes]:
        if isinstance(frame, Proposal) and frame.kind == WorkKind.PRESIGN:
            presignings[frame.execution_id] = frame.subjects
        return [frame.encode()]

    cluster.wire.carrier = notice
    asked = {
        cluster.ledger.ask_signature(key, text): key for key in keys for text in (DIGEST, ANOTHER)
    }
    await cluster.until(lambda: set(asked) <= set(cluster.ledger.fulfilled))
    assert Counter(presignings.values()) == Counter((key,) for key in asked.values())


def watch(batches: list[tuple[int, ...]], _: int, __: int, frame: Frame) -> Iterable[bytes]:
    if isinstance(frame, Proposal) and frame.kind in (WorkKind.ECDSA, WorkKind.FROST):
        batches.append(frame.subjects)
    return [frame.encode()]


def overhear(
    heard: list[tuple[int, int, str]], sender: int, recipient: int, frame: Frame
) -> Iterable[bytes]:
    heard.append((sender, recipient, type(frame).__name__))
    return [frame.encode()]


async def test_same_seed__should_give_the_same_run(make_cluster: MakeCluster) -> None:
    """As far as who says what to whom when: nonces and shares are fresh."""
    runs = []
    for name in ("one", "another"):
        cluster = await make_cluster(2, ALL, seed=7, name=name)
        heard: list[tuple[int, int, str]] = []
        cluster.wire.carrier = partial(overhear, heard)
        key = await cluster.key(ED25519)
        await cluster.sign(key, DIGEST, ANOTHER)
        runs.append((cluster.clock.now, heard))
    assert runs[0] == runs[1]


# New shares


async def test_refresh__should_renew_every_key_and_drop_what_was_made_ahead(
    make_cluster: MakeCluster,
) -> None:
    cluster = await make_cluster(2, ALL, pool_level=1)
    cluster.give_aux()
    keys = [cluster.deal(ECDSA), cluster.deal(ED25519)]
    await cluster.until(lambda: any(o.holdings.presignatures for o in cluster.operators.values()))
    old = {n for o in cluster.operators.values() for n in o.holdings.presignatures}
    shares = {(i, key): cluster.held(i, key).share.secret for i in ALL for key in keys}
    cluster.ledger.order_refresh()
    cluster.give_aux()
    await cluster.until(lambda: all(set(cluster.epochs(k).values()) == {1} for k in keys))
    for i in ALL:
        assert not old & set(cluster.operators[i].holdings.presignatures)
        assert all(cluster.held(i, key).share.secret != shares[i, key] for key in keys)
    for key in keys:
        (signature,) = await cluster.sign(key, DIGEST)
        verify(cluster, key, DIGEST, signature)
    told = cluster.ledger.epochs.values()
    assert {(said.key_id, said.epoch, said.refresh) for said in told} == {(k, 1, 1) for k in keys}


async def test_new_group__should_get_shares_and_sign_without_the_old_one(
    make_cluster: MakeCluster,
) -> None:
    cluster = await make_cluster(2, ALL)
    key = cluster.deal(ED25519)
    await cluster.deliver()
    cluster.ledger.set_group(3, (2, 3, 4, 5))
    await cluster.start(4, 5)
    cluster.give_aux()
    await cluster.until(lambda: cluster.holders(key) == {2, 3, 4, 5})
    assert set(cluster.epochs(key).values()) == {1}
    assert {cluster.held(i, key).share.info.threshold for i in (2, 3, 4, 5)} == {3}
    await cluster.stop(1, 2)
    (signature,) = await cluster.sign(key, DIGEST)
    verify(cluster, key, DIGEST, signature)


async def test_member_without_a_share__should_be_dealt_one(make_cluster: MakeCluster) -> None:
    """It was away when the key was made; nobody ordered anything."""
    cluster = await make_cluster(2, ALL, absent=1)
    cluster.give_aux()
    await cluster.stop(3)
    key = cluster.ledger.ask_key(ED25519)
    await cluster.until(lambda: cluster.holders(key) == {1, 2})
    await cluster.start(3)
    await cluster.until(lambda: cluster.holders(key) == set(ALL))
    assert set(cluster.epochs(key).values()) == {1}


async def test_share_that_was_lost__should_be_dealt_anew(make_cluster: MakeCluster) -> None:
    cluster = await make_cluster(2, ALL)
    key = cluster.deal(ED25519)
    cluster.give_aux()
    await cluster.deliver()
    cluster.operators[3].holdings.erase(cluster.held(3, key).folder)
    await cluster.restart(3)
    took = await cluster.until(lambda: cluster.holders(key) == set(ALL))
    assert took >= LACKING_S
    assert set(cluster.epochs(key).values()) == {1}


async def test_share_that_is_lost_for_a_living__should_have_a_consequence(
    make_cluster: MakeCluster,
) -> None:
    """The attack: a member says that it has no share, and gets one, again and again."""
    cluster = await make_cluster(2, ALL)
    key = cluster.deal(ED25519)
    cluster.give_aux()
    await cluster.deliver()

    def loses(sender: int, _: int, frame: Frame) -> tuple[bytes, ...]:
        if sender == 3 and isinstance(frame, Inventory):
            frame = Inventory((), frame.aux)
        return (frame.encode(),)

    def is_due(_: HeldKey) -> bool:
        return cluster.operators[1].work.outlook.is_due(cluster.held(1, key))

    cluster.operators[3].work.outlook.is_due = is_due  # type: ignore[method-assign, assignment]
    cluster.wire.carrier = loses
    cluster.blink(1, 3)
    cluster.blink(2, 3)

    def shunned() -> list[set[int]]:
        return [cluster.operators[i].peers.standing.shunned() for i in (1, 2)]

    await cluster.until(lambda: {3} in shunned(), 60 * LACKING_S)
    epochs = cluster.epochs(key)
    # The first loss may be a disk's; then it had as many as its debt allows.
    assert 2 <= epochs[1] <= 2 + LIMIT / PRICES[Offence.LOST]
    await cluster.wait(1.5 * LACKING_S)
    assert cluster.epochs(key) == epochs
    await cluster.sign(key, b"without it")


# What the ledger says


async def test_request_that_must_not_be_signed__should_be_refused_on_the_ledger(
    make_cluster: MakeCluster,
) -> None:
    cluster = await make_cluster(2, ALL)
    key = cluster.deal(ED25519)
    cluster.ledger.known_keys[key].type = ECDSA
    request = cluster.ledger.ask_signature(key, b"not 32 bytes")
    await cluster.until(lambda: len(cluster.ledger.rejected[request]) == len(ALL))
    assert cluster.wire.sent["Proposal"] == 0


async def test_answer_of_one_party__should_be_joined_by_another(make_cluster: MakeCluster) -> None:
    """One signer is gone with its answer untold: the ledger shows the other's."""
    cluster = await make_cluster(2, ALL)
    key = cluster.deal(ED25519)
    await cluster.wait(1.0)
    cluster.ledger.party_threshold = 3
    (signature,) = await cluster.sign(key, DIGEST)
    verify(cluster, key, DIGEST, signature)


async def test_key_that_lost_a_race__should_be_erased(make_cluster: MakeCluster) -> None:
    cluster = await make_cluster(2, ALL)
    key = cluster.deal(ED25519)
    await cluster.wait(2.0)
    assert cluster.holders(key) == set(ALL)
    cluster.ledger.known_keys[key].public_key = b"p" * 32
    for index in ALL:
        await cluster.restart(index)
    await cluster.until(lambda: not cluster.holders(key))
    assert not list(cluster.home.glob("*/state/keys/*"))


async def test_share_of_an_ended_epoch__should_be_erased(make_cluster: MakeCluster) -> None:
    """Operator 3 comes back with the share of before, as from a copy of its disk."""
    cluster = await make_cluster(2, ALL)
    cluster.give_aux()
    key = cluster.deal(ED25519)
    await cluster.wait(1.0)
    behind = cluster.held(3, key).share
    cluster.ledger.order_refresh()
    cluster.give_aux()
    await cluster.until(lambda: set(cluster.epochs(key).values()) == {1})
    folder = cluster.held(3, key).folder
    made_by = replace(folder.order(1), kind=WorkKind.KEYGEN, details=cluster.target(1, 0))
    cluster.operators[3].holdings.erase(folder)
    scheme = folder.scheme
    cluster.operators[3].holdings.adopt(key, 3, scheme, behind, made_by)
    await cluster.until(lambda: cluster.holders(key) == {1, 2})
    await cluster.until(lambda: cluster.holders(key) == set(ALL))
    assert len({cluster.held(i, key).share.info.key_id for i in ALL}) == 1


# Nonces


async def test_nonces__should_be_published_before_they_run_out(make_cluster: MakeCluster) -> None:
    cluster = await make_cluster(2, ALL)
    key = cluster.deal(ED25519)
    await cluster.wait(1.0)
    published = cluster.wire.sent["Stock"]
    for number in range(5):
        texts = [sha256(bytes([number, place])).digest() for place in range(8)]
        await cluster.sign(key, *texts)
    assert cluster.wire.sent["Stock"] > published


async def test_operator_that_got_a_key_late__should_be_shown_the_nonces_of_before(
    make_cluster: MakeCluster,
) -> None:
    cluster = await make_cluster(2, ALL)
    key = cluster.deal(ED25519)
    await cluster.wait(1.0)
    held = cluster.held(3, key)
    assert set(held.offered) == {1, 2}
    heard: list[int] = []

    def carry(sender: int, recipient: int, frame: Frame) -> Iterable[bytes]:
        if isinstance(frame, Stock) and recipient == 3:
            heard.append(sender)
        return [frame.encode()]

    cluster.wire.carrier = carry
    cluster.blink(1, 3)
    assert set(held.offered) == {2}
    await cluster.deliver()
    assert heard == [1]
    assert set(held.offered) == {1, 2}
