"""A real ledger in this process: an authority, a keyring of one party, an observer, a relayer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from zrchain_lite.client import Account, LedgerClient
from zrchain_lite.engine import EngineSettings
from zrchain_lite.node import NodeSettings, serving
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrsign.node import modules
from zrsign_chains.cosmos import keyring_address

QUERY = "/zrchain.treasury.Query/"


@dataclass(frozen=True)
class Accounts:
    authority: Account = field(default_factory=Account.generate)
    party: Account = field(default_factory=Account.generate)
    observer: Account = field(default_factory=Account.generate)
    relayer: Account = field(default_factory=Account.generate)

    def all(self) -> tuple[Account, ...]:
        return self.authority, self.party, self.observer, self.relayer


@dataclass(frozen=True)
class Ledger:
    """`client` speaks for the authority, who owns `workspace`."""

    grpc: str
    accounts: Accounts
    client: LedgerClient
    keyring: str
    workspace: str

    async def ask_key(self, key_type: str) -> int:
        asked = await self.client.broadcast(
            treasury.MsgNewKeyRequest(
                creator=self.accounts.authority.address,
                workspace_addr=self.workspace,
                keyring_addr=self.keyring,
                key_type=key_type,
            )
        )
        return asked.response(treasury.MsgNewKeyRequestResponse).key_req_id

    async def ask_signatures(self, key_ids: list[int], items: list[bytes]) -> int:
        asked = await self.client.broadcast(
            treasury.MsgNewSignatureRequest(
                creator=self.accounts.authority.address,
                key_ids=key_ids,
                data_for_signing=",".join(item.hex() for item in items),
            )
        )
        return asked.response(treasury.MsgNewSignatureRequestResponse).sig_req_id

    async def key_request(self, request_id: int) -> treasury.KeyReqResponse:
        query = treasury.QueryKeyRequestByIDRequest(id=request_id)
        answer = await self.client.query(
            QUERY + "KeyRequestByID", query, treasury.QueryKeyRequestByIDResponse
        )
        return answer.key_request

    async def public_key(self, key_id: int) -> bytes:
        query = treasury.QueryKeyByIDRequest(id=key_id)
        answer = await self.client.query(QUERY + "KeyByID", query, treasury.QueryKeyByIDResponse)
        return answer.key.public_key

    async def sign_request(self, request_id: int) -> treasury.SignReqResponse:
        query = treasury.QuerySignatureRequestByIDRequest(id=request_id)
        answer = await self.client.query(
            QUERY + "SignatureRequestByID", query, treasury.QuerySignatureRequestByIDResponse
        )
        return answer.sign_request


@asynccontextmanager
async def running_ledger(folder: Path) -> AsyncIterator[Ledger]:
    accounts = Accounts()
    genesis = folder / "genesis.json"
    genesis.write_text(json.dumps(_genesis(accounts)))
    config = NodeSettings(
        home=folder / "ledger",
        genesis=genesis,
        grpc="127.0.0.1:0",
        rest="127.0.0.1:0",
        rpc="127.0.0.1:0",
        engine=EngineSettings(empty_block_interval_s=0.2),
        doors_apart=False,
    )
    async with AsyncExitStack() as stack:
        node, _task = await stack.enter_async_context(serving(config, modules, asyncio.Event()))
        grpc = f"127.0.0.1:{node.grpc_port}"
        client = LedgerClient(grpc, account=accounts.authority)
        stack.push_async_callback(client.close)
        yield await _set_up(grpc, accounts, client)


async def _set_up(grpc: str, accounts: Accounts, client: LedgerClient) -> Ledger:
    creator = accounts.authority.address
    made = await client.broadcast(
        identity.MsgNewKeyring(creator=creator, description="test", party_threshold=1)
    )
    keyring = made.response(identity.MsgNewKeyringResponse).addr
    await client.broadcast(
        identity.MsgAddKeyringParty(
            creator=creator, keyring_addr=keyring, party=accounts.party.address
        )
    )
    opened = await client.broadcast(identity.MsgNewWorkspace(creator=creator))
    workspace = opened.response(identity.MsgNewWorkspaceResponse).addr
    return Ledger(grpc, accounts, client, keyring, workspace)


def _genesis(accounts: Accounts) -> dict[str, object]:
    authority = accounts.authority.address
    funds = [{"denom": "urock", "amount": str(10**12)}]
    balances = [{"address": account.address, "coins": funds} for account in accounts.all()]
    receiver = {
        "authority": authority,
        "keyring_addr": keyring_address(1),
        "observers": [accounts.observer.address],
        "observer_threshold": 1,
        "relayers": [accounts.relayer.address],
        "fee_payer": authority,
        "destinations": ["eip155:31337", "bip122:0f9188f13cb7b2c71f2a335e3a4fc328"],
    }
    return {
        "chain_id": "zrsign-test",
        "app_state": {
            "bank": {"balances": balances},
            "identity": {"authority": authority},
            "policy": {"authority": authority},
            "treasury": {"authority": authority, "params": {"default_btl": "1000"}},
            "receiver": {"params": receiver},
        },
    }
