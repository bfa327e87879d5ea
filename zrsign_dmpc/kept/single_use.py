"""Single use: a nonce pair or a presignature is consumed once, ever.

Two signatures from one nonce give the key away, so an item is struck off durably before the share
that uses it exists. The order is: append to the journal and flush, advance the anchor, then sign. A
crash after any step leaves the item either unused or consumed, never used and unconsumed.

A journal restored from a backup has forgotten what was consumed since. The anchor is a monotone
counter with the journal's head hash, kept where backups do not reach (an enclave's counter, another
machine): a journal that is shorter than the anchor says, or another one, is refused when opened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from zrsign_dmpc.errors import DmpcError
from zrsign_dmpc.run.execution import Execution
from zrsign_dmpc.wire.encoding import Tagged, decode
from zrsign_dmpc.wire.records import Record


class AlreadyConsumed(DmpcError):
    """The item was used before. Nothing was signed."""


class RolledBack(DmpcError):
    """The journal is older than the anchor, or not the one that the anchor belongs to."""


class LedgerClosed(DmpcError):
    """A write failed, so what is on disk is unknown: open the journal again."""


@dataclass(frozen=True)
class SingleUseItem(Record):
    """What is consumed, bound to the key in its epoch and the signers it is consumed for."""

    TAG = "single-use item"

    kind: str
    item_id: bytes
    key_id: bytes
    epoch: int
    signers: tuple[int, ...]

    @property
    def name(self) -> tuple[str, bytes]:
        """What must not come twice."""
        return self.kind, self.item_id


@dataclass(frozen=True)
class SingleUseItems(Record):
    """Items that are consumed together: one entry of the journal, so all of them or none."""

    TAG = "single-use items"

    items: tuple[SingleUseItem, ...]


@dataclass(frozen=True)
class Head:
    """How many entries a journal has, and the hash chain over them."""

    count: int
    digest: bytes

    def after(self, entry: bytes) -> Head:
        """The head when this entry is appended."""
        return Head(self.count + 1, hashlib.sha256(self.digest + entry).digest())


EMPTY: Final = Head(0, bytes(32))


class Journal(Protocol):
    """An append-only list of entries."""

    def read(self) -> list[bytes]:
        """All entries, oldest first. An entry whose append never returned may be absent."""

    def append(self, entry: bytes) -> None:
        """Add an entry; it survives a crash from the moment this returns."""


class Anchor(Protocol):
    """A durable place for one head, which no backup restores."""

    def read(self) -> Head:
        """The stored head, or the empty one before the first. Raises JournalDamaged."""

    def advance(self, head: Head) -> None:
        """Store a head with a higher count; durable when this returns."""


EXECUTION: Final = "execution"


class SingleUseLedger:
    """What has been consumed. One process holds it at a time; the journal must see to that."""

    def __init__(self, journal: Journal, anchor: Anchor) -> None:
        """Read the journal and compare it with the anchor. Raises RolledBack when it is older."""
        self._journal = journal
        self._anchor = anchor
        self._consumed: set[tuple[str, bytes]] = set()
        self._closed = False
        self._head = self._replay()

    def consume(self, item: SingleUseItem) -> None:
        """Strike the item off, durably. Only then may a share be computed from it.

        Raises:
            AlreadyConsumed: it was consumed before, for whichever signers.
            LedgerClosed: an earlier write failed.
            OSError: this write failed; the item counts as consumed.
        """
        self._require_unused((item,))
        self._record((item,), item.encode())

    def consume_all(self, items: Sequence[SingleUseItem]) -> None:
        """Strike all of them off with the writes of one: all of them, or none.

        Raises what `consume` raises; AlreadyConsumed also for an item that is there twice.
        """
        if items:
            self._require_unused(items)
            self._record(items, SingleUseItems(tuple(items)).encode())

    def _require_unused(self, items: Sequence[SingleUseItem]) -> None:
        if self._closed:
            raise LedgerClosed("an earlier write failed: open the journal again")
        names: set[tuple[str, bytes]] = set()
        for item in items:
            if item.name in self._consumed or item.name in names:
                raise AlreadyConsumed(
                    f"{item.kind} {item.item_id.hex()} was used before: take another"
                )
            names.add(item.name)

    def _record(self, items: Sequence[SingleUseItem], entry: bytes) -> None:
        self._consumed.update(item.name for item in items)
        self._closed = True
        self._journal.append(entry)
        self._head = self._head.after(entry)
        self._anchor.advance(self._head)
        self._closed = False

    @property
    def is_closed(self) -> bool:
        """Whether a write failed, so that nothing can be consumed before it is opened again."""
        return self._closed

    @property
    def count(self) -> int:
        """Entries of the journal."""
        return self._head.count

    @property
    def head(self) -> Head:
        """The journal's head, for others to remember."""
        return self._head

    def is_consumed(self, kind: str, item_id: bytes) -> bool:
        """Whether the item was struck off, in this process or in an earlier one."""
        return (kind, item_id) in self._consumed

    def claim_execution(self, execution: Execution) -> None:
        """Strike an execution off before its first message is sent: no id is ever used twice.

        Signings need not: what they sign with is struck off, and their session ids contain it.

        Raises:
            AlreadyConsumed: this party took part in it before, perhaps before a crash.
        """
        self.consume(SingleUseItem(EXECUTION, execution.sid, b"", 0, execution.parties.indices))

    def _replay(self) -> Head:
        anchored, head = self._anchor.read(), EMPTY
        seen = head == anchored
        for entry in self._journal.read():
            self._consumed.update(item.name for item in _items_of(entry))
            head = head.after(entry)
            seen = seen or head == anchored
        if not seen:
            raise RolledBack(
                f"the journal has {head.count} entries, the anchor counts {anchored.count}: it was "
                "restored or replaced. Destroy all nonces and presignatures made so far"
            )
        if head.count > anchored.count:
            # The last append was durable, the crash came before the anchor moved.
            self._anchor.advance(head)
        return head


def _items_of(entry: bytes) -> tuple[SingleUseItem, ...]:
    """Raises EncodingError."""
    value = decode(entry)
    if isinstance(value, Tagged) and value.tag == SingleUseItems.TAG:
        return SingleUseItems.from_value(value).items
    return (SingleUseItem.from_value(value),)
