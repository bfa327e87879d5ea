"""An operator signs what the ledger approved, and of a transaction only what it hashes to."""

from __future__ import annotations

import hashlib

import pytest
from google.protobuf import any_pb2

from tests.zrsign_chains.builders import REGTEST, bitcoin_intent, bitcoin_psbt, coin, cosmos_payment
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrsign_chains import Intent
from zrsign_chains.bitcoin import BitcoinChain, Utxo
from zrsign_chains.evm import EvmChain
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_operator.errors import NotApproved
from zrsign_operator.ledger.approval import Scheme, approve

CHAIN = EvmChain("eip155:31337")
BEACON = b"b" * 32
DIGEST = b"d" * 32
TO = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


def transfer(value: int) -> bytes:
    return CHAIN.compose(Intent(TO, value, b"", 10**18), 0, 21_000, 10**9, 1)


def network(chain_id: int = 31337) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(wire.MetadataEthereum(chain_id=chain_id), type_url_prefix="/")
    return packed


def request(*items: bytes, **changes: object) -> wire.SignReqResponse:
    fields = {
        "id": 5,
        "key_ids": [2] * len(items),
        "key_type": "KEY_TYPE_ECDSA_SECP256K1",
        "data_for_signing": list(items),
    }
    return wire.SignReqResponse(**(fields | changes))  # type: ignore[arg-type]


def sighash(unsigned: bytes) -> bytes:
    return CHAIN.sighashes(CHAIN.parse(unsigned))[0]


def evm_transaction(unsigned: bytes) -> wire.SignTxReqResponse:
    return wire.SignTxReqResponse(
        wallet_type="WALLET_TYPE_EVM", unsigned_transaction=unsigned, sign_request_id=5
    )


def test_plain_data__should_be_approved_as_it_is() -> None:
    asked = request(DIGEST)
    approved = approve(asked, asked, None, BEACON)
    assert (approved.request_id, approved.key_id) == (5, 2)
    assert (approved.scheme, approved.message) == (Scheme.ECDSA, DIGEST)
    assert approved.beacon == BEACON
    message = request(b"any text", key_type="KEY_TYPE_EDDSA_ED25519")
    assert approve(message, message, None, BEACON).scheme is Scheme.ED25519


@pytest.mark.parametrize(
    "asked",
    [
        request(bytes(31)),
        request(DIGEST, DIGEST),
        request(),
        request(DIGEST, key_ids=[2, 3]),
        request(b"", key_type="KEY_TYPE_EDDSA_ED25519"),
        request(bytes(5000), key_type="KEY_TYPE_EDDSA_ED25519"),
        request(DIGEST, key_type="KEY_TYPE_UNSPECIFIED"),
    ],
)
def test_malformed_request__should_not_be_approved(asked: wire.SignReqResponse) -> None:
    with pytest.raises(NotApproved):
        approve(asked, asked, None, BEACON)


@pytest.mark.parametrize("size", [1, 4096])
def test_message__should_be_approved_for_ed25519_up_to_its_bounds(size: int) -> None:
    asked = request(b"x" * size, key_type="KEY_TYPE_EDDSA_ED25519")
    assert approve(asked, asked, None, BEACON).message == b"x" * size
    longer = request(b"x" * 4097, key_type="KEY_TYPE_EDDSA_ED25519")
    with pytest.raises(NotApproved, match="wrong_data_length: 4097 bytes"):
        approve(longer, longer, None, BEACON)


@pytest.mark.parametrize("number", [0, SECP256K1.order])
def test_digest_of_zero__should_not_be_approved_for_ecdsa(number: int) -> None:
    asked = request(number.to_bytes(32, "big"))
    with pytest.raises(NotApproved, match="zero_digest"):
        approve(asked, asked, None, BEACON)
    taproot = request(number.to_bytes(32, "big"), key_type="KEY_TYPE_TAPROOT_SECP256K1")
    assert approve(taproot, taproot, None, BEACON).scheme is Scheme.TAPROOT


