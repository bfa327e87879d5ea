"""Rewards by the F1 method: what a delegation has earned is a difference of two sums.

A validator's rewards are counted in periods, which end whenever its stake changes. For each period
the rewards of one token since the beginning are kept; a delegation remembers the period in which it
began. Source: Cosmos SDK 0.50, x/distribution; D. Ojha, F1 fee distribution (2018).
"""

from __future__ import annotations

from google.protobuf.wrappers_pb2 import StringValue

from zrchain_lite import decimals
from zrchain_lite.errors import InvalidArgument, NotFound, Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import FEE_COLLECTOR
from zrchain_lite.modules.bank.keeper import DENOM, BankKeeper
from zrchain_lite.modules.distribution import state
from zrchain_lite.modules.distribution.state import amount, coins
from zrchain_lite.modules.staking import StakingKeeper, shares
from zrchain_lite.modules.staking.state import DELEGATIONS
from zrchain_lite.store.collections import encode_key
from zrchain_lite.validator_addresses import account_of
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
from zrchain_lite.wire.cosmos.staking.v1beta1.staking_pb2 import Validator

ACCOUNT = "distribution"
DEFAULT_PARAMS = Params(
    community_tax=str(decimals.parse("0.02")),
    base_proposer_reward="0",
    bonus_proposer_reward="0",
    withdraw_addr_enabled=True,
)


