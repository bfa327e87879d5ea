"""The life of an action: submitted, approved, executed, revoked, timed out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf import any_pb2
from google.protobuf.message import Message

from tests.zrchain_lite.modules.treasury.world import Account, World
from zrchain_lite.account_keys import AccountKey
from zrchain_lite.errors import Conflict, InvalidArgument, NotFound, Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.policy import policy_pb2 as wire
from zrchain_lite.wire.zrchain.policy.policy_pb2 import Action
from zrsign_chains.evm import evm_address

QUERY = "/zrchain.policy.Query/"
PENDING, COMPLETED, REVOKED, TIMEOUT = 1, 2, 3, 4
ADD_OWNER = "/zrchain.identity.MsgAddWorkspaceOwner"
EVM = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


class Recorder:
    """Hooks that remember what they were told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, int]] = []

    def action_approved(self, ctx: Context, action: Action, participant: str) -> None:
        self.told.append(("approved", action.id, len(action.approvers)))

    def action_completed(self, ctx: Context, action: Action) -> None:
        self.told.append(("completed", action.id, action.status))

    def action_ended(self, ctx: Context, action: Action) -> None:
        self.told.append(("ended", action.id, action.status))


class Broken(Recorder):
    """A hook with a fault: it fails for one action."""

    def __init__(self, action_id: int) -> None:
        super().__init__()
        self._action_id = action_id

    def action_ended(self, ctx: Context, action: Action) -> None:
        if action.id == self._action_id:
            raise RuntimeError("a fault of this hook")
        super().action_ended(ctx, action)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def hooks(world: World) -> Recorder:
    recorder = Recorder()
    world.policy.hooks.append(recorder)
    return recorder


@pytest.fixture
def owners(world: World) -> list[Account]:
    return [world.account() for _ in range(3)]


@pytest.fixture
def workspace(world: World, owners: list[Account]) -> str:
    """Two of three owners must approve."""
    addresses = [owner.address for owner in owners]
    two = world.new_policy(owners[0], f"{' + '.join(addresses)} > 1", addresses, btl=30)
    return world.workspace(*owners, admin_policy_id=two)


def add_owner(world: World, by: Account, workspace: str, *, btl: int = 0, owner: str = EVM) -> int:
    """The id of the action."""
    world.do(
        identity.MsgAddWorkspaceOwner(
            creator=by.address, workspace_addr=workspace, new_owner=owner, btl=btl
        )
    )
    return max(a.id for a in actions(world))


def actions(world: World, **fields: Any) -> list[wire.ActionResponse]:
    return list(world.query(QUERY + "Actions", wire.QueryActionsRequest(**fields)).actions)


def approve(world: World, by: Account, action_id: int, **fields: Any) -> str:
    message = wire.MsgApproveAction(creator=by.address, action_id=action_id, **fields)
    return str(world.do(message).status)


def status(world: World, action_id: int) -> int:
    return world.policy.action(world.ctx(), action_id).status


def owners_of(world: World, workspace: str) -> list[str]:
    return list(world.identity.workspace(world.ctx(), workspace).owners)


def test_submit__should_count_its_creator_and_wait(
    world: World, owners: list[Account], workspace: str, hooks: Recorder
) -> None:
    action_id = add_owner(world, owners[0], workspace)
    new = [event for event in world.events if event.type == "new_action"]
    assert [dict(event.attributes)["participant_addr"] for event in new] == [
        owner.address for owner in owners
    ]
    (action,) = actions(world)
    assert (action.id, action.status) == (action_id, "ACTION_STATUS_PENDING")
    assert list(action.approvers) == [owners[0].address]
    assert EVM not in owners_of(world, workspace)
    assert hooks.told == []


def test_approve__should_execute_with_the_last_one_needed(
    world: World, owners: list[Account], workspace: str, hooks: Recorder
) -> None:
    action_id = add_owner(world, owners[0], workspace)
    assert approve(world, owners[0], action_id) == "ACTION_STATUS_PENDING"  # again: nothing new
    assert approve(world, owners[1], action_id, action_type=ADD_OWNER) == "ACTION_STATUS_COMPLETED"
    assert EVM in owners_of(world, workspace)
    assert hooks.told == [("approved", action_id, 2), ("completed", action_id, COMPLETED)]
    with pytest.raises(Conflict, match="not pending but ACTION_STATUS_COMPLETED"):
        approve(world, owners[2], action_id)


def test_sweep__should_stop_neither_at_a_fault_nor_with_half_of_an_action_ended(
    world: World, owners: list[Account], workspace: str
) -> None:
    first, second = (add_owner(world, owners[0], workspace) for _ in range(2))
    hooks = Broken(first)
    world.policy.hooks.append(hooks)
    world.advance(40)
    assert (status(world, first), status(world, second)) == (PENDING, TIMEOUT)
    assert hooks.told == [("ended", second, TIMEOUT)]
    world.policy.hooks.remove(hooks)
    world.advance()
    assert status(world, first) == TIMEOUT


