"""Refreshes, measurements, and how settings count their changes."""

from __future__ import annotations

import pytest

from tests.zrchain_lite.modules.operators.world import OperatorsWorld
from zrchain_lite.errors import Conflict, InvalidArgument, NotFound, Unauthorized
from zrchain_lite.wire.zrsign.operators.operators_pb2 import Measurement


def test_settings__should_be_empty_before_anything_was_ordered(world: OperatorsWorld) -> None:
    settings = world.settings()
    assert (settings.keyring, settings.settings_version) == (world.ring, 0)
    assert not settings.groups
    with pytest.raises(InvalidArgument):
        world.ask("Settings", keyring="")


def test_order_refresh__should_count(world: OperatorsWorld) -> None:
    with pytest.raises(Conflict, match="no group"):
        world.order("OrderRefresh")
    world.set_group(*world.members(1, 2))
    assert world.order("OrderRefresh").refresh_number == 1
    assert world.order("OrderRefresh").refresh_number == 2
    assert [event.type for event in world.events] == ["operator_refresh_ordered"]
    settings = world.settings()
    assert (settings.refresh_number, settings.settings_version) == (2, 3)


def test_orders__should_want_an_admin(world: OperatorsWorld) -> None:
    world.set_group(*world.members(1, 2))
    before = world.snapshot()
    for sender in (world.parties[0], world.stranger):
        for kind, fields in (
            ("OrderRefresh", {}),
            ("SetMeasurements", {}),
            ("PardonMember", {"index": 1}),
        ):
            with pytest.raises(Unauthorized):
                world.order(kind, creator=sender.address, **fields)
    assert world.snapshot() == before


def test_measurements__should_be_replaced_and_sorted(world: OperatorsWorld) -> None:
    first = [Measurement(kind="b", value=b"\x02"), Measurement(kind="a", value=b"\x01")]
    world.order("SetMeasurements", measurements=first)
    assert list(world.settings().measurements) == first[::-1]
    before = world.snapshot()
    world.order("SetMeasurements", measurements=first[::-1])
    assert world.snapshot() == before
    world.order("SetMeasurements")
    assert not world.settings().measurements
    assert world.settings().settings_version == 2


@pytest.mark.parametrize(
    "measurements",
    [
        [Measurement(kind="", value=b"\x01")],
        [Measurement(kind="x" * 65, value=b"\x01")],
        [Measurement(kind="ä" * 33, value=b"\x01")],
        [Measurement(kind="a", value=b"")],
        [Measurement(kind="a", value=b"x" * 129)],
        [Measurement(kind="a", value=b"x")] * 2,
        [Measurement(kind="a", value=bytes([i])) for i in range(65)],
    ],
)
def test_measurements__should_be_bounded(
    world: OperatorsWorld, measurements: list[Measurement]
) -> None:
    before = world.snapshot()
    with pytest.raises(InvalidArgument):
        world.order("SetMeasurements", measurements=measurements)
    assert world.snapshot() == before


def test_pardon__should_count_by_member(world: OperatorsWorld) -> None:
    world.set_group(*world.members(1, 2, 3))
    assert world.order("PardonMember", index=3).count == 1
    assert world.order("PardonMember", index=3).count == 2
    assert world.order("PardonMember", index=1).count == 1
    pardons = world.settings().pardons
    assert [(pardon.index, pardon.count) for pardon in pardons] == [(1, 1), (3, 2)]
    assert world.settings().settings_version == 4
    for unknown in (0, 4, 2**32 - 1):
        with pytest.raises(NotFound):
            world.order("PardonMember", index=unknown)
