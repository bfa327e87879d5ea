"""The policy flows: an Omni wallet whose workspace wants two of three approvals.

The owner is an EVM account. The same key is its ledger account, with which it invites three
colleagues into the workspace
and sets the policy; the contract is not involved, and from then on no request passes without them.
"""

from __future__ import annotations

from functools import partial

from zrchain_lite.client import LedgerClient, TxResult
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.policy import policy_pb2 as policy
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign.errors import RequestRejected
from zrsign.local.demo import checks
from zrsign.local.demo.flows import (
    DESTINATION,
    ETHER,
    OMNI,
    SOURCE,
    VALUE_WEI,
    Scene,
    compose_evm,
    note,
    request_key,
)
from zrsign.local.demo.rows import FlowStatus, Row
from zrsign.local.demo.stage import DemoStage
from zrsign.local.network.accounts import APPROVERS
from zrsign.local.network.nodes import fund_evm
from zrsign.sdk import Handle, Options
from zrsign_chains import EVM

OWNER = "policy-owner"
BLOCKS_TO_APPROVE = 1_000
# The ledger allows 10; an approval must come in between, and blocks come with transactions.
BLOCKS_TO_LET_PASS = 20


async def set_policy(stage: DemoStage, blocks: int) -> None:
    """Two of three for the owner's EVM workspace; an action may wait `blocks` blocks."""
    owner = stage.ledger(OWNER)
    workspace = await workspace_of(stage)
    members = [stage.network.manifest.account(name).address for name in APPROVERS]
    missing = [member for member in members if member not in workspace.owners]
    body = policy.BoolparserPolicy(
        definition=" + ".join(members) + " > 1",
        participants=[policy.PolicyParticipant(address=member) for member in members],
    )
    new_policy = policy.MsgNewPolicy(creator=account(stage), name="two of three", btl=blocks)
    new_policy.policy.Pack(body, type_url_prefix="")
    made = await owner.broadcast(
        *(
            identity.MsgAddWorkspaceOwner(
                creator=account(stage), workspace_addr=workspace.address, new_owner=member
            )
            for member in missing
        ),
        new_policy,
    )
    await owner.broadcast(
        identity.MsgUpdateWorkspace(
            creator=account(stage),
            workspace_addr=workspace.address,
            admin_policy_id=workspace.admin_policy_id,
            sign_policy_id=policy_id(made),
        )
    )


def policy_id(made: TxResult) -> int:
    """The id that the ledger gave to a new policy."""
    response = policy.MsgNewPolicyResponse()
    made.responses[-1].Unpack(response)
    return int(response.id)


def account(stage: DemoStage) -> str:
    """The ledger address of the workspace's owner."""
    return stage.network.manifest.account(OWNER).address


async def workspace_of(stage: DemoStage) -> identity.Workspace:
    """The child workspace that holds the owner's EVM keys."""
    owner = stage.network.manifest.account(OWNER).evm_address
    answer = await stage.ledger(OWNER).query(
        "/zrsign.receiver.Query/Wallets",
        receiver.QueryWalletsRequest(owner=owner),
        receiver.QueryWalletsResponse,
    )
    held = await stage.ledger(OWNER).query(
        "/zrchain.identity.Query/WorkspaceByAddress",
        identity.QueryWorkspaceByAddressRequest(workspace_addr=answer.wallets[0].workspace_addr),
        identity.QueryWorkspaceByAddressResponse,
    )
    return held.workspace


async def request_transfer(stage: DemoStage, row: Row) -> Handle:
    """Ask for the signature of a transfer from the team's wallet; funds it first."""
    rpc = stage.network.rpc(DESTINATION)
    sender, _ = await stage.wallet(OWNER, EVM)
    await fund_evm(rpc, sender, ETHER)
    recipient = "0x" + "00" * 19 + "01"
    unsigned = await compose_evm(stage, sender, recipient, VALUE_WEI, b"")
    handle = await (await stage.zrsign(OWNER, OMNI)).sign_tx(EVM, 0, DESTINATION, unsigned)
    note(row, handle)
    return handle


async def until_approving(stage: DemoStage, row: Row, handle: Handle) -> int:
    """Wait for the request to wait. Returns the action's id."""
    waiting = await handle.receiver.wait(
        handle.ref, None, until=lambda seen: seen.status == receiver.REQUEST_STATUS_APPROVING
    )
    if waiting.status != receiver.REQUEST_STATUS_APPROVING:
        raise checks.NotConfirmed("the request did not wait for its policy")
    row.ledger_request = waiting.id
    return int(waiting.action_id)


async def approve(ledger: LedgerClient, approver: str, action_id: int) -> None:
    """Approve an action as one of its approvers."""
    await ledger.broadcast(policy.MsgApproveAction(creator=approver, action_id=action_id))


async def approved(stage: DemoStage, row: Row) -> None:
    """The request waits; two approvals arrive; the transaction goes out."""
    await set_policy(stage, BLOCKS_TO_APPROVE)
    handle = await request_transfer(stage, row)
    action = await until_approving(stage, row, handle)
    for name in APPROVERS[:2]:
        approver = stage.network.manifest.account(name).address
        await approve(stage.ledger(name), approver, action)
    answer = await handle.transaction()
    row.destination_tx = answer.tx_id or ""
    await checks.evm_receipt(stage.network.rpc(DESTINATION), row.destination_tx)
    row.detail = f"action {action}, approved by two of three"


async def timed_out(stage: DemoStage, row: Row) -> None:
    """One approval is not enough; the action's blocks pass, and nothing was sent."""
    await set_policy(stage, BLOCKS_TO_LET_PASS)
    rpc = stage.network.rpc(DESTINATION)
    sender, _ = await stage.wallet(OWNER, EVM)
    nonce = await checks.evm_nonce(rpc, sender)
    handle = await request_transfer(stage, row)
    action = await until_approving(stage, row, handle)
    await approve(
        stage.ledger(APPROVERS[0]), stage.network.manifest.account(APPROVERS[0]).address, action
    )
    try:
        await handle.transaction()
    except RequestRejected as refusal:
        if await checks.evm_nonce(rpc, sender) != nonce:
            raise checks.NotConfirmed("a transaction went out without its approvals") from None
        row.status, row.detail = FlowStatus.REJECTED, refusal.reason
        return
    raise checks.NotConfirmed("the request was answered without its approvals")


def scene() -> Scene:
    """The rows of a wallet that needs two approvals of three."""
    key = partial(request_key, wallet=EVM, options=Options.NORMAL, account=OWNER)
    return Scene(
        (
            (Row("key: EVM, of a team", "omni", SOURCE), key),
            (Row("2 of 3 approve", "omni", DESTINATION), approved),
            (Row("1 of 3, time-out", "omni", DESTINATION, expected=FlowStatus.REJECTED), timed_out),
        )
    )
