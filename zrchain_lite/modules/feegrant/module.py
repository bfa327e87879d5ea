"""The feegrant module: messages, queries, genesis, and the end of allowances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zrchain_lite import binding
from zrchain_lite.errors import LedgerError
from zrchain_lite.genesis import GenesisError, message_from
from zrchain_lite.module import Context, Module, MsgHandler, QueryHandler
from zrchain_lite.modules.feegrant.keeper import BY_GRANTER, FeegrantKeeper
from zrchain_lite.modules.feegrant.messages import FeegrantMessages
from zrchain_lite.modules.feegrant.queries import FeegrantQueries
from zrchain_lite.store.views import View
from zrchain_lite.wire.cosmos.feegrant.v1beta1 import genesis_pb2, query_pb2, tx_pb2


class FeegrantModule(Module):
    """Genesis: the Cosmos SDK's, {"allowances": [{"granter", "grantee", "allowance"}]}."""

    name = "feegrant"

    def __init__(self, keeper: FeegrantKeeper) -> None:
        self._keeper = keeper

    def init_genesis(self, ctx: Context, genesis: Mapping[str, Any]) -> None:
        state = message_from(genesis_pb2.GenesisState, genesis, "feegrant")
        for position, grant in enumerate(state.allowances):
            try:
                self._keeper.give(ctx, grant)
            except LedgerError as error:
                raise GenesisError(f"feegrant.allowances[{position}]: {error}") from None

    def end_block(self, ctx: Context) -> None:
        self._keeper.prune(ctx)

    def messages(self) -> tuple[MsgHandler, ...]:
        return binding.messages(tx_pb2.DESCRIPTOR, FeegrantMessages(self._keeper))

    def queries(self) -> tuple[QueryHandler, ...]:
        return binding.queries(query_pb2.DESCRIPTOR, FeegrantQueries())

    def views(self) -> tuple[View, ...]:
        return (BY_GRANTER,)
