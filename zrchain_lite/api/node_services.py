"""The node's blocks, and what it says about itself.

`cosmos.base.tendermint.v1beta1.Service` and `cosmos.base.node.v1beta1.Service`.
"""

from __future__ import annotations

from google.protobuf.message import Message

from zrchain_lite.api.waiting import MAX_PAGE, Metadata, block_of, wait_for_block
from zrchain_lite.app import VERSION
from zrchain_lite.engine.reading import Reading
from zrchain_lite.engine.records import BlockRecord
from zrchain_lite.tx import pack
from zrchain_lite.validator_addresses import consensus_text
from zrchain_lite.wire.cosmos.base.node.v1beta1 import query_pb2 as node
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageRequest, PageResponse
from zrchain_lite.wire.cosmos.base.tendermint.v1beta1 import query_pb2 as tm
from zrchain_lite.wire.cosmos.base.tendermint.v1beta1 import types_pb2 as sdk
from zrchain_lite.wire.cosmos.crypto.ed25519.keys_pb2 import PubKey
from zrchain_lite.wire.tendermint.abci.types_pb2 import RequestQuery
from zrchain_lite.wire.tendermint.p2p.types_pb2 import (
    DefaultNodeInfo,
    DefaultNodeInfoOther,
    ProtocolVersion,
)

SDK_VERSION = "v0.50.13"
"""The version of the Cosmos SDK whose wire format this is; clients choose their dialect by it."""


class NodeService:
    """Blocks, and what the node says about itself."""

    def __init__(self, engine: Reading, moniker: str) -> None:
        self._engine = engine
        self._moniker = moniker

    async def get_latest_block(
        self, request: tm.GetLatestBlockRequest, metadata: Metadata
    ) -> tm.GetLatestBlockResponse:
        """The latest block; waits for one above `x-above-height` as long as `x-wait-ms` says."""
        record = block_of(self._engine, await wait_for_block(self._engine, metadata))
        return tm.GetLatestBlockResponse(
            block_id=record.id, block=record.block, sdk_block=_sdk_block(record)
        )

    async def get_block_by_height(
        self, request: tm.GetBlockByHeightRequest, metadata: Metadata
    ) -> tm.GetBlockByHeightResponse:
        """A block by its height; raises NotFound above the latest."""
        record = block_of(self._engine, request.height)
        return tm.GetBlockByHeightResponse(
            block_id=record.id, block=record.block, sdk_block=_sdk_block(record)
        )

    async def get_latest_validator_set(
        self, request: tm.GetLatestValidatorSetRequest, metadata: Metadata
    ) -> tm.GetLatestValidatorSetResponse:
        """One page of the validators of the last block."""
        record = block_of(self._engine, self._engine.tip.height)
        shown, page = self._validators(record, request.pagination)
        return tm.GetLatestValidatorSetResponse(
            block_height=record.height, validators=shown, pagination=page
        )

    async def get_validator_set_by_height(
        self, request: tm.GetValidatorSetByHeightRequest, metadata: Metadata
    ) -> tm.GetValidatorSetByHeightResponse:
        """One page of the validators of a height; raises NotFound above the latest."""
        record = block_of(self._engine, request.height)
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
                address=consensus_text(each.address),
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


def _sdk_block(record: BlockRecord) -> sdk.Block:
    """The same block with the proposer's address as text."""
    block = record.block
    header = sdk.Header()
    for field in block.header.DESCRIPTOR.fields:
        value = getattr(block.header, field.name)
        if field.name == "proposer_address":
            header.proposer_address = consensus_text(value)
        elif field.message_type is not None:
            getattr(header, field.name).CopyFrom(value)
        else:
            setattr(header, field.name, value)
    return sdk.Block(
        header=header, data=block.data, evidence=block.evidence, last_commit=block.last_commit
    )
