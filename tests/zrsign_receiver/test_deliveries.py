"""What relayers report about deliveries."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zrsign_receiver import transactions
from tests.zrsign_receiver.world import (
    AUTHORITY,
    COMPOSER,
    DIRECT,
    EVM_CHAIN,
    OMNI,
    OWNER,
    RELAYER,
    World,
    status_name,
    step_names,
)
from zrchain_lite.errors import Conflict, InvalidArgument, NotFound, Unauthorized
from zrchain_lite.modules.treasury.transactions import prepare
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains import chain_for
from zrsign_receiver.answers.deliveries import REORGANISED, progress
from zrsign_receiver.state import MAX_STEPS

OPEN, SUBMITTED = pb.DELIVERY_STATUS_OPEN, pb.DELIVERY_STATUS_SUBMITTED
CONFIRMED, FAILED = pb.DELIVERY_STATUS_CONFIRMED, pb.DELIVERY_STATUS_FAILED
TRANSACTION, ANSWER = pb.DELIVERY_KIND_TRANSACTION, pb.DELIVERY_KIND_ANSWER

reported = st.builds(
    pb.MsgReportDelivery,
    status=st.sampled_from((SUBMITTED, CONFIRMED, FAILED)),
    tx_id=st.sampled_from(("", "0x1", "0x2")),
    detail=st.just("why"),
)


@given(st.lists(reported, max_size=12))
def test_progress__should_only_move_forward_and_know_what_it_heard(
    reports: list[pb.MsgReportDelivery],
) -> None:
    delivery = pb.Delivery(kind=TRANSACTION, chain=EVM_CHAIN, status=OPEN)
    for report in reports:
        try:
            after = progress(delivery, report)
        except Conflict:
            assert {delivery.status, report.status} == {CONFIRMED, FAILED}
            continue
        if after is None:
            continue
        assert after.status >= delivery.status
        assert delivery.status not in (CONFIRMED, FAILED)
        assert progress(after, report) is None
        delivery = after


def delivering(world: World, *, contract: str, broadcast: bool = True) -> int:
    world.wallet()
    event = world.sign_event(
        pb.REQUEST_KIND_TX, transactions.evm(), broadcast=broadcast, contract=contract
    )
    (request_id,) = world.report(event)
    world.fulfil()
    world.fulfil()
    assert status_name(world.request(request_id)) == "DELIVERING"
    return request_id


def outgoing(world: World) -> list[pb.Outgoing]:
    query = pb.QueryOutgoingRequest()
    return list(world.query("Outgoing", query, pb.QueryOutgoingResponse).outgoing)


def test_outgoing__should_carry_all_that_the_contract_asked_but_the_payload() -> None:
    world = World()
    request_id = delivering(world, contract=OMNI)
    asked = world.request(request_id).event.sign
    (found,) = outgoing(world)
    assert found.unsigned_transaction == asked.payload
    asked.ClearField("payload")
    assert found.ask == asked
    assert found.ask.broadcast


def test_outgoing_that_is_named__should_be_shown_when_it_has_ended_too() -> None:
    world = World()
    request_id = delivering(world, contract=OMNI)
    (found,) = outgoing(world)
    world.deliver(request_id, CONFIRMED, TRANSACTION)
    assert outgoing(world) == []
    number = found.sign_transaction_request_id
    query = pb.QueryOutgoingRequest(sign_transaction_request_id=number)
    (ended,) = world.query("Outgoing", query, pb.QueryOutgoingResponse).outgoing
    assert ended.delivery.status == CONFIRMED
    ended.delivery.CopyFrom(found.delivery)
    assert ended == found
    unknown = pb.QueryOutgoingRequest(sign_transaction_request_id=number + 1)
    with pytest.raises(NotFound):
        world.query("Outgoing", unknown, pb.QueryOutgoingResponse)


def direct() -> tuple[World, int]:
    world = World()
    world.direct_source()
    return world, delivering(world, contract=DIRECT)


def test_direct_request__should_be_confirmed_when_both_deliveries_are() -> None:
    world, request_id = direct()
    world.deliver(request_id, CONFIRMED, TRANSACTION)
    assert status_name(world.request(request_id)) == "DELIVERING"
    world.deliver(request_id, SUBMITTED, ANSWER)
    world.deliver(request_id, CONFIRMED, ANSWER)
    request = world.request(request_id)
    assert status_name(request) == "CONFIRMED"
    assert step_names(request)[-3:] == [
        "transaction_confirmed",
        "answer_submitted",
        "answer_confirmed",
    ]


def test_failed_transaction__should_reject_the_request_once_the_answer_is_delivered() -> None:
    world, request_id = direct()
    world.deliver(request_id, FAILED, TRANSACTION)
    assert status_name(world.request(request_id)) == "DELIVERING"
    assert outgoing(world) == []
    world.deliver(request_id, CONFIRMED, ANSWER)
    assert world.request(request_id).reject_reason == (
        f"delivery_failed: transaction to {EVM_CHAIN}: reverted"
    )


def report(world: World, request_id: int, **fields: Any) -> None:
    world.send(
        pb.MsgReportDelivery(
            relayer=RELAYER.address, request_id=request_id, kind=TRANSACTION, **fields
        )
    )


def transaction_of(world: World, request_id: int) -> pb.Delivery:
    return next(d for d in world.request(request_id).deliveries if d.kind == TRANSACTION)


def test_reason_to_wait__should_be_shown_and_be_no_step() -> None:
    world = World()
    request_id = delivering(world, contract=OMNI)
    steps = step_names(world.request(request_id))
    report(world, request_id, status=OPEN, detail="insufficient funds")
    assert transaction_of(world, request_id).detail == "insufficient funds"
    assert step_names(world.request(request_id)) == steps
    report(world, request_id, status=SUBMITTED, tx_id="0x1")
    assert transaction_of(world, request_id).detail == ""
    report(world, request_id, status=SUBMITTED, tx_id="0x1", detail="pending")
    # Another relayer's node has not seen it yet.
    report(world, request_id, status=OPEN, detail="a node that lags")
    assert transaction_of(world, request_id).detail == "pending"
    assert step_names(world.request(request_id)) == [*steps, "transaction_submitted"]
    with pytest.raises(InvalidArgument):
        report(world, request_id, status=OPEN)


def test_reorganised_transaction__should_be_delivering_again_until_it_ends() -> None:
    world = World()
    request_id = delivering(world, contract=OMNI)
    world.deliver(request_id, CONFIRMED, TRANSACTION)
    assert status_name(world.request(request_id)) == "CONFIRMED"
    tx_id = transaction_of(world, request_id).tx_id
    # A relayer that comes late, and one whose node says why it waits, undo nothing.
    report(world, request_id, status=SUBMITTED, tx_id=tx_id)
    report(world, request_id, status=SUBMITTED, tx_id=tx_id, detail="pending")
    assert status_name(world.request(request_id)) == "CONFIRMED"
    report(world, request_id, status=SUBMITTED, tx_id=tx_id, detail=f"{REORGANISED}: block 7")
    assert status_name(world.request(request_id)) == "DELIVERING"
    assert step_names(world.request(request_id))[-1] == "transaction_reorganised"
    assert len(outgoing(world)) == 1
    world.deliver(request_id, FAILED, TRANSACTION)
    assert status_name(world.request(request_id)) == "REJECTED"
    with pytest.raises(Conflict):
        report(world, request_id, status=CONFIRMED, tx_id=tx_id)
    report(world, request_id, status=SUBMITTED, tx_id=tx_id, detail=f"{REORGANISED}: block 7")
    assert status_name(world.request(request_id)) == "REJECTED"


def test_fee_bump__should_replace_the_transaction_id() -> None:
    world, request_id = direct()
    for tx_id in ("0x1", "0x2", "0x2"):
        world.deliver(request_id, SUBMITTED, TRANSACTION, tx_id)
    request = world.request(request_id)
    assert [d.tx_id for d in request.deliveries if d.kind == TRANSACTION] == ["0x2"]
    assert step_names(request).count("transaction_submitted") == 2


def test_steps__should_be_bounded_and_keep_their_numbers() -> None:
    world, request_id = direct()
    before = world.request(request_id)
    for n in range(2 * MAX_STEPS):
        world.deliver(request_id, SUBMITTED, TRANSACTION, f"0x{n}")
    steps = world.request(request_id).steps
    assert len(steps) == MAX_STEPS
    assert list(steps[: len(before.steps)]) == list(before.steps)
    assert steps[-1].number == len(before.steps) + 2 * MAX_STEPS
    assert steps[-1].detail == f"0x{2 * MAX_STEPS - 1}"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"relayer": COMPOSER.address}, Unauthorized),
        ({"request_id": 0}, InvalidArgument),
        ({"sign_transaction_request_id": 1}, InvalidArgument),
        ({"request_id": 999}, NotFound),
        ({"kind": ANSWER}, NotFound),
        ({"kind": 9}, NotFound),
        ({"status": OPEN}, InvalidArgument),
        ({"status": 0}, InvalidArgument),
        ({"tx_id": ""}, InvalidArgument),
        ({"tx_id": "x" * 129}, InvalidArgument),
        ({"status": FAILED}, InvalidArgument),
    ],
)
def test_report__should_be_refused_when_it_makes_no_sense(
    changes: dict[str, object], error: type[Exception]
) -> None:
    world = World()
    request_id = delivering(world, contract="0x" + "11" * 20)
    before = world.request(request_id)
    values: dict[str, object] = {
        "relayer": RELAYER.address,
        "request_id": request_id,
        "kind": TRANSACTION,
        "status": SUBMITTED,
        "tx_id": "0x1",
    }
    with pytest.raises(error):
        world.send(pb.MsgReportDelivery(**{**values, **changes}))  # type: ignore[arg-type]
    assert world.request(request_id) == before


def test_contradiction__should_be_refused_after_the_end() -> None:
    world, request_id = direct()
    world.deliver(request_id, CONFIRMED, TRANSACTION)
    with pytest.raises(Conflict, match="cannot become"):
        world.deliver(request_id, FAILED, TRANSACTION)


def standalone(world: World, *, no_broadcast: bool) -> int:
    """A transaction that is asked for on the ledger itself, without a contract."""
    wallet = world.wallet()
    asked = world.treasury.request_sign_transaction(
        world.ctx(),
        prepare(chain_for(EVM_CHAIN), transactions.evm()),
        creator=OWNER.address,
        key_ids=[wallet.key_id],
        no_broadcast=no_broadcast,
        fee_payer=OWNER.address,
    )
    world.fulfil()
    return asked.id


def test_transaction_asked_for_on_the_ledger__should_be_carried_too() -> None:
    world = World()
    id_ = standalone(world, no_broadcast=False)
    (found,) = outgoing(world)
    assert (found.sign_transaction_request_id, found.request_id) == (id_, 0)
    assert found.chain == EVM_CHAIN
    assert not found.HasField("ask")
    assert len(found.signatures) == len(found.public_keys) == 1

    def report(status: pb.DeliveryStatus) -> None:
        msg = pb.MsgReportDelivery(
            relayer=RELAYER.address, sign_transaction_request_id=id_, status=status, tx_id="0x1"
        )
        world.send(msg)

    report(SUBMITTED)
    assert outgoing(world)[0].delivery.status == SUBMITTED
    report(CONFIRMED)
    report(CONFIRMED)
    assert outgoing(world) == []


def test_transaction_asked_for_on_the_ledger__should_stay_when_it_is_not_to_be_broadcast() -> None:
    world = World()
    standalone(world, no_broadcast=True)
    assert outgoing(world) == []


def test_transaction_for_a_chain_that_nobody_serves__should_not_wait_for_a_relayer() -> None:
    world = World()
    params = world.query("Params", pb.QueryParamsRequest(), pb.QueryParamsResponse).params
    params.destinations.remove(EVM_CHAIN)
    world.send(pb.MsgUpdateParams(authority=AUTHORITY.address, params=params))
    standalone(world, no_broadcast=False)
    assert outgoing(world) == []


def test_report_by_sign_transaction__should_reach_the_contracts_request() -> None:
    world = World()
    request_id = delivering(world, contract="0x" + "11" * 20)
    (found,) = outgoing(world)
    assert found.request_id == request_id
    world.send(
        pb.MsgReportDelivery(
            relayer=RELAYER.address,
            sign_transaction_request_id=found.sign_transaction_request_id,
            status=CONFIRMED,
            tx_id="0x1",
        )
    )
    assert status_name(world.request(request_id)) == "CONFIRMED"
