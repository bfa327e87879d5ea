"""Modular arithmetic on GMP integers: two back ends with the same results.

`FAST` uses known factors (Chinese remainders), tables of powers for fixed bases, and the
shortcuts that a key owner has. `REFERENCE` is plain `powmod` and nothing else: the other side of
differential tests, and the baseline of the benchmark.

A GMP integer is typed `int` here: it has the operators and methods of one, and stays one wherever
it came from `big`. Exponentiation is not constant in time (see docs/dmpc-ecdsa.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol, cast

import gmpy2

NARROW: Final = 5
WIDE: Final = 8
"""Bits of an exponent that one look-up in a table of powers serves."""

_DIGIT_VALUES: Final = bytes.maketrans(
    b"0123456789abcdefghijklmnopqrstuv", bytes(range(1 << NARROW))
)


def big(value: int) -> int:
    """The value as a GMP integer: what follows from it is computed by GMP."""
    return cast(int, gmpy2.mpz(value))


def power(base: int, exponent: int, modulus: int) -> int:
    """base^exponent mod modulus; a negative exponent needs a unit (ValueError if not)."""
    return cast(int, gmpy2.powmod(base, exponent, modulus))


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


def release_gil() -> None:
    """Let this thread's GMP powers run beside other threads. Initializer for a thread pool."""
    gmpy2.get_context().allow_release_gil = True


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
            power(base % self.left, exponent % self.left_order, self.left),
            power(base % self.right, exponent % self.right_order, self.right),
        )


class FixedBase(Protocol):
    """Powers of one base."""

    def power(self, exponent: int) -> int:
        """base^exponent; a negative exponent is allowed."""
        ...


@dataclass(frozen=True)
class PlainBase:
    """A base without a table."""

    base: int
    modulus: int

    def power(self, exponent: int) -> int:
        """base^exponent by one plain power."""
        return power(self.base, exponent, self.modulus)


class CombTable:
    """base^(d·2^(wi)) for every w-bit digit d and every position i of an exponent.

    A power costs one multiplication a digit. The table has 2^w·bits/w residues: 22 MB for w = 8,
    2048-bit residues and 2700-bit exponents, 4.5 MB for w = 5. Longer exponents fall back to a
    plain power.
    """

    def __init__(self, base: int, modulus: int, bits: int, window: int = WIDE) -> None:
        """`window` is NARROW or WIDE: the digits that GMP writes without a loop in Python."""
        self._base = big(base)
        self._modulus = big(modulus)
        self._window = window
        self._length = -(-bits // window)
        self._rows: list[list[int]] = []
        step = self._base
        for _ in range(self._length):
            row = [big(1)]
            for _ in range((1 << window) - 1):
                row.append(row[-1] * step % self._modulus)
            self._rows.append(row)
            step = row[-1] * step % self._modulus

    def power(self, exponent: int) -> int:
        """base^exponent; one inversion more when the exponent is negative."""
        size = abs(exponent)
        if size.bit_length() > self._length * self._window:
            return power(self._base, exponent, self._modulus)
        modulus = self._modulus
        result = big(1)
        for row, digit in zip(self._rows, self._digits(size), strict=False):
            if digit:
                result = result * row[digit] % modulus
        return result if exponent >= 0 else inverse(result, modulus)

    def _digits(self, size: int) -> bytes:
        """Lowest first, one byte a digit; high zeros may be missing."""
        if self._window == WIDE:
            return size.to_bytes(self._length, "little")
        digits: bytes = gmpy2.mpz(size).digits(1 << NARROW).encode()
        return digits.translate(_DIGIT_VALUES)[::-1]


class Arithmetic(Protocol):
    """What differs between the back ends."""

    @property
    def name(self) -> str:
        """For tables and messages."""
        ...

    @property
    def shortcuts(self) -> bool:
        """Whether key owners may replace an equation by an equivalent cheaper one."""
        ...

    def power_known(self, base: int, exponent: int, modulus: FactoredModulus) -> int:
        """Power of a unit where the factors are known."""
        ...

    def fixed_base(self, base: int, modulus: int, bits: int, window: int = WIDE) -> FixedBase:
        """Powers of one base with exponents of up to `bits` bits."""
        ...


class FastArithmetic:
    """Everything that pays (docs/dmpc-ecdsa.md, Arithmetic)."""

    name = "fast"
    shortcuts = True

    def power_known(self, base: int, exponent: int, modulus: FactoredModulus) -> int:
        """Chinese remainders."""
        return modulus.power(base, exponent)

    def fixed_base(self, base: int, modulus: int, bits: int, window: int = WIDE) -> FixedBase:
        """A table of powers."""
        return CombTable(base, modulus, bits, window)


class ReferenceArithmetic:
    """Plain powers."""

    name = "reference"
    shortcuts = False

    def power_known(self, base: int, exponent: int, modulus: FactoredModulus) -> int:
        """The factors are not used."""
        return power(base, exponent, modulus.product)

    def fixed_base(self, base: int, modulus: int, bits: int, window: int = WIDE) -> FixedBase:
        """No table."""
        return PlainBase(base, modulus)


FAST: Final[Arithmetic] = FastArithmetic()
REFERENCE: Final[Arithmetic] = ReferenceArithmetic()
