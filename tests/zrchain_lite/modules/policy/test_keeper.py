"""What policies and actions leave behind: on the ledger, in events, and in who must own what."""

from __future__ import annotations

from dataclasses import replace

import pytest
from google.protobuf.message import Message

from tests.zrchain_lite.modules.policy.test_actions import (
    EVM,
    add_owner,
    approve,
    status,
)
from tests.zrchain_lite.modules.treasury.world import Account, World
from zrchain_lite.errors import Conflict, InvalidArgument, NotFound
from zrchain_lite.module import Context
from zrchain_lite.modules.policy import boolparser, state, uses
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.policy import policy_pb2 as wire
from zrchain_lite.wire.zrchain.policy.policy_pb2 import Action


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def alice(world: World) -> Account:
    return world.account()


@pytest.fixture
def bob(world: World) -> Account:
    return world.account()


def told(world: World, kind: str) -> list[dict[str, str]]:
    return [dict(event.attributes) for event in world.events if event.type == kind]


def test_policy__should_be_announced_and_stored_in_one_way(world: World, alice: Account) -> None:
    policy = world.new_policy(alice, f"{alice.address} > 0", [alice.address])
    assert told(world, "new_policy") == [{"policy_id": str(policy)}]
    stored = world.policy.policy(world.ctx(), policy)
    accepted = wire.BoolparserPolicy.FromString(stored.policy.value)
    assert stored.policy.value == accepted.SerializeToString(deterministic=True)


def test_workspace__should_have_only_policies_of_its_owners(
    world: World, alice: Account, bob: Account
) -> None:
    of_both = world.all_of(alice, bob)
    with pytest.raises(InvalidArgument, match=f"participant {bob.address} of policy {of_both}"):
        world.workspace(alice, sign_policy_id=of_both)
    with pytest.raises(NotFound):
        world.policy.require_owners(world.ctx(), 404, [alice.address])
    world.policy.require_owners(world.ctx(), of_both, [bob.address, alice.address])
    world.policy.require_owners(world.ctx(), 0, [])


def test_owner__should_be_named_while_a_key_is_under_a_policy_that_names_it(
    world: World, alice: Account, bob: Account
) -> None:
    ctx, workspace = world.ctx(), world.workspace(alice, bob)
    policy = world.new_policy(alice, f"{alice.address} > 0", [alice.address])

    def named() -> list[bool]:
        return [world.policy.is_named(ctx, workspace, who.address) for who in (alice, bob)]

    assert named() == [False, False]
    uses.take(ctx.store, workspace, policy)
    assert named() == [True, False]
    uses.leave(ctx.store, workspace, policy)
    assert named() == [False, False]


def test_action__should_be_approved_under_the_policy_that_guards_now(world: World) -> None:
    action = Action(id=7, policy_id=3)
    world.policy.require_current(action, 3)
    with pytest.raises(Conflict, match="action 7 was approved under policy 3; ask again"):
        world.policy.require_current(action, 4)


def test_approval__should_be_told_and_stay(world: World, alice: Account, bob: Account) -> None:
    carol = world.account()
    workspace = world.workspace(alice, bob, carol, admin_policy_id=world.all_of(alice, bob, carol))
    action = add_owner(world, alice, workspace)
    approve(world, bob, action)
    assert told(world, "action_approved") == [
        {"action_id": str(action), "participant_addr": bob.address}
    ]
    assert list(world.policy.action(world.ctx(), action).approvers) == [alice.address, bob.address]
    approve(world, carol, action)
    assert told(world, "action_completed") == [{"action_id": str(action)}]


def test_action_of_one_owner__should_not_be_announced_to_the_others(
    world: World, alice: Account, bob: Account
) -> None:
    workspace = world.workspace(alice, bob)
    action = add_owner(world, alice, workspace)
    assert told(world, "new_action") == []
    assert told(world, "action_completed") == [{"action_id": str(action)}]


