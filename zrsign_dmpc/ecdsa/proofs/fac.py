"""Πfac: both factors of N0 exceed 2^ℓ.

CGGMP24, figure "no small factor". Public: N0. Secret: p, q with N0 = pq, both below √N0 · 2^ℓ.
"""

# ruff: noqa: N803, N806, RUF002 - letters are the paper's
from dataclasses import dataclass
from typing import ClassVar

from zrsign_dmpc.ecdsa.arithmetic import square_root
from zrsign_dmpc.ecdsa.paillier import PaillierPrivateKey
from zrsign_dmpc.ecdsa.proofs.context import ProofContext, require, require_range
from zrsign_dmpc.ecdsa.ring_pedersen import RingPedersen
from zrsign_dmpc.ecdsa.sampling import symmetric
from zrsign_dmpc.group.curves import Rng
from zrsign_dmpc.wire.records import Record

NAME = "fac"


@dataclass(frozen=True)
class Proof(Record):
    """Commitments P, Q, A, B, T and responses z1, z2, w1, w2, v."""

    TAG: ClassVar[str] = NAME

    P: int
    Q: int
    A: int
    B: int
    T: int
    z1: int
    z2: int
    w1: int
    w2: int
    v: int


def prove(context: ProofContext, key: PaillierPrivateKey, rp: RingPedersen, rng: Rng) -> Proof:
    """A proof for the verifier who owns `rp`."""
    level, N0, N_hat = context.level, key.N, rp.N_hat
    slack = level.ell + level.epsilon
    alpha, beta = (symmetric(rng, square_root(N0) << slack) for _ in range(2))
    mu, nu = (symmetric(rng, N_hat << level.ell) for _ in range(2))
    r = symmetric(rng, (N0 * N_hat) << slack)
    x, y = (symmetric(rng, N_hat << slack) for _ in range(2))
    P, Q = rp.commit(key.p, mu), rp.commit(key.q, nu)
    A, B = rp.commit(alpha, x), rp.commit(beta, y)
    T = rp.power(Q, alpha) * rp.power_of_t(r) % N_hat
    e = _challenge(context, N0, rp, P, Q, A, B, T)
    return Proof(
        P=P,
        Q=Q,
        A=A,
        B=B,
        T=T,
        z1=alpha + e * key.p,
        z2=beta + e * key.q,
        w1=x + e * mu,
        w2=y + e * nu,
        v=r - e * nu * key.p,
    )


def verify(context: ProofContext, N0: int, proof: Proof, rp: RingPedersen) -> None:
    """Check the proof as the verifier who owns `rp`. Raises MalformedValueError."""
    slack = context.level.ell + context.level.epsilon
    for name, S in (("P", proof.P), ("Q", proof.Q), ("A", proof.A), ("B", proof.B), ("T", proof.T)):
        rp.require_commitment(name, S)
    for name, z in (("z1", proof.z1), ("z2", proof.z2)):
        require_range(name, z, square_root(N0) << slack)
    for name, w in (("w1", proof.w1), ("w2", proof.w2)):
        require_range(name, w, rp.N_hat << (slack + 1))
    require_range("v", proof.v, (N0 * rp.N_hat) << (slack + 1))
    e = _challenge(context, N0, rp, proof.P, proof.Q, proof.A, proof.B, proof.T)
    require(rp.opens(proof.z1, proof.w1, proof.A, proof.P, e), "s^z1 t^w1 = A P^e")
    require(rp.opens(proof.z2, proof.w2, proof.B, proof.Q, e), "s^z2 t^w2 = B Q^e")
    left = rp.power(proof.Q, proof.z1) * rp.power_of_t(proof.v) % rp.N_hat
    right = proof.T * rp.power(rp.power_of_s(N0), e) % rp.N_hat
    require(left == right, "Q^z1 t^v = T R^e with R = s^N0")


def _challenge(context: ProofContext, N0: int, rp: RingPedersen, *commitments: int) -> int:
    transcript = context.transcript(NAME)
    transcript.absorb("verifier", rp.items())
    transcript.absorb("statement", N0)
    transcript.absorb("commitments", commitments)
    return transcript.challenge_signed("e", context.level.q_bound)
