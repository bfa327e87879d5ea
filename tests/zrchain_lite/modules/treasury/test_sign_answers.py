"""The answers of one party to a signature request: what is right, wrong, late or misplaced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from coincurve import PrivateKey

from tests.zrchain_lite.modules.treasury.world import (
    BITCOIN,
    ECDSA,
    ED25519,
    FULFILLED,
    ITEM,
    ITEM_2,
    PARTIAL,
    REJECTED,
    TAPROOT,
    Account,
    Recorder,
    Secret,
    World,
)
from zrchain_lite.errors import Conflict, InvalidArgument, NotFound
from zrchain_lite.modules.treasury import state
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrsign_chains import ecdsa


@pytest.mark.parametrize("secret", [ECDSA, BITCOIN, ED25519, TAPROOT])
def test_answer__should_be_stored_in_the_form_of_its_key_type(
    world: World,
    owner: Account,
    workspace: str,
    keyring: str,
    parties: list[Account],
    secret: Secret,
) -> None:
    key = world.key(owner, workspace, keyring, parties[0], secret)
    request_id = world.request_signature(owner, [key], ITEM)
    signature = secret.sign(ITEM)
    world.answer(parties[0], request_id, signature)
    request = world.sign_request(request_id)
    assert (request.status, request.key_type) == (
        FULFILLED,
        world.treasury.key(world.ctx(), key).type,
    )
    (stored,) = request.signed_data
    expected = ecdsa.to_der(signature) if secret is BITCOIN else signature
    assert (stored.sign_request_id, stored.signed_data) == (request_id, expected)
    assert world.told() == [("sign_request_fulfilled", str(request_id))]


def test_answer__should_get_its_true_recovery_id(
    world: World, owner: Account, key: int, parties: list[Account]
) -> None:
    signature = ECDSA.sign(ITEM)
    for sent in (
        signature[:64],
        signature[:64] + bytes([1 - signature[64]]),
        signature[:64] + b"\x1b",
    ):
        request_id = world.request_signature(owner, [key], ITEM)
        world.answer(parties[0], request_id, sent)
        assert world.sign_request(request_id).signed_data[0].signed_data == signature


def high_s(signature: bytes) -> bytes:
    s = ecdsa.N - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big")


@pytest.mark.parametrize(
    ("secret", "signature", "why"),
    [
        (ECDSA, b"", "missing signature data"),
        (
            ECDSA,
            ECDSA.sign(ITEM)[:63],
            "signature verification failed: verifySignature- invalid signature, ",
        ),
        (
            ECDSA,
            ECDSA.sign(ITEM) + b"\x00",
            "signature verification failed: verifySignature- invalid signature, ",
        ),
        (
            ECDSA,
            ECDSA.sign(ITEM_2),
            "signature verification failed: verifySignature- invalid signature, ",
        ),
        (
            ECDSA,
            BITCOIN.sign(ITEM),
            "signature verification failed: verifySignature- invalid signature, ",
        ),
        (ECDSA, high_s(ECDSA.sign(ITEM)), "above n/2"),
        (ECDSA, b"\x00" * 64, "between 1 and n-1"),
        (ECDSA, b"\xff" * 65, "between 1 and n-1"),
        (BITCOIN, high_s(BITCOIN.sign(ITEM)), "above n/2"),
        (
            BITCOIN,
            BITCOIN.sign(ITEM_2),
            "signature verification failed: verifySignature- invalid signature, ",
        ),
        (
            ED25519,
            ECDSA.sign(ITEM)[:64],
            "signature verification failed: verifySignature- invalid signature, ",
        ),
        (
            ED25519,
            ED25519.sign(ITEM_2),
            "signature verification failed: verifySignature- invalid signature, ",
        ),
        (
            ED25519,
            ED25519.sign(ITEM) + b"\x00",
            "signature verification failed: verifySignature- invalid signature, ",
        ),
        (TAPROOT, TAPROOT.sign(ITEM_2), "does not verify under the taproot output key"),
        (TAPROOT, TAPROOT.sign(ITEM) + b"\x01", "a BIP-340 signature has 64 bytes, not 65"),
        (
            TAPROOT,
            # Of the internal key, which is not tweaked.
            PrivateKey(TAPROOT.seed).sign_schnorr(ITEM, bytes(32)),
            "does not verify under the taproot output key",
        ),
        (TAPROOT, BITCOIN.sign(ITEM)[:64], "does not verify under the taproot output key"),
    ],
)
def test_wrong_answer__should_reject_and_refund(
    world: World,
    owner: Account,
    workspace: str,
    keyring: str,
    parties: list[Account],
    hooks: Recorder,
    secret: Secret,
    signature: bytes,
    why: str,
) -> None:
    key = world.key(owner, workspace, keyring, parties[0], secret)
    before = world.balance(owner.address)
    request_id = world.request_signature(owner, [key], ITEM)
    world.answer(parties[0], request_id, signature)
    request = world.sign_request(request_id)
    assert (request.status, list(request.signed_data)) == (REJECTED, [])
    assert why in request.reject_reason
    assert (world.escrow, world.balance(owner.address)) == (0, before)
    assert hooks.ended == [(request_id, REJECTED)]


def test_vectors__should_word_the_reasons(
    vectors: Callable[[str], Any],
    world: World,
    owner: Account,
    workspace: str,
    keyring: str,
    parties: list[Account],
    key: int,
) -> None:
    cases = {c["case"]: c for c in vectors("zrchain.json")["fulfil_signature_request"]["cases"]}
    ed25519 = world.key(owner, workspace, keyring, parties[0], ED25519)

    def reason(key_id: int, signature: bytes, **fields: Any) -> str:
        request_id = world.request_signature(owner, [key_id], ITEM)
        world.answer(parties[0], request_id, signature, **fields)
        request = world.sign_request(request_id)
        assert request.status == REJECTED
        return request.reject_reason

    assert reason(key, b"") == cases["missing signed data"]["reject_reason"]
    assert reason(ed25519, ECDSA.sign(ITEM)).startswith(
        cases["ECDSA signature for EdDSA key"]["reason_prefix"]
    )
    assert cases["REJECTED with reason"]["result"] == "REJECTED, reason copied"
    assert reason(key, b"", status=REJECTED, reject_reason="busy") == "busy"


def test_vectors__should_verify_signatures(vectors: Callable[[str], Any]) -> None:
    cases = vectors("zrchain.json")["signature_verification"]["cases"]
    for case in (c for c in cases if "public_key" in c):
        world = World()
        owner, party = world.account(), world.account()
        keyring = world.keyring(party, [party])
        word = {"ECDSA": "ecdsa", "EDDSA": "ed25519"}[case["key_type"]]
        key = world.request_key(owner, world.workspace(owner), keyring, key_type=word)
        world.answer_key(party, key, bytes.fromhex(case["public_key"]))
        request_id = world.request_signature(owner, [key], bytes.fromhex(case["data_for_signing"]))
        world.answer(party, request_id, bytes.fromhex(case["signature"]))
        assert (world.status(request_id) == FULFILLED) is case["valid"], case


def test_answer__should_need_a_known_request_and_a_sensible_status(
    world: World, owner: Account, key: int, parties: list[Account]
) -> None:
    with pytest.raises(NotFound):
        world.answer(parties[0], 9, b"x")
    request_id = world.request_signature(owner, [key], ITEM)
    for wrong in (0, 1):
        with pytest.raises(InvalidArgument):
            world.answer(parties[0], request_id, ECDSA.sign(ITEM), status=wrong)
    world.answer(parties[0], request_id, ECDSA.sign(ITEM), status=PARTIAL)
    assert world.status(request_id) == FULFILLED
    # Late and right: it changes nothing, and does not hold up a transaction of many answers.
    stored = world.sign_request(request_id).SerializeToString(deterministic=True)
    world.answer(parties[0], request_id, ECDSA.sign(ITEM))
    assert world.sign_request(request_id).SerializeToString(deterministic=True) == stored
    with pytest.raises(Conflict):
        world.answer(parties[0], request_id, ECDSA.sign(ITEM_2))
    with pytest.raises(Conflict):
        world.answer(parties[0], request_id, b"", status=REJECTED)


def test_answer__should_count_in_the_last_block(
    world: World, owner: Account, key: int, parties: list[Account]
) -> None:
    in_time, late = (world.request_signature(owner, [key], ITEM) for _ in range(2))
    world.advance(20)
    world.answer(parties[0], in_time, ECDSA.sign(ITEM))
    world.advance()
    assert (world.status(in_time), world.status(late)) == (FULFILLED, REJECTED)


@pytest.mark.parametrize(("length", "why"), [(63, ", should be 64 bytes, is 63"), (64, " of zen")])
def test_answer__should_be_refused_without_its_partys_signature(
    world: World, owner: Account, key: int, party: Account, length: int, why: str
) -> None:
    request_id = world.request_signature(owner, [key], ITEM)
    of_another = party.party_signature(request_id + 1)[:length]
    world.answer(party, request_id, ECDSA.sign(ITEM), keyring_party_signature=of_another)
    request = world.sign_request(request_id)
    assert (request.status, len(request.signed_data)) == (REJECTED, 0)
    assert f"invalid mpc party signature{why}" in request.reject_reason


def test_answer__should_be_refused_where_its_key_is_gone(
    world: World, owner: Account, key: int, party: Account
) -> None:
    request_id = world.request_signature(owner, [key], ITEM)
    state.KEYS.delete(world.store, key)
    world.answer(party, request_id, ECDSA.sign(ITEM))
    assert world.sign_request(request_id).reject_reason == f"no key {key}"


def test_answer_of_an_inactive_keyring__should_end_the_request(
    world: World, owner: Account, key: int, keyring: str, party: Account
) -> None:
    request_id = world.request_signature(owner, [key], ITEM)
    world.do(identity.MsgDeactivateKeyring(creator=party.address, keyring_addr=keyring))
    world.answer(party, request_id, ECDSA.sign(ITEM))
    request = world.sign_request(request_id)
    assert (request.status, request.reject_reason) == (
        REJECTED,
        f"keyring {keyring} is inactive",
    )
    assert not request.signed_data
