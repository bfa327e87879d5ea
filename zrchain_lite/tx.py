"""Cosmos transactions: strict decoding, and signing in SIGN_MODE_DIRECT.

What is accepted has one encoding: a `TxRaw` in canonical form (ADR-027), no unknown fields at any
depth, and only types inside an `Any` that this chain knows. Source: Cosmos SDK ADR-020, ADR-027.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from hashlib import sha256
from typing import TypeVar

from coincurve import PrivateKey
from google.protobuf import json_format
from google.protobuf.any_pb2 import Any
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError, Message

from zrchain_lite.errors import InvalidArgument, TxRejected
from zrchain_lite.module import MsgHandler
from zrchain_lite.registry import Registry
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrchain_lite.wire.cosmos.crypto.secp256k1.keys_pb2 import PubKey
from zrchain_lite.wire.cosmos.tx.signing.v1beta1.signing_pb2 import SIGN_MODE_DIRECT
from zrchain_lite.wire.cosmos.tx.v1beta1.tx_pb2 import (
    AuthInfo,
    Fee,
    ModeInfo,
    SignDoc,
    SignerInfo,
    TxBody,
    TxRaw,
)
from zrsign_chains import ecdsa

M = TypeVar("M", bound=Message)
MAX_ANY_DEPTH = 8
MAX_MESSAGES = 256
MAX_ANYS = 1_024
"""How many `Any` one transaction holds, its messages and what lies inside them together."""
MAX_REMEMBERED = 4 * 1024 * 1024
"""Bytes of the transactions that a `Decoder` remembers together."""
_WELL_KNOWN = "google.protobuf"


@dataclass(frozen=True)
class DecodedTx:
    """A transaction whose bytes are well formed; nothing is verified yet."""

    size: int
    raw: TxRaw
    body: TxBody
    auth_info: AuthInfo
    messages: tuple[tuple[MsgHandler, Message], ...]

    @cached_property
    def signers(self) -> tuple[str, ...]:
        """Addresses that must sign, in order of first appearance; whoever pays is among them."""
        payer = self.auth_info.fee.payer
        named = [handler.signed_by(message) for handler, message in self.messages]
        return tuple(dict.fromkeys([*named, payer] if payer else named))


def tx_hash(tx: bytes) -> bytes:
    """The hash under which a transaction is found: SHA-256 of its bytes."""
    return sha256(tx).digest()


def decode(tx: bytes, registry: Registry) -> DecodedTx:
    """Parse strictly; raises TxRejected or UnknownRequest."""
    raw = parse(TxRaw, tx, "the transaction")
    if raw.SerializeToString() != tx:
        raise TxRejected("the transaction is not in canonical protobuf form (ADR-027)")
    body = parse(TxBody, raw.body_bytes, "the body")
    auth_info = parse(AuthInfo, raw.auth_info_bytes, "auth_info")
    if body.extension_options or body.non_critical_extension_options:
        raise TxRejected("extension options are not supported", code=31)
    if body.unordered or body.HasField("timeout_timestamp"):
        raise TxRejected("unordered transactions are not supported", code=37)
    if not 0 < len(body.messages) <= MAX_MESSAGES:
        raise TxRejected(
            f"a transaction has 1 to {MAX_MESSAGES} messages, not {len(body.messages)}", code=18
        )
    nested = _Nested(registry)
    for info in auth_info.signer_infos:
        nested.check(info)
    messages = tuple(_message(packed, registry, nested) for packed in body.messages)
    return DecodedTx(len(tx), raw, body, auth_info, messages)


class Decoder:
    """Decodes a transaction once, though it is looked at when it arrives, is chosen and runs.

    What came first is forgotten above `MAX_REMEMBERED` bytes of transactions.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known: dict[bytes, DecodedTx] = {}
        self._size = 0

    def look(self, tx: bytes) -> DecodedTx:
        """`decode` for who changes nothing of it; raises what that does."""
        known = self._known.get(tx)
        if known is None:
            known = self._known[tx] = decode(tx, self._registry)
            self._size += len(tx)
            while self._size > MAX_REMEMBERED:
                self.take(next(iter(self._known)))
        return known

    def take(self, tx: bytes) -> DecodedTx:
        """`decode` for who hands the messages on: nobody else sees them."""
        known = self._known.pop(tx, None)
        if known is None:
            return decode(tx, self._registry)
        self._size -= len(tx)
        return known


def parse(message: type[M], data: bytes, what: str) -> M:
    """Parse and refuse unknown fields; raises TxRejected. `what` names it in the error."""
    try:
        parsed = message.FromString(data)
    except DecodeError as error:
        raise TxRejected(f"{what} is not a {message.DESCRIPTOR.full_name}: {error}") from None
    size = parsed.ByteSize()
    parsed.DiscardUnknownFields()
    if parsed.ByteSize() != size:
        raise TxRejected(f"{what} has fields that {message.DESCRIPTOR.full_name} does not have")
    return parsed


def _message(packed: Any, registry: Registry, nested: _Nested) -> tuple[MsgHandler, Message]:
    handler = registry.handler(packed.type_url)
    message = parse(handler.message, packed.value, packed.type_url)
    nested.check(message)
    handler.signed_by(message)
    return handler, message


