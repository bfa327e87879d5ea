"""What a key of a Cosmos chain signs: the `SignDoc` of SIGN_MODE_DIRECT, read strictly, and built.

Each signer of a transaction signs a document of its own, with its own account number, so one
payload takes one signature and names one signer. Sources: Cosmos SDK ADR-020 and ADR-027,
cosmos/tx/v1beta1/tx.proto.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zrsign_chains import protobuf
from zrsign_chains.chain import UnsignedTx
from zrsign_chains.errors import MalformedTransaction
from zrsign_chains.protobuf import FieldKind, Fields

PUBLIC_KEY_TYPE = "/cosmos.crypto.secp256k1.PubKey"
SEND_TYPE = "/cosmos.bank.v1beta1.MsgSend"
SIGN_MODE_DIRECT = 1

_NUMBER, _BYTES, _TEXT = FieldKind.NUMBER, FieldKind.BYTES, FieldKind.TEXT
_MESSAGE, _MESSAGES = FieldKind.MESSAGE, FieldKind.MESSAGES

_SIGN_DOC = {1: _BYTES, 2: _BYTES, 3: _TEXT, 4: _NUMBER}
_BODY = {1: _MESSAGES, 2: _TEXT, 3: _NUMBER}
_AUTH_INFO = {1: _MESSAGES, 2: _MESSAGE}
_SIGNER_INFO = {1: _MESSAGE, 2: _MESSAGE, 3: _NUMBER}
_MODE_INFO = {1: _MESSAGE}
_SINGLE_MODE = {1: _NUMBER}
_FEE = {1: _MESSAGES, 2: _NUMBER, 3: _TEXT, 4: _TEXT}
_COIN = {1: _TEXT, 2: _TEXT}
_ANY = {1: _TEXT, 2: _BYTES}
_PUBLIC_KEY = {1: _BYTES}
_SEND = {1: _TEXT, 2: _TEXT, 3: _MESSAGES}
_TX_RAW = {1: _BYTES, 2: _BYTES, 3: _MESSAGES}

_AMOUNT = re.compile(r"0|[1-9][0-9]{0,77}")
_DENOM = re.compile(r"[a-zA-Z][a-zA-Z0-9/:._-]{2,127}")
_TYPE_URL = re.compile(r"/[a-zA-Z][a-zA-Z0-9_.]{0,254}")


@dataclass(frozen=True, slots=True)
class Coin:
    """An amount in a denomination's smallest unit."""

    denom: str
    amount: int

    def __str__(self) -> str:
        return f"{self.amount}{self.denom}"

    def encode(self) -> bytes:
        """The coin as a message cosmos.base.v1beta1.Coin."""
        return protobuf.data(1, self.denom.encode()) + protobuf.data(2, str(self.amount).encode())


@dataclass(frozen=True, slots=True)
class CosmosMessage:
    """One message of a transaction: a type URL, and bytes that only its chain can read."""

    type_url: str
    value: bytes

    def encode(self) -> bytes:
        """The message in a google.protobuf.Any."""
        return protobuf.data(1, self.type_url.encode()) + protobuf.data(2, self.value)


@dataclass(frozen=True, slots=True)
class Send:
    """A bank transfer: cosmos.bank.v1beta1.MsgSend."""

    sender: str
    to: str
    amount: tuple[Coin, ...]

    def message(self) -> CosmosMessage:
        """The message that asks for it."""
        value = protobuf.data(1, self.sender.encode()) + protobuf.data(2, self.to.encode())
        coins = b"".join(protobuf.message(3, coin.encode()) for coin in self.amount)
        return CosmosMessage(SEND_TYPE, value + coins)


@dataclass(frozen=True, slots=True)
class CosmosSigner:
    """Who signs: the 33-byte key, its account's number and the sequence that is used up."""

    public_key: bytes
    account_number: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Charge:
    """What the transaction may cost: the coins are paid whole, whatever gas is used.

    `payer` and `granter` are addresses, empty when the signer pays from its own account.
    """

    coins: tuple[Coin, ...]
    gas_limit: int
    payer: str = ""
    granter: str = ""


