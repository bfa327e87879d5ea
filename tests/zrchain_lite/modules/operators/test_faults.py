"""Reports about members: by whom, how often, how long."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.zrchain_lite.modules.operators.world import OperatorsWorld
from zrchain_lite.errors import InvalidArgument, NotFound, Unauthorized
from zrchain_lite.modules.operators.errors import ReportsFull
from zrchain_lite.modules.operators.faults import MAX_EVIDENCE, MAX_REPORTS
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageRequest


@pytest.fixture
def world() -> OperatorsWorld:
    made = OperatorsWorld()
    made.set_group(*made.members(1, 2, 3))
    return made


def faults(world: OperatorsWorld, **fields: Any) -> list[Any]:
    return list(world.ask("Faults", keyring=world.ring, **fields).faults)


def test_report__should_be_shown_with_its_reporter(world: OperatorsWorld) -> None:
    world.height = 12
    assert world.report(2, 3, b"a proof") == 1
    (event,) = world.events
    assert event.type == "operator_fault_reported"
    assert dict(event.attributes) == {
        "keyring_addr": world.ring,
        "fault_id": "1",
        "culprit": "3",
        "reporter": world.parties[1].address,
        "protocol": "presign",
    }
    (fault,) = faults(world)
    assert (fault.culprit, fault.reporter_index, fault.height) == (3, 2, 12)
    assert (fault.reporter, fault.keyring) == (world.parties[1].address, world.ring)
    assert (fault.protocol, fault.reason) == ("presign", "a wrong proof")
    assert (fault.evidence, fault.evidence_digest) == (
        b"a proof",
        hashlib.sha256(b"a proof").digest(),
    )


def test_report__should_be_one_for_the_same_evidence(world: OperatorsWorld) -> None:
    first = world.report(1, 3)
    before = world.snapshot()
    assert world.report(1, 3, reason="in other words") == first
    assert world.report(1, 3, evidence=b"proof", protocol="sign") == first
    assert world.snapshot() == before
    assert world.events == []
    others = {world.report(2, 3), world.report(1, 2), world.report(1, 3, b"another proof")}
    assert len(others | {first}) == 4


def test_report__should_do_without_the_evidence(world: OperatorsWorld) -> None:
    digest = hashlib.sha256(b"kept at home").digest()
    world.report(1, 2, b"", evidence_digest=digest)
    (fault,) = faults(world)
    assert (fault.evidence, fault.evidence_digest) == (b"", digest)


def test_report__should_want_a_party(world: OperatorsWorld) -> None:
    before = world.snapshot()
    for sender in (world.admin, world.stranger):
        with pytest.raises(Unauthorized, match="no party"):
            world.report(1, 2, creator=sender.address)
    assert world.snapshot() == before
    world.report(4, 2)
    assert faults(world)[0].reporter_index == 0


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"culprit": 4}, NotFound),
        ({"culprit": 0}, NotFound),
        ({"protocol": ""}, InvalidArgument),
        ({"protocol": "x" * 65}, InvalidArgument),
        ({"reason": "x" * 501}, InvalidArgument),
        ({"reason": "ä" * 251}, InvalidArgument),
        ({"evidence_digest": b"\x00" * 31}, InvalidArgument),
        ({"evidence_digest": b""}, InvalidArgument),
        ({"evidence_digest": b"\x00" * 32}, InvalidArgument),
        ({"evidence": b"x" * (MAX_EVIDENCE + 1)}, InvalidArgument),
        ({"keyring": "keyring1nonsense"}, InvalidArgument),
    ],
)
def test_report__should_be_refused_by_name(
    world: OperatorsWorld, fields: dict[str, Any], error: type[Exception]
) -> None:
    before = world.snapshot()
    with pytest.raises(error):
        world.report(1, **{"culprit": 2, **fields})
    assert world.snapshot() == before


def test_reports__should_be_bounded_for_each_reporter(world: OperatorsWorld) -> None:
    for number in range(MAX_REPORTS):
        world.report(1, 2 + number % 2, b"%d" % number)
    before = world.snapshot()
    with pytest.raises(ReportsFull) as refused:
        world.report(1, 2, b"one more")
    assert refused.value.code == 1510
    assert world.report(1, 2, b"0") == 1
    assert world.snapshot() == before
    world.report(2, 3, b"one more")
    world.order("PardonMember", index=2)
    assert len(faults(world)) == MAX_REPORTS // 2 + 1
    world.report(1, 2, b"one more")


def test_pardon__should_forget_the_reports_about_one_member(world: OperatorsWorld) -> None:
    before = {key for key, _ in world.store.iterate(b"operators/")}
    world.report(1, 3)
    world.report(2, 3, b"")
    kept = world.report(1, 2)
    world.order("PardonMember", index=3)
    assert dict(world.events[0].attributes)["faults"] == "2"
    assert [fault.id for fault in faults(world)] == [kept]
    assert faults(world, culprit=3) == []
    world.order("PardonMember", index=2)
    left = {key for key, _ in world.store.iterate(b"operators/")} - before
    assert {key.split(b"/")[1] for key in left} == {b"fault_count", b"pardon"}


def test_faults__should_come_by_culprit_and_in_pages(world: OperatorsWorld) -> None:
    for number in range(5):
        world.report(1, 2 + number % 2, b"%d" % number)
    assert [fault.id for fault in faults(world, culprit=2)] == [1, 3, 5]
    first = world.ask("Faults", keyring=world.ring, pagination=PageRequest(limit=2))
    rest = world.ask(
        "Faults", keyring=world.ring, pagination=PageRequest(key=first.pagination.next_key)
    )
    assert [fault.id for fault in (*first.faults, *rest.faults)] == [1, 2, 3, 4, 5]


def test_faults__should_not_weigh_more_than_a_page(world: OperatorsWorld) -> None:
    for number in range(MAX_REPORTS):
        for reporter in (1, 2):
            world.report(reporter, 3, bytes([number, reporter]).ljust(MAX_EVIDENCE, b"x"))
    answer = world.ask("Faults", keyring=world.ring, pagination=PageRequest(limit=1000))
    assert answer.ByteSize() < 2.1 * 1024 * 1024
    assert answer.pagination.next_key
