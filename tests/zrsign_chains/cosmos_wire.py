"""What another client signed and sent, held against what a Cosmos chain here makes of it."""

from __future__ import annotations

from decimal import Decimal

from zrchain_lite.client import LedgerClient
from zrchain_lite.node import RunningNode
from zrchain_lite.wire.cosmos.auth.v1beta1 import query_pb2 as auth
from zrchain_lite.wire.cosmos.tx.v1beta1.tx_pb2 import SignDoc, TxRaw
from zrsign_chains.cosmos import CosmosChain, CosmosNetwork, caip2_of
from zrsign_chains.cosmos_transactions import CosmosTx, encode


async def read_back(node: RunningNode, sender: str, height: int) -> CosmosTx:
    """The block's first transaction, which must be byte for byte what is written here for it."""
    record = node.engine.block(height)
    assert record is not None
    raw = record.block.data.txs[0]
    async with LedgerClient(f"127.0.0.1:{node.grpc_port}") as client:
        chain_id = await client.chain_id()
        account = await client.query(
            "/cosmos.auth.v1beta1.Query/AccountInfo",
            auth.QueryAccountInfoRequest(address=sender),
            auth.QueryAccountInfoResponse,
        )
    chain = CosmosChain(caip2_of(chain_id), CosmosNetwork("zen", "urock", Decimal(0)))
    sent = TxRaw.FromString(raw)
    document = SignDoc(
        body_bytes=sent.body_bytes,
        auth_info_bytes=sent.auth_info_bytes,
        chain_id=chain_id,
        account_number=account.info.account_number,
    ).SerializeToString()
    tx = chain.parse(document)
    assert encode(chain_id, tx.signer, tx.messages, tx.charge, tx.memo) == document
    assert chain.assemble(tx, list(sent.signatures), [tx.signer.public_key]) == raw
    return tx
