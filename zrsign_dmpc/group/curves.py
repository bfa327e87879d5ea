"""The two prime-order groups that keys live in: secp256k1 (libsecp256k1) and Ed25519 (libsodium).

Points are immutable and written additively: `P + Q`, `-P`, `k * P`. Scalars are integers, reduced
modulo the order where they meet a point. Whatever `Group.decode` returns is canonical, on the
curve, in the subgroup of order q, and not the identity; the identity exists in memory only.
"""

from __future__ import annotations

from typing import Final

from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.group.ed25519 import ED25519
from zrsign_dmpc.group.group import Group, Point, Rng, system_rng
from zrsign_dmpc.group.secp256k1 import SECP256K1

__all__ = [
    "ED25519",
    "GROUPS",
    "SECP256K1",
    "Group",
    "Point",
    "Rng",
    "group_by_name",
    "system_rng",
]

GROUPS: Final[tuple[Group, ...]] = (SECP256K1, ED25519)


def group_by_name(name: str) -> Group:
    """The group with this name. Raises ParameterError."""
    for group in GROUPS:
        if group.name == name:
            return group
    raise ParameterError(f"unknown group {name!r}: use one of {[group.name for group in GROUPS]}")
