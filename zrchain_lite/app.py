"""The application: a deterministic state machine with the shape of ABCI 2.0.

An engine drives it: `init_chain` once, then for each height `finalize_block` and `commit`;
`check_tx` and `query` at any time in between. Nothing here reads a clock or randomness. Source:
CometBFT 0.38 spec/abci.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from google.protobuf.message import Message

from zrchain_lite import exported, validators
from zrchain_lite.ante import Ante
from zrchain_lite.errors import InvalidArgument, LedgerError
from zrchain_lite.execution import (
    Executor,
    InternalError,
    TxOutcome,
    as_ledger_error,
    write_events,
)
from zrchain_lite.genesis import Genesis, GenesisError, Part, parse_app_state
from zrchain_lite.module import Context, Module
from zrchain_lite.modules.policy.deadlines import Deadlines
from zrchain_lite.proposals import Described, describe, fitting
from zrchain_lite.registry import Registry
from zrchain_lite.store import proofs
from zrchain_lite.store.budget import BudgetedStore
from zrchain_lite.store.checked import CheckedStore
from zrchain_lite.store.kv import Change, KVStore, MemoryStore, Overlay
from zrchain_lite.store.lmdb_store import FORMAT, LmdbStore, StoreCorrupted, StoreForeign, Tip
from zrchain_lite.store.tree import Tree
from zrchain_lite.store.versions import Version, Versions
from zrchain_lite.store.views import built
from zrchain_lite.tx import Decoder
from zrchain_lite.upgrades import upgrade
from zrchain_lite.wire.tendermint.abci import types_pb2 as abci
from zrchain_lite.wire.tendermint.types.params_pb2 import ConsensusParams
from zrsign_chains.errors import ChainError

_log = logging.getLogger(__name__)
VERSION = "0.1.0"
PROTOCOL_VERSION = 1
MAX_AHEAD = 64
"""How many transactions of one account may wait: no sequence further ahead is admitted."""
KEY_PATH = "/key"
"""The path of an ABCI query for what the state has under a key, with a proof on request."""


@dataclass(frozen=True)
class _Finalized:
    """A block that was executed and waits for `commit`."""

    tip: Tip
    changes: list[Change]
    # Of the tree.
    rows: list[Change]


class App:
    """`modules` run in the given order at genesis and at a block's edges."""

    def __init__(self, store: LmdbStore, modules: Sequence[Module], ante: Ante) -> None:
        self._store = store
        self._modules = modules
        self.registry = Registry(modules)
        self._ante = ante
        ante.auth.freeze()
        self._decoder = Decoder(self.registry)
        self._executor = Executor(self.registry, ante, self._decoder)
        self._views = [view for module in modules for view in module.views()]
        self._genesis: Overlay | None = None
        self._finalized: _Finalized | None = None
        self._committed = CheckedStore(store.state, store.tree)
        self._versions = Versions(self._committed, store.tree)
        self._look()
        self._rows: KVStore = store.rows
        if self._upgraded is None:
            store.keep(self._views)
        else:
            self._rows = MemoryStore()
            built(self._views, self._upgraded, self._rows)

    def _look(self) -> None:
        self._committed.forget()
        self._tip = self._store.tip()
        self._upgraded = self._upgrade()
        self._check_state = Overlay(self._state)
        if self._tip.height and not self.upgraded:
            self._require_root()

    def _require_root(self) -> None:
        if Tree(self._store.tree).root() != self._tip.app_hash:
            raise StoreCorrupted(
                "the root of the tree over the state is not the app hash; restore the folder from "
                "a backup"
            )

    # -- life cycle ------------------------------------------------------------------------------

    def info(self, request: abci.RequestInfo | None = None) -> abci.ResponseInfo:
        """Where the application stands; an engine asks it before anything else."""
        return abci.ResponseInfo(
            data="zrchain-lite",
            version=VERSION,
            app_version=PROTOCOL_VERSION,
            last_block_height=self._tip.height,
            last_block_app_hash=self._tip.app_hash,
        )

    def init_chain(self, request: abci.RequestInitChain) -> abci.ResponseInitChain:
        """Make the first state from genesis; it is durable with block 1. Raises GenesisError."""
        if self._tip.height:
            raise StoreForeign(
                f"the store already holds chain {self._tip.chain_id!r} at height {self._tip.height}"
            )
        state = parse_app_state(request.app_state_bytes)
        unknown = sorted(state.keys() - {module.name for module in self._modules})
        if unknown:
            raise GenesisError(f"app_state names modules that do not exist: {', '.join(unknown)}")
        self._genesis = Overlay(self._store.state)
        time_ms = request.time.ToMilliseconds()
        before = max(request.initial_height, 1) - 1
        ctx = Context(self._genesis, before, time_ms, request.chain_id)
        oldest = FORMAT
        for module in self._modules:
            part = state.get(module.name, {})
            if exported.is_export(part):
                oldest = min(oldest, exported.restore(self._genesis, module.name, part))
            else:
                read = Part(part)
                module.init_genesis(ctx, read)
                read.require_read(module.name)
        upgrade(self._genesis, oldest)
        app_hash, _ = self._store.plan(self._genesis.changes())
        self._tip = Tip(request.chain_id, before, app_hash, time_ms)
        self._check_state = Overlay(self._genesis)
        params = ConsensusParams()
        params.CopyFrom(self.consensus_params())
        # What CometBFT writes into headers, and compares with `info` after a state sync.
        params.version.app = PROTOCOL_VERSION
        told = validators.updates(ctx.powers)
        return abci.ResponseInitChain(app_hash=app_hash, consensus_params=params, validators=told)

    def restore(self, tip: Tip, state: Sequence[Change]) -> bool:
        """Begin with the state after a block; False, and nothing is stored, for another root.

        Raises StoreForeign where there is a chain already.
        """
        if self._tip.height:
            raise StoreForeign(f"the store already holds blocks up to {self._tip.height}")
        app_hash, rows = self._store.plan(state)
        if app_hash != tip.app_hash:
            return False
        self._store.commit(tip, state, rows=rows)
        self._look()
        return True

    def refresh(self) -> None:
        """See the blocks that another process has committed meanwhile."""
        self._store.refresh()
        self._look()

    def commit(self, records: Iterable[Change] = ()) -> abci.ResponseCommit:
        """Make the finalized block durable, together with the engine's `records`."""
        done = self._finalized
        if done is None:
            raise RuntimeError("commit without finalize_block")
        self._store.commit(done.tip, done.changes, records, rows=done.rows)
        self._committed.forget()
        self._tip = done.tip
        if self._upgraded is not None:
            self._store.keep(self._views)
            self._rows = self._store.rows
        self._genesis = self._upgraded = self._finalized = None
        self._check_state = Overlay(self._state)
        return abci.ResponseCommit()

    # -- transactions ----------------------------------------------------------------------------

    def check_tx(self, request: abci.RequestCheckTx) -> abci.ResponseCheckTx:
        """Would the ante admit it, after the transactions that wait already?

        A transaction that is checked again has proven its signatures before.
        """
        again = request.type == abci.RECHECK
        return self._check(self._check_state, request.tx, verify=not again)

    def forget_waiting(self) -> None:
        """Let CheckTx begin again with the committed state: no transaction waits."""
        self._check_state = Overlay(self._state)

    def describe(self, tx: bytes) -> Described:
        """What orders a transaction among those that wait; raises LedgerError."""
        return describe(self._decoder.look(tx))

    def check_only(self, tx: bytes) -> abci.ResponseCheckTx:
        """`check_tx` that does not count the transaction among those that wait."""
        return self._check(Overlay(self._check_state), tx)

    def screen(self, tx: bytes) -> abci.ResponseCheckTx:
        """Whether it is well formed, paid for and signed, for a sequence that may be due later."""
        ctx = self._context(Overlay(self._state))
        return self._executor.check(ctx, tx, ahead=MAX_AHEAD).checked()

    def simulate(self, tx: bytes) -> TxOutcome:
        """Execute against the last committed state and forget; signatures are not verified."""
        return self._executor.execute(self._context(Overlay(self._state)), tx, simulate=True)

    def prepare_proposal(
        self, request: abci.RequestPrepareProposal
    ) -> abci.ResponsePrepareProposal:
        """The transactions that decode and fit, in the given order; see `fitting`."""
        max_gas = self.consensus_params().block.max_gas
        chosen = fitting(request.txs, self.describe, max_gas, request.max_tx_bytes)
        return abci.ResponsePrepareProposal(txs=chosen)

    def process_proposal(
        self, request: abci.RequestProcessProposal
    ) -> abci.ResponseProcessProposal:
        """Accept exactly what `prepare_proposal` could have proposed."""
        limit = self.consensus_params().block.max_bytes
        prepared = self.prepare_proposal(
            abci.RequestPrepareProposal(txs=request.txs, max_tx_bytes=limit)
        )
        accepted = list(prepared.txs) == list(request.txs)
        status = abci.ResponseProcessProposal
        return status(status=status.ACCEPT if accepted else status.REJECT)

    def extend_vote(self, request: abci.RequestExtendVote) -> abci.ResponseExtendVote:
        """No module extends votes yet: the extension is empty."""
        return abci.ResponseExtendVote()

    def verify_vote_extension(
        self, request: abci.RequestVerifyVoteExtension
    ) -> abci.ResponseVerifyVoteExtension:
        """Accept the empty extension and nothing else."""
        status = abci.ResponseVerifyVoteExtension
        return status(status=status.REJECT if request.vote_extension else status.ACCEPT)

    def finalize_block(self, request: abci.RequestFinalizeBlock) -> abci.ResponseFinalizeBlock:
        """Execute a decided block. Nothing is durable before `commit`."""
        if request.height != self._tip.height + 1:
            raise ValueError(f"block {request.height} does not follow {self._tip.height}")
        overlay = Overlay(self._state)
        time_ms = request.time.ToMilliseconds()
        ctx = Context(overlay, request.height, time_ms, self._tip.chain_id, request.hash)
        ctx.route = self.registry.handler
        ctx.votes, ctx.misbehavior = validators.votes(request), validators.misbehavior(request)
        for module in self._modules:
            module.begin_block(ctx)
        response = abci.ResponseFinalizeBlock()
        response.tx_results.extend(self._executor.execute(ctx, tx).result() for tx in request.txs)
        for module in self._modules:
            module.end_block(ctx)
        if self._committed.damage is not None:
            raise self._committed.damage
        changes = _after(self._genesis or self._upgraded, overlay)
        app_hash, rows = self._store.plan(changes)
        tip = Tip(self._tip.chain_id, request.height, app_hash, time_ms)
        self._finalized = _Finalized(tip, changes, rows)
        response.app_hash = app_hash
        response.validator_updates.extend(validators.updates(ctx.powers))
        write_events(response.events, ctx.events)
        return response

    # -- queries ---------------------------------------------------------------------------------

    def query(self, path: str, data: bytes, *, height: int = 0) -> bytes:
        """Answer a gRPC method path from the last committed state; raises LedgerError."""
        self.require_height(height)
        handler = self.registry.query(path)
        response = self.answer(path, handler.parsed(data))
        return response.SerializeToString(deterministic=True)

    def require_height(self, height: int) -> None:
        """Raises InvalidArgument unless `height` is 0 or the last block's: no other is kept."""
        if height not in (0, self._tip.height):
            raise InvalidArgument(
                f"state of height {height} is not kept; ask for {self._tip.height} or 0 (latest)"
            )

    def answer(self, path: str, request: Message) -> Message:
        """`query` with decoded messages."""
        handler = self.registry.query(path)
        budget = BudgetedStore(self._state)
        ctx = self._context(Overlay(budget))
        ctx.height, ctx.views = self._tip.height, budget.over(self._rows)
        try:
            return handler.handle(ctx, request)
        except (LedgerError, ChainError) as error:
            raise as_ledger_error(error) from error
        except Exception as error:
            _log.exception("query %s failed", path)
            raise InternalError(f"internal error in {path}; see the node's log") from error

    def abci_query(self, request: abci.RequestQuery) -> abci.ResponseQuery:
        """`query` with the error as ABCI code."""
        try:
            if request.path == KEY_PATH:
                return self._key_query(request)
            if request.prove:
                raise InvalidArgument(f"a proof is of a key of the state, by the path {KEY_PATH}")
            value = self.query(request.path, request.data, height=request.height)
        except LedgerError as error:
            return abci.ResponseQuery(code=error.code, codespace=error.codespace, log=str(error))
        return abci.ResponseQuery(value=value, height=self._tip.height)

    def _key_query(self, request: abci.RequestQuery) -> abci.ResponseQuery:
        """What the state has under a key. The header of the block after commits to it, so that the
        latest state of which there is one is asked for by height 0 with a proof.
        """
        tip = self._tip.height
        before = max(tip - 1, 1) if request.prove else tip
        height = request.height or (before if self._versions.kept(before, tip) else tip)
        version = self._versions.at(height, tip)
        value = version.state.get(request.data)
        answer = abci.ResponseQuery(key=request.data, value=value or b"", height=height)
        if request.prove:
            proof = proofs.prove(version.state, version.tree, request.data).SerializeToString()
            answer.proof_ops.ops.add(type=proofs.OP_TYPE, key=request.data, data=proof)
        return answer

    def version(self, height: int) -> Version:
        """The state after one of the last blocks, to be shown; raises InvalidArgument."""
        return self._versions.at(height, self._tip.height)

    @property
    def lists(self) -> KVStore:
        """What queries list and count by, as of the last block."""
        return self._rows

    @property
    def tip(self) -> Tip:
        """The last committed block: chain id, height and application hash."""
        return self._tip

    @property
    def time_ms(self) -> int:
        """Time of the last block (of genesis before the first), Unix milliseconds."""
        return self._tip.time_ms

    def export(self) -> Genesis:
        """The last committed state as a genesis, from whose first block on the chain goes on."""
        return Genesis(
            chain_id=self._tip.chain_id,
            genesis_time=datetime.fromtimestamp(self._tip.time_ms / 1000, UTC),
            initial_height=self._tip.height + 1,
            app_state=exported.export(self._state, [module.name for module in self._modules]),
        )

    def consensus_params(self) -> ConsensusParams:
        """The limits of a block, from the last committed state."""
        return self._ante.consensus.params(self._context(self._state))

    def min_gas_price(self) -> str:
        """The lowest price of one unit of gas, as in "0.0001urock"."""
        return self._ante.consensus.min_gas_price(self._context(self._state))

    @property
    def restless(self) -> bool:
        """Whether every block changes the state, so that none commits to all that is done."""
        return any(module.restless(self.context()) for module in self._modules)

    @property
    def awaits_height(self) -> bool:
        """Whether something in the last committed state ends at a height that is to come."""
        return Deadlines.awaited(self._state)

    @property
    def _state(self) -> KVStore:
        return self._genesis or self._upgraded or self._committed

    @property
    def upgraded(self) -> bool:
        """Whether the store is of an older format: the next block writes it anew."""
        return self._upgraded is not None

    def _upgrade(self) -> Overlay | None:
        """The state as this version reads it, where the store's is of an older format."""
        if self._tip.height == 0 or self._store.format() == FORMAT:
            return None
        overlay = Overlay(self._store.state)
        upgrade(overlay, self._store.format())
        return overlay

    def context(self) -> Context:
        """The last committed state, to read with a keeper."""
        return Context(self._state, self._tip.height, self._tip.time_ms, self._tip.chain_id)

    def _context(self, store: KVStore) -> Context:
        """The next block's height and the last block's time."""
        return Context(store, self._tip.height + 1, self._tip.time_ms, self._tip.chain_id)

    def _check(self, store: KVStore, tx: bytes, *, verify: bool = True) -> abci.ResponseCheckTx:
        return self._executor.check(self._context(store), tx, verify=verify).checked()


def _after(before: Overlay | None, overlay: Overlay) -> list[Change]:
    """A block's writes, together with those on which it stands, in key order."""
    if before is None:
        return overlay.changes()
    return sorted({**dict(before.changes()), **dict(overlay.changes())}.items())
