"""Πaff-g: D is an affine operation on C, with a coefficient x that is also in the exponent.

CGGMP24, figure "Paillier affine operation with group commitment in range". Public: N0 (whose
ciphertexts C and D are), N1 (the prover's), C, D, Y, X. Secret: x, y, ρ, ρ_y with
D = C^x · enc_N0(y; ρ), Y = enc_N1(y; ρ_y), X = xG, x in ±2^ℓ, y in ±2^ℓ'.
Shows x in ±2^(ℓ+ε), y in ±2^(ℓ'+ε).
"""

# ruff: noqa: N806, RUF002 - letters are the paper's
from dataclasses import dataclass
from typing import ClassVar

from zrsign_dmpc.ecdsa.paillier import PaillierKey
from zrsign_dmpc.ecdsa.proofs.batch import AffineEquation, EncryptionBatch, EncryptionEquation
from zrsign_dmpc.ecdsa.proofs.context import GROUP, ProofContext, require, require_range
from zrsign_dmpc.ecdsa.ring_pedersen import RingPedersen
from zrsign_dmpc.ecdsa.sampling import symmetric
from zrsign_dmpc.group.curves import Point, Rng, system_rng
from zrsign_dmpc.wire.records import Record

NAME = "aff-g"


@dataclass(frozen=True)
class Statement:
    """Public values: D = C^x · Enc_N0(y), X = x·G and Y = Enc_N1(y), named as in the paper."""

    N0: PaillierKey
    N1: PaillierKey
    C: int
    D: int
    Y: int
    X: Point


@dataclass(frozen=True, repr=False)
class Witness:
    """Secrets of the prover."""

    x: int
    y: int
    rho: int
    rho_y: int


@dataclass(frozen=True)
class Proof(Record):
    """Commitments A to T and responses z1 to w_y."""

    TAG: ClassVar[str] = NAME

    A: int
    B_x: Point
    B_y: int
    E: int
    S: int
    F: int
    T: int
    z1: int
    z2: int
    z3: int
    z4: int
    w: int
    w_y: int

    @property
    def commitments(self) -> tuple[int | Point, ...]:
        """What the challenge is computed from."""
        return (self.A, self.B_x, self.B_y, self.E, self.S, self.F, self.T)


def prove(
    context: ProofContext, statement: Statement, witness: Witness, rp: RingPedersen, rng: Rng
) -> Proof:
    """A proof for the verifier who owns `rp`. `statement.N1` may be the private key."""
    level, N0, N1 = context.level, statement.N0, statement.N1
    narrow, wide = rp.N_hat << level.ell, rp.N_hat << (level.ell + level.epsilon)
    alpha = symmetric(rng, 1 << (level.ell + level.epsilon))
    beta = symmetric(rng, 1 << (level.ell_prime + level.epsilon))
    r, r_y = N0.randomizer(rng), N1.randomizer(rng)
    gamma, delta = symmetric(rng, wide), symmetric(rng, wide)
    m, mu = symmetric(rng, narrow), symmetric(rng, narrow)
    A = N0.power(statement.C, alpha) * N0.encrypt(beta, r) % N0.N2
    B_x = GROUP.base_mul(alpha)
    B_y = N1.encrypt(beta, r_y)
    E, S = rp.commit(alpha, gamma), rp.commit(witness.x, m)
    F, T = rp.commit(beta, delta), rp.commit(witness.y, mu)
    e = _challenge(context, statement, rp, (A, B_x, B_y, E, S, F, T))
    return Proof(
        A=A,
        B_x=B_x,
        B_y=B_y,
        E=E,
        S=S,
        F=F,
        T=T,
        z1=alpha + e * witness.x,
        z2=beta + e * witness.y,
        z3=gamma + e * m,
        z4=delta + e * mu,
        w=r.r * N0.power_mod_N(witness.rho, e) % N0.N,
        w_y=r_y.r * N1.power_mod_N(witness.rho_y, e) % N1.N,
    )


def verify(
    context: ProofContext,
    statement: Statement,
    proof: Proof,
    rp: RingPedersen,
    batch: EncryptionBatch | None = None,
) -> None:
    """Raises MalformedValueError. The equations modulo N0² and N1² are left to `batch` if any.

    The owner of N0 passes the private key and verifies over plaintexts.
    """
    _require_ranges(context, statement, proof, rp)
    N0, N1 = statement.N0, statement.N1
    e = _challenge(context, statement, rp, proof.commitments)
    right = proof.B_x + e * statement.X
    require(GROUP.base_mul(proof.z1) == right, "z1 G = B_x + eX")
    require(rp.opens(proof.z1, proof.z3, proof.E, proof.S, e), "s^z1 t^z3 = E S^e")
    require(rp.opens(proof.z2, proof.z4, proof.F, proof.T, e), "s^z2 t^z4 = F T^e")
    pending = batch or EncryptionBatch(system_rng)
    pending.add_affine(
        N0, AffineEquation(statement.C, proof.z1, proof.z2, proof.w, proof.A, statement.D, e)
    )
    pending.add(N1, EncryptionEquation(proof.z2, proof.w_y, proof.B_y, statement.Y, e))
    if batch is None:
        pending.require()


def _require_ranges(
    context: ProofContext, statement: Statement, proof: Proof, rp: RingPedersen
) -> None:
    level, N0, N1 = context.level, statement.N0, statement.N1
    for name, C in (("C", statement.C), ("D", statement.D), ("A", proof.A)):
        N0.require_ciphertext(name, C)
    for name, C in (("Y", statement.Y), ("B_y", proof.B_y)):
        N1.require_ciphertext(name, C)
    N0.require_unit("w", proof.w)
    N1.require_unit("w_y", proof.w_y)
    for name, S in (("E", proof.E), ("S", proof.S), ("F", proof.F), ("T", proof.T)):
        rp.require_commitment(name, S)
    require_range("z1", proof.z1, 1 << (level.ell + level.epsilon))
    require_range("z2", proof.z2, 1 << (level.ell_prime + level.epsilon))
    for name, z in (("z3", proof.z3), ("z4", proof.z4)):
        require_range(name, z, rp.N_hat << (level.ell + level.epsilon + 1))


def _challenge(
    context: ProofContext,
    statement: Statement,
    rp: RingPedersen,
    commitments: tuple[int | Point, ...],
) -> int:
    transcript = context.transcript(NAME)
    transcript.absorb("verifier", rp.items())
    transcript.absorb("keys", (statement.N0.N, statement.N1.N))
    transcript.absorb("statement", (statement.C, statement.D, statement.Y, statement.X))
    transcript.absorb("commitments", commitments)
    return transcript.challenge_signed("e", context.level.q_bound)