class _Nested:
    """Every `Any` below a message must hold a known type without unknown fields, and nothing below
    may lack a form in JSON: a list that holds it is shown for ever.
    """

    def __init__(self, registry: Registry) -> None:
        self._types = registry.types
        self._anys = 0

    def check(self, message: Message, depth: int = 0) -> None:
        """Look through a message of the transaction; raises TxRejected."""
        while isinstance(message, Any):
            depth += 1
            self._anys += 1
            if depth > MAX_ANY_DEPTH:
                raise TxRejected(f"Any is nested deeper than {MAX_ANY_DEPTH} levels")
            if self._anys > MAX_ANYS:
                raise TxRejected(f"the transaction holds more than {MAX_ANYS} Any")
            if message.type_url not in self._types:
                raise TxRejected(f"no type {message.type_url!r} on this chain", code=33)
            message = parse(self._types[message.type_url], message.value, message.type_url)
        if _is_plain(message.DESCRIPTOR):
            return
        if message.DESCRIPTOR.file.package == _WELL_KNOWN:
            _check_shown(message)
        for field, value in message.ListFields():
            if field.message_type is None or field.message_type.GetOptions().map_entry:
                continue
            for item in [value] if isinstance(value, Message) else value:
                self.check(item, depth)


@cache
def _is_plain(kind: Descriptor) -> bool:
    """Whether nothing of protobuf's own is below a message of this type, and so no `Any`."""
    return all(each.file.package != _WELL_KNOWN for each in _below(kind))


def _below(kind: Descriptor) -> set[Descriptor]:
    found, todo = {kind}, [kind]
    while todo:
        inner = {field.message_type for field in todo.pop().fields if field.message_type}
        todo += inner - found
        found |= inner
    return found


def opened(packed: Any, kinds: Mapping[str, type[Message]], what: str) -> Message:
    """The message inside an `Any`, which is one of `kinds` by type URL; raises InvalidArgument.

    `what` names it in the error.
    """
    kind = kinds.get(packed.type_url)
    if kind is None:
        raise InvalidArgument(
            f"{packed.type_url[:200]!r} is no {what}; there are {', '.join(kinds)}",
            code=29,
            codespace="sdk",
        )
    return parse(kind, packed.value, what)


def _check_shown(message: Message) -> None:
    """Protobuf's own types have rules in JSON that parsing does not check: a Duration's range."""
    try:
        json_format.MessageToDict(message)
    except (ValueError, TypeError, json_format.Error) as error:
        name = message.DESCRIPTOR.full_name
        raise TxRejected(f"a {name} cannot be shown: {error}", code=18) from None


def sign_bytes(raw: TxRaw, chain_id: str, account_number: int) -> bytes:
    """What a signer hashes with SHA-256 and signs."""
    doc = SignDoc(
        body_bytes=raw.body_bytes,
        auth_info_bytes=raw.auth_info_bytes,
        chain_id=chain_id,
        account_number=account_number,
    )
    return doc.SerializeToString(deterministic=True)


def pack(message: Message) -> Any:
    """An `Any` with the type URL of the Cosmos SDK, `/<full name>`."""
    return Any(
        type_url="/" + message.DESCRIPTOR.full_name,
        value=message.SerializeToString(deterministic=True),
    )


@dataclass(frozen=True)
class TxSigner:
    """A key and where its account stands."""

    secret: PrivateKey
    account_number: int
    sequence: int


def build(
    messages: Sequence[Message],
    signers: Sequence[TxSigner],
    *,
    chain_id: str,
    gas_limit: int,
    fee: int,
    memo: str = "",
    timeout_height: int = 0,
    denom: str = "urock",
    payer: str = "",
    granter: str = "",
) -> bytes:
    """A signed transaction, ready to broadcast. `fee` is in `denom`'s smallest unit.

    It is paid by the first signer, unless `payer` names another one of them, from whose allowance
    by `granter` it is taken where that is named.
    """
    body = TxBody(
        messages=[pack(message) for message in messages], memo=memo, timeout_height=timeout_height
    )
    amount = [Coin(denom=denom, amount=str(fee))] if fee else []
    auth_info = AuthInfo(
        signer_infos=[_signer_info(signer) for signer in signers],
        fee=Fee(amount=amount, gas_limit=gas_limit, payer=payer, granter=granter),
    )
    raw = TxRaw(
        body_bytes=body.SerializeToString(deterministic=True),
        auth_info_bytes=auth_info.SerializeToString(deterministic=True),
    )
    for signer in signers:
        document = sign_bytes(raw, chain_id, signer.account_number)
        raw.signatures.append(sign_low_s(signer.secret, sha256(document).digest()))
    return raw.SerializeToString()


def sign_low_s(secret: PrivateKey, digest: bytes) -> bytes:
    """64 bytes r || s over a 32-byte digest (RFC 6979 nonce, low s)."""
    return secret.sign_recoverable(digest, hasher=None)[:64]


def verify_signature(public_key: bytes, document: bytes, signature: bytes) -> None:
    """64 bytes r || s, low s, over SHA-256 of the sign bytes; raises `ChainError`."""
    if len(signature) != 64:
        raise TxRejected(f"a signature is 64 bytes r || s, not {len(signature)}", code=4)
    _verify(public_key, sha256(document).digest(), signature)


# CheckTx verifies what the block verifies again: the same key, digest and signature. What does not
# verify raises and is not remembered.
_verify = lru_cache(maxsize=16_384)(ecdsa.verify)


def _signer_info(signer: TxSigner) -> SignerInfo:
    return SignerInfo(
        public_key=pack(PubKey(key=signer.secret.public_key.format())),
        mode_info=ModeInfo(single=ModeInfo.Single(mode=SIGN_MODE_DIRECT)),
        sequence=signer.sequence,
    )
