"""Many equations enc_N(z; w) = A · C^e under one foreign key, checked by one full power.

With random 128-bit weights ρ_i the product of the ρ_i-th powers of the equations is checked:
enc(Σ ρ_i z_i; Π w_i^ρ_i) = Π (A_i · C_i^e_i)^ρ_i. Write the quotient of equation i as
(1 + a_i N) · u_i^N. If some a_i is not 0 modulo a prime factor p of N, the batch passes for at most
one value of ρ_i modulo p, hence with probability below 2^-128, for p exceeds 2^256 by Πfac. If all
a_i are 0, then A_i · C_i^e_i has plaintext z_i, which is all that soundness of the range proofs
takes from the equation: whatever the plaintext, some randomness fits it. So an error in w alone may
pass the batch and is harmless. Ring-Pedersen equations are never batched: -1 and other elements of
small order in a foreign group would pass with probability 1/2.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final, TypeVar

from zrsign_dmpc.ecdsa.arithmetic import product
from zrsign_dmpc.ecdsa.errors import ProofError
from zrsign_dmpc.ecdsa.paillier import PaillierKey, PaillierPrivateKey
from zrsign_dmpc.ecdsa.sampling import bits
from zrsign_dmpc.ecdsa.spread import IN_ORDER, Spread
from zrsign_dmpc.group.curves import Rng

WEIGHT_BITS: Final = 128
E = TypeVar("E")


@dataclass(frozen=True)
class EncryptionEquation:
    """enc(z; w) = A · C^e modulo the square of the key's N."""

    z: int
    w: int
    A: int
    C: int
    e: int


@dataclass(frozen=True)
class AffineEquation:
    """C^z1 · enc(z2; w) = A · D^e modulo the square of the key's N."""

    C: int
    z1: int
    z2: int
    w: int
    A: int
    D: int
    e: int


class EncryptionBatch:
    """Collects equations while proofs are verified; `require` checks them."""

    def __init__(self, rng: Rng) -> None:
        self._rng = rng
        self._equations: dict[PaillierKey, list[EncryptionEquation]] = defaultdict(list)
        self._affine: dict[PaillierKey, list[AffineEquation]] = defaultdict(list)

    def add(self, key: PaillierKey, equation: EncryptionEquation) -> None:
        """The values must have passed their unit checks."""
        self._equations[key].append(equation)

    def add_affine(self, key: PaillierKey, equation: AffineEquation) -> None:
        """The values must have passed their unit checks."""
        self._affine[key].append(equation)

    def require(self, spread: Spread = IN_ORDER) -> None:
        """Raises ProofError when some equation fails; verify proofs one by one to learn which."""
        if not all(spread(lambda pair: self._holds(*pair), self._equations.items())):
            raise ProofError("the proof, or one of a batch, fails: enc(z; w) = A C^e")
        for key, affine in self._affine.items():
            if isinstance(key, PaillierPrivateKey) and key.arithmetic.shortcuts:
                spread(key.decrypt, dict.fromkeys(C for q in affine for C in (q.D, q.C)))
            if not self._affine_holds(key, affine):
                raise ProofError(
                    "the proof, or one of a batch, fails its check: C^z1 enc(z2; w) = A D^e"
                )

    def _holds(self, key: PaillierKey, equations: list[EncryptionEquation]) -> bool:
        if len(equations) == 1 or not key.arithmetic.shortcuts:
            return all(key.opens(q.z, q.w, q.A, q.C, q.e) for q in equations)
        weighted = self._weighted(equations)
        z = sum(weight * q.z for weight, q in weighted)
        w = product([key.power_mod_N(q.w, weight) for weight, q in weighted], key.N)
        right = product(
            [_weigh(key, q.A * key.power(q.C, q.e) % key.N2, weight) for weight, q in weighted],
            key.N2,
        )
        return key.encrypt_with(z, w) == right

    def _affine_holds(self, key: PaillierKey, equations: list[AffineEquation]) -> bool:
        if not isinstance(key, PaillierPrivateKey) or not key.arithmetic.shortcuts:
            return all(key.opens_affine(q.C, q.z1, q.z2, q.w, q.A, q.D, q.e) for q in equations)
        weighted = self._weighted(equations)
        masks = product([_weigh(key, q.A, weight) for weight, q in weighted], key.N2)
        rest = sum(
            weight * (q.e * key.decrypt(q.D) - q.z1 * key.decrypt(q.C) - q.z2)
            for weight, q in weighted
        )
        return (key.decrypt(masks) + rest) % key.N == 0

    def _weighted(self, equations: list[E]) -> list[tuple[int, E]]:
        """Random weights; the first may be 1."""
        weights = [1] + [bits(self._rng, WEIGHT_BITS) for _ in equations[1:]]
        return list(zip(weights, equations, strict=True))


def _weigh(key: PaillierKey, C: int, weight: int) -> int:  # noqa: N803 - the paper's letter
    return C if weight == 1 else key.power(C, weight)
