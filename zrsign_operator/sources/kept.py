"""What was seen first, kept where no backup reaches: whom a key serves, what an event had composed.

A key serves whom it served first: a wallet of one owner, the answers of one contract, or requests
that no contract made. Of a simple transaction the first composed one is signed, and after that only
what takes its place at a higher fee.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from zrsign_operator.errors import NotApproved, StoreUnusable

FILE: Final = "sources.db"
NOBODY: Final = "no contract"
"""Whom a key serves that no contract asked for."""
_TABLE: Final = """
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS first (name BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""


class Kept:
    """Durable before it returns. Every method raises StoreUnusable when the disk fails."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(self._path, isolation_level=None)
            self._database.executescript(_TABLE)
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from None

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def require_serves(self, key_id: int, whom: str) -> None:
        """Raises NotApproved for a key of the ledger that was seen to serve somebody else."""
        before = self._first(b"key %d" % key_id, whom.encode()).decode()
        if before != whom:
            raise NotApproved(f"key_of_another: key {key_id} serves {before}, not {whom}")

    def require_answers(self, key_id: int, whom: str) -> None:
        """Raises NotApproved for an authority's key that was seen to serve a wallet, or to answer
        to another contract. No contract's request asked for it.
        """
        self.require_serves(key_id, NOBODY)
        before = self._first(b"authority %d" % key_id, whom.encode()).decode()
        if before != whom:
            raise NotApproved(f"key_of_another: key {key_id} answers to {before}, not {whom}")

    def composed(self, event: bytes, unsigned: bytes) -> bytes:
        """The transaction that was composed first for an event, by the event's digest."""
        return self._first(b"composed " + event, unsigned)

    def _first(self, name: bytes, new: bytes) -> bytes:
        """What is kept under a name: the new value where there was none."""
        try:
            self._database.execute("INSERT OR IGNORE INTO first VALUES (?, ?)", (name, new))
            kept = self._database.execute("SELECT value FROM first WHERE name = ?", (name,))
            return bytes(kept.fetchone()[0])
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def _unusable(self, error: Exception) -> StoreUnusable:
        return StoreUnusable(f"{self._path} cannot be used: {error}. Nothing was signed for it.")
