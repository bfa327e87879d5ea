"""The treasury module: messages, queries, genesis, and the sweep of expired requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zrchain_lite import binding
from zrchain_lite.genesis import message_from
from zrchain_lite.module import Context, Module, MsgHandler, QueryHandler
from zrchain_lite.modules.identity.authority import Authority
from zrchain_lite.modules.policy.keeper import PolicyKeeper
from zrchain_lite.modules.treasury import state, views
from zrchain_lite.modules.treasury.keeper import TreasuryKeeper
from zrchain_lite.modules.treasury.messages import TreasuryMessages, checked_params
from zrchain_lite.modules.treasury.queries import TreasuryQueries
from zrchain_lite.store.views import View
from zrchain_lite.wire.zrchain.treasury import treasury_pb2
from zrchain_lite.wire.zrchain.treasury.treasury_pb2 import Params


class TreasuryModule(Module):
    """Genesis: `params` (JSON of Params) and `authority`."""

    name = "treasury"

    def __init__(self, keeper: TreasuryKeeper, policy: PolicyKeeper) -> None:
        self.keeper = keeper
        self._authority = Authority(self.name)
        self._messages = TreasuryMessages(keeper, policy, self._authority)
        self._queries = TreasuryQueries(keeper)

    def messages(self) -> tuple[MsgHandler, ...]:
        return binding.messages(treasury_pb2.DESCRIPTOR, self._messages)

    def queries(self) -> tuple[QueryHandler, ...]:
        return binding.queries(treasury_pb2.DESCRIPTOR, self._queries)

    def views(self) -> tuple[View, ...]:
        return views.ALL

    def init_genesis(self, ctx: Context, genesis: Mapping[str, Any]) -> None:
        self._authority.init(ctx, genesis)
        if "params" in genesis:
            params = message_from(Params, genesis["params"], "treasury.params")
            state.PARAMS.set(ctx.store, b"", checked_params(params))

    def begin_block(self, ctx: Context) -> None:
        self.keeper.sweep(ctx)
