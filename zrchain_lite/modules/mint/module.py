"""The mint module: new coins for those who stake, none unless the genesis says so.

Source: Cosmos SDK 0.50, x/mint.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zrchain_lite import binding, decimals
from zrchain_lite.errors import InvalidArgument, LedgerError, Unauthorized
from zrchain_lite.genesis import GenesisError, params_from
from zrchain_lite.module import Context, Module, MsgHandler, QueryHandler
from zrchain_lite.modules.auth.keeper import FEE_COLLECTOR
from zrchain_lite.modules.bank.keeper import DENOM, BankKeeper
from zrchain_lite.modules.staking import StakingKeeper
from zrchain_lite.store.collections import StoredMap
from zrchain_lite.wire.cosmos.mint.v1beta1 import query_pb2 as q
from zrchain_lite.wire.cosmos.mint.v1beta1 import tx_pb2 as wire
from zrchain_lite.wire.cosmos.mint.v1beta1.mint_pb2 import Minter, Params

PARAMS = StoredMap("mint/params", Params)
MINTER = StoredMap("mint/minter", Minter)
DEFAULT_PARAMS = Params(
    mint_denom=DENOM,
    inflation_rate_change="0",
    inflation_max="0",
    inflation_min="0",
    goal_bonded=str(decimals.parse("0.67")),
    blocks_per_year=6_311_520,
)
"""No inflation; a block every five seconds."""


class MintModule(Module):
    """Genesis: {"params": {…}, "inflation": "0.05"}: the rate that the first block begins with."""

    name = "mint"

    def __init__(self, bank: BankKeeper, staking: StakingKeeper) -> None:
        self._bank = bank
        self._staking = staking
        self._governance = bank.module_address("gov")

    def init_genesis(self, ctx: Context, genesis: Mapping[str, Any]) -> None:
        try:
            self.set_params(ctx, params_from(DEFAULT_PARAMS, genesis.get("params", {}), "mint"))
            inflation = decimals.parse(str(genesis.get("inflation", "0")))
        except GenesisError:
            raise
        except LedgerError as error:
            raise GenesisError(f"mint: {error}") from None
        MINTER.set(ctx.store, b"", Minter(inflation=str(inflation), annual_provisions="0"))

    def begin_block(self, ctx: Context) -> None:
        """Mint a block's part of the year's coins, for the next block to share."""
        params, minter = PARAMS.get(ctx.store, b""), MINTER.get(ctx.store, b"")
        stakes = self._staking.params(ctx).max_validators
        if params is None or minter is None or not stakes or not _inflates(params, minter):
            return
        supply = self._bank.supply(ctx)
        bonded = self._bank.balance(ctx, self._staking.bonded_pool)
        inflation = next_inflation(params, decimals.stored(minter.inflation), bonded, supply)
        yearly = inflation * supply
        minter.inflation, minter.annual_provisions = str(inflation), str(yearly)
        MINTER.set(ctx.store, b"", minter)
        minted = yearly // params.blocks_per_year // decimals.ONE
        if minted:
            self._bank.mint(ctx, self._bank.module_address(FEE_COLLECTOR), minted)
            ctx.emit("mint", inflation=decimals.shown(inflation), amount=minted)

    def set_params(self, ctx: Context, params: Params) -> None:
        """Store parameters; raises InvalidArgument for those that cannot be."""
        rates = (params.inflation_rate_change, params.inflation_max, params.inflation_min)
        lowest, highest = (
            decimals.stored(params.inflation_min),
            decimals.stored(params.inflation_max),
        )
        fits = (
            params.mint_denom == DENOM
            and all(decimals.stored(each) <= decimals.ONE for each in rates)
            and lowest <= highest
            and 0 < decimals.stored(params.goal_bonded) <= decimals.ONE
            and params.blocks_per_year > 0
        )
        if not fits:
            raise InvalidArgument(
                f"mint parameters: {DENOM}, rates of at most 1, the least not above the greatest, "
                "a goal above 0 and at most 1, and 1 block a year or more"
            )
        PARAMS.set(ctx.store, b"", params)

    def messages(self) -> tuple[MsgHandler, ...]:
        return binding.messages(wire.DESCRIPTOR, MintMessages(self, self._governance))

    def queries(self) -> tuple[QueryHandler, ...]:
        return binding.queries(q.DESCRIPTOR, MintQueries())


class MintMessages:
    """The handler of MsgUpdateParams."""

    def __init__(self, module: MintModule, governance: str) -> None:
        self._module = module
        self._governance = governance

    def update_params(
        self, ctx: Context, msg: wire.MsgUpdateParams
    ) -> wire.MsgUpdateParamsResponse:
        """Replace the module's parameters; governance may."""
        if msg.authority != self._governance:
            raise Unauthorized(f"only governance ({self._governance}) changes parameters")
        self._module.set_params(ctx, msg.params)
        return wire.MsgUpdateParamsResponse()


class MintQueries:
    """Answers from the last committed state."""

    def params(self, ctx: Context, request: q.QueryParamsRequest) -> q.QueryParamsResponse:
        """The module's parameters."""
        return q.QueryParamsResponse(params=PARAMS.get(ctx.store, b"") or DEFAULT_PARAMS)

    def inflation(self, ctx: Context, request: q.QueryInflationRequest) -> q.QueryInflationResponse:
        """New coins of a year as a part of all, at the rate of now."""
        rate = (MINTER.get(ctx.store, b"") or Minter()).inflation or "0"
        return q.QueryInflationResponse(inflation=rate.encode())

    def annual_provisions(
        self, ctx: Context, request: q.QueryAnnualProvisionsRequest
    ) -> q.QueryAnnualProvisionsResponse:
        """New coins of a year, in urock, at the rate of now."""
        yearly = (MINTER.get(ctx.store, b"") or Minter()).annual_provisions or "0"
        return q.QueryAnnualProvisionsResponse(annual_provisions=yearly.encode())


def next_inflation(params: Params, inflation: int, bonded: int, supply: int) -> int:
    """The rate of the next block, a decimal: it grows while less is bonded than wanted."""
    ratio = decimals.quo(bonded, supply) if supply else 0
    gap = decimals.ONE - decimals.quo(ratio, decimals.stored(params.goal_bonded))
    yearly = decimals.mul(abs(gap), decimals.stored(params.inflation_rate_change))
    change = yearly // params.blocks_per_year
    inflation += change if gap >= 0 else -change
    lowest, highest = decimals.stored(params.inflation_min), decimals.stored(params.inflation_max)
    return max(lowest, min(highest, inflation))


def _inflates(params: Params, minter: Minter) -> bool:
    """Whether there is anything to mint, now or as the rate moves."""
    return any(
        decimals.stored(each)
        for each in (params.inflation_max, params.inflation_min, minter.inflation)
    )
