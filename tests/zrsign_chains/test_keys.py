"""Public keys and signatures: ECDSA in all its forms, Ed25519, recovery."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from eth_keys.datatypes import PrivateKey as EthPrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tests.zrsign_chains.builders import ALICE, BOB, SOLANA_ALICE, N
from zrsign_chains import BadSignature, KeyAlgorithm, MalformedKey, ecdsa
from zrsign_chains.keys import validate_public_key, verify_signature

ECDSA = KeyAlgorithm.ECDSA_SECP256K1
BITCOIN = KeyAlgorithm.BITCOIN_SECP256K1
EDDSA = KeyAlgorithm.EDDSA_ED25519

digests = st.binary(min_size=32, max_size=32)


def _high_s(signature: bytes) -> bytes:
    r, s = ecdsa.split(signature)
    return r.to_bytes(32, "big") + (N - s).to_bytes(32, "big")


def test_signatures__should_agree_with_the_vectors(vectors: Callable[[str], Any]) -> None:
    algorithms = {"ECDSA": ECDSA, "EDDSA": EDDSA}
    for case in vectors("zrchain.json")["signature_verification"]["cases"]:
        if case["valid"]:
            message, signature = bytes.fromhex(case["data_for_signing"]), case["signature"]
            key = bytes.fromhex(case["public_key"])
            verify_signature(algorithms[case["key_type"]], key, message, bytes.fromhex(signature))
        else:
            signature = bytes([1] * case["signature_len"])
            with pytest.raises(BadSignature, match="64 or 65"):
                verify_signature(
                    algorithms[case["key_type"]], ALICE.public_key, bytes(32), signature
                )


def test_der__should_agree_with_the_vectors(vectors: Callable[[str], Any]) -> None:
    section = vectors("zrchain.json")["signature_verification"]["bitcoin_der_conversion"]
    for case in section["cases"]:
        raw, der = bytes.fromhex(case["raw_rs_hex"]), bytes.fromhex(case["der_hex"])
        assert ecdsa.to_der(raw) == der
        assert ecdsa.from_der(der) == raw[:64]


@given(digests)
def test_der__should_be_what_libsecp256k1_writes(digest: bytes) -> None:
    der, raw = ALICE.sign_der(digest), ALICE.sign(digest)
    assert ecdsa.to_der(raw) == der
    assert ecdsa.from_der(der) == raw[:64]


@pytest.mark.parametrize(
    "der",
    [
        "",
        "30",
        "3006020101020100",  # s is zero
        "300702010102020001",  # padded s
        "3006020181020101",  # negative r
        "300602010102010100",  # trailing byte
        "3006020101030101",  # not an integer
        "3006020501020101",  # r runs over the end
        "30060201010201",
        "308106020101020101",  # a length in its long form
        "30800201010201010000",  # a length that is not told
        "3106020101020101",  # a set
        "30070201010202ff01",  # negative s of two bytes
    ],
)
def test_der__should_refuse_what_bip66_refuses(der: str) -> None:
    with pytest.raises(BadSignature):
        ecdsa.from_der(bytes.fromhex(der))


@given(st.integers(0, 2**256), st.integers(0, 2**256), st.data())
def test_der__should_have_one_spelling_of_each_signature(r: int, s: int, data: Any) -> None:
    der = bytearray(encode_dss_signature(r, s))
    place = data.draw(st.integers(0, len(der) - 1))
    der[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    try:
        raw = ecdsa.from_der(bytes(der))
    except BadSignature:
        return
    assert ecdsa.to_der(raw) == der
    assert all(0 < number < ecdsa.N for number in ecdsa.split(raw))


@given(digests, st.sampled_from([ALICE, BOB]))
def test_ecdsa__should_verify_each_form_and_recover(digest: bytes, key: Any) -> None:
    signature = key.sign(digest)
    for form in (signature, signature[:64]):
        verify_signature(ECDSA, key.public_key, digest, form)
        verify_signature(BITCOIN, key.public_key, digest, form)
    verify_signature(BITCOIN, key.public_key, digest, key.sign_der(digest))
    assert ecdsa.recover(digest, signature) == key.public_key
    assert ecdsa.recover(digest, signature[:64] + bytes([27 + signature[64]])) == key.public_key
    wrong_v = signature[:64] + bytes([1 - signature[64]])
    assert ecdsa.with_recovery_id(key.public_key, digest, wrong_v) == signature


@given(digests)
def test_recovery__should_agree_with_eth_keys(digest: bytes) -> None:
    expected = EthPrivateKey(ALICE.secret).sign_msg_hash(digest)
    signature = ecdsa.with_recovery_id(ALICE.public_key, digest, ALICE.sign(digest)[:64])
    assert expected.recover_public_key_from_msg_hash(digest).to_compressed_bytes() == ecdsa.recover(
        digest, signature
    )


def test_ecdsa__should_refuse_a_high_s() -> None:
    digest = bytes([5] * 32)
    high = _high_s(ALICE.sign(digest))
    for algorithm, signature in ((ECDSA, high), (BITCOIN, high), (BITCOIN, ecdsa.to_der(high))):
        with pytest.raises(BadSignature, match="low-s"):
            verify_signature(algorithm, ALICE.public_key, digest, signature)


@pytest.mark.parametrize("signature", [b"", bytes(64), b"\xff" * 64, bytes(63), bytes(66)])
def test_ecdsa__should_refuse_values_out_of_range(signature: bytes) -> None:
    with pytest.raises(BadSignature):
        verify_signature(ECDSA, ALICE.public_key, bytes(32), signature)
    with pytest.raises(BadSignature):
        verify_signature(BITCOIN, ALICE.public_key, bytes(32), signature)


def test_ecdsa__should_refuse_another_key_message_or_length() -> None:
    digest = bytes([5] * 32)
    signature = ALICE.sign(digest)
    with pytest.raises(BadSignature, match="does not verify"):
        verify_signature(ECDSA, BOB.public_key, digest, signature)
    with pytest.raises(BadSignature, match="does not verify"):
        verify_signature(ECDSA, ALICE.public_key, bytes([6] * 32), signature)
    with pytest.raises(BadSignature, match="32-byte digest"):
        verify_signature(ECDSA, ALICE.public_key, b"text", signature)


@pytest.mark.parametrize(
    "key",
    [
        b"",
        bytes(33),
        b"\x04" + bytes(32),
        b"\x02" + bytes(32),
        b"\x02" + b"\xff" * 32,
        b"\x02" + (5).to_bytes(32, "big"),
        ALICE.public_key + b"\x00",
    ],
)
def test_secp256k1_key__should_be_a_compressed_point(key: bytes) -> None:
    for algorithm in (ECDSA, BITCOIN):
        with pytest.raises(MalformedKey):
            validate_public_key(algorithm, key)


def test_secp256k1_key__should_be_accepted() -> None:
    validate_public_key(ECDSA, ALICE.public_key)
    validate_public_key(BITCOIN, BOB.public_key)


@pytest.mark.parametrize(
    "key",
    [
        b"",
        bytes(31),
        bytes(32),  # y = 0: order 4
        b"\x01" + bytes(31),  # the neutral element
        (2).to_bytes(32, "little"),  # not on the curve
        (2**255 - 19 + 3).to_bytes(32, "little"),  # y not below p
        b"\xff" * 32,
    ],
)
def test_ed25519_key__should_be_a_canonical_point_of_the_main_group(key: bytes) -> None:
    with pytest.raises(MalformedKey):
        validate_public_key(EDDSA, key)


def test_ed25519_key__should_not_have_a_torsion_component() -> None:
    from nacl.bindings import crypto_core_ed25519_add

    order_two = (2**255 - 20).to_bytes(32, "little")
    mixed = crypto_core_ed25519_add(bytes(SOLANA_ALICE.pubkey()), order_two)
    with pytest.raises(MalformedKey):
        validate_public_key(EDDSA, mixed)


@given(st.binary(max_size=300))
def test_ed25519__should_verify_raw_messages(message: bytes) -> None:
    key, signature = bytes(SOLANA_ALICE.pubkey()), bytes(SOLANA_ALICE.sign_message(message))
    verify_signature(EDDSA, key, message, signature)
    with pytest.raises(BadSignature):
        verify_signature(EDDSA, key, message + b"!", signature)


def test_ed25519__should_refuse_a_non_canonical_s() -> None:
    order = 2**252 + 27742317777372353535851937790883648493
    key, signature = bytes(SOLANA_ALICE.pubkey()), bytes(SOLANA_ALICE.sign_message(b"m"))
    s = int.from_bytes(signature[32:], "little") + order
    with pytest.raises(BadSignature):
        verify_signature(EDDSA, key, b"m", signature[:32] + s.to_bytes(32, "little"))
    with pytest.raises(BadSignature, match="64 bytes"):
        verify_signature(EDDSA, key, b"m", signature[:63])


def test_ecdsa__should_read_a_raw_signature_that_looks_like_der() -> None:
    candidates = (n.to_bytes(32, "big") for n in range(10_000))
    digest = next(each for each in candidates if ALICE.sign(each)[0] == 0x30)
    signature = ALICE.sign(digest)
    for form in (signature[:64], signature):
        disguised = form[:1] + bytes([len(form) - 2]) + form[2:]
        with pytest.raises(BadSignature):
            ecdsa.verify_any_form(ALICE.public_key, digest, disguised)
        assert ecdsa.verify_any_form(ALICE.public_key, digest, form) == signature[:64]


@pytest.mark.parametrize("v", [2, 3, 26, 29, 255])
def test_recovery__should_refuse_other_recovery_ids(v: int) -> None:
    with pytest.raises(BadSignature):
        ecdsa.recover(bytes(32), ALICE.sign(bytes(32))[:64] + bytes([v]))


@given(digests, st.binary(min_size=64, max_size=65))
def test_recovery__should_raise_one_error_on_rubbish(digest: bytes, rubbish: bytes) -> None:
    with contextlib.suppress(BadSignature):
        ecdsa.recover(digest, rubbish)
    with pytest.raises(BadSignature):
        ecdsa.verify_any_form(ALICE.public_key, digest, rubbish)
