"""Transactions that wait for a block: in order of arrival, each once, bounded."""

from __future__ import annotations

from collections.abc import Callable

from zrchain_lite.errors import LedgerError
from zrchain_lite.tx import tx_hash


class MempoolFull(LedgerError):
    """No more transactions may wait; send again after the next block."""

    codespace, code = "sdk", 20


class AlreadyKnown(LedgerError):
    """The same bytes wait already."""

    codespace, code = "sdk", 19


class Mempool:
    """Insertion-ordered by transaction hash."""

    def __init__(self, max_txs: int, max_bytes: int) -> None:
        self._max_txs, self._max_bytes = max_txs, max_bytes
        self._txs: dict[bytes, bytes] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._txs)

    def require_room(self, tx: bytes) -> None:
        """Refuse what cannot wait: raises AlreadyKnown or MempoolFull."""
        if tx_hash(tx) in self._txs:
            raise AlreadyKnown("the transaction waits already")
        if len(self._txs) >= self._max_txs or self._bytes + len(tx) > self._max_bytes:
            raise MempoolFull(
                f"{len(self._txs)} transactions ({self._bytes} bytes) wait already; try later"
            )

    def add(self, tx: bytes) -> None:
        """Queue a transaction that CheckTx admitted; raises AlreadyKnown or MempoolFull."""
        self.require_room(tx)
        self._txs[tx_hash(tx)] = tx
        self._bytes += len(tx)

    def waiting(self) -> list[bytes]:
        """The encoded transactions in the order in which they came."""
        return list(self._txs.values())

    def remove(self, txs: list[bytes]) -> None:
        """Forget transactions, such as those that a block holds; unknown ones are passed over."""
        for tx in txs:
            if self._txs.pop(tx_hash(tx), None) is not None:
                self._bytes -= len(tx)

    def keep(self, admitted: Callable[[bytes], bool]) -> list[bytes]:
        """Drop what is no longer admitted, and return it."""
        dropped = [tx for tx in self._txs.values() if not admitted(tx)]
        self.remove(dropped)
        return dropped
