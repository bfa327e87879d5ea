"""Wallets are children of roots: no key generation each, and nothing kept of them."""

from __future__ import annotations

from hashlib import sha256

import pytest
from coincurve import PublicKey, PublicKeyXOnly
from nacl.signing import VerifyKey

from tests.zrsign_operator.cluster import ED25519, TAPROOT, Cluster
from tests.zrsign_operator.conftest import MakeCluster
from zrsign_chains import taproot

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
