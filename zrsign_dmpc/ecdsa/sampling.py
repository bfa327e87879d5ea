"""Uniform integers from injected randomness."""

from typing import Final

from zrsign_dmpc.ecdsa.arithmetic import big, gcd
from zrsign_dmpc.ecdsa.errors import EcdsaError
from zrsign_dmpc.group.curves import Rng

MAX_ATTEMPTS: Final = 1024
"""A fair source fails a rejection loop this often with probability below 2^-1000."""


def bits(rng: Rng, count: int) -> int:
    """Uniform in [0, 2^count)."""
    value = int.from_bytes(rng((count + 7) // 8), "big")
    return big(value >> (-count % 8))


def below(rng: Rng, bound: int) -> int:
    """Uniform in [0, bound), by rejection."""
    count = bound.bit_length()
    for _ in range(MAX_ATTEMPTS):
        value = bits(rng, count)
        if value < bound:
            return value
    raise EcdsaError("rejection sampling never ended: the source of randomness is not uniform")


def symmetric(rng: Rng, bound: int) -> int:
    """Uniform in [-bound, bound]: the paper's ± interval."""
    return below(rng, 2 * bound + 1) - bound


def unit(rng: Rng, modulus: int) -> int:
    """Uniform in the units modulo `modulus`."""
    for _ in range(MAX_ATTEMPTS):
        value = below(rng, modulus)
        if gcd(value, modulus) == 1:
            return value
    raise EcdsaError("no unit was found: the source of randomness is not uniform")