@pytest.mark.parametrize("beacon", [b"", b"b" * 31, b"b" * 33])
def test_request_without_a_block__should_not_be_approved_for_ecdsa(beacon: bytes) -> None:
    """An older ledger did not note it; a nonce that was known ahead must not be used bare."""
    asked = request(DIGEST)
    with pytest.raises(NotApproved, match="no_beacon"):
        approve(asked, asked, None, beacon)
    message = request(b"any text", key_type="KEY_TYPE_EDDSA_ED25519")
    assert approve(message, message, None, beacon).scheme is Scheme.ED25519


def test_transaction__should_be_hashed_by_the_operator_itself() -> None:
    unsigned = transfer(5)
    asked = request(sighash(unsigned), metadata=network())
    assert approve(asked, asked, evm_transaction(unsigned), BEACON).message == sighash(unsigned)
    # A ledger that shows one transaction and asks to sign another.
    for wrong in (transfer(6), unsigned[:-1], b"junk"):
        with pytest.raises(NotApproved):
            approve(asked, asked, evm_transaction(wrong), BEACON)
    elsewhere = request(sighash(unsigned), metadata=network(1))
    with pytest.raises(NotApproved):
        approve(elsewhere, elsewhere, evm_transaction(unsigned), BEACON)
    nowhere = request(sighash(unsigned))
    with pytest.raises(NotApproved, match="names no network"):
        approve(nowhere, nowhere, evm_transaction(unsigned), BEACON)


def test_child__should_sign_the_item_at_its_own_place() -> None:
    unsigned = bitcoin_psbt(bitcoin_intent(70_000), coin(40_000), coin(50_000, 1))
    rules = BitcoinChain(REGTEST)
    first, second = rules.sighashes(rules.parse(unsigned))
    root = request(first, second, id=5, child_req_ids=[6, 7])
    transaction = wire.SignTxReqResponse(
        wallet_type="WALLET_TYPE_BTC_REGNET", unsigned_transaction=unsigned, sign_request_id=5
    )
    child = request(second, id=7, parent_req_id=5)
    assert approve(child, root, transaction, BEACON).request_id == 7
    with pytest.raises(NotApproved, match="no part"):
        approve(request(second, id=9, parent_req_id=5), root, transaction, BEACON)
    for other in (first, bytes(32)):
        with pytest.raises(NotApproved, match="no part"):
            approve(request(other, id=7, parent_req_id=5), root, transaction, BEACON)
    # A parent that does not name all of its children, and one that names too many.
    for children in ([6], [6, 8, 7]):
        root = request(first, second, id=5, child_req_ids=children)
        with pytest.raises(NotApproved, match="no part"):
            approve(child, root, transaction, BEACON)


def test_cosmos_transaction__should_be_signed_over_its_document() -> None:
    unsigned = cosmos_payment()
    transaction = wire.SignTxReqResponse(
        wallet_type="WALLET_TYPE_NATIVE", unsigned_transaction=unsigned, sign_request_id=5
    )
    digest = hashlib.sha256(unsigned).digest()
    asked = request(digest)
    assert approve(asked, asked, transaction, BEACON).message == digest
    transaction.unsigned_transaction = b"sign bytes"
    with pytest.raises(NotApproved, match="names no network"):
        approve(asked, asked, transaction, BEACON)


def test_children__should_each_sign_their_own_input() -> None:
    """Two inputs hash to two items: neither child may sign the other's."""
    chain = BitcoinChain("bip122:0f9188f13cb7b2c71f2a335e3a4fc328")
    key = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
    coins = [Utxo(f"{n:064x}", 0, 50_000, chain.own_script(key), True) for n in (1, 2)]
    intent = Intent(chain.address(key), 90_000, b"", 10_000)
    unsigned = chain.compose(intent, utxos=coins, fee_rate_sat_vb=2, change_public_key=key)
    items = chain.sighashes(chain.parse(unsigned))
    assert len(set(items)) == 2
    root = request(*items, id=5, child_req_ids=[6, 7])
    transaction = wire.SignTxReqResponse(
        wallet_type="WALLET_TYPE_BTC_REGNET", unsigned_transaction=unsigned, sign_request_id=5
    )
    for place, child in enumerate((6, 7)):
        asked = request(items[place], id=child, parent_req_id=5)
        assert approve(asked, root, transaction, BEACON).message == items[place]
        crossed = request(items[1 - place], id=child, parent_req_id=5)
        with pytest.raises(NotApproved, match="no part"):
            approve(crossed, root, transaction, BEACON)
