"""EVM addresses: derivation from a key, EIP-55 checksum, validation."""

from __future__ import annotations

import re

from eth_utils.address import to_checksum_address

from zrsign_chains.ecdsa import load_public_key
from zrsign_chains.errors import MalformedAddress
from zrsign_chains.hashing import keccak256

_HEX_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def checksum_address(raw: bytes) -> str:
    """Return the EIP-55 text of a 20-byte address."""
    if len(raw) != 20:
        raise MalformedAddress(f"an EVM address has 20 bytes, not {len(raw)}")
    return to_checksum_address(raw)


def parse_address(text: str) -> str:
    """Return the EIP-55 form of an address; mixed case must carry a true checksum."""
    if not _HEX_ADDRESS.fullmatch(text):
        raise MalformedAddress(f"{text!r} is not an EVM address; expected 0x and 40 hex digits")
    checksummed = checksum_address(bytes.fromhex(text[2:]))
    digits = text[2:]
    if text != checksummed and digits not in (digits.lower(), digits.upper()):
        raise MalformedAddress(f"{text!r} has a wrong EIP-55 checksum; expected {checksummed}")
    return checksummed


def evm_address(public_key: bytes) -> str:
    """Return the EIP-55 address of a 33-byte compressed secp256k1 key."""
    point = load_public_key(public_key).format(compressed=False)
    return checksum_address(keccak256(point[1:])[12:])
