"""The identity module's queries, with their REST paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from zrchain_lite.module import Context
from zrchain_lite.modules.identity import state
from zrchain_lite.modules.identity.addresses import normalise_owner
from zrchain_lite.modules.identity.keeper import IdentityKeeper
from zrchain_lite.store.pagination import page
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
        found: Iterable[tuple[bytes, wire.Workspace]]
        if request.owner or request.creator:
            found = self._named(ctx, request)
        else:
            every = state.WORKSPACES.values(ctx.store, reverse=request.pagination.reverse)
            found = ((w.address.encode(), w) for w in every)
        workspaces, pagination = page(found, request.pagination)
        return wire.QueryWorkspacesResponse(workspaces=workspaces, pagination=pagination)

    def _named(
        self, ctx: Context, request: wire.QueryWorkspacesRequest
    ) -> Iterator[tuple[bytes, wire.Workspace]]:
        addresses: set[str] = set()
        if request.owner:
            addresses.update(state.BY_OWNER.members(ctx.store, normalise_owner(request.owner)))
        if request.creator:
            addresses.update(state.BY_CREATOR.members(ctx.store, normalise_owner(request.creator)))
        for address in sorted(addresses, reverse=request.pagination.reverse):
            yield address.encode(), self._keeper.workspace(ctx, address)

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
        every = state.KEYRINGS.values(ctx.store, reverse=request.pagination.reverse)
        found = ((k.address.encode(), k) for k in every)
        keyrings, pagination = page(found, request.pagination)
        return wire.QueryKeyringsResponse(keyrings=keyrings, pagination=pagination)

    def keyring_by_address(
        self, ctx: Context, request: wire.QueryKeyringByAddressRequest
    ) -> wire.QueryKeyringByAddressResponse:
        """A keyring by its address; raises NotFound."""
        keyring = self._keeper.keyring(ctx, request.keyring_addr)
        return wire.QueryKeyringByAddressResponse(keyring=keyring)
