"""Πaff-g*: the statement of Πaff-g for everybody, without ring-Pedersen parameters.

CGGMP24, figure "Paillier affine operation with group commitment, setup-less"; used when a
presigning has failed. m repetitions with binary challenges. Statement and witness are those of
`aff_g`.
"""

# ruff: noqa: N803, N806 - letters are the paper's
from dataclasses import dataclass
from typing import ClassVar

from zrsign_dmpc.ecdsa.proofs.aff_g import Statement, Witness
from zrsign_dmpc.ecdsa.proofs.context import (
    GROUP,
    ProofContext,
    require,
    require_count,
    require_range,
)
from zrsign_dmpc.ecdsa.sampling import symmetric
from zrsign_dmpc.group.curves import Point, Rng
from zrsign_dmpc.wire.records import Record

NAME = "aff-g*"


@dataclass(frozen=True)
class Proof(Record):
    """m commitments A, R, B and m responses z, z', w, λ."""

    TAG: ClassVar[str] = NAME

    A: tuple[int, ...]
    R: tuple[Point, ...]
    B: tuple[int, ...]
    z: tuple[int, ...]
    z_prime: tuple[int, ...]
    w: tuple[int, ...]
    lambda_: tuple[int, ...]


def prove(context: ProofContext, statement: Statement, witness: Witness, rng: Rng) -> Proof:
    """A proof that anybody can verify. `statement.N1` may be the private key."""
    level, N0, N1 = context.level, statement.N0, statement.N1
    bound, bound_prime = level.ell + level.epsilon, level.ell_prime + level.epsilon
    alphas = [symmetric(rng, 1 << bound) for _ in range(level.m)]
    betas = [symmetric(rng, 1 << bound_prime) for _ in range(level.m)]
    rs = [N0.randomizer(rng) for _ in range(level.m)]
    ss = [N1.randomizer(rng) for _ in range(level.m)]
    A = tuple(
        N0.power(statement.C, alpha) * N0.encrypt(beta, r) % N0.N2
        for alpha, beta, r in zip(alphas, betas, rs, strict=True)
    )
    R = tuple(GROUP.base_mul(alpha) for alpha in alphas)
    B = tuple(N1.encrypt(beta, s) for beta, s in zip(betas, ss, strict=True))
    e = _challenge(context, statement, A, R, B)
    return Proof(
        A=A,
        R=R,
        B=B,
        z=tuple(alpha + e_i * witness.x for alpha, e_i in zip(alphas, e, strict=True)),
        z_prime=tuple(beta + e_i * witness.y for beta, e_i in zip(betas, e, strict=True)),
        w=tuple(r.r * (witness.rho if e_i else 1) % N0.N for r, e_i in zip(rs, e, strict=True)),
        lambda_=tuple(
            s.r * (witness.rho_y if e_i else 1) % N1.N for s, e_i in zip(ss, e, strict=True)
        ),
    )


def verify(context: ProofContext, statement: Statement, proof: Proof) -> None:
    """Check the proof with public values only. Raises MalformedValueError."""
    level, N0, N1 = context.level, statement.N0, statement.N1
    columns = ("A", "R", "B", "z", "z_prime", "w", "lambda_")
    for name in columns:
        require_count(name, getattr(proof, name), level.m)
    for name, C in (("C", statement.C), ("D", statement.D)):
        N0.require_ciphertext(name, C)
    N1.require_ciphertext("Y", statement.Y)
    challenges = _challenge(context, statement, proof.A, proof.R, proof.B)
    rows = zip(*(getattr(proof, name) for name in columns), challenges, strict=True)
    for A, R, B, z, z_prime, w, lambda_, e in rows:
        N0.require_ciphertext("A", A)
        N1.require_ciphertext("B", B)
        N0.require_unit("w", w)
        N1.require_unit("lambda", lambda_)
        require_range("z", z, 1 << (level.ell + level.epsilon))
        require_range("z'", z_prime, 1 << (level.ell_prime + level.epsilon))
        require(GROUP.base_mul(z) == (R + statement.X if e else R), "zG = R + eX")
        left = N0.power(statement.C, z) * N0.encrypt_with(z_prime, w) % N0.N2
        require(left == (A * statement.D % N0.N2 if e else A), "C^z enc(z'; w) = A D^e")
        right = B * statement.Y % N1.N2 if e else B
        require(N1.encrypt_with(z_prime, lambda_) == right, "enc(z'; λ) = B Y^e")


def _challenge(
    context: ProofContext,
    statement: Statement,
    A: tuple[int, ...],
    R: tuple[Point, ...],
    B: tuple[int, ...],
) -> tuple[int, ...]:
    transcript = context.transcript(NAME)
    transcript.absorb("keys", (statement.N0.N, statement.N1.N))
    transcript.absorb("statement", (statement.C, statement.D, statement.Y, statement.X))
    transcript.absorb("commitments", (A, R, B))
    return transcript.challenge_bits("e", context.level.m)
