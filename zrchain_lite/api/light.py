"""`zrsign.light.Query`: the blocks and the reads by which a client verifies for itself."""

from __future__ import annotations

import logging

from google.protobuf.message import Message

from zrchain_lite.api.waiting import (
    ABOVE_METADATA,
    WAIT_METADATA,
    Metadata,
    block_of,
    number_in,
)
from zrchain_lite.app import App
from zrchain_lite.engine.reading import Reading
from zrchain_lite.engine.records import BlockRecord
from zrchain_lite.errors import InvalidArgument, LedgerError, NotFound, TooMuch, UnknownRequest
from zrchain_lite.execution import InternalError
from zrchain_lite.module import Context
from zrchain_lite.store.budget import BudgetedStore
from zrchain_lite.store.kv import Overlay
from zrchain_lite.store.witness import ReadingStore, Reads, Witness, show
from zrchain_lite.wire.tendermint.types.types_pb2 import LightBlock, SignedHeader
from zrchain_lite.wire.zrsign.light import light_pb2 as wire
from zrsign_chains import ChainError

_log = logging.getLogger(__name__)
SECOND_BLOCK_S = 2.0
"""How long an answer waits for the second block of a chain: the first one commits to no state."""


class LightService:
    """Blocks without their contents, and what queries read."""

    def __init__(self, engine: Reading) -> None:
        self._engine = engine

    async def light_block(self, request: wire.QueryLightBlockRequest, _: Metadata) -> Message:
        """A block of a height, the latest for 0; raises NotFound, InvalidArgument."""
        if request.height < 0:
            raise InvalidArgument(f"a height is 0 or above, not {request.height}")
        found = block_of(self._engine, request.height or self._engine.tip.height)
        return wire.QueryLightBlockResponse(block=self._light(found))

    async def witness(self, request: wire.QueryWitnessRequest, metadata: Metadata) -> Message:
        """What a query reads of a state that a header commits to: the last unless one is named.

        Waits for one above `x-above-height` as long as `x-wait-ms` says. Raises LedgerError.
        """
        above, wait_ms = number_in(metadata, ABOVE_METADATA), number_in(metadata, WAIT_METADATA)
        await self._engine.wait_above(above + 1 if above else 0, wait_ms / 1000)
        await self._engine.wait_above(self._engine.records.first_height(), SECOND_BLOCK_S)
        before = block_of(self._engine, request.height or self._engine.tip.height - 1)
        shown = witness(self._engine.app, request.method, request.request, before)
        return wire.QueryWitnessResponse(
            block=self._light(block_of(self._engine, before.height + 1)),
            header=before.block.header,
            reads=_reads(shown.reads),
            tree=shown.tree,
            lists=_reads(shown.lists),
        )

    def _light(self, record: BlockRecord) -> LightBlock:
        header, commit = record.block.header, record.commit
        validators = self._engine.records.validators(header.validators_hash)
        if validators is None or not commit.signatures:
            raise NotFound(f"block {record.height} was made before blocks were signed")
        signed = SignedHeader(header=header, commit=commit)
        return LightBlock(signed_header=signed, validator_set=validators)


def witness(app: App, path: str, data: bytes, after: BlockRecord) -> Witness:
    """What a query reads of the state after one of the last blocks.

    Raises LedgerError where that cannot be shown, and not where the query itself refuses: who runs
    it on the reads sees why.
    """
    try:
        handler = app.registry.query(path)
    except UnknownRequest as error:
        raise InvalidArgument(str(error)) from None
    request = handler.parsed(data)
    version = app.version(after.height)
    budget = BudgetedStore(version.state)
    reading, lists = ReadingStore(budget), ReadingStore(budget.over(app.lists))
    chain_id = after.block.header.chain_id
    ctx = Context(Overlay(reading), after.height, after.time_ms, chain_id, views=lists)
    try:
        handler.handle(ctx, request)
    except TooMuch:
        raise
    except (LedgerError, ChainError):
        pass
    except Exception as error:
        _log.exception("query %s failed", path)
        raise InternalError(f"internal error in {path}; see the node's log") from error
    return Witness(reading.reads, show(version.state, version.tree, reading.reads), lists.reads)


def _reads(reads: Reads) -> list[wire.Read]:
    return [wire.Read(key=key, value=value) for key, value in reads.items()]
