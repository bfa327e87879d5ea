"""Merkle trees of RFC 6962 section 2.1 over SHA-256, of which a block's hashes are made.

Root of nothing is SHA-256 of the empty string; a leaf is SHA-256(0x00 || data), a node
SHA-256(0x01 || left || right), and the left subtree holds the largest power of two of leaves that
is smaller than their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf, apart from that of an inner node (RFC 6962)."""
    return sha256(b"\x00" + data).digest()


def root_of_hashes(leaves: Sequence[bytes]) -> bytes:
    """Root over leaf hashes, level by level: an odd node at the end moves up unchanged."""
    if not leaves:
        return sha256().digest()
    level = list(leaves)
    while len(level) > 1:
        paired = [
            sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)
        ]
        level = paired + level[len(paired) * 2 :]
    return level[0]


def root(items: Sequence[bytes]) -> bytes:
    """The Merkle root over items, which are hashed as leaves first."""
    return root_of_hashes([leaf_hash(item) for item in items])
