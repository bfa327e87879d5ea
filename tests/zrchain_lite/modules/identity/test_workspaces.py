"""Workspaces: owners, children and policies, by the messages that change them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.zrchain_lite.modules.treasury.world import ECDSA, Account, World
from zrchain_lite.errors import Conflict, InvalidArgument, NotFound, Unauthorized
from zrchain_lite.modules.identity.keeper import MAX_DEPTH
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageRequest
from zrchain_lite.wire.zrchain.identity import identity_pb2 as wire
from zrchain_lite.wire.zrchain.policy import policy_pb2 as policy_wire
from zrchain_lite.wire.zrchain.treasury.treasury_pb2 import MsgUpdateKeyPolicy

EVM = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
QUERY = "/zrchain.identity.Query/"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def alice(world: World) -> Account:
    return world.account()


@pytest.fixture
def bob(world: World) -> Account:
    return world.account()


def read(world: World, address: str) -> wire.Workspace:
    return world.identity.workspace(world.ctx(), address)


def add_owner(world: World, by: Account, workspace: str, owner: str) -> None:
    world.do(
        wire.MsgAddWorkspaceOwner(creator=by.address, workspace_addr=workspace, new_owner=owner)
    )


def remove_owner(world: World, by: Account, workspace: str, owner: str) -> None:
    world.do(
        wire.MsgRemoveWorkspaceOwner(creator=by.address, workspace_addr=workspace, owner=owner)
    )


def new_child(world: World, by: Account, parent: str) -> str:
    message = wire.MsgNewChildWorkspace(creator=by.address, parent_workspace_addr=parent)
    return str(world.do(message).address)


def append(world: World, by: Account, parent: str, child: str) -> None:
    world.do(
        wire.MsgAppendChildWorkspace(
            creator=by.address, parent_workspace_addr=parent, child_workspace_addr=child
        )
    )


def update(world: World, by: Account, workspace: str, admin: int, sign: int) -> None:
    world.do(
        wire.MsgUpdateWorkspace(
            creator=by.address, workspace_addr=workspace, admin_policy_id=admin, sign_policy_id=sign
        )
    )


def test_new_workspace__should_get_the_first_address(
    world: World, alice: Account, bob: Account
) -> None:
    address = world.workspace(alice, bob)
    assert address == "workspace10j06zdk5gyl6v9ekzwem0v"
    stored = read(world, address)
    assert stored.creator == alice.address
    assert list(stored.owners) == [alice.address, bob.address]
    assert [event.type for event in world.events] == ["new_workspace"]


def test_new_workspace__should_refuse_a_duplicate_owner(world: World, alice: Account) -> None:
    for extra in ([alice.address], [EVM, EVM.lower()]):
        with pytest.raises(InvalidArgument, match="named twice"):
            world.do(wire.MsgNewWorkspace(creator=alice.address, additional_owners=extra))


def test_new_workspace__should_refuse_policies_of_strangers(
    world: World, alice: Account, bob: Account
) -> None:
    both = world.all_of(alice, bob)
    with pytest.raises(InvalidArgument, match="does not own the workspace"):
        world.workspace(alice, sign_policy_id=both)
    with pytest.raises(NotFound):
        world.workspace(alice, admin_policy_id=99)
    assert world.workspace(alice, bob, sign_policy_id=both)


def test_add_owner__should_accept_every_kind_of_identity_once(world: World, alice: Account) -> None:
    workspace = world.workspace(alice)
    contract = f"eip155:31337:{EVM}"
    add_owner(world, alice, workspace, EVM.lower())
    assert {event.type for event in world.events} >= {
        "add_owner_to_workspace",
        "owner_added_to_workspace",
    }
    add_owner(world, alice, workspace, contract)
    assert list(read(world, workspace).owners) == [alice.address, EVM, contract]
    with pytest.raises(Conflict, match="already owns"):
        add_owner(world, alice, workspace, EVM)
    for owner in (EVM, contract, alice.address):
        found = world.query(QUERY + "Workspaces", wire.QueryWorkspacesRequest(owner=owner))
        assert [w.address for w in found.workspaces] == [workspace]


def test_workspace__should_obey_owners_only(world: World, alice: Account, bob: Account) -> None:
    workspace = world.workspace(alice)
    with pytest.raises(Unauthorized):
        add_owner(world, bob, workspace, bob.address)
    with pytest.raises(Unauthorized):
        new_child(world, bob, workspace)
    with pytest.raises(Unauthorized):
        update(world, bob, workspace, 1, 0)


def test_evm_owner__should_act_by_the_account_of_the_same_key(
    world: World, alice: Account, bob: Account
) -> None:
    workspace = world.identity.create_workspace(world.ctx(), EVM, [bob.evm_address]).address
    add_owner(world, bob, workspace, alice.address)
    child = new_child(world, bob, workspace)
    assert list(read(world, child).owners) == [bob.evm_address]
    assert world.identity.acts_for(world.ctx(), bob.address, bob.evm_address)
    assert not world.identity.acts_for(world.ctx(), alice.address, bob.evm_address)


def test_evm_owner__should_not_act_before_its_key_is_known(world: World) -> None:
    unknown = world.account(known=False)
    workspace = world.identity.create_workspace(world.ctx(), EVM, [unknown.evm_address]).address
    with pytest.raises(Unauthorized):
        add_owner(world, unknown, workspace, EVM)


def test_remove_owner__should_keep_one_and_every_participant(
    world: World, alice: Account, bob: Account
) -> None:
    workspace = world.workspace(alice, bob)
    both = world.all_of(alice, bob)
    update(world, alice, workspace, 0, both)
    with pytest.raises(Conflict, match="participant of policy"):
        remove_owner(world, alice, workspace, bob.address)
    update(world, alice, workspace, 0, 0)
    remove_owner(world, bob, workspace, alice.address)  # the creator may go
    with pytest.raises(Conflict, match="last owner"):
        remove_owner(world, bob, workspace, bob.address)
    with pytest.raises(InvalidArgument, match="does not own"):
        remove_owner(world, bob, workspace, alice.address)


def test_remove_owner__should_keep_participants_of_a_keys_policy(
    world: World, alice: Account, bob: Account
) -> None:
    workspace = world.workspace(alice, bob)
    keyring = world.keyring(alice, [alice])
    request = world.request_key(alice, workspace, keyring, sign_policy_id=world.all_of(alice, bob))
    with pytest.raises(Conflict, match="one of the keys"):
        remove_owner(world, alice, workspace, bob.address)
    world.answer_key(alice, request, b"", status=4, key=None, reject_reason="no")
    remove_owner(world, alice, workspace, bob.address)


def test_remove_owner__should_keep_who_is_named_until_the_last_key_leaves(
    world: World, alice: Account, bob: Account
) -> None:
    workspace = world.workspace(alice, bob)
    keyring = world.keyring(alice, [alice])
    either = f"{alice.address} + {bob.address} > 0"
    policies = [world.new_policy(alice, either, [alice.address, bob.address]) for _ in range(2)]
    keys = []
    for policy in (policies[0], policies[0], policies[1]):
        asked = world.request_key(alice, workspace, keyring, sign_policy_id=policy)
        world.answer_key(alice, asked, ECDSA.public_key)
        keys.append(asked)
    for key in keys:
        with pytest.raises(Conflict, match="one of the keys"):
            remove_owner(world, alice, workspace, bob.address)
        world.do(MsgUpdateKeyPolicy(creator=alice.address, key_id=key, sign_policy_id=0))
    remove_owner(world, alice, workspace, bob.address)
    assert list(read(world, workspace).owners) == [alice.address]


def test_module_account__should_own_nothing(world: World, alice: Account) -> None:
    escrow = world.bank.module_address("keyring_escrow")
    with pytest.raises(InvalidArgument, match="nobody signs"):
        world.do(wire.MsgNewWorkspace(creator=alice.address, additional_owners=[escrow]))
    workspace = world.workspace(alice)
    with pytest.raises(InvalidArgument, match="nobody signs"):
        add_owner(world, alice, workspace, escrow)


def test_child__should_inherit_only_policies_that_its_owner_satisfies(
    world: World, alice: Account, bob: Account
) -> None:
    both, alone = world.all_of(alice, bob), world.all_of(alice)
    parent = world.workspace(alice, bob, sign_policy_id=both, admin_policy_id=alone)
    child = read(world, new_child(world, alice, parent))
    assert (child.sign_policy_id, child.admin_policy_id) == (0, alone)
    assert list(child.owners) == [alice.address]
    assert list(read(world, parent).child_workspaces) == [child.address]


def test_append_child__should_keep_a_forest(world: World, alice: Account, bob: Account) -> None:
    root, middle, leaf = (world.workspace(alice) for _ in range(3))
    append(world, alice, root, middle)
    append(world, alice, middle, leaf)
    with pytest.raises(Conflict, match="already a child"):
        append(world, alice, root, middle)
    with pytest.raises(Conflict, match="already a child"):
        append(world, alice, root, leaf)
    for parent in (root, middle, leaf):
        with pytest.raises(Conflict, match="cycle"):
            append(world, alice, parent, root)
    with pytest.raises(Unauthorized):
        append(world, alice, root, world.workspace(bob))


def test_child__should_not_make_its_parent_too_dear_to_read(
    world: World, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zrchain_lite.modules.identity.keeper.MAX_CHILDREN", 2)
    parent, other = world.workspace(alice), world.workspace(alice)
    for _ in range(2):
        new_child(world, alice, parent)
    with pytest.raises(Conflict, match="no more fit"):
        new_child(world, alice, parent)
    with pytest.raises(Conflict, match="no more fit"):
        append(world, alice, parent, other)


def test_append_child__should_bound_the_depth(world: World, alice: Account) -> None:
    workspace = world.workspace(alice)
    for _ in range(MAX_DEPTH - 1):
        workspace = new_child(world, alice, workspace)
    with pytest.raises(Conflict, match="generations deep"):
        new_child(world, alice, workspace)


def test_update__should_check_policies_and_need_a_change(
    world: World, alice: Account, bob: Account
) -> None:
    workspace = world.workspace(alice)
    with pytest.raises(InvalidArgument, match="already has these policies"):
        update(world, alice, workspace, 0, 0)
    with pytest.raises(NotFound):
        update(world, alice, workspace, 0, 7)
    with pytest.raises(InvalidArgument, match="does not own"):
        update(world, alice, workspace, 0, world.all_of(alice, bob))


def test_update__should_wait_for_the_current_admin_policy(
    world: World, alice: Account, bob: Account
) -> None:
    workspace = world.workspace(alice, bob)
    both = world.all_of(alice, bob)
    update(world, alice, workspace, both, 0)
    update(world, alice, workspace, 0, 0)
    assert read(world, workspace).admin_policy_id == both
    world.do(policy_wire.MsgApproveAction(creator=bob.address, action_id=2))
    assert read(world, workspace).admin_policy_id == 0


def test_delayed_action__should_be_checked_again(
    world: World, alice: Account, bob: Account
) -> None:
    carol = world.account()
    both = world.all_of(alice, bob)
    workspace = world.workspace(alice, bob, admin_policy_id=both)
    add_owner(world, alice, workspace, carol.address)
    add_owner(world, bob, workspace, carol.address)
    world.do(policy_wire.MsgApproveAction(creator=bob.address, action_id=1))
    with pytest.raises(Conflict, match="already owns"):
        world.do(policy_wire.MsgApproveAction(creator=alice.address, action_id=2))


def test_delayed_action__should_not_outlive_its_policy(
    world: World, alice: Account, bob: Account
) -> None:
    both = world.all_of(alice, bob)
    workspace = world.workspace(alice, bob, admin_policy_id=both)
    add_owner(world, alice, workspace, EVM)
    update(world, alice, workspace, 0, 0)
    world.do(policy_wire.MsgApproveAction(creator=bob.address, action_id=2))
    with pytest.raises(Conflict, match="ask again"):
        world.do(policy_wire.MsgApproveAction(creator=bob.address, action_id=1))


def test_workspaces_query__should_filter_and_page(
    world: World, alice: Account, bob: Account
) -> None:
    mine = sorted(world.workspace(alice) for _ in range(5))
    world.workspace(bob)

    def ask(**fields: Any) -> Any:
        return world.query(QUERY + "Workspaces", wire.QueryWorkspacesRequest(**fields))

    assert len(ask().workspaces) == 6
    first = ask(creator=alice.address, pagination=PageRequest(limit=3, count_total=True))
    assert [w.address for w in first.workspaces] == mine[:3]
    assert first.pagination.total == 5
    rest = ask(creator=alice.address, pagination=PageRequest(key=first.pagination.next_key))
    assert [w.address for w in rest.workspaces] == mine[3:]
    assert rest.pagination.next_key == b""
    last = ask(owner=alice.address, pagination=PageRequest(reverse=True, limit=1, offset=1))
    assert [w.address for w in last.workspaces] == [mine[3]]
    huge = ask(owner=alice.address, pagination=PageRequest(offset=10_000, limit=2**64 - 1))
    assert not huge.workspaces
    with pytest.raises(InvalidArgument, match="by `key`"):
        ask(owner=alice.address, pagination=PageRequest(offset=2**64 - 1))


def test_workspace_query__should_say_what_is_wrong(world: World) -> None:
    for address, error in (
        ("nonsense", InvalidArgument),
        ("workspace14a2hpadpsy9h4auve2z8lw", NotFound),
    ):
        with pytest.raises(error):
            world.query(
                QUERY + "WorkspaceByAddress",
                wire.QueryWorkspaceByAddressRequest(workspace_addr=address),
            )
