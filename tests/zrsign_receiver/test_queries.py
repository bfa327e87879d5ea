"""What may be asked of the receiver, and what its authority may change."""

from __future__ import annotations

import pytest

from tests.zrsign_receiver.world import (
    AUTHORITY,
    COMPOSER,
    DIRECT,
    OMNI,
    OWNER,
    SOURCE_CHAIN,
    Account,
    World,
    status_name,
)
from zrchain_lite.errors import Conflict, InvalidArgument, NotFound, Unauthorized
from zrchain_lite.store.pagination import MAX_PAGE_BYTES
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageRequest
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains import BITCOIN, EVM, SOLANA
from zrsign_receiver.reports.intake import MAX_PAYLOAD_BYTES

ANSWERED, SIGNING = pb.REQUEST_STATUS_ANSWERED, pb.REQUEST_STATUS_SIGNING


def ids(world: World, **query: object) -> list[int]:
    request = pb.QueryRequestsRequest(**query)  # type: ignore[arg-type]
    answer = world.query("Requests", request, pb.QueryRequestsResponse)
    return [found.id for found in answer.requests]


def test_requests__should_be_found_by_owner_status_and_source_transaction() -> None:
    world = World()
    other = Account("other")
    first, second, third = world.report(
        world.key_event(), world.key_event(other), world.key_event(index=1)
    )
    world.fulfil()
    (open_,) = world.report(world.key_event(index=2))
    assert ids(world) == [first, second, third, open_]
    assert ids(world, owner=OWNER.evm) == [first, third, open_]
    assert ids(world, owner=OWNER.evm.lower(), status=ANSWERED) == [first, third]
    assert ids(world, status=SIGNING) == [open_]
    tx_hash = world.request(second).event.id.tx_hash
    assert ids(world, tx_hash=tx_hash) == [second]
    assert ids(world, tx_hash=tx_hash, status=SIGNING) == []
    assert ids(world, owner=other.evm, tx_hash=tx_hash) == [second]


def test_requests__should_come_in_pages_that_neither_repeat_nor_skip() -> None:
    world = World()
    made = world.report(*(world.key_event(index=n) for n in range(7)))
    found: list[int] = []
    page = PageRequest(limit=3, count_total=True)
    while True:
        query = pb.QueryRequestsRequest(owner=OWNER.evm, pagination=page)
        answer = world.query("Requests", query, pb.QueryRequestsResponse)
        found += [request.id for request in answer.requests]
        assert page.key or answer.pagination.total == 7
        if not answer.pagination.next_key:
            break
        page = PageRequest(limit=3, key=answer.pagination.next_key)
    assert found == made
    newest = PageRequest(limit=2, reverse=True)
    assert ids(world, pagination=newest) == made[:-3:-1]


def test_request__should_be_found_by_source_event_and_trace() -> None:
    world = World()
    world.wallet()
    event = world.sign_event(pb.REQUEST_KIND_HASH, b"\x01" * 32, trace_id=300)
    (request_id,) = world.report(event)
    by_source = pb.QueryRequestBySourceRequest(source=event.id)
    found = world.query("RequestBySource", by_source, pb.QueryRequestResponse).request
    assert found == world.request(request_id)
    by_trace = pb.QueryRequestByTraceRequest(
        chain=SOURCE_CHAIN, contract=OMNI, trace_id=b"\x01\x2c"
    )
    assert world.query("RequestByTrace", by_trace, pb.QueryRequestResponse).request == found
    by_trace.trace_id = b"\x01\x2d"
    with pytest.raises(NotFound, match="trace 301"):
        world.query("RequestByTrace", by_trace, pb.QueryRequestResponse)
    by_source.source.log_index += 1
    with pytest.raises(NotFound):
        world.query("RequestBySource", by_source, pb.QueryRequestResponse)
    with pytest.raises(NotFound, match="no request 99"):
        world.request(99)


