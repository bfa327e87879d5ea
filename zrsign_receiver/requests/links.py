"""Account links: an owner names a ledger account, which becomes an owner of all its workspaces.

A contract has no ledger account and cannot administer what it owns; by `zrLinkAccount` it says who
does. That is a new owner like any other, so the admin policy of each workspace decides:

    no policy, or satisfied at once   -> ANSWERED
    approvals missing                 -> APPROVING, until the last of the actions is completed

Later wallets inherit: a new workspace takes the owners of its parent.
"""

from __future__ import annotations

from zrchain_lite.errors import InvalidArgument, LedgerError
from zrchain_lite.module import Context
from zrchain_lite.modules.identity.addresses import require_account
from zrchain_lite.modules.identity.keeper import IdentityKeeper
from zrchain_lite.modules.policy.keeper import PolicyKeeper
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity_wire
from zrchain_lite.wire.zrchain.policy import policy_pb2 as policy_wire
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrchain_lite.wire.zrsign.receiver import state_pb2 as kept
from zrsign_receiver.errors import Reason, Rejection, unapproved
from zrsign_receiver.journey import Journey, savepoint
from zrsign_receiver.requests.ownership import Workspaces, owner_id
from zrsign_receiver.state import ReceiverState


class OwnerLinks:
    """Starts link requests; the policy moves on those that wait for approvals."""

    def __init__(
        self,
        state: ReceiverState,
        journey: Journey,
        identity: IdentityKeeper,
        policy: PolicyKeeper,
        workspaces: Workspaces,
    ) -> None:
        self._state = state
        self._journey = journey
        self._identity = identity
        self._policy = policy
        self._workspaces = workspaces

    def start(self, ctx: Context, request: pb.Request) -> None:
        """Begin to hand over a workspace; raises Rejection when the request cannot be served."""
        request.owner_id = owner_id(request.event)
        try:
            require_account(request.event.link.account)
        except InvalidArgument as error:
            raise Rejection(Reason.INVALID_ACCOUNT, str(error)) from error
        self._go_on(ctx, request)

    # Policy hooks

    def action_approved(self, ctx: Context, action: policy_wire.Action, participant: str) -> None:
        """One participant approved."""
        if (request := self._waiting(ctx, action)) is not None:
            detail = f"{participant}, {len(action.approvers)} of action {action.id} so far"
            self._journey.note(ctx, request, "approval", detail)

    def action_completed(self, ctx: Context, action: policy_wire.Action) -> None:
        """One workspace took the account. A workspace that was made while the actions waited may
        lack it still.
        """
        request = self._waiting(ctx, action)
        if request is None:
            return
        self._journey.note(ctx, request, "approved", f"action {action.id}")
        self._forget(ctx, request, action.id)
        if self._state.linking.members(ctx.store, request.id):
            return
        try:
            self._go_on(ctx, request)
        except Rejection as rejection:
            self._journey.reject(ctx, request, rejection)

    def action_ended(self, ctx: Context, action: policy_wire.Action) -> None:
        """One workspace did not take the account; actions about others may go on."""
        if (request := self._waiting(ctx, action)) is not None:
            for action_id in self._state.linking.members(ctx.store, request.id):
                self._forget(ctx, request, action_id)
            self._journey.reject(ctx, request, unapproved(action))

    def _waiting(self, ctx: Context, action: policy_wire.Action) -> pb.Request | None:
        """The link that waits for this action; None for any other action."""
        found = self._state.link_actions.get(ctx.store, action.id)
        return None if found is None else self._state.request(ctx.store, found.value)

    def _forget(self, ctx: Context, request: pb.Request, action_id: int) -> None:
        self._state.linking.remove(ctx.store, request.id, action_id)
        self._state.link_actions.delete(ctx.store, action_id)

    # The road

    def _go_on(self, ctx: Context, request: pb.Request) -> None:
        """Put the account to every workspace that lacks it; raises Rejection."""
        try:
            with savepoint(ctx) as attempt:
                request.workspace_addr = self._workspaces.parent(attempt, request.owner_id)
                for address in self._workspaces.of(attempt, request.owner_id):
                    self._ask(attempt, request, address)
        except LedgerError as error:
            raise Rejection(Reason.POLICY_REFUSED, str(error)) from error
        account = request.event.link.account
        actions = list(self._state.linking.members(ctx.store, request.id))
        if actions:
            request.action_id = actions[0]
            detail = f"{account}, by actions {', '.join(map(str, actions))}"
            self._journey.advance(ctx, request, pb.REQUEST_STATUS_APPROVING, "approving", detail)
        else:
            detail = f"{account} owns {request.workspace_addr} and those below"
            self._journey.advance(ctx, request, pb.REQUEST_STATUS_ANSWERED, "linked", detail)

    def _ask(self, ctx: Context, request: pb.Request, address: str) -> None:
        workspace = self._identity.workspace(ctx, address)
        account = request.event.link.account
        if account in workspace.owners:
            return
        outcome = self._policy.submit(
            ctx,
            creator=request.owner_id,
            policy_id=workspace.admin_policy_id,
            workspace=address,
            msg=identity_wire.MsgAddWorkspaceOwner(
                creator=request.owner_id, workspace_addr=address, new_owner=account
            ),
        )
        if outcome.response is None:
            self._state.linking.add(ctx.store, request.id, outcome.action_id)
            link = kept.Id(value=request.id)
            self._state.link_actions.set(ctx.store, outcome.action_id, link)
