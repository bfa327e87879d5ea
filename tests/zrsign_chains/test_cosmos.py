"""Cosmos: the SignDoc has one encoding, says everything that it does, and one key signs it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from tests.zrsign_chains.builders import ALICE, BOB
from zrchain_lite.wire.cosmos.bank.v1beta1.tx_pb2 import MsgSend
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin as WireCoin
from zrchain_lite.wire.cosmos.crypto.secp256k1.keys_pb2 import PubKey
from zrchain_lite.wire.cosmos.tx.signing.v1beta1 import signing_pb2 as signing
from zrchain_lite.wire.cosmos.tx.v1beta1 import tx_pb2 as wire
from zrchain_lite.wire.zrchain.identity.identity_pb2 import MsgNewWorkspace
from zrsign_chains import (
    COSMOS_LOCAL,
    BadSignature,
    DataNotSupported,
    ForeignSigner,
    Intent,
    IntentMismatch,
    MalformedAddress,
    MalformedTransaction,
    UnknownChain,
    WrongNetwork,
    chain_by_ledger,
    chain_for,
)
from zrsign_chains import cosmos as cosmos_addresses
from zrsign_chains.cosmos import NAMELESS, CosmosChain, account_address, caip2_of
from zrsign_chains.cosmos_transactions import (
    Charge,
    Coin,
    CosmosMessage,
    CosmosSigner,
    CosmosTx,
    Send,
    decode_signed,
    encode,
)

LOCAL = CosmosChain(COSMOS_LOCAL)
HUB = CosmosChain("cosmos:cosmoshub-4")
ANY = CosmosChain("cosmos:any-1", NAMELESS)
CHAIN_ID = "zrsign-local"
SIGNER = CosmosSigner(ALICE.public_key, 5, 3)
SENDER, TO = LOCAL.address(ALICE.public_key), LOCAL.address(BOB.public_key)
CHARGE = Charge((Coin("urock", 20),), 200_000)
INTENT = Intent(TO, 77, b"", 100)
NUMBERS = st.integers(0, 2**64 - 1)


def pack(message: Message) -> Packed:
    return Packed(type_url="/" + message.DESCRIPTOR.full_name, value=message.SerializeToString())


def body(*messages: Message, **more: object) -> wire.TxBody:
    made = list(map(pack, messages)) or [pack(transfer())]
    return wire.TxBody(messages=made, **more)  # type: ignore[arg-type]


def transfer(amount: str = "77", denom: str = "urock", sender: str = SENDER) -> MsgSend:
    coins = [WireCoin(denom=denom, amount=amount)]
    return MsgSend(from_address=sender, to_address=TO, amount=coins)


def signer_info(
    mode: signing.SignMode = signing.SIGN_MODE_DIRECT, key: bytes = ALICE.public_key
) -> wire.SignerInfo:
    single = wire.ModeInfo.Single(mode=mode)
    return wire.SignerInfo(
        public_key=pack(PubKey(key=key)), mode_info=wire.ModeInfo(single=single), sequence=3
    )


def auth_info(*infos: wire.SignerInfo, **more: object) -> wire.AuthInfo:
    fee = wire.Fee(amount=[WireCoin(denom="urock", amount="20")], gas_limit=200_000, **more)  # type: ignore[arg-type]
    return wire.AuthInfo(signer_infos=infos or [signer_info()], fee=fee)


def document(
    of_body: wire.TxBody | None = None,
    of_auth: wire.AuthInfo | None = None,
    chain_id: str = CHAIN_ID,
) -> bytes:
    """A SignDoc as the official classes write it."""
    return wire.SignDoc(
        body_bytes=(of_body or body()).SerializeToString(),
        auth_info_bytes=(of_auth or auth_info()).SerializeToString(),
        chain_id=chain_id,
        account_number=5,
    ).SerializeToString()


def test_composed_payment__should_be_what_the_official_classes_write() -> None:
    payload = LOCAL.compose(INTENT, SIGNER, 200_000, 20)
    assert payload == document()
    tx = LOCAL.parse(payload)
    assert (tx.to, tx.amount, tx.contract) == (TO, 77, None)
    assert (tx.signer, tx.charge) == (SIGNER, CHARGE)
    LOCAL.verify_intent(tx, INTENT, ALICE.public_key)
    assert LOCAL.sighashes(tx) == (hashlib.sha256(payload).digest(),)


def test_signed_payment__should_be_the_tx_raw_that_a_chain_takes() -> None:
    tx = LOCAL.parse(document())
    signature = ALICE.sign(LOCAL.sighashes(tx)[0])
    raw = LOCAL.assemble(tx, [signature], [ALICE.public_key])
    seen = wire.TxRaw.FromString(raw)
    assert seen.SerializeToString() == raw
    assert seen == wire.TxRaw(
        body_bytes=tx.body, auth_info_bytes=tx.auth_info, signatures=[signature[:64]]
    )
    assert LOCAL.transaction_id(raw) == hashlib.sha256(raw).hexdigest().upper()
    assert decode_signed(raw).signer == replace(SIGNER, account_number=0)


@pytest.mark.parametrize("signature", [bytes(64), ALICE.sign(b"\x01" * 32), b""])
def test_wrong_signature__should_be_refused(signature: bytes) -> None:
    with pytest.raises(BadSignature):
        LOCAL.assemble(LOCAL.parse(document()), [signature], [ALICE.public_key])


def test_signature_of_another_key__should_be_refused() -> None:
    tx = LOCAL.parse(document())
    signature = BOB.sign(LOCAL.sighashes(tx)[0])
    for keys in ([BOB.public_key], [ALICE.public_key]):
        with pytest.raises(BadSignature):
            LOCAL.assemble(tx, [signature], keys)
    with pytest.raises(ForeignSigner):
        LOCAL.require_signers(tx, [BOB.public_key])


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.text(max_size=40), st.binary(min_size=1))
def test_any_message__should_be_read_as_it_was_written(
    account: int, sequence: int, gas: int, height: int, memo: str, value: bytes
) -> None:
    signer = CosmosSigner(ALICE.public_key, account, sequence)
    messages = [CosmosMessage("/some.other.Msg", value)]
    payload = encode("any-1", signer, messages, Charge((), gas), memo, height)
    tx = ANY.parse(payload)
    assert (tx.signer, tx.messages, tx.memo) == (signer, tuple(messages), memo)
    assert (tx.charge.gas_limit, tx.timeout_height) == (gas, height)
    assert (tx.to, tx.amount, tx.contract) == (None, None, None)
    official = wire.SignDoc.FromString(payload)
    assert official.SerializeToString() == payload
    for part in (wire.TxBody, wire.AuthInfo):
        data = official.body_bytes if part is wire.TxBody else official.auth_info_bytes
        assert part.FromString(data).SerializeToString() == data


def test_workspace__should_be_shown_with_its_bytes() -> None:
    asked = MsgNewWorkspace(creator=SENDER, admin_policy_id=1)
    tx = LOCAL.parse(document(body(asked, memo="mine")))
    assert (tx.to, tx.amount) == (None, None)
    shown = tx.shown
    assert shown["memo"] == "mine"
    assert shown["messages"] == [
        {
            "type": "/zrchain.identity.MsgNewWorkspace",
            "value": "0x" + asked.SerializeToString().hex(),
        }
    ]
    assert LOCAL.parse(document()).shown["messages"] == [
        {"type": "/cosmos.bank.v1beta1.MsgSend", "from": SENDER, "to": TO, "amount": ["77urock"]}
    ]


def test_amount__should_be_told_of_one_transfer_only() -> None:
    token = LOCAL.parse(document(body(transfer(denom="ibc/AB"))))
    assert (token.to, token.amount, token.contract) == (TO, 77, "ibc/AB")
    two = LOCAL.parse(document(body(transfer(), transfer())))
    assert (two.to, two.amount) == (None, None)


def unknown(data: bytes) -> bytes:
    """One more field, 60, as its last."""
    return data + b"\xe0\x03\x01"


REFUSED: dict[str, Callable[[], bytes]] = {
    "has no message": lambda: b"",
    "field 14 that is not known": lambda: b"sign bytes",
    "field 60": lambda: unknown(document()),
    "field 1023": lambda: document(body(extension_options=[pack(transfer())])),
    "field 4 that is not known": lambda: document(body(unordered=True)),
    "field 3 that is not known": lambda: document(
        of_auth=wire.AuthInfo(
            signer_infos=[signer_info()], fee=wire.Fee(gas_limit=1), tip=wire.Tip(tipper=SENDER)
        )
    ),
    "twice": lambda: document() + b"\x20\x05",
    "out of order": lambda: b"\x20\x05" + document(),
    "shortest form": lambda: document()[:-1] + b"\x85\x00",
    "cut off": lambda: document()[:-1] + b"\x85",
    "ends too early": lambda: document()[:-3],
    "default that is left out": lambda: document()[:-1] + b"\x00",
    "no message": lambda: document(wire.TxBody(memo="empty")),
    "names 2 signers": lambda: document(of_auth=auth_info(signer_info(), signer_info())),
    "names 0 signers": lambda: document(of_auth=wire.AuthInfo(fee=wire.Fee(gas_limit=1))),
    "not SIGN_MODE_DIRECT": lambda: document(
        of_auth=auth_info(signer_info(signing.SIGN_MODE_LEGACY_AMINO_JSON))
    ),
    "no coin": lambda: document(body(transfer("1.5"))),
    "is no coin": lambda: document(body(transfer("007"))),
    "pays, but": lambda: document(body(transfer(sender=TO))),
    "pays, but .* signs": lambda: document(of_auth=auth_info(payer=TO)),
}


@pytest.mark.parametrize("why", REFUSED)
def test_document_that_is_not_strict__should_be_refused(why: str) -> None:
    with pytest.raises(MalformedTransaction, match=why):
        LOCAL.parse(REFUSED[why]())


@given(st.binary(max_size=300))
def test_rubbish__should_be_refused_with_one_error(rubbish: bytes) -> None:
    for payload in (rubbish, document()[:40] + rubbish):
        with pytest.raises((MalformedTransaction, WrongNetwork)):
            LOCAL.parse(payload)


@given(st.integers(0, len(document()) - 1), st.integers(1, 255))
def test_changed_byte__should_change_what_is_read_or_be_refused(place: int, change: int) -> None:
    payload = bytearray(document())
    payload[place] ^= change
    try:
        tx = LOCAL.parse(bytes(payload))
    except ValueError:
        return
    official = wire.SignDoc.FromString(tx.raw)
    assert official.SerializeToString() == tx.raw
    assert tx.shown != LOCAL.parse(document()).shown


def test_document_of_another_chain__should_be_refused() -> None:
    with pytest.raises(WrongNetwork, match="cosmoshub-4"):
        LOCAL.parse(document(chain_id="cosmoshub-4"))
    with pytest.raises(WrongNetwork):
        LOCAL.sighashes(HUB.parse(encode("cosmoshub-4", SIGNER, hub_send(), CHARGE)))


def hub_send() -> list[CosmosMessage]:
    address = HUB.address(ALICE.public_key)
    return [Send(address, address, (Coin("uatom", 1),)).message()]


MISMATCHES: dict[str, Callable[[], bytes]] = {
    "not one bank transfer": lambda: document(body(transfer(), transfer())),
    "not one bank transfer alone": lambda: document(body(MsgNewWorkspace(creator=SENDER))),
    "pays 78urock": lambda: document(body(transfer("78"))),
    "pays 77uatom": lambda: document(body(transfer(denom="uatom"))),
    "no memo": lambda: document(body(memo="x")),
    "not paid by the key": lambda: document(of_auth=auth_info(granter=TO)),
    "not paid by the key in": lambda: document(of_auth=auth_info(payer=SENDER)),
    "above the cap": lambda: LOCAL.compose(INTENT, SIGNER, 1, 101),
    "pays zen": lambda: LOCAL.compose(replace(INTENT, to=SENDER), SIGNER, 1, 1),
    "is from cosmos": lambda: document(
        body(transfer(sender=account_address(ALICE.public_key, "cosmos")))
    ),
}


@pytest.mark.parametrize("why", MISMATCHES)
def test_composed_payment_that_does_another_thing__should_be_refused(why: str) -> None:
    tx = LOCAL.parse(MISMATCHES[why]())
    with pytest.raises(IntentMismatch, match=why):
        LOCAL.verify_intent(tx, INTENT, ALICE.public_key)


def test_payment_of_another_key__should_be_refused() -> None:
    with pytest.raises(ForeignSigner):
        LOCAL.verify_intent(LOCAL.parse(document()), INTENT, BOB.public_key)


def test_recipient__should_be_an_address_of_the_chain() -> None:
    assert LOCAL.validate_address(TO) == TO
    contract = account_address(ALICE.public_key, "osmo")
    for text, error in (
        (contract, WrongNetwork),
        ("zen1", MalformedAddress),
        (cosmos_addresses.encode("zen", bytes(10)), MalformedAddress),
    ):
        with pytest.raises(error):
            LOCAL.validate_address(text)


def test_message__should_not_be_signed_as_it_could_be_a_transaction() -> None:
    with pytest.raises(DataNotSupported, match="no messages"):
        LOCAL.message_digest(document())


# The examples of the specification (CAIP-2, namespace cosmos).
@pytest.mark.parametrize(
    ("chain_id", "caip2"),
    [
        ("cosmoshub-3", "cosmos:cosmoshub-3"),
        ("Binance-Chain-Tigris", "cosmos:Binance-Chain-Tigris"),
        ("x", "cosmos:x"),
        ("hash-", "cosmos:hash-"),
        ("hashed", "cosmos:hashed"),
        ("hashed-", "cosmos:hashed-c904589232422def"),
        ("hashed-123", "cosmos:hashed-99df5cd68192b33e"),
        ("123456789012345678901234567890123456789012345678", "cosmos:hashed-0204c92a0388779d"),
        (" ", "cosmos:hashed-36a9e7f1c95b82ff"),
        ("wonderland🧝\u200d♂️", "cosmos:hashed-843d2fc87f40eeb9"),
    ],
)
def test_caip2__should_follow_its_specification(chain_id: str, caip2: str) -> None:
    assert caip2_of(chain_id) == caip2


def test_chain_of_a_request__should_be_the_one_that_its_document_names() -> None:
    for chain_id in (CHAIN_ID, "any-1", "with_underscore-1"):
        chain = chain_by_ledger(1, {}, document(chain_id=chain_id))
        assert chain.caip2 == caip2_of(chain_id)
        assert isinstance(chain.parse(document(chain_id=chain_id)), CosmosTx)
    with pytest.raises(UnknownChain, match="names no chain"):
        chain_by_ledger(1, {}, b"sign bytes")


def test_chain_that_nobody_knows__should_sign_but_compose_nothing() -> None:
    tx = ANY.parse(document(chain_id="any-1"))
    assert tx.contract == "urock"
    for question in (
        lambda: ANY.address(ALICE.public_key),
        lambda: ANY.validate_address(TO),
        lambda: ANY.compose(INTENT, SIGNER, 1, 1),
        lambda: ANY.verify_intent(tx, INTENT, ALICE.public_key),
    ):
        with pytest.raises(UnknownChain, match="which addresses and coin"):
            question()


@pytest.mark.parametrize(
    "caip2", ["cosmos:", "cosmos:a_b", "cosmos:any-1", "cosmos:" + "a" * 33, "bip122:x"]
)
def test_malformed_id__should_be_refused(caip2: str) -> None:
    with pytest.raises(UnknownChain):
        CosmosChain(caip2)
    if caip2.startswith("cosmos"):
        with pytest.raises(UnknownChain):
            chain_for(caip2)