def test_approve__should_refuse_strangers_wrong_types_and_passkeys(
    world: World, owners: list[Account], workspace: str
) -> None:
    action_id = add_owner(world, owners[0], workspace)
    with pytest.raises(Unauthorized, match="no participant"):
        approve(world, world.account(), action_id)
    with pytest.raises(InvalidArgument, match=r"is a /zrchain\.identity\.MsgAddWorkspaceOwner"):
        approve(world, owners[1], action_id, action_type="/zrchain.treasury.MsgNewKeyRequest")
    with pytest.raises(InvalidArgument, match="passkey"):
        approve(world, owners[1], action_id, additional_signatures=[any_pb2.Any()])
    with pytest.raises(NotFound):
        approve(world, owners[1], 99)
    assert status(world, action_id) == PENDING


def test_approve__should_leave_no_trace_when_execution_fails(
    world: World, owners: list[Account], workspace: str
) -> None:
    first = add_owner(world, owners[0], workspace)
    second = add_owner(world, owners[0], workspace)
    approve(world, owners[1], first)
    with pytest.raises(Conflict, match="already owns"):
        approve(world, owners[1], second)
    assert list(world.policy.action(world.ctx(), second).approvers) == [owners[0].address]


def test_approve__should_need_the_submitter_to_be_an_owner_still(world: World) -> None:
    alice, bob, guard = (world.account() for _ in range(3))
    only_guard = world.new_policy(guard, f"{guard.address} > 0", [guard.address])
    workspace = world.workspace(alice, bob, guard, admin_policy_id=only_guard)
    waiting = add_owner(world, alice, workspace)
    world.do(
        identity.MsgRemoveWorkspaceOwner(
            creator=guard.address, workspace_addr=workspace, owner=alice.address
        )
    )
    assert alice.address not in owners_of(world, workspace)
    with pytest.raises(Conflict, match="no longer owns"):
        approve(world, guard, waiting)


def test_submit__should_count_no_approval_of_an_owner_who_is_no_participant(world: World) -> None:
    alice, guard = world.account(), world.account()
    only_guard = world.new_policy(guard, f"{guard.address} > 0", [guard.address])
    workspace = world.workspace(alice, guard, admin_policy_id=only_guard)
    action_id = add_owner(world, alice, workspace)
    assert list(world.policy.action(world.ctx(), action_id).approvers) == []
    approve(world, guard, action_id)
    assert EVM in owners_of(world, workspace)


def test_evm_participant__should_approve_by_the_account_of_the_same_key(world: World) -> None:
    alice, bob = world.account(), world.account()
    names = [alice.evm_address, bob.evm_address]
    both = world.new_policy(alice, f"{names[0]} & {names[1]} > 0", names)
    workspace = world.identity.create_workspace(
        world.ctx(), alice.evm_address, names, admin_policy_id=both
    ).address
    action_id = add_owner(world, alice, workspace)
    assert list(world.policy.action(world.ctx(), action_id).approvers) == [alice.evm_address]
    assert [a.id for a in actions(world, address=bob.address, status=PENDING)] == [action_id]
    approve(world, bob, action_id)
    assert EVM in owners_of(world, workspace)


def test_owner_identity__should_submit_by_itself(world: World) -> None:
    """As a module does for an owner that has no account: a contract, or an EVM address."""
    contract = f"eip155:31337:{EVM}"
    workspace = world.identity.create_workspace(world.ctx(), contract, [contract]).address
    message = identity.MsgAddWorkspaceOwner(
        creator=contract, workspace_addr=workspace, new_owner=EVM
    )
    outcome = world.policy.submit(
        world.ctx(), creator=contract, policy_id=0, workspace=workspace, msg=message
    )
    assert outcome.response == identity.MsgAddWorkspaceOwnerResponse()
    assert owners_of(world, workspace) == [contract, EVM]


def test_submit__should_refuse_strangers_and_unguarded_messages(
    world: World, owners: list[Account], workspace: str
) -> None:
    def submit(creator: str, message: Message) -> None:
        world.policy.submit(
            world.ctx(), creator=creator, policy_id=0, workspace=workspace, msg=message
        )

    with pytest.raises(Unauthorized):
        submit(world.account().address, identity.MsgAddWorkspaceOwner())
    with pytest.raises(InvalidArgument, match="cannot be put under a policy"):
        submit(owners[0].address, identity.MsgNewKeyring())


def test_register_action__should_refuse_a_second_executor(world: World) -> None:
    with pytest.raises(ValueError, match="already has an executor"):
        world.policy.register_action(ADD_OWNER, lambda ctx, action, msg: msg)


