"""The auth module: queries and genesis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zrchain_lite import binding
from zrchain_lite.genesis import message_from
from zrchain_lite.module import Context, Module, QueryHandler
from zrchain_lite.modules.auth.keeper import DEFAULT_PARAMS, AuthKeeper
from zrchain_lite.modules.auth.queries import AuthQueries
from zrchain_lite.wire.cosmos.auth.v1beta1 import query_pb2
from zrchain_lite.wire.cosmos.auth.v1beta1.auth_pb2 import Params


class AuthModule(Module):
    """Genesis: {"params": {…}}."""

    name = "auth"

    def __init__(self, keeper: AuthKeeper) -> None:
        self._keeper = keeper

    def init_genesis(self, ctx: Context, genesis: Mapping[str, Any]) -> None:
        params = message_from(Params, genesis.get("params", {}), "auth.params")
        merged = Params()
        merged.CopyFrom(DEFAULT_PARAMS)
        merged.MergeFrom(params)
        self._keeper.set_params(ctx, merged)
        for address in sorted(self._keeper.module_accounts):
            self._keeper.ensure(ctx, address)

    def queries(self) -> tuple[QueryHandler, ...]:
        return binding.queries(query_pb2.DESCRIPTOR, AuthQueries(self._keeper))
