"""What the gov module keeps."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.duration_pb2 import Duration

from zrchain_lite import decimals
from zrchain_lite.errors import InvalidArgument
from zrchain_lite.module import Context
from zrchain_lite.modules.bank.keeper import DENOM, parse_coins
from zrchain_lite.store.collections import Counter, StoredMap
from zrchain_lite.store.expiries import Expiries
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrchain_lite.wire.cosmos.gov.v1.gov_pb2 import Deposit, Params, Proposal, Vote

PARAMS = StoredMap("gov/params", Params)
PROPOSALS = StoredMap("gov/proposal", Proposal)
DEPOSITS = StoredMap("gov/deposit", Deposit)
"""Deposits by proposal and depositor."""
VOTES = StoredMap("gov/vote", Vote)
"""Votes by proposal and voter, until they are counted."""
IDS = Counter("gov/id")
DEPOSIT_ENDS = Expiries("gov/deposit_end")
VOTING_ENDS = Expiries("gov/voting_end")

MAX_PERIOD_S = 365 * 24 * 3600

DEFAULT_PARAMS = Params(
    min_deposit=[Coin(denom=DENOM, amount="10000000")],
    max_deposit_period=Duration(seconds=172_800),
    voting_period=Duration(seconds=172_800),
    quorum=str(decimals.parse("0.334")),
    threshold=str(decimals.parse("0.5")),
    veto_threshold=str(decimals.parse("0.334")),
    min_initial_deposit_ratio="0",
    proposal_cancel_ratio=str(decimals.parse("0.5")),
    expedited_voting_period=Duration(seconds=86_400),
    expedited_threshold=str(decimals.parse("0.667")),
    expedited_min_deposit=[Coin(denom=DENOM, amount="50000000")],
    burn_vote_veto=True,
    min_deposit_ratio=str(decimals.parse("0.01")),
)
"""The Cosmos SDK's."""
_FRACTIONS = (
    "quorum",
    "threshold",
    "veto_threshold",
    "min_initial_deposit_ratio",
    "proposal_cancel_ratio",
    "expedited_threshold",
    "min_deposit_ratio",
)


def set_params(ctx: Context, params: Params) -> None:
    """Store parameters; raises InvalidArgument for those that cannot be."""
    periods = (params.max_deposit_period, params.voting_period, params.expedited_voting_period)
    if any(not 0 < each.ToSeconds() <= MAX_PERIOD_S for each in periods):
        raise InvalidArgument(f"a period is above 0 and at most {MAX_PERIOD_S} seconds")
    if params.expedited_voting_period.ToSeconds() >= params.voting_period.ToSeconds():
        raise InvalidArgument("an expedited vote is shorter than others")
    if any(decimals.stored(getattr(params, name)) > decimals.ONE for name in _FRACTIONS):
        raise InvalidArgument(f"at most 1: {', '.join(_FRACTIONS)}")
    if not decimals.stored(params.threshold) or not decimals.stored(params.veto_threshold):
        raise InvalidArgument("a threshold is above 0")
    if decimals.stored(params.expedited_threshold) < decimals.stored(params.threshold):
        raise InvalidArgument("an expedited vote has at least the threshold of others")
    if params.proposal_cancel_dest:
        raise InvalidArgument("what a cancelled proposal pays is burned; leave its destination out")
    if urock(params.expedited_min_deposit) < urock(params.min_deposit):
        raise InvalidArgument("an expedited vote has at least the deposit of others")
    PARAMS.set(ctx.store, b"", params)


def urock(coins: Sequence[Coin]) -> int:
    """The amount of a deposit; raises InvalidArgument for another denomination."""
    parsed = parse_coins(coins)
    if parsed.keys() != {DENOM}:
        raise InvalidArgument(f"deposits are of {DENOM}", code=10, codespace="sdk")
    return parsed[DENOM]
