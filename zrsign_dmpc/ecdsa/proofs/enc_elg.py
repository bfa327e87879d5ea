"""Πenc-elg: the plaintext of C is in range and is what (A, B, X) encrypts in the exponent.

CGGMP24, figure "range proof with El Gamal commitment". Public: N, C, A, B, X. Secret: x, ρ, b with
C = enc_N(x; ρ), B = bG, X = bA + xG, x in ±2^ℓ. Shows x in ±2^(ℓ+ε).
"""

# ruff: noqa: N806, RUF002 - letters are the paper's
from dataclasses import dataclass
from typing import ClassVar

from zrsign_dmpc.ecdsa.paillier import PaillierKey
from zrsign_dmpc.ecdsa.proofs.batch import EncryptionBatch, EncryptionEquation
from zrsign_dmpc.ecdsa.proofs.context import (
    GROUP,
    Q_ORDER,
    ProofContext,
    require,
    require_range,
    require_scalar,
)
from zrsign_dmpc.ecdsa.ring_pedersen import RingPedersen
from zrsign_dmpc.ecdsa.sampling import symmetric
from zrsign_dmpc.group.curves import Point, Rng, system_rng
from zrsign_dmpc.wire.records import Record

NAME = "enc-elg"


@dataclass(frozen=True)
class Statement:
    """Public values; `N` is the prover's key."""

    N: PaillierKey
    C: int
    A: Point
    B: Point
    X: Point


@dataclass(frozen=True, repr=False)
class Witness:
    """Secrets of the prover."""

    x: int
    rho: int
    b: int


@dataclass(frozen=True)
class Proof(Record):
    """Commitments S, D, T, Y, Z and responses z1, z2, z3, w."""

    TAG: ClassVar[str] = NAME

    S: int
    D: int
    T: int
    Y: Point
    Z: Point
    z1: int
    z2: int
    z3: int
    w: int


def prove(
    context: ProofContext, statement: Statement, witness: Witness, rp: RingPedersen, rng: Rng
) -> Proof:
    """A proof for the verifier who owns `rp`. `statement.N` may be the private key."""
    level, N = context.level, statement.N
    narrow, wide = 1 << level.ell, 1 << (level.ell + level.epsilon)
    alpha = symmetric(rng, wide)
    mu, gamma = symmetric(rng, narrow * rp.N_hat), symmetric(rng, wide * rp.N_hat)
    beta = GROUP.random_scalar(rng)
    randomizer = N.randomizer(rng)
    S, T = rp.commit(witness.x, mu), rp.commit(alpha, gamma)
    D = N.encrypt(alpha, randomizer)
    Y, Z = beta * statement.A + GROUP.base_mul(alpha), GROUP.base_mul(beta)
    e = _challenge(context, statement, rp, S, D, T, Y, Z)
    return Proof(
        S=S,
        D=D,
        T=T,
        Y=Y,
        Z=Z,
        z1=alpha + e * witness.x,
        z2=randomizer.r * N.power_mod_N(witness.rho, e) % N.N,
        z3=gamma + e * mu,
        w=(beta + e * witness.b) % Q_ORDER,
    )


def verify(
    context: ProofContext,
    statement: Statement,
    proof: Proof,
    rp: RingPedersen,
    batch: EncryptionBatch | None = None,
) -> None:
    """Raises MalformedValueError. The equation modulo N² is left to `batch` if there is one."""
    level, N = context.level, statement.N
    N.require_ciphertext("C", statement.C)
    N.require_ciphertext("D", proof.D)
    N.require_unit("z2", proof.z2)
    rp.require_commitment("S", proof.S)
    rp.require_commitment("T", proof.T)
    require_range("z1", proof.z1, 1 << (level.ell + level.epsilon))
    require_range("z3", proof.z3, rp.N_hat << (level.ell + level.epsilon + 1))
    require_scalar("w", proof.w)
    e = _challenge(context, statement, rp, proof.S, proof.D, proof.T, proof.Y, proof.Z)
    left = proof.w * statement.A + GROUP.base_mul(proof.z1)
    require(left == proof.Y + e * statement.X, "wA + z1 G = Y + eX")
    require(GROUP.base_mul(proof.w) == proof.Z + e * statement.B, "wG = Z + eB")
    require(rp.opens(proof.z1, proof.z3, proof.T, proof.S, e), "s^z1 t^z3 = T S^e")
    pending = batch or EncryptionBatch(system_rng)
    pending.add(N, EncryptionEquation(proof.z1, proof.z2, proof.D, statement.C, e))
    if batch is None:
        pending.require()


def _challenge(
    context: ProofContext,
    statement: Statement,
    rp: RingPedersen,
    *commitments: int | Point,
) -> int:
    transcript = context.transcript(NAME)
    transcript.absorb("verifier", rp.items())
    transcript.absorb(
        "statement", (statement.N.N, statement.C, statement.A, statement.B, statement.X)
    )
    transcript.absorb("commitments", commitments)
    return transcript.challenge_signed("e", context.level.q_bound)
