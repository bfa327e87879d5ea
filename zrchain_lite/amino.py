"""SIGN_MODE_LEGACY_AMINO_JSON: what Keplr and hardware wallets sign, and amino's keys.

The document is JSON with sorted keys and without blanks, in which 64-bit integers are text, bytes
base64, enums numbers, and fields with their default value are left out. A message is
`{"type", "value"}`; its type is its `amino.name`, its type URL where it has none. Source: Cosmos
SDK 0.50, x/tx/signing/aminojson and ADR-020.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from zrchain_lite import decimals
from zrchain_lite.errors import TxRejected
from zrchain_lite.wire.amino import amino_pb2
from zrchain_lite.wire.cosmos.tx.v1beta1.tx_pb2 import AuthInfo, Fee, TxBody

_AS_TEXT = (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64)
# Go's encoding/json escapes these for HTML.
_ESCAPED = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}
_SECP256K1 = bytes.fromhex("eb5ae987")
_MULTISIG = bytes.fromhex("22c1f7e2")


def sign_bytes(
    body: TxBody, auth_info: AuthInfo, chain_id: str, account_number: int, sequence: int
) -> bytes:
    """What a signer hashes with SHA-256 and signs; raises TxRejected for what it cannot say."""
    if auth_info.HasField("tip"):
        raise TxRejected("amino JSON here says nothing of a tip", code=37)
    document = {
        "account_number": str(account_number),
        "chain_id": chain_id,
        "fee": _fee(auth_info.fee),
        "memo": body.memo,
        "msgs": [_any(message) for message in body.messages],
        "sequence": str(sequence),
    }
    if body.timeout_height:
        document["timeout_height"] = str(body.timeout_height)
    return dump(document)


def _fee(fee: Fee) -> dict[str, Any]:
    paid: dict[str, Any] = {"amount": [_value(coin) for coin in fee.amount]}
    paid["gas"] = str(fee.gas_limit)
    return paid | {name: getattr(fee, name) for name in ("payer", "granter") if getattr(fee, name)}


def dump(document: Any) -> bytes:
    """JSON as Go writes it: keys sorted, no blanks, and what HTML would misread escaped."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.translate(_ESCAPED).encode()


def name_of(descriptor: Any) -> str:
    """The name of a message in amino JSON."""
    options: Any = descriptor.GetOptions()
    return options.Extensions[amino_pb2.name] or f"/{descriptor.full_name}"


def encoded_key(public_key: bytes) -> bytes:
    """A secp256k1 key of 33 bytes as amino encodes it: its prefix, its length, itself."""
    return _SECP256K1 + bytes([len(public_key)]) + public_key


def encoded_multisig(threshold: int, public_keys: Sequence[bytes]) -> bytes:
    """A key of `threshold` (below 128) of several secp256k1 keys as amino encodes it."""
    keys = (encoded_key(each) for each in public_keys)
    return _MULTISIG + bytes([8, threshold]) + b"".join(bytes([18, len(k)]) + k for k in keys)


def _any(packed: Packed) -> dict[str, Any]:
    descriptor = descriptor_pool.Default().FindMessageTypeByName(packed.TypeName())
    message = message_factory.GetMessageClass(descriptor).FromString(packed.value)
    options: Any = descriptor.GetOptions()
    if options.Extensions[amino_pb2.message_encoding] == "key_field":
        key = descriptor.fields_by_name["key"]
        return {"type": name_of(descriptor), "value": _one(key, getattr(message, key.name))}
    return {"type": name_of(descriptor), "value": _value(message)}


def _value(message: Message) -> Any:
    if isinstance(message, Packed):
        return _any(message)
    if isinstance(message, Timestamp):
        return _moment(message)
    if isinstance(message, Duration):
        return str(message.ToNanoseconds())
    shown: dict[str, Any] = {_camel(each.name): None for each in message.DESCRIPTOR.oneofs}
    for field, value in message.ListFields():
        many = field.is_repeated
        one = [_one(field, it) for it in value] if many else _one(field, value)
        if field.containing_oneof is None:
            shown[field.name] = one
        else:
            shown[_camel(field.containing_oneof.name)] = {
                "type": _oneof_name(field),
                "value": {field.name: one},
            }
    for known in message.DESCRIPTOR.fields:
        options: Any = known.GetOptions()
        if known.is_repeated and options.Extensions[amino_pb2.dont_omitempty]:
            shown.setdefault(known.name, [])
    return shown


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _oneof_name(field: FieldDescriptor) -> str:
    options: Any = field.GetOptions()
    name: str = options.Extensions[amino_pb2.oneof_name]
    if not name:
        raise TxRejected(
            f"{field.full_name} is one of several and has no name in "
            "amino JSON; sign with SIGN_MODE_DIRECT",
            code=37,
        )
    return name


def _moment(moment: Timestamp) -> str:
    """RFC 3339 as Go writes it: in UTC, with as many digits of the second as there are."""
    whole = Timestamp(seconds=moment.seconds).ToJsonString()
    digits = f"{moment.nanos:09d}".rstrip("0")
    return f"{whole.removesuffix('Z')}.{digits}Z" if digits else whole


def _one(field: FieldDescriptor, value: Any) -> Any:
    if field.message_type is not None:
        return _value(value)
    if field.type == FieldDescriptor.TYPE_BYTES and not decimals.is_decimal(field):
        return base64.b64encode(value).decode()
    if decimals.is_decimal(field):
        return decimals.shown(decimals.stored(value))
    return str(value) if field.cpp_type in _AS_TEXT else value
