"""Messages that make and change workspaces; all but the first are under the admin policy.

Each guarded message is checked when it arrives and again when its action is executed, which may be
many blocks later.
"""

from __future__ import annotations

from typing import Any, TypeVar

from google.protobuf.message import Message

from zrchain_lite.errors import Conflict, InvalidArgument, Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.modules.identity.addresses import normalise_owner, require_account
from zrchain_lite.modules.identity.keeper import MAX_MEMBERS, IdentityKeeper
from zrchain_lite.modules.identity.peers import Execute, Policies
from zrchain_lite.wire.zrchain.identity import identity_pb2 as wire
from zrchain_lite.wire.zrchain.identity.identity_pb2 import Workspace
from zrchain_lite.wire.zrchain.policy.policy_pb2 import Action

R = TypeVar("R", bound=Message)


class WorkspaceMessages:
    """Handlers and the executors that run once the admin policy is satisfied."""

    def __init__(self, keeper: IdentityKeeper, policy: Policies) -> None:
        self._keeper = keeper
        self._policy = policy
        for message, execute in (
            (wire.MsgAddWorkspaceOwner, self._execute_add_owner),
            (wire.MsgRemoveWorkspaceOwner, self._execute_remove_owner),
            (wire.MsgNewChildWorkspace, self._execute_new_child),
            (wire.MsgAppendChildWorkspace, self._execute_append_child),
            (wire.MsgUpdateWorkspace, self._execute_update),
        ):
            policy.register_action("/" + message.DESCRIPTOR.full_name, self._guarded(execute))

    def new_workspace(
        self, ctx: Context, msg: wire.MsgNewWorkspace
    ) -> wire.MsgNewWorkspaceResponse:
        """Make a workspace that the signer and the additional owners own."""
        require_account(msg.creator)
        workspace = self._keeper.create_workspace(
            ctx,
            msg.creator,
            [msg.creator, *msg.additional_owners],
            msg.admin_policy_id,
            msg.sign_policy_id,
        )
        for policy_id in (msg.admin_policy_id, msg.sign_policy_id):
            self._policy.require_owners(ctx, policy_id, list(workspace.owners))
        return wire.MsgNewWorkspaceResponse(addr=workspace.address)

    # Owners

    def add_workspace_owner(
        self, ctx: Context, msg: wire.MsgAddWorkspaceOwner
    ) -> wire.MsgAddWorkspaceOwnerResponse:
        """Add an owner, once the admin policy is satisfied."""
        workspace = self._owned(ctx, msg.workspace_addr, msg.creator)
        self._require_new_owner(workspace, msg.new_owner)
        return self._submit(ctx, msg, workspace, wire.MsgAddWorkspaceOwnerResponse())

    def _execute_add_owner(
        self, ctx: Context, action: Action, msg: wire.MsgAddWorkspaceOwner
    ) -> wire.MsgAddWorkspaceOwnerResponse:
        workspace = self._keeper.workspace(ctx, msg.workspace_addr)
        owner = self._require_new_owner(workspace, msg.new_owner)
        workspace.owners.append(owner)
        self._keeper.save_workspace(ctx, workspace)
        ctx.emit("owner_added_to_workspace", workspace_addr=workspace.address, owner_addr=owner)
        return wire.MsgAddWorkspaceOwnerResponse()

    def remove_workspace_owner(
        self, ctx: Context, msg: wire.MsgRemoveWorkspaceOwner
    ) -> wire.MsgRemoveWorkspaceOwnerResponse:
        """Remove an owner who is no participant and not the last, under the admin policy."""
        workspace = self._owned(ctx, msg.workspace_addr, msg.creator)
        self._require_removable(ctx, workspace, msg.owner)
        return self._submit(ctx, msg, workspace, wire.MsgRemoveWorkspaceOwnerResponse())

    def _execute_remove_owner(
        self, ctx: Context, action: Action, msg: wire.MsgRemoveWorkspaceOwner
    ) -> wire.MsgRemoveWorkspaceOwnerResponse:
        workspace = self._keeper.workspace(ctx, msg.workspace_addr)
        owner = self._require_removable(ctx, workspace, msg.owner)
        workspace.owners.remove(owner)
        self._keeper.save_workspace(ctx, workspace)
        ctx.emit("owner_removed_from_workspace", workspace_addr=workspace.address, owner_addr=owner)
        return wire.MsgRemoveWorkspaceOwnerResponse()

    def _require_new_owner(self, workspace: Workspace, text: str) -> str:
        owner = normalise_owner(text)
        self._keeper.require_signs(owner)
        if owner in workspace.owners:
            raise Conflict(f"{owner} already owns workspace {workspace.address}")
        if len(workspace.owners) >= MAX_MEMBERS:
            raise Conflict(f"workspace {workspace.address} has {MAX_MEMBERS} owners; no more fit")
        return owner

    def _require_removable(self, ctx: Context, workspace: Workspace, text: str) -> str:
        owner = normalise_owner(text)
        if owner not in workspace.owners:
            raise InvalidArgument(f"{owner} does not own workspace {workspace.address}")
        if len(workspace.owners) == 1:
            raise Conflict(f"{owner} is the last owner of workspace {workspace.address}")
        for policy_id in filter(None, (workspace.admin_policy_id, workspace.sign_policy_id)):
            if owner in self._policy.participants(ctx, policy_id, workspace.address):
                raise Conflict(
                    f"{owner} is a participant of policy {policy_id}, which workspace "
                    f"{workspace.address} uses; change the policy first"
                )
        if self._policy.is_named(ctx, workspace.address, owner):
            raise Conflict(
                f"{owner} is a participant of the policy of one of the keys of workspace "
                f"{workspace.address}; change that key's policy first"
            )
        return owner

    # Children

    def new_child_workspace(
        self, ctx: Context, msg: wire.MsgNewChildWorkspace
    ) -> wire.MsgNewChildWorkspaceResponse:
        """Make a workspace below another, once that one's admin policy is satisfied."""
        parent = self._owned(ctx, msg.parent_workspace_addr, msg.creator)
        return self._submit(ctx, msg, parent, wire.MsgNewChildWorkspaceResponse())

    def _execute_new_child(
        self, ctx: Context, action: Action, msg: wire.MsgNewChildWorkspace
    ) -> wire.MsgNewChildWorkspaceResponse:
        parent = self._keeper.workspace(ctx, msg.parent_workspace_addr)
        owner = next(
            identity
            for identity in self._keeper.identities(ctx, msg.creator)
            if identity in parent.owners
        )

        def inherits(policy_id: int) -> bool:
            """Whether everybody whom the policy names owns the child."""
            named = self._policy.participants(ctx, policy_id, parent.address) if policy_id else ()
            return all(each == owner for each in named)

        child = self._keeper.create_child(ctx, parent.address, owner=owner, inherits=inherits)
        return wire.MsgNewChildWorkspaceResponse(address=child.address)

    def append_child_workspace(
        self, ctx: Context, msg: wire.MsgAppendChildWorkspace
    ) -> wire.MsgAppendChildWorkspaceResponse:
        """Put a workspace below another, once that one's admin policy is satisfied."""
        parent = self._owned(ctx, msg.parent_workspace_addr, msg.creator)
        child = self._owned(ctx, msg.child_workspace_addr, msg.creator)
        self._keeper.require_appendable(ctx, parent.address, child.address)
        return self._submit(ctx, msg, parent, wire.MsgAppendChildWorkspaceResponse())

    def _execute_append_child(
        self, ctx: Context, action: Action, msg: wire.MsgAppendChildWorkspace
    ) -> wire.MsgAppendChildWorkspaceResponse:
        child = self._owned(ctx, msg.child_workspace_addr, msg.creator)
        self._keeper.append_child(ctx, msg.parent_workspace_addr, child.address)
        ctx.emit(
            "child_workspace_appended",
            workspace_addr=msg.parent_workspace_addr,
            child_workspace_addr=child.address,
        )
        return wire.MsgAppendChildWorkspaceResponse()

    # Policies

    def update_workspace(
        self, ctx: Context, msg: wire.MsgUpdateWorkspace
    ) -> wire.MsgUpdateWorkspaceResponse:
        """Replace the admin or sign policy, once the admin policy of today is satisfied."""
        workspace = self._owned(ctx, msg.workspace_addr, msg.creator)
        self._require_update(ctx, workspace, msg)
        return self._submit(ctx, msg, workspace, wire.MsgUpdateWorkspaceResponse())

    def _execute_update(
        self, ctx: Context, action: Action, msg: wire.MsgUpdateWorkspace
    ) -> wire.MsgUpdateWorkspaceResponse:
        workspace = self._keeper.workspace(ctx, msg.workspace_addr)
        self._require_update(ctx, workspace, msg)
        workspace.admin_policy_id = msg.admin_policy_id
        workspace.sign_policy_id = msg.sign_policy_id
        self._keeper.save_workspace(ctx, workspace)
        ctx.emit("workspace_updated", workspace_addr=workspace.address)
        return wire.MsgUpdateWorkspaceResponse()

    def _require_update(
        self, ctx: Context, workspace: Workspace, msg: wire.MsgUpdateWorkspace
    ) -> None:
        wanted = (msg.admin_policy_id, msg.sign_policy_id)
        if wanted == (workspace.admin_policy_id, workspace.sign_policy_id):
            raise InvalidArgument(f"workspace {workspace.address} already has these policies")
        for policy_id in wanted:
            self._policy.require_owners(ctx, policy_id, list(workspace.owners))

    # Policy guard

    def _guarded(self, execute: Execute) -> Execute:
        """The executor, which refuses once another admin policy is in force."""

        def run(ctx: Context, action: Action, msg: Any) -> Message:
            workspace = self._keeper.workspace(ctx, self._policy.workspace_of(ctx, action))
            self._policy.require_current(action, workspace.admin_policy_id)
            return execute(ctx, action, msg)

        return run

    def _owned(self, ctx: Context, address: str, account: str) -> Workspace:
        workspace = self._keeper.workspace(ctx, address)
        if not self._keeper.is_owner(ctx, address, account):
            raise Unauthorized(f"{account} does not own workspace {address}")
        return workspace

    def _submit(self, ctx: Context, msg: Any, workspace: Workspace, empty: R) -> R:
        """The executor's response, or `empty` while approvals are missing."""
        outcome = self._policy.submit(
            ctx,
            creator=msg.creator,
            policy_id=workspace.admin_policy_id,
            workspace=workspace.address,
            msg=msg,
            btl=msg.btl,
        )
        if isinstance(msg, wire.MsgAddWorkspaceOwner):
            ctx.emit("add_owner_to_workspace", action_id=outcome.action_id)
        return outcome.response if isinstance(outcome.response, type(empty)) else empty
