"""Πelog: Y = y·h for the y that (L, M) encrypts in the exponent to X.

CGGMP24, figure "dlog with El Gamal commitment". Public: L, M, X, Y and the base h. Secret: y, λ
with L = λG, M = yG + λX, Y = yh. Curve operations only.
"""

# ruff: noqa: N806 - letters are the paper's
from dataclasses import dataclass
from typing import ClassVar

from zrsign_dmpc.ecdsa.proofs.context import GROUP, Q_ORDER, ProofContext, require, require_scalar
from zrsign_dmpc.group.curves import Point, Rng
from zrsign_dmpc.wire.records import Record

NAME = "elog"


@dataclass(frozen=True)
class Statement:
    """Public points, with the letters of the paper; h is the base of Y = y·h."""

    L: Point
    M: Point
    X: Point
    Y: Point
    h: Point


@dataclass(frozen=True, repr=False)
class Witness:
    """Secrets of the prover."""

    y: int
    lambda_: int


@dataclass(frozen=True)
class Proof(Record):
    """Commitments A, N, B and responses z, u."""

    TAG: ClassVar[str] = NAME

    A: Point
    N: Point
    B: Point
    z: int
    u: int


def prove(context: ProofContext, statement: Statement, witness: Witness, rng: Rng) -> Proof:
    """A proof that anybody can verify."""
    alpha, m = GROUP.random_scalar(rng), GROUP.random_scalar(rng)
    A = GROUP.base_mul(alpha)
    N = GROUP.base_mul(m) + alpha * statement.X
    B = m * statement.h
    e = _challenge(context, statement, A, N, B)
    return Proof(
        A=A,
        N=N,
        B=B,
        z=(alpha + e * witness.lambda_) % Q_ORDER,
        u=(m + e * witness.y) % Q_ORDER,
    )


def verify(context: ProofContext, statement: Statement, proof: Proof) -> None:
    """Check the proof with public values only. Raises ProofError."""
    require_scalar("z", proof.z)
    require_scalar("u", proof.u)
    e = _challenge(context, statement, proof.A, proof.N, proof.B)
    require(GROUP.base_mul(proof.z) == proof.A + e * statement.L, "zG = A + eL")
    left = GROUP.base_mul(proof.u) + proof.z * statement.X
    require(left == proof.N + e * statement.M, "uG + zX = N + eM")
    require(proof.u * statement.h == proof.B + e * statement.Y, "uh = B + eY")


def _challenge(context: ProofContext, statement: Statement, *commitments: Point) -> int:
    transcript = context.transcript(NAME)
    transcript.absorb(
        "statement", (statement.L, statement.M, statement.X, statement.Y, statement.h)
    )
    transcript.absorb("commitments", commitments)
    return transcript.challenge_below("e", Q_ORDER)