def test_revoke__should_be_the_creators_right(
    world: World, owners: list[Account], workspace: str, hooks: Recorder
) -> None:
    action_id = add_owner(world, owners[0], workspace)
    with pytest.raises(Unauthorized):
        world.do(wire.MsgRevokeAction(creator=owners[1].address, action_id=action_id))
    world.do(wire.MsgRevokeAction(creator=owners[0].address, action_id=action_id))
    assert status(world, action_id) == REVOKED
    assert hooks.told == [("ended", action_id, REVOKED)]
    with pytest.raises(Conflict):
        world.do(wire.MsgRevokeAction(creator=owners[0].address, action_id=action_id))
    with pytest.raises(Conflict):
        approve(world, owners[1], action_id)
    world.advance(100)
    assert status(world, action_id) == REVOKED


def test_expiry__should_let_the_last_block_count_and_then_sweep(
    world: World, owners: list[Account], workspace: str, hooks: Recorder
) -> None:
    in_time, late = (
        add_owner(world, owners[0], workspace, owner=o.evm_address) for o in owners[:2]
    )
    world.advance(30)
    assert world.policy.action(world.ctx(), in_time).btl == world.height
    assert approve(world, owners[1], in_time) == "ACTION_STATUS_COMPLETED"
    world.advance()
    assert status(world, late) == TIMEOUT
    assert hooks.told[-1] == ("ended", late, TIMEOUT)
    with pytest.raises(Conflict, match="TIMEOUT"):
        approve(world, owners[1], late)


def test_expiry__should_hold_even_before_the_sweep_came_round(
    world: World, owners: list[Account], workspace: str, hooks: Recorder
) -> None:
    action_id = add_owner(world, owners[0], workspace)
    world.height += 31  # no block began
    assert approve(world, owners[1], action_id) == "ACTION_STATUS_TIMEOUT"
    assert EVM not in owners_of(world, workspace)
    world.advance()
    assert hooks.told == [("ended", action_id, TIMEOUT)]


def test_vectors__should_choose_the_deadline(vectors: Callable[[str], Any]) -> None:
    table = vectors("zrchain.json")["action_btl"]
    for case in table["cases"]:
        world = World(height=table["height"])
        alice, bob = world.account(), world.account()
        addresses = [alice.address, bob.address]
        both = world.new_policy(
            alice, f"{' + '.join(addresses)} > 1", addresses, case["policy_btl"]
        )
        workspace = world.workspace(alice, bob, admin_policy_id=both)
        action_id = add_owner(world, alice, workspace, btl=case["msg_btl"])
        assert world.policy.action(world.ctx(), action_id).btl == case["want"]


@pytest.mark.parametrize(
    ("policy_btl", "asked", "blocks"), [(30, 0, 30), (30, 3, 10), (30, 40, 40), (2, 0, 10)]
)
def test_deadline__should_respect_policy_and_minimum(
    world: World, policy_btl: int, asked: int, blocks: int
) -> None:
    alice, bob = world.account(), world.account()
    addresses = [alice.address, bob.address]
    both = world.new_policy(alice, f"{' + '.join(addresses)} > 1", addresses, policy_btl)
    workspace = world.workspace(alice, bob, admin_policy_id=both)
    action_id = add_owner(world, alice, workspace, btl=asked)
    assert world.policy.action(world.ctx(), action_id).btl == world.height + blocks


@pytest.mark.parametrize("btl", [2**64 - 1, 10**9])
def test_deadline__should_not_overflow(
    world: World, owners: list[Account], workspace: str, btl: int
) -> None:
    with pytest.raises(InvalidArgument, match="too long"):
        add_owner(world, owners[0], workspace, btl=btl)
    with pytest.raises(InvalidArgument, match="too long"):
        world.new_policy(owners[0], f"{owners[0].address} > 0", [owners[0].address], btl=btl)


def test_any_in_group__should_satisfy_policy_zero(
    vectors: Callable[[str], Any], world: World
) -> None:
    for case in vectors("zrchain.json")["policy_any_in_group"]["cases"]:
        group = {name: world.account() for name in case["group"]}
        if not group:
            continue
        first, *rest = group.values()
        workspace = world.workspace(first, *rest)
        add_owner(world, group[case["approvers"][0]], workspace)
        assert (EVM in owners_of(world, workspace)) is case["ok"]


def test_vectors__should_agree_on_approval(
    vectors: Callable[[str], Any], world: World, owners: list[Account], workspace: str
) -> None:
    cases = {c["case"]: c["ok"] for c in vectors("zrchain.json")["action_approval_cases"]["cases"]}
    action_id = add_owner(world, owners[0], workspace)
    assert cases["participant approves pending action"] is True
    approve(world, owners[1], action_id)
    assert cases["action not pending"] is False
    with pytest.raises(Conflict):
        approve(world, owners[2], action_id)


