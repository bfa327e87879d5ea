"""Whatever a message says, it is done or refused by name; a refusal changes nothing."""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zrchain_lite.modules.operators.world import OperatorsWorld
from zrchain_lite.errors import LedgerError
from zrchain_lite.modules.operators.faults import MAX_REPORTS
from zrchain_lite.wire.zrsign.operators import operators_pb2 as wire

ORDERS = ("SetGroup", "OrderRefresh", "SetMeasurements", "PardonMember")
REPORTS = ("ReportFault", "ReportKeyEpoch")
QUERIES = ("Settings", "Faults", "KeyEpochs", "Work")
PLAIN = OperatorsWorld()
TEXTS = [
    PLAIN.admin.address,
    *(party.address for party in PLAIN.parties),
    PLAIN.ring,
    "PAILLIER_2048",
    "host:1",
    "host:2",
    "",
    "x" * 600,
    "é\x00",
]
BYTES = [b"", b"\x01", b"\x11" * 32, b"\x12" * 32, b"x" * 5000, b"x" * 40_000]
NUMBERS = [0, 1, 2, 3, 65_535, 65_536, 2**32 - 1]


def scalar(field: Any) -> st.SearchStrategy[Any]:
    match field.type:
        case FieldDescriptor.TYPE_STRING:
            return st.sampled_from(TEXTS)
        case FieldDescriptor.TYPE_BYTES:
            return st.sampled_from(BYTES)
        case FieldDescriptor.TYPE_BOOL:
            return st.booleans()
        case FieldDescriptor.TYPE_UINT32:
            return st.sampled_from(NUMBERS)
    return st.sampled_from([*NUMBERS, 2**63, 2**64 - 1])


@st.composite
def filled(draw: st.DrawFn, kind: type[Message]) -> Message:
    built = kind()
    fields: list[Any] = list(kind.DESCRIPTOR.fields)
    for field in fields:
        if field.message_type is None:
            setattr(built, field.name, draw(scalar(field)))
        elif field.is_repeated:
            inner = getattr(wire, field.message_type.name)
            getattr(built, field.name).extend(draw(st.lists(filled(inner), max_size=3)))
        elif draw(st.booleans()):
            nested = getattr(built, field.name)
            nested.CopyFrom(draw(filled(type(nested))))
    return built


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """Mostly of those who may."""
    kind = draw(st.sampled_from(ORDERS + REPORTS))
    drawn = draw(filled(getattr(wire, f"Msg{kind}")))
    message: Any = drawn
    if draw(st.integers(0, 9)):
        message.keyring = PLAIN.ring
        sender = PLAIN.admin if kind in ORDERS else draw(st.sampled_from(PLAIN.parties))
        message.creator = sender.address
    return drawn


def prepared() -> OperatorsWorld:
    world = OperatorsWorld()
    world.set_group(*world.members(1, 2, 3))
    world.order("OrderRefresh")
    world.request_key(world.stranger, world.workspace(world.stranger), world.ring)
    return world


@settings(max_examples=60, deadline=None)
@given(st.lists(messages(), max_size=8), st.data())
def test_messages__should_be_done_or_refused_by_name(
    sent: list[Message], data: st.DataObject
) -> None:
    world = prepared()
    for message in sent:
        before = world.snapshot()
        try:
            world.do(message)
        except LedgerError:
            assert world.snapshot() == before
        else:
            after = world.snapshot()
            world.height += 1
            if not isinstance(message, wire.MsgOrderRefresh | wire.MsgPardonMember):
                world.do(message)
                assert world.snapshot() == after
    before = world.snapshot()
    for name in QUERIES:
        request = data.draw(filled(getattr(wire, f"Query{name}Request")))
        for asked in (request, type(request)(keyring=world.ring)):
            try:
                answer = world.query(f"/zrsign.operators.Query/{name}", asked)
            except LedgerError:
                continue
            assert isinstance(answer, getattr(wire, f"Query{name}Response"))
    assert world.snapshot() == before


SMALL = st.integers(0, 2)
REPORTED = st.tuples(st.sampled_from([1, 2]), st.sampled_from([1, 2]), SMALL)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(REPORTED, SMALL), max_size=12))
def test_epochs__should_only_grow(reports: list[tuple[tuple[int, int, int], int]]) -> None:
    world = prepared()
    world.set_group(*world.members(1, 2))
    latest: dict[int, tuple[int, int, int]] = {}
    for (party, group, refresh), epoch in reports:
        place = (group, refresh, epoch)
        allowed = refresh <= 1 and place >= latest.get(party, place)
        try:
            world.order(
                "ReportKeyEpoch",
                creator=world.parties[party - 1].address,
                key_id=1,
                group=group,
                refresh=refresh,
                epoch=epoch,
                key_digest=bytes(32),
            )
        except LedgerError:
            assert not allowed
        else:
            assert allowed
            latest[party] = place
    shown = world.ask("KeyEpochs", key_id=1).key_epochs
    assert {e.index: (e.group, e.refresh, e.epoch) for e in shown} == latest


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 200), min_size=70, max_size=100))
def test_reports__should_never_be_more_than_are_kept(proofs: list[int]) -> None:
    world = prepared()
    for proof in proofs:
        try:
            world.report(1, 2, b"%d" % proof)
        except LedgerError:
            assert len(set(proofs)) > MAX_REPORTS
    shown = world.ask("Faults", keyring=world.ring).faults
    assert len(shown) == min(len(set(proofs)), MAX_REPORTS)
