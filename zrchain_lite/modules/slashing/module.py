"""The slashing module: messages, queries, genesis, and the count of who signs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zrchain_lite import binding
from zrchain_lite.errors import LedgerError, NotFound, Unauthorized
from zrchain_lite.genesis import GenesisError, params_from
from zrchain_lite.module import Context, Module, MsgHandler, QueryHandler
from zrchain_lite.modules.bank.keeper import BankKeeper
from zrchain_lite.modules.slashing.keeper import DEFAULT_PARAMS, INFOS, SlashingKeeper
from zrchain_lite.store.pagination import page_of_store
from zrchain_lite.validator_addresses import account_of, consensus_bytes
from zrchain_lite.wire.cosmos.slashing.v1beta1 import query_pb2 as q
from zrchain_lite.wire.cosmos.slashing.v1beta1 import tx_pb2 as wire
from zrchain_lite.wire.cosmos.slashing.v1beta1.slashing_pb2 import ValidatorSigningInfo

_FRACTIONS = (
    "min_signed_per_window",
    "slash_fraction_double_sign",
    "slash_fraction_downtime",
)


class SlashingMessages:
    """Handlers of MsgUnjail and MsgUpdateParams."""

    def __init__(self, keeper: SlashingKeeper, bank: BankKeeper) -> None:
        self._keeper = keeper
        self._governance = bank.module_address("gov")

    def unjail(self, ctx: Context, msg: wire.MsgUnjail) -> wire.MsgUnjailResponse:
        """Be a validator again, once the time is over and the promised stake is there."""
        account_of(msg.validator_addr)
        self._keeper.unjail(ctx, msg.validator_addr)
        return wire.MsgUnjailResponse()

    def update_params(
        self, ctx: Context, msg: wire.MsgUpdateParams
    ) -> wire.MsgUpdateParamsResponse:
        """Replace the module's parameters; governance may."""
        if msg.authority != self._governance:
            raise Unauthorized(f"only governance ({self._governance}) changes parameters")
        self._keeper.set_params(ctx, msg.params)
        return wire.MsgUpdateParamsResponse()


class SlashingQueries:
    """Answers from the last committed state."""

    def __init__(self, keeper: SlashingKeeper) -> None:
        self._keeper = keeper

    def params(self, ctx: Context, request: q.QueryParamsRequest) -> q.QueryParamsResponse:
        """The module's parameters."""
        params = self._keeper.params(ctx)
        params.downtime_jail_duration.SetInParent()
        for name in _FRACTIONS:
            setattr(params, name, getattr(params, name) or b"0")
        return q.QueryParamsResponse(params=params)

    def signing_info(
        self, ctx: Context, request: q.QuerySigningInfoRequest
    ) -> q.QuerySigningInfoResponse:
        """How a validator has signed, by its consensus address; raises NotFound."""
        found = INFOS.get(ctx.store, consensus_bytes(request.cons_address))
        if found is None:
            raise NotFound(f"{request.cons_address} has not signed here: key not found")
        return q.QuerySigningInfoResponse(val_signing_info=found)

    def signing_infos(
        self, ctx: Context, request: q.QuerySigningInfosRequest
    ) -> q.QuerySigningInfosResponse:
        """One page of how validators have signed."""
        pairs, response = page_of_store(ctx.store, INFOS.prefix, request.pagination)
        infos = [ValidatorSigningInfo.FromString(raw) for _, raw in pairs]
        return q.QuerySigningInfosResponse(info=infos, pagination=response)


class SlashingModule(Module):
    """Genesis: {"params": {…}}. Validators are watched once they have stake."""

    name = "slashing"

    def __init__(self, keeper: SlashingKeeper, bank: BankKeeper) -> None:
        self._keeper = keeper
        self._messages = SlashingMessages(keeper, bank)
        self._queries = SlashingQueries(keeper)

    def init_genesis(self, ctx: Context, genesis: Mapping[str, Any]) -> None:
        params = params_from(DEFAULT_PARAMS, genesis.get("params", {}), "slashing.params")
        try:
            self._keeper.set_params(ctx, params)
        except LedgerError as error:
            raise GenesisError(f"slashing.params: {error}") from None

    def begin_block(self, ctx: Context) -> None:
        self._keeper.begin_block(ctx)

    def messages(self) -> tuple[MsgHandler, ...]:
        return binding.messages(wire.DESCRIPTOR, self._messages)

    def queries(self) -> tuple[QueryHandler, ...]:
        return binding.queries(q.DESCRIPTOR, self._queries)
