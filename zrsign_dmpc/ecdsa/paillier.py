"""Paillier encryption over Z_N* with N = pq, p and q safe primes.

enc_N(m; r) = (1 + N)^m · r^N mod N². Plaintexts are read centred, in (-N/2, N/2).
`PaillierKey` is what everybody knows; `PaillierPrivateKey` is the same object for its owner, whose
knowledge of the factors makes each operation cheaper and decryption possible. Code that takes a
`PaillierKey` need not care which one it was given.
"""

# ruff: noqa: N802, N803, N806 - letters are the paper's
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from zrsign_dmpc.ecdsa.arithmetic import (
    FAST,
    Arithmetic,
    FactoredModulus,
    FixedBases,
    big,
    gcd,
    inverse,
    power,
    power_pair,
    product,
    public_power,
)
from zrsign_dmpc.ecdsa.errors import MalformedValueError
from zrsign_dmpc.ecdsa.pool import Pool
from zrsign_dmpc.ecdsa.sampling import below, unit
from zrsign_dmpc.ecdsa.security import SecurityLevel
from zrsign_dmpc.group.curves import Rng

DECRYPTION_MEMORY: Final = 256
OWN_TABLE_BYTES: Final = 1_200_000
"""How many bytes one table of a key's owner may take; randomizers are made from four of them."""


@dataclass(frozen=True, repr=False)
class Randomizer:
    """(r, r^N mod N²) for r uniform in Z_N*. To be used for one encryption."""

    r: int
    r_N: int  # noqa: N815


class PaillierKey:
    """A public key. `pool`, if given, holds randomizers made ahead for this key."""

    def __init__(
        self, N: int, arithmetic: Arithmetic = FAST, pool: Pool[Randomizer] | None = None
    ) -> None:
        self.N: Final = big(N)
        self.N2: Final = self.N * self.N
        self.arithmetic: Final = arithmetic
        self.pool = pool

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PaillierKey) and self.N == other.N

    def __hash__(self) -> int:
        return hash(self.N)

    def encrypt(self, m: int, randomizer: Randomizer) -> int:
        """enc_N(m; r) for any integer m, taken modulo N."""
        return (1 + m % self.N * self.N) * randomizer.r_N % self.N2

    def encrypt_with(self, m: int, r: int) -> int:
        """enc_N(m; r) from r alone: one full power."""
        return (1 + m % self.N * self.N) * self.nth_power(r) % self.N2

    def randomizer(self, rng: Rng) -> Randomizer:
        """A fresh randomizer, from the pool if there is one."""
        return self.pool.take() if self.pool else self.make_randomizer(rng)

    def make_randomizer(self, rng: Rng) -> Randomizer:
        """What a pool calls."""
        r = unit(rng, self.N)
        return Randomizer(r, self.nth_power(r))

    def nth_power(self, r: int) -> int:
        """r^N mod N²."""
        return public_power(r, self.N, self.N2)

    def power(self, C: int, exponent: int) -> int:
        """C^exponent mod N², the ciphertext of exponent times C's plaintext."""
        return power(C, exponent, self.N2)

    def power_mod_N(self, r: int, exponent: int) -> int:
        """r^exponent mod N."""
        return power(r, exponent, self.N)

    def add(self, *ciphertexts: int) -> int:
        """The ciphertext of the sum."""
        return product(ciphertexts, self.N2)

    def centred(self, m: int) -> int:
        """The representative of m mod N in (-N/2, N/2)."""
        m %= self.N
        return m - self.N if 2 * m > self.N else m

    def require_ciphertext(self, name: str, C: int) -> None:
        """Raises MalformedValueError unless 0 < C < N² and C is a unit."""
        if not self.is_ciphertext(C):
            raise MalformedValueError(f"{name} is not a unit modulo N²")

    def is_ciphertext(self, C: int) -> bool:
        """Whether 0 < C < N² and C is a unit."""
        return 0 < C < self.N2 and gcd(C, self.N) == 1

    def require_unit(self, name: str, r: int) -> None:
        """Raises MalformedValueError unless 0 < r < N and r is a unit."""
        if not 0 < r < self.N or gcd(r, self.N) != 1:
            raise MalformedValueError(f"{name} is not a unit modulo N")

    def opens(self, z: int, w: int, A: int, C: int, e: int) -> bool:
        """Whether enc(z; w) = A · C^e mod N². A and C must be units."""
        return self.encrypt_with(z, w) == A * self.power(C, e) % self.N2

    def opens_affine(self, C: int, z1: int, z2: int, w: int, A: int, D: int, e: int) -> bool:
        """Whether C^z1 · enc(z2; w) = A · D^e mod N². A, C and D must be units."""
        left = self.power(C, z1) * self.encrypt_with(z2, w) % self.N2
        return left == A * self.power(D, e) % self.N2


