"""The engine under CometBFT: it answers the node's calls, and keeps records of the node's blocks.

The node orders transactions, makes blocks and keeps its own; the doors read ours. A block is asked
of the node while it is committed, so that state and record are durable together. Blocks that the
node replays before its JSON-RPC is open are recorded later, and the doors open after that.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from zrchain_lite.app import App
from zrchain_lite.engine import records
from zrchain_lite.engine.cometbft.abci import AbciServer, respond
from zrchain_lite.engine.cometbft.node import CometBftNode, NodeFailed
from zrchain_lite.engine.cometbft.rpc import NodeRpc
from zrchain_lite.engine.cometbft.snapshots import Snapshots, snapshots_folder
from zrchain_lite.engine.pruning import Pruning
from zrchain_lite.engine.reading import Pool, Reading
from zrchain_lite.engine.records import BlockRecord
from zrchain_lite.errors import Unavailable
from zrchain_lite.genesis import Genesis
from zrchain_lite.light.hashes import header_hash
from zrchain_lite.store.kv import Change
from zrchain_lite.store.lmdb_store import LmdbStore, StoreForeign
from zrchain_lite.wire.tendermint.abci import types_pb2 as abci
from zrchain_lite.wire.tendermint.types.validator_pb2 import ValidatorSet

_log = logging.getLogger(__name__)
RETRY_S = 0.2
"""How long it waits before it asks again for a block that it could not record."""


class CometBftEngine(Reading):
    """The store's one writer: `run` lets CometBFT drive the application."""

    def __init__(
        self,
        app: App,
        store: LmdbStore,
        node: CometBftNode,
        *,
        pruning: Pruning,
        max_waiting_clients: int,
        snapshot_interval: int = 0,
    ) -> None:
        """`snapshot_interval` is a number of blocks; with 0 no snapshots are taken."""
        super().__init__(app, store, max_waiting_clients=max_waiting_clients)
        self._store, self._node, self._pruning = store, node, pruning
        self._rpc = NodeRpc(node.endpoint)
        self._finalizing: abci.RequestFinalizeBlock | None = None
        self._results = abci.ResponseFinalizeBlock()
        self._snapshots = Snapshots(app, snapshots_folder(node.home))
        self._snapshot_interval = snapshot_interval
        self._taking: asyncio.Task[None] | None = None
        self._chain_id = ""
        self._behind = asyncio.Event()
        self._recorded = asyncio.Event()

    def start(self, genesis: Genesis) -> None:
        """Prepare to begin or to continue a chain; raises StoreForeign or NodeFailed."""
        tip = self.app.tip
        if tip.height and tip.chain_id != genesis.chain_id:
            raise StoreForeign(
                f"the store holds chain {tip.chain_id!r} and genesis names {genesis.chain_id!r}; "
                "choose the store's folder or the genesis file that belong together"
            )
        self._node.prepare(genesis, tip.height)
        self._chain_id = genesis.chain_id
        if self.records.unrecorded():
            self._behind.set()
        elif self.records.block(tip.height) is not None:
            self._recorded.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set; raises what a call of consensus, or the node, failed with."""
        ended, ready = asyncio.Event(), asyncio.Event()
        server = AbciServer(self.respond_to, self._node.abci_socket)
        serving = asyncio.create_task(server.run(ended, ready.set))
        others: list[asyncio.Task[object]] = []
        try:
            await _first(serving, ready)
            await self._node.start()
            work = (self._node.watch(), self._record_missed(), stop.wait())
            others += map(asyncio.create_task, work)
            done, _ = await asyncio.wait({serving, *others}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            others += [self._taking] if self._taking is not None else []
            for task in others:
                task.cancel()
            # The node ends before the server: it wants to be answered to its end.
            await self._node.stop()
            ended.set()
            await asyncio.gather(serving, *others, return_exceptions=True)
            await self._rpc.close()
            self._release()

    async def until_readable(self) -> None:
        """Wait until there is a block, and all that are there are recorded."""
        await self._recorded.wait()

    # -- what CometBFT asks ----------------------------------------------------------------------

    async def respond_to(self, request: abci.Request) -> abci.Response:
        """The application's answer to one call; raises BadMessage for a call that there is not."""
        match request.WhichOneof("value"):
            case "finalize_block":
                response = respond(self.app, request)
                self._finalizing, self._results = request.finalize_block, response.finalize_block
                return response
            case "commit":
                return await self._commit()
            case "list_snapshots":
                return abci.Response(list_snapshots=self._snapshots.listed())
            case "load_snapshot_chunk":
                chunk = self._snapshots.chunk(request.load_snapshot_chunk)
                return abci.Response(load_snapshot_chunk=chunk)
            case "offer_snapshot":
                offered = self._snapshots.offer(request.offer_snapshot, self._chain_id)
                return abci.Response(offer_snapshot=offered)
            case "apply_snapshot_chunk":
                applied = self._snapshots.apply(request.apply_snapshot_chunk)
                return abci.Response(apply_snapshot_chunk=applied)
        return respond(self.app, request)

    async def _commit(self) -> abci.Response:
        block, results = self._finalizing, self._results
        if block is None:
            raise RuntimeError("commit without finalize_block")
        height = block.height
        kept: list[Change] = [*records.encode_results(height, results)]
        record = None
        if not self._behind.is_set():
            with suppress(Unavailable):
                record, validators = await self._asked(height, block.hash, results)
                kept = _encode(record, validators)
        forgotten = self._pruning.due(self._store.chain, height)
        committed = self.app.commit([*forgotten, *kept])
        self._finalizing = None
        if record is None:
            self._behind.set()
        else:
            self._show(record)
            self._recorded.set()
        self._take_snapshot()
        return abci.Response(commit=committed)

    def _take_snapshot(self) -> None:
        """Begin to take one where it is time for it, unless the one before is not done."""
        interval, tip = self._snapshot_interval, self.app.tip
        due = interval and tip.height % interval == 0
        if due and (self._taking is None or self._taking.done()):
            self._taking = asyncio.create_task(self._node.snapshot(tip.height, tip.time_ms))

    # -- records ---------------------------------------------------------------------------------

    async def _asked(
        self, height: int, block_hash: bytes, results: abci.ResponseFinalizeBlock
    ) -> tuple[BlockRecord, ValidatorSet]:
        """The node's block of a height; raises Unavailable, and NodeFailed for another block."""
        signed = await self._rpc.signed_block(height)
        header = signed.block.header
        if block_hash and header_hash(header) != block_hash:
            raise NodeFailed(
                f"the node at {self._node.endpoint} has another block {height} than the one that "
                "it let us execute"
            )
        known = self.records.validators(header.validators_hash)
        validators = known or await self._rpc.validators(height)
        record = BlockRecord(signed.commit.block_id, signed.block, results, signed.commit)
        return record, validators

    async def _record_missed(self) -> None:
        """Record what could not be while it was committed, as soon as the node answers."""
        said = ""
        while True:
            await self._behind.wait()
            try:
                for height in self.records.unrecorded():
                    results = self.records.results(height) or abci.ResponseFinalizeBlock()
                    record, validators = await self._asked(height, b"", results)
                    self._store.record(_encode(record, validators))
                    self._show(record)
                # Nothing is awaited in between: no block is committed meanwhile.
                if not self.records.unrecorded():
                    self._behind.clear()
                    self._recorded.set()
            except Unavailable as error:
                if str(error) != said:
                    said = str(error)
                    _log.warning("blocks are not recorded yet: %s", said)
                await asyncio.sleep(RETRY_S)

    def _show(self, record: BlockRecord) -> None:
        self._tell(record)
        self._advance()

    # -- transactions ----------------------------------------------------------------------------

    async def submit(self, tx: bytes) -> abci.ResponseCheckTx:
        """What CheckTx of the node said; raises Unavailable while the node is away."""
        return await self._rpc.broadcast(tx)

    async def pool(self, limit: int) -> Pool:
        """What waits in the node's mempool; raises Unavailable while the node is away."""
        return await self._rpc.pool(limit)


def _encode(record: BlockRecord, validators: ValidatorSet) -> list[Change]:
    """The records of a block. It also says, for good, who signed the one before it."""
    before = record.block.last_commit
    canonical = records.encode_commit(before) if before.height else []
    return [*canonical, *records.encode(record, validators)]


async def _first(serving: asyncio.Task[None], ready: asyncio.Event) -> None:
    """Wait until the server serves; raises what kept it from that."""
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if serving.done():
        serving.result()
