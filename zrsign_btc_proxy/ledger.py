"""The ledger's Bitcoin keys, whose coins the proxy follows."""

from __future__ import annotations

from zrchain_lite.client import LedgerClient
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrsign_chains import chain_for

PAGE = 100


async def bitcoin_keys(client: LedgerClient, chain: str, known: int) -> list[bytes]:
    """Public keys for the CAIP-2 id `chain` after the first `known`; at most 100."""
    query = treasury.QueryKeysRequest(wallet_type=chain_for(chain).ledger_wallet.name)
    query.pagination.offset, query.pagination.limit = known, PAGE
    answer = await client.query("/zrchain.treasury.Query/Keys", query, treasury.QueryKeysResponse)
    return [one.key.public_key for one in answer.keys]
