"""`cosmos.tx.v1beta1.Service`: transactions are simulated, sent and found."""

from __future__ import annotations

from google.protobuf.message import Message

from zrchain_lite.api import event_query, event_search
from zrchain_lite.api.turns import Turns
from zrchain_lite.api.tx_view import checked_response, decoded_tx, tx_response
from zrchain_lite.api.waiting import (
    MAX_PAGE,
    WAIT_METADATA,
    Metadata,
    block_of,
    number_in,
)
from zrchain_lite.engine.reading import Reading
from zrchain_lite.errors import InvalidArgument, NotFound
from zrchain_lite.tx import tx_hash
from zrchain_lite.wire.cosmos.base.abci.v1beta1.abci_pb2 import GasInfo, Result, TxMsgData
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageResponse
from zrchain_lite.wire.cosmos.tx.v1beta1 import service_pb2 as txs
from zrchain_lite.wire.cosmos.tx.v1beta1.tx_pb2 import TxRaw

MAX_SIMULATED_BYTES = 256 * 1024
MAX_SIMULATIONS = 32
"""How many simulations may wait for their turn."""


class TxService:
    """Transactions: simulate, send, find."""

    def __init__(self, engine: Reading) -> None:
        self._engine = engine
        self._simulations = Turns(MAX_SIMULATIONS)

    async def simulate(self, request: txs.SimulateRequest, metadata: Metadata) -> Message:
        """Execute a transaction on the last committed state and forget it; raises LedgerError."""
        raw = request.tx_bytes or _raw(request)
        if len(raw) > MAX_SIMULATED_BYTES:
            raise InvalidArgument(
                f"a transaction of {len(raw)} bytes is not simulated; {MAX_SIMULATED_BYTES} are"
            )
        outcome = await self._simulations.run(lambda: self._engine.simulate(raw))
        if outcome.error is not None:
            raise outcome.error
        return txs.SimulateResponse(
            gas_info=GasInfo(gas_wanted=outcome.gas_wanted, gas_used=outcome.gas_used),
            result=Result(
                data=TxMsgData(msg_responses=outcome.responses).SerializeToString(),
                events=outcome.result().events,
                msg_responses=outcome.responses,
            ),
        )

    async def broadcast_tx(self, request: txs.BroadcastTxRequest, metadata: Metadata) -> Message:
        """Send a transaction and answer with what CheckTx said.

        With a time to wait, answer with what became of it, once it is in a block within that time.
        """
        if request.mode not in (txs.BROADCAST_MODE_SYNC, txs.BROADCAST_MODE_ASYNC):
            raise InvalidArgument("mode must be BROADCAST_MODE_SYNC or BROADCAST_MODE_ASYNC")
        if not request.tx_bytes:
            raise InvalidArgument("tx_bytes is empty")
        check = await self._engine.submit(request.tx_bytes)
        timeout_s = number_in(metadata, WAIT_METADATA) / 1000
        if check.code == 0 and timeout_s > 0:
            record = await self._engine.wait_for_tx(tx_hash(request.tx_bytes), timeout_s)
            if record is not None:
                return txs.BroadcastTxResponse(tx_response=tx_response(record))
        return txs.BroadcastTxResponse(tx_response=checked_response(request.tx_bytes, check))

    async def get_tx(self, request: txs.GetTxRequest, metadata: Metadata) -> txs.GetTxResponse:
        """A committed transaction by its hash; waits for it as long as `x-wait-ms` says."""
        timeout_s = number_in(metadata, WAIT_METADATA) / 1000
        hash_ = event_query.parse_hash(request.hash)
        record = await self._engine.wait_for_tx(hash_, timeout_s)
        if record is None:
            raise NotFound(f"tx not found: {request.hash}")
        return txs.GetTxResponse(tx=decoded_tx(record.tx), tx_response=tx_response(record))

    async def get_txs_event(
        self, request: txs.GetTxsEventRequest, metadata: Metadata
    ) -> txs.GetTxsEventResponse:
        """One page of the transactions that a query over events matches, at most 100."""
        query = event_query.parse(request.query or " AND ".join(request.events))
        limit = min(request.limit or request.pagination.limit or MAX_PAGE, MAX_PAGE)
        skip = (request.page - 1) * limit if request.page else request.pagination.offset
        records, total = event_search.transactions(
            self._engine,
            query,
            skip=min(skip, event_query.MAX_SCANNED),
            limit=limit,
            reverse=request.order_by == txs.ORDER_BY_DESC,
        )
        return txs.GetTxsEventResponse(
            txs=[decoded_tx(record.tx) for record in records],
            tx_responses=[tx_response(record) for record in records],
            total=total,
        )

    async def get_block_with_txs(
        self, request: txs.GetBlockWithTxsRequest, metadata: Metadata
    ) -> txs.GetBlockWithTxsResponse:
        """A block with one page of its transactions, decoded; raises NotFound."""
        record = block_of(self._engine, request.height)
        page = request.pagination
        limit = min(page.limit or MAX_PAGE, MAX_PAGE)
        shown = record.block.data.txs[page.offset : page.offset + limit]
        return txs.GetBlockWithTxsResponse(
            txs=[decoded_tx(tx) for tx in shown],
            block_id=record.id,
            block=record.block,
            pagination=PageResponse(total=len(record.block.data.txs)),
        )


def _raw(request: txs.SimulateRequest) -> bytes:
    """The deprecated form of a simulation: a decoded transaction."""
    if not request.HasField("tx"):
        raise InvalidArgument("tx_bytes is empty")
    raw = TxRaw(
        body_bytes=request.tx.body.SerializeToString(deterministic=True),
        auth_info_bytes=request.tx.auth_info.SerializeToString(deterministic=True),
        signatures=request.tx.signatures,
    )
    return raw.SerializeToString()
