"""Policies and the life of an action: submitted, approved, executed, revoked or timed out.

    submit ── enough approvals ─▶ COMPLETED (executed in the same transaction)
       └────▶ PENDING ── approve, the last one needed ─▶ COMPLETED
                 ├────── revoke, by its creator ───────▶ REVOKED
                 └────── its last block has passed ────▶ TIMEOUT

Policy 0 is any one current owner of the workspace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Protocol

from google.protobuf import any_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

from zrchain_lite.errors import Conflict, InvalidArgument, NotFound, Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.modules.identity.addresses import normalise_owner
from zrchain_lite.modules.identity.keeper import IdentityKeeper
from zrchain_lite.modules.identity.peers import Execute, Submitted
from zrchain_lite.modules.policy import boolparser, state, uses
from zrchain_lite.modules.policy.deadlines import require_blocks
from zrchain_lite.wire.zrchain.policy import policy_pb2
from zrchain_lite.wire.zrchain.policy.policy_pb2 import Action, BoolparserPolicy, Params, Policy

PENDING = policy_pb2.ACTION_STATUS_PENDING
COMPLETED = policy_pb2.ACTION_STATUS_COMPLETED
REVOKED = policy_pb2.ACTION_STATUS_REVOKED
TIMEOUT = policy_pb2.ACTION_STATUS_TIMEOUT

_BOOLPARSER_URL = "/" + BoolparserPolicy.DESCRIPTOR.full_name
DEFAULT_PARAMS = Params(minimum_btl=10, default_btl=1000)


AtOnce = Callable[[Context, Action], Message]
"""Executes what was just submitted, and whose checks were just made."""


class PolicyHooks(Protocol):
    """Whoever is told of approvals, and when an action is final."""

    def action_approved(self, ctx: Context, action: Action, participant: str) -> None:
        """Hear that one participant approved; whether that was enough follows."""
        ...

    def action_completed(self, ctx: Context, action: Action) -> None:
        """Hear that the action's message was executed."""
        ...

    def action_ended(self, ctx: Context, action: Action) -> None:
        """Hear that the action was revoked or timed out."""
        ...