def test_request__should_be_found_by_what_the_treasury_is_asked_for_it() -> None:
    world = World()
    by_key = pb.QueryRequestByKeyRequestRequest(key_request_id=1)
    first, _ = world.report(world.key_event(), world.key_event())
    found = world.query("RequestByKeyRequest", by_key, pb.QueryRequestResponse).request
    assert found == world.request(first), "two wait for one key"
    world.fulfil()
    with pytest.raises(NotFound, match="no contract's request waits"):
        world.query("RequestByKeyRequest", by_key, pb.QueryRequestResponse)
    (request_id,) = world.report(world.sign_event(pb.REQUEST_KIND_HASH, b"\x01" * 32))
    asked = world.request(request_id).sign_request_id
    by_sign = pb.QueryRequestBySignRequestRequest(sign_request_id=asked)
    found = world.query("RequestBySignRequest", by_sign, pb.QueryRequestResponse).request
    assert found == world.request(request_id)
    by_sign.sign_request_id += 1
    with pytest.raises(NotFound, match="for no contract's request"):
        world.query("RequestBySignRequest", by_sign, pb.QueryRequestResponse)


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("Requests", pb.QueryRequestsRequest(tx_hash=b"\x01" * 600)),
        ("Requests", pb.QueryRequestsRequest(owner="x" * 600)),
        ("Requests", pb.QueryRequestsRequest(pagination=PageRequest(key=b"1" * 8, offset=1))),
        ("Wallets", pb.QueryWalletsRequest(owner="0x12")),
        ("RequestByTrace", pb.QueryRequestByTraceRequest(chain="x" * 600, contract=OMNI)),
        (
            "RequestByTrace",
            pb.QueryRequestByTraceRequest(chain=SOURCE_CHAIN, contract=OMNI, trace_id=b"\x01" * 33),
        ),
    ],
)
def test_query__should_be_refused_when_it_makes_no_sense(
    name: str, query: pb.QueryRequestsRequest
) -> None:
    with pytest.raises(InvalidArgument):
        World().query(name, query, pb.QueryRequestsResponse)


def test_wallets__should_list_the_owners_wallets_only() -> None:
    world = World()
    for wallet in (SOLANA, EVM):
        world.wallet(wallet=wallet)
    world.wallet(Account("other"))
    query = pb.QueryWalletsRequest(owner=OWNER.evm)
    found = world.query("Wallets", query, pb.QueryWalletsResponse).wallets
    assert [wallet.coin_type for wallet in found] == [60, 501]
    assert all(wallet.owner_id == OWNER.evm for wallet in found)


def register(world: World, signer: str = AUTHORITY.address, **source: object) -> None:
    values: dict[str, object] = {"chain": SOURCE_CHAIN, "contract": DIRECT, "active": True}
    message = pb.Source(**{**values, **source})  # type: ignore[arg-type]
    world.send(pb.MsgRegisterSource(authority=signer, source=message))


def test_source__should_be_registered_by_the_authority_alone() -> None:
    world = World()
    with pytest.raises(Unauthorized):
        register(world, COMPOSER.address, mode=pb.MODE_OMNI)
    register(world, mode=pb.MODE_OMNI)
    sources = world.query("Sources", pb.QuerySourcesRequest(), pb.QuerySourcesResponse).sources
    assert [source.contract for source in sources] == [OMNI, DIRECT]


def test_source__should_be_stopped_by_registering_it_as_inactive() -> None:
    world = World()
    register(world, contract=OMNI, mode=pb.MODE_OMNI, active=False)
    with pytest.raises(Unauthorized, match="not active"):
        world.report(world.key_event())
    register(world, contract=OMNI, mode=pb.MODE_OMNI)
    assert world.report(world.key_event())


