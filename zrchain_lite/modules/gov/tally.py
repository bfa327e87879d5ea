"""How votes are counted. Source: Cosmos SDK 0.50, x/gov/keeper/tally.go.

Who has delegated and does not vote votes as the validator does; who votes takes its own stake out
of the validator's vote.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from zrchain_lite import decimals
from zrchain_lite.module import Context
from zrchain_lite.modules.gov.state import VOTES
from zrchain_lite.modules.staking import StakingKeeper, shares
from zrchain_lite.modules.staking.state import DELEGATIONS, LAST_POWERS
from zrchain_lite.validator_addresses import operator_of
from zrchain_lite.wire.cosmos.gov.v1.gov_pb2 import (
    VOTE_OPTION_ABSTAIN,
    VOTE_OPTION_NO,
    VOTE_OPTION_NO_WITH_VETO,
    VOTE_OPTION_YES,
    Params,
    TallyResult,
    Vote,
    WeightedVoteOption,
)
from zrchain_lite.wire.cosmos.staking.v1beta1.staking_pb2 import Validator

OPTIONS = (
    VOTE_OPTION_YES,
    VOTE_OPTION_ABSTAIN,
    VOTE_OPTION_NO,
    VOTE_OPTION_NO_WITH_VETO,
)


@dataclass
class Tally:
    """Power by option, decimals of urock."""

    powers: dict[int, int] = field(default_factory=lambda: dict.fromkeys(OPTIONS, 0))
    # Of everybody who voted, and of everybody who could.
    total: int = 0
    bonded: int = 0

    def add(self, options: list[WeightedVoteOption], power: int) -> None:
        """Count one voter's power, by the weights of its options."""
        for each in options:
            self.powers[each.option] += decimals.mul(power, decimals.stored(each.weight))
        self.total += power

    def passes(self, params: Params, expedited: bool) -> tuple[bool, bool]:
        """Whether a proposal passes, and whether its deposits are burned."""
        if not self.bonded:
            return False, False
        if decimals.quo(self.total, self.bonded) < decimals.stored(params.quorum):
            return False, params.burn_vote_quorum
        decided = self.total - self.powers[VOTE_OPTION_ABSTAIN]
        if not decided:
            return False, False
        veto = decimals.quo(self.powers[VOTE_OPTION_NO_WITH_VETO], self.total)
        if veto > decimals.stored(params.veto_threshold):
            return False, params.burn_vote_veto
        wanted = params.expedited_threshold if expedited else params.threshold
        yes = decimals.quo(self.powers[VOTE_OPTION_YES], decided)
        return yes > decimals.stored(wanted), False

    def result(self) -> TallyResult:
        """The counts in whole urock."""
        yes, abstain, no, veto = (str(self.powers[each] // decimals.ONE) for each in OPTIONS)
        return TallyResult(
            yes_count=yes, abstain_count=abstain, no_count=no, no_with_veto_count=veto
        )


def count(ctx: Context, staking: StakingKeeper, proposal: int) -> Tally:
    """Count the votes of a proposal by the stake of now."""
    validators: dict[str, Validator] = {}
    for key, _ in ctx.store.iterate(LAST_POWERS.prefix):
        operator = key[len(LAST_POWERS.prefix) :].decode()
        validators[operator] = staking.validator(ctx, operator)
    left = {operator: shares.shares_of(each) for operator, each in validators.items()}
    tally = Tally(bonded=sum(shares.tokens_of(each) for each in validators.values()) * decimals.ONE)
    own: dict[str, Vote] = {}
    for vote in VOTES.values(ctx.store, under=(proposal,)):
        operator = operator_of(vote.voter)
        if operator in validators:
            own[operator] = vote
        for delegation in DELEGATIONS.values(ctx.store, under=(vote.voter,)):
            validator = validators.get(delegation.validator_address)
            if validator is not None:
                amount = decimals.stored(delegation.shares)
                left[delegation.validator_address] -= amount
                tally.add(list(vote.options), shares.worth(validator, amount))
    for operator, vote in own.items():
        if left[operator]:
            tally.add(list(vote.options), shares.worth(validators[operator], left[operator]))
    return tally
