"""Who the operators are, as the ledger's groups say it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from zrsign_dmpc.ecdsa.security import LEVELS, SecurityLevel
from zrsign_dmpc.run.execution import IdentityKey, Parties
from zrsign_operator.errors import NotAMember
from zrsign_operator.keys.wallets import Root


@dataclass(frozen=True)
class Member:
    """One operator. An index means the same operator in every group of the keyring."""

    index: int
    party: str
    """Its account on the ledger."""
    identity: bytes
    """Ed25519, 32 bytes."""
    certificate: bytes
    """DER; exactly this one is accepted in TLS."""
    endpoint: str
    """Where the member's peers reach it, as host:port."""

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the certificate."""
        return hashlib.sha256(self.certificate).digest()


@dataclass(frozen=True)
class Myself:
    """The operator that this process is."""

    index: int
    identity: IdentityKey
    incarnation: bytes
    """Another one whenever the memory of past executions begins anew."""
    presence: bytes
    """What proposals name it by: the first half of `incarnation`, and what no process had before.

    So a process whose memory was taken back joins nothing of what it may have forgotten.
    """

    @classmethod
    def of(cls, index: int, identity: IdentityKey, incarnation: bytes) -> Self:
        """A process that begins now."""
        half = len(incarnation) // 2
        presence = incarnation[:half] + secrets.token_bytes(half)
        return cls(index, identity, incarnation, presence)

    def remembers(self, presence: bytes) -> bool:
        """Whether this operator knows what a process with this presence said."""
        half = len(self.incarnation) // 2
        return presence[:half] == self.incarnation[:half]


@dataclass(frozen=True)
class OperatorGroup:
    """The holders that all keys are to have."""

    number: int
    threshold: int
    level: SecurityLevel
    members: tuple[Member, ...]
    """The members by ascending index."""
    roots: int = 0
    """Root keys for each way to sign; 0: every key has a key generation of its own."""
    absent: int = 0
    """Members who may be away when a key is made."""

    @property
    def indices(self) -> tuple[int, ...]:
        """The indices of the members, ascending."""
        return tuple(member.index for member in self.members)


@dataclass(frozen=True)
class KeyringSettings:
    """What the keyring's administrators want, at one height."""

    keyring: str
    groups: tuple[OperatorGroup, ...]
    """The first to the current one."""
    refresh: int = 0
    """How often new shares were ordered."""
    measurements: frozenset[tuple[str, bytes]] = frozenset()
    """The code that peers may run, as (kind of enclave, measurement)."""
    pardons: Mapping[int, int] = field(default_factory=dict)
    """How often each operator was pardoned."""
    version: int = 0
    """Another after every change."""
    roots: Mapping[int, Root] = field(default_factory=dict)
    """The active ones and the places of those that are wanted, by id."""

    @property
    def group(self) -> OperatorGroup:
        """The current one. Raises NotAMember while there is none."""
        if not self.groups:
            raise NotAMember(f"keyring {self.keyring} has no group of operators yet: set one")
        return self.groups[-1]

    def level_of(self, number: int) -> SecurityLevel:
        """The level of a group; of the current one when the ledger shows that group no more."""
        found = (group.level for group in self.groups if group.number == number)
        return next(found, self.group.level)

    @cached_property
    def members(self) -> dict[int, Member]:
        """Everybody who is or was a member, as the latest group has it."""
        return {member.index: member for group in self.groups for member in group.members}

    @cached_property
    def everybody(self) -> Parties:
        """The identity keys of all who are or were members."""
        return self.parties(self.members)

    def member_with(self, identity: bytes) -> Member:
        """The member with this identity key. Raises NotAMember."""
        for member in self.members.values():
            if member.identity == identity:
                return member
        raise NotAMember(f"no group of keyring {self.keyring} names identity {identity.hex()}")

    @property
    def linked(self) -> dict[int, Member]:
        """Who has business with each other: the current group, and the one before it."""
        return {each.index: each for group in self.groups[-2:] for each in group.members}

    def parties(self, indices: Iterable[int]) -> Parties:
        """Identity keys of these. Raises NotAMember."""
        chosen = sorted(indices)
        if unknown := [i for i in chosen if i not in self.members]:
            raise NotAMember(f"{unknown} are no operators of keyring {self.keyring}")
        return Parties(tuple((i, self.members[i].identity) for i in chosen))


def level_named(name: str) -> SecurityLevel:
    """Raises NotAMember for a level that this version does not know."""
    if name not in LEVELS:
        raise NotAMember(f"the group wants level {name!r}, unknown to this version: update it")
    return LEVELS[name]


def rotation(subject: bytes, indices: Iterable[int]) -> Sequence[int]:
    """An order of operators that all compute alike and nobody chooses: by H(subject ‖ index)."""

    def place(index: int) -> bytes:
        return hashlib.sha256(subject + index.to_bytes(4, "big")).digest()

    return sorted(indices, key=place)
