"""REST and server-sent events over a real ledger in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.waiting import STALLED_S
from tests.zrsign_receiver.world import OMNI, OWNER, SOURCE_CHAIN, World
from zrchain_lite.errors import InvalidArgument
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_receiver.rest import api


class MemoryLedger:
    """The world as the API's ledger. Waiting for a block makes one, unless `frozen`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.frozen = False
        self.waiting = 0

    def query(self, path: str, data: bytes) -> bytes:
        handler = self.world.registry.query(path)
        answer = handler.handle(self.world.reading(), handler.request.FromString(data))
        return answer.SerializeToString()

    async def wait_above(self, height: int, timeout_s: float) -> int:
        if self.frozen and height:
            self.waiting += 1
            try:
                await asyncio.Event().wait()
            finally:
                self.waiting -= 1
        if self.world.height <= height:
            self.world.blocks(1)
        return self.world.height


def application(ledger: api.LedgerReads) -> FastAPI:
    app = FastAPI()
    app.include_router(api.router(ledger))
    return app


@pytest.fixture
def world() -> World:
    world = World()
    world.wallet()
    return world


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=application(MemoryLedger(world)))
    base = "http://ledger/zrsign/v1"
    async with httpx.AsyncClient(transport=transport, base_url=base) as client:
        yield client


def signed(world: World, *, fulfil: bool = True) -> int:
    event = world.sign_event(pb.REQUEST_KIND_HASH, b"\x01" * 32, trace_id=258)
    (request_id,) = world.report(event)
    if fulfil:
        world.fulfil()
    return request_id


async def get(client: httpx.AsyncClient, path: str) -> Any:
    response = await client.get(path)
    assert response.status_code == 200, response.text
    return response.json()


async def test_request__should_be_the_same_by_id_source_and_trace(
    client: httpx.AsyncClient, world: World
) -> None:
    request_id = signed(world)
    found = await get(client, f"/requests/{request_id}")
    assert found["status"] == "ANSWERED"
    assert found["is_final"] is True
    assert found["trace_id"] == "258"
    assert [step["name"] for step in found["steps"]][-1] == "answered"
    source = found["source"]
    by_source = "/".join(str(source[k]) for k in ("chain", "contract", "tx_hash", "log_index"))
    assert await get(client, f"/requests/by-source/{by_source}") == found
    for trace in ("258", "0x102"):
        assert await get(client, f"/requests/by-trace/{SOURCE_CHAIN}/{OMNI}/{trace}") == found


async def test_requests__should_come_in_pages(client: httpx.AsyncClient, world: World) -> None:
    made = [1, signed(world), *world.report(*(world.key_event(index=n + 1) for n in range(3)))]
    path = f"/requests?owner={OWNER.evm}&limit=2"
    first = await get(client, path + "&count_total=true")
    assert first["total"] == 5
    second = await get(client, f"{path}&key={first['next_key']}")
    third = await get(client, f"{path}&key={second['next_key']}")
    assert third["next_key"] is None
    pages = (first, second, third)
    assert [r["id"] for page in pages for r in page["requests"]] == made
    waiting = await get(client, "/requests?status=SIGNING&reverse=true")
    assert [r["id"] for r in waiting["requests"]] == made[:1:-1]


