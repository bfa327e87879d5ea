"""The gov module: messages, queries, genesis, and the end of votes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zrchain_lite import binding
from zrchain_lite.errors import LedgerError
from zrchain_lite.genesis import GenesisError, params_from
from zrchain_lite.module import Context, Module, MsgHandler, QueryHandler
from zrchain_lite.modules.gov import state
from zrchain_lite.modules.gov.keeper import GovKeeper
from zrchain_lite.modules.gov.messages import GovMessages, OlderGovMessages
from zrchain_lite.modules.gov.older_queries import OlderGovQueries
from zrchain_lite.modules.gov.queries import GovQueries
from zrchain_lite.wire.cosmos.gov.v1 import query_pb2, tx_pb2
from zrchain_lite.wire.cosmos.gov.v1beta1 import query_pb2 as older
from zrchain_lite.wire.cosmos.gov.v1beta1 import tx_pb2 as older_tx


class GovModule(Module):
    """Genesis: {"params": {…}}. Who has staked votes; without stake nothing is proposed."""

    name = "gov"
    packed = (older.DESCRIPTOR,)

    def __init__(self, keeper: GovKeeper) -> None:
        self._keeper = keeper
        self._queries = GovQueries(keeper)

    def init_genesis(self, ctx: Context, genesis: Mapping[str, Any]) -> None:
        params = params_from(state.DEFAULT_PARAMS, genesis.get("params", {}), "gov.params")
        try:
            state.set_params(ctx, params)
        except LedgerError as error:
            raise GenesisError(f"gov.params: {error}") from None

    def end_block(self, ctx: Context) -> None:
        self._keeper.end_block(ctx)

    def messages(self) -> tuple[MsgHandler, ...]:
        messages = GovMessages(self._keeper)
        return (
            *binding.messages(tx_pb2.DESCRIPTOR, messages),
            *binding.messages(older_tx.DESCRIPTOR, OlderGovMessages(messages)),
        )

    def queries(self) -> tuple[QueryHandler, ...]:
        return (
            *binding.queries(query_pb2.DESCRIPTOR, self._queries),
            *binding.queries(older.DESCRIPTOR, OlderGovQueries(self._queries)),
        )
