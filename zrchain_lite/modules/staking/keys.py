"""The key with which a validator signs blocks, and the address that votes name it by."""

from __future__ import annotations

from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import DecodeError

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.light.hashes import address
from zrchain_lite.wire.cosmos.crypto.ed25519.keys_pb2 import PubKey
from zrchain_lite.wire.cosmos.staking.v1beta1.staking_pb2 import Validator


def consensus_address(validator: Validator) -> bytes:
    """The consensus address of a validator: what votes name it by."""
    return address(public_key(validator))


def public_key(validator: Validator) -> bytes:
    """The Ed25519 key (32 bytes) with which a validator signs blocks."""
    return unpacked_key(validator.consensus_pubkey)


def unpacked_key(packed: Packed) -> bytes:
    """The Ed25519 key (32 bytes) in an `Any`; raises InvalidArgument."""
    key = PubKey()
    try:
        fits = packed.Unpack(key) and len(key.key) == 32
    except DecodeError:
        fits = False
    if not fits:
        raise InvalidArgument(
            "a validator's key is a cosmos.crypto.ed25519.PubKey of 32 bytes",
            code=6,
            codespace="staking",
        )
    return key.key
