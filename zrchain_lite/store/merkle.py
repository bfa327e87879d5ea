"""Merkle trees of RFC 6962 section 2.1 over SHA-256, and the hashes that a block is made of.

Root of nothing is SHA-256 of the empty string; a leaf is SHA-256(0x00 || data), a node
SHA-256(0x01 || left || right), and the left subtree holds the largest power of two of leaves that
is smaller than their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

Change = tuple[bytes, bytes | None]


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


def encode_change(key: bytes, value: bytes | None) -> bytes:
    """One write: length of the key (4 bytes, big-endian), key, 0x01 and value; 0x00 deletes."""
    tail = b"\x00" if value is None else b"\x01" + value
    return len(key).to_bytes(4, "big") + key + tail


def writes_root(changes: Sequence[Change]) -> bytes:
    """Root over a block's writes in key order."""
    return root([encode_change(key, value) for key, value in changes])


def next_app_hash(previous: bytes, changes: Sequence[Change]) -> bytes:
    """SHA-256(previous app hash || root of the block's writes); 32 zero bytes precede the first."""
    return sha256(previous + writes_root(changes)).digest()


def writes_witness(previous: bytes, changes: Sequence[Change]) -> bytes:
    """What proves a write later.

    The previous app hash, then for each write its key's length (2 bytes), its key and leaf hash.
    """
    parts = [previous]
    for key, value in changes:
        parts += [len(key).to_bytes(2, "big"), key, leaf_hash(encode_change(key, value))]
    return b"".join(parts)


def read_witness(witness: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """What a witness holds: the previous application hash, and (key, leaf hash) of each write."""
    pairs = []
    position = 32
    while position < len(witness):
        start = position + 2
        end = start + int.from_bytes(witness[position:start], "big")
        pairs.append((witness[start:end], witness[end : end + 32]))
        position = end + 32
    return witness[:32], pairs
