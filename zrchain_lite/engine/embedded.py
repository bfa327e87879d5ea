"""The embedded engine: one process orders transactions and makes blocks; the default.

A block is made as soon as a transaction waits, with everything that arrived meanwhile, and another
after one that changed the state, because only the next header commits to that. Empty ones follow
every `empty_block_interval_s` while something in the state waits for a height, else every
`idle_block_interval_s`. Block, results, state and height reach the disk in one transaction before
anybody is told, so a killed process loses nothing that was acknowledged, and a restart has nothing
to replay.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate

from zrchain_lite.app import MAX_AHEAD, App
from zrchain_lite.engine import blocks, records
from zrchain_lite.engine.mempool import Mempool, Waiting
from zrchain_lite.engine.pruning import Pruning
from zrchain_lite.engine.reading import Pool, Reading
from zrchain_lite.engine.records import BlockRecord
from zrchain_lite.engine.validator_key import ValidatorKey
from zrchain_lite.errors import LedgerError, TxRejected
from zrchain_lite.genesis import Genesis, GenesisError
from zrchain_lite.light.hashes import header_hash
from zrchain_lite.store.lmdb_store import LmdbStore, StoreForeign
from zrchain_lite.store.pagination import MAX_PAGE_BYTES
from zrchain_lite.tx import tx_hash
from zrchain_lite.wire.tendermint.abci import types_pb2 as abci
from zrchain_lite.wire.tendermint.types.params_pb2 import BlockParams
from zrchain_lite.wire.tendermint.types.types_pb2 import BlockID, Commit, PartSetHeader

_log = logging.getLogger(__name__)
QUIET_TURNS = 10
"""A block is made when this many turns of the event loop brought no transaction: handling one
takes several turns."""
GATHER_TURNS = 1_000


@dataclass(frozen=True)
class EngineSettings:
    """Bounds and pace; blocks are not slower for being idle where that interval is 0."""

    empty_block_interval_s: float = 5.0
    idle_block_interval_s: float = 0.0
    max_mempool_txs: int = 5_000
    max_mempool_bytes: int = 64 * 1024 * 1024
    max_account_txs: int = MAX_AHEAD
    max_tx_bytes: int = 1024 * 1024
    max_waiting_clients: int = 10_000
    keep_blocks: int = 0
    keep_events: int = 0


def now_ms() -> int:
    """The machine's clock in Unix milliseconds."""
    return time.time_ns() // 1_000_000


def _commit_of(previous: BlockRecord | None) -> Commit:
    """Who signed the block before: nobody when there is none, or when it was not signed yet."""
    if previous is None:
        return Commit(block_id=BlockID(part_set_header=PartSetHeader()))
    if previous.commit.signatures:
        return previous.commit
    return Commit(height=previous.height, block_id=previous.id)


