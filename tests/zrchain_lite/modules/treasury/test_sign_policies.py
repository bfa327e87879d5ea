"""Whose consent a signature needs: policies of keys and workspaces, and reserved keys."""

from __future__ import annotations

import pytest

from tests.zrchain_lite.modules.treasury.world import (
    ECDSA,
    ITEM,
    PENDING,
    Account,
    World,
)
from zrchain_lite.errors import Conflict, NotFound, Unauthorized
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.policy import policy_pb2 as policy
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire

WAITING = policy.QueryActionsRequest(status=policy.ACTION_STATUS_PENDING)


def test_reserved_key__should_serve_its_purpose_only(
    world: World, owner: Account, key: int, parties: list[Account]
) -> None:
    world.treasury.reserve_key(world.ctx(), key, "authority")
    with pytest.raises(Unauthorized, match="reserved for authority"):
        world.request_signature(owner, [key], ITEM)
    with pytest.raises(Unauthorized):
        world.do(wire.MsgUpdateKeyPolicy(creator=owner.address, key_id=key))
    for purpose in (None, "", "other"):
        with pytest.raises(Unauthorized):
            world.treasury.request_signature(
                world.ctx(), creator=owner.address, key_ids=[key], items=[ITEM], purpose=purpose
            )
    asked = world.treasury.request_signature(
        world.ctx(), creator=owner.address, key_ids=[key], items=[ITEM], purpose="authority"
    )
    assert asked.fee == 0
    world.treasury.reserve_key(world.ctx(), key, "authority")
    with pytest.raises(Conflict):
        world.treasury.reserve_key(world.ctx(), key, "other")
    with pytest.raises(NotFound):
        world.treasury.reserve_key(world.ctx(), 99, "authority")


def test_policy__should_be_the_keys_own_before_the_workspaces(
    world: World, parties: list[Account]
) -> None:
    alice, bob = world.account(), world.account()
    workspace = world.workspace(alice, bob)
    keyring = world.keyring(parties[0], parties[:1])
    key = world.key(alice, workspace, keyring, parties[0], ECDSA)
    both = world.all_of(alice, bob)
    world.do(wire.MsgUpdateKeyPolicy(creator=alice.address, key_id=key, sign_policy_id=both))
    assert world.request_signature(alice, [key], ITEM) == 0
    last = world.query("/zrchain.policy.Query/Actions", WAITING)
    (action,) = last.actions
    world.do(policy.MsgApproveAction(creator=bob.address, action_id=action.id))
    assert world.status(1) == PENDING
    # Back to the workspace's policy, which the key's current one must allow.
    world.do(wire.MsgUpdateKeyPolicy(creator=alice.address, key_id=key))
    assert world.treasury.key(world.ctx(), key).sign_policy_id == both
    (action,) = world.query("/zrchain.policy.Query/Actions", WAITING).actions
    world.do(policy.MsgApproveAction(creator=bob.address, action_id=action.id))
    assert world.treasury.key(world.ctx(), key).sign_policy_id == 0


def test_key_policy__should_be_changed_only_by_those_who_may_sign(
    world: World, parties: list[Account]
) -> None:
    """One owner must not get round the workspace's policy by giving the key one of its own."""
    alice, bob = world.account(), world.account()
    workspace = world.workspace(alice, bob, sign_policy_id=world.all_of(alice, bob))
    keyring = world.keyring(parties[0], parties[:1])
    world.request_key(alice, workspace, keyring)
    (action,) = world.query("/zrchain.policy.Query/Actions", WAITING).actions
    world.do(policy.MsgApproveAction(creator=bob.address, action_id=action.id))
    world.answer_key(parties[0], 1, ECDSA.public_key)
    alone = world.new_policy(alice, f"{alice.address} > 0", [alice.address])
    world.do(wire.MsgUpdateKeyPolicy(creator=alice.address, key_id=1, sign_policy_id=alone))
    assert world.request_signature(alice, [1], ITEM) == 0
    assert world.treasury.key(world.ctx(), 1).sign_policy_id == 0
    first, _ = world.query("/zrchain.policy.Query/Actions", WAITING).actions
    world.do(policy.MsgApproveAction(creator=bob.address, action_id=first.id))
    assert world.treasury.key(world.ctx(), 1).sign_policy_id == alone


def test_action__should_not_outlive_the_policy_it_was_asked_under(
    world: World, parties: list[Account]
) -> None:
    alice, bob = world.account(), world.account()
    both = world.all_of(alice, bob)
    workspace = world.workspace(alice, bob)
    keyring = world.keyring(parties[0], parties[:1])
    key = world.key(alice, workspace, keyring, parties[0], ECDSA)
    update = identity.MsgUpdateWorkspace(
        creator=alice.address, workspace_addr=workspace, sign_policy_id=both
    )
    world.do(update)
    assert world.request_signature(alice, [key], ITEM) == 0
    update.sign_policy_id = 0
    world.do(update)
    waiting = world.query("/zrchain.policy.Query/Actions", WAITING).actions[0]
    with pytest.raises(Conflict, match="ask again"):
        world.do(policy.MsgApproveAction(creator=bob.address, action_id=waiting.id))