class DistributionKeeper:
    """Shares fees among validators and their delegators; stake tells it of changes by hooks."""

    def __init__(self, bank: BankKeeper, staking: StakingKeeper) -> None:
        self._bank = bank
        self._staking = staking
        self.account = bank.module_address(ACCOUNT)

    def params(self, ctx: Context) -> Params:
        """The module's parameters, zero on a chain without stake."""
        return state.PARAMS.get(ctx.store, b"") or Params()

    def set_params(self, ctx: Context, params: Params) -> None:
        """Store parameters; raises InvalidArgument for a tax above 1."""
        if decimals.stored(params.community_tax) > decimals.ONE:
            raise InvalidArgument("the community tax is between 0 and 1")
        if params.base_proposer_reward.strip("0") or params.bonus_proposer_reward.strip("0"):
            raise InvalidArgument("a proposer earns as every other validator; leave its rewards 0")
        state.PARAMS.set(ctx.store, b"", params)

    def community_pool(self, ctx: Context) -> int:
        """What belongs to all, a decimal of urock."""
        return amount((state.POOL.get(ctx.store, b"") or FeePool()).community_pool)

    def allocate(self, ctx: Context) -> None:
        """Share the fees of the block before by the power of those who are in its commit."""
        collector = self._bank.module_address(FEE_COLLECTOR)
        collected = self._bank.balance(ctx, collector)
        total = sum(vote.power for vote in ctx.votes)
        if not collected or not total or not self._staking.params(ctx).max_validators:
            return
        self._bank.send(ctx, collector, self.account, collected)
        left = collected * decimals.ONE
        kept = decimals.ONE - decimals.stored(self.params(ctx).community_tax)
        shared = decimals.mul_down(left, kept)
        for vote in ctx.votes:
            validator = self._staking.by_consensus(ctx, vote.address)
            if validator is not None:
                fraction = decimals.quo_down(vote.power, total)
                reward = decimals.mul_down(shared, fraction)
                self._reward(ctx, validator, reward)
                left -= reward
        self._add_to_pool(ctx, left)

    # -- what people do --------------------------------------------------------------------------

    def withdraw(self, ctx: Context, delegator: str, operator: str) -> int:
        """Pay what a delegation has earned; returns whole urock. Raises NotFound."""
        if not state.STARTING.has(ctx.store, (operator, delegator)):
            raise NotFound(
                f"{delegator} has delegated nothing to {operator}", code=19, codespace="staking"
            )
        paid = self._withdraw(ctx, operator, delegator)
        self._begin(ctx, operator, delegator)
        return paid

    def withdraw_commission(self, ctx: Context, operator: str) -> int:
        """Pay a validator's commission; returns whole urock. Raises NotFound for nothing."""
        earned = self.commission(ctx, operator)
        paid = earned // decimals.ONE
        if not paid:
            raise NotFound("no validator commission to withdraw", code=10, codespace=ACCOUNT)
        left = earned - paid * decimals.ONE
        self._set_commission(ctx, operator, left)
        self._set_outstanding(ctx, operator, self.outstanding(ctx, operator) - paid * decimals.ONE)
        self._bank.send(ctx, self.account, self.withdraw_address(ctx, account_of(operator)), paid)
        ctx.emit("withdraw_commission", amount=f"{paid}{DENOM}")
        return paid

    def withdraw_address(self, ctx: Context, delegator: str) -> str:
        """Where an account's rewards go."""
        other = state.WITHDRAW.get(ctx.store, delegator)
        return delegator if other is None else other.value

    def set_withdraw_address(self, ctx: Context, delegator: str, address: str) -> None:
        """Let an account's rewards go elsewhere; raises Unauthorized."""
        if not self.params(ctx).withdraw_addr_enabled:
            raise Unauthorized("rewards go to delegators alone here", code=3, codespace=ACCOUNT)
        if self._bank.is_module(address):
            raise Unauthorized(f"{address} is a module's account and takes no rewards")
        state.WITHDRAW.set(ctx.store, delegator, StringValue(value=address))
        ctx.emit("set_withdraw_address", withdraw_address=address)

    def fund(self, ctx: Context, depositor: str, tokens: int) -> None:
        """Give coins to the community pool; raises InsufficientFunds."""
        self._bank.send(ctx, depositor, self.account, tokens)
        self._add_to_pool(ctx, tokens * decimals.ONE)

    def spend(self, ctx: Context, recipient: str, tokens: int) -> None:
        """Pay from the community pool; raises InvalidArgument when it has less."""
        left = self.community_pool(ctx) - tokens * decimals.ONE
        if left < 0:
            raise InvalidArgument("the community pool has less than that")
        state.POOL.set(ctx.store, b"", FeePool(community_pool=coins(left)))
        self._bank.send(ctx, self.account, recipient, tokens)

    def outstanding(self, ctx: Context, operator: str) -> int:
        """What a validator and its delegators have earned and not taken."""
        found = state.OUTSTANDING.get(ctx.store, operator)
        return 0 if found is None else amount(found.rewards)

    def commission(self, ctx: Context, operator: str) -> int:
        """What a validator's commission has earned and not taken."""
        found = state.COMMISSION.get(ctx.store, operator)
        return 0 if found is None else amount(found.commission)

    # -- hooks of stake --------------------------------------------------------------------------

    def validator_created(self, ctx: Context, operator: str) -> None:
        """Its first period begins."""
        state.HISTORICAL.set(
            ctx.store, (operator, 0), ValidatorHistoricalRewards(reference_count=1)
        )
        state.CURRENT.set(ctx.store, operator, ValidatorCurrentRewards(period=1))

    def validator_bonded(self, ctx: Context, operator: str) -> None:
        """Nothing: rewards come with votes."""

    def validator_removed(self, ctx: Context, operator: str) -> None:
        """Its commission is paid, what nobody can claim any more goes to all, the rest is gone."""
        if self.commission(ctx, operator) >= decimals.ONE:
            self.withdraw_commission(ctx, operator)
        self._add_to_pool(ctx, self.outstanding(ctx, operator))
        for stored in (state.OUTSTANDING, state.COMMISSION, state.CURRENT):
            stored.delete(ctx.store, operator)
        for prefix in (state.HISTORICAL.prefix, state.SLASHES.prefix):
            under = prefix + encode_key((operator,))
            for key, _ in list(ctx.store.iterate(under)):
                ctx.store.delete(key)

    def validator_slashed(self, ctx: Context, operator: str, fraction: int) -> None:
        """What was earned until now was earned by the whole stake."""
        period = self._end_period(ctx, operator)
        self._refer(ctx, operator, period)
        state.SLASHES.set(
            ctx.store,
            (operator, ctx.height, period),
            ValidatorSlashEvent(validator_period=period, fraction=str(fraction)),
        )

    def delegation_creating(self, ctx: Context, operator: str, delegator: str) -> None:
        """A period ends: the stake changes."""
        self._end_period(ctx, operator)

    def delegation_changing(self, ctx: Context, operator: str, delegator: str) -> None:
        """What the delegation has earned is paid."""
        self._withdraw(ctx, operator, delegator)

    def delegation_changed(self, ctx: Context, operator: str, delegator: str) -> None:
        """It earns from here on."""
        self._begin(ctx, operator, delegator)

    # -- periods ---------------------------------------------------------------------------------

    def earned(self, ctx: Context, operator: str, delegator: str, ending: int) -> int:
        """What a delegation has earned until a period's end, a decimal."""
        starting = state.STARTING.get(ctx.store, (operator, delegator))
        delegation = DELEGATIONS.get(ctx.store, (delegator, operator))
        if starting is None or delegation is None or starting.height == ctx.height:
            return 0
        period, stake = starting.previous_period, decimals.stored(starting.stake)
        rewards = 0
        under = state.SLASHES.prefix + encode_key((operator,))
        first = under + starting.height.to_bytes(8, "big")
        for _, raw in ctx.store.iterate(under, start=first):
            slash = ValidatorSlashEvent.FromString(raw)
            if slash.validator_period > period:
                rewards += self._between(ctx, operator, period, slash.validator_period, stake)
                left = decimals.ONE - decimals.stored(slash.fraction)
                stake = decimals.mul_down(stake, left)
                period = slash.validator_period
        # Roundings of slashes may leave a few billionths of billionths more than there are.
        validator = self._staking.validator(ctx, operator)
        stake = min(stake, shares.worth(validator, decimals.stored(delegation.shares)))
        return rewards + self._between(ctx, operator, period, ending, stake)

    def end_period(self, ctx: Context, operator: str) -> int:
        """End the period that runs, and return its number: a query does so on what it drops."""
        return self._end_period(ctx, operator)

    def _end_period(self, ctx: Context, operator: str) -> int:
        current = state.CURRENT.get(ctx.store, operator) or ValidatorCurrentRewards(period=1)
        rewards = amount(current.rewards)
        tokens = shares.tokens_of(self._staking.validator(ctx, operator))
        ratio = 0
        if tokens:
            ratio = rewards // tokens
        elif rewards:
            self._add_to_pool(ctx, rewards)
            self._set_outstanding(ctx, operator, self.outstanding(ctx, operator) - rewards)
        before = self._ratio(ctx, operator, current.period - 1)
        self._release(ctx, operator, current.period - 1)
        state.HISTORICAL.set(
            ctx.store,
            (operator, current.period),
            ValidatorHistoricalRewards(
                cumulative_reward_ratio=coins(before + ratio), reference_count=1
            ),
        )
        following = ValidatorCurrentRewards(period=current.period + 1)
        state.CURRENT.set(ctx.store, operator, following)
        return current.period

    def _begin(self, ctx: Context, operator: str, delegator: str) -> None:
        current = state.CURRENT.get(ctx.store, operator)
        delegation = self._staking.delegation(ctx, delegator, operator)
        validator = self._staking.validator(ctx, operator)
        previous = (1 if current is None else current.period) - 1
        self._refer(ctx, operator, previous)
        stake = shares.worth_down(validator, decimals.stored(delegation.shares))
        info = DelegatorStartingInfo(previous_period=previous, stake=str(stake), height=ctx.height)
        state.STARTING.set(ctx.store, (operator, delegator), info)

    def _withdraw(self, ctx: Context, operator: str, delegator: str) -> int:
        starting = state.STARTING.get(ctx.store, (operator, delegator))
        if starting is None:
            return 0
        ending = self._end_period(ctx, operator)
        outstanding = self.outstanding(ctx, operator)
        rewards = min(self.earned(ctx, operator, delegator, ending), outstanding)
        paid, rest = divmod(rewards, decimals.ONE)
        self._bank.send(ctx, self.account, self.withdraw_address(ctx, delegator), paid)
        self._set_outstanding(ctx, operator, outstanding - rewards)
        self._add_to_pool(ctx, rest)
        self._release(ctx, operator, starting.previous_period)
        state.STARTING.delete(ctx.store, (operator, delegator))
        ctx.emit(
            "withdraw_rewards", amount=f"{paid}{DENOM}", validator=operator, delegator=delegator
        )
        return paid

    def _between(self, ctx: Context, operator: str, first: int, last: int, stake: int) -> int:
        grown = self._ratio(ctx, operator, last) - self._ratio(ctx, operator, first)
        return decimals.mul_down(grown, stake)

    def _ratio(self, ctx: Context, operator: str, period: int) -> int:
        found = state.HISTORICAL.get(ctx.store, (operator, period))
        return 0 if found is None else amount(found.cumulative_reward_ratio)

    def _refer(self, ctx: Context, operator: str, period: int) -> None:
        found = state.HISTORICAL.get(ctx.store, (operator, period))
        if found is not None:
            found.reference_count += 1
            state.HISTORICAL.set(ctx.store, (operator, period), found)

    def _release(self, ctx: Context, operator: str, period: int) -> None:
        """One delegation, slash or period less stands on a period; the last lets it go."""
        found = state.HISTORICAL.get(ctx.store, (operator, period))
        if found is None:
            return
        found.reference_count -= 1
        if found.reference_count:
            state.HISTORICAL.set(ctx.store, (operator, period), found)
        else:
            state.HISTORICAL.delete(ctx.store, (operator, period))

    # -- amounts ---------------------------------------------------------------------------------

    def _reward(self, ctx: Context, validator: Validator, reward: int) -> None:
        operator = validator.operator_address
        rate = decimals.stored(validator.commission.commission_rates.rate)
        commission = decimals.mul(reward, rate)
        self._set_commission(ctx, operator, self.commission(ctx, operator) + commission)
        current = state.CURRENT.get(ctx.store, operator) or ValidatorCurrentRewards(period=1)
        shared = coins(amount(current.rewards) + reward - commission)
        following = ValidatorCurrentRewards(rewards=shared, period=current.period)
        state.CURRENT.set(ctx.store, operator, following)
        self._set_outstanding(ctx, operator, self.outstanding(ctx, operator) + reward)

    def _set_outstanding(self, ctx: Context, operator: str, value: int) -> None:
        rewards = ValidatorOutstandingRewards(rewards=coins(value))
        state.OUTSTANDING.set(ctx.store, operator, rewards)

    def _set_commission(self, ctx: Context, operator: str, value: int) -> None:
        commission = ValidatorAccumulatedCommission(commission=coins(value))
        state.COMMISSION.set(ctx.store, operator, commission)

    def _add_to_pool(self, ctx: Context, value: int) -> None:
        if value:
            pool = FeePool(community_pool=coins(self.community_pool(ctx) + value))
            state.POOL.set(ctx.store, b"", pool)
