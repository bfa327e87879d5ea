"""A module that the ledger does not have: its proto and its folder are all that it takes."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from scripts.compile_proto import compile_into
from tests.zrchain_lite.chain import ALICE, BOB, Chain
from zrchain_lite import wire
from zrchain_lite.api import rest

PROTO = Path(__file__).parent / "notes" / "proto"
NOTE = "/zrsign.notes.Query/Note"


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The module `tests.zrchain_lite.notes.module`, with its proto compiled among the others."""
    compiled = tmp_path_factory.mktemp("wire")
    compile_into(compiled, PROTO)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wire, "__path__", [*wire.__path__, str(compiled)])
        return importlib.import_module("tests.zrchain_lite.notes.module")


@pytest.fixture
def chain(notes: Any, tmp_path: Path) -> Iterator[Chain]:
    made = Chain(tmp_path, extra=(notes.NotesModule(),))
    yield made
    made.close()


def write(chain: Chain, notes: Any, text: str) -> Any:
    tx = chain.tx(ALICE, notes.wire.MsgWrite(author=ALICE.address, text=text))
    return chain.block(tx).results.tx_results[0]


def test_message__should_be_executed_for_who_signed_it(chain: Chain, notes: Any) -> None:
    result = write(chain, notes, "hello")
    assert result.code == 0, result.log
    assert "note_written" in {event.type for event in result.events}
    assert chain.send(chain.tx(BOB, notes.wire.MsgWrite(author=ALICE.address))).code != 0


def test_message__should_be_refused_by_the_module_s_own_rule(chain: Chain, notes: Any) -> None:
    result = write(chain, notes, "x" * (notes.MAX_CHARS + 1))
    assert (result.codespace, result.code) == ("zrchain", 1505)
    assert "at most 280 characters" in result.log


async def test_query__should_be_answered_by_grpc_path_and_rest(chain: Chain, notes: Any) -> None:
    write(chain, notes, "hello")
    request = notes.wire.QueryNoteRequest(author=ALICE.address)
    raw = chain.app.query(NOTE, request.SerializeToString())
    assert notes.wire.QueryNoteResponse.FromString(raw).text == "hello"

    transport = httpx.ASGITransport(rest.build(chain.engine))
    async with httpx.AsyncClient(transport=transport, base_url="http://ledger") as http:
        found = await http.get(f"/zrsign/notes/note/{ALICE.address}")
        assert found.json() == {"text": "hello"}
        missing = await http.get(f"/zrsign/notes/note/{BOB.address}")
        assert (missing.status_code, missing.json()["code"]) == (404, 5)
        described = (await http.get("/openapi.json")).json()
    assert "/zrsign/notes/note/{author}" in described["paths"]