def test_new_policy__should_refuse_other_kinds_long_names_and_one_key_twice(world: World) -> None:
    alice = world.account()
    kinds = (
        any_pb2.Any(),
        any_pb2.Any(type_url="/zrchain.policy.Policy"),
        any_pb2.Any(type_url="/zrchain.policy.BoolparserPolicy", value=b"\xff"),
    )
    for packed in kinds:
        with pytest.raises(InvalidArgument):
            world.do(wire.MsgNewPolicy(creator=alice.address, policy=packed))
    with pytest.raises(InvalidArgument, match="255"):
        world.do(wire.MsgNewPolicy(creator=alice.address, name="x" * 256))
    names = [alice.address, alice.evm_address]
    with pytest.raises(InvalidArgument, match="are one key"):
        world.new_policy(alice, f"{names[0]} + {names[1]} > 1", names)


def test_key__should_count_once_even_when_it_was_unknown_to_the_policy(world: World) -> None:
    alice, bob = world.account(known=False), world.account()
    key = alice.key.public_key.format()
    names = [alice.address, evm_address(key), bob.address]
    two = world.new_policy(bob, f"{' + '.join(names)} > 1", names)
    world.auth.ensure(world.ctx(), alice.address)
    world.auth.set_key(world.ctx(), alice.address, AccountKey((key,)))
    workspace = world.identity.create_workspace(world.ctx(), names[1], names, admin_policy_id=two)
    by_account = add_owner(world, alice, workspace.address)
    assert approve(world, alice, by_account) == "ACTION_STATUS_PENDING"
    # The same key once more, by its other name.
    by_contract = world.policy.submit(
        world.ctx(),
        creator=names[1],
        policy_id=two,
        workspace=workspace.address,
        msg=identity.MsgAddWorkspaceOwner(workspace_addr=workspace.address, new_owner=EVM),
    )
    assert approve(world, alice, by_contract.action_id) == "ACTION_STATUS_PENDING"
    assert approve(world, bob, by_account) == "ACTION_STATUS_COMPLETED"


def test_queries__should_find_policies_and_actions(
    world: World, owners: list[Account], workspace: str
) -> None:
    action_id = add_owner(world, owners[0], workspace)
    done = add_owner(world, owners[0], world.workspace(owners[0], owners[1]))
    assert [a.id for a in actions(world)] == [action_id, done]
    assert [a.id for a in actions(world, status=PENDING)] == [action_id]
    assert [a.id for a in actions(world, address=owners[2].address)] == [action_id]
    assert [a.id for a in actions(world, address=owners[1].address)] == [action_id, done]
    assert [a.id for a in actions(world, address=owners[1].address, status=COMPLETED)] == [done]
    details = world.query(
        QUERY + "ActionDetailsById", wire.QueryActionDetailsByIdRequest(id=action_id)
    )
    assert list(details.approvers) == [owners[0].address]
    assert list(details.pending_approvers) == [owner.address for owner in owners[1:]]
    assert (details.policy.id, details.current_height) == (1, world.height)
    by_id = world.query(QUERY + "PolicyById", wire.QueryPolicyByIdRequest(id=1))
    assert by_id.policy.policy.btl == 30
    assert len(world.query(QUERY + "Policies", wire.QueryPoliciesRequest()).policies) == 1
    for creators in ([owners[0].address, EVM], [f"{owners[0].address},{owners[1].address}"]):
        found = world.query(
            QUERY + "PoliciesByCreator", wire.QueryPoliciesByCreatorRequest(creators=creators)
        )
        assert [policy.id for policy in found.policies] == [1]
    with pytest.raises(NotFound):
        world.query(QUERY + "PolicyById", wire.QueryPolicyByIdRequest(id=0))


def test_params__should_change_by_the_authority_within_bounds() -> None:
    boss = World().account().address
    world = World(
        genesis={"policy": {"authority": boss, "params": {"minimumBtl": "2", "defaultBtl": "4"}}}
    )
    answer = world.query(QUERY + "Params", wire.QueryParamsRequest()).params
    assert (answer.minimum_btl, answer.default_btl) == (2, 4)
    good = wire.Params(minimum_btl=5, default_btl=6)
    world.do(wire.MsgUpdateParams(authority=boss, params=good))
    inverted, endless = wire.Params(minimum_btl=7, default_btl=6), wire.Params(default_btl=2**60)
    for bad in (wire.Params(), inverted, endless):
        with pytest.raises(InvalidArgument):
            world.do(wire.MsgUpdateParams(authority=boss, params=bad))
    stranger = [world.account() for _ in range(2)][1].address
    with pytest.raises(Unauthorized):
        world.do(wire.MsgUpdateParams(authority=stranger, params=good))
