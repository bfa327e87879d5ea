"""The authz module's queries."""

from __future__ import annotations

from zrchain_lite.errors import NotFound
from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import check_address
from zrchain_lite.modules.authz.keeper import BY_GRANTEE, GRANTS
from zrchain_lite.store.collections import encode_key
from zrchain_lite.store.pagination import page_of_store, page_of_view
from zrchain_lite.wire.cosmos.authz.v1beta1 import query_pb2 as q
from zrchain_lite.wire.cosmos.authz.v1beta1.authz_pb2 import Grant, GrantAuthorization
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageRequest, PageResponse


class AuthzQueries:
    """Answers from the last committed state. A grant is listed until it is pruned."""

    def grants(self, ctx: Context, request: q.QueryGrantsRequest) -> q.QueryGrantsResponse:
        """What one account has granted another, of one type of message when it is named."""
        check_address(request.granter)
        check_address(request.grantee)
        named = (request.granter, request.grantee)
        if request.msg_type_url:
            one = GRANTS.get(ctx.store, (*named, request.msg_type_url))
            if one is None:
                raise NotFound(f"no grant of {request.msg_type_url[:200]!r} to {request.grantee}")
            return q.QueryGrantsResponse(grants=[_grant(one)])
        found, page = _page(ctx, named, request.pagination)
        return q.QueryGrantsResponse(grants=[_grant(each) for each in found], pagination=page)

    def granter_grants(
        self, ctx: Context, request: q.QueryGranterGrantsRequest
    ) -> q.QueryGranterGrantsResponse:
        """One page of what an account has granted."""
        check_address(request.granter)
        found, page = _page(ctx, (request.granter,), request.pagination)
        return q.QueryGranterGrantsResponse(grants=found, pagination=page)

    def grantee_grants(
        self, ctx: Context, request: q.QueryGranteeGrantsRequest
    ) -> q.QueryGranteeGrantsResponse:
        """One page of what an account has been granted."""
        check_address(request.grantee)
        keys, page = page_of_view(BY_GRANTEE, ctx.views, request.grantee, request.pagination)
        grants = [grant for key in keys if (grant := GRANTS.get(ctx.store, key)) is not None]
        return q.QueryGranteeGrantsResponse(grants=grants, pagination=page)


def _page(
    ctx: Context, under: tuple[str, ...], request: PageRequest
) -> tuple[list[GrantAuthorization], PageResponse]:
    pairs, page = page_of_store(ctx.store, GRANTS.prefix + encode_key(under), request)
    return [GrantAuthorization.FromString(raw) for _, raw in pairs], page


def _grant(stored: GrantAuthorization) -> Grant:
    expiration = stored.expiration if stored.HasField("expiration") else None
    return Grant(authorization=stored.authorization, expiration=expiration)