def test_ended_action__should_be_told_and_shown(world: World, alice: Account, bob: Account) -> None:
    workspace = world.workspace(alice, bob, admin_policy_id=world.all_of(alice, bob))
    revoked, late = (add_owner(world, alice, workspace) for _ in range(2))
    answer = world.policy.revoke(world.ctx(), revoked, alice.address)
    assert (answer.id, answer.status) == (revoked, wire.ACTION_STATUS_REVOKED)
    assert status(world, late) == wire.ACTION_STATUS_PENDING
    world.advance(2000)
    assert status(world, late) == wire.ACTION_STATUS_TIMEOUT


def submit(world: World, by: Account, workspace: str, **fields: object) -> Action:
    """An action that waits for another owner; as it is stored."""
    message = identity.MsgAddWorkspaceOwner(
        creator=by.address, workspace_addr=workspace, new_owner=EVM
    )
    ctx = world.ctx()
    made = world.policy.submit(ctx, creator=by.address, workspace=workspace, msg=message, **fields)  # type: ignore[arg-type]
    return world.policy.action(ctx, made.action_id)


def test_action__should_live_as_long_as_its_policy_says_where_nothing_is_asked(
    world: World, alice: Account, bob: Account
) -> None:
    names = [alice.address, bob.address]
    both = world.new_policy(alice, f"{' & '.join(names)} > 0", names, 30)
    workspace = world.workspace(alice, bob)
    assert submit(world, alice, workspace, policy_id=both).btl == world.height + 30
    default = world.policy.params(world.ctx()).default_btl
    assert submit(world, alice, workspace, policy_id=0).btl == world.height + default


def test_action__should_be_packed_in_one_way_and_keep_its_data_in_order(
    world: World, alice: Account, bob: Account
) -> None:
    workspace = world.workspace(alice, bob)
    both = world.all_of(alice, bob)
    data = {"b": b"2", "a": b"1"}
    action = submit(world, alice, workspace, policy_id=both, policy_data=data)
    assert [(each.key, each.value) for each in action.policy_data] == [("a", b"1"), ("b", b"2")]


def test_action_that_is_allowed__should_be_executed_by_who_asked(
    world: World, alice: Account
) -> None:
    workspace = world.workspace(alice)
    seen: list[int] = []

    def at_once(ctx: Context, action: Action) -> Message:
        seen.append(action.status)
        return identity.MsgAddWorkspaceOwnerResponse()

    submit(world, alice, workspace, policy_id=0, at_once=at_once)
    assert seen == [wire.ACTION_STATUS_COMPLETED]
    assert list(world.identity.workspace(world.ctx(), workspace).owners) == [alice.address]


def test_policy_of_another_kind__should_approve_nothing(world: World, alice: Account) -> None:
    policy = world.new_policy(alice, f"{alice.address} > 0", [alice.address])
    ctx = world.ctx()
    stored = world.policy.policy(ctx, policy)
    stored.policy.type_url = "/zrchain.policy.Policy"
    state.POLICIES.set(ctx.store, policy, stored)
    with pytest.raises(InvalidArgument, match=r"is a /zrchain\.policy\.Policy, not a boolparser"):
        world.policy.participants(ctx, policy, "")


def test_policy__should_cost_what_its_expression_takes_to_judge(
    world: World, alice: Account, bob: Account
) -> None:
    charged: list[int] = []
    ctx = replace(world.ctx(), charge=charged.append)
    definition = wire.BoolparserPolicy(
        definition=f"{alice.address} + {bob.address} > 1",
        participants=[wire.PolicyParticipant(address=each.address) for each in (alice, bob)],
    )
    made = world.policy.create_policy(ctx, alice.address, "", definition, 0)
    assert charged == [boolparser.acceptance_gas(definition)]
    workspace = world.workspace(alice, bob, admin_policy_id=made.id)
    action = add_owner(world, alice, workspace)
    charged.clear()
    world.policy.approve(ctx, action, bob.address)
    assert charged == [boolparser.evaluation_gas(definition)]
