"""What a door needs of a chain: to read it, to wait for it, and to hand a transaction in.

Reading is the same wherever it happens; who makes the blocks stands beside the state
(`EmbeddedEngine`), a reader in another process looks at its snapshots (`Reader`).
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass

from google.protobuf.message import Message

from zrchain_lite.app import App
from zrchain_lite.engine.records import BlockRecord, Records, TxRecord
from zrchain_lite.engine.subscriptions import Committed, Hub, Subscription
from zrchain_lite.execution import TxOutcome
from zrchain_lite.store.lmdb_store import LmdbStore, Tip
from zrchain_lite.wire.tendermint.abci import types_pb2 as abci

MAX_WAIT_S = 10.0


@dataclass(frozen=True)
class Pool:
    """What waits for a block: how many transactions, their bytes together, and the first of them.

    `txs` are encoded, in the order in which they would enter a block.
    """

    count: int
    size: int
    txs: tuple[bytes, ...]


class Reading(ABC):
    """The last committed block, and whoever waits for the next."""

    def __init__(self, app: App, store: LmdbStore, *, max_waiting_clients: int) -> None:
        self.app = app
        self.records = Records(store.chain)
        self._hub = Hub()
        self._waiters: dict[bytes, list[asyncio.Future[TxRecord | None]]] = {}
        self._max_waiting_clients = max_waiting_clients
        self.stopped = False
        self._advanced = asyncio.Event()

    # -- transactions ----------------------------------------------------------------------------

    @abstractmethod
    async def submit(self, tx: bytes) -> abci.ResponseCheckTx:
        """Check and queue. A refusal is a response with a code that is not 0."""

    @abstractmethod
    async def pool(self, limit: int) -> Pool:
        """What waits for a block; of it `limit` transactions, or 2 MiB of them, at most."""

    def check(self, tx: bytes) -> abci.ResponseCheckTx:
        """What CheckTx says, without queueing."""
        return self.app.check_only(tx)

    def simulate(self, tx: bytes) -> TxOutcome:
        """Execute a transaction against the last committed state and forget it."""
        return self.app.simulate(tx)

    # -- waiting ---------------------------------------------------------------------------------

    async def wait_for_tx(self, hash_: bytes, timeout_s: float) -> TxRecord | None:
        """The transaction once it is in a block; None when the time (at most 10 s) is over."""
        record = self.records.tx(hash_)
        if record is not None or timeout_s <= 0 or self.stopped:
            return record
        if len(self._waiters) >= self._max_waiting_clients:
            return None
        future: asyncio.Future[TxRecord | None] = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(hash_, []).append(future)
        try:
            return await asyncio.wait_for(future, min(timeout_s, MAX_WAIT_S))
        except TimeoutError:
            return None
        finally:
            self._forget(hash_, future)

    async def wait_above(self, height: int, timeout_s: float) -> int:
        """The last height once it is above `height`, or when the time (at most 10 s) is over."""
        if self.tip.height <= height and timeout_s > 0 and not self.stopped:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._advanced.wait(), min(timeout_s, MAX_WAIT_S))
        return self.tip.height

    def subscribe(self, capacity: int = 100) -> Subscription:
        """Listen to the blocks that are committed from now on; `capacity` of them may wait."""
        return self._hub.subscribe(capacity)

    @property
    def _awaited(self) -> bool:
        """Whether anybody wants to see the next block."""
        return bool(self._waiters) or len(self._hub) > 0

    def _tell(self, record: BlockRecord) -> None:
        """Hand a block that is durable to everybody who waits for it."""
        committed = Committed(record)
        for tx in committed.txs() if self._waiters else ():
            for future in self._waiters.pop(tx.hash, []):
                if not future.done():
                    future.set_result(tx)
        self._hub.publish(committed)

    def _advance(self) -> None:
        """Wake those who wait for any block."""
        self._advanced.set()
        self._advanced = asyncio.Event()

    def _release(self) -> None:
        """Nothing comes any more: answer everybody who waits."""
        self.stopped = True
        self._advanced.set()
        for futures in self._waiters.values():
            for future in futures:
                if not future.done():
                    future.set_result(None)
        self._hub.close()

    def _forget(self, hash_: bytes, future: asyncio.Future[TxRecord | None]) -> None:
        futures = self._waiters.get(hash_, [])
        if future in futures:
            futures.remove(future)
        if not futures:
            self._waiters.pop(hash_, None)

    # -- reading ---------------------------------------------------------------------------------

    def query(self, path: str, data: bytes, *, height: int = 0) -> bytes:
        """Answer an encoded request of a gRPC method path; raises LedgerError."""
        return self.app.query(path, data, height=height)

    def answer(self, path: str, request: Message) -> Message:
        """Answer a decoded request of a gRPC method path; raises LedgerError."""
        return self.app.answer(path, request)

    @property
    def tip(self) -> Tip:
        """The last committed block: chain id, height and application hash."""
        return self.app.tip

    def block(self, height: int | None = None) -> BlockRecord | None:
        """A block by height, the latest when None."""
        return self.records.block(self.tip.height if height is None else height)

    def tx(self, hash_: bytes) -> TxRecord | None:
        """A committed transaction by its hash (32 bytes), None when there is none."""
        return self.records.tx(hash_)
