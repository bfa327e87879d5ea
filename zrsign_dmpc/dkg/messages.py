"""What the parties say in a key generation. All of it is broadcast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from zrsign_dmpc.group.curves import Point
from zrsign_dmpc.wire.records import Record

SEED_BYTES: Final = 32


@dataclass(frozen=True)
class Commitment(Record):
    """Round 1: V = H(sid, i, opening)."""

    digest: bytes


@dataclass(frozen=True)
class Opening(Record):
    """Round 2: what V committed to."""

    rid: bytes
    coefficients: tuple[Point, ...]
    """Sₖ = aₖ·G for k = 0 … t − 1."""
    nonce: Point
    """A, the first half of the Schnorr proof."""
    pad_keys: tuple[Point, ...]
    """Yⱼ = yⱼ·G, one for every other party by ascending index."""
    chain_code: bytes
    blind: bytes


@dataclass(frozen=True)
class PaddedShares(Record):
    """Round 3: f(j) + pad for every other party j by ascending index."""

    padded: tuple[int, ...]


@dataclass(frozen=True)
class ShareProof(Record):
    """Round 4: z, the second half of the Schnorr proof of knowledge of the new share."""

    response: int


@dataclass(frozen=True)
class Confirmation(Record):
    """Round 5: nothing but the signed view: the sender verified everything that it contains."""
