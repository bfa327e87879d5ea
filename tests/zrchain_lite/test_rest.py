"""REST: grpc-gateway's routes and errors, and a fuzzer that finds no failure of the server."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi import APIRouter
from google.protobuf.any_pb2 import Any as Packed
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.zrchain_lite.chain import (
    ACCOUNTS,
    ALICE,
    BOB,
    FUNDS,
    Chain,
    genesis,
    node_config,
    transfer,
)
from zrchain_lite.api import rest
from zrchain_lite.api.json_codec import to_json
from zrchain_lite.client import LedgerClient
from zrchain_lite.errors import InvalidArgument
from zrchain_lite.node import RunningNode, serving
from zrchain_lite.wire.cosmos.auth.v1beta1 import query_pb2 as auth_query
from zrchain_lite.wire.zrchain.treasury.treasury_pb2 import MsgFulfilKeyRequest, SignReqResponse
from zrsign.node import modules

BANK = "/cosmos/bank/v1beta1"
TXS = "/cosmos/tx/v1beta1/txs"
BLOCKS = "/cosmos/base/tendermint/v1beta1/blocks"


@pytest.fixture
async def http(node: RunningNode) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{node.rest_port}") as client:
        yield client


async def test_queries__should_answer_in_gateway_json(http: httpx.AsyncClient) -> None:
    coins = (await http.get(f"{BANK}/balances/{ALICE.address}")).json()
    assert coins["balances"] == [{"denom": "urock", "amount": str(FUNDS)}]
    one = await http.get(f"{BANK}/balances/{ALICE.address}/by_denom", params={"denom": "urock"})
    assert one.json() == {"balance": {"denom": "urock", "amount": str(FUNDS)}}
    account = (await http.get(f"/cosmos/auth/v1beta1/accounts/{ALICE.address}")).json()["account"]
    assert account["@type"] == "/cosmos.auth.v1beta1.BaseAccount"
    assert account["sequence"] == "0"
    assert account["pub_key"] is None
    assert coins["pagination"]["next_key"] is None
    first = (await http.get(f"{BLOCKS}/1")).json()
    assert first["block"]["header"]["last_block_id"]["hash"] is None


@pytest.mark.parametrize("path", [f"{BANK}/supply", f"{BLOCKS}/1"])
async def test_height__should_be_told_and_no_other_answered(
    http: httpx.AsyncClient, path: str
) -> None:
    answered = await http.get(path)
    height = int(answered.headers["Grpc-Metadata-X-Cosmos-Block-Height"])
    latest = (await http.get(f"{BLOCKS}/latest")).json()["block"]["header"]["height"]
    assert 1 <= height <= int(latest)
    for asked in (str(height + 1_000_000), "-1", "now", "9" * 19):
        refused = await http.get(path, headers={"x-cosmos-block-height": asked})
        assert (refused.status_code, refused.json()["code"]) == (400, 3), asked
    assert (await http.get(path, headers={"x-cosmos-block-height": "0"})).status_code == 200


def test_json__should_have_nulls_where_the_gateway_has() -> None:
    bare = to_json(SignReqResponse(id=7, data_for_signing=[b"", b"a"]))
    assert (bare["id"], bare["cache_id"], bare["metadata"]) == ("7", None, None)
    assert bare["data_for_signing"] == ["", "YQ=="]
    packed = Packed()
    packed.Pack(MsgFulfilKeyRequest(request_id=1), type_url_prefix="/")
    inner = to_json(SignReqResponse(metadata=packed, cache_id=b"a"))
    assert inner["cache_id"] == "YQ=="
    assert inner["metadata"]["@type"] == "/zrchain.treasury.MsgFulfilKeyRequest"
    assert inner["metadata"]["keyring_party_signature"] is None
    assert not {"key", "reject_reason"} & inner["metadata"].keys(), "a oneof that is not set"


async def test_wallets__should_be_told_of_node_modules_and_addresses(
    http: httpx.AsyncClient,
) -> None:
    config = (await http.get("/cosmos/base/node/v1beta1/config")).json()
    assert (config["minimum_gas_price"], config["halt_height"]) == ("0.0001urock", "0")
    status = (await http.get("/cosmos/base/node/v1beta1/status")).json()
    assert int(status["height"]) >= 1
    assert status["earliest_store_height"] == status["height"]
    auth = "/cosmos/auth/v1beta1"
    accounts = (await http.get(f"{auth}/module_accounts")).json()["accounts"]
    names = [account["name"] for account in accounts]
    assert names == sorted(names)
    assert {"fee_collector", "keyring_escrow"} <= set(names)
    one = (await http.get(f"{auth}/module_accounts/fee_collector")).json()["account"]
    assert one in accounts
    assert (await http.get(f"{auth}/module_accounts/nonsense")).status_code == 404
    assert (await http.get(f"{auth}/bech32")).json() == {"bech32_prefix": "zen"}
    raw = (await http.get(f"{auth}/bech32/{ALICE.address}")).json()["address_bytes"]
    assert len(base64.b64decode(raw)) == 20
    assert (await http.get(f"{auth}/bech32/{ALICE.address[:-1]}")).status_code == 400
    spendable = f"{BANK}/spendable_balances/{ALICE.address}/by_denom"
    answer = (await http.get(spendable, params={"denom": "urock"})).json()
    assert answer == {"balance": {"denom": "urock", "amount": str(FUNDS)}}
    assert (await http.get(f"{BANK}/send_enabled")).json()["send_enabled"] == []


def test_address__should_be_the_same_as_bytes_and_as_text(chain: Chain) -> None:
    service = "/cosmos.auth.v1beta1.Query/"
    asked = auth_query.AddressStringToBytesRequest(address_string=ALICE.address)
    as_bytes: Any = chain.app.answer(service + "AddressStringToBytes", asked)
    back = auth_query.AddressBytesToStringRequest(address_bytes=as_bytes.address_bytes)
    as_text: Any = chain.app.answer(service + "AddressBytesToString", back)
    assert as_text.address_string == ALICE.address
    short = auth_query.AddressBytesToStringRequest(address_bytes=b"short")
    with pytest.raises(InvalidArgument, match="20 bytes"):
        chain.app.answer(service + "AddressBytesToString", short)


async def test_pages__should_be_walked_by_key(http: httpx.AsyncClient) -> None:
    seen: list[str] = []
    key = ""
    while True:
        params = {"pagination.limit": "1", "pagination.key": key}
        answer = (await http.get("/cosmos/auth/v1beta1/accounts", params=params)).json()
        seen += [str(item) for item in answer["accounts"]]
        key = answer["pagination"]["next_key"]
        if not key:
            break
    assert len(set(seen)) == len(seen) == ACCOUNTS
    counted = {"pagination.count_total": "true", "pagination.offset": str(ACCOUNTS - 1)}
    last = (await http.get("/cosmos/auth/v1beta1/accounts", params=counted)).json()
    assert (len(last["accounts"]), last["pagination"]["total"]) == (1, str(ACCOUNTS))


async def test_transaction__should_be_sent_and_found(
    http: httpx.AsyncClient, node: RunningNode, tmp_path: Path
) -> None:
    twin = Chain(tmp_path / "twin")
    tx = twin.tx(ALICE, transfer(ALICE, BOB, 5))
    twin.close()
    encoded = base64.b64encode(tx).decode()
    simulated = await http.post("/cosmos/tx/v1beta1/simulate", json={"tx_bytes": encoded})
    assert int(simulated.json()["gas_info"]["gas_used"]) > 0
    body = {"tx_bytes": encoded, "mode": "BROADCAST_MODE_SYNC"}
    sent = (await http.post(TXS, json=body)).json()["tx_response"]
    assert sent["code"] == 0
    got = await http.get(f"{TXS}/{sent['txhash']}", headers={"x-wait-ms": "5000"})
    assert got.json()["tx_response"]["code"] == 0
    message = got.json()["tx"]["body"]["messages"][0]
    assert (message["@type"], message["amount"][0]["amount"]) == (
        "/cosmos.bank.v1beta1.MsgSend",
        "5",
    )
    query = {"query": f"message.sender='{ALICE.address}'", "order_by": "ORDER_BY_DESC"}
    found = (await http.get(TXS, params=query)).json()
    assert [item["txhash"] for item in found["tx_responses"]] == [sent["txhash"]]
    again = (await http.post(TXS, json=body)).json()["tx_response"]
    assert again["code"] == 19


async def test_blocks__should_be_found_by_height(http: httpx.AsyncClient) -> None:
    latest = (await http.get(f"{BLOCKS}/latest")).json()
    first = (await http.get(f"{BLOCKS}/1")).json()
    assert first["block"]["header"]["height"] == "1"
    assert int(latest["block"]["header"]["height"]) >= 1
    assert first["sdk_block"]["header"]["proposer_address"].startswith("zenvalcons1")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"{BANK}/balances/{ALICE.address}/by_denom", 400, 3),
        (f"{BANK}/balances/{ALICE.address}?pagination.limit=-1", 400, 3),
        (f"{BANK}/balances/{ALICE.address}?pagination.limit=18446744073709551616", 400, 3),
        (f"{BANK}/balances/{ALICE.address}?pagination.key=!!", 400, 3),
        (f"{BANK}/balances/{ALICE.address}?pagination.reverse=maybe", 400, 3),
        (f"{BANK}/balances/{ALICE.address}?nonsense=1", 400, 3),
        ("/cosmos/auth/v1beta1/accounts/zen1nonsense", 400, 3),
        (f"/cosmos/auth/v1beta1/accounts/{'zen1' + 'q' * 38}", 400, 3),
        (f"{TXS}/nonsense", 400, 3),
        (f"{TXS}/{'00' * 32}", 404, 5),
        (f"{TXS}?query=nonsense", 400, 3),
        (f"{TXS}?query=tx.height=99999999999999999999", 400, 3),
        (f"{BLOCKS}/0", 400, 3),
        (f"{BLOCKS}/999999", 404, 5),
        (f"{BLOCKS}/99999999999999999999", 400, 3),
        (f"{BANK}/denoms_metadata/nonsense", 404, 5),
        ("/nonsense", 404, 5),
    ],
)
async def test_errors__should_have_the_gateway_form(
    http: httpx.AsyncClient, path: str, status: int, code: int
) -> None:
    answer = await http.get(path)
    assert answer.status_code == status, answer.text
    error = answer.json()
    assert (error["code"], error["details"]) == (code, [])
    assert error["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"tx_bytes": 5}',
        b'{"tx_bytes": "!", "mode": 2}',
        b'{"unknown": 1}',
        b'{"mode": "BROADCAST_MODE_SYNC"}',
        b'{"tx_bytes": "AA==", "mode": "BROADCAST_MODE_BLOCK"}',
        b"[" * 100_000,
        b" " * (5 * 1024 * 1024),
    ],
    ids=range(11),
)
async def test_bad_body__should_be_refused(http: httpx.AsyncClient, body: bytes) -> None:
    answer = await http.post(TXS, content=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == 3


async def test_garbage_transaction__should_be_answered_with_a_code(http: httpx.AsyncClient) -> None:
    body = {"tx_bytes": "/////w==", "mode": "BROADCAST_MODE_SYNC"}
    answer = await http.post(TXS, json=body)
    assert (answer.status_code, answer.json()["tx_response"]["code"]) == (200, 2)


def test_further_routers__should_be_added(chain: Chain) -> None:
    router = APIRouter()

    @router.get("/extra")
    async def extra() -> dict[str, int]:
        return {"height": chain.engine.tip.height}

    app = rest.build(chain.engine, routers=[router])
    transport = httpx.ASGITransport(app)

    async def call() -> Any:
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
            return (await client.get("/extra")).json()

    assert asyncio.run(call()) == {"height": 1}


# -- fuzzing -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The whole REST application over a chain with all modules, in this process."""
    chain = Chain(tmp_path_factory.mktemp("fuzz"))
    chain.block(chain.tx(ALICE, transfer(ALICE, BOB)))
    yield schemathesis.openapi.from_asgi("/openapi.json", rest.build(chain.engine))
    chain.close()


schema = schemathesis.pytest.from_fixture("fuzzed")


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_fuzzer__should_find_no_failure_of_the_server(case: Any) -> None:
    case.call_and_validate(
        checks=(
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        )
    )


async def test_whole_node__should_serve_module_routes(tmp_path: Path) -> None:
    config = node_config(tmp_path, genesis())
    async with serving(config, modules, asyncio.Event()) as (node, _):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{node.rest_port}") as client:
            answer = await client.get("/zrchain/treasury/keys")
            assert (answer.status_code, answer.json()["keys"]) == (200, [])
        async with LedgerClient(f"127.0.0.1:{node.grpc_port}", account=ALICE) as ledger:
            assert (await ledger.broadcast(transfer(ALICE, BOB))).height > 0
