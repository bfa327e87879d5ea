"""Πprm: s is in the group that t generates modulo N̂.

CGGMP24, figure "ring-Pedersen parameters". Public: N̂, s, t. Secret: λ and φ(N̂), with s = t^λ.
m binary challenges: one large challenge would let elements of small order pass (TSSHOCK c-split).
"""

# ruff: noqa: N803, N806 - letters are the paper's
from dataclasses import dataclass
from typing import ClassVar, Final

from zrsign_dmpc.ecdsa.errors import ProofError
from zrsign_dmpc.ecdsa.proofs.context import ProofContext, require, require_count
from zrsign_dmpc.ecdsa.ring_pedersen import RingPedersen, RingPedersenTrapdoor
from zrsign_dmpc.ecdsa.sampling import below
from zrsign_dmpc.group.curves import Rng
from zrsign_dmpc.wire.records import Record

NAME = "prm"
TABLE_BYTES: Final = 1_200_000
"""A passing table: m powers pay for it."""


@dataclass(frozen=True)
class Proof(Record):
    """m commitments A and m responses z."""

    TAG: ClassVar[str] = NAME

    A: tuple[int, ...]
    z: tuple[int, ...]


def prove(context: ProofContext, trapdoor: RingPedersenTrapdoor, rng: Rng) -> Proof:
    """A proof that anybody can verify."""
    phi = trapdoor.phi
    a = [below(rng, phi) for _ in range(context.level.m)]
    A = tuple(trapdoor.power_of_t(a_i) for a_i in a)
    e = _challenge(context, trapdoor, A)
    z = tuple((a_i + e_i * trapdoor.lambda_) % phi for a_i, e_i in zip(a, e, strict=True))
    return Proof(A, z)


def verify(context: ProofContext, rp: RingPedersen, proof: Proof) -> None:
    """Raises MalformedValueError. Checks the form of N̂, s and t first."""
    rp.require_well_formed()
    require_count("A", proof.A, context.level.m)
    require_count("z", proof.z, context.level.m)
    for A_i in proof.A:
        rp.require_commitment("A", A_i)
    for z_i in proof.z:
        if not 0 <= z_i < rp.N_hat:
            raise ProofError("z is outside its range [0, N̂)")
    e = _challenge(context, rp, proof.A)
    t = rp.arithmetic.fixed_bases((rp.t,), rp.N_hat, (context.level.modulus,), TABLE_BYTES)
    for A_i, z_i, e_i in zip(proof.A, proof.z, e, strict=True):
        right = A_i * rp.s % rp.N_hat if e_i else A_i
        require(t.power(z_i) == right, "t^z = A s^e")


def _challenge(context: ProofContext, rp: RingPedersen, A: tuple[int, ...]) -> tuple[int, ...]:
    transcript = context.transcript(NAME)
    transcript.absorb("statement", rp.items())
    transcript.absorb("commitments", A)
    return transcript.challenge_bits("e", context.level.m)
