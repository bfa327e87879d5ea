"""The feegrant module's queries."""

from __future__ import annotations

from zrchain_lite.errors import NotFound
from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import check_address
from zrchain_lite.modules.feegrant.keeper import ALLOWANCES, BY_GRANTER
from zrchain_lite.store.collections import encode_key
from zrchain_lite.store.pagination import page_of_store, page_of_view
from zrchain_lite.wire.cosmos.feegrant.v1beta1 import query_pb2 as q
from zrchain_lite.wire.cosmos.feegrant.v1beta1.feegrant_pb2 import Grant


class FeegrantQueries:
    """Answers from the last committed state. An allowance is listed until it is pruned."""

    def allowance(self, ctx: Context, request: q.QueryAllowanceRequest) -> q.QueryAllowanceResponse:
        """What one account pays of another's fees; raises NotFound."""
        check_address(request.granter)
        check_address(request.grantee)
        grant = ALLOWANCES.get(ctx.store, (request.grantee, request.granter))
        if grant is None:
            raise NotFound(f"{request.granter} has given {request.grantee} no allowance")
        return q.QueryAllowanceResponse(allowance=grant)

    def allowances(
        self, ctx: Context, request: q.QueryAllowancesRequest
    ) -> q.QueryAllowancesResponse:
        """One page of the allowances that an account has been given."""
        check_address(request.grantee)
        under = ALLOWANCES.prefix + encode_key((request.grantee,))
        pairs, page = page_of_store(ctx.store, under, request.pagination)
        grants = [Grant.FromString(raw) for _, raw in pairs]
        return q.QueryAllowancesResponse(allowances=grants, pagination=page)

    def allowances_by_granter(
        self, ctx: Context, request: q.QueryAllowancesByGranterRequest
    ) -> q.QueryAllowancesByGranterResponse:
        """One page of the allowances that an account has given."""
        check_address(request.granter)
        keys, page = page_of_view(BY_GRANTER, ctx.views, request.granter, request.pagination)
        grants = [grant for key in keys if (grant := ALLOWANCES.get(ctx.store, key)) is not None]
        return q.QueryAllowancesByGranterResponse(allowances=grants, pagination=page)
