"""Wallets are children of roots: no key generation each, and nothing kept of them."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from coincurve import PublicKey, PublicKeyXOnly
from nacl.signing import VerifyKey

from tests.zrsign_operator.cluster import Cluster
from tests.zrsign_operator.conftest import MakeCluster
from tests.zrsign_operator.fake_ledger import BITCOIN, ECDSA, ED25519, TAPROOT
from zrsign_chains import taproot
from zrsign_operator.ledger.answers import LINGER_S

ALL = (1, 2, 3)
DIGEST = sha256(b"text").digest()


def verify(cluster: Cluster, key: int, message: bytes, signature: bytes) -> None:
    """Under the ledger's key, by libraries that know no threshold and no root."""
    shown = cluster.ledger.known_keys[key]
    if shown.type == ED25519:
        VerifyKey(shown.public_key).verify(message, signature)
    elif shown.type == TAPROOT:
        output = taproot.output_key(shown.public_key[1:])
        assert PublicKeyXOnly(output).verify(signature, message)
    else:
        found = PublicKey.from_signature_and_message(signature, message, hasher=None)
        assert found.format() == shown.public_key


@pytest.mark.parametrize("key_type", [ED25519, TAPROOT])
async def test_wallet__should_be_a_child_and_sign(make_cluster: MakeCluster, key_type: str) -> None:
    cluster = await make_cluster(2, ALL, roots=1)
    first, second = await cluster.wallet(key_type), await cluster.wallet(key_type)
    made = cluster.wire.sent["Proposal"]
    keys = {cluster.ledger.known_keys[id_].public_key for id_ in (first, second)}
    assert len(keys) == 2
    for id_ in (first, second):
        (signature,) = await cluster.sign(id_, DIGEST)
        verify(cluster, id_, DIGEST, signature)
    third = await cluster.wallet(key_type)
    assert cluster.ledger.known_keys[third].public_key not in keys
    assert cluster.wire.sent["Proposal"] - made == 2
    for operator in cluster.operators.values():
        assert {held.ledger_key for held in operator.holdings.all_keys()} == set(
            cluster.ledger.active
        )


async def test_pool_of_a_root__should_serve_all_its_children(make_cluster: MakeCluster) -> None:
    """Wallets of both key types, and a second one, from presignatures that knew none of them."""
    cluster = await make_cluster(2, ALL, roots=1, pool_level=9)
    cluster.give_aux()
    await cluster.until(lambda: all(len(p) == 6 for p in pools(cluster)))
    presignings = cluster.wire.sent["Proposal"]
    wallets = [await cluster.wallet(each) for each in (ECDSA, BITCOIN, ECDSA)]
    asked = {cluster.ledger.ask_signature(id_, DIGEST): id_ for id_ in wallets}
    await cluster.until(lambda: set(asked) <= set(cluster.ledger.fulfilled))
    for request, id_ in asked.items():
        verify(cluster, id_, DIGEST, cluster.ledger.fulfilled[request])
    assert cluster.wire.sent["Proposal"] == presignings + 1
    assert len(cluster.ledger.active) == len({ECDSA, ED25519, TAPROOT})


def pools(cluster: Cluster) -> list[set[bytes]]:
    return [set(operator.holdings.presignatures) for operator in cluster.operators.values()]


async def test_refresh__should_renew_all_wallets_with_their_roots(
    make_cluster: MakeCluster,
) -> None:
    cluster = await make_cluster(2, ALL, roots=1)
    cluster.give_aux()
    wallets = [await cluster.wallet(ED25519) for _ in range(5)]
    keys = [cluster.ledger.known_keys[id_].public_key for id_ in wallets]
    root = cluster.ledger.root(ED25519)
    before = cluster.held(1, root).share.secret
    cluster.ledger.order_refresh()
    cluster.give_aux()
    await cluster.until(lambda: set(cluster.epochs(root).values()) == {1})
    await cluster.until(lambda: len(cluster.ledger.epochs) == len(ALL) * len(cluster.ledger.active))
    assert cluster.held(1, root).share.secret != before
    for id_, key in zip(wallets, keys, strict=True):
        (signature,) = await cluster.sign(id_, DIGEST)
        VerifyKey(key).verify(DIGEST, signature)


async def test_member_that_was_away__should_be_dealt_the_root(make_cluster: MakeCluster) -> None:
    cluster = await make_cluster(2, ALL, roots=1, absent=1)
    await cluster.stop(3)
    wallet = await cluster.wallet(ED25519)
    cluster.give_aux()
    await cluster.start(3)
    cluster.give_aux()
    root = cluster.ledger.root(ED25519)
    await cluster.until(lambda: cluster.holders(root) == set(ALL))
    await cluster.stop(1)
    (signature,) = await cluster.sign(wallet, DIGEST)
    verify(cluster, wallet, DIGEST, signature)


