"""Slashing: what a validator's fault takes from it, from what leaves it, and from what has left.

Stake that left after the fault is slashed as if it were there still. Source: Cosmos SDK 0.50,
x/staking/keeper/slash.go.
"""

from __future__ import annotations

from zrchain_lite import decimals
from zrchain_lite.module import Context
from zrchain_lite.modules.bank.keeper import BankKeeper
from zrchain_lite.modules.staking import shares, state
from zrchain_lite.modules.staking.keeper import StakingKeeper
from zrchain_lite.wire.cosmos.staking.v1beta1.staking_pb2 import (
    BOND_STATUS_UNBONDED,
    Redelegation,
    RedelegationEntry,
    UnbondingDelegation,
    UnbondingDelegationEntry,
    Validator,
)


class Slashes:
    """Takes and destroys tokens."""

    def __init__(self, keeper: StakingKeeper, bank: BankKeeper) -> None:
        self._keeper = keeper
        self._bank = bank

    def slash(
        self, ctx: Context, validator: Validator, height: int, power: int, fraction: int
    ) -> int:
        """Take a fraction (a decimal) of what the validator had at a height, by its power there.

        Returns the tokens that were destroyed. An unbonded validator is not slashed.
        """
        if validator.status == BOND_STATUS_UNBONDED:
            return 0
        operator = validator.operator_address
        total = power * state.POWER_UNIT * fraction // decimals.ONE
        left = total
        if height < ctx.height:
            for unbonding in list(state.UNBONDINGS.values(ctx.store, under=(operator,))):
                left -= self._slash_unbonding(ctx, unbonding, height, fraction)
            for red in list(state.REDELEGATIONS.values(ctx.store, under=(operator,))):
                left -= self._slash_redelegation(ctx, red, height, fraction)
        taken = max(min(left, shares.tokens_of(validator)), 0)
        if taken:
            effective = decimals.ONE * taken // shares.tokens_of(validator)
            if taken * decimals.ONE % shares.tokens_of(validator):
                effective += 1
            for hook in self._keeper.hooks:
                hook.validator_slashed(ctx, operator, min(effective, decimals.ONE))
        validator = self._keeper.validator(ctx, operator)
        self._keeper.remove_tokens(ctx, validator, taken)
        self._bank.burn(ctx, self._keeper.pool_of(validator), taken)
        return taken

    def _slash_unbonding(
        self, ctx: Context, unbonding: UnbondingDelegation, height: int, fraction: int
    ) -> int:
        """Returns what the entries owe, whether they could pay it all or not."""
        owed = 0
        for entry in unbonding.entries:
            if _at_risk(ctx, entry, height):
                due = int(entry.initial_balance) * fraction // decimals.ONE
                owed += due
                self._burn_entry(ctx, entry, due)
        key = (unbonding.validator_address, unbonding.delegator_address)
        state.UNBONDINGS.set(ctx.store, key, unbonding)
        return owed

    def _burn_entry(self, ctx: Context, entry: UnbondingDelegationEntry, due: int) -> int:
        """Take from what is on its way back; returns what it could pay."""
        paid = min(due, int(entry.balance))
        entry.balance = str(int(entry.balance) - paid)
        self._bank.burn(ctx, self._keeper.not_bonded_pool, paid)
        return paid

    def _slash_redelegation(
        self, ctx: Context, red: Redelegation, height: int, fraction: int
    ) -> int:
        """Takes what went on from the other validator, then shares there; returns what is owed."""
        owed = 0
        delegator, target = red.delegator_address, red.validator_dst_address
        for entry in red.entries:
            if not _at_risk(ctx, entry, height):
                continue
            due = int(entry.initial_balance) * fraction // decimals.ONE
            owed += due
            left = due - self._slash_gone_on(ctx, delegator, target, height, due)
            wanted = decimals.mul(fraction, decimals.stored(entry.shares_dst))
            delegation = state.DELEGATIONS.get(ctx.store, (delegator, target))
            if delegation is not None and left and wanted:
                validator = self._keeper.validator(ctx, target)
                pool = self._keeper.pool_of(validator)
                amount = min(wanted, decimals.stored(delegation.shares))
                self._bank.burn(ctx, pool, self._keeper.unbond(ctx, delegator, validator, amount))
        return owed

    def _slash_gone_on(
        self, ctx: Context, delegator: str, target: str, height: int, due: int
    ) -> int:
        """Take from what left the second validator too; returns what was taken."""
        unbonding = state.UNBONDINGS.get(ctx.store, (target, delegator))
        if unbonding is None:
            return 0
        left = due
        for entry in unbonding.entries:
            if _at_risk(ctx, entry, height):
                left -= self._burn_entry(ctx, entry, left)
        state.UNBONDINGS.set(ctx.store, (target, delegator), unbonding)
        return due - left


def _at_risk(
    ctx: Context, entry: UnbondingDelegationEntry | RedelegationEntry, height: int
) -> bool:
    """Whether stake was there at the fault's height and has not come to its end."""
    running = entry.completion_time.ToMilliseconds() > ctx.time_ms
    return entry.creation_height >= height and running