def test_page_of_large_requests__should_end_before_it_is_too_heavy() -> None:
    """A thousand payloads of 64 KiB are no answer that a node should give at once."""
    world = World()
    world.wallet()
    for _ in range(80):
        world.report(world.sign_event(pb.REQUEST_KIND_TX, bytes(MAX_PAYLOAD_BYTES)))
    seen: list[int] = []
    page = PageRequest(limit=1000)
    while True:
        query = pb.QueryRequestsRequest(pagination=page)
        answer = world.query("Requests", query, pb.QueryRequestsResponse)
        assert answer.ByteSize() < MAX_PAGE_BYTES + 1024
        seen += [request.id for request in answer.requests]
        if not answer.pagination.next_key:
            break
        page = PageRequest(limit=1000, key=answer.pagination.next_key)
    assert seen == list(range(1, 82))


def test_authority_key__should_serve_one_contract_and_nobody_else() -> None:
    world = World()
    key_id = world.direct_source()
    with pytest.raises(Conflict, match="reserved for"):
        register(world, contract=OMNI, mode=pb.MODE_DIRECT, authority_key_id=key_id)
    with pytest.raises(Unauthorized, match="reserved"):
        world.treasury.request_signature(
            world.ctx(), creator=AUTHORITY.address, key_ids=[key_id], items=[b"\x01" * 32]
        )
    bitcoin = world.wallet(wallet=BITCOIN).key_id
    with pytest.raises(InvalidArgument, match="ECDSA"):
        register(world, mode=pb.MODE_DIRECT, authority_key_id=bitcoin)
    with pytest.raises(NotFound):
        register(world, mode=pb.MODE_DIRECT, authority_key_id=999)
    with pytest.raises(InvalidArgument, match="no authority key"):
        register(world, mode=pb.MODE_OMNI, authority_key_id=key_id)
    with pytest.raises(InvalidArgument, match="no typed answers"):
        register(world, mode=pb.MODE_OMNI, typed_answers=True)
    with pytest.raises(InvalidArgument, match="neither"):
        register(world)


def test_authority_key__should_serve_no_other_contract_after_it_was_replaced() -> None:
    """What it signed for the first contract would be an answer of the second, too."""
    world = World()
    first = world.direct_source()
    second = world.direct_source()
    assert second != first
    with pytest.raises(Conflict, match="reserved for"):
        register(world, contract=OMNI, mode=pb.MODE_DIRECT, authority_key_id=first)
    register(world, mode=pb.MODE_DIRECT, authority_key_id=first)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("observer_threshold", 0),
        ("observer_threshold", 4),
        ("observers", [AUTHORITY.address, AUTHORITY.address]),
        ("relayers", ["zen1nobody"]),
        ("fee_payer", "nobody"),
        ("keyring_addr", "workspace14a2hpadpsy9h4auve2z8lw"),
        ("destinations", ["eip155:1", "eip155:1"]),
        ("destinations", ["mars:1"]),
        ("max_network_fee", {"eip155": "-1"}),
        ("max_network_fee", {"eip155": "lots"}),
    ],
)
def test_params__should_be_refused_when_they_make_no_sense(field: str, value: object) -> None:
    world = World()
    params = world.query("Params", pb.QueryParamsRequest(), pb.QueryParamsResponse).params
    params.ClearField(field)
    params.MergeFrom(pb.Params(**{field: value}))  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument):
        world.send(pb.MsgUpdateParams(authority=AUTHORITY.address, params=params))


def test_params__should_be_changed_by_the_authority_alone() -> None:
    world = World()
    params = world.query("Params", pb.QueryParamsRequest(), pb.QueryParamsResponse).params
    params.observer_threshold = 2
    with pytest.raises(Unauthorized):
        world.send(pb.MsgUpdateParams(authority=COMPOSER.address, params=params))
    world.send(pb.MsgUpdateParams(authority=AUTHORITY.address, params=params))
    (request_id,) = world.report(world.key_event())
    assert status_name(world.request(request_id)) == "OBSERVED"