class PolicyKeeper:
    """Holds policies, and runs messages once enough participants approved them."""

    def __init__(self, identity: IdentityKeeper) -> None:
        self.identity = identity
        self.hooks: list[PolicyHooks] = []
        self._execute: dict[str, Execute] = {}

    def register_action(self, type_url: str, execute: Execute) -> None:
        """Name what executes a guarded message type; once a type, at composition."""
        if type_url in self._execute:
            raise ValueError(f"{type_url} already has an executor")
        self._execute[type_url] = execute

    def params(self, ctx: Context) -> Params:
        """How many blocks an action may wait."""
        return state.PARAMS.get(ctx.store, b"") or DEFAULT_PARAMS

    # Policies

    def policy(self, ctx: Context, policy_id: int) -> Policy:
        """A policy by its id; raises NotFound, for 0 too, which is not stored."""
        found = state.POLICIES.get(ctx.store, policy_id)
        if found is None:
            raise NotFound(f"no policy {policy_id}")
        return found

    def participants(self, ctx: Context, policy_id: int, workspace: str) -> tuple[str, ...]:
        """Who may approve; for policy 0 the workspace's current owners."""
        if policy_id == 0:
            return tuple(self.identity.workspace(ctx, workspace).owners)
        return boolparser.participants(_boolparser(self.policy(ctx, policy_id)))

    def is_named(self, ctx: Context, workspace: str, owner: str) -> bool:
        """Whether a policy of one of the workspace's keys names an owner."""
        return uses.is_named(ctx.store, workspace, owner)

    def require_owners(self, ctx: Context, policy_id: int, owners: list[str]) -> None:
        """Raises NotFound, or InvalidArgument when a participant is not among `owners`."""
        if policy_id == 0:
            return
        for participant in boolparser.participants(_boolparser(self.policy(ctx, policy_id))):
            if participant not in owners:
                raise InvalidArgument(
                    f"participant {participant} of policy {policy_id} does not own the workspace; "
                    "add it as an owner first"
                )

    def create_policy(
        self, ctx: Context, creator: str, name: str, policy: BoolparserPolicy, btl: int
    ) -> Policy:
        """Store an acceptable policy. `btl` 0 takes the default, a small one the minimum."""
        ctx.charge(boolparser.acceptance_gas(policy))
        accepted = boolparser.normalise(policy)
        self._require_distinct_keys(ctx, boolparser.participants(accepted))
        params = self.params(ctx)
        blocks = max(btl, params.minimum_btl) if btl else params.default_btl
        packed = any_pb2.Any()
        packed.Pack(accepted, type_url_prefix="/", deterministic=True)
        stored = Policy(
            creator=creator,
            id=state.POLICY_COUNT.next(ctx.store),
            name=name,
            policy=packed,
            btl=require_blocks(blocks, "a policy's btl"),
        )
        state.POLICIES.set(ctx.store, stored.id, stored)
        state.BY_CREATOR.add(ctx.store, (creator,), stored.id)
        ctx.emit("new_policy", policy_id=stored.id)
        return stored

    def _require_distinct_keys(self, ctx: Context, participants: tuple[str, ...]) -> None:
        """One key must not count twice, as an account and as the EVM address of the same key."""
        for participant in participants:
            for other in self.identity.identities(ctx, participant)[1:]:
                if other in participants:
                    raise InvalidArgument(f"participants {participant} and {other} are one key")

    # Actions

    def action(self, ctx: Context, action_id: int) -> Action:
        """An action by its id; raises NotFound."""
        found = state.ACTIONS.get(ctx.store, action_id)
        if found is None:
            raise NotFound(f"no action {action_id}")
        return found

    def action_participants(self, ctx: Context, action: Action) -> tuple[str, ...]:
        """Who may approve this action now."""
        return self.participants(ctx, action.policy_id, self.workspace_of(ctx, action))

    def workspace_of(self, ctx: Context, action: Action) -> str:
        """The workspace whose owners the action concerns."""
        return state.workspace_of(ctx.store, action.id)

    def require_current(self, action: Action, policy_id: int) -> None:
        """Raises Conflict when another policy guards the object now than the one that approved."""
        if action.policy_id != policy_id:
            raise Conflict(
                f"policy {policy_id} guards this now, but action {action.id} was approved under "
                f"policy {action.policy_id}; ask again"
            )

    def identities_of(self, ctx: Context, address: str) -> tuple[str, ...]:
        """The address in its one spelling, with every identity that it acts for."""
        return self.identity.identities(ctx, normalise_owner(address))

    def submit(
        self,
        ctx: Context,
        *,
        creator: str,
        policy_id: int,
        workspace: str,
        msg: Message,
        btl: int = 0,
        policy_data: Mapping[str, bytes] | None = None,
        at_once: AtOnce | None = None,
    ) -> Submitted:
        """Put a message under a policy and execute it at once if that is satisfied.

        `at_once` does that in place of the registered executor, with what the caller knows already.

        `creator` is an account or an owner identity and must act for an owner of the workspace;
        where it acts for a participant it is the first approver. `btl` is in blocks; 0 takes the
        policy's. Hooks run before this returns.
        """
        if not self.identity.is_owner(ctx, workspace, creator):
            raise Unauthorized(f"{creator} does not own workspace {workspace}")
        participants = self.participants(ctx, policy_id, workspace)
        packed = any_pb2.Any()
        packed.Pack(msg, type_url_prefix="/", deterministic=True)
        if packed.type_url not in self._execute:
            raise InvalidArgument(f"{packed.type_url} cannot be put under a policy")
        action = Action(
            id=state.ACTION_COUNT.next(ctx.store),
            status=PENDING,
            policy_id=policy_id,
            msg=packed,
            creator=creator,
            btl=ctx.height + self._blocks_to_live(ctx, policy_id, btl),
        )
        action.approvers.extend(self._identities_among(ctx, creator, participants))
        for key, value in sorted((policy_data or {}).items()):
            action.policy_data.add(key=key, value=value)
        self._open(ctx, action, workspace, participants)
        return Submitted(action.id, self._try_execute(ctx, action, workspace, at_once))

    def approve(self, ctx: Context, action_id: int, approver: str) -> Action:
        """Count an approval and execute the action if it was the last one needed.

        Raises Conflict when the action is final, Unauthorized when `approver` acts for no
        participant. An action whose last block has passed ends with TIMEOUT and no error.
        """
        action = self.action(ctx, action_id)
        if action.status != PENDING:
            status = policy_pb2.ActionStatus.Name(action.status)
            raise Conflict(f"action {action_id} is not pending but {status}")
        if ctx.height > action.btl:
            self._end(ctx, action, TIMEOUT)
            return action
        participants = self.action_participants(ctx, action)
        identities = self._identities_among(ctx, approver, participants)
        if not identities:
            raise Unauthorized(f"{approver} is no participant of the policy of action {action_id}")
        own = self.identity.identities(ctx, approver)
        new = [] if any(each in action.approvers for each in own) else identities
        action.approvers.extend(new)
        state.ACTIONS.set(ctx.store, action.id, action)
        for participant in new:
            ctx.emit("action_approved", action_id=action_id, participant_addr=participant)
            for hook in self.hooks:
                hook.action_approved(ctx, action, participant)
        self._try_execute(ctx, action, self.workspace_of(ctx, action))
        return action

    def revoke(self, ctx: Context, action_id: int, account: str) -> Action:
        """End a pending action; its creator's right alone."""
        action = self.action(ctx, action_id)
        if not self.identity.acts_for(ctx, account, action.creator):
            raise Unauthorized(f"only {action.creator} may revoke action {action_id}")
        if action.status != PENDING:
            status = policy_pb2.ActionStatus.Name(action.status)
            raise Conflict(f"action {action_id} is not pending but {status}")
        self._end(ctx, action, REVOKED)
        return action

    def sweep(self, ctx: Context) -> None:
        """Time out the actions whose last block has passed."""
        state.DEADLINES.sweep(ctx, self._time_out)

    def _time_out(self, ctx: Context, action_id: int) -> None:
        self._end(ctx, self.action(ctx, action_id), TIMEOUT)

    def _blocks_to_live(self, ctx: Context, policy_id: int, btl: int) -> int:
        params = self.params(ctx)
        if btl:
            return require_blocks(max(btl, params.minimum_btl), "btl")
        own = self.policy(ctx, policy_id).btl if policy_id else 0
        return own or params.default_btl

    def _identities_among(
        self, ctx: Context, account: str, participants: tuple[str, ...]
    ) -> list[str]:
        """The participant that the account acts for. One key counts once, even where a policy names
        it twice because it was unknown when the policy was made.
        """
        acts_for = self.identity.identities(ctx, account)
        return [own for own in acts_for if own in participants][:1]

    def _open(
        self, ctx: Context, action: Action, workspace: str, participants: tuple[str, ...]
    ) -> None:
        state.ACTIONS.set(ctx.store, action.id, action)
        state.set_workspace(ctx.store, action.id, workspace)
        state.DEADLINES.add(ctx.store, action.btl, action.id)
        for participant in participants:
            state.BY_PARTICIPANT.add(ctx.store, (participant,), action.id)
            # Under policy 0 the submitter is an owner, so nobody else has to be told.
            if action.policy_id:
                ctx.emit("new_action", action_id=action.id, participant_addr=participant)

    def _try_execute(
        self, ctx: Context, action: Action, workspace: str, at_once: AtOnce | None = None
    ) -> Message | None:
        if not self._satisfied(ctx, action, workspace):
            return None
        if not self.identity.is_owner(ctx, workspace, action.creator):
            raise Conflict(f"{action.creator}, who asked for it, no longer owns {workspace}")
        self._close(ctx, action, COMPLETED)
        if at_once is not None:
            response = at_once(ctx, action)
        else:
            response = self._execute[action.msg.type_url](ctx, action, unpack(action.msg))
        for hook in self.hooks:
            hook.action_completed(ctx, action)
        return response

    def _satisfied(self, ctx: Context, action: Action, workspace: str) -> bool:
        if action.policy_id == 0:
            owners = self.identity.workspace(ctx, workspace).owners
            return any(approver in owners for approver in action.approvers)
        policy = _boolparser(self.policy(ctx, action.policy_id))
        ctx.charge(boolparser.evaluation_gas(policy))
        data = {item.key: item.value for item in action.policy_data}
        return boolparser.satisfied(policy, action.approvers, data)

    def _end(self, ctx: Context, action: Action, status: policy_pb2.ActionStatus) -> None:
        self._close(ctx, action, status)
        for hook in self.hooks:
            hook.action_ended(ctx, action)

    def _close(self, ctx: Context, action: Action, status: policy_pb2.ActionStatus) -> None:
        state.DEADLINES.remove(ctx.store, action.btl, action.id)
        action.status = status
        state.ACTIONS.set(ctx.store, action.id, action)
        name = policy_pb2.ActionStatus.Name(status).removeprefix("ACTION_STATUS_").lower()
        ctx.emit(f"action_{name}", action_id=action.id)


def unpack(packed: any_pb2.Any) -> Message:
    """The message inside an Any whose type is known to this process."""
    descriptor = descriptor_pool.Default().FindMessageTypeByName(packed.TypeName())
    return message_factory.GetMessageClass(descriptor).FromString(packed.value)


def _boolparser(policy: Policy) -> BoolparserPolicy:
    if policy.policy.type_url != _BOOLPARSER_URL:
        raise InvalidArgument(
            f"policy {policy.id} is a {policy.policy.type_url}, not a boolparser policy"
        )
    return _decoded(policy.policy.value)


@lru_cache(maxsize=256)
def _decoded(raw: bytes) -> BoolparserPolicy:
    """A policy as it is stored; whoever gets it only reads it."""
    return BoolparserPolicy.FromString(raw)
