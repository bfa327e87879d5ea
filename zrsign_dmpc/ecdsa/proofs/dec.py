"""Πdec: y is both the plaintext of K^x · D and the discrete logarithm of S, for the x of X.

CGGMP24, figure "Paillier special decryption in the exponent"; used when a presigning has failed.
Public: N (the prover's), K, D, X, S and the base h of S. Secret: x, y, ρ with
enc_N(y; ρ) = K^x · D, X = xG, S = yh, x in ±2^ℓ, y in ±2^ℓ_y. Needs no ring-Pedersen parameters,
so that everybody verifies the same proof: m repetitions with binary challenges.
Deviation: ℓ_y = ℓ' + ε + 1 + ⌈log2 n⌉. The sum of n - 1 masked products does not fit the paper's
bound when a peer used all the slack that Πaff-g left it.
"""

# ruff: noqa: N803, N806, RUF002 - letters are the paper's
from dataclasses import dataclass
from typing import ClassVar

from zrsign_dmpc.ecdsa.paillier import PaillierKey
from zrsign_dmpc.ecdsa.proofs.context import (
    GROUP,
    ProofContext,
    require,
    require_count,
    require_range,
)
from zrsign_dmpc.ecdsa.sampling import symmetric
from zrsign_dmpc.ecdsa.security import SecurityLevel
from zrsign_dmpc.group.curves import Point, Rng
from zrsign_dmpc.wire.records import Record

NAME = "dec"


@dataclass(frozen=True)
class Statement:
    """Public values; `parties` is n."""

    N: PaillierKey
    K: int
    D: int
    X: Point
    S: Point
    h: Point
    parties: int


@dataclass(frozen=True, repr=False)
class Witness:
    """Secrets of the prover."""

    x: int
    y: int
    rho: int


@dataclass(frozen=True)
class Proof(Record):
    """m commitments A, B, C and m responses z, w, ν."""

    TAG: ClassVar[str] = NAME

    A: tuple[int, ...]
    B: tuple[Point, ...]
    C: tuple[Point, ...]
    z: tuple[int, ...]
    w: tuple[int, ...]
    nu: tuple[int, ...]


def ell_y(level: SecurityLevel, parties: int) -> int:
    """Bits of the largest |y| that honest verification of Πaff-g can lead to."""
    return level.ell_prime + level.epsilon + 1 + (parties - 1).bit_length()


def prove(context: ProofContext, statement: Statement, witness: Witness, rng: Rng) -> Proof:
    """A proof that anybody can verify. `statement.N` may be the private key."""
    level, N = context.level, statement.N
    bound_y = 1 << (ell_y(level, statement.parties) + level.epsilon)
    alphas = [symmetric(rng, 1 << (level.ell + level.epsilon)) for _ in range(level.m)]
    betas = [symmetric(rng, bound_y) for _ in range(level.m)]
    randomizers = [N.randomizer(rng) for _ in range(level.m)]
    A = tuple(
        N.power(statement.K, -alpha) * N.encrypt(beta, r) % N.N2
        for alpha, beta, r in zip(alphas, betas, randomizers, strict=True)
    )
    B = tuple(beta * statement.h for beta in betas)
    C = tuple(GROUP.base_mul(alpha) for alpha in alphas)
    e = _challenge(context, statement, A, B, C)
    return Proof(
        A=A,
        B=B,
        C=C,
        z=tuple(alpha + e_i * witness.x for alpha, e_i in zip(alphas, e, strict=True)),
        w=tuple(beta + e_i * witness.y for beta, e_i in zip(betas, e, strict=True)),
        nu=tuple(
            r.r * (witness.rho if e_i else 1) % N.N for r, e_i in zip(randomizers, e, strict=True)
        ),
    )


def verify(context: ProofContext, statement: Statement, proof: Proof) -> None:
    """Check the proof with public values only. Raises MalformedValueError."""
    level, N = context.level, statement.N
    for name in ("A", "B", "C", "z", "w", "nu"):
        require_count(name, getattr(proof, name), level.m)
    N.require_ciphertext("K", statement.K)
    N.require_ciphertext("D", statement.D)
    bound_y = 1 << (ell_y(level, statement.parties) + level.epsilon)
    challenges = _challenge(context, statement, proof.A, proof.B, proof.C)
    rows = zip(proof.A, proof.B, proof.C, proof.z, proof.w, proof.nu, challenges, strict=True)
    for A, B, C, z, w, nu, e in rows:
        N.require_ciphertext("A", A)
        N.require_unit("nu", nu)
        require_range("z", z, 1 << (level.ell + level.epsilon))
        require_range("w", w, bound_y)
        require(GROUP.base_mul(z) == (C + statement.X if e else C), "zG = C + eX")
        require(w * statement.h == (B + statement.S if e else B), "wh = B + eS")
        right = A * statement.D % N.N2 if e else A
        left = N.encrypt_with(w, nu) * N.power(statement.K, -z) % N.N2
        require(left == right, "enc(w; ν) K^-z = A D^e")


def _challenge(
    context: ProofContext,
    statement: Statement,
    A: tuple[int, ...],
    B: tuple[Point, ...],
    C: tuple[Point, ...],
) -> tuple[int, ...]:
    transcript = context.transcript(NAME)
    transcript.absorb("key", statement.N.N)
    transcript.absorb(
        "statement",
        (statement.K, statement.D, statement.X, statement.S, statement.h, statement.parties),
    )
    transcript.absorb("commitments", (A, B, C))
    return transcript.challenge_bits("e", context.level.m)
