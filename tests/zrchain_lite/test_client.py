"""The client, against a real node."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from tests.zrchain_lite.chain import (
    ACCOUNTS,
    ALICE,
    BOB,
    CHAIN_ID,
    FUNDS,
    NOBODY,
    genesis,
    node_config,
    transfer,
)
from tests.zrchain_lite.test_gas import long_policy
from zrchain_lite.client import (
    Account,
    AccountUnknown,
    LedgerClient,
    LedgerUnavailable,
    ObjectNotFound,
    QueryFailed,
    TxFailed,
    once_above,
    party_signature,
)
from zrchain_lite.client.ledger import GAS_LIMIT, TxResult, gas_limit_of
from zrchain_lite.modules.consensus.keeper import DEFAULT_PARAMS
from zrchain_lite.node import RunningNode, serving
from zrchain_lite.tx import TxSigner, build, pack
from zrchain_lite.wire.cosmos.auth.v1beta1 import query_pb2 as auth
from zrchain_lite.wire.cosmos.bank.v1beta1 import query_pb2 as bank
from zrchain_lite.wire.cosmos.bank.v1beta1.tx_pb2 import MsgMultiSendResponse, MsgSendResponse
from zrchain_lite.wire.cosmos.base.tendermint.v1beta1 import query_pb2 as tm
from zrchain_lite.wire.cosmos.tx.v1beta1 import service_pb2 as txs
from zrchain_lite.wire.tendermint.types.block_pb2 import Block
from zrchain_lite.wire.tendermint.types.types_pb2 import Header
from zrchain_lite.wire.zrchain.policy import policy_pb2 as policy
from zrsign.node import modules
from zrsign_chains import ecdsa

BALANCE = "/cosmos.bank.v1beta1.Query/Balance"


def client(node: RunningNode, account: Account | None = None) -> LedgerClient:
    return LedgerClient(f"127.0.0.1:{node.grpc_port}", account=account)


async def balance(ledger: LedgerClient, account: Account) -> int:
    request = bank.QueryBalanceRequest(address=account.address, denom="urock")
    return int((await ledger.query(BALANCE, request, bank.QueryBalanceResponse)).balance.amount)


async def test_broadcast__should_return_once_included(node: RunningNode) -> None:
    async with client(node, ALICE) as ledger:
        result = await ledger.broadcast(transfer(ALICE, BOB, 5), transfer(ALICE, BOB, 6), memo="m")
        assert await balance(ledger, BOB) == FUNDS + 11
        assert await ledger.height() >= result.height
    assert result.response(MsgSendResponse) == MsgSendResponse()
    assert len(result.responses) == 2
    assert "transfer" in {event.type for event in result.events}
    with pytest.raises(TypeError):
        result.response(MsgMultiSendResponse)


async def test_broadcast__should_order_concurrent_calls_of_one_account(node: RunningNode) -> None:
    async with client(node, ALICE) as ledger:
        results = await asyncio.gather(*(ledger.broadcast(transfer(ALICE, BOB)) for _ in range(20)))
        assert await balance(ledger, BOB) == FUNDS + 20
    assert len({result.hash for result in results}) == 20


async def test_broadcast__should_correct_a_sequence_that_another_process_moved(
    node: RunningNode,
) -> None:
    async with client(node, ALICE) as first, client(node, ALICE) as second:
        await first.broadcast(transfer(ALICE, BOB))
        await second.broadcast(transfer(ALICE, BOB))
        await first.broadcast(transfer(ALICE, BOB))
        await second.broadcast(transfer(ALICE, BOB))
        assert await balance(first, BOB) == FUNDS + 4


async def test_broadcast__should_tell_why_it_failed_and_go_on(node: RunningNode) -> None:
    async with client(node, ALICE) as ledger:
        with pytest.raises(TxFailed) as failed:
            await ledger.broadcast(transfer(ALICE, BOB, FUNDS * 2))
        assert (failed.value.codespace, failed.value.code) == ("sdk", 5)
        assert failed.value.height > 0
        with pytest.raises(TxFailed) as refused:
            await ledger.broadcast(transfer(ALICE, BOB), memo="x" * 1000)
        assert (refused.value.code, refused.value.height) == (12, 0)
        assert (await ledger.broadcast(transfer(ALICE, BOB))).height > 0


async def test_gas_limit__should_leave_room_for_other_accounts_in_a_block(
    node: RunningNode,
) -> None:
    async with client(node, ALICE) as ledger:
        one = await gas(ledger, await ledger.broadcast(transfer(ALICE, BOB)))
        many = await gas(ledger, await ledger.broadcast(*[transfer(ALICE, BOB)] * 40))
    for used, wanted in (one, many):
        assert 2 * used < wanted < DEFAULT_PARAMS.block.max_gas / 4
    assert 32 * one[1] < DEFAULT_PARAMS.block.max_gas


async def test_broadcast__should_ask_for_more_gas_when_the_messages_take_more(
    node: RunningNode,
) -> None:
    definition = pack(long_policy(16_000))
    message = policy.MsgNewPolicy(creator=ALICE.address, name="long", policy=definition)
    async with client(node, ALICE) as ledger:
        made = await ledger.broadcast(message)
        used, wanted = await gas(ledger, made)
        assert gas_limit_of([message]) < used < wanted == GAS_LIMIT
        with pytest.raises(TxFailed, match="out of gas"):
            await ledger.broadcast(message, gas_limit=gas_limit_of([message]))
        assert (await ledger.broadcast(transfer(ALICE, BOB))).height > made.height


async def gas(ledger: LedgerClient, sent: TxResult) -> tuple[int, int]:
    """What a transaction used, and what it asked for."""
    request = txs.GetTxRequest(hash=sent.hash)
    answer = await ledger.query("/cosmos.tx.v1beta1.Service/GetTx", request, txs.GetTxResponse)
    return answer.tx_response.gas_used, answer.tx_response.gas_wanted


async def test_broadcast__should_want_a_known_account(node: RunningNode) -> None:
    async with client(node, NOBODY) as ledger:
        with pytest.raises(AccountUnknown, match="never received"):
            await ledger.broadcast(transfer(NOBODY, BOB))
    async with client(node) as ledger:
        with pytest.raises(ValueError, match="no account"):
            await ledger.broadcast(transfer(ALICE, BOB))


async def test_query__should_raise_typed_errors(node: RunningNode) -> None:
    async with client(node) as ledger:
        with pytest.raises(ObjectNotFound):
            await ledger.query(
                "/cosmos.auth.v1beta1.Query/Account",
                auth.QueryAccountRequest(address=NOBODY.address),
                auth.QueryAccountResponse,
            )
        with pytest.raises(QueryFailed) as unknown:
            await ledger.query(
                "/no.Such/Method", bank.QueryParamsRequest(), bank.QueryParamsResponse
            )
        assert unknown.value.status == "UNIMPLEMENTED"
        with pytest.raises(QueryFailed) as invalid:
            await ledger.query(BALANCE, bank.QueryBalanceRequest(), bank.QueryBalanceResponse)
        assert invalid.value.status == "INVALID_ARGUMENT"


@pytest.mark.parametrize("service", ["auth.v1beta1.Query/Params", "tx.v1beta1.Service/GetTxsEvent"])
async def test_grpc__should_tell_its_height_and_answer_of_no_other(
    node: RunningNode, service: str
) -> None:
    name = "x-cosmos-block-height"
    async with grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as channel:
        call: Any = channel.unary_unary(f"/cosmos.{service}")
        asked = txs.GetTxsEventRequest(query="tx.height=1") if "tx" in service else b""
        request = asked if isinstance(asked, bytes) else asked.SerializeToString()
        answered = call(request)
        told = {str(key): value for key, value in await answered.initial_metadata()}
        await answered
        assert int(told[name]) >= 1
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call(request, metadata=((name, "1000000"),))
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


async def test_page__should_walk_all_pages(node: RunningNode) -> None:
    async with client(node) as ledger:
        listed = [
            item
            async for item in ledger.page(
                "/cosmos.auth.v1beta1.Query/Accounts",
                auth.QueryAccountsRequest(),
                auth.QueryAccountsResponse,
                limit=1,
            )
        ]
    assert len({item.value for item in listed}) == len(listed) == ACCOUNTS


async def test_new_blocks__should_yield_rising_heights(node: RunningNode) -> None:
    async with client(node) as ledger:
        heights: list[int] = []
        async for height in ledger.new_blocks():
            heights.append(height)
            if len(heights) == 3:
                break
    assert heights == sorted(set(heights))


async def test_unreachable_node__should_be_told_after_bounded_attempts(tmp_path: Path) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with LedgerClient("127.0.0.1:1", attempts=4, sleep=sleep) as ledger:
        with pytest.raises(LedgerUnavailable, match="is the node running"):
            await ledger.height()
    assert len(waits) == 3


async def test_call_that_a_stopping_node_cancels__should_be_made_again() -> None:
    calls = 0

    async def stopping(request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        nonlocal calls
        calls += 1
        if calls == 1:
            await context.abort(grpc.StatusCode.CANCELLED)
        return tm.GetLatestBlockResponse(block=Block(header=Header(height=7))).SerializeToString()

    async def sleep(seconds: float) -> None:
        return None

    method: Any = grpc.unary_unary_rpc_method_handler(stopping)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(
                "cosmos.base.tendermint.v1beta1.Service", {"GetLatestBlock": method}
            ),
        )
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with LedgerClient(f"127.0.0.1:{port}", sleep=sleep) as ledger:
            assert await ledger.height() == 7
    finally:
        await server.stop(None)
    assert calls == 2


async def test_client__should_survive_a_restart_of_the_node(tmp_path: Path) -> None:
    config = node_config(tmp_path, genesis())
    async with serving(config, modules, asyncio.Event()) as (node, _):
        ledger = client(node, ALICE)
        await ledger.broadcast(transfer(ALICE, BOB))
        address = f"127.0.0.1:{node.grpc_port}"
    again = type(config)(**{**config.__dict__, "grpc": address})
    async with serving(again, modules, asyncio.Event()):
        await ledger.broadcast(transfer(ALICE, BOB))
        assert await balance(ledger, BOB) == FUNDS + 2
        await ledger.close()


def test_party_signature__should_sign_the_hash_of_the_request_id() -> None:
    signature = party_signature(ALICE, 7)
    assert len(signature) == 64
    ecdsa.verify(ALICE.public_key, sha256(bytes(7) + b"\x07").digest(), signature)


def test_account__should_not_show_its_secret() -> None:
    assert ALICE.secret.secret.hex() not in repr(ALICE)
    assert repr(ALICE.secret) not in repr(ALICE)
    assert Account.generate().address != Account.generate().address
    # The well-known address of the secret 0x01…01.
    assert ALICE.evm_address == "0x1a642f0E3c3aF545E7AcBD38b07251B3990914F1"
    with pytest.raises(ValueError, match="32 bytes"):
        Account.from_secret(b"short")


async def test_query__should_be_held_back_until_there_is_another_block(node: RunningNode) -> None:
    request = bank.QueryBalanceRequest(address=BOB.address, denom="urock")
    async with client(node, ALICE) as ledger:
        height = await ledger.height()

        async def next_balance() -> int:
            answer = await ledger.query(
                BALANCE, request, bank.QueryBalanceResponse, metadata=once_above(height)
            )
            return int(answer.balance.amount)

        waiting = asyncio.create_task(next_balance())
        sent = await ledger.broadcast(transfer(ALICE, BOB, 5))
        assert sent.height > height
        assert await waiting == FUNDS + 5
        # A block that is there already is not waited for.
        assert await next_balance() == FUNDS + 5


async def test_broadcast_door__should_say_what_became_of_it_when_it_may_wait(
    node: RunningNode,
) -> None:
    async with client(node, ALICE) as ledger:
        account = await ledger.query(
            "/cosmos.auth.v1beta1.Query/AccountInfo",
            auth.QueryAccountInfoRequest(address=ALICE.address),
            auth.QueryAccountInfoResponse,
        )
        signer = TxSigner(ALICE.secret, account.info.account_number, account.info.sequence)
        tx = build([transfer(ALICE, BOB)], [signer], chain_id=CHAIN_ID, gas_limit=200_000, fee=20)
        answer = await ledger.query(
            "/cosmos.tx.v1beta1.Service/BroadcastTx",
            txs.BroadcastTxRequest(tx_bytes=tx, mode=txs.BROADCAST_MODE_SYNC),
            txs.BroadcastTxResponse,
            metadata=(("x-wait-ms", "5000"),),
        )
        assert answer.tx_response.height > 0
        assert answer.tx_response.gas_used > 0
