"""What the SDK asks a Cosmos wallet to sign is taken by the ledger, whose own queries show it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from google.protobuf.message import Message

from relayer.destinations.cosmos.destination import CosmosDestination
from relayer.news import Accepted, Final
from tests.relayer.cosmos import CHAIN, Key, balance, running
from tests.waiting import until
from tests.zrchain_lite.chain import BOB, FUNDS, NOBODY
from zrchain_lite.client import LedgerClient
from zrchain_lite.node import RunningNode
from zrsign.decode import explain
from zrsign.errors import UsageError
from zrsign.local.demo import checks
from zrsign.sdk import cosmos
from zrsign_chains import ChainError
from zrsign_daemon.jsonrpc import JsonRpc


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[RunningNode]:
    async with running(tmp_path) as made:
        yield made


@pytest.fixture
async def key(node: RunningNode) -> AsyncIterator[Key]:
    async with LedgerClient(f"127.0.0.1:{node.grpc_port}") as client:
        yield Key(client)


async def land(node: RunningNode, key: Key, messages: Sequence[Message]) -> bytes:
    """Sign the messages as a wallet would, and see them in a block. Returns the SignDoc."""
    chain = await cosmos.ledger_chain(key.client)
    signer = await cosmos.signer_of(key.client, key.account.public_key)
    unsigned = cosmos.sign_doc(chain, signer, *messages, memo="by a contract")
    raw, tx_id = key.sign(unsigned)
    destination = CosmosDestination(CHAIN, JsonRpc(f"http://127.0.0.1:{node.rpc_port}"))
    assert await destination.submit(raw) == Accepted()

    async def probe() -> Final | None:
        seen = await destination.status(raw, [tx_id])
        return seen if isinstance(seen, Final) else None

    done = await until(probe, "the block")
    assert done.ok, done.reason
    await destination.close()
    return unsigned


async def test_coins_and_a_workspace__should_be_there_after_one_transaction(
    node: RunningNode, key: Key
) -> None:
    chain = await cosmos.ledger_chain(key.client)
    assert chain.caip2 == CHAIN
    sender = key.account.address
    unsigned = await land(
        node,
        key,
        [
            cosmos.bank_send(chain, sender, BOB.address, 77),
            cosmos.new_workspace(sender, additional_owners=(BOB.address,)),
        ],
    )
    assert await balance(key.client, BOB.address) == FUNDS + 77
    (workspace,) = await checks.workspaces_of(key.client, sender)
    assert await checks.workspaces_of(key.client, BOB.address) == [workspace]
    shown = explain("0x" + unsigned.hex(), CHAIN)
    assert (shown["memo"], shown["sequence"]) == ("by a contract", 0)
    sent, opened = shown["messages"]
    assert (sent["to"], sent["amount"]) == (BOB.address, ["77urock"])
    assert opened["type"] == "/zrchain.identity.MsgNewWorkspace"


async def test_account_without_coins__should_be_told_what_it_needs(key: Key) -> None:
    with pytest.raises(UsageError, match="no account on the ledger yet"):
        await cosmos.signer_of(key.client, NOBODY.public_key)


async def test_message_of_another_account__should_not_be_built(key: Key) -> None:
    chain = await cosmos.ledger_chain(key.client)
    signer = await cosmos.signer_of(key.client, key.account.public_key)
    with pytest.raises(ChainError, match="pays, but"):
        cosmos.sign_doc(chain, signer, cosmos.bank_send(chain, BOB.address, BOB.address, 1))
