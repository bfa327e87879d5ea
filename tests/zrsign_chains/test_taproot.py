"""Taproot keys: BIP-86 output keys, BIP-340 signatures of the key path, wallets of their own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zrsign_chains.builders import ALICE, BOB, REGTEST, Secp256k1Key, bitcoin_intent, coin
from zrsign_chains import (
    BadSignature,
    Intent,
    IntentMismatch,
    KeyAlgorithm,
    MalformedKey,
    MalformedTransaction,
    taproot,
)
from zrsign_chains.bitcoin import BitcoinChain, TxOutput
from zrsign_chains.keys import validate_public_key, verify_signature

TAPROOT = KeyAlgorithm.TAPROOT_SECP256K1
CHAIN = BitcoinChain(REGTEST, taproot=True)
DIGEST = bytes([5] * 32)

digests = st.binary(min_size=32, max_size=32)
keys = st.binary(min_size=32, max_size=32).map(lambda seed: Secp256k1Key(b"\x01" + seed[1:]))


def test_key_path_signature__should_be_that_of_bip341() -> None:
    """wallet-test-vectors.json, keyPathSpending, input 0."""
    secret = "6b973d88838f27366ed61c9ad6367663045cb456e28335c109e30717ae0c6baa"
    digest = bytes.fromhex("2514a6272f85cfa0f45eb907fcb0d121b808ed37c6ea160a5a9046ed5526d555")
    signature = bytes.fromhex(
        "ed7c1647cb97379e76892be0cacff57ec4a7102aa24296ca39af7541246d8ff1"
        "4d38958d4cc1e2e478e4d4a764bbfd835b16d4e314b72937b29833060b87276c"
    )
    key = Secp256k1Key(bytes.fromhex(secret)).public_key
    assert key[1:].hex() == "d6889cb081036e0faefa3a35157ad71086b123b2b144b649798b494c300a961d"
    taproot.verify(key, digest, signature)


@given(keys, digests)
def test_signature__should_verify_under_the_output_key_only(
    key: Secp256k1Key, digest: bytes
) -> None:
    signature = key.sign_taproot(digest)
    verify_signature(TAPROOT, key.public_key, digest, signature)
    negated = bytes([key.public_key[0] ^ 1]) + key.public_key[1:]
    verify_signature(TAPROOT, negated, digest, signature)
    with pytest.raises(BadSignature, match="does not verify"):
        verify_signature(TAPROOT, BOB.public_key, digest, signature)
    with pytest.raises(BadSignature, match="does not verify"):
        verify_signature(TAPROOT, b"\x02" + key.p2tr[2:], digest, signature)


@pytest.mark.parametrize(
    ("digest", "signature", "why"),
    [
        (DIGEST, ALICE.sign(DIGEST)[:64], "does not verify"),
        (DIGEST, bytes(64), "does not verify"),
        (DIGEST, b"\xff" * 64, "does not verify"),
        (bytes(32), ALICE.sign_taproot(DIGEST), "does not verify"),
        (DIGEST, ALICE.sign(DIGEST), "64 bytes, not 65"),
        (DIGEST, ALICE.sign_taproot(DIGEST) + b"\x01", "64 bytes, not 65"),
        (DIGEST, ALICE.sign_taproot(DIGEST)[:63], "64 bytes, not 63"),
        (DIGEST, b"", "64 bytes, not 0"),
        (DIGEST[:31], ALICE.sign_taproot(DIGEST), "32-byte digest"),
        (b"", ALICE.sign_taproot(DIGEST), "32-byte digest"),
    ],
)
def test_signature__should_be_refused(digest: bytes, signature: bytes, why: str) -> None:
    with pytest.raises(BadSignature, match=why):
        verify_signature(TAPROOT, ALICE.public_key, digest, signature)


@pytest.mark.parametrize("key", [b"", ALICE.public_key[1:], b"\x04" + bytes(32), b"\x02" * 34])
def test_key__should_be_a_compressed_point(key: bytes) -> None:
    with pytest.raises(MalformedKey):
        validate_public_key(TAPROOT, key)
    with pytest.raises(MalformedKey):
        taproot.verify(key, DIGEST, ALICE.sign_taproot(DIGEST))


def test_address__should_be_p2tr() -> None:
    plain = BitcoinChain(REGTEST)
    assert CHAIN.address(ALICE.public_key) == plain.taproot_address(ALICE.public_key)
    assert CHAIN.address(ALICE.public_key).startswith("bcrt1p")
    assert CHAIN.validate_address(CHAIN.address(BOB.public_key)) == CHAIN.address(BOB.public_key)


def _payment(intent: Intent) -> bytes:
    return CHAIN.compose(
        intent,
        utxos=[coin(90_000, script=ALICE.p2tr)],
        fee_rate_sat_vb=2,
        change_public_key=ALICE.public_key,
    )


def test_payment__should_return_its_change_to_the_taproot_key() -> None:
    intent = bitcoin_intent()
    tx = CHAIN.parse(_payment(intent))
    assert [o.script_pubkey for o in tx.outputs] == [BOB.p2wpkh, ALICE.p2tr]
    assert (tx.to, tx.amount) == (intent.to, intent.value)
    CHAIN.verify_intent(tx, intent, ALICE.public_key)
    (digest,) = CHAIN.sighashes(tx)
    assert CHAIN.assemble(tx, [ALICE.sign_taproot(digest)], [ALICE.public_key])


def test_change__should_go_to_the_kind_of_output_that_the_key_spends() -> None:
    """An ECDSA key does not spend P2TR, a taproot key nothing else."""
    intent = bitcoin_intent()
    ours = CHAIN.parse(_payment(intent))
    with pytest.raises(IntentMismatch, match="neither the recipient's nor the key's"):
        BitcoinChain(REGTEST).verify_intent(ours, intent, ALICE.public_key)
    theirs = BitcoinChain(REGTEST).compose(
        intent,
        utxos=[coin(90_000, script=ALICE.p2tr)],
        fee_rate_sat_vb=2,
        change_public_key=ALICE.public_key,
    )
    assert TxOutput(90_000 - intent.value - CHAIN.parse(theirs).fee_sats, ALICE.p2wpkh) in (
        CHAIN.parse(theirs).outputs
    )
    with pytest.raises(IntentMismatch, match="neither the recipient's nor the key's"):
        CHAIN.verify_intent(CHAIN.parse(theirs), intent, ALICE.public_key)


def test_coins_of_the_same_key_in_p2wpkh__should_not_be_spent() -> None:
    intent = bitcoin_intent()
    coins = [coin(90_000)]
    with pytest.raises(MalformedTransaction, match="does not belong to the key"):
        CHAIN.compose(intent, utxos=coins, fee_rate_sat_vb=2, change_public_key=ALICE.public_key)
    plain = BitcoinChain(REGTEST).compose(
        intent, utxos=coins, fee_rate_sat_vb=2, change_public_key=ALICE.public_key
    )
    with pytest.raises(IntentMismatch, match="does not belong"):
        CHAIN.verify_intent(CHAIN.parse(plain), intent, ALICE.public_key)
