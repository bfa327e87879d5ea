"""The payload that a Direct contract checks, against an independent encoding."""

from __future__ import annotations

from coincurve import PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from chains.wallets import KeyAlgorithm
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_receiver import authority

SECRET = b"\x42" * 32
OWNER = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
# keccak256("eip155:31337"), as the contracts publish it.
ANVIL = bytes.fromhex("318e51c37247d03bad135571413b06a083591bcc680967d80bf587ac928cf369")


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def tail(value: bytes) -> bytes:
    return word(len(value)) + value + b"\x00" * (-len(value) % 32)


def address_word(address: str) -> bytes:
    return bytes(12) + bytes.fromhex(address[2:])


@given(st.text(min_size=1, max_size=90), st.integers(0, 2**64 - 1), st.integers(0, 255))
def test_payload__should_encode_a_key_response_as_the_contract_does(
    wallet: str, index: int, options: int
) -> None:
    answer = pb.Answer(
        wallet_type_id=b"\x07" * 32, owner=OWNER, wallet_index=index, wallet=wallet, options=options
    )
    expected = (
        ANVIL + b"\x07" * 32 + address_word(OWNER) + word(index) + word(6 * 32) + word(options)
    ) + tail(wallet.encode())
    assert authority.payload("eip155:31337", answer) == expected


@given(st.binary(max_size=100), st.binary(max_size=130), st.booleans(), st.integers(0, 2**256 - 1))
def test_payload__should_encode_a_sign_response_as_the_contract_does(
    meta_data: bytes, signature: bytes, broadcast: bool, trace_id: int
) -> None:
    answer = pb.Answer(
        trace_id=word(trace_id),
        owner=OWNER,
        meta_data=meta_data,
        signature=signature,
        broadcast=broadcast,
    )
    first = tail(meta_data)
    expected = (
        (ANVIL + word(trace_id) + address_word(OWNER) + word(6 * 32) + word(6 * 32 + len(first)))
        + word(broadcast)
        + first
        + tail(signature)
    )
    assert authority.payload("eip155:31337", answer) == expected


def test_digest__should_be_signed_as_a_personal_message_that_eth_account_recovers() -> None:
    answer = pb.Answer(
        wallet_type_id=b"\x07" * 32, owner=OWNER, wallet_index=1, wallet="0xabcdef", options=2
    )
    digest = authority.digest("eip155:31337", answer)
    signature = authority.recoverable(PrivateKey(SECRET).sign_recoverable(digest, hasher=None))
    message = encode_defunct(keccak(authority.payload("eip155:31337", answer)))
    signer = Account.from_key(SECRET).address
    assert Account.recover_message(message, signature=signature) == signer
    assert Account.sign_message(message, SECRET).signature == signature


def test_joined__should_give_each_algorithm_its_documented_form() -> None:
    r, s = 5, 7
    compact = word(r) + word(s)
    assert authority.joined(KeyAlgorithm.ECDSA_SECP256K1, [compact + b"\x01"]) == compact + b"\x1c"
    der = encode_dss_signature(r, s)
    assert authority.joined(KeyAlgorithm.BITCOIN_SECP256K1, [der, der]) == compact * 2
    assert authority.joined(KeyAlgorithm.EDDSA_ED25519, [b"\x09" * 64]) == b"\x09" * 64
