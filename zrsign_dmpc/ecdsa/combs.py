"""Powers of fixed bases by tables: the comb of Lim and Lee (CRYPTO '94), for several bases at once.

An exponent is written in h rows of a columns, row k holding the bits k·a to (k+1)·a - 1, so that a
column is an h-bit digit. The columns fall in blocks of b; every block has a table of the 2^h
products of base^(2^(ka + jb)). A power then takes b - 1 squarings, which all bases share, and one
multiplication a column: far fewer residues than a table for every digit of the exponent, for a few
squarings more.
"""

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod
from typing import Final, cast

import gmpy2

RESIDUE_OVERHEAD: Final = 48
"""Bytes that a GMP integer takes beside its limbs: object, list slot, allocator."""
MAX_TEETH: Final = 13
_DIGIT_BITS: Final = 16
"""Digits are cut out of exponents in groups of this many bits."""


@dataclass(frozen=True)
class CombShape:
    """h teeth, blocks of b columns, and the columns of each base."""

    teeth: int
    block: int
    columns: tuple[int, ...]

    @property
    def entries(self) -> int:
        """Residues in all tables."""
        return sum(-(-columns // self.block) for columns in self.columns) << self.teeth

    @property
    def operations(self) -> int:
        """Squarings and multiplications of one power."""
        return self.block - 1 + sum(self.columns)


@lru_cache(maxsize=64)
def comb_shape(sizes: tuple[int, ...], entries: int) -> CombShape:
    """The cheapest comb for exponents of these bits that has at most so many entries.

    There is always one: fewer entries than 4 a base count as that.
    """
    shapes = (
        CombShape(teeth, block, columns)
        for teeth in range(2, MAX_TEETH + 1)
        for columns in [tuple(-(-size // teeth) for size in sizes)]
        for block in range(1, max(columns) + 1)
    )
    allowed = max(entries, 4 * len(sizes))
    return min(
        (shape for shape in shapes if shape.entries <= allowed),
        key=lambda shape: (shape.operations, shape.entries),
    )


@contextmanager
def _keeping_the_gil() -> Iterator[None]:
    """Hundreds of operations of a microsecond each: threads that hand the lock over at each crawl.

    One full power is worth handing it over, see `arithmetic.release_gil`.
    """
    context = gmpy2.get_context()
    released, context.allow_release_gil = context.allow_release_gil, False
    try:
        yield
    finally:
        context.allow_release_gil = released


class CombTables:
    """Π base_i^exponent_i mod modulus for exponents of up to `sizes` bits, of either sign.

    Longer exponents fall back to plain powers. Where an exponent is negative, all are raised by
    2^size and the product is divided by the constant that this adds: one multiplication, no
    inversion.
    """

    def __init__(
        self, bases: Sequence[int], modulus: int, sizes: Sequence[int], table_bytes: int
    ) -> None:
        """`table_bytes`: what all tables may take together, at least some kilobytes."""
        self._bases = tuple(cast(int, gmpy2.mpz(base)) for base in bases)
        self._modulus = cast(int, gmpy2.mpz(modulus))
        self._sizes = tuple(sizes)
        residue = (modulus.bit_length() + 7) // 8 + RESIDUE_OVERHEAD
        self._shape = comb_shape(tuple(size + 1 for size in sizes), table_bytes // residue)
        self._tables = tuple(map(self._blocks, self._bases, self._shape.columns))

    def power(self, *exponents: int) -> int:
        """The product of the powers, one exponent a base."""
        pairs = tuple(zip(exponents, self._sizes, strict=True))
        if any(exponent.bit_length() > size for exponent, size in pairs):
            return self._plain(exponents)
        if min(exponents) < 0:
            raised = self._nonnegative([exponent + (1 << size) for exponent, size in pairs])
            return raised * self._lowering % self._modulus
        return self._nonnegative(exponents)

    def _nonnegative(self, exponents: Sequence[int]) -> int:
        with _keeping_the_gil():
            return self._product(exponents)

    def _product(self, exponents: Sequence[int]) -> int:
        modulus, block = self._modulus, self._shape.block
        digits = [
            self._digits(exponent, columns)
            for exponent, columns in zip(exponents, self._shape.columns, strict=True)
        ]
        result = cast(int, gmpy2.mpz(1))
        for column in reversed(range(block)):
            result = result * result % modulus
            for tables, own in zip(self._tables, digits, strict=True):
                for table, digit in zip(tables, own[column::block], strict=False):
                    if digit:
                        result = result * table[digit] % modulus
        return result

    def _digits(self, exponent: int, columns: int) -> tuple[int, ...]:
        """The digit of every column, lowest column first."""
        teeth = self._shape.teeth
        written = gmpy2.mpz(exponent).digits(2).encode().rjust(teeth * columns, b"0")
        spread = bytearray(b"0" * (_DIGIT_BITS * columns))
        for row in range(teeth):
            place = _DIGIT_BITS - teeth + row
            spread[place::_DIGIT_BITS] = written[row * columns : (row + 1) * columns]
        return struct.unpack(f"<{columns}H", int(bytes(spread), 2).to_bytes(2 * columns, "little"))

    def _blocks(self, base: int, columns: int) -> list[list[int]]:
        """The table of every block."""
        with _keeping_the_gil():
            return self._products(base, columns)

    def _products(self, base: int, columns: int) -> list[list[int]]:
        modulus, teeth = self._modulus, self._shape.teeth
        squares = [base % modulus]
        for _ in range(teeth * columns - 1):
            squares.append(squares[-1] * squares[-1] % modulus)
        tables = []
        for first in range(0, columns, self._shape.block):
            table = [cast(int, gmpy2.mpz(1))]
            for tooth in squares[first::columns]:
                table += [entry * tooth % modulus for entry in table]
            tables.append(table)
        return tables

    @cached_property
    def _lowering(self) -> int:
        """1 / Π base_i^(2^size_i)."""
        return self._plain([-(1 << size) for size in self._sizes])

    def _plain(self, exponents: Sequence[int]) -> int:
        pairs = zip(self._bases, exponents, strict=True)
        powers = (cast(int, gmpy2.powmod(base, e, self._modulus)) for base, e in pairs)
        return prod(powers, start=cast(int, gmpy2.mpz(1))) % self._modulus
