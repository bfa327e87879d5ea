"""Πmod: N is a product of two primes, both 3 modulo 4, and coprime to φ(N).

CGGMP24, figure "Paillier-Blum modulus". Public: N. Secret: p, q.
Deviation: N must have no prime factor below 2^16, and then m_root instead of m challenges get an
N-th root. If gcd(N, φ(N)) were not 1, a prime d of it would divide N, so d > 2^16, and a uniform y
would have an N-th root with probability at most 1/d (Goldberg, Reyzin, Sagga, Baldimtsi, ePrint
2018/057): m_root · 16 bits of soundness. All m challenges get a fourth root.
"""

# ruff: noqa: N803, N806 - letters are the paper's
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from zrsign_dmpc.ecdsa.arithmetic import (
    gcd,
    inverse,
    is_prime,
    is_square,
    jacobi,
    power_pair,
    public_power,
)
from zrsign_dmpc.ecdsa.errors import EcdsaError, MalformedValueError
from zrsign_dmpc.ecdsa.paillier import PaillierKey, PaillierPrivateKey
from zrsign_dmpc.ecdsa.primes import primorial
from zrsign_dmpc.ecdsa.proofs.context import ProofContext, require, require_count
from zrsign_dmpc.ecdsa.sampling import MAX_ATTEMPTS, unit
from zrsign_dmpc.ecdsa.security import TRIAL_BITS, SecurityLevel
from zrsign_dmpc.group.curves import Rng
from zrsign_dmpc.wire.records import Record

NAME = "mod"


@dataclass(frozen=True)
class Proof(Record):
    """w of Jacobi symbol -1; fourth roots x with their signs a and factors b; N-th roots z."""

    TAG: ClassVar[str] = NAME

    w: int
    x: tuple[int, ...]
    a: tuple[int, ...]
    b: tuple[int, ...]
    z: tuple[int, ...]


def require_modulus(level: SecurityLevel, N: int) -> None:
    """Size, parity, no small factor, composite, no square. Raises MalformedValueError."""
    if N <= 0 or N.bit_length() != level.modulus:
        fault = f"is not a positive number of {level.modulus} bits"
    elif N % 4 != 1:
        fault = "is not 1 modulo 4"
    elif gcd(N, primorial(1 << TRIAL_BITS)) != 1:
        fault = f"has a prime factor below 2^{TRIAL_BITS}"
    elif is_square(N):
        fault = "is a square"
    elif is_prime(N, 1):
        fault = "is a prime"
    else:
        return
    raise MalformedValueError(f"a modulus of {N.bit_length()} bits {fault}")


def prove(context: ProofContext, key: PaillierPrivateKey, rng: Rng) -> Proof:
    """A proof that anybody can verify."""
    N, level = key.N, context.level
    drawn = (unit(rng, N) for _ in range(MAX_ATTEMPTS))
    w = next((w for w in drawn if jacobi(w, N) == -1), None)
    if w is None:
        raise EcdsaError("no w of Jacobi symbol -1 was found: the modulus is a square")
    y = _challenges(context, N, w)
    rooted = [_fourth_root(key, w, y_i) for y_i in y]
    n_inverse = inverse(N, key.phi)
    return Proof(
        w=w,
        x=tuple(x for x, _, _ in rooted),
        a=tuple(a for _, a, _ in rooted),
        b=tuple(b for _, _, b in rooted),
        z=tuple(key.power_mod_N(y_i, n_inverse) for y_i in y[: level.m_root]),
    )


def _fourth_root(key: PaillierPrivateKey, w: int, y: int) -> tuple[int, int, int]:
    """x, a, b with x^4 = (-1)^a w^b y; exactly one choice of a, b makes a square."""
    N = key.N
    b = int(jacobi(y, N) == -1)
    base = y * w % N if b else y
    a = int(jacobi(base, key.p) == -1)
    base = -base % N if a else base
    p, q = key.p, key.q
    roots = power_pair(
        (base, ((p + 1) // 4) ** 2 % (p - 1), p), (base, ((q + 1) // 4) ** 2 % (q - 1), q)
    )
    return key.modulus.combine(*roots), a, b


def verify(context: ProofContext, key: PaillierKey, proof: Proof) -> None:
    """Raises MalformedValueError. Checks the form of N first."""
    N, level = key.N, context.level
    require_modulus(level, N)
    for name, values in (("x", proof.x), ("a", proof.a), ("b", proof.b)):
        require_count(name, values, level.m)
    require_count("z", proof.z, level.m_root)
    require(set(proof.a) | set(proof.b) <= {0, 1}, "a and b are bits")
    for name, roots in (("w", (proof.w,)), ("x", proof.x), ("z", proof.z)):
        for root in roots:
            key.require_unit(name, root)
    require(jacobi(proof.w, N) == -1, "the Jacobi symbol of w is -1")
    y = _challenges(context, N, proof.w)
    for y_i in y:
        key.require_unit("y", y_i)
    _require_fourth_roots(N, proof, y)
    for y_i, z_i in zip(y, proof.z, strict=False):
        require(public_power(z_i, N, N) == y_i, "z^N = y")


def _require_fourth_roots(N: int, proof: Proof, y: Sequence[int]) -> None:
    for y_i, x, a, b in zip(y, proof.x, proof.a, proof.b, strict=True):
        right = y_i * proof.w % N if b else y_i
        right = -right % N if a else right
        square = x * x % N
        require(square * square % N == right, "x^4 = (-1)^a w^b y")


def _challenges(context: ProofContext, N: int, w: int) -> tuple[int, ...]:
    transcript = context.transcript(NAME)
    transcript.absorb("statement", N)
    transcript.absorb("commitments", w)
    return transcript.challenges_below("y", N, context.level.m)
