"""Allowances: a granter pays within them, also for what fails, and never beyond."""

from __future__ import annotations

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from tests.zrchain_lite.chain import (
    ALICE,
    BOB,
    CAROL,
    CHAIN_ID,
    FUNDS,
    GAS,
    NOBODY,
    Chain,
    genesis,
    transfer,
)
from tests.zrchain_lite.modules.authz.test_authz import execute, moment, run
from zrchain_lite.client import Account
from zrchain_lite.modules.auth.keeper import module_address
from zrchain_lite.store.expiries import PAGE
from zrchain_lite.tx import build, pack
from zrchain_lite.wire.cosmos.bank.v1beta1.tx_pb2 import MsgSend
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrchain_lite.wire.cosmos.feegrant.v1beta1 import query_pb2 as q
from zrchain_lite.wire.cosmos.feegrant.v1beta1.feegrant_pb2 import (
    AllowedMsgAllowance,
    BasicAllowance,
    PeriodicAllowance,
)
from zrchain_lite.wire.cosmos.feegrant.v1beta1.tx_pb2 import (
    MsgGrantAllowance,
    MsgPruneAllowances,
    MsgRevokeAllowance,
)
from zrchain_lite.wire.tendermint.abci.types_pb2 import ExecTxResult

SEND = "/" + MsgSend.DESCRIPTOR.full_name
WEEK_MS = 7 * 24 * 3600 * 1000


def coins(amount: int) -> list[Coin]:
    return [Coin(denom="urock", amount=str(amount))]


def basic(limit: int = 0, until_ms: int | None = None) -> BasicAllowance:
    end = None if until_ms is None else moment(until_ms)
    return BasicAllowance(spend_limit=coins(limit) if limit else [], expiration=end)


def allow(granter: Account, grantee: Account, allowance: Message) -> MsgGrantAllowance:
    return MsgGrantAllowance(
        granter=granter.address, grantee=grantee.address, allowance=pack(allowance)
    )


def pays(
    chain: Chain, who: Account, *messages: Message, granter: Account = ALICE, fee: int = 20
) -> ExecTxResult:
    """What a transaction of `who` gives whose fee `granter` is to pay."""
    tx = chain.tx(who, *messages, granter=granter.address, fee=fee)
    check = chain.send(tx)
    if check.code:
        return ExecTxResult(code=check.code, codespace=check.codespace, log=check.log)
    (result,) = chain.engine.make_block().results.tx_results
    return result


def left(chain: Chain, granter: Account, grantee: Account) -> Message | None:
    request = q.QueryAllowancesRequest(grantee=grantee.address)
    answer = chain.app.answer("/cosmos.feegrant.v1beta1.Query/Allowances", request)
    assert isinstance(answer, q.QueryAllowancesResponse)
    for each in answer.allowances:
        if each.granter == granter.address:
            kind = next(
                kind
                for kind in (BasicAllowance, PeriodicAllowance, AllowedMsgAllowance)
                if each.allowance.TypeName() == kind.DESCRIPTOR.full_name
            )
            found: Message = kind.FromString(each.allowance.value)
            return found
    return None


def test_granter__should_pay_for_an_account_without_coins(chain: Chain) -> None:
    run(chain, ALICE, allow(ALICE, NOBODY, basic(100)))
    before = chain.balance(ALICE)
    failed = pays(chain, NOBODY, transfer(NOBODY, BOB))
    assert failed.code == 5, "it has no coins to send, and its fee is paid all the same"
    assert chain.balance(ALICE) == before - 20
    assert chain.sequence(NOBODY) == 1
    assert left(chain, ALICE, NOBODY) == basic(80)
    payers = {a.value for e in failed.events for a in e.attributes if a.key == "fee_payer"}
    assert payers == {ALICE.address}


def test_limit__should_hold_and_end_the_allowance_with_its_last_coin(chain: Chain) -> None:
    run(chain, ALICE, allow(ALICE, BOB, basic(50)))
    before = chain.balance(ALICE)
    for _ in range(2):
        assert pays(chain, BOB, transfer(BOB, CAROL)).code == 0
    over = pays(chain, BOB, transfer(BOB, CAROL))
    assert (over.code, over.codespace) == (2, "feegrant")
    assert pays(chain, BOB, transfer(BOB, CAROL), fee=21).code == 2
    assert left(chain, ALICE, BOB) == basic(10)
    assert chain.balance(ALICE) == before - 40
    run(chain, ALICE, MsgRevokeAllowance(granter=ALICE.address, grantee=BOB.address))
    assert pays(chain, BOB, transfer(BOB, CAROL)).code == 5
    run(chain, ALICE, allow(ALICE, BOB, basic(20)))
    assert pays(chain, BOB, transfer(BOB, CAROL)).code == 0
    assert left(chain, ALICE, BOB) is None


