"""Whatever is asked at REST, JSON-RPC, gRPC or an event stream: an answer, in bounded CPU time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, TypeVar

import grpc as grpcio
import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.cost import processor_seconds
from tests.zrchain_lite.chain import ALICE, BOB, Chain, transfer
from zrchain_lite.api import grpc, rest, rpc
from zrsign.node import routers

T = TypeVar("T")

REQUEST_S = 0.5
"""Processor time that one request may take, in seconds. Most take a few thousandths."""
FUZZ = settings(
    max_examples=100,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
WORDS = st.one_of(
    st.sampled_from(
        [
            "0",
            "1",
            "-1",
            str(2**63),
            str(2**64),
            "true",
            "AA==",
            "/",
            "%00",
            "'",
            ALICE.address,
            "workspace10j06zdk5gyl6v9ekzwem0v",
            "keyring1k6vc6vhp6e6l3rxalue9v4ux",
            "0x" + "11" * 20,
            "eip155:1",
            "tx.height>0 AND message.sender='x'",
            "9" * 4_000,
        ]
    ),
    st.text(max_size=12),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=10,
)
BODIES = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.sampled_from(
        [b'"' + b'\\"' * 200_000, b"[" * 200_000, b"[{}," * 100_000, b"0" * 400_000, b'{"a":' * 70]
    ),
)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    made = Chain(tmp_path_factory.mktemp("fuzz"))
    made.block(*(made.tx(ALICE, transfer(ALICE, BOB, n + 1), ahead=n) for n in range(20)))
    yield made
    made.close()


def within_budget(ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
    with processor_seconds(REQUEST_S):
        return asyncio.run(ask())


def request(app: Any, method: str, url: str, **options: Any) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
            return await client.request(method, url, **options)

    return within_budget(ask)


@pytest.fixture(scope="module")
def gateway(chain: Chain) -> FastAPI:
    return rest.build(chain.engine, routers=routers(chain.engine))


def paths(app: FastAPI) -> list[tuple[str, str]]:
    every = app.openapi()["paths"].items()
    return sorted((verb, path) for path, verbs in every for verb in verbs)


@FUZZ
@given(data=st.data())
def test_rest__should_answer_within_its_budget(gateway: FastAPI, data: st.DataObject) -> None:
    """The paths of event streams are among them; nothing that they name exists."""
    verb, path = data.draw(st.sampled_from(paths(gateway)))
    while "{" in path:
        before, _, rest_of = path.partition("{")
        name, _, after = rest_of.partition("}")
        value = data.draw(WORDS, label=name)
        path = before + httpx.QueryParams({"x": value}).__str__()[2:] + after
    names = st.sampled_from(
        ["pagination.limit", "pagination.offset", "pagination.key", "pagination.count_total",
         "pagination.reverse", "status", "owner", "query", "limit", "page", "wallet_type", "x"]
    )  # fmt: skip
    query = data.draw(st.lists(st.tuples(names, WORDS), max_size=4))
    content = data.draw(BODIES) if verb == "post" else None
    headers = {"x-cosmos-block-height": data.draw(st.sampled_from(["", "1", "9"]))}
    answer = request(
        gateway,
        verb.upper(),
        path,
        params=query,
        content=content,
        headers=headers,
    )
    assert answer.status_code != 500, answer.text
    # A path that ends with a slash leads to the one without.
    assert answer.status_code == 307 or answer.json() is not None


@FUZZ
@given(body=BODIES)
def test_json_rpc__should_answer_any_body_within_its_budget(chain: Chain, body: bytes) -> None:
    answer = request(rpc.build(chain.engine, chain.first), "POST", "/", content=body)
    assert answer.status_code in (200, 400)
    answer.json()


@FUZZ
@given(data=st.data())
def test_json_rpc_by_url__should_answer_within_its_budget(
    chain: Chain, data: st.DataObject
) -> None:
    methods = ["status", "block", "tx", "tx_search", "abci_query", "check_tx", "validators",
               "block_results", "header", "genesis", "unconfirmed_txs"]  # fmt: skip
    names = ["height", "hash", "query", "page", "per_page", "path", "data", "tx", "order_by"]
    query = data.draw(st.dictionaries(st.sampled_from(names), WORDS, max_size=3))
    app = rpc.build(chain.engine, chain.first)
    answer = request(app, "GET", "/" + data.draw(st.sampled_from(methods)), params=query)
    assert "internal error" not in answer.text
    answer.json()


class Refused(Exception):
    """What aborting a call raises."""


class Call:
    """A gRPC call's context as far as the door uses it."""

    def __init__(self) -> None:
        self.code: Any = None

    def invocation_metadata(self) -> tuple[()]:
        return ()

    async def send_initial_metadata(self, metadata: Any) -> None:
        """Nobody reads it."""

    def set_trailing_metadata(self, metadata: Any) -> None:
        """Nobody reads it."""

    async def abort(self, code: Any, detail: str) -> bytes:
        self.code = code
        raise Refused(detail)


@FUZZ
@given(data=st.data(), raw=st.binary(max_size=200) | st.binary(max_size=8).map(lambda b: b * 9_000))
def test_grpc__should_answer_any_bytes_within_its_budget(
    chain: Chain, data: st.DataObject, raw: bytes
) -> None:
    handler = grpc.Handler(chain.engine)
    every = sorted({*chain.app.registry.queries, *handler._methods, "/no.Such/Method"})
    details: Any = SimpleNamespace(method=data.draw(st.sampled_from(every)))
    found: Any = handler.service(details)
    call = Call()

    async def ask() -> bytes | None:
        with suppress(Refused):
            answer: bytes = await found.unary_unary(raw, call)
            return answer
        return None

    within_budget(ask)
    assert call.code not in (grpcio.StatusCode.INTERNAL, grpcio.StatusCode.UNKNOWN)
