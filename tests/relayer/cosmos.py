"""A ledger node as a Cosmos chain, and a key whose account has coins there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from tests.zrchain_lite.chain import ALICE, NOBODY, genesis, node_config
from zrchain_lite.client import Account, LedgerClient
from zrchain_lite.node import RunningNode, serving
from zrchain_lite.wire.cosmos.auth.v1beta1 import query_pb2 as auth
from zrchain_lite.wire.cosmos.bank.v1beta1 import query_pb2 as bank
from zrsign.node import modules
from zrsign_chains import COSMOS_LOCAL
from zrsign_chains.cosmos import CosmosChain
from zrsign_chains.cosmos_transactions import (
    Charge,
    Coin,
    CosmosSigner,
    Send,
    encode,
)

CHAIN = COSMOS_LOCAL
LOCAL = CosmosChain(CHAIN)
RECIPIENT = NOBODY.address
GAS, FEE = 200_000, 20


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[RunningNode]:
    """A ledger with all modules, whose chain id is that of a local network."""
    first = genesis().model_copy(update={"chain_id": LOCAL.chain_id})
    async with serving(node_config(folder, first), modules, asyncio.Event()) as (node, _):
        yield node


class Key:
    """An account of genesis, and what the node says of it."""

    def __init__(self, client: LedgerClient, account: Account = ALICE):
        self.account = account
        self.client = client

    async def signer(self, ahead: int = 0) -> CosmosSigner:
        """Where the account stands, `ahead` transactions further."""
        answer = await self.client.query(
            "/cosmos.auth.v1beta1.Query/AccountInfo",
            auth.QueryAccountInfoRequest(address=self.account.address),
            auth.QueryAccountInfoResponse,
        )
        info = answer.info
        return CosmosSigner(self.account.public_key, info.account_number, info.sequence + ahead)

    async def pay(
        self,
        amount: int,
        *,
        gas_limit: int = GAS,
        fee: int = FEE,
        ahead: int = 0,
        account_number: int | None = None,
        timeout_height: int = 0,
    ) -> tuple[bytes, str]:
        """A signed transfer to RECIPIENT, and its id."""
        signer = await self.signer(ahead)
        if account_number is not None:
            signer = replace(signer, account_number=account_number)
        send = Send(self.account.address, RECIPIENT, (Coin("urock", amount),))
        charge = Charge((Coin("urock", fee),) if fee else (), gas_limit)
        return self.sign(
            encode(LOCAL.chain_id, signer, [send.message()], charge, "", timeout_height)
        )

    def sign(self, payload: bytes) -> tuple[bytes, str]:
        """The TxRaw of a SignDoc, and its id."""
        tx = LOCAL.parse(payload)
        signature = self.account.sign_digest(LOCAL.sighashes(tx)[0])
        raw = LOCAL.assemble(tx, [signature], [self.account.public_key])
        return raw, LOCAL.transaction_id(raw)


async def balance(client: LedgerClient, address: str) -> int:
    """urock of an address."""
    request = bank.QueryBalanceRequest(address=address, denom="urock")
    answer = await client.query(
        "/cosmos.bank.v1beta1.Query/Balance", request, bank.QueryBalanceResponse
    )
    return int(answer.balance.amount)