async def test_configuration__should_name_everything_a_dapp_needs(
    client: httpx.AsyncClient, world: World
) -> None:
    (wallet,) = await get(client, f"/wallets/{OWNER.evm}")
    assert wallet["coin_type"] == 60
    assert await get(client, f"/wallets/{SOURCE_CHAIN}:{OWNER.evm}") == []
    assert (await get(client, "/params"))["keyring_addr"] == world.keyring
    (source,) = await get(client, "/sources")
    assert (source["contract"], source["mode"]) == (OMNI, "OMNI")
    types = {t["coin_type"]: t["id"] for t in await get(client, "/wallet-types")}
    assert types[60] == "0xe146c2986893c43af5ff396310220be92058fb9f4ce76b929b80ef0d5307100a"
    anvil = next(c for c in await get(client, "/chains") if c["caip2"] == SOURCE_CHAIN)
    assert anvil["id"] == "0x318e51c37247d03bad135571413b06a083591bcc680967d80bf587ac928cf369"


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/requests/99", 404, "no request 99"),
        ("/requests/99/events", 404, "no request 99"),
        ("/requests/none", 422, "request_id"),
        ("/requests/0", 422, "request_id"),
        ("/wallets/nobody", 400, "nobody"),
        ("/requests?status=LOST", 422, "status"),
        ("/requests?limit=101", 422, "limit"),
        (f"/requests/by-trace/{SOURCE_CHAIN}/{OMNI}/7", 404, "trace 7"),
        (f"/requests/by-trace/{SOURCE_CHAIN}/{OMNI}/{2**256}", 400, "2^256"),
        (f"/requests/by-trace/solana:x/{OMNI}/7", 422, "chain"),
        (f"/requests/by-source/{SOURCE_CHAIN}/{OMNI}/0x{'ab' * 32}/1", 404, "not reported"),
    ],
)
async def test_error__should_be_a_problem_with_a_next_step(
    client: httpx.AsyncClient, path: str, status: int, word: str
) -> None:
    response = await client.get(path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert word in problem["detail"]
    assert problem["status"] == status
    assert problem["next_step"]


def events(text: str) -> list[tuple[str, str | None, Any]]:
    """(event, id, data) of every message of a stream."""
    parsed = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        parsed.append((fields["event"], fields.get("id"), json.loads(fields["data"])))
    return parsed


async def test_stream__should_tell_every_step_until_the_request_is_final(
    client: httpx.AsyncClient, world: World
) -> None:
    request_id = signed(world, fulfil=False)
    response = await client.get(f"/requests/{request_id}/events")
    assert response.headers["content-type"].startswith("text/event-stream")
    found = events(response.text)
    assert [name for name, _, _ in found] == ["step"] * 5 + ["final"]
    assert [data["name"] for _, _, data in found[:-1]] == [
        "observed",
        "accepted",
        "approved",
        "signing",
        "rejected",
    ]
    assert found[-1][2] == {
        "status": "REJECTED",
        "reject_reason": "signature_rejected: Signature request timed out",
    }


async def test_stream__should_continue_after_the_last_event_that_arrived(
    client: httpx.AsyncClient, world: World
) -> None:
    request_id = signed(world)
    whole = events((await client.get(f"/requests/{request_id}/events")).text)
    headers = {"Last-Event-ID": str(whole[2][1])}
    rest = await client.get(f"/requests/{request_id}/events", headers=headers)
    assert events(rest.text) == whole[3:]


async def test_stream__should_stop_waiting_when_the_client_leaves(world: World) -> None:
    request_id = signed(world, fulfil=False)
    ledger = MemoryLedger(world)
    ledger.frozen = True
    left, arrived = asyncio.Event(), asyncio.Event()

    async def receive() -> dict[str, Any]:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if b"signing" in message.get("body", b""):
            arrived.set()

    path = f"/zrsign/v1/requests/{request_id}/events"
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "scheme": "http",
        "server": ("ledger", 80),
        "root_path": "",
        "http_version": "1.1",
    }
    running = asyncio.create_task(application(ledger)(scope, receive, send))
    await asyncio.wait_for(arrived.wait(), STALLED_S)
    left.set()
    await asyncio.wait_for(running, STALLED_S)
    assert ledger.waiting == 0


async def test_stream__should_be_refused_when_too_many_are_open(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "MAX_STREAMS", 0)
    transport = httpx.ASGITransport(app=application(MemoryLedger(world)))
    async with httpx.AsyncClient(transport=transport, base_url="http://ledger") as client:
        response = await client.get("/zrsign/v1/requests/1/events")
    assert response.status_code == 503
    assert response.headers["retry-after"]
    assert response.json()["title"] == "too many streams"


async def test_stream__should_end_at_its_deadline(world: World) -> None:
    request_id = signed(world, fulfil=False)
    ticks = iter((0.0, 1.0, api.MAX_STREAM_S + 1.0))
    app = FastAPI()
    app.include_router(api.router(MemoryLedger(world), clock=lambda: next(ticks)))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://ledger") as client:
        response = await client.get(f"/zrsign/v1/requests/{request_id}/events")
    assert [name for name, _, _ in events(response.text)] == ["step"] * 4


@pytest.fixture(scope="module")
def fuzzed() -> Any:
    world = World()
    world.wallet()
    signed(world)
    with pytest.raises(InvalidArgument):
        world.report(pb.SourceEvent())
    return schemathesis.openapi.from_asgi("/openapi.json", application(MemoryLedger(world)))


# Its cases are made when the test runs, and not whenever tests are collected.
schema = schemathesis.pytest.from_fixture("fuzzed")


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_api__should_keep_its_openapi_promises(case: schemathesis.Case[Any]) -> None:
    # A wrong EIP-55 checksum is refused, which no schema can say.
    case.call_and_validate(excluded_checks=[positive_data_acceptance])
