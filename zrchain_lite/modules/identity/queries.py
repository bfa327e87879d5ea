"""The identity module's queries, with their REST paths."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge

from zrchain_lite.module import Context
from zrchain_lite.modules.identity import state
from zrchain_lite.modules.identity.addresses import normalise_owner
from zrchain_lite.modules.identity.keeper import IdentityKeeper
from zrchain_lite.store.pagination import page, page_of_store
from zrchain_lite.wire.zrchain.identity import identity_pb2 as wire


class IdentityQueries:
    """Answers from the last committed state."""

    def __init__(self, keeper: IdentityKeeper) -> None:
        self._keeper = keeper

    def params(self, ctx: Context, _: wire.QueryParamsRequest) -> wire.QueryParamsResponse:
        """The module's parameters."""
        return wire.QueryParamsResponse(params=self._keeper.params(ctx))

    def workspaces(
        self, ctx: Context, request: wire.QueryWorkspacesRequest
    ) -> wire.QueryWorkspacesResponse:
        """Workspaces of the owner or of the creator; all when neither is named."""
        if not request.owner and not request.creator:
            pairs, pagination = page_of_store(
                ctx.store,
                state.WORKSPACES.prefix,
                request.pagination,
                total=lambda: state.WORKSPACE_COUNT.current(ctx.store),
            )
            every = [wire.Workspace.FromString(raw) for _, raw in pairs]
            return wire.QueryWorkspacesResponse(workspaces=every, pagination=pagination)
        named = self._named(ctx, request)
        found, pagination = page(
            ((name.encode(), self._keeper.workspace(ctx, name)) for name in named),
            request.pagination,
        )
        return wire.QueryWorkspacesResponse(workspaces=found, pagination=pagination)

    def _named(self, ctx: Context, request: wire.QueryWorkspacesRequest) -> Iterator[str]:
        """Each address once, from the page's key on."""
        pagination, before = request.pagination, ""
        lists = [
            index.members(
                ctx.store, normalise_owner(name), start=pagination.key, reverse=pagination.reverse
            )
            for index, name in (
                (state.BY_OWNER, request.owner),
                (state.BY_CREATOR, request.creator),
            )
            if name
        ]
        for address in merge(*lists, reverse=pagination.reverse):
            if address != before:
                yield address
            before = address

    def workspace_by_address(
        self, ctx: Context, request: wire.QueryWorkspaceByAddressRequest
    ) -> wire.QueryWorkspaceByAddressResponse:
        """A workspace by its address; raises NotFound."""
        workspace = self._keeper.workspace(ctx, request.workspace_addr)
        return wire.QueryWorkspaceByAddressResponse(workspace=workspace)

    def keyrings(
        self, ctx: Context, request: wire.QueryKeyringsRequest
    ) -> wire.QueryKeyringsResponse:
        """One page of all keyrings in the order of their addresses."""
        pairs, pagination = page_of_store(
            ctx.store,
            state.KEYRINGS.prefix,
            request.pagination,
            total=lambda: state.KEYRING_COUNT.current(ctx.store),
        )
        keyrings = [wire.Keyring.FromString(raw) for _, raw in pairs]
        return wire.QueryKeyringsResponse(keyrings=keyrings, pagination=pagination)

    def keyring_by_address(
        self, ctx: Context, request: wire.QueryKeyringByAddressRequest
    ) -> wire.QueryKeyringByAddressResponse:
        """A keyring by its address; raises NotFound."""
        keyring = self._keeper.keyring(ctx, request.keyring_addr)
        return wire.QueryKeyringByAddressResponse(keyring=keyring)
