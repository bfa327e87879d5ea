"""An owner names a ledger account, which then owns what the owner owns on the ledger."""

from __future__ import annotations

import pytest
from google.protobuf.any_pb2 import Any

from tests.zrsign_receiver.world import (
    OBSERVERS,
    OMNI,
    OWNER,
    SOURCE_CHAIN,
    Account,
    World,
    status_name,
    step_names,
)
from zrchain_lite.errors import InvalidArgument, Unauthorized
from zrchain_lite.wire.zrchain.policy import policy_pb2 as policy
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains import BITCOIN_TEST, EVM, SOLANA

ADMINISTRATOR, MEMBER = Account("administrator"), Account("member")


def owners(world: World, owner_id: str = OWNER.evm) -> list[list[str]]:
    """Owners of each workspace that names `owner_id`."""
    found = world.identity.workspaces_of(world.ctx(), owner_id)
    return [list(workspace.owners) for workspace in found]


def guard(world: World, workspace: str, *accounts: Account) -> int:
    """Put a workspace under an admin policy that all of these accounts must satisfy."""
    names = [account.address for account in accounts]
    packed = Any()
    packed.Pack(
        policy.BoolparserPolicy(
            definition=" + ".join(names) + f" > {len(names) - 1}",
            participants=[policy.PolicyParticipant(address=name) for name in names],
        ),
        type_url_prefix="/",
    )
    msg = policy.MsgNewPolicy(creator=OWNER.address, name="members", policy=packed, btl=10)
    policy_id: int = world.send(msg).id  # type: ignore[attr-defined]
    found = world.identity.workspace(world.ctx(), workspace)
    found.owners.extend(name for name in names if name not in found.owners)
    found.admin_policy_id = policy_id
    world.identity.save_workspace(world.ctx(), found)
    return policy_id


def approve(world: World, action_id: int, account: Account) -> None:
    world.send(policy.MsgApproveAction(creator=account.address, action_id=action_id))


def test_link__should_make_the_account_an_owner_of_every_workspace() -> None:
    world = World()
    for wallet in (EVM, BITCOIN_TEST):
        world.wallet(wallet=wallet)
    (request_id,) = world.report(world.link_event(ADMINISTRATOR.address))
    request = world.request(request_id)
    assert status_name(request) == "ANSWERED"
    assert request.kind == pb.REQUEST_KIND_LINK
    assert step_names(request) == ["observed", "accepted", "linked"]
    assert owners(world) == [[OWNER.evm, ADMINISTRATOR.address]] * 3
    # A wallet of another type comes later, in a workspace that is made for it.
    world.wallet(wallet=SOLANA)
    assert owners(world) == [[OWNER.evm, ADMINISTRATOR.address]] * 4


def test_link_of_a_contract__should_concern_the_contract_on_its_chain_alone() -> None:
    world = World()
    world.wallet()
    event = world.link_event(ADMINISTRATOR.address, owner_is_contract=True)
    (request_id,) = world.report(event)
    contract = f"{SOURCE_CHAIN}:{OWNER.evm}"
    assert world.request(request_id).owner_id == contract
    assert owners(world, contract) == [[contract, ADMINISTRATOR.address]]
    assert owners(world) == [[OWNER.evm]] * 2


def test_link__should_change_nothing_when_it_is_told_again() -> None:
    world = World()
    event = world.link_event(ADMINISTRATOR.address)
    (first,) = world.report(event)
    assert world.report(event, observer=OBSERVERS[1]) == [first]
    (second,) = world.report(world.link_event(ADMINISTRATOR.address))
    assert second != first
    assert status_name(world.request(second)) == "ANSWERED"
    assert owners(world) == [[OWNER.evm, ADMINISTRATOR.address]]


def test_link__should_wait_for_as_many_observers_as_any_request() -> None:
    world = World(threshold=2)
    event = world.link_event(ADMINISTRATOR.address)
    world.report(event)
    assert owners(world) == []
    lie = pb.SourceEvent()
    lie.CopyFrom(event)
    lie.link.account = MEMBER.address
    world.report(lie, observer=OBSERVERS[1])
    assert owners(world) == []
    world.report(event, observer=OBSERVERS[2])
    assert owners(world) == [[OWNER.evm, ADMINISTRATOR.address]]


