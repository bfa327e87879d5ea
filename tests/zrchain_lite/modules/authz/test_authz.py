"""Grants, as their owners use them and as strangers try to get around them."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from tests.cost import processor_seconds
from tests.zrchain_lite.chain import ALICE, BOB, CAROL, FEE, FUNDS, NOBODY, Chain, genesis, transfer
from zrchain_lite.client import Account
from zrchain_lite.store.expiries import PAGE
from zrchain_lite.tx import MAX_ANYS, pack
from zrchain_lite.wire.cosmos.authz.v1beta1 import query_pb2 as q
from zrchain_lite.wire.cosmos.authz.v1beta1.authz_pb2 import GenericAuthorization, Grant
from zrchain_lite.wire.cosmos.authz.v1beta1.tx_pb2 import (
    MsgExec,
    MsgExecResponse,
    MsgGrant,
    MsgRevoke,
)
from zrchain_lite.wire.cosmos.bank.v1beta1.authz_pb2 import SendAuthorization
from zrchain_lite.wire.cosmos.bank.v1beta1.tx_pb2 import MsgMultiSend, MsgSend
from zrchain_lite.wire.cosmos.base.abci.v1beta1.abci_pb2 import TxMsgData
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrchain_lite.wire.tendermint.abci.types_pb2 import ExecTxResult
from zrchain_lite.wire.zrchain.identity.identity_pb2 import MsgNewWorkspace

SEND = "/" + MsgSend.DESCRIPTOR.full_name
EXEC = "/" + MsgExec.DESCRIPTOR.full_name


def moment(ms: int) -> Timestamp:
    made = Timestamp()
    made.FromMilliseconds(ms)
    return made


def grant(
    granter: Account, grantee: Account, authorization: Message, until_ms: int | None = None
) -> MsgGrant:
    given = Grant(authorization=pack(authorization))
    if until_ms is not None:
        given.expiration.CopyFrom(moment(until_ms))
    return MsgGrant(granter=granter.address, grantee=grantee.address, grant=given)


def sends(limit: int, *allowed: Account) -> SendAuthorization:
    return SendAuthorization(
        spend_limit=[Coin(denom="urock", amount=str(limit))],
        allow_list=[each.address for each in allowed],
    )


def any_of(kind: type[Message]) -> GenericAuthorization:
    return GenericAuthorization(msg="/" + kind.DESCRIPTOR.full_name)


def execute(grantee: Account, *messages: Message) -> MsgExec:
    return MsgExec(grantee=grantee.address, msgs=[pack(message) for message in messages])


def run(chain: Chain, account: Account, *messages: Message, **options: Any) -> ExecTxResult:
    (result,) = chain.block(chain.tx(account, *messages, **options)).results.tx_results
    return result


def grants_of(chain: Chain, granter: Account, grantee: Account) -> list[Grant]:
    request = q.QueryGrantsRequest(granter=granter.address, grantee=grantee.address)
    answer = chain.app.answer("/cosmos.authz.v1beta1.Query/Grants", request)
    assert isinstance(answer, q.QueryGrantsResponse)
    return list(answer.grants)


def test_exec__should_send_within_the_limit_and_end_the_grant_with_it(chain: Chain) -> None:
    assert run(chain, ALICE, grant(ALICE, BOB, sends(10))).code == 0
    done = run(chain, BOB, execute(BOB, transfer(ALICE, CAROL, 4), transfer(ALICE, CAROL, 3)))
    assert done.code == 0, done.log
    (packed,) = TxMsgData.FromString(done.data).msg_responses
    assert len(MsgExecResponse.FromString(packed.value).results) == 2
    places = [
        attribute.value
        for event in done.events
        for attribute in event.attributes
        if event.type == "transfer" and attribute.key == "authz_msg_index"
    ]
    assert places == ["0", "1"]
    (left,) = grants_of(chain, ALICE, BOB)
    assert SendAuthorization.FromString(left.authorization.value) == sends(3)
    over = run(chain, BOB, execute(BOB, transfer(ALICE, CAROL, 4)))
    assert (over.code, over.codespace) == (5, "sdk")
    assert run(chain, BOB, execute(BOB, transfer(ALICE, CAROL, 3))).code == 0
    assert grants_of(chain, ALICE, BOB) == []
    assert run(chain, BOB, execute(BOB, transfer(ALICE, CAROL, 1))).code == 2
    assert chain.balance(CAROL) == FUNDS + 10


def test_exec__should_be_all_or_nothing(chain: Chain) -> None:
    run(chain, ALICE, grant(ALICE, BOB, sends(10)))
    failed = run(chain, BOB, execute(BOB, transfer(ALICE, CAROL, 4), transfer(ALICE, CAROL, 7)))
    assert failed.code == 5
    assert chain.balance(CAROL) == FUNDS
    (left,) = grants_of(chain, ALICE, BOB)
    assert SendAuthorization.FromString(left.authorization.value) == sends(10)


def test_send_grant__should_hold_for_listed_recipients(chain: Chain) -> None:
    run(chain, ALICE, grant(ALICE, BOB, sends(10, CAROL)))
    assert run(chain, BOB, execute(BOB, transfer(ALICE, BOB, 1))).code == 4
    assert run(chain, BOB, execute(BOB, transfer(ALICE, CAROL, 1))).code == 0


@pytest.mark.parametrize(
    "message",
    [
        execute(BOB, transfer(ALICE, BOB, 5)),
        execute(BOB, execute(BOB, transfer(ALICE, BOB, 5))),
        execute(BOB, execute(ALICE, transfer(ALICE, BOB, 5))),
        execute(BOB, execute(CAROL, transfer(ALICE, BOB, 5))),
        execute(BOB, grant(ALICE, BOB, any_of(MsgSend))),
        execute(BOB, transfer(BOB, CAROL, 1), transfer(ALICE, BOB, 5)),
        execute(BOB, MsgNewWorkspace(creator=ALICE.address)),
    ],
    ids=["plain", "nested", "as the granter", "as another", "a grant", "after one's own", "other"],
)
def test_exec__should_refuse_a_stranger(chain: Chain, message: MsgExec) -> None:
    """Carol granted transfers to Bob; Alice granted Bob nothing."""
    run(chain, CAROL, grant(CAROL, BOB, any_of(MsgSend)))
    before = chain.balance(ALICE)
    refused = run(chain, BOB, message)
    assert (refused.code, refused.codespace) == (2, "authz"), refused.log
    assert chain.balance(ALICE) == before


def test_exec__should_need_a_grant_at_every_level(chain: Chain) -> None:
    """Alice lets Bob send; Bob lets Carol execute, and not send."""
    run(chain, ALICE, grant(ALICE, BOB, any_of(MsgSend)))
    inside = execute(BOB, transfer(ALICE, CAROL, 5))
    assert run(chain, CAROL, execute(CAROL, inside)).code == 2
    run(chain, BOB, grant(BOB, CAROL, any_of(MsgExec)))
    assert run(chain, CAROL, execute(CAROL, inside)).code == 0
    assert run(chain, CAROL, execute(CAROL, transfer(ALICE, CAROL, 5))).code == 2
    assert chain.balance(ALICE) == FUNDS - 5 - FEE


def test_exec__should_need_no_grant_for_ones_own(chain: Chain) -> None:
    assert run(chain, BOB, execute(BOB, transfer(BOB, CAROL, 5))).code == 0
    nobody = execute(BOB)
    assert run(chain, BOB, nobody).code == 1505


def test_exec__should_be_bounded_in_depth_and_number(chain: Chain) -> None:
    deep: Message = transfer(BOB, CAROL, 1)
    for _ in range(8):
        deep = execute(BOB, deep)
    assert run(chain, BOB, deep, gas_limit=10**6, fee=100).code == 0
    assert "nested deeper" in chain.send(chain.tx(BOB, execute(BOB, deep))).log
    wide = execute(BOB, *[execute(BOB, *[transfer(BOB, CAROL)] * 200)] * 30)
    tx = chain.tx(BOB, wide, gas_limit=40_000_000, fee=4000)
    with processor_seconds(0.5):
        refused = chain.send(tx)
    assert f"more than {MAX_ANYS}" in refused.log


def test_grant__should_end_at_its_time(chain: Chain) -> None:
    now = chain.app.time_ms
    end = now + 60_000
    assert run(chain, ALICE, grant(ALICE, BOB, any_of(MsgSend), end)).code == 0
    assert run(chain, BOB, execute(BOB, transfer(ALICE, CAROL, 1))).code == 0
    chain.clock.ms = end + 1
    refused = run(chain, BOB, execute(BOB, transfer(ALICE, CAROL, 1)))
    assert refused.codespace == "authz"
    assert refused.code in (2, 6)
    assert grants_of(chain, ALICE, BOB) == []
    assert run(chain, ALICE, grant(ALICE, BOB, any_of(MsgSend), end)).code == 3
    assert chain.balance(CAROL) == FUNDS + 1


def test_grant__should_be_replaced_with_its_end(chain: Chain) -> None:
    soon, late = chain.app.time_ms + 60_000, chain.app.time_ms + 3_600_000
    run(chain, ALICE, grant(ALICE, BOB, any_of(MsgSend), soon))
    run(chain, ALICE, grant(ALICE, BOB, sends(9), late))
    chain.clock.ms = soon + 60_000
    chain.block()
    (left,) = grants_of(chain, ALICE, BOB)
    assert (left.authorization, left.expiration) == (pack(sends(9)), moment(late))


def test_grants__should_be_pruned_in_pages(chain: Chain) -> None:
    end = chain.app.time_ms + 60_000
    others = [Account.from_secret((10**6 + n).to_bytes(32, "big")) for n in range(PAGE + 30)]
    for part in (others[:120], others[120:]):
        messages = [grant(ALICE, other, any_of(MsgSend), end) for other in part]
        assert run(chain, ALICE, *messages, gas_limit=20_000_000, fee=2000).code == 0
    chain.clock.ms = end + 60_000
    left = []
    for _ in range(3):
        chain.block()
        left.append(sum(1 for _ in chain.store.state.iterate(b"authz/")))
    assert left == [60, 0, 0], "a grant and its end, for each"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (grant(ALICE, ALICE, GenericAuthorization(msg=SEND)), 7),
        (grant(ALICE, BOB, GenericAuthorization(msg="/cosmos.bank.v1beta1.MsgBurn")), 6),
        (grant(ALICE, BOB, SendAuthorization()), 10),
        (grant(ALICE, BOB, sends(5, CAROL, CAROL)), 36),
        (grant(ALICE, BOB, sends(5), until_ms=0), 3),
        (grant(ALICE, BOB, transfer(ALICE, BOB)), 29),
        (MsgGrant(granter=ALICE.address, grantee=BOB.address), 29),
        (MsgGrant(granter=ALICE.address, grantee="zen1x"), 29),
        (MsgRevoke(granter=ALICE.address, grantee=BOB.address, msg_type_url=SEND), 38),
        (MsgRevoke(granter=ALICE.address, grantee=BOB.address, msg_type_url="x" * 9_000), 38),
    ],
)
def test_grant__should_refuse_what_cannot_be_granted(
    chain: Chain, message: Message, code: int
) -> None:
    assert run(chain, ALICE, message, gas_limit=10**6, fee=100).code == code
    assert not any(chain.store.state.iterate(b"authz/"))


def test_revoke__should_end_a_grant(chain: Chain) -> None:
    run(chain, ALICE, grant(ALICE, BOB, any_of(MsgSend), chain.app.time_ms + 10**9))
    end = MsgRevoke(granter=ALICE.address, grantee=BOB.address, msg_type_url=SEND)
    assert chain.send(chain.tx(BOB, end)).code != 0, "only the granter may"
    assert run(chain, ALICE, end).code == 0
    assert run(chain, BOB, execute(BOB, transfer(ALICE, BOB, 5))).code == 2
    assert not any(chain.store.state.iterate(b"authz/"))


def test_grantee__should_get_an_account(chain: Chain) -> None:
    run(chain, ALICE, grant(ALICE, NOBODY, any_of(MsgSend)))
    assert chain.sequence(NOBODY) == 0


def test_several_senders__should_not_pass_through_exec(chain: Chain) -> None:
    run(chain, ALICE, grant(ALICE, BOB, any_of(MsgMultiSend)))
    assert run(chain, BOB, execute(BOB, MsgMultiSend())).code == 18


def test_queries__should_list_grants_from_both_sides(chain: Chain) -> None:
    run(chain, ALICE, grant(ALICE, BOB, any_of(MsgSend)), grant(ALICE, CAROL, any_of(MsgExec)))
    run(chain, CAROL, grant(CAROL, BOB, any_of(MsgExec)))
    given = chain.app.answer(
        "/cosmos.authz.v1beta1.Query/GranterGrants",
        q.QueryGranterGrantsRequest(granter=ALICE.address),
    )
    got = chain.app.answer(
        "/cosmos.authz.v1beta1.Query/GranteeGrants",
        q.QueryGranteeGrantsRequest(grantee=BOB.address),
    )
    assert isinstance(given, q.QueryGranterGrantsResponse)
    assert isinstance(got, q.QueryGranteeGrantsResponse)
    assert {each.grantee for each in given.grants} == {BOB.address, CAROL.address}
    assert {each.granter for each in got.grants} == {ALICE.address, CAROL.address}
    assert got.pagination.total == 2
    one = q.QueryGrantsRequest(granter=CAROL.address, grantee=BOB.address, msg_type_url=EXEC)
    answer = chain.app.answer("/cosmos.authz.v1beta1.Query/Grants", one)
    assert answer.grants == [Grant(authorization=pack(any_of(MsgExec)))]  # type: ignore[attr-defined]


def test_genesis__should_bring_grants(tmp_path: object) -> None:
    entry = {
        "granter": ALICE.address,
        "grantee": BOB.address,
        "authorization": {"@type": "/cosmos.authz.v1beta1.GenericAuthorization", "msg": SEND},
    }
    past = entry | {"grantee": CAROL.address, "expiration": "2020-01-01T00:00:00Z"}
    chain = Chain(tmp_path / "home", first=genesis(authz={"authorization": [entry, past]}))  # type: ignore[operator]
    try:
        assert run(chain, BOB, execute(BOB, transfer(ALICE, BOB, 5))).code == 0
        assert grants_of(chain, ALICE, CAROL) == []
        exported = chain.app.export().app_state["authz"]["state"]
        assert [each["type"] for each in exported] == ["cosmos.authz.v1beta1.GrantAuthorization"]
    finally:
        chain.close()


def test_hidden_any__should_not_pass_for_a_message(chain: Chain) -> None:
    """An Any inside an Any that claims to be a message of another type."""
    run(chain, ALICE, grant(ALICE, BOB, any_of(MsgSend)))
    hidden = Packed(type_url=SEND, value=pack(transfer(ALICE, BOB)).SerializeToString())
    refused = run(chain, BOB, MsgExec(grantee=BOB.address, msgs=[hidden]))
    assert (refused.code, refused.codespace) == (2, "authz")
