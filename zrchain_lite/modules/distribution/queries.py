"""The distribution module's queries."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from zrchain_lite.errors import NotFound
from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import check_address
from zrchain_lite.modules.distribution import state
from zrchain_lite.modules.distribution.keeper import DistributionKeeper
from zrchain_lite.modules.distribution.state import coins
from zrchain_lite.modules.staking import StakingKeeper
from zrchain_lite.modules.staking.state import DELEGATIONS
from zrchain_lite.store.collections import encode_key
from zrchain_lite.store.kv import Overlay
from zrchain_lite.store.pagination import page
from zrchain_lite.validator_addresses import account_of
from zrchain_lite.wire.cosmos.distribution.v1beta1 import query_pb2 as q
from zrchain_lite.wire.cosmos.distribution.v1beta1.distribution_pb2 import (
    DelegationDelegatorReward,
    ValidatorAccumulatedCommission,
    ValidatorOutstandingRewards,
    ValidatorSlashEvent,
)

MAX_DELEGATIONS = 1000
"""How many validators one answer about a delegator's rewards names at most."""


class DistributionQueries:
    """Answers from the last committed state."""

    def __init__(self, keeper: DistributionKeeper, staking: StakingKeeper) -> None:
        self._keeper = keeper
        self._staking = staking

    def params(self, ctx: Context, request: q.QueryParamsRequest) -> q.QueryParamsResponse:
        """The module's parameters."""
        params = self._keeper.params(ctx)
        for name in ("community_tax", "base_proposer_reward", "bonus_proposer_reward"):
            setattr(params, name, getattr(params, name) or "0")
        return q.QueryParamsResponse(params=params)

    def validator_distribution_info(
        self, ctx: Context, request: q.QueryValidatorDistributionInfoRequest
    ) -> q.QueryValidatorDistributionInfoResponse:
        """What a validator's own stake and its commission have earned."""
        operator = self._validator(ctx, request.validator_address)
        own = self._earned(ctx, operator, account_of(operator))
        return q.QueryValidatorDistributionInfoResponse(
            operator_address=account_of(operator),
            self_bond_rewards=coins(own),
            commission=coins(self._keeper.commission(ctx, operator)),
        )

    def validator_outstanding_rewards(
        self, ctx: Context, request: q.QueryValidatorOutstandingRewardsRequest
    ) -> q.QueryValidatorOutstandingRewardsResponse:
        """What a validator and its delegators have earned and not taken."""
        operator = self._validator(ctx, request.validator_address)
        rewards = coins(self._keeper.outstanding(ctx, operator))
        return q.QueryValidatorOutstandingRewardsResponse(
            rewards=ValidatorOutstandingRewards(rewards=rewards)
        )

    def validator_commission(
        self, ctx: Context, request: q.QueryValidatorCommissionRequest
    ) -> q.QueryValidatorCommissionResponse:
        """What a validator's commission has earned and not taken."""
        operator = self._validator(ctx, request.validator_address)
        earned = coins(self._keeper.commission(ctx, operator))
        return q.QueryValidatorCommissionResponse(
            commission=ValidatorAccumulatedCommission(commission=earned)
        )

    def validator_slashes(
        self, ctx: Context, request: q.QueryValidatorSlashesRequest
    ) -> q.QueryValidatorSlashesResponse:
        """One page of a validator's slashes between two heights, both counted."""
        account_of(request.validator_address)
        under = state.SLASHES.prefix + encode_key((request.validator_address,))
        asked = request.pagination
        start = under + asked.key if asked.key else None
        rows = (
            (key[len(under) :], ValidatorSlashEvent.FromString(raw))
            for key, raw in ctx.store.iterate(under, start=start, reverse=asked.reverse)
        )
        last = request.ending_height or 2**63
        wanted = (
            (key, slash)
            for key, slash in rows
            if request.starting_height <= int.from_bytes(key[:8], "big") <= last
        )
        slashes, response = page(wanted, asked)
        return q.QueryValidatorSlashesResponse(slashes=slashes, pagination=response)

    def delegation_rewards(
        self, ctx: Context, request: q.QueryDelegationRewardsRequest
    ) -> q.QueryDelegationRewardsResponse:
        """What a delegation has earned; raises NotFound."""
        check_address(request.delegator_address)
        operator = self._validator(ctx, request.validator_address)
        self._staking.delegation(ctx, request.delegator_address, operator)
        earned = self._earned(ctx, operator, request.delegator_address)
        return q.QueryDelegationRewardsResponse(rewards=coins(earned))

    def delegation_total_rewards(
        self, ctx: Context, request: q.QueryDelegationTotalRewardsRequest
    ) -> q.QueryDelegationTotalRewardsResponse:
        """What each of an account's delegations has earned, and all together."""
        earned = [
            (operator, self._earned(ctx, operator, request.delegator_address))
            for operator in self._operators(ctx, request.delegator_address)
        ]
        rewards = [
            DelegationDelegatorReward(validator_address=operator, reward=coins(each))
            for operator, each in earned
        ]
        total = coins(sum(each for _, each in earned))
        return q.QueryDelegationTotalRewardsResponse(rewards=rewards, total=total)

    def delegator_validators(
        self, ctx: Context, request: q.QueryDelegatorValidatorsRequest
    ) -> q.QueryDelegatorValidatorsResponse:
        """The validators to whom an account has delegated."""
        operators = self._operators(ctx, request.delegator_address)
        return q.QueryDelegatorValidatorsResponse(validators=operators)

    def delegator_withdraw_address(
        self, ctx: Context, request: q.QueryDelegatorWithdrawAddressRequest
    ) -> q.QueryDelegatorWithdrawAddressResponse:
        """Where an account's rewards go."""
        check_address(request.delegator_address)
        return q.QueryDelegatorWithdrawAddressResponse(
            withdraw_address=self._keeper.withdraw_address(ctx, request.delegator_address)
        )

    def community_pool(
        self, ctx: Context, request: q.QueryCommunityPoolRequest
    ) -> q.QueryCommunityPoolResponse:
        """What belongs to all."""
        return q.QueryCommunityPoolResponse(pool=coins(self._keeper.community_pool(ctx)))

    # -- inside ----------------------------------------------------------------------------------

    def _validator(self, ctx: Context, operator: str) -> str:
        account_of(operator)
        return self._staking.validator(ctx, operator).operator_address

    def _operators(self, ctx: Context, delegator: str) -> list[str]:
        check_address(delegator)
        delegations = DELEGATIONS.values(ctx.store, under=(delegator,))
        return [each.validator_address for each in islice(delegations, MAX_DELEGATIONS)]

    def _earned(self, ctx: Context, operator: str, delegator: str) -> int:
        """What a withdrawal in the next block would pay; what it writes is dropped."""
        attempt = replace(ctx, store=Overlay(ctx.store), events=[], height=ctx.height + 1)
        try:
            ending = self._keeper.end_period(attempt, operator)
        except NotFound:
            return 0
        return self._keeper.earned(attempt, operator, delegator, ending)
