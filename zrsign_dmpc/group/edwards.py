"""Sums on edwards25519 in extended coordinates (RFC 8032 §5.1.4), for points that everybody knows.

libsodium adds encoded points, so each of its sums takes two square roots and an inversion. Here a
point is read once and written once, whatever is added between. Nothing here is constant in time.
"""

from __future__ import annotations

from typing import Final

from gmpy2 import invert, mpz, powmod

P: Final = mpz(2**255 - 19)
D: Final = -121665 * invert(121666, P) % P
_ROOT_OF_MINUS_ONE: Final = powmod(2, (P - 1) // 4, P)

Extended = tuple[mpz, mpz, mpz, mpz]
"""(X, Y, Z, T) with x = X/Z, y = Y/Z and x·y = T/Z."""
IDENTITY: Final[Extended] = (mpz(0), mpz(1), mpz(1), mpz(0))


def read(encoded: bytes) -> Extended:
    """The point with this encoding (RFC 8032 §5.1.3), which was found valid before."""
    number = int.from_bytes(encoded, "little")
    y, is_odd = mpz(number % (1 << 255)), number >> 255
    u, v = y * y - 1, (D * y * y + 1) % P
    v3 = v * v * v % P
    x = u * v3 * powmod(u * v3 * v3 * v, (P - 5) // 8, P) % P
    if (v * x * x - u) % P:
        x = x * _ROOT_OF_MINUS_ONE % P
    if x % 2 != is_odd:
        x = P - x
    return x, y, mpz(1), x * y % P


def write(point: Extended) -> bytes:
    """The encoding of a point."""
    x, y, z, _ = point
    inverse = invert(z, P)
    is_odd = x * inverse % P % 2
    return int(y * inverse % P + (is_odd << 255)).to_bytes(32, "little")


def add(first: Extended, second: Extended) -> Extended:
    """The sum; the formula has no exceptions."""
    x1, y1, z1, t1 = first
    x2, y2, z2, t2 = second
    a, b = (y1 - x1) * (y2 - x2), (y1 + x1) * (y2 + x2)
    c, d = 2 * t1 * D % P * t2, 2 * z1 * z2
    e, f, g, h = (b - a) % P, (d - c) % P, (d + c) % P, (b + a) % P
    return e * f % P, g * h % P, f * g % P, e * h % P


def negative(point: Extended) -> Extended:
    """The point that adds up to the identity with this one."""
    x, y, z, t = point
    return -x % P, y, z, -t % P
