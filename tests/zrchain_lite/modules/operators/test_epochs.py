"""Epochs that parties committed: they only grow."""

from __future__ import annotations

from typing import Any

import pytest

from tests.zrchain_lite.modules.operators.world import OperatorsWorld
from zrchain_lite.errors import InvalidArgument, NotFound, Unauthorized
from zrchain_lite.modules.operators.errors import EpochRegressed
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageRequest

DIGEST = b"\x07" * 32


@pytest.fixture
def world() -> OperatorsWorld:
    """Two groups, two refreshes, and the key requests 1 and 2 that nobody answered."""
    made = OperatorsWorld()
    made.set_group(*made.members(1, 2))
    made.set_group(*made.members(1, 2, 3))
    made.order("OrderRefresh")
    made.order("OrderRefresh")
    workspace = made.workspace(made.stranger)
    for _ in range(2):
        made.request_key(made.stranger, workspace, made.ring)
    return made


def commit(world: OperatorsWorld, party: int, *place: int, **fields: Any) -> None:
    group, refresh, epoch = place
    values: dict[str, Any] = {
        "creator": world.parties[party - 1].address,
        "key_id": 1,
        "group": group,
        "refresh": refresh,
        "epoch": epoch,
        "key_digest": DIGEST,
        **fields,
    }
    world.order("ReportKeyEpoch", **values)


def epochs(world: OperatorsWorld, **fields: Any) -> list[tuple[int, int, int, int, int]]:
    answer = world.ask("KeyEpochs", **fields)
    return [(e.key_id, e.index, e.group, e.refresh, e.epoch) for e in answer.key_epochs]


def test_epoch__should_be_the_last_of_each_party(world: OperatorsWorld) -> None:
    commit(world, 1, 1, 0, 1)
    commit(world, 2, 1, 0, 1)
    commit(world, 1, 1, 1, 2)
    assert [event.type for event in world.events] == ["operator_key_epoch_reported"]
    commit(world, 1, 2, 0, 2, key_id=2)
    of_key = epochs(world, key_id=1)
    assert sorted(of_key) == [(1, 1, 1, 1, 2), (1, 2, 1, 0, 1)]
    assert epochs(world, keyring=world.ring) == [*of_key, (2, 1, 2, 0, 2)]
    assert epochs(world, keyring=world.ring, key_id=2) == [(2, 1, 2, 0, 2)]
    page = world.ask("KeyEpochs", key_id=1, pagination=PageRequest(limit=1))
    assert len(page.key_epochs) == 1
    assert page.pagination.next_key
    assert world.settings().settings_version == 4


@pytest.mark.parametrize("older", [(1, 2, 9), (2, 0, 9), (2, 1, 4)])
def test_epoch__should_never_go_back(world: OperatorsWorld, older: tuple[int, int, int]) -> None:
    commit(world, 1, 2, 1, 5)
    before = world.snapshot()
    with pytest.raises(EpochRegressed) as refused:
        commit(world, 1, *older)
    assert refused.value.code == 1511
    assert world.snapshot() == before


def test_epoch__should_be_one_under_its_number(world: OperatorsWorld) -> None:
    commit(world, 1, 2, 1, 5)
    before = world.snapshot()
    world.height += 1
    commit(world, 1, 2, 1, 5)
    assert world.snapshot() == before
    with pytest.raises(EpochRegressed, match="not 0808"):
        commit(world, 1, 2, 1, 5, key_digest=b"\x08" * 32)
    assert world.snapshot() == before
    commit(world, 1, 2, 1, 6, key_digest=b"\x08" * 32)


def test_epoch__should_want_a_party(world: OperatorsWorld) -> None:
    for sender in (world.admin, world.stranger):
        with pytest.raises(Unauthorized):
            commit(world, 1, 1, 0, 1, creator=sender.address)


@pytest.mark.parametrize(
    ("place", "fields", "error"),
    [
        ((0, 0, 1), {}, InvalidArgument),
        ((3, 0, 1), {}, InvalidArgument),
        ((2, 3, 1), {}, InvalidArgument),
        ((1, 0, 1), {"key_digest": b""}, InvalidArgument),
        ((1, 0, 1), {"key_digest": b"x" * 33}, InvalidArgument),
        ((1, 0, 1), {"key_id": 3}, NotFound),
        ((1, 0, 1), {"key_id": 0}, NotFound),
    ],
)
def test_epoch__should_be_refused_by_name(
    world: OperatorsWorld,
    place: tuple[int, int, int],
    fields: dict[str, Any],
    error: type[Exception],
) -> None:
    before = world.snapshot()
    with pytest.raises(error):
        commit(world, 1, *place, **fields)
    assert world.snapshot() == before


def test_epoch__should_be_of_the_keyrings_own_key(world: OperatorsWorld) -> None:
    other = world.keyring(world.admin, world.parties, threshold=2)
    world.set_group(*world.members(1, 2), keyring=other)
    with pytest.raises(NotFound, match="not of keyring"):
        commit(world, 1, 1, 0, 1, keyring=other)
    commit(world, 1, 1, 0, 1)
    assert epochs(world, keyring=other) == []
    assert epochs(world, keyring=other, key_id=1) == []


def test_key_epochs__should_want_a_keyring_or_a_key(world: OperatorsWorld) -> None:
    with pytest.raises(InvalidArgument, match="keyring or a key"):
        world.ask("KeyEpochs")
    with pytest.raises(NotFound):
        world.ask("KeyEpochs", key_id=99)
    assert epochs(world, key_id=2) == []
