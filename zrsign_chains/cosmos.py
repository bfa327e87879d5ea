"""Cosmos bech32 addresses: accounts, workspaces and keyrings of the ledger."""

from __future__ import annotations

from bech32 import bech32_decode, bech32_encode, convertbits

from zrsign_chains.ecdsa import load_public_key
from zrsign_chains.errors import MalformedAddress
from zrsign_chains.hashing import hash160, sha256

ACCOUNT_PREFIX = "zen"
ACCOUNT_LENGTH = 20
WORKSPACE_PREFIX = "workspace"
WORKSPACE_LENGTH = 10
KEYRING_PREFIX = "keyring"
KEYRING_LENGTH = 11


def encode(prefix: str, payload: bytes) -> str:
    """Encode raw bytes as bech32 (BIP-173)."""
    return bech32_encode(prefix, convertbits(payload, 8, 5) or [])


def decode(address: str) -> tuple[str, bytes]:
    """Return prefix and payload of a lower-case bech32 address; raises `MalformedAddress`."""
    prefix, words = bech32_decode(address)
    payload = convertbits(words, 5, 8, False) if words is not None else None
    if prefix is None or payload is None or address != address.lower():
        raise MalformedAddress(f"{address!r} is not a bech32 address; check for a typing error")
    return prefix, bytes(payload)


def validate(address: str, prefix: str = ACCOUNT_PREFIX, length: int = ACCOUNT_LENGTH) -> bytes:
    """Return the payload of an address of this prefix and length; raises `MalformedAddress`."""
    found, payload = decode(address)
    if found != prefix or len(payload) != length:
        raise MalformedAddress(
            f"{address!r} has prefix {found!r} and {len(payload)} bytes; "
            f"expected {prefix!r} and {length}"
        )
    return payload


def account_address(public_key: bytes, prefix: str = ACCOUNT_PREFIX) -> str:
    """Return bech32(ripemd160(sha256(key))) of a compressed secp256k1 key."""
    load_public_key(public_key)
    return encode(prefix, hash160(public_key))


def workspace_address(n: int) -> str:
    """Return the address of the n-th workspace: 10 bytes of sha256(LE64(n))."""
    return encode(WORKSPACE_PREFIX, sha256(n.to_bytes(8, "little"))[:10])


def keyring_address(n: int) -> str:
    """Return the address of the n-th keyring: 11 bytes of sha256(LE64(n))."""
    return encode(KEYRING_PREFIX, sha256(n.to_bytes(8, "little"))[13:24])
