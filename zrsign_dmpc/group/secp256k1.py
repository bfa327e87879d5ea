"""secp256k1 by libsecp256k1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from coincurve import PublicKey

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


class _SecpPoint(Point):
    """A point of secp256k1; libsecp256k1 has no identity, so it is `None` here."""

    __slots__ = ("_encoded", "key")

    def __init__(self, key: PublicKey | None) -> None:
        self.key = key
        self._encoded: bytes | None = None

    @property
    def group(self) -> Group:
        return SECP256K1

    @property
    def is_identity(self) -> bool:
        return self.key is None

    def encode(self) -> bytes:
        if self._encoded is None:
            if self.key is None:
                raise InvalidPoint("the identity of secp256k1 has no encoding")
            self._encoded = self.key.format()
        return self._encoded

    def __add__(self, other: Point) -> Point:
        return SECP256K1.sum((self, other))

    def __neg__(self) -> Point:
        if self.key is None:
            return self
        encoded = self.encode()
        return _SecpPoint(PublicKey(bytes([encoded[0] ^ 1]) + encoded[1:]))

    def __rmul__(self, scalar: int) -> Point:
        k = scalar % SECP256K1_ORDER
        if self.key is None or k == 0:
            return _SECP_IDENTITY
        return _SecpPoint(self.key.multiply(k.to_bytes(SCALAR_BYTES, "big")))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _SecpPoint):
            return NotImplemented
        if self.key is None or other.key is None:
            return self.key is other.key
        return self.encode() == other.encode()

    def __hash__(self) -> int:
        return hash((SECP256K1.name, None if self.key is None else self.encode()))


SECP256K1_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_SECP_GENERATOR: Final = _SecpPoint(PublicKey.from_valid_secret((1).to_bytes(SCALAR_BYTES, "big")))
_SECP_IDENTITY: Final = _SecpPoint(None)


class Secp256k1(Group):
    """secp256k1 (SEC 2 §2.4.1) by libsecp256k1; the cofactor is 1."""

    name: Final = "secp256k1"
    order: Final = SECP256K1_ORDER
    point_bytes: Final = 33
    generator: Final[Point] = _SECP_GENERATOR
    identity: Final[Point] = _SECP_IDENTITY

    def __repr__(self) -> str:
        return self.name

    def base_mul(self, scalar: int) -> Point:
        k = scalar % SECP256K1_ORDER
        if k == 0:
            return _SECP_IDENTITY
        return _SecpPoint(PublicKey.from_valid_secret(k.to_bytes(SCALAR_BYTES, "big")))

    def decode(self, data: bytes) -> Point:
        if len(data) != self.point_bytes or data[0] not in (2, 3):
            raise InvalidPoint(
                f"a secp256k1 point is 02 or 03 and 32 bytes, not {len(data)} bytes: "
                "send it in SEC 1 compressed form"
            )
        try:
            return _SecpPoint(PublicKey(data))
        except ValueError as error:
            raise InvalidPoint(f"{data.hex()} is not a point of secp256k1") from error

    def sum(self, points: Iterable[Point]) -> Point:
        keys = [_secp(point).key for point in points]
        present = [key for key in keys if key is not None]
        if not present:
            return _SECP_IDENTITY
        if len(present) == 1:
            return _SecpPoint(present[0])
        try:
            return _SecpPoint(PublicKey.combine_keys(present))
        except ValueError:
            # Every addend is a valid point, so an "invalid" sum is the point at infinity.
            return _SECP_IDENTITY

    def multi_mul(self, scalars: Sequence[int], points: Sequence[Point]) -> Point:
        return self.sum(k * point for k, point in zip(scalars, points, strict=True))

    def encode_scalar(self, scalar: int) -> bytes:
        return check_scalar(scalar, self.order).to_bytes(SCALAR_BYTES, "big")

    def decode_scalar(self, data: bytes) -> int:
        check_length(data, SCALAR_BYTES, self.name)
        return check_scalar(int.from_bytes(data, "big"), self.order)

    def random_scalar(self, rng: Rng = system_rng) -> int:
        return random_scalar_below(self.order, rng)


def _secp(point: Point) -> _SecpPoint:
    if not isinstance(point, _SecpPoint):
        raise GroupMismatch(f"{point!r} is not a point of secp256k1")
    return point


SECP256K1: Final[Group] = Secp256k1()
