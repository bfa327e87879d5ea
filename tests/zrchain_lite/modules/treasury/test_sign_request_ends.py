"""What a signature request leaves behind when it ends: reasons, events, deadlines and answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.zrchain_lite.modules.treasury.world import ECDSA, REJECTED, Account, World
from zrchain_lite.errors import Conflict
from zrchain_lite.modules.treasury import state
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire

ITEM, ITEM_2 = b"\x11" * 32, b"\x12" * 32
PENDING, PARTIAL, FULFILLED = 1, 2, 3


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def owner(world: World) -> Account:
    return world.account()


@pytest.fixture
def party(world: World) -> Account:
    return world.account()


@pytest.fixture
def keyring(world: World, party: Account) -> str:
    return world.keyring(party, [party], threshold=1, fee=100)


@pytest.fixture
def key(world: World, owner: Account, party: Account, keyring: str) -> int:
    return world.key(owner, world.workspace(owner), keyring, party, ECDSA)


def told(world: World) -> list[tuple[str, str]]:
    return [
        (event.type.removeprefix("sign_request_"), dict(event.attributes)["request_id"])
        for event in world.events
        if event.type.startswith("sign_request_")
    ]


def deadlines(world: World) -> list[int]:
    """The requests that a sweep far in the future would find."""
    found: list[int] = []
    ctx = world.ctx()
    late = replace(ctx, height=ctx.height + 10**6)
    state.SIGN_REQUEST_DEADLINES.sweep(late, lambda _, request_id: found.append(request_id))
    return sorted(found)


def test_family__should_tell_of_each_answer(
    world: World, owner: Account, key: int, party: Account
) -> None:
    parent = world.request_signature(owner, [key, key], ITEM, ITEM_2)
    world.answer(party, 2, ECDSA.sign(ITEM))
    assert told(world) == [("fulfilled", "2"), ("partial", str(parent))]
    assert world.sign_request(parent).status == PARTIAL
    world.answer(party, 3, ECDSA.sign(ITEM_2))
    assert told(world) == [("fulfilled", "3"), ("fulfilled", str(parent))]
    assert deadlines(world) == []


def test_rejected_child__should_name_itself_to_its_family(
    world: World, owner: Account, key: int, party: Account
) -> None:
    parent = world.request_signature(owner, [key, key], ITEM, ITEM_2)
    world.answer(party, 2, b"", status=REJECTED, reject_reason="no")
    assert told(world) == [("rejected", "2"), ("rejected", str(parent)), ("rejected", "3")]
    assert [world.sign_request(i).reject_reason for i in (2, parent, 3)] == [
        "no",
        "Child request 2 rejected with reason: no",
        f"Parent request {parent} rejected",
    ]
    assert deadlines(world) == []


def test_open_request__should_have_a_deadline(world: World, owner: Account, key: int) -> None:
    world.request_signature(owner, [key, key], ITEM, ITEM_2)
    assert deadlines(world) == [1, 2, 3]


def test_family_that_times_out__should_say_so_everywhere(
    world: World, owner: Account, key: int
) -> None:
    world.request_signature(owner, [key, key], ITEM, ITEM_2)
    world.advance(100)
    late = "Signature request timed out"
    assert {world.sign_request(i).reject_reason for i in (1, 2, 3)} == {late}


def test_answer_of_an_inactive_keyring__should_end_the_request(
    world: World, owner: Account, key: int, keyring: str, party: Account
) -> None:
    request_id = world.request_signature(owner, [key], ITEM)
    world.do(identity.MsgDeactivateKeyring(creator=party.address, keyring_addr=keyring))
    world.answer(party, request_id, ECDSA.sign(ITEM))
    request = world.sign_request(request_id)
    assert (request.status, request.reject_reason) == (
        REJECTED,
        f"keyring {keyring} is inactive",
    )
    assert not request.signed_data


def test_answer__should_be_refused_where_its_key_is_gone(
    world: World, owner: Account, key: int, party: Account
) -> None:
    request_id = world.request_signature(owner, [key], ITEM)
    state.KEYS.delete(world.store, key)
    world.answer(party, request_id, ECDSA.sign(ITEM))
    assert world.sign_request(request_id).reject_reason == f"no key {key}"


def test_family_that_was_answered__should_take_nothing_more(
    world: World, owner: Account, key: int, party: Account
) -> None:
    parent = world.request_signature(owner, [key, key], ITEM, ITEM_2)
    for child, item in ((2, ITEM), (3, ITEM_2)):
        world.answer(party, child, ECDSA.sign(item))
    for status in (FULFILLED, PARTIAL, REJECTED):
        with pytest.raises(Conflict):
            world.answer(party, parent, ECDSA.sign(ITEM), status=status)
    # Late and right, of a child.
    world.answer(party, 2, ECDSA.sign(ITEM), status=PARTIAL)
    with pytest.raises(Conflict):
        world.answer(party, 2, ECDSA.sign(ITEM), status=PENDING)


def test_approval__should_be_of_the_block_that_made_the_request(
    world: World, owner: Account, key: int
) -> None:
    world.advance(3)
    request_id = world.request_signature(owner, [key], ITEM)
    approval = state.APPROVALS.get(world.store, request_id)
    ctx = world.ctx()
    assert approval is not None
    assert (approval.sign_request_id, approval.height) == (request_id, ctx.height)
    assert approval.block_hash == ctx.block_hash


def test_child__should_carry_what_its_parent_was_asked_with(
    world: World, owner: Account, key: int
) -> None:
    world.do(
        wire.MsgNewSignatureRequest(
            creator=owner.address,
            key_ids=[key, key],
            data_for_signing=f"{ITEM.hex()},{ITEM_2.hex()}",
            cache_id=b"cache",
        )
    )
    parent, child = world.sign_request(1), world.sign_request(2)
    for name in ("creator", "key_type", "cache_id", "fee_payer", "keyring_addr", "mpc_btl"):
        assert getattr(child, name) == getattr(parent, name), name
