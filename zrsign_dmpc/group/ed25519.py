"""The subgroup of prime order of edwards25519, by libsodium; sums of sums by `edwards`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from nacl import bindings as sodium

from zrsign_dmpc.errors import GroupMismatch, InvalidPoint
from zrsign_dmpc.group import edwards
from zrsign_dmpc.group.edwards import Extended
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
    """A point of the prime-order subgroup of Ed25519: its canonical encoding, its coordinates for
    sums, or both."""

    __slots__ = ("_data", "_extended")

    def __init__(self, data: bytes | None = None, extended: Extended = edwards.IDENTITY) -> None:
        """Take an encoding that is known to be valid; without one, the coordinates."""
        self._data = data
        self._extended = None if data is not None else extended

    @property
    def group(self) -> Group:
        return ED25519

    @property
    def data(self) -> bytes:
        """The canonical encoding; the identity has one here."""
        if self._data is None:
            self._data = edwards.write(self.extended)
        return self._data

    @property
    def extended(self) -> Extended:
        """The coordinates for sums."""
        if self._extended is None:
            self._extended = edwards.read(self.data)
        return self._extended

    @property
    def is_identity(self) -> bool:
        # No other point of odd order has x = 0.
        return self.data == _ED_IDENTITY_BYTES if self._extended is None else not self._extended[0]

    def encode(self) -> bytes:
        if self.is_identity:
            raise InvalidPoint("the identity of Ed25519 must not be sent")
        return self.data

    def __add__(self, other: Point) -> Point:
        other = _ed(other)
        if self._extended is None and other._extended is None:
            # A sum of libsodium's takes about as long as to read one point.
            return _EdPoint(sodium.crypto_core_ed25519_add(self.data, other.data))
        return _EdPoint(extended=edwards.add(self.extended, other.extended))

    def __neg__(self) -> Point:
        return _EdPoint(extended=edwards.negative(self.extended))

    def __rmul__(self, scalar: int) -> Point:
        k = scalar % ED25519_ORDER
        if k == 0 or self.is_identity:
            return _ED_IDENTITY
        if k <= ED25519_SMALL:
            return _EdPoint(extended=_small_multiple(k, self.extended))
        encoded = k.to_bytes(SCALAR_BYTES, "little")
        return _EdPoint(sodium.crypto_scalarmult_ed25519_noclamp(encoded, self.data))

    def __eq__(self, other: object) -> bool:
        return self.data == other.data if isinstance(other, _EdPoint) else NotImplemented

    def __hash__(self) -> int:
        return hash((ED25519.name, self.data))


def _small_multiple(k: int, point: Extended) -> Extended:
    """Doublings and additions; how many shows k, which is no secret when it is this small."""
    if k == 1:
        return point
    half = _small_multiple(k // 2, point)
    doubled = edwards.add(half, half)
    return edwards.add(doubled, point) if k % 2 else doubled


ED25519_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
ED25519_SMALL: Final = 32
"""Multipliers up to this are indices of parties; libsodium's own product costs forty additions."""
_ED_IDENTITY_BYTES: Final = bytes([1]) + bytes(31)
_ED_IDENTITY: Final = _EdPoint()
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
        total: Point | None = None
        for point in points:
            total = _ed(point) if total is None else total + point
        return _ED_IDENTITY if total is None else total

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
