"""Ring-Pedersen commitments s^x · t^y modulo N̂, a product of two safe primes.

The verifier of a range proof owns N̂, s and t. `RingPedersen` is what a prover knows;
`RingPedersenTrapdoor` is the owner's, who knows λ with s = t^λ and the factors: for the owner a
commitment is one half-size power of t for each prime. Nothing is proven about N̂ but that s is in
the group of t (Πprm), which protects the prover; the owner protects the verifier, namely itself.
"""

# ruff: noqa: N803, N806 - letters are the paper's
from functools import cached_property
from typing import Final, TypeAlias

from zrsign_dmpc.ecdsa.arithmetic import (
    FAST,
    Arithmetic,
    FactoredModulus,
    FixedBases,
    PlainBases,
    big,
    gcd,
    power,
)
from zrsign_dmpc.ecdsa.errors import MalformedValueError
from zrsign_dmpc.ecdsa.sampling import below, unit
from zrsign_dmpc.ecdsa.security import SecurityLevel
from zrsign_dmpc.group.curves import Rng

Items: TypeAlias = tuple[int, int, int]
"""(N̂, s, t)."""

TABLE_BYTES: Final = 32_000_000
"""What a party spends on the tables of all its peers together, unless told otherwise."""
PEER_TABLE_BYTES: Final = 5_000_000
"""How many bytes one peer's tables may take; twice as many would save a twentieth of the time."""
OWN_TABLE_BYTES: Final = 1_200_000
"""How many bytes each of an owner's two tables may take."""