async def test_own_key__should_still_have_a_key_generation_of_its_own(
    make_cluster: MakeCluster,
) -> None:
    cluster = await make_cluster(2, ALL, roots=1)
    own = await cluster.key(ED25519)
    assert own in {held.ledger_key for held in cluster.operators[1].holdings.all_keys()}
    (signature,) = await cluster.sign(own, DIGEST)
    verify(cluster, own, DIGEST, signature)


async def test_keys_of_before__should_stay_what_they_are(make_cluster: MakeCluster) -> None:
    """The group wants roots from now on."""
    cluster = await make_cluster(2, ALL)
    old = await cluster.key(ED25519)
    waiting = cluster.ledger.ask_key(ED25519)
    cluster.ledger.want_roots(1)
    new = await cluster.wallet(ED25519)
    await cluster.until(lambda: waiting in cluster.ledger.known_keys)
    assert cluster.holders(old) == cluster.holders(waiting) == set(ALL)
    assert cluster.holders(new) == set()
    for id_ in (old, waiting, new):
        (signature,) = await cluster.sign(id_, DIGEST)
        verify(cluster, id_, DIGEST, signature)


@pytest.mark.parametrize("key_type", [ED25519, ECDSA])
async def test_wallet_that_is_another_child__should_not_be_signed_for(
    make_cluster: MakeCluster, key_type: str
) -> None:
    """The ledger's node shows a key that this root has no such child of."""
    cluster = await make_cluster(2, ALL, roots=1, pool_level=2)
    cluster.give_aux()
    wallet, other = await cluster.wallet(key_type), await cluster.wallet(key_type)
    shown = cluster.ledger.known_keys
    shown[wallet].public_key = shown[other].public_key
    request = cluster.ledger.ask_signature(wallet, DIGEST)
    await cluster.wait(5.0)
    assert request not in cluster.ledger.fulfilled
    (signature,) = await cluster.sign(other, DIGEST)
    verify(cluster, other, DIGEST, signature)


async def test_root__should_outlive_a_restart_of_everybody(make_cluster: MakeCluster) -> None:
    cluster = await make_cluster(2, ALL, roots=1)
    first = await cluster.wallet(TAPROOT)
    for index in ALL:
        await cluster.restart(index)
    second = await cluster.wallet(TAPROOT)
    for id_ in (first, second):
        (signature,) = await cluster.sign(id_, DIGEST)
        verify(cluster, id_, DIGEST, signature)
    assert len(cluster.ledger.active) == 3


async def test_wallets__should_leave_nothing_at_the_operators(make_cluster: MakeCluster) -> None:
    """No file, no descriptor, no inventory, however many there are."""
    cluster = await make_cluster(2, ALL, roots=1)
    await cluster.wallet(ECDSA)
    await cluster.until(lambda: len(cluster.ledger.active) == 3)

    def kept() -> tuple[int, int, list[int]]:
        files = sum(path.is_file() for path in cluster.home.rglob("*"))
        held = [len(list(o.holdings.all_keys())) for o in cluster.operators.values()]
        return files, len(list(Path("/proc/self/fd").iterdir())), held

    before, said = kept(), sum(cluster.wire.sent.values())
    asked = [cluster.ledger.ask_key(each) for each in (ECDSA, ED25519, TAPROOT) for _ in range(50)]
    await cluster.until(lambda: set(asked) <= set(cluster.ledger.known_keys))
    assert kept() == before
    assert sum(cluster.wire.sent.values()) == said
    await cluster.wait(1.0)
    for operator in cluster.operators.values():
        assert not any(operator.outbox.has_answered(("key", id_)) for id_ in asked)


async def test_key_request__should_be_answered_by_as_many_as_sign(
    make_cluster: MakeCluster,
) -> None:
    cluster = await make_cluster(2, ALL, roots=1)
    await cluster.wallet(ED25519)
    cluster.ledger.party_threshold = 3
    asked = cluster.ledger.ask_key(ED25519)
    answers = cluster.ledger.keys[asked].keyring_party_signatures
    await cluster.until(lambda: len(answers) == 2)
    # It stays open, so the third one answers as well.
    began = cluster.clock.now
    await cluster.until(lambda: asked in cluster.ledger.known_keys)
    assert cluster.clock.now - began > LINGER_S - 0.1


async def test_key_request__should_not_wait_for_who_is_away(make_cluster: MakeCluster) -> None:
    cluster = await make_cluster(2, ALL, roots=1)
    await cluster.wallet(ED25519)
    await cluster.stop(2)
    await cluster.until(lambda: cluster.operators[1].peers.usable() == {1, 3})
    for _ in range(3):
        began = cluster.clock.now
        await cluster.wallet(ED25519)
        assert cluster.clock.now - began < LINGER_S
