"""The subgroup of prime order of edwards25519 by libsodium."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from nacl import bindings as sodium

from zrsign_dmpc.errors import GroupMismatch, InvalidPoint
from zrsign_dmpc.group.group import (
    SCALAR_BYTES,
    Group,
    Point,
    Rng,
    check_length,
    check_scalar,
    random_scalar_below,
    system_rng,
)


class _EdPoint(Point):
    """A point of the prime-order subgroup of Ed25519, held in its canonical encoding."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    @property
    def group(self) -> Group:
        return ED25519

    @property
    def is_identity(self) -> bool:
        return self.data == _ED_IDENTITY_BYTES

    def encode(self) -> bytes:
        if self.is_identity:
            raise InvalidPoint("the identity of Ed25519 must not be sent")
        return self.data

    def __add__(self, other: Point) -> Point:
        return _EdPoint(sodium.crypto_core_ed25519_add(self.data, _ed(other).data))

    def __sub__(self, other: Point) -> Point:
        return _EdPoint(sodium.crypto_core_ed25519_sub(self.data, _ed(other).data))

    def __neg__(self) -> Point:
        return _EdPoint(sodium.crypto_core_ed25519_sub(_ED_IDENTITY_BYTES, self.data))

    def __rmul__(self, scalar: int) -> Point:
        k = scalar % ED25519_ORDER
        if k == 0 or self.is_identity:
            return _ED_IDENTITY
        if k <= ED25519_SMALL:
            return self._small_multiple(k)
        encoded = k.to_bytes(SCALAR_BYTES, "little")
        return _EdPoint(sodium.crypto_scalarmult_ed25519_noclamp(encoded, self.data))

    def _small_multiple(self, k: int) -> Point:
        """Doublings and additions; how many shows k, which is no secret when it is this small."""
        if k == 1:
            return self
        half = self._small_multiple(k // 2)
        doubled = half + half
        return doubled + self if k % 2 else doubled

    def __eq__(self, other: object) -> bool:
        return self.data == other.data if isinstance(other, _EdPoint) else NotImplemented

    def __hash__(self) -> int:
        return hash((ED25519.name, self.data))


ED25519_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
ED25519_SMALL: Final = 32
"""Multipliers up to this are indices of parties; libsodium's own product costs six additions."""
_ED_IDENTITY_BYTES: Final = bytes([1]) + bytes(31)
_ED_IDENTITY: Final = _EdPoint(_ED_IDENTITY_BYTES)
_ED_GENERATOR: Final = _EdPoint(
    sodium.crypto_scalarmult_ed25519_base_noclamp((1).to_bytes(SCALAR_BYTES, "little"))
)


class Ed25519(Group):
    """The prime-order subgroup of edwards25519 (RFC 8032 §5.1) by libsodium; the cofactor is 8."""

    name: Final = "ed25519"
    order: Final = ED25519_ORDER
    point_bytes: Final = 32
    generator: Final[Point] = _ED_GENERATOR
    identity: Final[Point] = _ED_IDENTITY

    def __repr__(self) -> str:
        return self.name

    def base_mul(self, scalar: int) -> Point:
        k = scalar % ED25519_ORDER
        if k == 0:
            return _ED_IDENTITY
        encoded = k.to_bytes(SCALAR_BYTES, "little")
        return _EdPoint(sodium.crypto_scalarmult_ed25519_base_noclamp(encoded))

    def decode(self, data: bytes) -> Point:
        if len(data) != self.point_bytes:
            raise InvalidPoint(f"an Ed25519 point has 32 bytes, not {len(data)}")
        # Canonical, on the curve, of order q: not the identity, no part of small order.
        if not sodium.crypto_core_ed25519_is_valid_point(data):
            raise InvalidPoint(f"{data.hex()} is not a point of order q of Ed25519")
        return _EdPoint(bytes(data))

    def sum(self, points: Iterable[Point]) -> Point:
        total: Point = _ED_IDENTITY
        for point in points:
            total = _ed(point) if total.is_identity else total + point
        return total

    def multi_mul(self, scalars: Sequence[int], points: Sequence[Point]) -> Point:
        return self.sum(k * point for k, point in zip(scalars, points, strict=True))

    def encode_scalar(self, scalar: int) -> bytes:
        return check_scalar(scalar, self.order).to_bytes(SCALAR_BYTES, "little")

    def decode_scalar(self, data: bytes) -> int:
        check_length(data, SCALAR_BYTES, self.name)
        return check_scalar(int.from_bytes(data, "little"), self.order)

    def random_scalar(self, rng: Rng = system_rng) -> int:
        return random_scalar_below(self.order, rng)


def _ed(point: Point) -> _EdPoint:
    if not isinstance(point, _EdPoint):
        raise GroupMismatch(f"{point!r} is not a point of Ed25519")
    return point


ED25519: Final[Group] = Ed25519()
