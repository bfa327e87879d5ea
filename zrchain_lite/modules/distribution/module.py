"""The distribution module: messages, queries, genesis, and the sharing of fees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zrchain_lite import binding
from zrchain_lite.errors import LedgerError
from zrchain_lite.genesis import GenesisError, params_from
from zrchain_lite.module import Context, Module, MsgHandler, QueryHandler
from zrchain_lite.modules.bank.keeper import BankKeeper
from zrchain_lite.modules.distribution.keeper import DEFAULT_PARAMS, DistributionKeeper
from zrchain_lite.modules.distribution.messages import DistributionMessages
from zrchain_lite.modules.distribution.queries import DistributionQueries
from zrchain_lite.modules.staking import StakingKeeper
from zrchain_lite.wire.cosmos.distribution.v1beta1 import query_pb2, tx_pb2


class DistributionModule(Module):
    """Genesis: {"params": {…}}. Fees are shared once validators have stake."""

    name = "distribution"

    def __init__(
        self, keeper: DistributionKeeper, bank: BankKeeper, staking: StakingKeeper
    ) -> None:
        self._keeper = keeper
        self._messages = DistributionMessages(keeper, bank)
        self._queries = DistributionQueries(keeper, staking)

    def init_genesis(self, ctx: Context, genesis: Mapping[str, Any]) -> None:
        params = params_from(DEFAULT_PARAMS, genesis.get("params", {}), "distribution.params")
        try:
            self._keeper.set_params(ctx, params)
        except LedgerError as error:
            raise GenesisError(f"distribution.params: {error}") from None

    def begin_block(self, ctx: Context) -> None:
        self._keeper.allocate(ctx)

    def messages(self) -> tuple[MsgHandler, ...]:
        return binding.messages(tx_pb2.DESCRIPTOR, self._messages)

    def queries(self) -> tuple[QueryHandler, ...]:
        return binding.queries(query_pb2.DESCRIPTOR, self._queries)
