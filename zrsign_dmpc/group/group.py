"""What the protocols need of a group of prime order, and of its points."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from zrsign_dmpc.errors import InvalidScalar

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


def random_scalar_below(order: int, rng: Rng) -> int:
    """Uniform in 1 ≤ k < order up to a bias of 2^-256."""
    return int.from_bytes(rng(2 * SCALAR_BYTES), "big") % (order - 1) + 1


def check_scalar(scalar: int, order: int) -> int:
    """The scalar. Raises InvalidScalar outside 0 ≤ k < order."""
    if not 0 <= scalar < order:
        raise InvalidScalar("the scalar is not in 0 ≤ k < q: reduce it modulo the group's order")
    return int(scalar)


def check_length(data: bytes, length: int, what: str) -> None:
    """Raises InvalidScalar for another number of bytes."""
    if len(data) != length:
        raise InvalidScalar(f"a {what} scalar has {length} bytes, not {len(data)}")
