"""Whatever bytes arrive at a door, the answer is an error with a name, and nothing changes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cost import processor_seconds
from tests.zrchain_lite.chain import ALICE, BOB, Chain, genesis, transfer
from zrchain_lite.api import bounded_json, event_query, rpc
from zrchain_lite.errors import InvalidArgument, LedgerError
from zrchain_lite.execution import InternalError

QUIET = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    made = Chain(tmp_path_factory.mktemp("hostile"))
    yield made
    made.close()


@QUIET
@given(data=st.data())
def test_changed_transaction__should_be_refused_or_fail(chain: Chain, data: st.DataObject) -> None:
    tx = bytearray(chain.tx(ALICE, transfer(ALICE, BOB, 1)))
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(tx) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "insert"])):
            case "flip":
                tx[position] ^= 1 << data.draw(st.integers(0, 7))
            case "cut":
                del tx[position:]
            case _:
                tx.insert(position, data.draw(st.integers(0, 255)))
        if not tx:
            break
    before = chain.balance(BOB)
    if bytes(tx) == chain.tx(ALICE, transfer(ALICE, BOB, 1)):
        return
    check = chain.send(bytes(tx))
    assert check.code not in (0, InternalError.code), check.log
    assert chain.balance(BOB) == before


@QUIET
@given(data=st.data(), raw=st.binary(max_size=80))
def test_query__should_answer_or_name_the_error(
    chain: Chain, data: st.DataObject, raw: bytes
) -> None:
    path = data.draw(st.sampled_from(sorted(chain.app.registry.queries)))
    try:
        chain.app.query(path, raw)
    except InternalError:
        raise
    except LedgerError:
        return


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)
METHODS = ["status", "block", "tx", "tx_search", "abci_query", "check_tx", "validators", "x"]
NAMES = ["height", "hash", "query", "page", "per_page", "path", "data", "tx", "prove", "order_by"]
CALLS = st.fixed_dictionaries(
    {"method": st.sampled_from(METHODS)},
    optional={
        "id": JSON,
        "params": JSON | st.dictionaries(st.sampled_from(NAMES), JSON, max_size=3),
    },
)


@QUIET
@given(body=CALLS | JSON)
def test_json_rpc__should_answer_every_json(chain: Chain, body: Any) -> None:
    app = rpc.build(chain.engine, genesis())

    async def post() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
            return await client.post("/", content=json.dumps(body))

    answer = asyncio.run(post())
    assert answer.status_code in (200, 400)
    parts = answer.json() if isinstance(answer.json(), list) else [answer.json()]
    assert all(("result" in part) != ("error" in part) for part in parts)
    assert "internal error" not in answer.text


@given(text=st.text(max_size=40) | st.from_regex(r"[a-z.]{1,9}(=|<|>=)('[a-z']{0,5}|[0-9]{1,25})"))
def test_event_query__should_parse_or_refuse(text: str) -> None:
    with suppress(InvalidArgument):
        event_query.parse(text)


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_nested_json__should_be_refused_at_any_recursion_limit(opening: str) -> None:
    script = (
        "import sys; sys.setrecursionlimit(10**6)\n"
        "from zrchain_lite.api.bounded_json import loads\n"
        "from zrchain_lite.errors import InvalidArgument\n"
        f"try: loads({opening!r}.encode() * 200_000)\n"
        "except InvalidArgument as error: print(error)"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "nested deeper" in out.stdout


@given(value=JSON)
def test_bounded_json__should_read_what_json_writes(value: Any) -> None:
    text = json.dumps(value).encode()
    assert bounded_json.loads(text) == value
    assert bounded_json.loads(b'{"text": "' + b"[{" * 500 + b'"}') == {"text": "[{" * 500}


MIB = 2**20
HOSTILE_JSON = {
    "a string that never closes": b'"' + b'\\"' * MIB,
    "an object's key that never closes": b'{"' + b'\\"' * MIB,
    "quotes": b'"' * 2 * MIB,
    "brackets that close nothing": b"]" * 2 * MIB,
    "an array of empty arrays": b"[" + b"[]," * (2 * MIB // 3) + b"[]]",
    "digits": b"1" * 2 * MIB,
    "digits after a point": b"0." + b"1" * 2 * MIB,
    "backslashes": b'"' + b"\\" * 2 * MIB,
    "UTF-16": ("[" * MIB).encode("utf-16"),
    "halves of surrogate pairs": b'"' + rb"\ud800" * (MIB // 3) + b'"',
}


@pytest.mark.parametrize("text", HOSTILE_JSON.values(), ids=HOSTILE_JSON)
def test_bounded_json__should_take_time_that_grows_with_the_bytes(text: bytes) -> None:
    with processor_seconds(0.5), suppress(InvalidArgument):
        bounded_json.loads(text)


@pytest.mark.parametrize(
    "text",
    ["NaN", "[Infinity]", "-Infinity", "1e999", r'"\ud800"', '"\ud800"', r'{"\udc00\ud800": 1}'],
)
def test_bounded_json__should_refuse_what_cannot_be_written_again(text: str) -> None:
    with pytest.raises(InvalidArgument, match="not JSON"):
        bounded_json.loads(text.encode(errors="surrogatepass"))


@pytest.mark.parametrize("id_", ["NaN", "1e999", r'"\ud800"'])
def test_json_rpc__should_name_the_fault_of_an_id_that_is_no_json(chain: Chain, id_: str) -> None:
    app = rpc.build(chain.engine, genesis())

    async def post() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
            return await client.post("/", content=f'{{"id": {id_}, "method": "health"}}')

    answer = asyncio.run(post())
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, rpc.PARSE_ERROR)
