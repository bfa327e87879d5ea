"""Parties that change the epoch of a key together, while disks crash and messages get lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

import pytest

from tests.zrsign_dmpc.builders import MemoryAnchor, MemoryJournal, identities
from zrsign_dmpc.kept.epoch_keeper import EpochKeeper, EpochOver
from zrsign_dmpc.kept.epochs import (
    Choice,
    EpochMember,
    EpochStatement,
    KeyChange,
    decide,
)

OLD, NEW = b"o" * 32, b"n" * 32
KEYS = identities(range(1, 8))


def change_to(members: tuple[int, ...], threshold: int, *, sid: bytes = b"s" * 32) -> KeyChange:
    group = tuple(EpochMember(i, KEYS[i].public_key) for i in members)
    return KeyChange(OLD, 1, sid, threshold, group)


class Crash(Exception):
    """The process died here."""


class MemoryVault:
    """Shares that survive a crash."""

    def __init__(self) -> None:
        self.shares: dict[bytes, bytes] = {}

    def put(self, key_id: bytes, sealed: bytes) -> None:
        self.shares[key_id] = sealed

    def get(self, key_id: bytes) -> bytes:
        return self.shares[key_id]

    def delete(self, key_id: bytes) -> None:
        self.shares.pop(key_id, None)

    def key_ids(self) -> list[bytes]:
        return list(self.shares)


@dataclass
class Disk:
    """Journal, anchor and vault of one party; dies at chosen writes, before or after they count."""

    crashes: set[tuple[int, bool]] = field(default_factory=set)
    """(write counted from 0, whether its effect is durable)."""

    def __post_init__(self) -> None:
        self.writes = 0
        self.journal = MemoryJournal()
        self.anchor = MemoryAnchor()
        self.vault = MemoryVault()
        self.journal.append = self._dying(self.journal.append)  # type: ignore[method-assign]
        self.anchor.advance = self._dying(self.anchor.advance)  # type: ignore[method-assign]
        self.vault.put = self._dying(self.vault.put)  # type: ignore[method-assign]
        self.vault.delete = self._dying(self.vault.delete)  # type: ignore[method-assign]

    def _dying(self, write: Callable[..., None]) -> Callable[..., None]:
        def attempt(*arguments: object) -> None:
            number, self.writes = self.writes, self.writes + 1
            if (number, False) in self.crashes:
                raise Crash
            write(*arguments)
            if (number, True) in self.crashes:
                raise Crash

        return attempt


class Party:
    """An operator with a keeper: restarts after a crash, and has then lost what was in memory."""

    def __init__(self, index: int, change: KeyChange, *, holds: bool, disk: Disk) -> None:
        self.index = index
        self.change = change
        self.disk = disk
        self.result: bytes | None = NEW
        self.keeper = self._opened()
        self.holds = holds
        if holds:
            self.keeper.adopt(OLD, 0, b"old share")

    def _opened(self) -> EpochKeeper:
        disk = self.disk
        return EpochKeeper(disk.journal, disk.anchor, disk.vault, self.index, KEYS[self.index])

    def act(self, step: Callable[[], list[bytes]]) -> list[bytes]:
        """Run a step; after a crash start again, as often as it takes."""
        try:
            return step()
        except Crash:
            self.result = None
            return self._restart()

    def _restart(self) -> list[bytes]:
        for _ in range(100):
            try:
                self.keeper = self._opened()
                return self.begin()
            except Crash:
                continue
        raise AssertionError("the disk never stops failing")

    def begin(self) -> list[bytes]:
        """Open the change unless done; then store the result, or refuse if it was lost."""
        state = self.keeper.state
        if state.change is None:
            self.keeper.open(self.change)
        if self.keeper.state.decided or not self.keeper.state.is_member or self.keeper.state.said:
            return self.keeper.announcements()
        if self.result is None:
            return self.keeper.refuse()
        return self.keeper.store(self.result, b"new share")


class World:
    """Parties 1 to 3 hold the key; the members of the change are to hold it next."""

    def __init__(self, change: KeyChange, crashes: dict[int, set[tuple[int, bool]]]) -> None:
        self.change = change
        everybody = sorted({1, 2, 3, *change.parties.indices})
        self.parties = {i: Party(i, change, holds=i in (1, 2, 3), disk=Disk()) for i in everybody}
        for index, party in self.parties.items():
            base = party.disk.writes
            party.disk.crashes = {(base + n, late) for n, late in crashes.get(index, set())}

    def run(self, seed: int, loss: float, strangers: tuple[bytes, ...] = ()) -> None:
        random = Random(seed)
        flights: list[tuple[int, bytes]] = [(i, data) for i in self.parties for data in strangers]

        def post(sender: int, messages: list[bytes]) -> None:
            for data in messages:
                flights.extend((to, data) for to in self.parties if to != sender)

        for index in random.sample(sorted(self.parties), len(self.parties)):
            post(index, self.parties[index].act(self.parties[index].begin))
        for repetition in range(12):
            while flights:
                to, data = flights.pop(random.randrange(len(flights)))
                if repetition > 4 or random.random() >= loss:
                    party = self.parties[to]
                    keeper = party.keeper
                    post(to, party.act(lambda k=keeper, d=data: k.receive(d)))  # type: ignore[misc]
            for index, party in self.parties.items():
                post(index, party.keeper.announcements())

    def assert_one_epoch(self) -> bytes:
        """All ended the same way, hold exactly the live share, and dead ones are erased."""
        outcomes = {party.keeper.state.decided is not None for party in self.parties.values()}
        assert outcomes == {True}
        decisions = set()
        for party in self.parties.values():
            certificate = party.keeper.state.decided
            assert certificate is not None
            decision = decide(self.change, certificate)
            assert decision is not None
            decisions.add(decision.key_id)
        (live,) = decisions
        for index, party in self.parties.items():
            member = index in self.change.parties.indices
            holds = (NEW if member else b"") if live else (OLD if party.holds else b"")
            assert party.keeper.state.active == holds
            assert set(party.disk.vault.shares) == {holds} - {b""}
            for key_id in {OLD, NEW} - {holds}:
                with pytest.raises(EpochOver):
                    party.keeper.share(key_id)
            if holds:
                assert party.keeper.share(holds) == (b"new share" if live else b"old share")
        return live


def signed(change: KeyChange, member: int, choice: Choice, key_id: bytes = NEW) -> EpochStatement:
    name = b"" if choice == Choice.REFUSED else key_id
    draft = EpochStatement(change.id, member, choice, name, b"")
    return replace(draft, signature=KEYS[member].sign(draft.signed_bytes))
