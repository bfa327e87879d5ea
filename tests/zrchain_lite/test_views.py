"""Lists of a million: a page costs what it shows, and a length is a number that is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lmdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.signing import SigningKey

from tests.cost import processor_seconds
from tests.zrchain_lite.chain import Chain
from zrchain_lite.errors import InvalidArgument
from zrchain_lite.modules.treasury import state
from zrchain_lite.modules.treasury import views as treasury_views
from zrchain_lite.store import lmdb_store
from zrchain_lite.store.budget import QueryTooHeavy
from zrchain_lite.store.kv import MemoryStore, Overlay
from zrchain_lite.store.lmdb_store import LmdbStore, Tip
from zrchain_lite.store.views import built
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageRequest
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrsign_chains import cosmos

WIRE: Any = wire
MANY = 20_000
PAGE_S = 0.15
"""Processor time of one page, in seconds; a walk through all of it takes several times that."""
PUBLIC_KEY = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
ED25519_KEY = bytes(SigningKey(bytes(32)).verify_key)


def workspace(n: int) -> str:
    return cosmos.encode("workspace", n.to_bytes(10, "big"))


def keyring(n: int) -> str:
    return cosmos.encode("keyring", n.to_bytes(11, "big"))


def fill(overlay: Overlay) -> None:
    """Every second key is of one workspace, the last request of another keyring is pending."""
    for id_ in range(1, MANY + 1):
        overlay.set(b"treasury/key_request_count", id_.to_bytes(8, "big"))
        request = WIRE.KeyRequest(
            id=id_, workspace_addr=workspace(id_ % 2), keyring_addr=keyring(1), status=3
        )
        key = WIRE.Key(id=id_, workspace_addr=workspace(id_ % 2), keyring_addr=keyring(1), type=1)
        if id_ == MANY:
            request.status, request.keyring_addr, key.type = 1, keyring(2), 2
        key.public_key = PUBLIC_KEY if key.type == 1 else ED25519_KEY
        state.put_key_request(overlay, request)
        state.KEYS.set(overlay, id_, key)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    chain = Chain(tmp_path_factory.mktemp("full"), map_bytes=256 * 1024 * 1024)
    overlay = Overlay(chain.store.state)
    fill(overlay)
    chain.store.commit(chain.app.tip, overlay.changes())
    yield chain
    chain.close()


def ask(chain: Chain, name: str, **fields: Any) -> Any:
    request = getattr(wire, f"Query{name}Request")(**fields)
    with processor_seconds(PAGE_S):
        return chain.app.answer(f"/zrchain.treasury.Query/{name}", request)


def test_total__should_be_kept_and_not_counted(full: Chain) -> None:
    page = PageRequest(limit=1, count_total=True)
    assert ask(full, "Keys", pagination=page).pagination.total == MANY
    one = ask(full, "Keys", workspace_addr=workspace(1), pagination=page)
    assert one.pagination.total == MANY // 2
    assert ask(full, "KeyRequests", status=3, pagination=page).pagination.total == MANY - 1


def test_filters__should_lead_to_the_only_one_among_many(full: Chain) -> None:
    assert [each.id for each in ask(full, "KeyRequests", status=1).key_requests] == [MANY]
    of_keyring = ask(full, "KeyRequests", keyring_addr=keyring(2))
    assert [each.id for each in of_keyring.key_requests] == [MANY]
    both = {"workspace_addr": workspace(0), "status": 1}
    assert [each.id for each in ask(full, "KeyRequests", **both).key_requests] == [MANY]
    solana = ask(full, "Keys", workspace_addr=workspace(0), wallet_type=wire.WALLET_TYPE_SOLANA)
    assert [each.key.id for each in solana.keys] == [MANY]
    assert list(ask(full, "Keys", workspace_addr=workspace(9)).keys) == []
    assert list(ask(full, "KeyRequests", status=-1 % 2**31).key_requests) == []


def test_page_in_the_middle__should_cost_what_it_shows(full: Chain) -> None:
    key = (MANY // 2).to_bytes(8, "big")
    found = ask(full, "Keys", pagination=PageRequest(limit=5, key=key, reverse=True))
    assert [each.key.id for each in found.keys] == [MANY // 2 - n for n in range(5)]
    found = ask(full, "Keys", pagination=PageRequest(limit=2, offset=9_000))
    assert [each.key.id for each in found.keys] == [9_001, 9_002]


def test_offset_above_the_bound__should_be_told_of_key(full: Chain) -> None:
    page = PageRequest(limit=1, offset=10_001)
    with pytest.raises(InvalidArgument, match="by `key`"):
        ask(full, "Keys", pagination=page)


def test_query__should_be_given_up_above_its_budget(
    full: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zrchain_lite.store.budget.MAX_READS", 50)
    with pytest.raises(QueryTooHeavy, match="smaller pages"):
        ask(full, "Keys", pagination=PageRequest(limit=100))


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(1, 6), st.integers(0, 2), st.integers(0, 3)), max_size=30),
    size=st.integers(1, 5),
)
def test_views__should_be_what_the_state_makes_whatever_changed(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int, int]], size: int
) -> None:
    """Requests appear and change their status over several blocks; some change twice in one."""
    store = LmdbStore(tmp_path_factory.mktemp("views"), map_bytes=1024 * 1024)
    store.keep(treasury_views.ALL)
    for height, start in enumerate(range(0, len(steps), size), 1):
        overlay = Overlay(store.state)
        for id_, owner, status in steps[start : start + size]:
            signing = WIRE.SignRequest(id=id_, keyring_addr=keyring(owner), status=status)
            if not state.SIGN_REQUESTS.has(overlay, id_):
                transaction = WIRE.SignTransactionRequest(
                    id=id_, wallet_type=owner, key_ids=[owner, id_], sign_request_id=id_
                )
                state.put_sign_transaction(overlay, transaction, signing)
            signing.keyring_addr = getattr(
                state.SIGN_REQUESTS.get(overlay, id_), "keyring_addr", signing.keyring_addr
            )
            state.put_sign_request(overlay, signing)
        store.commit(Tip("x", height, b""), overlay.changes())
    expected = MemoryStore()
    built(treasury_views.ALL, store.state, expected)
    found = {key: value for key, value in store.rows.iterate(b"") if value != bytes(8)}
    assert found == dict(expected.iterate(b""))
    store.close()


def test_store_without_views__should_get_them_at_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store of the version before has none; a start that is cut off leaves half of them."""
    monkeypatch.setattr(lmdb_store, "BUILD_PAIRS", 7)
    store = LmdbStore(tmp_path, map_bytes=64 * 1024)
    overlay = Overlay(store.state)
    for id_ in range(1, 200):
        request = WIRE.KeyRequest(id=id_, workspace_addr=workspace(1), status=1 + id_ % 2)
        state.put_key_request(overlay, request)
    store.commit(Tip("x", 1, b""), overlay.changes())
    assert list(store.rows.iterate(b"")) == []
    store.keep(treasury_views.ALL)
    expected = dict(store.rows.iterate(b""))
    store.close()
    environment = lmdb.open(str(tmp_path), max_dbs=4, map_size=2**26)
    with environment.begin(write=True) as txn:
        txn.delete(b"views", db=environment.open_db(b"meta", txn=txn))
        for key in list(expected)[::3]:
            txn.delete(key, db=environment.open_db(b"views", txn=txn))
    environment.close()
    again = LmdbStore(tmp_path)
    again.keep(treasury_views.ALL)
    assert dict(again.rows.iterate(b"")) == expected
    counted = treasury_views.KEY_REQUESTS.count(again.rows, (workspace(1), "", 1))
    assert counted == 99
    again.close()
