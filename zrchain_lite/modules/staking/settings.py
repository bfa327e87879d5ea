"""What parameters, commissions and descriptions of validators may say."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration

from zrchain_lite import decimals
from zrchain_lite.errors import InvalidArgument
from zrchain_lite.module import Context
from zrchain_lite.modules.bank.keeper import DENOM
from zrchain_lite.modules.staking import state
from zrchain_lite.wire.cosmos.staking.v1beta1.staking_pb2 import (
    CommissionRates,
    Description,
    Params,
)

DEFAULT_PARAMS = Params(
    unbonding_time=Duration(seconds=21 * 24 * 3600),
    max_validators=100,
    max_entries=7,
    historical_entries=100,
    bond_denom=DENOM,
    min_commission_rate="0",
)
"""Parameters as zrChain has them, but for the history: its 10,000 heights serve IBC."""
MAX_UNBONDING_S = 10 * 365 * 24 * 3600
_LONGEST = {
    "moniker": 70,
    "identity": 3000,
    "website": 140,
    "security_contact": 140,
    "details": 280,
}


def set_params(ctx: Context, params: Params) -> None:
    """Store parameters; raises InvalidArgument for those that cannot be."""
    seconds = params.unbonding_time.ToSeconds()
    fits = (
        0 < seconds <= MAX_UNBONDING_S
        and 0 < params.max_validators <= 1000
        and 0 < params.max_entries <= 100
        and params.historical_entries <= 100_000
        and params.bond_denom == DENOM
        and decimals.stored(params.min_commission_rate) <= decimals.ONE
    )
    if not fits:
        raise InvalidArgument(
            f"staking parameters: an unbonding time above 0 and up to {MAX_UNBONDING_S} s, 1 to "
            "1000 validators, 1 to 100 entries, at most 100000 heights of history, bonds in "
            f"{DENOM}, and a least commission of at most 1"
        )
    state.PARAMS.set(ctx.store, b"", params)


def check_commission(rates: CommissionRates, least: int) -> None:
    """Raise InvalidArgument unless 0 ≤ rate ≤ max_rate ≤ 1 and max_change_rate ≤ max_rate."""
    rate, highest = decimals.stored(rates.rate), decimals.stored(rates.max_rate)
    if highest > decimals.ONE:
        raise InvalidArgument("a commission is at most 1", code=10, codespace="staking")
    if rate > highest:
        raise InvalidArgument("above the greatest commission", code=11, codespace="staking")
    if decimals.stored(rates.max_change_rate) > highest:
        raise InvalidArgument(
            "a change is at most the greatest commission", code=14, codespace="staking"
        )
    if rate < least:
        raise InvalidArgument("below the least commission", code=40, codespace="staking")


def check_description(description: Description) -> None:
    """Raise InvalidArgument unless there is a name and each text has a length that is shown."""
    if not description.moniker:
        raise InvalidArgument("a validator has a name (moniker)", code=18, codespace="sdk")
    for name, longest in _LONGEST.items():
        if len(getattr(description, name)) > longest:
            raise InvalidArgument(
                f"{name} has at most {longest} characters", code=18, codespace="sdk"
            )
