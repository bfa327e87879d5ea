"""The operators module's queries, with their REST paths."""

from __future__ import annotations

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.module import Context
from zrchain_lite.modules.identity.keeper import IdentityKeeper
from zrchain_lite.modules.operators import faults, settings, state
from zrchain_lite.modules.operators.work import work
from zrchain_lite.modules.treasury.keeper import TreasuryKeeper
from zrchain_lite.store.collections import encode_key
from zrchain_lite.store.pagination import Indexed, listed_page, page_of_store
from zrchain_lite.wire.zrsign.operators import operators_pb2 as wire


class OperatorsQueries:
    """Answers from the last committed state."""

    def __init__(self, identity: IdentityKeeper, treasury: TreasuryKeeper) -> None:
        self._identity = identity
        self._treasury = treasury

    def settings(
        self, ctx: Context, request: wire.QuerySettingsRequest
    ) -> wire.QuerySettingsResponse:
        """What the administrators want; empty, with version 0, before their first order."""
        keyring = self._identity.keyring(ctx, request.keyring)
        return settings.settings(ctx.store, keyring.address)

    def faults(self, ctx: Context, request: wire.QueryFaultsRequest) -> wire.QueryFaultsResponse:
        """One page of the reports about a keyring's members, in the order in which they came."""
        keyring = self._identity.keyring(ctx, request.keyring).address
        if request.culprit:
            ids = Indexed(state.FAULTS_BY_CULPRIT, ctx.store, (keyring, request.culprit))
        else:
            ids = Indexed(state.FAULTS_BY_KEYRING, ctx.store, (keyring,))
        selected, pagination = listed_page(
            ids, lambda id_: faults.with_evidence(ctx, id_), request.pagination
        )
        return wire.QueryFaultsResponse(faults=selected, pagination=pagination)

    def key_epochs(
        self, ctx: Context, request: wire.QueryKeyEpochsRequest
    ) -> wire.QueryKeyEpochsResponse:
        """One page of the committed epochs of a keyring, of a key, or of both."""
        if not request.keyring and not request.key_id:
            raise InvalidArgument("name a keyring or a key")
        keyring = request.keyring or self._keyring_of(ctx, request.key_id)
        self._identity.keyring(ctx, keyring)
        group = (keyring, request.key_id) if request.key_id else (keyring,)
        prefix = state.EPOCHS.prefix + encode_key(group)
        pairs, pagination = page_of_store(ctx.store, prefix, request.pagination)
        found = [wire.KeyEpoch.FromString(raw) for _, raw in pairs]
        return wire.QueryKeyEpochsResponse(key_epochs=found, pagination=pagination)

    def work(self, ctx: Context, request: wire.QueryWorkRequest) -> wire.QueryWorkResponse:
        """Everything that a keyring has to do, in one answer."""
        keyring = self._identity.keyring(ctx, request.keyring)
        return work(ctx, self._treasury, keyring, request.limit)

    def _keyring_of(self, ctx: Context, key_id: int) -> str:
        return self._treasury.key_request(ctx, key_id).keyring_addr
