"""The wallet's sign policy stands between a contract's request and the keyring."""

from __future__ import annotations

import pytest
from google.protobuf.any_pb2 import Any

from tests.zrsign_receiver import transactions
from tests.zrsign_receiver.world import (
    COMPOSER,
    OWNER,
    PAYER,
    Account,
    World,
    status_name,
    step_names,
)
from zrchain_lite.errors import Conflict, Unauthorized
from zrchain_lite.wire.zrchain.policy import policy_pb2 as policy
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb

APPROVERS = tuple(Account(f"approver {n}") for n in range(3))
HASH = pb.REQUEST_KIND_HASH


def guarded(world: World, btl: int = 10) -> int:
    """Put the owner's EVM wallet under a 2-of-3 policy; the policy's id."""
    wallet = world.wallet()
    for account in APPROVERS:
        world.enrol(account)
    names = [account.address for account in APPROVERS]
    packed = Any()
    packed.Pack(
        policy.BoolparserPolicy(
            definition=" + ".join(names) + " > 1",
            participants=[policy.PolicyParticipant(address=name) for name in names],
        ),
        type_url_prefix="/",
    )
    msg = policy.MsgNewPolicy(creator=OWNER.address, name="2 of 3", policy=packed, btl=btl)
    policy_id: int = world.send(msg).id  # type: ignore[attr-defined]
    workspace = world.identity.workspace(world.ctx(), wallet.workspace_addr)
    workspace.owners.extend(names)
    workspace.sign_policy_id = policy_id
    world.identity.save_workspace(world.ctx(), workspace)
    return policy_id


def approve(world: World, action_id: int, account: Account) -> None:
    world.send(policy.MsgApproveAction(creator=account.address, action_id=action_id))


def test_request__should_wait_until_enough_participants_approve() -> None:
    world = World()
    policy_id = guarded(world)
    (request_id,) = world.report(world.sign_event(HASH, b"\x01" * 32))
    waiting = world.request(request_id)
    assert status_name(waiting) == "APPROVING"
    assert waiting.action_id
    assert not waiting.sign_request_id
    assert world.policy.action(world.ctx(), waiting.action_id).policy_id == policy_id

    approve(world, waiting.action_id, APPROVERS[0])
    assert status_name(world.request(request_id)) == "APPROVING"
    approve(world, waiting.action_id, APPROVERS[2])
    assert status_name(world.request(request_id)) == "SIGNING"
    world.fulfil()
    request = world.request(request_id)
    assert status_name(request) == "ANSWERED"
    assert step_names(request)[2:] == [
        *("approving", "approval", "approval", "approved"),
        *("signing", "signed", "answered"),
    ]


def test_approval__should_not_count_once_another_policy_guards_the_wallet() -> None:
    """Owners who replace a policy because of a participant must not lose to an old action."""
    world = World()
    old = guarded(world)
    (request_id,) = world.report(world.sign_event(HASH, b"\x01" * 32))
    action_id = world.request(request_id).action_id
    approve(world, action_id, APPROVERS[0])

    workspace = world.identity.workspace(world.ctx(), world.request(request_id).workspace_addr)
    workspace.sign_policy_id = 0
    world.identity.save_workspace(world.ctx(), workspace)
    with pytest.raises(Conflict, match=f"approved under policy {old}"):
        approve(world, action_id, APPROVERS[1])
    assert not world.request(request_id).sign_request_id
    world.blocks(11)
    assert world.request(request_id).reject_reason.startswith("policy_timeout: ")


def test_request__should_be_rejected_when_its_action_times_out() -> None:
    world = World()
    guarded(world, btl=10)
    (request_id,) = world.report(world.sign_event(HASH, b"\x01" * 32))
    action_id = world.request(request_id).action_id
    approve(world, action_id, APPROVERS[0])
    world.blocks(10)
    assert status_name(world.request(request_id)) == "APPROVING"
    world.blocks(1)
    request = world.request(request_id)
    assert request.reject_reason == (
        f"policy_timeout: action {action_id} was not approved by height {world.height - 1}"
    )
    assert not request.sign_request_id


