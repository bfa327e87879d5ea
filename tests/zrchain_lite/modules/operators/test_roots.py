"""Roots: active once enough members hold the same one, and which of them a key is a child of."""

from __future__ import annotations

from typing import Any

import pytest
from coincurve import PrivateKey

from tests.zrchain_lite.modules.operators.world import OperatorsWorld
from zrchain_lite.errors import InvalidArgument, NotFound, Unauthorized
from zrchain_lite.modules.operators.errors import RootTaken
from zrchain_lite.modules.operators.roots import FIRST_ID, PATIENCE_MS
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury

FIRST = FIRST_ID + (1 << 32) + 1
"""The first root of ECDSA keys; the second has the next number."""
CHAIN_CODE = b"c" * 32


def point(number: int) -> bytes:
    return PrivateKey(number.to_bytes(32, "big")).public_key.format()


@pytest.fixture
def world() -> OperatorsWorld:
    made = OperatorsWorld()
    made.set_group(*made.members(1, 2, 3), roots=1)
    return made


def hold(world: OperatorsWorld, party: int, key: int = 1, root: int = FIRST, **fields: Any) -> None:
    values = {
        "creator": world.parties[party - 1].address,
        "key_id": root,
        "group": 1,
        "epoch": 0,
        "key_digest": bytes([key]) * 32,
        "public_key": point(key),
        "chain_code": CHAIN_CODE,
        **fields,
    }
    world.order("ReportKeyEpoch", **values)


def root(world: OperatorsWorld, id_: int = FIRST) -> Any:
    return next(each for each in world.settings().roots if each.id == id_)


def ask(world: OperatorsWorld, word: str = "ecdsa") -> int:
    workspace = world.workspace(world.stranger)
    message = treasury.MsgNewKeyRequest(
        creator=world.stranger.address,
        workspace_addr=workspace,
        keyring_addr=world.ring,
        key_type=word,
    )
    return int(world.do(message).key_req_id)


def origins(world: OperatorsWorld) -> dict[int, int]:
    work = world.ask("Work", keyring=world.ring)
    return {each.key_id: each.root for each in work.origins}


def test_root__should_be_active_when_every_member_holds_it(world: OperatorsWorld) -> None:
    for party, holders in ((1, 1), (2, 2)):
        hold(world, party)
        assert (root(world).holders, root(world).height) == (holders, 0)
        world.height += PATIENCE_MS
        hold(world, party)
    assert root(world).public_key == b""
    hold(world, 3)
    assert root(world).height == world.height
    assert (root(world).public_key, root(world).chain_code) == (point(1), CHAIN_CODE)
    assert root(world).holders == 3
    # The place of the one to spare is there now, and nothing beyond it.
    assert root(world, FIRST + 1).number == 2
    with pytest.raises(NotFound):
        hold(world, 1, root=FIRST + 2)


def test_root__should_count_equal_reports_of_members_alone(world: OperatorsWorld) -> None:
    hold(world, 1)
    hold(world, 2)
    hold(world, 3, key=2)
    hold(world, 4)
    assert (root(world).holders, root(world).height) == (2, 0)
    hold(world, 3, chain_code=b"d" * 32)
    assert root(world).height == 0
    hold(world, 3)
    assert root(world).public_key == point(1)


def test_root__should_do_without_absent_members_after_a_while(world: OperatorsWorld) -> None:
    world.set_group(*world.members(1, 2, 3), roots=1, absent=1)
    assert world.settings().groups[-1].number == 1
    hold(world, 1)
    world.height += PATIENCE_MS // 1000 - 1
    hold(world, 2)
    assert root(world).height == 0
    world.height += 1
    hold(world, 2)
    assert root(world).height == world.height


def test_active_root__should_be_one_for_good(world: OperatorsWorld) -> None:
    for party in (1, 2, 3):
        hold(world, party)
    before = world.snapshot()
    with pytest.raises(RootTaken) as refused:
        hold(world, 1, key=2)
    assert refused.value.code == 1512
    assert world.snapshot() == before
    world.order("OrderRefresh")
    hold(world, 1, refresh=1, epoch=1, key_digest=b"n" * 32)
    assert root(world).public_key == point(1)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"chain_code": b""}, InvalidArgument),
        ({"public_key": b""}, InvalidArgument),
        ({"public_key": b"\2" + b"\xff" * 32}, InvalidArgument),
        ({"key_id": FIRST + 1}, NotFound),
        ({"key_id": FIRST + (9 << 32)}, NotFound),
        ({"key_id": FIRST_ID}, NotFound),
    ],
)
def test_report__should_be_of_a_root_that_is_wanted(
    world: OperatorsWorld, fields: dict[str, Any], error: type[Exception]
) -> None:
    before = world.snapshot()
    with pytest.raises(error):
        hold(world, 1, **fields)
    with pytest.raises(Unauthorized):
        hold(world, 1, creator=world.stranger.address)
    assert world.snapshot() == before


def test_report_of_a_key__should_name_no_public_key(world: OperatorsWorld) -> None:
    with pytest.raises(InvalidArgument, match="only a root"):
        hold(world, 1, key_id=ask(world))


def test_group__should_want_no_root_unless_it_says_so(world: OperatorsWorld) -> None:
    world.set_group(*world.members(1, 2, 3))
    assert not world.settings().roots
    with pytest.raises(NotFound):
        hold(world, 1)
    ask(world)
    assert origins(world) == {}


@pytest.mark.parametrize("fields", [{"roots": 17}, {"absent": 2}])
def test_group__should_be_refused_what_cannot_be(
    world: OperatorsWorld, fields: dict[str, int]
) -> None:
    with pytest.raises(InvalidArgument):
        world.set_group(*world.members(1, 2, 3), **fields)


def test_key_request__should_be_stamped_with_its_root(world: OperatorsWorld) -> None:
    """One that comes before there is a root waits for the first."""
    early, own, bitcoin = ask(world), ask(world, "ecdsa own_key"), ask(world, "btc")
    other = ask(world, "ed25519")
    ed25519 = FIRST_ID + (2 << 32) + 1
    assert origins(world) == {early: FIRST, bitcoin: FIRST, other: ed25519}
    for number in (0, 1):
        for party in (1, 2, 3):
            hold(world, party, key=number + 1, root=FIRST + number)
    # There are two, and one of them is to spare.
    later = ask(world)
    assert origins(world)[later] == FIRST
    world.set_group(*world.members(1, 2, 3), roots=2)
    asked = [ask(world) for _ in range(4)]
    assert {origins(world)[id_] for id_ in asked} == {FIRST, FIRST + 1}
    assert own not in origins(world)


def test_work__should_show_who_holds_an_own_key(world: OperatorsWorld) -> None:
    own = ask(world, "ecdsa own_key")
    hold(world, 2, key_id=own, public_key=b"", chain_code=b"")
    (report,) = world.ask("Work", keyring=world.ring).reports
    assert (report.key_id, report.index, report.key_digest) == (own, 2, b"\1" * 32)