def test_simulation__should_take_nothing_from_an_allowance(chain: Chain) -> None:
    """A wallet asks for the gas before it knows the fee."""
    run(chain, ALICE, allow(ALICE, BOB, basic(30)))
    tx = chain.tx(BOB, transfer(BOB, CAROL), granter=ALICE.address, fee=1000)
    _, ctx = chain.checked(tx, simulate=True)
    assert [event.type for event in ctx.events if "feegrant" in event.type] == ["use_feegrant"]


def test_waiting_transactions__should_count_against_the_limit(chain: Chain) -> None:
    run(chain, ALICE, allow(ALICE, BOB, basic(30)))
    first, second = (
        chain.tx(BOB, transfer(BOB, CAROL), ahead=n, granter=ALICE.address) for n in range(2)
    )
    assert chain.send(first).code == 0
    assert (chain.send(second).code, chain.send(second).codespace) == (2, "feegrant")


@pytest.mark.parametrize("granter", [BOB, CAROL], ids=["without a grant", "the other way round"])
def test_stranger__should_not_make_others_pay(chain: Chain, granter: Account) -> None:
    run(chain, ALICE, allow(ALICE, CAROL, basic()))
    refused = pays(chain, ALICE, transfer(ALICE, BOB), granter=granter)
    assert (refused.code, refused.codespace) == (5, "feegrant")
    inside = pays(chain, BOB, execute(BOB, transfer(BOB, CAROL)))
    assert (inside.code, inside.codespace) == (5, "feegrant")
    assert chain.balance(BOB) == FUNDS


def test_module__should_not_pay(chain: Chain) -> None:
    tx = chain.tx(BOB, transfer(BOB, CAROL), granter=module_address("fee_collector"))
    assert chain.send(tx).code == 5
    assert chain.send(chain.tx(BOB, transfer(BOB, CAROL), granter="zen1x")).code == 7


def test_poor_granter__should_not_be_charged(chain: Chain) -> None:
    run(chain, ALICE, allow(ALICE, NOBODY, basic()))
    run(chain, BOB, transfer(BOB, NOBODY, 1))
    run(chain, NOBODY, allow(NOBODY, BOB, basic()), granter=ALICE.address)
    refused = pays(chain, BOB, transfer(BOB, CAROL), granter=NOBODY)
    assert (refused.code, refused.codespace) == (5, "sdk")
    assert chain.balance(NOBODY) == 1


def test_period__should_limit_and_begin_again(chain: Chain) -> None:
    allowance = PeriodicAllowance(
        basic=basic(70),
        period=Duration(seconds=3600),
        period_spend_limit=coins(40),
        period_can_spend=coins(40),
        period_reset=moment(chain.app.time_ms + 3_600_000),
    )
    run(chain, ALICE, allow(ALICE, BOB, allowance))
    assert pays(chain, BOB, transfer(BOB, CAROL), fee=30).code == 0
    assert pays(chain, BOB, transfer(BOB, CAROL), fee=20).code == 2, "the period's limit"
    chain.clock.ms += 3_600_000
    chain.block()
    assert pays(chain, BOB, transfer(BOB, CAROL), fee=20).code == 0
    chain.clock.ms += 3 * 3_600_000
    chain.block()
    assert pays(chain, BOB, transfer(BOB, CAROL), fee=21).code == 2, "the whole limit"
    assert pays(chain, BOB, transfer(BOB, CAROL), fee=20).code == 0
    assert left(chain, ALICE, BOB) is None


def test_allowed_messages__should_be_the_only_ones(chain: Chain) -> None:
    limited = AllowedMsgAllowance(allowance=pack(basic(100)), allowed_messages=[SEND])
    run(chain, ALICE, allow(ALICE, BOB, limited))
    for refused in (
        [allow(BOB, CAROL, basic())],
        [transfer(BOB, CAROL), allow(BOB, CAROL, basic())],
        [execute(BOB, transfer(BOB, CAROL))],
    ):
        assert pays(chain, BOB, *refused).code == 7
    assert pays(chain, BOB, transfer(BOB, CAROL)).code == 0
    limited.allowance.CopyFrom(pack(basic(80)))
    assert left(chain, ALICE, BOB) == limited


def test_allowance__should_end_at_its_time(chain: Chain) -> None:
    end = chain.app.time_ms + 60_000
    run(chain, ALICE, allow(ALICE, BOB, basic(100, end)))
    assert pays(chain, BOB, transfer(BOB, CAROL)).code == 0
    chain.clock.ms = end + 1
    chain.block()
    late = pays(chain, BOB, transfer(BOB, CAROL))
    assert late.codespace == "feegrant"
    assert late.code in (3, 5)
    chain.block()
    assert not any(chain.store.state.iterate(b"feegrant/"))