def peer_share(table_bytes: int, members: int) -> int:
    """What each peer's tables may take when those of a whole group may take `table_bytes`."""
    return min(table_bytes // max(members - 1, 1), PEER_TABLE_BYTES)


class RingPedersen:
    """(N̂, s, t) at one level. Powers are plain until `prepare` makes tables of them.

    `table_bytes` is what the tables may take: more make commitments faster, slowly
    (docs/dmpc-ecdsa.md, Arithmetic).
    """

    def __init__(
        self,
        level: SecurityLevel,
        N_hat: int,
        s: int,
        t: int,
        arithmetic: Arithmetic = FAST,
        table_bytes: int = PEER_TABLE_BYTES,
    ) -> None:
        self.level: Final = level
        self.N_hat: Final = big(N_hat)
        self.s: Final = big(s)
        self.t: Final = big(t)
        self.arithmetic: Final = arithmetic
        self.table_bytes: Final = table_bytes
        self._tables: FixedBases | None = None

    @classmethod
    def for_group(
        cls, level: SecurityLevel, items: Items, members: int, arithmetic: Arithmetic = FAST
    ) -> "RingPedersen":
        """A member's parameters, with tables small enough to hold those of all others as well."""
        share = peer_share(TABLE_BYTES, members)
        return RingPedersen(level, *items, arithmetic=arithmetic, table_bytes=share)

    def with_table_bytes(self, table_bytes: int) -> "RingPedersen":
        """The same parameters without tables yet, and with this bound on them."""
        return RingPedersen(self.level, *self.items(), self.arithmetic, table_bytes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RingPedersen) and self.items() == other.items()

    def __hash__(self) -> int:
        return hash(self.items())

    def items(self) -> Items:
        """(N̂, s, t), which the transcript of every proof to this verifier absorbs."""
        return (self.N_hat, self.s, self.t)

    def require_well_formed(self) -> None:
        """Size, and s, t units other than 0, 1, -1. Raises MalformedValueError."""
        if self.N_hat.bit_length() != self.level.modulus or self.N_hat % 2 == 0:
            raise MalformedValueError(
                f"N̂ must be odd and have {self.level.modulus} bits, not {self.N_hat.bit_length()}"
            )
        for name, base in (("s", self.s), ("t", self.t)):
            if not 1 < base < self.N_hat - 1 or gcd(base, self.N_hat) != 1:
                raise MalformedValueError(f"{name} must be a unit modulo N̂ other than 1 and -1")

    def require_commitment(self, name: str, S: int) -> None:
        """Raises MalformedValueError unless 0 < S < N̂ and S is a unit."""
        if not 0 < S < self.N_hat or gcd(S, self.N_hat) != 1:
            raise MalformedValueError(f"{name} is not a unit modulo N̂")

    def prepare(self) -> None:
        """Make the tables, once: about ten commitments pay for them."""
        if self._tables is None:
            level = self.level
            sizes = (
                level.ell_prime + level.epsilon + 1,
                level.modulus + level.ell + level.epsilon + 2,
            )
            self._tables = self.arithmetic.fixed_bases(
                (self.s, self.t), self.N_hat, sizes, self.table_bytes
            )

    def commit(self, x: int, y: int) -> int:
        """s^x · t^y mod N̂."""
        return self._bases().power(x, y)

    def power_of_s(self, x: int) -> int:
        """The power s^x modulo N̂; `x` may be negative."""
        return self._bases().power(x, 0)

    def power_of_t(self, y: int) -> int:
        """t^y mod N̂."""
        return self._bases().power(0, y)

    def _bases(self) -> FixedBases:
        return self._tables or PlainBases((self.s, self.t), self.N_hat)

    def power(self, S: int, exponent: int) -> int:
        """S^exponent mod N̂."""
        return power(S, exponent, self.N_hat)

    def opens(self, x: int, y: int, A: int, S: int, e: int) -> bool:
        """Whether s^x · t^y = A · S^e mod N̂."""
        return self.commit(x, y) == A * self.power(S, e) % self.N_hat


class RingPedersenTrapdoor(RingPedersen):
    """The owner's view: N̂ = p̂·q̂ and s = t^λ. Never to be sent or logged."""

    def __init__(
        self,
        level: SecurityLevel,
        primes: tuple[int, int],
        t: int,
        lambda_: int,
        arithmetic: Arithmetic = FAST,
    ) -> None:
        p, q = big(primes[0]), big(primes[1])
        self.modulus: Final = FactoredModulus(p, q, p - 1, q - 1)
        super().__init__(level, p * q, self.modulus.power(big(t), lambda_), t, arithmetic)
        self.phi: Final = (p - 1) * (q - 1)
        self.lambda_: Final = big(lambda_)

    @cached_property
    def public(self) -> RingPedersen:
        """The parameters without their secrets."""
        return RingPedersen(self.level, *self.items(), arithmetic=self.arithmetic)

    def prepare(self) -> None:
        """Make the tables now."""
        _ = self._half_tables

    def power_of_s(self, x: int) -> int:
        """The power s^x = t^(λx) modulo N̂."""
        return self.commit(x, 0)

    def commit(self, x: int, y: int) -> int:
        """t^(λx + y)."""
        if not self.arithmetic.shortcuts:
            return super().commit(x, y)
        return self.power_of_t(self.lambda_ * x + y)

    def power_of_t(self, y: int) -> int:
        """One half-size power a prime."""
        if not self.arithmetic.shortcuts:
            return super().power_of_t(y)
        left, right = self._half_tables
        return self.modulus.combine(
            left.power(y % self.modulus.left_order), right.power(y % self.modulus.right_order)
        )

    def power(self, S: int, exponent: int) -> int:
        """S^exponent of a unit."""
        return self.arithmetic.power_known(S, exponent, self.modulus)

    @cached_property
    def _half_tables(self) -> tuple[FixedBases, FixedBases]:
        left, right = (
            self.arithmetic.fixed_bases((self.t % p,), p, (self.level.prime,), OWN_TABLE_BYTES)
            for p in (self.modulus.left, self.modulus.right)
        )
        return left, right


def generate(
    level: SecurityLevel, p: int, q: int, rng: Rng, arithmetic: Arithmetic = FAST
) -> RingPedersenTrapdoor:
    """Parameters over two safe primes: t = r² generates the squares, s = t^λ."""
    if p == q or p.bit_length() != level.prime or q.bit_length() != level.prime:
        raise MalformedValueError(
            f"level {level.name} needs two different safe primes of {level.prime} bits"
        )
    N_hat = big(p) * big(q)
    t = power(unit(rng, N_hat), 2, N_hat)
    lambda_ = below(rng, (p - 1) * (q - 1) // 4)
    return RingPedersenTrapdoor(level, (p, q), t, lambda_, arithmetic)
