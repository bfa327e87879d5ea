"""What a Direct contract checks, against independent encodings: by hand, and of eth_account."""

from __future__ import annotations

from coincurve import PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains.wallets import KeyAlgorithm
from zrsign_receiver.answers import authority

SECRET = b"\x42" * 32
OWNER = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
# keccak256("eip155:31337"), as the contracts publish it.
ANVIL = bytes.fromhex("318e51c37247d03bad135571413b06a083591bcc680967d80bf587ac928cf369")


CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
SOURCE = pb.SourceId(chain="eip155:31337", contract=CONTRACT)
DOMAIN = {"name": "zrSign", "version": "1", "chainId": 31337, "verifyingContract": CONTRACT}
KEY_FIELDS = (
    *(("walletTypeId", "bytes32"), ("owner", "address"), ("walletIndex", "uint256")),
    *(("wallet", "string"), ("options", "uint8"), ("context", "bytes32")),
)
SIGN_FIELDS = (
    *(("traceId", "uint256"), ("owner", "address"), ("metaData", "bytes")),
    *(("signature", "bytes"), ("broadcast", "bool"), ("context", "bytes32")),
)
WORDS = st.binary(min_size=32, max_size=32)
KINDS = {
    pb.REQUEST_KIND_HASH: 0,
    pb.REQUEST_KIND_TX: 1,
    pb.REQUEST_KIND_SIMPLE_TX: 2,
    pb.REQUEST_KIND_DATA: 3,
}


def typed_signer(
    kind: str, fields: tuple[tuple[str, str], ...], values: tuple[object, ...], signature: bytes
) -> str:
    """Who signed typed data, as eth_account says."""
    types = {kind: [{"name": name, "type": of} for name, of in fields]}
    message = dict(zip((name for name, _ in fields), values, strict=True))
    signable = encode_typed_data(DOMAIN, types, message)
    signer: str = Account.recover_message(signable, signature=signature)
    return signer


def authorised(answer: pb.Answer) -> bytes:
    signature = PrivateKey(SECRET).sign_recoverable(authority.digest(SOURCE, answer), hasher=None)
    return authority.authorisation(answer, signature)


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
    digest = authority.digest(SOURCE, answer)
    signature = authority.recoverable(PrivateKey(SECRET).sign_recoverable(digest, hasher=None))
    message = encode_defunct(keccak(authority.payload("eip155:31337", answer)))
    signer = Account.from_key(SECRET).address
    assert Account.recover_message(message, signature=signature) == signer
    assert Account.sign_message(message, SECRET).signature == signature


@given(st.text(min_size=1, max_size=90), st.integers(0, 2**64 - 1), st.integers(0, 255), WORDS)
@settings(max_examples=30)
def test_typed_key_answer__should_be_plain_eip712(
    wallet: str, index: int, options: int, context: bytes
) -> None:
    answer = pb.Answer(
        wallet_type_id=b"\x07" * 32,
        owner=OWNER,
        wallet_index=index,
        wallet=wallet,
        options=options,
        context=context,
    )
    signature = authorised(answer)
    values = (b"\x07" * 32, OWNER, index, wallet, options, context)
    signer = typed_signer("ZrKeyResponse", KEY_FIELDS, values, signature[:65])
    assert signer == Account.from_key(SECRET).address
    assert signature[65:] == context


@given(st.binary(max_size=100), st.binary(max_size=130), st.booleans(), WORDS, WORDS)
@settings(max_examples=30)
def test_typed_sign_answer__should_be_plain_eip712(
    meta_data: bytes, signed: bytes, broadcast: bool, trace_id: bytes, context: bytes
) -> None:
    answer = pb.Answer(
        trace_id=trace_id,
        owner=OWNER,
        meta_data=meta_data,
        signature=signed,
        broadcast=broadcast,
        context=context,
    )
    signature = authorised(answer)
    values = (int.from_bytes(trace_id, "big"), OWNER, meta_data, signed, broadcast, context)
    signer = typed_signer("ZrSignResponse", SIGN_FIELDS, values, signature[:65])
    assert signer == Account.from_key(SECRET).address
    assert signature[65:] == context


@given(WORDS, st.integers(0, 2**64 - 1))
def test_context_of_a_key__should_be_the_contracts_wallet_id(
    wallet_type_id: bytes, index: int
) -> None:
    ask = pb.KeyAsk(wallet_type_id=wallet_type_id, wallet_index=index, options=1)
    assert authority.context(pb.SourceEvent(id=SOURCE, owner=OWNER, key=ask)) == wallet_id(
        wallet_type_id, index
    )


@given(
    WORDS, st.integers(0, 2**64 - 1), WORDS, st.binary(max_size=200), st.sampled_from(list(KINDS))
)
def test_context_of_a_signature__should_be_the_contracts_request_context(
    wallet_type_id: bytes, index: int, destination: bytes, payload: bytes, kind: pb.RequestKind
) -> None:
    ask = pb.SignAsk(
        trace_id=word(5),
        wallet_type_id=wallet_type_id,
        wallet_index=index,
        dst_chain_id=destination,
        payload=payload,
        kind=kind,
    )
    expected = keccak(
        wallet_id(wallet_type_id, index) + destination + keccak(payload) + word(KINDS[kind])
    )
    assert authority.context(pb.SourceEvent(id=SOURCE, owner=OWNER, sign=ask)) == expected


def wallet_id(wallet_type_id: bytes, index: int) -> bytes:
    place = word(31337) + address_word(CONTRACT)
    return keccak(place + wallet_type_id + address_word(OWNER) + word(index))


def test_joined__should_give_each_algorithm_its_documented_form() -> None:
    r, s = 5, 7
    compact = word(r) + word(s)
    assert authority.joined(KeyAlgorithm.ECDSA_SECP256K1, [compact + b"\x01"]) == compact + b"\x1c"
    der = encode_dss_signature(r, s)
    assert authority.joined(KeyAlgorithm.BITCOIN_SECP256K1, [der, der]) == compact * 2
    assert authority.joined(KeyAlgorithm.EDDSA_ED25519, [b"\x09" * 64]) == b"\x09" * 64
