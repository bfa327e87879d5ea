"""The shape of a round: what it sends, and what becomes of what it receives. No I/O anywhere."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from zrsign_dmpc.run.board import Board
from zrsign_dmpc.run.evidence import Evidence
from zrsign_dmpc.wire.records import Record

T = TypeVar("T")


@dataclass(frozen=True)
class Outgoing:
    """What a party sends in a round."""

    broadcast: Record | None = None
    direct: Mapping[int, Record] = field(default_factory=dict)
    """Direct messages by recipient: one to everyone but the sender, or none at all."""


@dataclass(frozen=True)
class Result(Generic[T]):
    """The protocol ended well."""

    value: T


@dataclass(frozen=True)
class Abort:
    """The protocol ended, and these parties are why."""

    reason: str
    culprits: tuple[int, ...]
    evidence: tuple[Evidence, ...] = ()
    """One a culprit. Empty when they are only silent: silence cannot be proven to others."""


class Round(ABC, Generic[T]):
    """One round of a protocol in one party: a value between two exchanges of messages."""

    @property
    @abstractmethod
    def number(self) -> int:
        """Counted from 1."""

    @abstractmethod
    def outgoing(self) -> Outgoing:
        """What to send; called once."""

    @abstractmethod
    def finalize(self, board: Board) -> Round[T] | Result[T]:
        """What follows when everybody's messages of this round are on the board, views compared.

        Raises:
            Blamed: someone's messages prove a fault.
        """
