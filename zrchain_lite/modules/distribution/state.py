"""What the distribution module keeps. Amounts are decimals of urock (`decimals.py`)."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.wrappers_pb2 import StringValue

from zrchain_lite import decimals
from zrchain_lite.modules.bank.keeper import DENOM
from zrchain_lite.store.collections import StoredMap
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import DecCoin
from zrchain_lite.wire.cosmos.distribution.v1beta1.distribution_pb2 import (
    DelegatorStartingInfo,
    FeePool,
    Params,
    ValidatorAccumulatedCommission,
    ValidatorCurrentRewards,
    ValidatorHistoricalRewards,
    ValidatorOutstandingRewards,
    ValidatorSlashEvent,
)

PARAMS = StoredMap("distribution/params", Params)
POOL = StoredMap("distribution/pool", FeePool)
"""The community pool, under the empty key."""
OUTSTANDING = StoredMap("distribution/outstanding", ValidatorOutstandingRewards)
"""What a validator and its delegators have earned and not taken, by operator address."""
COMMISSION = StoredMap("distribution/commission", ValidatorAccumulatedCommission)
CURRENT = StoredMap("distribution/current", ValidatorCurrentRewards)
"""The rewards of the period that runs, by operator address."""
HISTORICAL = StoredMap("distribution/historical", ValidatorHistoricalRewards)
"""Rewards of one token from the beginning to a period's end, by operator address and period."""
STARTING = StoredMap("distribution/starting", DelegatorStartingInfo)
"""The period since which a delegation earns, by operator address and delegator."""
SLASHES = StoredMap("distribution/slash", ValidatorSlashEvent)
"""Slashes by operator address, height and period."""
WITHDRAW = StoredMap("distribution/withdraw", StringValue)
"""Where rewards go, by delegator; without an entry to the delegator."""


def amount(coins: Sequence[DecCoin]) -> int:
    """The decimal in a list of one coin or none."""
    return sum(decimals.stored(coin.amount) for coin in coins)


def coins(value: int) -> list[DecCoin]:
    """The list of one coin, or of none for nothing."""
    return [DecCoin(denom=DENOM, amount=str(value))] if value else []
