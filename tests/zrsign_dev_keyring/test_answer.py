"""Request to answer: signatures that verify, rejections that a program can read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrsign_chains.keys import validate_public_key, verify_signature
from zrsign_chains.wallets import KeyAlgorithm
from zrsign_dev_keyring.answer import (
    KeyringRejection,
    PublicKey,
    Signature,
    answer_key_request,
    answer_signature_request,
    is_parent,
)
from zrsign_dev_keyring.errors import DamagedKey, KeyMissing, KeyTypeDiffers
from zrsign_dev_keyring.keys import SecretKey

KEYS = {
    index: SecretKey.generate(algorithm) for index, algorithm in enumerate(KeyAlgorithm, start=1)
}


def key(key_id: int) -> SecretKey:
    if key_id not in KEYS:
        raise KeyMissing(f"no key {key_id}")
    return KEYS[key_id]


def sign_request(
    key_id: int, data: bytes, algorithm: KeyAlgorithm | None = None
) -> treasury.SignReqResponse:
    return treasury.SignReqResponse(
        id=11,
        key_ids=[key_id],
        key_type=f"KEY_TYPE_{algorithm or KEYS[key_id].algorithm}",
        data_for_signing=[data],
    )


@pytest.mark.parametrize("key_id", KEYS)
def test_key_request__should_be_answered_with_a_valid_public_key(key_id: int) -> None:
    algorithm = KEYS[key_id].algorithm
    request = treasury.KeyReqResponse(id=key_id, key_type=f"KEY_TYPE_{algorithm}")
    answer = answer_key_request(request, lambda asked, _type: key(asked))
    assert answer == PublicKey(KEYS[key_id].public_key)
    validate_public_key(algorithm, KEYS[key_id].public_key)


@given(st.sampled_from(sorted(KEYS)), st.binary(min_size=32, max_size=32))
def test_signature__should_verify_and_be_the_same_again(key_id: int, data: bytes) -> None:
    answer = answer_signature_request(sign_request(key_id, data), key)
    assert isinstance(answer, Signature)
    verify_signature(KEYS[key_id].algorithm, KEYS[key_id].public_key, data, answer.signature)
    assert answer_signature_request(sign_request(key_id, data), key) == answer


def test_taproot__should_sign_as_bip341_says() -> None:
    """wallet-test-vectors.json, keyPathSpending, input 0 (made without fresh randomness)."""
    secret = "6b973d88838f27366ed61c9ad6367663045cb456e28335c109e30717ae0c6baa"
    digest = "2514a6272f85cfa0f45eb907fcb0d121b808ed37c6ea160a5a9046ed5526d555"
    signature = (
        "ed7c1647cb97379e76892be0cacff57ec4a7102aa24296ca39af7541246d8ff1"
        "4d38958d4cc1e2e478e4d4a764bbfd835b16d4e314b72937b29833060b87276c"
    )
    taproot = SecretKey(KeyAlgorithm.TAPROOT_SECP256K1, bytes.fromhex(secret))
    assert taproot.sign(bytes.fromhex(digest)).hex() == signature


def test_ed25519__should_sign_messages_of_any_length() -> None:
    (key_id,) = (i for i, k in KEYS.items() if k.algorithm is KeyAlgorithm.EDDSA_ED25519)
    for data in (b"", b"x" * 999):
        answer = answer_signature_request(sign_request(key_id, data), key)
        assert isinstance(answer, Signature)
        verify_signature(
            KeyAlgorithm.EDDSA_ED25519, KEYS[key_id].public_key, data, answer.signature
        )


@pytest.mark.parametrize("length", [0, 31, 33, 64])
@pytest.mark.parametrize("algorithm", ["ECDSA_SECP256K1", "BITCOIN_SECP256K1", "TAPROOT_SECP256K1"])
def test_digest_of_wrong_length__should_be_rejected(algorithm: str, length: int) -> None:
    (key_id,) = (i for i, k in KEYS.items() if k.algorithm == algorithm)
    answer = answer_signature_request(sign_request(key_id, bytes(length)), key)
    assert isinstance(answer, KeyringRejection)
    assert str(answer) == f"wrong_data_length: {algorithm} signs 32 bytes, not {length}"


def test_unknown_key__should_be_rejected() -> None:
    request = sign_request(99, bytes(32), KeyAlgorithm.ECDSA_SECP256K1)
    assert str(answer_signature_request(request, key)).startswith("unknown_key: ")


def test_key_of_another_type__should_not_sign() -> None:
    (key_id,) = (i for i, k in KEYS.items() if k.algorithm is KeyAlgorithm.EDDSA_ED25519)
    request = sign_request(key_id, bytes(32), KeyAlgorithm.ECDSA_SECP256K1)
    assert str(answer_signature_request(request, key)).startswith("key_type_differs: ")


def test_unsupported_type__should_be_rejected() -> None:
    request = treasury.KeyReqResponse(id=1, key_type="KEY_TYPE_BLS")
    assert str(answer_key_request(request, lambda i, _t: key(i))).startswith(
        "unsupported_key_type: "
    )
    assert str(
        answer_signature_request(
            treasury.SignReqResponse(id=1, key_ids=[1], key_type="?", data_for_signing=[b""]), key
        )
    ).startswith("unsupported_key_type: ")


def test_several_items__should_be_left_to_children() -> None:
    parent = treasury.SignReqResponse(id=1, key_ids=[1, 1], child_req_ids=[2, 3])
    assert is_parent(parent)
    assert not is_parent(sign_request(1, bytes(32)))
    orphan = treasury.SignReqResponse(
        id=1, key_ids=[1, 1], key_type="KEY_TYPE_ECDSA_SECP256K1", data_for_signing=[bytes(32)] * 2
    )
    assert str(answer_signature_request(orphan, key)).startswith("not_one_key_and_item: ")


def test_existing_key_of_another_type__should_reject_the_key_request() -> None:
    def key_for(_key_id: int, _algorithm: KeyAlgorithm) -> SecretKey:
        raise KeyTypeDiffers("key 7 exists as EDDSA_ED25519")

    request = treasury.KeyReqResponse(id=7, key_type="KEY_TYPE_ECDSA_SECP256K1")
    assert str(answer_key_request(request, key_for)).startswith("key_type_differs: ")


def test_damaged_vault__should_reject_nothing() -> None:
    def damaged(_key_id: int) -> SecretKey:
        raise DamagedKey("key-7.json")

    with pytest.raises(DamagedKey):
        answer_signature_request(sign_request(1, bytes(32)), damaged)


def test_reason__should_fit_the_ledgers_limit() -> None:
    answer = answer_key_request(
        treasury.KeyReqResponse(id=1, key_type="x" * 2000), lambda i, _t: key(i)
    )
    assert len(str(answer)) <= 512
