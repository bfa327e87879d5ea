"""The consensus module: the parameters at genesis and their query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zrchain_lite import binding
from zrchain_lite.errors import InvalidArgument
from zrchain_lite.genesis import GenesisError, message_from
from zrchain_lite.module import Context, Module, QueryHandler
from zrchain_lite.modules.consensus.keeper import (
    DEFAULT_MIN_GAS_PRICE,
    DEFAULT_PARAMS,
    ConsensusKeeper,
)
from zrchain_lite.wire.cosmos.consensus.v1 import query_pb2
from zrchain_lite.wire.tendermint.types.params_pb2 import ConsensusParams


class ConsensusModule(Module):
    """Genesis: {"params": {"block": {"max_bytes", "max_gas"}}, "min_gas_price": "0.0001urock"}."""

    name = "consensus"

    def __init__(self, keeper: ConsensusKeeper) -> None:
        self._keeper = keeper

    def init_genesis(self, ctx: Context, genesis: Mapping[str, Any]) -> None:
        params = ConsensusParams()
        params.CopyFrom(DEFAULT_PARAMS)
        given = message_from(ConsensusParams, genesis.get("params", {}), "consensus.params")
        params.MergeFrom(given)
        self._keeper.set_params(ctx, params)
        price = genesis.get("min_gas_price", DEFAULT_MIN_GAS_PRICE)
        try:
            self._keeper.set_min_gas_price(ctx, str(price))
        except InvalidArgument as error:
            raise GenesisError(f"consensus.min_gas_price: {error}") from None

    def queries(self) -> tuple[QueryHandler, ...]:
        return binding.queries(query_pb2.DESCRIPTOR, ConsensusQueries(self._keeper))


class ConsensusQueries:
    """Answers from the last committed state."""

    def __init__(self, keeper: ConsensusKeeper) -> None:
        self._keeper = keeper

    def params(
        self, ctx: Context, request: query_pb2.QueryParamsRequest
    ) -> query_pb2.QueryParamsResponse:
        """The limits of a block."""
        return query_pb2.QueryParamsResponse(params=self._keeper.params(ctx))