def test_link__should_be_refused_from_anybody_but_observers_and_from_unknown_contracts() -> None:
    world = World()
    with pytest.raises(Unauthorized, match="not a registered observer"):
        world.report(world.link_event(ADMINISTRATOR.address), observer=MEMBER)
    stopped = pb.Source(chain=SOURCE_CHAIN, contract=OMNI, mode=pb.MODE_OMNI, active=False)
    params = world.query("Params", pb.QueryParamsRequest(), pb.QueryParamsResponse).params
    world.send(pb.MsgRegisterSource(authority=params.authority, source=stopped))
    with pytest.raises(Unauthorized, match="not active"):
        world.report(world.link_event(ADMINISTRATOR.address))
    assert owners(world) == []


@pytest.mark.parametrize("account", ["nobody", "zen1wrong", "0x" + "11" * 20, OWNER.evm])
def test_text_that_is_no_account__should_be_a_rejected_request(account: str) -> None:
    world = World()
    (request_id,) = world.report(world.link_event(account))
    request = world.request(request_id)
    assert status_name(request) == "REJECTED"
    assert request.reject_reason.startswith("invalid_account: ")
    assert owners(world) == []


@pytest.mark.parametrize("account", ["", "z" * 129])
def test_account_that_no_contract_tells__should_be_no_report(account: str) -> None:
    with pytest.raises(InvalidArgument, match="account of"):
        World().report(World().link_event(account))


def test_link__should_wait_for_the_admin_policy_of_each_workspace() -> None:
    world = World()
    world.enrol(MEMBER)
    child = world.wallet().workspace_addr
    guard(world, child, MEMBER)
    (request_id,) = world.report(world.link_event(ADMINISTRATOR.address))
    waiting = world.request(request_id)
    assert status_name(waiting) == "APPROVING"
    assert ADMINISTRATOR.address not in world.identity.workspace(world.ctx(), child).owners

    approve(world, waiting.action_id, MEMBER)
    request = world.request(request_id)
    assert status_name(request) == "ANSWERED"
    assert step_names(request)[2:] == ["approving", "approval", "approved", "linked"]
    assert all(ADMINISTRATOR.address in each for each in owners(world))


def test_link__should_reach_a_workspace_that_was_made_while_it_waited() -> None:
    world = World()
    world.enrol(MEMBER)
    parent = world.identity.workspaces_of(world.ctx(), OWNER.evm)
    assert not parent
    (first,) = world.report(world.link_event(MEMBER.address))
    guard(world, world.request(first).workspace_addr, MEMBER)
    (request_id,) = world.report(world.link_event(ADMINISTRATOR.address))
    parent_action = world.request(request_id).action_id
    child = world.wallet().workspace_addr

    approve(world, parent_action, MEMBER)
    # The new workspace has the parent's policy, so it asks again.
    request = world.request(request_id)
    assert status_name(request) == "APPROVING"
    assert request.action_id != parent_action
    approve(world, request.action_id, MEMBER)
    assert status_name(world.request(request_id)) == "ANSWERED"
    assert ADMINISTRATOR.address in world.identity.workspace(world.ctx(), child).owners


def test_link__should_end_with_an_action_that_is_not_approved() -> None:
    world = World()
    world.enrol(MEMBER)
    (first,) = world.report(world.link_event(MEMBER.address))
    guard(world, world.request(first).workspace_addr, MEMBER)
    (revoked,) = world.report(world.link_event(ADMINISTRATOR.address))
    (late,) = world.report(world.link_event(ADMINISTRATOR.address))
    action_id = world.request(revoked).action_id
    world.send(policy.MsgRevokeAction(creator=OWNER.address, action_id=action_id))
    assert world.request(revoked).reject_reason.startswith("policy_revoked: ")
    world.blocks(12)
    assert world.request(late).reject_reason.startswith("policy_timeout: ")
    assert owners(world) == [[OWNER.evm, MEMBER.address]]


def test_owner_that_gave_its_workspace_away__should_not_take_it_back() -> None:
    world = World()
    (first,) = world.report(world.link_event(MEMBER.address))
    workspace = world.identity.workspace(world.ctx(), world.request(first).workspace_addr)
    workspace.owners.remove(OWNER.evm)
    world.identity.save_workspace(world.ctx(), workspace)
    (request_id,) = world.report(world.link_event(ADMINISTRATOR.address))
    assert world.request(request_id).reject_reason.startswith("policy_refused: ")
    assert owners(world, MEMBER.address) == [[MEMBER.address]]
