"""A request of several items: a parent whose children are answered, and how they end together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.zrchain_lite.modules.treasury.world import (
    ECDSA,
    FEE,
    FULFILLED,
    ITEM,
    ITEM_2,
    ITEM_3,
    PARTIAL,
    PENDING,
    REJECTED,
    Account,
    Recorder,
    World,
)
from zrchain_lite.errors import Conflict
from zrchain_lite.modules.treasury import state


def deadlines(world: World) -> list[int]:
    """The requests that a sweep far in the future would find."""
    found: list[int] = []
    ctx = world.ctx()
    late = replace(ctx, height=ctx.height + 10**6)
    state.SIGN_REQUEST_DEADLINES.sweep(late, lambda _, request_id: found.append(request_id))
    return sorted(found)


def test_family__should_be_a_parent_with_consecutive_children(
    world: World, owner: Account, key: int, hooks: Recorder
) -> None:
    parent_id = world.request_signature(owner, [key, key, key], ITEM, ITEM_2, ITEM_3)
    assert world.told() == [("new_sign_request", str(parent_id))]
    parent = world.sign_request(parent_id)
    assert (parent_id, list(parent.child_req_ids)) == (1, [2, 3, 4])
    assert (parent.fee, world.escrow) == (3 * FEE, 3 * FEE)
    for child_id, item in zip(parent.child_req_ids, (ITEM, ITEM_2, ITEM_3), strict=True):
        child = world.sign_request(child_id)
        assert (child.parent_req_id, child.mpc_btl, child.fee) == (parent_id, parent.mpc_btl, 0)
        assert (list(child.key_ids), list(child.data_for_signing)) == ([key], [item])


def test_family__should_be_fulfilled_in_the_order_of_items(
    world: World, owner: Account, key: int, parties: list[Account], hooks: Recorder
) -> None:
    parent_id = world.request_signature(owner, [key, key, key], ITEM, ITEM_2, ITEM_3)
    for child_id, item in ((4, ITEM_3), (2, ITEM), (3, ITEM_2)):
        assert world.escrow == 3 * FEE
        world.answer(parties[0], child_id, ECDSA.sign(item))
    parent = world.sign_request(parent_id)
    assert parent.status == FULFILLED
    assert [(a.sign_request_id, a.signed_data) for a in parent.signed_data] == [
        (2, ECDSA.sign(ITEM)),
        (3, ECDSA.sign(ITEM_2)),
        (4, ECDSA.sign(ITEM_3)),
    ]
    assert world.escrow == 0
    assert hooks.ended == [(parent_id, FULFILLED)]


def test_family__should_take_equal_signatures_of_equal_items(
    world: World, owner: Account, key: int, parties: list[Account]
) -> None:
    parent_id = world.request_signature(owner, [key, key], ITEM, ITEM)
    for child_id in (2, 3):
        world.answer(parties[0], child_id, ECDSA.sign(ITEM))
    assert world.status(parent_id) == FULFILLED
    assert len(world.sign_request(parent_id).signed_data) == 2


def test_parent__should_take_no_direct_answer(
    world: World, owner: Account, key: int, parties: list[Account]
) -> None:
    parent_id = world.request_signature(owner, [key, key], ITEM, ITEM_2)
    for fields in ({}, {"status": REJECTED}):
        with pytest.raises(Conflict, match="answer these: 2, 3"):
            world.answer(parties[0], parent_id, b"anything", **fields)


@pytest.mark.parametrize("how", ["said", "wrong"])
def test_rejected_child__should_end_its_whole_family(
    world: World, owner: Account, key: int, parties: list[Account], hooks: Recorder, how: str
) -> None:
    before = world.balance(owner.address)
    parent_id = world.request_signature(owner, [key, key, key], ITEM, ITEM_2, ITEM_3)
    world.answer(parties[0], 2, ECDSA.sign(ITEM))
    assert world.status(parent_id) == PARTIAL
    if how == "said":
        world.answer(parties[0], 3, b"", status=REJECTED, reject_reason="no")
        assert (
            world.sign_request(parent_id).reject_reason
            == "Child request 3 rejected with reason: no"
        )
    else:
        world.answer(parties[0], 3, ECDSA.sign(ITEM))
    assert [world.status(i) for i in (parent_id, 2, 3, 4)] == [
        REJECTED,
        FULFILLED,
        REJECTED,
        REJECTED,
    ]
    assert all(world.sign_request(i).reject_reason for i in (1, 3, 4))
    assert (world.escrow, world.balance(owner.address)) == (0, before)
    assert hooks.ended == [(parent_id, REJECTED)]
    with pytest.raises(Conflict):
        world.answer(parties[0], 4, ECDSA.sign(ITEM_3))


def test_timeout__should_end_a_family_together_and_refund_once(
    world: World, owner: Account, key: int, parties: list[Account], hooks: Recorder
) -> None:
    before = world.balance(owner.address)
    parent_id = world.request_signature(owner, [key, key], ITEM, ITEM_2)
    world.answer(parties[0], 2, ECDSA.sign(ITEM))
    world.advance(20)
    assert world.status(parent_id) == PARTIAL
    world.advance()
    assert [world.status(i) for i in (parent_id, 2, 3)] == [REJECTED, FULFILLED, REJECTED]
    assert world.sign_request(3).reject_reason == "Signature request timed out"
    assert (world.escrow, world.balance(owner.address)) == (0, before)
    world.advance(50)
    assert hooks.ended == [(parent_id, REJECTED)]


def test_timeout__should_take_no_fee_of_another_request(
    world: World, owner: Account, key: int, hooks: Recorder
) -> None:
    parent_id = world.request_signature(owner, [key, key], ITEM, ITEM_2)
    world.advance(5)
    world.request_signature(owner, [key, key], ITEM, ITEM_2)
    world.advance(16)
    assert hooks.ended == [(parent_id, REJECTED)]
    assert world.escrow == world.open_fees() == 2 * FEE


def test_family_that_cannot_end__should_stay_whole_and_be_tried_again(
    world: World, owner: Account, key: int, hooks: Recorder
) -> None:
    parent_id = world.request_signature(owner, [key, key], ITEM, ITEM_2)
    hooks.breaks_at = parent_id
    world.advance(21)
    assert [world.status(i) for i in (1, 2, 3)] == [PENDING] * 3
    hooks.breaks_at = 0
    world.advance()
    assert [world.status(i) for i in (1, 2, 3)] == [REJECTED] * 3
    assert hooks.ended == [(parent_id, REJECTED)]


def test_family__should_tell_of_each_answer(
    world: World, owner: Account, key: int, party: Account
) -> None:
    parent = world.request_signature(owner, [key, key], ITEM, ITEM_2)
    world.answer(party, 2, ECDSA.sign(ITEM))
    assert world.told() == [("sign_request_fulfilled", "2"), ("sign_request_partial", str(parent))]
    assert world.sign_request(parent).status == PARTIAL
    world.answer(party, 3, ECDSA.sign(ITEM_2))
    assert world.told() == [
        ("sign_request_fulfilled", "3"),
        ("sign_request_fulfilled", str(parent)),
    ]
    assert deadlines(world) == []


def test_rejected_child__should_name_itself_to_its_family(
    world: World, owner: Account, key: int, party: Account
) -> None:
    parent = world.request_signature(owner, [key, key], ITEM, ITEM_2)
    world.answer(party, 2, b"", status=REJECTED, reject_reason="no")
    assert world.told() == [
        ("sign_request_rejected", "2"),
        ("sign_request_rejected", str(parent)),
        ("sign_request_rejected", "3"),
    ]
    assert [world.sign_request(i).reject_reason for i in (2, parent, 3)] == [
        "no",
        "Child request 2 rejected with reason: no",
        f"Parent request {parent} rejected",
    ]
    assert deadlines(world) == []


def test_family_that_times_out__should_say_so_everywhere(
    world: World, owner: Account, key: int
) -> None:
    world.request_signature(owner, [key, key], ITEM, ITEM_2)
    world.advance(100)
    late = "Signature request timed out"
    assert {world.sign_request(i).reject_reason for i in (1, 2, 3)} == {late}


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


def test_child__should_carry_what_its_parent_was_asked_with(
    world: World, owner: Account, key: int
) -> None:
    world.request_signature(owner, [key, key], ITEM, ITEM_2, cache_id=b"cache")
    parent, child = world.sign_request(1), world.sign_request(2)
    for name in ("creator", "key_type", "cache_id", "fee_payer", "keyring_addr", "mpc_btl"):
        assert getattr(child, name) == getattr(parent, name), name


def test_open_request__should_have_a_deadline(world: World, owner: Account, key: int) -> None:
    world.request_signature(owner, [key, key], ITEM, ITEM_2)
    assert deadlines(world) == [1, 2, 3]
