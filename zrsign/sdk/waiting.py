"""What a request that is not final waits for, in words that say what a person can do about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.policy import policy_pb2 as policy
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as wire

if TYPE_CHECKING:
    from zrchain_lite.client import LedgerClient

QUERY = "/zrchain.policy.Query/"
COUNTED = re.compile(r"\(?(?P<sum>[\w:]+(?:\s*\+\s*[\w:]+)*)\)?\s*>\s*(?P<more_than>\d+)")
"""A policy that is a number of its participants: `zen1a + zen1b + zen1c > 1`."""
ELSEWHERE = {
    wire.REQUEST_STATUS_OBSERVED: "waits for more observers to report it",
    wire.REQUEST_STATUS_COMPOSING: "waits for its transaction to be composed",
    wire.REQUEST_STATUS_SIGNING: "waits for the keyring",
    wire.REQUEST_STATUS_AUTHORISING: "waits for the authority to sign the answer",
    wire.REQUEST_STATUS_DELIVERING: "waits for its delivery",
}


@dataclass(frozen=True)
class Approvals:
    """An action that is not approved yet."""

    action: int
    approvers: tuple[str, ...]
    may_approve: tuple[str, ...]
    """Who has not approved and may."""
    needed: int | None
    """How many approvals are enough; None where the policy is no plain number of participants."""
    last_block: int
    """The last block in which an approval counts."""

    @property
    def counted(self) -> str:
        """How many have approved, such as "1 of 2"."""
        given = len(self.approvers)
        return f"{given} so far" if self.needed is None else f"{given} of {self.needed}"


@dataclass(frozen=True)
class Waiting:
    """What a request waits for; `approvals` is empty where it is none of its people's business."""

    text: str
    approvals: tuple[Approvals, ...] = ()

    def __str__(self) -> str:
        return self.text

    def next_steps(self, names: Mapping[str, str] = MappingProxyType({})) -> list[str]:
        """List the commands that approve, as one who may: `names` are accounts by their address."""
        return [
            f"zrsign policies approve {one.action} --as "
            + next((names[each] for each in one.may_approve if each in names), "NAME")
            for one in self.approvals
        ]

    def as_json(self, names: Mapping[str, str] = MappingProxyType({})) -> dict[str, Any]:
        """Say the same for programs."""
        approvals = [
            {
                "action": one.action,
                "approved": len(one.approvers),
                "needed": one.needed,
                "approvers": list(one.approvers),
                "may_approve": list(one.may_approve),
                "last_block": one.last_block,
            }
            for one in self.approvals
        ]
        return {"text": self.text, "approvals": approvals, "next": self.next_steps(names)}


Tell = Callable[[Waiting], None]
"""Is told what a request waits for, at once and whenever it becomes something else."""


def needed(rules: policy.Policy) -> int | None:
    """How many approvals satisfy a policy; None where it is more than a number of participants."""
    body = policy.BoolparserPolicy()
    if not rules.policy.Unpack(body):
        return None
    found = COUNTED.fullmatch(body.definition.strip())
    if found is None:
        return None
    names = re.split(r"\s*\+\s*", found["sum"])
    return int(found["more_than"]) + 1 if len(set(names)) == len(names) else None


async def approvals_of(client: LedgerClient, action_id: int) -> Approvals:
    """Who has approved an action, and who may. Raises ClientError."""
    request = policy.QueryActionDetailsByIdRequest(id=action_id)
    shown = await client.query(
        QUERY + "ActionDetailsById", request, policy.QueryActionDetailsByIdResponse
    )
    return of_details(shown)


def of_details(shown: policy.QueryActionDetailsByIdResponse) -> Approvals:
    """The approvals in what the ledger says of an action."""
    return Approvals(
        shown.id,
        tuple(shown.approvers),
        tuple(shown.pending_approvers),
        needed(shown.policy) if shown.HasField("policy") else 1,
        shown.action.btl,
    )


async def awaited(client: LedgerClient, request: wire.Request) -> Waiting | None:
    """What the request waits for; None when it is final. Raises ClientError."""
    if request.status == wire.REQUEST_STATUS_APPROVING:
        actions = await _actions(client, request)
        approvals = tuple([await approvals_of(client, each) for each in actions])
        said = ", ".join(f"{one.counted} (action {one.action})" for one in approvals)
        return Waiting(f"waits for approvals, {said}", approvals)
    text = ELSEWHERE.get(request.status)
    return None if text is None else Waiting(text)


async def _actions(client: LedgerClient, request: wire.Request) -> list[int]:
    """The actions that it waits for: of a link there is one a workspace."""
    if request.kind != wire.REQUEST_KIND_LINK:
        return [request.action_id]
    asked = identity.MsgAddWorkspaceOwner(
        creator=request.owner_id, new_owner=request.event.link.account
    )
    pending = policy.QueryActionsRequest(status=policy.ACTION_STATUS_PENDING)
    found = []
    async for action in client.page(QUERY + "Actions", pending, policy.QueryActionsResponse):
        said = identity.MsgAddWorkspaceOwner()
        if action.msg.Unpack(said):
            asked.workspace_addr = said.workspace_addr
            if said == asked:
                found.append(action.id)
    return found