class EmbeddedEngine(Reading):
    """Single writer: `run` makes the blocks; everything else only reads or queues."""

    def __init__(
        self,
        app: App,
        store: LmdbStore,
        validator: ValidatorKey,
        settings: EngineSettings | None = None,
        *,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self.settings = settings or EngineSettings()
        super().__init__(app, store, max_waiting_clients=self.settings.max_waiting_clients)
        self._validator = validator
        self._clock = clock
        self._mempool = Mempool(
            self.settings.max_mempool_txs,
            self.settings.max_mempool_bytes,
            self.settings.max_account_txs,
        )
        self._chain = store.chain
        self._pruning = Pruning(self.settings.keep_blocks, self.settings.keep_events)
        # Whose waiting transactions CheckTx counts since the last block.
        self._counted: set[str] = set()
        self._arrived = asyncio.Event()
        self._last: BlockRecord | None = None

    # -- making blocks ---------------------------------------------------------------------------

    def start(self, genesis: Genesis) -> None:
        """Begin a new chain from genesis, or continue the stored one.

        Raises StoreForeign, and GenesisError for a genesis of several validators.
        """
        tip = self.app.tip
        if genesis.validators:
            raise GenesisError('the genesis names validators: they need engine = "cometbft"')
        self._require_key()
        if tip.height == 0:
            self.app.init_chain(
                abci.RequestInitChain(
                    time=blocks.timestamp(genesis.time_ms),
                    chain_id=genesis.chain_id,
                    app_state_bytes=genesis.app_state_bytes(),
                    initial_height=genesis.initial_height,
                )
            )
            self.make_block()
        elif tip.chain_id != genesis.chain_id:
            raise StoreForeign(
                f"the store holds chain {tip.chain_id!r} and genesis names {genesis.chain_id!r}; "
                "choose the store's folder or the genesis file that belong together"
            )
        elif self.app.upgraded:
            height = self.make_block().height
            _log.info("the store was written anew in this version's format, in block %d", height)

    def _require_key(self) -> None:
        last = self.records.block(self.app.tip.height)
        announced = last.block.header.next_validators_hash if last else blocks.UNSIGNED
        if announced not in (blocks.UNSIGNED, self._validator.validators_hash):
            raise StoreForeign(
                f"the chain's blocks are signed by another key than the one of "
                f"{self._validator.address.hex().upper()}; put priv_validator_key.json back from "
                "the backup, or begin a new chain from an export"
            )

    async def run(self, stop: asyncio.Event) -> None:
        """Make blocks until `stop` is set."""
        waker = asyncio.create_task(self._wake_on(stop))
        try:
            while not stop.is_set():
                await self._wait_for_work()
                await self._gather()
                if not stop.is_set():
                    self.make_block()
        finally:
            waker.cancel()
            self._release()

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._arrived.set()

    async def _wait_for_work(self) -> None:
        if len(self._mempool) or self._unproven:
            return
        self._arrived.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._arrived.wait(), self.pause_s)

    @property
    def pause_s(self) -> float:
        """How many seconds after the last block the next one comes without a transaction."""
        brisk, idle = self.settings.empty_block_interval_s, self.settings.idle_block_interval_s
        return brisk if self.app.awaits_height else max(brisk, idle)

    @property
    def _unproven(self) -> bool:
        """Whether the last block changed the state: no header commits to that yet.

        Where every block does so, those with transactions alone are followed at once.
        """
        record = self._last or self.block()
        if record is None or record.block.header.app_hash == self.tip.app_hash:
            return False
        return bool(record.block.data.txs) or not self.app.restless

    async def _gather(self) -> None:
        """Let what is arriving at this moment arrive, so that it shares the block."""
        waiting, quiet = len(self._mempool), 0
        for _ in range(GATHER_TURNS):
            await asyncio.sleep(0)
            quiet = quiet + 1 if len(self._mempool) == waiting else 0
            waiting = len(self._mempool)
            if quiet == QUIET_TURNS:
                return

    def make_block(self, proposed: Sequence[bytes] | None = None) -> BlockRecord:
        """One block of what waits, or of what another proposed; durable when this returns."""
        limits = self.app.consensus_params().block
        proposal = self.app.prepare_proposal(
            abci.RequestPrepareProposal(
                txs=self._chosen(limits) if proposed is None else proposed,
                max_tx_bytes=limits.max_bytes,
            )
        )
        tip = self.app.tip
        previous = self._last or self.records.block(tip.height)
        time_ms = max(self._clock(), self.app.time_ms + 1)
        block = blocks.make_block(
            chain_id=tip.chain_id,
            height=tip.height + 1,
            time_ms=time_ms,
            txs=proposal.txs,
            last_commit=_commit_of(previous),
            params=limits,
            validators_hash=self._validator.validators_hash,
            proposer=self._validator.address,
            app_hash=tip.app_hash,
            last_results_hash=blocks.results_hash(previous.results.tx_results if previous else []),
        )
        results = self.app.finalize_block(
            abci.RequestFinalizeBlock(
                txs=proposal.txs,
                decided_last_commit=self._validator.signed if previous else None,
                hash=header_hash(block.header),
                height=block.header.height,
                time=block.header.time,
                next_validators_hash=block.header.next_validators_hash,
                proposer_address=block.header.proposer_address,
            )
        )
        block_id = blocks.block_id(block)
        commit = self._validator.commit(block.header, block_id)
        record = BlockRecord(block_id, block, results, commit)
        forgotten = self._pruning.due(self._chain, block.header.height)
        kept = records.encode(record, self._validator.validators)
        self.app.commit([*forgotten, *kept])
        self._committed(record, list(proposal.txs))
        return record

    def _chosen(self, limits: BlockParams) -> list[bytes]:
        """What waits and has room in a block; what the ante no longer admits is dropped."""
        room = [limits.max_bytes, limits.max_gas if limits.max_gas >= 0 else 2**63]

        def fits(waiting: Waiting) -> bool:
            size, gas = len(waiting.tx), waiting.about.gas
            if size > room[0] or gas > room[1]:
                return False
            self._count(waiting.about.places[0][0])
            if waiting.tx not in self._mempool:
                return False
            room[0], room[1] = room[0] - size, room[1] - gas
            return True

        return [waiting.tx for waiting in self._mempool.ordered(fits)]

    def _count(self, account: str) -> None:
        """Let CheckTx see what waits of an account; what it no longer admits is dropped."""
        if account in self._counted:
            return
        accounts, waiting = self._mempool.together(account)
        self._counted |= accounts
        for each in waiting:
            if each.tx in self._mempool and self._check(each.tx, abci.RECHECK).code != 0:
                self._mempool.drop_from(each)

    def _committed(self, record: BlockRecord, txs: list[bytes]) -> None:
        self._last = record
        self._mempool.remove(txs)
        self._mempool.expire(record.height + 1)
        self._counted.clear()
        self._tell(record)
        self._advance()

    # -- transactions ----------------------------------------------------------------------------

    def broadcast(self, tx: bytes) -> abci.ResponseCheckTx:
        """Check and queue. A refusal is a response with a code that is not 0."""
        try:
            return self._admit(tx)
        except LedgerError as error:
            return abci.ResponseCheckTx(code=error.code, codespace=error.codespace, log=str(error))

    def _admit(self, tx: bytes) -> abci.ResponseCheckTx:
        longest = min(self.settings.max_tx_bytes, self.app.consensus_params().block.max_bytes)
        if len(tx) > longest:
            raise TxRejected(f"the transaction has {len(tx)} bytes; {longest} are allowed", code=21)
        self._mempool.require_new(tx)
        if self.records.tx(tx_hash(tx)) is not None:
            raise TxRejected("the transaction is in a block already", code=19)
        about = self.app.describe(tx)
        for account, _ in about.places:
            self._count(account)
        if self._mempool.rival(about) is not None:
            evicted, response = [], self.app.screen(tx)
        else:
            evicted = self._mempool.room_for(len(tx), about)
            response = self._check(tx, abci.NEW)
        if response.code != 0:
            return response
        self._mempool.add(tx, about)
        self._arrived.set()
        if evicted:
            self._mempool.remove([waiting.tx for waiting in evicted])
            # CheckTx cannot forget one transaction alone.
            self.app.forget_waiting()
            self._counted.clear()
        return response

    async def submit(self, tx: bytes) -> abci.ResponseCheckTx:
        return self.broadcast(tx)

    async def pool(self, limit: int) -> Pool:
        first = self._mempool.waiting()[:limit] if limit else []
        sizes = accumulate(map(len, first))
        shown = [tx for tx, size in zip(first, sizes, strict=True) if size <= MAX_PAGE_BYTES]
        return Pool(len(self._mempool), self._mempool.size, tuple(shown or first[:1]))

    def _check(self, tx: bytes, kind: abci.CheckTxType) -> abci.ResponseCheckTx:
        return self.app.check_tx(abci.RequestCheckTx(tx=tx, type=kind))

    def waiting(self) -> list[bytes]:
        """The encoded transactions that wait for a block, in their order."""
        return self._mempool.waiting()