def test_request__should_be_rejected_when_its_owner_revokes_the_action() -> None:
    world = World()
    guarded(world)
    (request_id,) = world.report(world.sign_event(HASH, b"\x01" * 32))
    action_id = world.request(request_id).action_id
    with pytest.raises(Unauthorized):
        world.send(policy.MsgRevokeAction(creator=APPROVERS[0].address, action_id=action_id))
    world.send(policy.MsgRevokeAction(creator=OWNER.address, action_id=action_id))
    assert world.request(request_id).reject_reason == (
        f"policy_revoked: {OWNER.evm} revoked action {action_id}"
    )


def test_approval__should_reject_the_request_when_its_fee_cannot_be_paid_any_more() -> None:
    world = World(sig_fee=50, funds=60)
    guarded(world)
    (request_id,) = world.report(world.sign_event(HASH, b"\x01" * 32))
    world.bank.send(world.ctx(), PAYER.address, OWNER.address, 60)
    action_id = world.request(request_id).action_id
    approve(world, action_id, APPROVERS[0])
    approve(world, action_id, APPROVERS[1])
    assert world.request(request_id).reject_reason.startswith("keyring_fee_unpaid: ")


def test_owner_who_lost_the_workspace__should_be_refused() -> None:
    world = World()
    wallet = world.wallet()
    workspace = world.identity.workspace(world.ctx(), wallet.workspace_addr)
    workspace.owners[:] = [Account("heir").address]
    world.identity.save_workspace(world.ctx(), workspace)
    (request_id,) = world.report(world.sign_event(HASH, b"\x01" * 32))
    assert world.request(request_id).reject_reason.startswith("policy_refused: ")


def test_policy__should_see_the_amount_and_what_is_signed() -> None:
    world = World()
    guarded(world)
    (request_id,) = world.report(
        world.sign_event(pb.REQUEST_KIND_TX, transactions.evm(value=12345))
    )
    action = world.policy.action(world.ctx(), world.request(request_id).action_id)
    data = {item.key: item.value for item in action.policy_data}
    assert data["TXVALUE"] == b"12345"
    assert len(bytes.fromhex(data["DataForSigning"].decode())) == 32


def test_simple_transaction__should_be_approved_as_it_was_composed() -> None:
    """A stale proposal is replaced; approvals of the old one do not count for the new one."""
    world = World()
    guarded(world)
    event = world.sign_event(pb.REQUEST_KIND_SIMPLE_TX, transactions.simple(), broadcast=True)
    (request_id,) = world.report(event)
    first = propose(world, request_id, transactions.evm(nonce=1))
    approve(world, first, APPROVERS[0])

    with pytest.raises(Conflict, match="supersedes_action_id"):
        propose(world, request_id, transactions.evm(nonce=2))
    second = propose(world, request_id, transactions.evm(nonce=2), supersedes=first)
    with pytest.raises(Conflict, match=f"waits for action {second}"):
        approve(world, first, APPROVERS[1])
    approve(world, second, APPROVERS[1])
    assert status_name(world.request(request_id)) == "APPROVING"
    approve(world, second, APPROVERS[2])
    request = world.request(request_id)
    assert status_name(request) == "SIGNING"
    assert request.unsigned_transaction == transactions.evm(nonce=2)
    world.blocks(11)
    assert status_name(world.request(request_id)) == "SIGNING"


def propose(world: World, request_id: int, unsigned: bytes, supersedes: int = 0) -> int:
    msg = pb.MsgProposeTransaction(
        composer=COMPOSER.address,
        request_id=request_id,
        unsigned_transaction=unsigned,
        supersedes_action_id=supersedes,
    )
    response = world.send(msg)
    assert isinstance(response, pb.MsgProposeTransactionResponse)
    return response.action_id