def test_allowances__should_be_pruned_in_pages(chain: Chain) -> None:
    end = chain.app.time_ms + WEEK_MS
    others = [Account.from_secret((10**6 + n).to_bytes(32, "big")) for n in range(PAGE + 100)]
    for part in (others[:150], others[150:]):
        messages = [allow(ALICE, other, basic(5, end)) for other in part]
        assert run(chain, ALICE, *messages, gas_limit=30_000_000, fee=3000).code == 0
    chain.clock.ms = end + 60_000
    counted = []
    run(chain, BOB, MsgPruneAllowances(pruner=BOB.address), gas_limit=10**6, fee=100)
    counted.append(sum(1 for _ in chain.store.state.iterate(b"feegrant/")))
    chain.block()
    counted.append(sum(1 for _ in chain.store.state.iterate(b"feegrant/")))
    assert counted == [2 * 25, 0], "200 by the block and 75 by the message, then the rest"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (allow(ALICE, ALICE, basic()), 7),
        (allow(ALICE, BOB, basic(5, until_ms=0)), 18),
        (allow(ALICE, BOB, BasicAllowance(spend_limit=[*coins(1), *coins(1)])), 10),
        (allow(ALICE, BOB, BasicAllowance(spend_limit=[Coin(denom="urock", amount="0")])), 10),
        (allow(ALICE, BOB, PeriodicAllowance(basic=basic())), 10),
        (allow(ALICE, BOB, PeriodicAllowance(period_spend_limit=coins(1))), 4),
        (
            allow(
                ALICE,
                BOB,
                PeriodicAllowance(period_spend_limit=coins(1), period=Duration(seconds=-5)),
            ),
            4,
        ),
        (allow(ALICE, BOB, AllowedMsgAllowance(allowance=pack(basic()))), 6),
        (allow(ALICE, BOB, AllowedMsgAllowance(allowed_messages=[SEND])), 29),
        (allow(ALICE, BOB, transfer(ALICE, BOB)), 29),
        (MsgRevokeAllowance(granter=ALICE.address, grantee=BOB.address), 38),
    ],
)
def test_allowance__should_refuse_what_cannot_be_given(
    chain: Chain, message: Message, code: int
) -> None:
    refused = run(chain, ALICE, message)
    assert refused.code == code, refused.log
    assert not any(chain.store.state.iterate(b"feegrant/"))


def test_allowance__should_be_given_once(chain: Chain) -> None:
    run(chain, ALICE, allow(ALICE, BOB, basic(5)))
    assert run(chain, ALICE, allow(ALICE, BOB, basic())).code == 18
    assert left(chain, ALICE, BOB) == basic(5)


def test_named_payer__should_pay_when_it_signs(chain: Chain) -> None:
    def tx(*signers: Account) -> bytes:
        return build(
            [transfer(BOB, CAROL)],
            [chain.signer(each) for each in signers],
            chain_id=CHAIN_ID,
            gas_limit=GAS,
            fee=20,
            payer=ALICE.address,
        )

    assert chain.send(tx(BOB)).code == 4
    chain.block(tx(BOB, ALICE))
    assert (chain.balance(ALICE), chain.balance(BOB)) == (FUNDS - 20, FUNDS - 1)
    assert (chain.sequence(ALICE), chain.sequence(BOB)) == (1, 1)


def test_queries__should_find_allowances_from_both_sides(chain: Chain) -> None:
    run(chain, ALICE, allow(ALICE, BOB, basic(5)), allow(ALICE, CAROL, basic(6)))
    by_granter = chain.app.answer(
        "/cosmos.feegrant.v1beta1.Query/AllowancesByGranter",
        q.QueryAllowancesByGranterRequest(granter=ALICE.address),
    )
    one = chain.app.answer(
        "/cosmos.feegrant.v1beta1.Query/Allowance",
        q.QueryAllowanceRequest(granter=ALICE.address, grantee=CAROL.address),
    )
    assert isinstance(by_granter, q.QueryAllowancesByGranterResponse)
    assert isinstance(one, q.QueryAllowanceResponse)
    assert {each.grantee for each in by_granter.allowances} == {BOB.address, CAROL.address}
    assert one.allowance.allowance == pack(basic(6))


def test_genesis__should_bring_allowances(tmp_path: object) -> None:
    entry = {
        "granter": ALICE.address,
        "grantee": NOBODY.address,
        "allowance": {"@type": "/cosmos.feegrant.v1beta1.BasicAllowance"},
    }
    chain = Chain(tmp_path / "home", first=genesis(feegrant={"allowances": [entry]}))  # type: ignore[operator]
    try:
        assert pays(chain, NOBODY, transfer(NOBODY, BOB)).code == 5
        assert chain.sequence(NOBODY) == 1
    finally:
        chain.close()
