"""Shamir sharing and Feldman's commitments to it, over any group of prime order.

A polynomial of degree t − 1 is its t coefficients, constant first; party i holds its value at i.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gmpy2 import invert

from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.group.curves import Group, Point, Rng


def random_polynomial(group: Group, threshold: int, rng: Rng) -> tuple[int, ...]:
    """t uniform non-zero coefficients."""
    return tuple(group.random_scalar(rng) for _ in range(threshold))


def evaluate(coefficients: Sequence[int], x: int, order: int) -> int:
    """f(x) mod q."""
    value = 0
    for coefficient in reversed(coefficients):
        value = (value * x + coefficient) % order
    return value


def commit(group: Group, coefficients: Sequence[int]) -> tuple[Point, ...]:
    """Feldman's commitments: each coefficient times the generator."""
    return tuple(group.base_mul(coefficient) for coefficient in coefficients)


def evaluate_commitments(commitments: Sequence[Point], x: int) -> Point:
    """F(x) = Σ xᵏ·Sₖ = f(x)·G."""
    value = commitments[-1]
    for commitment in reversed(commitments[:-1]):
        value = x * value + commitment
    return value


def lagrange(indices: Iterable[int], i: int, order: int) -> int:
    """λᵢ = Π m / (m − i) mod q over the other indices m: the weight of party i's share at zero.

    Raises:
        ParameterError: an index is zero or appears twice modulo q, or i is not among them.
    """
    chosen = [index % order for index in indices]
    if 0 in chosen or len(set(chosen)) != len(chosen) or i % order not in chosen:
        raise ParameterError(f"indices are non-zero, distinct and hold {i}: {chosen}")
    numerator, denominator = 1, 1
    for m in chosen:
        if m != i % order:
            numerator = numerator * m % order
            denominator = denominator * (m - i) % order
    return int(numerator * invert(denominator, order) % order)


def interpolate_at_zero(shares: Sequence[tuple[int, int]], order: int) -> int:
    """f(0) from t shares (index, value). Only tests and key export bring t shares together."""
    indices = [index for index, _ in shares]
    return sum(lagrange(indices, i, order) * value for i, value in shares) % order
