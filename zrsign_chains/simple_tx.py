"""SimpleTx payload: calldata of `transaction(string to, uint256 value, bytes data)`."""

from __future__ import annotations

from dataclasses import dataclass

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_abi.exceptions import DecodingError

from zrsign_chains.errors import MalformedPayload

SELECTOR = bytes.fromhex("4dbda8d6")
_TYPES = ("string", "uint256", "bytes")


@dataclass(frozen=True, slots=True)
class SimpleTx:
    """Pay `value` (smallest unit) to `to`, an address of the destination chain, with `data`."""

    to: str
    value: int
    data: bytes


def encode(simple_tx: SimpleTx) -> bytes:
    """Return the payload a contract emits; `MalformedPayload` if the value is no uint256."""
    if not 0 <= simple_tx.value < 2**256:
        raise MalformedPayload(f"{simple_tx.value} is not a uint256")
    return SELECTOR + abi_encode(_TYPES, (simple_tx.to, simple_tx.value, simple_tx.data))


def decode(payload: bytes) -> SimpleTx:
    """Read a payload; only the canonical ABI encoding is accepted, else `MalformedPayload`."""
    if payload[:4] != SELECTOR:
        raise MalformedPayload(
            f"a SimpleTx starts with 0x{SELECTOR.hex()}, not 0x{payload[:4].hex()}"
        )
    try:
        simple_tx = SimpleTx(*abi_decode(_TYPES, payload[4:]))
    except (DecodingError, UnicodeDecodeError, OverflowError) as error:
        raise MalformedPayload(f"the SimpleTx payload does not decode: {error}") from error
    if encode(simple_tx) != payload:
        raise MalformedPayload("the SimpleTx payload is not the canonical ABI encoding")
    return simple_tx
