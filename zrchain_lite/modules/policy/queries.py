"""The policy module's queries, with their REST paths."""

from __future__ import annotations

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.module import Context
from zrchain_lite.modules.identity.addresses import normalise_owner
from zrchain_lite.modules.policy import state, views
from zrchain_lite.modules.policy.keeper import PENDING, PolicyKeeper
from zrchain_lite.store.pagination import Indexed, Merged, Numbered, Viewed, listed_page
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageResponse
from zrchain_lite.wire.zrchain.policy import policy_pb2 as wire

MAX_CREATORS = 100


class PolicyQueries:
    """Answers from the last committed state."""

    def __init__(self, keeper: PolicyKeeper) -> None:
        self._keeper = keeper

    def params(self, ctx: Context, _: wire.QueryParamsRequest) -> wire.QueryParamsResponse:
        """The module's parameters."""
        return wire.QueryParamsResponse(params=self._keeper.params(ctx))

    def actions(self, ctx: Context, request: wire.QueryActionsRequest) -> wire.QueryActionsResponse:
        """`address` is an account or an owner; it matches the actions that it may approve."""
        names = self._keeper.identities_of(ctx, request.address) if request.address else ("",)
        status = int(request.status)
        groups = [Viewed(views.ACTIONS, ctx.views, (name, status)) for name in names]
        actions, pagination = listed_page(
            Merged(tuple(groups)),
            lambda id_: _action_response(self._keeper.action(ctx, id_)),
            request.pagination,
        )
        return wire.QueryActionsResponse(actions=actions, pagination=pagination)

    def policies(
        self, ctx: Context, request: wire.QueryPoliciesRequest
    ) -> wire.QueryPoliciesResponse:
        """One page of all policies in the order of their ids."""
        policies, pagination = listed_page(
            Numbered(state.POLICY_COUNT.current(ctx.store)),
            lambda id_: _policy_response(self._keeper.policy(ctx, id_)),
            request.pagination,
        )
        return wire.QueryPoliciesResponse(policies=policies, pagination=pagination)

    def policy_by_id(
        self, ctx: Context, request: wire.QueryPolicyByIdRequest
    ) -> wire.QueryPolicyByIdResponse:
        """A policy by its id; raises NotFound."""
        return wire.QueryPolicyByIdResponse(
            policy=_policy_response(self._keeper.policy(ctx, request.id))
        )

    def policies_by_creator(
        self, ctx: Context, request: wire.QueryPoliciesByCreatorRequest
    ) -> wire.QueryPoliciesByCreatorResponse:
        """REST clients send several creators as one comma-separated text."""
        creators = {
            normalise_owner(name) for text in request.creators for name in text.split(",") if name
        }
        if len(creators) > MAX_CREATORS:
            raise InvalidArgument(f"name at most {MAX_CREATORS} creators, not {len(creators)}")
        lists = [Indexed(state.BY_CREATOR, ctx.store, (name,)) for name in sorted(creators)]
        policies, pagination = listed_page(
            Merged(tuple(lists)), lambda id_: self._keeper.policy(ctx, id_), request.pagination
        )
        return wire.QueryPoliciesByCreatorResponse(policies=policies, pagination=pagination)

    def sign_methods_by_address(
        self, ctx: Context, request: wire.QuerySignMethodsByAddressRequest
    ) -> wire.QuerySignMethodsByAddressResponse:
        """Nothing: no account of this ledger has another sign method than its key."""
        return wire.QuerySignMethodsByAddressResponse(pagination=PageResponse())

    def action_details_by_id(
        self, ctx: Context, request: wire.QueryActionDetailsByIdRequest
    ) -> wire.QueryActionDetailsByIdResponse:
        """An action with its policy, who approved it and who still may; raises NotFound."""
        action = self._keeper.action(ctx, request.id)
        participants = self._keeper.action_participants(ctx, action)
        pending = [name for name in participants if name not in action.approvers]
        details = wire.QueryActionDetailsByIdResponse(
            id=action.id,
            action=action,
            approvers=action.approvers,
            pending_approvers=pending if action.status == PENDING else [],
            current_height=ctx.height,
        )
        if action.policy_id:
            details.policy.CopyFrom(self._keeper.policy(ctx, action.policy_id))
        return details


def _action_response(action: wire.Action) -> wire.ActionResponse:
    return wire.ActionResponse(
        id=action.id,
        approvers=action.approvers,
        status=wire.ActionStatus.Name(action.status),
        policy_id=action.policy_id,
        msg=action.msg,
        creator=action.creator,
        btl=action.btl,
        policy_data=action.policy_data,
    )


def _policy_response(policy: wire.Policy) -> wire.PolicyResponse:
    return wire.PolicyResponse(policy=policy)
