"""Schnorr's proof of knowledge of a discrete logarithm (Πsch of CGGMP24).

The prover commits to A = τ·G early (inside a commitment), and answers z = τ + e·x once the
challenge can be hashed from everything that all parties contributed. The transcript must hold the
execution, the prover's index, and the statement's context.
"""

from __future__ import annotations

from zrsign_dmpc.group.curves import Group, Point
from zrsign_dmpc.wire.transcript import Transcript


def challenge(transcript: Transcript, group: Group, statement: Point, commitment: Point) -> int:
    """e, uniform modulo q."""
    transcript.absorb("X", statement)
    transcript.absorb("A", commitment)
    return transcript.challenge_below("e", group.order)


def respond(group: Group, e: int, tau: int, x: int) -> int:
    """z = τ + e·x mod q."""
    return (tau + e * x) % group.order


def verify(group: Group, e: int, statement: Point, commitment: Point, z: int) -> bool:
    """Whether 0 ≤ z < q and z·G = A + e·X."""
    return 0 <= z < group.order and group.base_mul(z) == commitment + e * statement
