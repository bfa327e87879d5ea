"""The two prime-order groups that keys live in: secp256k1 (libsecp256k1) and Ed25519 (libsodium).

Points are immutable and written additively: `P + Q`, `-P`, `k * P`. Scalars are integers, reduced
modulo the order where they meet a point. Whatever `Group.decode` returns is canonical, on the
curve, in the subgroup of order q, and not the identity; the identity exists in memory only.
"""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from coincurve import PublicKey
from nacl import bindings as sodium

from zrsign_dmpc.errors import GroupMismatch, InvalidPoint, InvalidScalar, ParameterError

Rng = Callable[[int], bytes]
"""n ↦ n random bytes. The default everywhere is the operating system's generator."""

system_rng: Final[Rng] = secrets.token_bytes


class Point(ABC):
    """An element of a prime-order group."""

    __slots__ = ()

    @property
    @abstractmethod
    def group(self) -> Group:
        """The group that the point belongs to; points of two groups never mix."""

    @property
    @abstractmethod
    def is_identity(self) -> bool:
        """Whether the point is the neutral element."""

    @abstractmethod
    def encode(self) -> bytes:
        """The canonical encoding: SEC 1 compressed (33 bytes) or RFC 8032 (32 bytes).

        Raises:
            InvalidPoint: the identity has no encoding here.
        """

    @abstractmethod
    def __add__(self, other: Point) -> Point: ...

    @abstractmethod
    def __neg__(self) -> Point: ...

    @abstractmethod
    def __rmul__(self, scalar: int) -> Point: ...

    def __mul__(self, scalar: int) -> Point:
        return self.__rmul__(scalar)

    def __sub__(self, other: Point) -> Point:
        return self + (-other)

    def __repr__(self) -> str:
        body = "identity" if self.is_identity else self.encode().hex()
        return f"<{self.group.name} {body}>"


class Group(Protocol):
    """What the protocols need of a curve."""

    @property
    def name(self) -> str:
        """The curve's name, as messages and stored keys carry it."""

    @property
    def order(self) -> int:
        """The number of elements q, a prime."""

    @property
    def point_bytes(self) -> int:
        """Length of a point's encoding: 33 bytes on secp256k1, 32 on Ed25519."""

    @property
    def generator(self) -> Point:
        """G, the standard base point."""

    @property
    def identity(self) -> Point:
        """The neutral element, which has no encoding."""

    def base_mul(self, scalar: int) -> Point:
        """k·G, faster than `k * group.generator`; in constant time for 0 < k < q."""

    def decode(self, data: bytes) -> Point:
        """The point with this canonical encoding; never the identity. Raises InvalidPoint."""

    def sum(self, points: Iterable[Point]) -> Point:
        """The sum of points; the identity for none. Raises GroupMismatch."""

    def multi_mul(self, scalars: Sequence[int], points: Sequence[Point]) -> Point:
        """The sum Σ kᵢ·Pᵢ. Raises ValueError unless there are as many scalars as points."""

    def encode_scalar(self, scalar: int) -> bytes:
        """32 bytes in the curve's own byte order. Raises InvalidScalar outside 0 ≤ k < q."""

    def decode_scalar(self, data: bytes) -> int:
        """The inverse of `encode_scalar`. Raises InvalidScalar for 32 bytes that are ≥ q."""

    def random_scalar(self, rng: Rng = system_rng) -> int:
        """Uniform in 1 ≤ k < q up to a bias of 2^-256."""


SCALAR_BYTES: Final = 32


def _random_scalar(order: int, rng: Rng) -> int:
    return int.from_bytes(rng(2 * SCALAR_BYTES), "big") % (order - 1) + 1


def _check_scalar(scalar: int, order: int) -> int:
    if not 0 <= scalar < order:
        raise InvalidScalar("the scalar is not in 0 ≤ k < q: reduce it modulo the group's order")
    return int(scalar)


def _check_length(data: bytes, length: int, what: str) -> None:
    if len(data) != length:
        raise InvalidScalar(f"a {what} scalar has {length} bytes, not {len(data)}")


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
        return _check_scalar(scalar, self.order).to_bytes(SCALAR_BYTES, "big")

    def decode_scalar(self, data: bytes) -> int:
        _check_length(data, SCALAR_BYTES, self.name)
        return _check_scalar(int.from_bytes(data, "big"), self.order)

    def random_scalar(self, rng: Rng = system_rng) -> int:
        return _random_scalar(self.order, rng)


def _secp(point: Point) -> _SecpPoint:
    if not isinstance(point, _SecpPoint):
        raise GroupMismatch(f"{point!r} is not a point of secp256k1")
    return point


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
        return _check_scalar(scalar, self.order).to_bytes(SCALAR_BYTES, "little")

    def decode_scalar(self, data: bytes) -> int:
        _check_length(data, SCALAR_BYTES, self.name)
        return _check_scalar(int.from_bytes(data, "little"), self.order)

    def random_scalar(self, rng: Rng = system_rng) -> int:
        return _random_scalar(self.order, rng)


def _ed(point: Point) -> _EdPoint:
    if not isinstance(point, _EdPoint):
        raise GroupMismatch(f"{point!r} is not a point of Ed25519")
    return point


SECP256K1: Final[Group] = Secp256k1()
ED25519: Final[Group] = Ed25519()
GROUPS: Final[tuple[Group, ...]] = (SECP256K1, ED25519)


def group_by_name(name: str) -> Group:
    """The group with this name. Raises ParameterError."""
    for group in GROUPS:
        if group.name == name:
            return group
    raise ParameterError(f"unknown group {name!r}: use one of {[group.name for group in GROUPS]}")
