"""The authz module: messages, queries, genesis, and the end of grants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zrchain_lite import binding
from zrchain_lite.errors import LedgerError
from zrchain_lite.genesis import GenesisError, message_from
from zrchain_lite.module import Context, Module, MsgHandler, QueryHandler
from zrchain_lite.modules.auth.keeper import AuthKeeper
from zrchain_lite.modules.authz.keeper import BY_GRANTEE, AuthzKeeper
from zrchain_lite.modules.authz.messages import AuthzMessages
from zrchain_lite.modules.authz.queries import AuthzQueries
from zrchain_lite.store.expiries import is_past
from zrchain_lite.store.views import View
from zrchain_lite.wire.cosmos.authz.v1beta1 import genesis_pb2, query_pb2, tx_pb2
from zrchain_lite.wire.cosmos.bank.v1beta1 import authz_pb2 as bank_authz


class AuthzModule(Module):
    """Genesis: the Cosmos SDK's, {"authorization": [{"granter", "grantee", …}]}.

    What has expired by then is left out.
    """

    name = "authz"
    packed = (bank_authz.DESCRIPTOR,)

    def __init__(self, auth: AuthKeeper) -> None:
        self._keeper = AuthzKeeper(auth)

    def init_genesis(self, ctx: Context, genesis: Mapping[str, Any]) -> None:
        state = message_from(genesis_pb2.GenesisState, genesis, "authz")
        for position, grant in enumerate(state.authorization):
            if grant.HasField("expiration") and is_past(grant.expiration, ctx.time_ms):
                continue
            try:
                self._keeper.give(ctx, grant)
            except LedgerError as error:
                raise GenesisError(f"authz.authorization[{position}]: {error}") from None

    def begin_block(self, ctx: Context) -> None:
        self._keeper.prune(ctx)

    def messages(self) -> tuple[MsgHandler, ...]:
        return binding.messages(tx_pb2.DESCRIPTOR, AuthzMessages(self._keeper))

    def queries(self) -> tuple[QueryHandler, ...]:
        return binding.queries(query_pb2.DESCRIPTOR, AuthzQueries())

    def views(self) -> tuple[View, ...]:
        return (BY_GRANTEE,)
