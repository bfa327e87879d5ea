"""What an approver is asked to approve, decoded: what is signed, for whom, who has and who may.

What is shown is held against the digest in the action, so that nobody approves something else.
"""

from __future__ import annotations

import hashlib
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from zrchain_lite.client import LedgerClient
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.policy import policy_pb2 as policy
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as wire
from zrsign.decode import transaction
from zrsign.errors import UsageError
from zrsign.sdk.ledger import Receiver
from zrsign.sdk.waiting import QUERY, Approvals, of_details
from zrsign_chains import ChainError, LibraryMissing

KINDS: tuple[type[Message], ...] = (
    wire.ExecuteRequest,
    identity.MsgAddWorkspaceOwner,
    identity.MsgRemoveWorkspaceOwner,
    identity.MsgNewChildWorkspace,
    identity.MsgAppendChildWorkspace,
    identity.MsgUpdateWorkspace,
    treasury.MsgNewKeyRequest,
    treasury.MsgNewSignatureRequest,
    treasury.MsgNewSignTransactionRequest,
    treasury.MsgUpdateKeyPolicy,
)
"""Every message that the ledger puts under a policy."""
TRANSACTIONS = (wire.REQUEST_KIND_TX, wire.REQUEST_KIND_SIMPLE_TX)


async def details(receiver: Receiver, action_id: int) -> dict[str, Any]:
    """Names and values of an action. Raises ObjectNotFound."""
    found = await _found(receiver.client, action_id)
    approvals = of_details(found)
    pending = found.action.status == policy.ACTION_STATUS_PENDING
    return {
        "action": found.id,
        "status": status(found.action.status),
        **await _content(receiver, found.action),
        "policy": found.action.policy_id,
        "definition": _definition(found.policy),
        "approvals": approvals.counted,
        "approved_by": list(approvals.approvers),
        "may_approve": list(approvals.may_approve),
        "last_block": approvals.last_block,
        "blocks_left": approvals.last_block - found.current_height if pending else None,
    }


async def progress(client: LedgerClient, action_id: int) -> dict[str, Any]:
    """How far an action is. Raises ObjectNotFound."""
    found = await _found(client, action_id)
    counted = of_details(found).counted
    return {"action": action_id, "status": status(found.action.status), "approvals": counted}


async def require_pending(client: LedgerClient, action_id: int) -> Approvals:
    """The approvals that an action has. Raises ObjectNotFound, or UsageError when it has ended."""
    found = await _found(client, action_id)
    if found.action.status != policy.ACTION_STATUS_PENDING:
        raise UsageError(
            f"Action {action_id} is {status(found.action.status)}.",
            f"See what it was: zrsign policies show {action_id}",
        )
    return of_details(found)


async def _found(client: LedgerClient, action_id: int) -> policy.QueryActionDetailsByIdResponse:
    request = policy.QueryActionDetailsByIdRequest(id=action_id)
    return await client.query(
        QUERY + "ActionDetailsById", request, policy.QueryActionDetailsByIdResponse
    )


def status(value: policy.ActionStatus) -> str:
    """The status in lower case, such as "pending"."""
    return policy.ActionStatus.Name(value).removeprefix("ACTION_STATUS_").lower()


def _definition(rules: policy.Policy) -> str:
    body = policy.BoolparserPolicy()
    return body.definition if rules.policy.Unpack(body) else "any owner of the workspace"


async def _content(receiver: Receiver, action: policy.Action) -> dict[str, Any]:
    for kind in KINDS:
        said = kind()
        if action.msg.Unpack(said):
            break
    else:
        return {"asks": action.msg.TypeName(), "content": "0x" + action.msg.value.hex()}
    if isinstance(said, wire.ExecuteRequest):
        return _asked(await receiver.request(said.request_id), said.subject_hash)
    shown = MessageToDict(said, preserving_proto_field_name=True)
    return {"asks": kind.DESCRIPTOR.name.removeprefix("Msg"), **shown, "for": action.creator}


def _asked(request: wire.Request, subject_hash: bytes) -> dict[str, Any]:
    """What a contract asked for; raises nothing for what cannot be decoded, and says so."""
    event = request.event
    is_transaction = request.kind in TRANSACTIONS
    subject = request.unsigned_transaction if is_transaction else event.sign.payload
    kind = wire.RequestKind.Name(request.kind).removeprefix("REQUEST_KIND_").lower()
    shown = {
        "asks": f"sign {'tx' if is_transaction else kind}",
        "request": request.id,
        "for": request.owner_id,
        "workspace": request.workspace_addr,
        "source": f"{event.id.chain} {event.id.contract}",
        "key": request.key_id,
        "chain": request.destination,
    }
    if hashlib.sha256(subject).digest() != subject_hash:
        return {**shown, "superseded": f"request {request.id} is about something else by now"}
    if is_transaction:
        return {**shown, "broadcast": event.sign.broadcast, **_transaction(request)}
    return {**shown, **_message(request.kind, subject)}


def _message(kind: wire.RequestKind, payload: bytes) -> dict[str, Any]:
    if kind == wire.REQUEST_KIND_HASH:
        return {"digest": "0x" + payload.hex(), "note": "a digest does not show what it is of"}
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        text = ""
    return {"message": text if text.isprintable() and text else "0x" + payload.hex()}


def _transaction(request: wire.Request) -> dict[str, Any]:
    """The transaction that is signed."""
    try:
        return transaction(request.unsigned_transaction, request.destination)
    except (ChainError, LibraryMissing) as error:
        return {
            "transaction": "0x" + request.unsigned_transaction.hex(),
            "note": f"it cannot be decoded: {error}",
        }