@dataclass(frozen=True, slots=True)
class CosmosTx(UnsignedTx):
    """A parsed SignDoc. `contract` is a coin's denomination when the chain's own coin is another.

    `timeout_height` is the last height at which it may be in a block; 0 is any.
    """

    chain_id: str
    signer: CosmosSigner
    messages: tuple[CosmosMessage, ...]
    charge: Charge
    memo: str
    timeout_height: int
    body: bytes
    auth_info: bytes

    def cost(self, denom: str) -> int:
        """What its transfers and its fee take from the signer in one coin, gas aside."""
        sends = [send_of(message) for message in self.messages]
        coins = [coin for send in sends if send is not None for coin in send.amount]
        return sum(coin.amount for coin in (*coins, *self.charge.coins) if coin.denom == denom)

    @property
    def shown(self) -> Mapping[str, Any]:
        """Everything that it says, in words for a person."""
        return {
            "chain_id": self.chain_id,
            "signer": "0x" + self.signer.public_key.hex(),
            "account_number": self.signer.account_number,
            "sequence": self.signer.sequence,
            "messages": [_shown(message) for message in self.messages],
            "fee": [str(coin) for coin in self.charge.coins],
            "gas_limit": self.charge.gas_limit,
            "fee_payer": self.charge.payer,
            "fee_granter": self.charge.granter,
            "memo": self.memo,
            "timeout_height": self.timeout_height,
        }


@dataclass(frozen=True, slots=True)
class SignedTx:
    """What a TxRaw says of its place: the sequence it uses up, and its last height (0 is any).

    The signer's account number is not in it and is 0.
    """

    signer: CosmosSigner
    timeout_height: int


def chain_id_of(payload: bytes) -> str:
    """The chain that a SignDoc is for; raises `MalformedTransaction`."""
    return protobuf.read(payload, _SIGN_DOC, "the SignDoc").text(3)


def decode(payload: bytes, native: str) -> CosmosTx:
    """Read a SignDoc; `native` is the denomination of the chain's own coin, empty if not known.

    Raises `MalformedTransaction`.
    """
    document = protobuf.read(payload, _SIGN_DOC, "the SignDoc")
    body = protobuf.read(document.data(1), _BODY, "the body")
    auth_info = protobuf.read(document.data(2), _AUTH_INFO, "auth_info")
    messages = tuple(_message(packed) for packed in body.all(1))
    if not messages:
        raise MalformedTransaction("the transaction has no message")
    sole = _sends(messages)
    to, coin = sole if sole is not None else (None, None)
    return CosmosTx(
        raw=payload,
        to=to,
        amount=None if coin is None else coin.amount,
        contract=None if coin is None or coin.denom == native else coin.denom,
        chain_id=document.text(3),
        signer=_signer(auth_info, document.number(4)),
        messages=messages,
        charge=_charge(auth_info.data(2)),
        memo=body.text(2),
        timeout_height=body.number(3),
        body=document.data(1),
        auth_info=document.data(2),
    )


def send_of(message: CosmosMessage) -> Send | None:
    """The bank transfer in a message, None when it is another; raises `MalformedTransaction`."""
    if message.type_url != SEND_TYPE:
        return None
    fields = protobuf.read(message.value, _SEND, "MsgSend")
    return Send(fields.text(1), fields.text(2), _coins(fields.all(3)))


def encode(
    chain_id: str,
    signer: CosmosSigner,
    messages: Sequence[CosmosMessage],
    charge: Charge,
    memo: str = "",
    timeout_height: int = 0,
) -> bytes:
    """The SignDoc of a transaction with one signer."""
    body = b"".join(protobuf.message(1, each.encode()) for each in messages)
    body += protobuf.data(2, memo.encode()) + protobuf.number(3, timeout_height)
    key = CosmosMessage(PUBLIC_KEY_TYPE, protobuf.data(1, signer.public_key))
    mode = protobuf.message(1, protobuf.number(1, SIGN_MODE_DIRECT))
    signer_info = protobuf.message(1, key.encode()) + protobuf.message(2, mode)
    signer_info += protobuf.number(3, signer.sequence)
    fee = b"".join(protobuf.message(1, coin.encode()) for coin in charge.coins)
    fee += protobuf.number(2, charge.gas_limit) + protobuf.data(3, charge.payer.encode())
    fee += protobuf.data(4, charge.granter.encode())
    auth_info = protobuf.message(1, signer_info) + protobuf.message(2, fee)
    return (
        protobuf.data(1, body)
        + protobuf.data(2, auth_info)
        + protobuf.data(3, chain_id.encode())
        + protobuf.number(4, signer.account_number)
    )


