"""State of the consensus parameters and of the minimum gas price."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.module import Context
from zrchain_lite.wire.tendermint.types.params_pb2 import BlockParams, ConsensusParams

_PARAMS = b"consensus/params"
_PRICE = b"consensus/min_gas_price"
_PRICE_FORM = re.compile(r"(\d{1,18}(?:\.\d{1,18})?)([a-zA-Z][a-zA-Z0-9/:._-]{2,127})")

DEFAULT_PARAMS = ConsensusParams(block=BlockParams(max_bytes=4 * 1024 * 1024, max_gas=40_000_000))
"""A full block takes 2 s at most: a million units of gas stand for 0.05 s."""
DEFAULT_MIN_GAS_PRICE = "0.0001urock"


def parse_price(price: str) -> tuple[Decimal, str]:
    """Price and denomination of a text such as "0.0001urock"; raises InvalidArgument."""
    match = _PRICE_FORM.fullmatch(price)
    if match is None:
        raise InvalidArgument(f"{price!r} is not a gas price such as {DEFAULT_MIN_GAS_PRICE!r}")
    return Decimal(match[1]), match[2]


class ConsensusKeeper:
    """Reads and writes the rules."""

    def params(self, ctx: Context) -> ConsensusParams:
        """The limits of a block."""
        raw = ctx.store.get(_PARAMS)
        return DEFAULT_PARAMS if raw is None else ConsensusParams.FromString(raw)

    def set_params(self, ctx: Context, params: ConsensusParams) -> None:
        """Replace the limits of a block."""
        ctx.store.set(_PARAMS, params.SerializeToString(deterministic=True))

    def min_gas_price(self, ctx: Context) -> str:
        """The lowest price of one unit of gas, as in "0.0001urock"."""
        return (ctx.store.get(_PRICE) or DEFAULT_MIN_GAS_PRICE.encode()).decode()

    def set_min_gas_price(self, ctx: Context, price: str) -> None:
        """Replace the lowest price of gas; raises InvalidArgument."""
        parse_price(price)
        ctx.store.set(_PRICE, price.encode())

    def required_fee(self, ctx: Context, gas_limit: int) -> tuple[int, str]:
        """The lowest fee as (amount, denom): gas limit times the minimum gas price, rounded up."""
        return _fee(self.min_gas_price(ctx), gas_limit)


@lru_cache(maxsize=1_024)
def _fee(price: str, gas_limit: int) -> tuple[int, str]:
    each, denom = parse_price(price)
    return int((each * gas_limit).to_integral_value(ROUND_CEILING)), denom
