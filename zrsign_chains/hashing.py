"""Hash functions of the chains, on byte strings."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from Crypto.Hash import RIPEMD160
from eth_hash.auto import keccak as _keccak


def keccak256(data: bytes) -> bytes:
    """Return Keccak-256 as Ethereum uses it (not SHA3-256): 32 bytes."""
    return _keccak(data)


def sha256(data: bytes) -> bytes:
    """Return SHA-256 (FIPS 180-4): 32 bytes."""
    return hashlib.sha256(data).digest()


def sha256d(data: bytes) -> bytes:
    """Return Bitcoin's double SHA-256: 32 bytes."""
    return sha256(sha256(data))


def hash160(data: bytes) -> bytes:
    """RIPEMD-160 of SHA-256: 20 bytes. OpenSSL 3 builds often lack it, hence pycryptodome."""
    return RIPEMD160.new(sha256(data)).digest()


@lru_cache(maxsize=16)
def _tag_prefix(tag: str) -> bytes:
    return sha256(tag.encode()) * 2


def tagged_hash(tag: str, data: bytes) -> bytes:
    """Return the BIP-340 tagged hash: 32 bytes."""
    return sha256(_tag_prefix(tag) + data)