def signed(tx: CosmosTx, signature: bytes) -> bytes:
    """The broadcastable TxRaw, with 64 bytes r || s."""
    return (
        protobuf.data(1, tx.body) + protobuf.data(2, tx.auth_info) + protobuf.message(3, signature)
    )


def decode_signed(raw: bytes) -> SignedTx:
    """Read a TxRaw; raises `MalformedTransaction`."""
    fields = protobuf.read(raw, _TX_RAW, "the transaction")
    body = protobuf.read(fields.data(1), _BODY, "the body")
    auth_info = protobuf.read(fields.data(2), _AUTH_INFO, "auth_info")
    return SignedTx(_signer(auth_info, 0), body.number(3))


def _signer(auth_info: Fields, account_number: int) -> CosmosSigner:
    infos = auth_info.all(1)
    if len(infos) != 1:
        raise MalformedTransaction(
            f"the transaction names {len(infos)} signers; each signs a document of its own, and "
            "one is signed here"
        )
    info = protobuf.read(infos[0], _SIGNER_INFO, "the signer")
    mode = protobuf.read(info.data(2), _MODE_INFO, "the sign mode")
    single = protobuf.read(mode.data(1), _SINGLE_MODE, "the sign mode").number(1)
    if single != SIGN_MODE_DIRECT:
        raise MalformedTransaction(f"sign mode {single} is not SIGN_MODE_DIRECT")
    packed = _message(info.data(1))
    if packed.type_url != PUBLIC_KEY_TYPE:
        raise MalformedTransaction(f"the signer's key is a {packed.type_url}, no {PUBLIC_KEY_TYPE}")
    public_key = protobuf.read(packed.value, _PUBLIC_KEY, "the public key").data(1)
    return CosmosSigner(public_key, account_number, info.number(3))


def _charge(data: bytes) -> Charge:
    fields = protobuf.read(data, _FEE, "the fee")
    return Charge(_coins(fields.all(1)), fields.number(2), fields.text(3), fields.text(4))


def _coins(packed: Sequence[bytes]) -> tuple[Coin, ...]:
    return tuple(_coin(protobuf.read(each, _COIN, "a coin")) for each in packed)


def _coin(fields: Fields) -> Coin:
    denom, amount = fields.text(1), fields.text(2)
    if not _DENOM.fullmatch(denom) or not _AMOUNT.fullmatch(amount):
        raise MalformedTransaction(f"{amount!r} of {denom!r} is no coin")
    return Coin(denom, int(amount))


def _message(packed: bytes) -> CosmosMessage:
    fields = protobuf.read(packed, _ANY, "a message")
    if not _TYPE_URL.fullmatch(fields.text(1)):
        raise MalformedTransaction(f"{fields.text(1)!r} is no type URL")
    return CosmosMessage(fields.text(1), fields.data(2))


def _sends(messages: Sequence[CosmosMessage]) -> tuple[str, Coin] | None:
    """Recipient and coin of what is one transfer of one coin alone; every transfer is read."""
    sends = [send_of(message) for message in messages]
    if len(sends) != 1 or sends[0] is None or len(sends[0].amount) != 1:
        return None
    return sends[0].to, sends[0].amount[0]


def _shown(message: CosmosMessage) -> dict[str, Any]:
    send = send_of(message)
    if send is None:
        return {"type": message.type_url, "value": "0x" + message.value.hex()}
    coins = [str(coin) for coin in send.amount]
    return {"type": message.type_url, "from": send.sender, "to": send.to, "amount": coins}