class PaillierPrivateKey(PaillierKey):
    """A key with its safe primes. Never to be sent or logged."""

    def __init__(
        self,
        p: int,
        q: int,
        arithmetic: Arithmetic = FAST,
        pool: Pool[Randomizer] | None = None,
    ) -> None:
        super().__init__(big(p) * big(q), arithmetic, pool)
        self.p: Final = big(p)
        self.q: Final = big(q)
        self.phi: Final = (self.p - 1) * (self.q - 1)
        self.modulus: Final = FactoredModulus(self.p, self.q, self.p - 1, self.q - 1)
        self._square: Final = FactoredModulus(
            self.p**2, self.q**2, self.p * (self.p - 1), self.q * (self.q - 1)
        )
        self.decrypt = lru_cache(maxsize=DECRYPTION_MEMORY)(self._decrypt)

    @cached_property
    def public(self) -> PaillierKey:
        """The key without its secrets."""
        return PaillierKey(self.N, self.arithmetic)

    def _decrypt(self, C: int) -> int:
        """The centred plaintext of a unit C (Paillier 1999, section 7)."""
        if not self.arithmetic.shortcuts:
            quotient = (power(C, self.phi, self.N2) - 1) // self.N
            return self.centred(quotient * inverse(self.phi, self.N))
        p, q = self.p, self.q
        u_p, u_q = power_pair((C, p - 1, self._square.left), (C, q - 1, self._square.right))
        m_p = (u_p - 1) // p * self._minus_q_inverse % p
        m_q = (u_q - 1) // q * self._minus_p_inverse % q
        return self.centred(self.modulus.combine(m_p, m_q))

    @cached_property
    def _minus_q_inverse(self) -> int:
        return inverse(-self.q, self.p)

    @cached_property
    def _minus_p_inverse(self) -> int:
        return inverse(-self.p, self.q)

    def nth_root(self, C: int) -> int:
        """The r of C = enc(m; r); any unit modulo N has exactly one N-th root."""
        return self.power_mod_N(C, inverse(self.N, self.phi))

    def nth_power(self, r: int) -> int:
        """r^N mod p² is (r^q mod p)^p: most of the work has half the size."""
        if not self.arithmetic.shortcuts:
            return super().nth_power(r)
        p, q, square = self.p, self.q, self._square
        r_p, r_q = power_pair((r, q % (p - 1), p), (r, p % (q - 1), q))
        return square.combine(*power_pair((r_p, p, square.left), (r_q, q, square.right)))

    def power(self, C: int, exponent: int) -> int:
        """C^exponent mod N²."""
        return self.arithmetic.power_known(C, exponent, self._square)

    def power_mod_N(self, r: int, exponent: int) -> int:
        """r^exponent mod N."""
        return self.arithmetic.power_known(r, exponent, self.modulus)

    def make_randomizer(self, rng: Rng) -> Randomizer:
        """r = g^a mod p for a generator g, so that r^N = (g^p)^(aq) mod p²; the same for q.

        a is uniform modulo p - 1, so r is exactly uniform in Z_N*.
        """
        if not self.arithmetic.shortcuts:
            return super().make_randomizer(rng)
        r_p, r_p_N = self._half_randomizer(rng, self._generator_tables[0], self.p, self.q)
        r_q, r_q_N = self._half_randomizer(rng, self._generator_tables[1], self.q, self.p)
        return Randomizer(self.modulus.combine(r_p, r_q), self._square.combine(r_p_N, r_q_N))

    @staticmethod
    def _half_randomizer(
        rng: Rng, tables: tuple[FixedBases, FixedBases], p: int, q: int
    ) -> tuple[int, int]:
        a = below(rng, p - 1)
        return tables[0].power(a), tables[1].power(a * q % (p - 1))

    @cached_property
    def _generator_tables(
        self,
    ) -> tuple[tuple[FixedBases, FixedBases], tuple[FixedBases, FixedBases]]:
        return self._tables(self.p), self._tables(self.q)

    def _tables(self, p: int) -> tuple[FixedBases, FixedBases]:
        """Powers of a generator g mod p, and of g^p mod p²."""
        g = next(g for g in range(2, 1000) if power(g, (p - 1) // 2, p) == p - 1 and g * g % p != 1)
        size = p.bit_length()
        return (
            self.arithmetic.fixed_bases((g,), p, (size,), OWN_TABLE_BYTES),
            self.arithmetic.fixed_bases((power(g, p, p**2),), p**2, (size,), OWN_TABLE_BYTES),
        )

    def opens_affine(self, C: int, z1: int, z2: int, w: int, A: int, D: int, e: int) -> bool:
        """The same equation over plaintexts: dec(A) + e·dec(D) = z1·dec(C) + z2 mod N.

        w is not looked at: whatever the plaintexts satisfy, some randomness satisfies too.
        """
        if not self.arithmetic.shortcuts:
            return super().opens_affine(C, z1, z2, w, A, D, e)
        left = self.decrypt(A) + e * self.decrypt(D)
        return bool((left - z1 * self.decrypt(C) - z2) % self.N == 0)


def generate(
    level: SecurityLevel, p: int, q: int, arithmetic: Arithmetic = FAST
) -> PaillierPrivateKey:
    """The key of two safe primes of the level's size, for instance from a pool of them."""
    if p == q or p.bit_length() != level.prime or q.bit_length() != level.prime:
        raise MalformedValueError(
            f"level {level.name} needs two different safe primes of {level.prime} bits"
        )
    return PaillierPrivateKey(p, q, arithmetic)
