"""The Cosmos services that every chain answers beside its modules' queries.

Transactions, blocks and the node: `cosmos.tx.v1beta1.Service`,
`cosmos.base.tendermint.v1beta1.Service` and `cosmos.base.node.v1beta1.Service`, free of any
transport.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from zrchain_lite import binding
from zrchain_lite.api import event_query, event_search
from zrchain_lite.api.turns import Turns
from zrchain_lite.api.tx_view import checked_response, decoded_tx, tx_response
from zrchain_lite.app import VERSION
from zrchain_lite.binding import Route
from zrchain_lite.engine.reading import Reading
from zrchain_lite.engine.records import BlockRecord
from zrchain_lite.errors import InvalidArgument, NotFound
from zrchain_lite.execution import encode_events
from zrchain_lite.tx import pack, tx_hash
from zrchain_lite.wire.cosmos.base.abci.v1beta1.abci_pb2 import GasInfo, Result, TxMsgData
from zrchain_lite.wire.cosmos.base.node.v1beta1 import query_pb2 as node
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageRequest, PageResponse
from zrchain_lite.wire.cosmos.base.tendermint.v1beta1 import query_pb2 as tm
from zrchain_lite.wire.cosmos.base.tendermint.v1beta1 import types_pb2 as sdk
from zrchain_lite.wire.cosmos.crypto.ed25519.keys_pb2 import PubKey
from zrchain_lite.wire.cosmos.tx.v1beta1 import service_pb2 as txs
from zrchain_lite.wire.cosmos.tx.v1beta1.tx_pb2 import TxRaw
from zrchain_lite.wire.tendermint.abci.types_pb2 import RequestQuery
from zrchain_lite.wire.tendermint.p2p.types_pb2 import (
    DefaultNodeInfo,
    DefaultNodeInfoOther,
    ProtocolVersion,
)
from zrsign_chains import cosmos

WAIT_METADATA = "x-wait-ms"
"""Request metadata (HTTP: header): how long the node may hold an answer back until there is news.

GetTx and BroadcastTx wait for inclusion, GetLatestBlock and, over gRPC, queries of modules for a
block above `x-above-height`.
"""
ABOVE_METADATA = "x-above-height"
SDK_VERSION = "v0.50.13"
"""The version of the Cosmos SDK whose wire format this is; clients choose their dialect by it."""
MAX_PAGE = 100
MAX_SIMULATED_BYTES = 256 * 1024
MAX_SIMULATIONS = 32
"""How many simulations may wait for their turn."""

Metadata = Mapping[str, str]


@dataclass(frozen=True)
class Method:
    """One unary method with its REST route; a POST takes the request as body."""

    name: str
    request: type[Message]
    response: type[Message]
    call: Callable[[Any, Metadata], Awaitable[Message]]
    route: Route

    async def call_raw(self, request: bytes, metadata: Metadata) -> bytes:
        """`call` with encoded messages; raises LedgerError."""
        try:
            message = self.request.FromString(request)
        except DecodeError as error:
            raise InvalidArgument(f"not a {self.request.__name__}: {error}") from None
        return (await self.call(message, metadata)).SerializeToString()


def methods(engine: Reading, *, moniker: str = "zrchain-lite") -> dict[str, Method]:
    """The methods of all of them over an engine, by gRPC path."""
    services = (
        (txs, TxService(engine)),
        (tm, NodeService(engine, moniker)),
        (node, StatusService(engine)),
    )
    return {
        binding.method_path(method): Method(
            binding.method_path(method),
            GetMessageClass(method.input_type),
            GetMessageClass(method.output_type),
            call,
            route,
        )
        for proto, service in services
        for method, call in binding.bound(proto.DESCRIPTOR.services_by_name["Service"], service)
        for route in binding.routes(method)
    }


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
                events=encode_events(outcome.events),
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
        timeout_s = _number(metadata, WAIT_METADATA) / 1000
        if check.code == 0 and timeout_s > 0:
            record = await self._engine.wait_for_tx(tx_hash(request.tx_bytes), timeout_s)
            if record is not None:
                return txs.BroadcastTxResponse(tx_response=tx_response(record))
        return txs.BroadcastTxResponse(tx_response=checked_response(request.tx_bytes, check))

    async def get_tx(self, request: txs.GetTxRequest, metadata: Metadata) -> txs.GetTxResponse:
        """A committed transaction by its hash; waits for it as long as `x-wait-ms` says."""
        timeout_s = _number(metadata, WAIT_METADATA) / 1000
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
        record = _block(self._engine, request.height)
        page = request.pagination
        limit = min(page.limit or MAX_PAGE, MAX_PAGE)
        shown = record.block.data.txs[page.offset : page.offset + limit]
        return txs.GetBlockWithTxsResponse(
            txs=[decoded_tx(tx) for tx in shown],
            block_id=record.id,
            block=record.block,
            pagination=PageResponse(total=len(record.block.data.txs)),
        )


class NodeService:
    """Blocks, and what the node says about itself."""

    def __init__(self, engine: Reading, moniker: str) -> None:
        self._engine = engine
        self._moniker = moniker

    async def get_latest_block(
        self, request: tm.GetLatestBlockRequest, metadata: Metadata
    ) -> tm.GetLatestBlockResponse:
        """The latest block; waits for one above `x-above-height` as long as `x-wait-ms` says."""
        record = _block(self._engine, await wait_for_block(self._engine, metadata))
        return tm.GetLatestBlockResponse(
            block_id=record.id, block=record.block, sdk_block=_sdk_block(record)
        )

    async def get_block_by_height(
        self, request: tm.GetBlockByHeightRequest, metadata: Metadata
    ) -> tm.GetBlockByHeightResponse:
        """A block by its height; raises NotFound above the latest."""
        record = _block(self._engine, request.height)
        return tm.GetBlockByHeightResponse(
            block_id=record.id, block=record.block, sdk_block=_sdk_block(record)
        )

    async def get_latest_validator_set(
        self, request: tm.GetLatestValidatorSetRequest, metadata: Metadata
    ) -> tm.GetLatestValidatorSetResponse:
        """One page of the validators of the last block."""
        record = _block(self._engine, self._engine.tip.height)
        shown, page = self._validators(record, request.pagination)
        return tm.GetLatestValidatorSetResponse(
            block_height=record.height, validators=shown, pagination=page
        )

    async def get_validator_set_by_height(
        self, request: tm.GetValidatorSetByHeightRequest, metadata: Metadata
    ) -> tm.GetValidatorSetByHeightResponse:
        """One page of the validators of a height; raises NotFound above the latest."""
        record = _block(self._engine, request.height)
        shown, page = self._validators(record, request.pagination)
        return tm.GetValidatorSetByHeightResponse(
            block_height=record.height, validators=shown, pagination=page
        )

    def _validators(
        self, record: BlockRecord, page: PageRequest
    ) -> tuple[list[tm.Validator], PageResponse]:
        found = self._engine.records.validators(record.block.header.validators_hash)
        members = list(found.validators) if found else []
        limit = min(page.limit or MAX_PAGE, MAX_PAGE)
        shown = [
            tm.Validator(
                address=cosmos.encode("zenvalcons", each.address),
                pub_key=pack(PubKey(key=each.pub_key.ed25519)),
                voting_power=each.voting_power,
                proposer_priority=each.proposer_priority,
            )
            for each in members[page.offset : page.offset + limit]
        ]
        return shown, PageResponse(total=len(members))

    async def get_syncing(self, request: tm.GetSyncingRequest, metadata: Metadata) -> Message:
        """Whether the node still catches up, which an embedded engine never does."""
        return tm.GetSyncingResponse(syncing=False)

    async def abci_query(self, request: tm.ABCIQueryRequest, metadata: Metadata) -> Message:
        """What the RPC's `abci_query` answers: any query, and any key of the state with a proof."""
        asked = RequestQuery.FromString(request.SerializeToString())
        answer = self._engine.app.abci_query(asked)
        return tm.ABCIQueryResponse.FromString(answer.SerializeToString())

    async def get_node_info(self, request: tm.GetNodeInfoRequest, metadata: Metadata) -> Message:
        """The chain's id, and the version by which clients choose their dialect."""
        return tm.GetNodeInfoResponse(
            default_node_info=DefaultNodeInfo(
                protocol_version=ProtocolVersion(block=11, app=1),
                network=self._engine.tip.chain_id,
                version=VERSION,
                moniker=self._moniker,
                other=DefaultNodeInfoOther(tx_index="on"),
            ),
            application_version=tm.VersionInfo(
                name="zrchain-lite",
                app_name="zrchain-lite",
                version=VERSION,
                cosmos_sdk_version=SDK_VERSION,
            ),
        )


