"""Modular arithmetic on GMP integers: two back ends with the same results.

`FAST` uses known factors (Chinese remainders), tables of powers for fixed bases, and the
shortcuts that a key owner has. `REFERENCE` is plain `powmod` and nothing else: the other side of
differential tests, and the baseline of the benchmark.

A GMP integer is typed `int` here: it has the operators and methods of one, and stays one wherever
it came from `big`. Powers of odd moduli are OpenSSL's where it is found (`libcrypto`), else GMP's;
which of the two changes no result. Tables of powers are not constant in time (docs/dmpc-ecdsa.md).
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol, cast

import gmpy2

from zrsign_dmpc.ecdsa import libcrypto
from zrsign_dmpc.ecdsa.combs import CombTables
from zrsign_dmpc.ecdsa.libcrypto import Term

LIBCRYPTO: Final = libcrypto.find()
"""Powers by OpenSSL; None where it was not found, and GMP makes them all."""
_thread: Final = threading.local()


def big(value: int) -> int:
    """The value as a GMP integer: what follows from it is computed by GMP."""
    return cast(int, gmpy2.mpz(value))


def power(base: int, exponent: int, modulus: int) -> int:
    """base^exponent mod modulus for an exponent that may be secret.

    A negative exponent needs a unit (ValueError if not). Modulo an odd number only the exponent's
    sign and length show in time and memory accesses.
    """
    return _power(base, exponent, modulus, secret=True)


def public_power(base: int, exponent: int, modulus: int) -> int:
    """base^exponent mod modulus for an exponent that everybody knows: a tenth faster."""
    return _power(base, exponent, modulus, secret=False)


def power_pair(left: Term, right: Term, *, keep: bool = True) -> tuple[int, int]:
    """Two powers (base, exponent, modulus) as `power` makes them; together they may be faster.

    `keep`: whether the moduli will be met again.
    """
    terms = [_reduced(term) for term in (left, right)]
    if LIBCRYPTO is None or not all(_is_odd(modulus) for _, _, modulus in terms):
        return power(*left), power(*right)
    _before_power()
    releases = gmpy2.get_context().allow_release_gil
    return LIBCRYPTO.power_pair(*terms, keep=keep, release_gil=releases)


def _power(base: int, exponent: int, modulus: int, *, secret: bool) -> int:
    _before_power()
    base, exponent, modulus = _reduced((base, exponent, modulus))
    if not _is_odd(modulus):
        return cast(int, gmpy2.powmod(base, exponent, modulus))
    if LIBCRYPTO is not None:
        releases = gmpy2.get_context().allow_release_gil
        return LIBCRYPTO.power(base, exponent, modulus, secret=secret, release_gil=releases)
    raise_to = gmpy2.powmod_sec if secret and exponent else gmpy2.powmod
    return cast(int, raise_to(base, exponent, modulus))


def _before_power() -> None:
    before = getattr(_thread, "before_power", None)
    if before is not None:
        before()


def _reduced(term: Term) -> Term:
    """The same power with a base below the modulus and no negative exponent."""
    base, exponent, modulus = term
    if exponent < 0:
        return cast(int, gmpy2.powmod(base, -1, modulus)), -exponent, modulus
    return base % modulus if modulus else base, exponent, modulus


def _is_odd(modulus: int) -> bool:
    return modulus > 1 and modulus % 2 == 1


def inverse(value: int, modulus: int) -> int:
    """1/value mod modulus. ZeroDivisionError when there is none."""
    return cast(int, gmpy2.invert(value, modulus))


def gcd(left: int, right: int) -> int:
    """Greatest common divisor."""
    return cast(int, gmpy2.gcd(left, right))


def jacobi(value: int, modulus: int) -> int:
    """Jacobi symbol of value over an odd modulus."""
    return cast(int, gmpy2.jacobi(value, modulus))


def square_root(value: int) -> int:
    """Floor of the square root."""
    return cast(int, gmpy2.isqrt(value))


def is_square(value: int) -> bool:
    """Whether value is a perfect square."""
    return bool(gmpy2.is_square(value))


def is_prime(value: int, rounds: int = 30) -> bool:
    """Miller–Rabin with `rounds` bases after trial division (GMP's mpz_probab_prime_p)."""
    return bool(gmpy2.is_prime(value, rounds))


def product(values: Sequence[int], modulus: int) -> int:
    """Product of values mod modulus; 1 for none."""
    result = big(1)
    for value in values:
        result = result * value % modulus
    return result


def release_gil(before_power: Callable[[], None] | None = None) -> None:
    """Let this thread's powers run beside other threads. Initializer for a thread pool.

    `before_power` is called ahead of each power here, and may wait.
    """
    gmpy2.get_context().allow_release_gil = True
    _thread.before_power = before_power


@dataclass(frozen=True, repr=False)
class FactoredModulus:
    """left·right, coprime, with the orders of their unit groups: what an owner knows of N or N²."""

    left: int
    right: int
    left_order: int
    right_order: int

    @cached_property
    def product(self) -> int:
        """The modulus itself."""
        return self.left * self.right

    @cached_property
    def _right_inverse(self) -> int:
        return inverse(self.right, self.left)

    def combine(self, mod_left: int, mod_right: int) -> int:
        """The residue with these two remainders (Garner)."""
        return mod_right + self.right * ((mod_left - mod_right) * self._right_inverse % self.left)

    def power(self, base: int, exponent: int) -> int:
        """base^exponent of a unit, one half-size power a factor."""
        return self.combine(
            *power_pair(
                (base, _shortened(exponent, self.left_order), self.left),
                (base, _shortened(exponent, self.right_order), self.right),
            )
        )


def _shortened(exponent: int, order: int) -> int:
    """The exponent modulo the order, where that is shorter: -3 is, and order - 3 is not."""
    return exponent if abs(exponent) < order else exponent % order


class FixedBases(Protocol):
    """Products of powers of fixed bases."""

    def power(self, *exponents: int) -> int:
        """Π base_i^exponent_i, one exponent a base; negative exponents are allowed."""
        ...


@dataclass(frozen=True)
class PlainBases:
    """Bases without tables."""

    bases: tuple[int, ...]
    modulus: int

    def power(self, *exponents: int) -> int:
        """One plain power a base."""
        pairs = zip(self.bases, exponents, strict=True)
        return product([power(base, e, self.modulus) for base, e in pairs], self.modulus)


class Arithmetic(Protocol):
    """What differs between the back ends."""

    @property
    def name(self) -> str:
        """The back end's name, as tables and messages show it."""
        ...

    @property
    def shortcuts(self) -> bool:
        """Whether key owners may replace an equation by an equivalent cheaper one."""
        ...

    def power_known(self, base: int, exponent: int, modulus: FactoredModulus) -> int:
        """Power of a unit where the factors are known."""
        ...

    def fixed_bases(
        self, bases: tuple[int, ...], modulus: int, sizes: tuple[int, ...], table_bytes: int
    ) -> FixedBases:
        """Bases with exponents of up to `sizes` bits; all tables take at most `table_bytes`."""
        ...


class FastArithmetic:
    """Everything that pays (docs/dmpc-ecdsa.md, Arithmetic)."""

    name = "fast"
    shortcuts = True

    def power_known(self, base: int, exponent: int, modulus: FactoredModulus) -> int:
        """Power of a unit by Chinese remainders: one half-size power a factor."""
        return modulus.power(base, exponent)

    def fixed_bases(
        self, bases: tuple[int, ...], modulus: int, sizes: tuple[int, ...], table_bytes: int
    ) -> FixedBases:
        """Bases with tables of powers (`combs`), which take at most `table_bytes` together."""
        return CombTables(bases, modulus, sizes, table_bytes)


class ReferenceArithmetic:
    """The back end of plain powers: the other side of differential tests, and a baseline."""

    name = "reference"
    shortcuts = False

    def power_known(self, base: int, exponent: int, modulus: FactoredModulus) -> int:
        """Power of a unit by one plain power; the factors are not used."""
        return power(base, exponent, modulus.product)

    def fixed_bases(
        self, bases: tuple[int, ...], modulus: int, sizes: tuple[int, ...], table_bytes: int
    ) -> FixedBases:
        """Bases without tables; `sizes` and `table_bytes` change nothing."""
        return PlainBases(bases, modulus)


FAST: Final[Arithmetic] = FastArithmetic()
REFERENCE: Final[Arithmetic] = ReferenceArithmetic()
