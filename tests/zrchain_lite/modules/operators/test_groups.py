"""Groups: who may set them, what they may be, what is the next one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.zrchain_lite.modules.operators.world import OperatorsWorld, member
from zrchain_lite.errors import InvalidArgument, LedgerError, NotFound, Unauthorized
from zrchain_lite.modules.operators.errors import IndexTaken
from zrchain_lite.modules.operators.groups import MAX_GROUPS
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrsign_chains.cosmos import keyring_address


def test_set_group__should_number_groups_and_order_members(world: OperatorsWorld) -> None:
    assert world.set_group(*world.members(3, 1, 2)) == 1
    assert [event.type for event in world.events] == ["operator_group_set"]
    world.height = 9
    assert world.set_group(*world.members(1, 2, 3, 4), threshold=3) == 2
    first, second = world.settings().groups
    assert (first.number, first.threshold, first.height) == (1, 2, 1)
    assert (second.number, second.threshold, second.height) == (2, 3, 9)
    assert list(first.members) == world.members(1, 2, 3)
    assert second.level == "PAILLIER_2048"
    assert world.settings().settings_version == 2


def test_set_group__should_begin_the_next_for_other_members_threshold_or_level(
    world: OperatorsWorld,
) -> None:
    assert world.set_group(*world.members(1, 2, 3)) == 1
    assert world.set_group(*world.members(1, 2, 4)) == 2
    assert world.set_group(*world.members(1, 2, 4), threshold=3) == 3
    assert world.set_group(*world.members(1, 2, 4), threshold=3, level="PAILLIER_3072") == 4
    assert world.set_group(*world.members(1, 2, 3)) == 5


def test_set_group__should_update_endpoints_and_certificates_in_place(
    world: OperatorsWorld,
) -> None:
    world.set_group(*world.members(1, 2))
    moved = member(2, world.parties[1], endpoint="two.example.org:443", tls_certificate=b"new")
    world.height = 7
    assert world.set_group(moved, *world.members(1)) == 1
    (group,) = world.settings().groups
    assert list(group.members) == [*world.members(1), moved]
    assert group.height == 1
    assert world.settings().settings_version == 2
    assert [event.type for event in world.events] == ["operator_group_updated"]


def test_set_group__should_change_nothing_when_said_again(world: OperatorsWorld) -> None:
    world.set_group(*world.members(1, 2))
    before = world.snapshot()
    assert world.set_group(*world.members(2, 1)) == 1
    assert world.snapshot() == before
    assert world.events == []


def test_set_group__should_want_an_admin(world: OperatorsWorld) -> None:
    before = world.snapshot()
    for sender in (world.stranger, world.parties[0]):
        with pytest.raises(Unauthorized, match="no admin"):
            world.set_group(*world.members(1, 2), creator=sender.address)
    with pytest.raises(NotFound):
        world.set_group(*world.members(1, 2), keyring=keyring_address(99))
    with pytest.raises(InvalidArgument):
        world.set_group(*world.members(1, 2), keyring="nonsense")
    assert world.snapshot() == before


@pytest.mark.parametrize(
    ("indices", "fields"),
    [
        ((1, 2), {"threshold": 1}),
        ((1, 2), {"threshold": 3}),
        ((1,), {"threshold": 1}),
        ((), {"threshold": 0}),
        ((1, 2), {"level": "PAILLIER_1024"}),
        ((1, 2), {"level": ""}),
    ],
)
def test_set_group__should_refuse_impossible_terms(
    world: OperatorsWorld, indices: tuple[int, ...], fields: dict[str, Any]
) -> None:
    before = world.snapshot()
    with pytest.raises(InvalidArgument):
        world.set_group(*world.members(*indices), **fields)
    assert world.snapshot() == before


def test_set_group__should_take_up_to_32_members(world: OperatorsWorld) -> None:
    parties = [world.account() for _ in range(33)]
    ring = world.keyring(world.admin, parties, threshold=2)
    members = [member(index, party) for index, party in enumerate(parties, 1)]
    with pytest.raises(InvalidArgument, match="32"):
        world.set_group(*members, keyring=ring)
    assert world.set_group(*members[:32], keyring=ring, threshold=32) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"index": 0},
        {"index": 65_536},
        {"identity_key": b"short"},
        {"identity_key": b"x" * 33},
        {"tls_certificate": b""},
        {"tls_certificate": b"x" * 4097},
        {"endpoint": ""},
        {"endpoint": "host"},
        {"endpoint": "host:0"},
        {"endpoint": "host:65536"},
        {"endpoint": "ho st:1"},
        {"endpoint": "http://host:1"},
        {"endpoint": "host:1\n"},
        {"endpoint": f"{'x' * 254}:1"},
        {"party": "zen1nonsense"},
        {"party": ""},
    ],
)
def test_set_group__should_refuse_a_bad_member(
    world: OperatorsWorld, fields: dict[str, Any]
) -> None:
    before = world.snapshot()
    with pytest.raises(InvalidArgument):
        world.set_group(*world.members(1), member(2, world.parties[1], **fields))
    assert world.snapshot() == before


@pytest.mark.parametrize("endpoint", ["host:1", "[::1]:65535", "10.0.0.1:443", "a-b.example:9"])
def test_set_group__should_take_any_host_and_port(world: OperatorsWorld, endpoint: str) -> None:
    second = member(2, world.parties[1], endpoint=endpoint)
    assert world.set_group(*world.members(1), second) == 1


@pytest.mark.parametrize("facet", ["index", "party", "identity_key", "tls_certificate", "endpoint"])
def test_set_group__should_tell_members_apart(world: OperatorsWorld, facet: str) -> None:
    first, second = world.members(1, 2)
    setattr(second, facet, getattr(first, facet))
    with pytest.raises(InvalidArgument, match="members 1 and"):
        world.set_group(first, second)


def test_set_group__should_want_parties_of_the_keyring(world: OperatorsWorld) -> None:
    with pytest.raises(InvalidArgument, match="no party"):
        world.set_group(*world.members(1), member(2, world.stranger))
    world.set_group(*world.members(1, 2, 3))
    world.do(
        identity.MsgRemoveKeyringParty(
            creator=world.admin.address, keyring_addr=world.ring, party=world.parties[2].address
        )
    )
    with pytest.raises(InvalidArgument, match="no party"):
        world.set_group(*world.members(1, 2, 3), threshold=3)
    assert world.set_group(*world.members(1, 2)) == 2


def test_index__should_keep_its_meaning_after_its_operator_left(world: OperatorsWorld) -> None:
    world.set_group(*world.members(1, 2, 3))
    world.set_group(*world.members(1, 2))
    before = world.snapshot()
    again = world.members(1, 2)
    for other in (
        member(3, world.parties[3]),
        member(3, world.parties[2], identity_key=b"n" * 32),
        member(4, world.parties[2], identity_key=world.members(3)[0].identity_key),
    ):
        with pytest.raises(IndexTaken) as refused:
            world.set_group(*again, other)
        assert refused.value.code == 1509
        assert world.snapshot() == before
    assert world.set_group(*world.members(1, 2, 3)) == 3


def test_party__should_come_back_with_a_new_identity_under_a_new_index(
    world: OperatorsWorld,
) -> None:
    world.set_group(*world.members(1, 2, 3))
    assert world.set_group(*world.members(1, 2), member(9, world.parties[2])) == 2
    world.set_group(*world.members(1, 2, 3))
    fault = world.report(3, 1)
    assert [(f.id, f.reporter_index) for f in world.ask("Faults", keyring=world.ring).faults] == [
        (fault, 3)
    ]


def test_keyrings__should_not_share_indices(world: OperatorsWorld) -> None:
    world.set_group(*world.members(1, 2))
    other = world.keyring(world.admin, world.parties, threshold=2)
    assert world.set_group(*(member(5 - i, world.parties[i - 1]) for i in (1, 2)), keyring=other)
    assert world.settings().settings_version == 1


def test_groups__should_be_kept_up_to_a_bound(world: OperatorsWorld) -> None:
    for number in range(1, MAX_GROUPS + 3):
        assert world.set_group(*world.members(1, 2, 3), threshold=2 + number % 2) == number
    groups = world.settings().groups
    assert [group.number for group in groups] == list(range(3, MAX_GROUPS + 3))
    with pytest.raises(IndexTaken):
        world.set_group(*world.members(1, 2), member(3, world.parties[3]))


def test_genesis__should_set_groups_and_measurements() -> None:
    plain = OperatorsWorld()
    members = [
        {
            "index": index,
            "party": plain.parties[index - 1].address,
            "identityKey": "A" * 42 + ("0=" if index == 1 else "8="),
            "tlsCertificate": "AAA" + "AB"[index - 1],
            "endpoint": f"host{index}:1",
        }
        for index in (1, 2)
    ]
    group = {"keyring": plain.ring, "threshold": 2, "level": "PAILLIER_3072", "members": members}
    allowed = {"keyring": plain.ring, "measurements": [{"kind": "simulated", "value": "AA=="}]}
    part = {"groups": [group], "measurements": [allowed]}
    settings = OperatorsWorld(genesis={"operators": part}).settings()
    assert [m.endpoint for m in settings.groups[0].members] == ["host1:1", "host2:1"]
    assert settings.measurements[0].kind == "simulated"
    for broken in (
        {"groups": [{"keyring": plain.ring}]},
        {"groups": [{"colour": "red"}]},
        {"measurements": [{"keyring": "nowhere"}]},
    ):
        with pytest.raises(LedgerError):
            OperatorsWorld(genesis={"operators": broken})