class StatusService:
    """What wallets ask a node about itself."""

    def __init__(self, engine: Reading) -> None:
        self._engine = engine

    async def config(self, request: node.ConfigRequest, metadata: Metadata) -> node.ConfigResponse:
        """The lowest price of gas; nothing is pruned, and no height ends the chain."""
        return node.ConfigResponse(
            minimum_gas_price=self._engine.app.min_gas_price(),
            pruning_keep_recent="0",
            pruning_interval="0",
        )

    async def status(self, request: node.StatusRequest, metadata: Metadata) -> node.StatusResponse:
        """The last block; queries are of its state, proofs also of a few before it."""
        tip = self._engine.tip
        response = node.StatusResponse(
            earliest_store_height=tip.height, height=tip.height, app_hash=tip.app_hash
        )
        response.timestamp.FromMilliseconds(self._engine.app.time_ms)
        record = self._engine.block(tip.height)
        if record is not None:
            response.validator_hash = record.block.header.next_validators_hash
        return response


async def wait_for_block(engine: Reading, metadata: Metadata) -> int:
    """The last height, once it is above the one that was named or the time to wait is over."""
    above, wait_ms = _number(metadata, ABOVE_METADATA), _number(metadata, WAIT_METADATA)
    return await engine.wait_above(above, wait_ms / 1000)


def _block(engine: Reading, height: int) -> BlockRecord:
    if height <= 0:
        raise InvalidArgument(f"a height is above 0, not {height}")
    record = engine.block(height)
    if record is None:
        raise NotFound(f"block {height} not found; the latest is {engine.tip.height}")
    return record


def _number(metadata: Metadata, name: str) -> int:
    """A decimal header; anything else counts as 0."""
    text = metadata.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else 0


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


def _sdk_block(record: BlockRecord) -> sdk.Block:
    """The same block with the proposer's address as text."""
    block = record.block
    header = sdk.Header()
    for field in block.header.DESCRIPTOR.fields:
        value = getattr(block.header, field.name)
        if field.name == "proposer_address":
            header.proposer_address = cosmos.encode("zenvalcons", value)
        elif field.message_type is not None:
            getattr(header, field.name).CopyFrom(value)
        else:
            setattr(header, field.name, value)
    return sdk.Block(
        header=header, data=block.data, evidence=block.evidence, last_commit=block.last_commit
    )
