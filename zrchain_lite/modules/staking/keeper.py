"""Delegations: how stake comes, moves and goes.

Source: Cosmos SDK 0.50, x/staking/keeper/delegation.go.
"""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from zrchain_lite import decimals
from zrchain_lite.errors import InvalidArgument, NotFound
from zrchain_lite.module import Context
from zrchain_lite.modules.staking import shares, state
from zrchain_lite.modules.staking.valset import ValidatorSet
from zrchain_lite.store.collections import encode_key
from zrchain_lite.validator_addresses import operator_of
from zrchain_lite.wire.cosmos.staking.v1beta1.staking_pb2 import (
    BOND_STATUS_BONDED,
    BOND_STATUS_UNBONDED,
    Delegation,
    Redelegation,
    UnbondingDelegation,
    Validator,
)


class StakingKeeper(ValidatorSet):
    """The stake of everybody; other modules are told of changes by hooks."""

    def delegation(self, ctx: Context, delegator: str, operator: str) -> Delegation:
        """What an account has with a validator; raises NotFound."""
        found = state.DELEGATIONS.get(ctx.store, (delegator, operator))
        if found is None:
            raise NotFound(
                f"{delegator} has delegated nothing to {operator}", code=19, codespace="staking"
            )
        return found

    def delegate(self, ctx: Context, delegator: str, validator: Validator, tokens: int) -> int:
        """Stake coins of an account; returns the shares. Raises InsufficientFunds."""
        return self._stake(ctx, delegator, validator, tokens, delegator)

    def undelegate(
        self, ctx: Context, delegator: str, operator: str, tokens: int
    ) -> tuple[Timestamp, int]:
        """Begin to take stake back; returns when it ends, and the tokens that come.

        Raises InvalidArgument and NotFound.
        """
        validator = self.validator(ctx, operator)
        amount = self._shares_to_take(ctx, delegator, validator, tokens)
        unbonding = state.UNBONDINGS.get(ctx.store, (operator, delegator)) or UnbondingDelegation(
            delegator_address=delegator, validator_address=operator
        )
        if len(unbonding.entries) >= self.params(ctx).max_entries:
            raise InvalidArgument(
                "too many unbondings of this delegation are on their way; wait for one",
                code=27,
                codespace="staking",
            )
        pool = self.pool_of(validator)
        returned = self.unbond(ctx, delegator, validator, amount)
        self._move(ctx, pool, self.not_bonded_pool, returned)
        end = self.unbonding_end(ctx)
        entry = unbonding.entries.add(creation_height=ctx.height, completion_time=end)
        entry.initial_balance = entry.balance = str(returned)
        entry.unbonding_id = state.UNBONDING_IDS.next(ctx.store)
        state.UNBONDINGS.set(ctx.store, (operator, delegator), unbonding)
        state.UNBONDING_QUEUE.add(ctx.store, end, encode_key((operator, delegator)))
        return end, returned

    def redelegate(
        self, ctx: Context, delegator: str, source: str, target: str, tokens: int
    ) -> Timestamp:
        """Move stake to another validator; returns when the first one's risk ends.

        Raises InvalidArgument and NotFound.
        """
        validator = self.validator(ctx, source)
        amount = self._shares_to_take(ctx, delegator, validator, tokens)
        red = self._redelegation(ctx, delegator, source, target)
        other = self.validator(ctx, target)
        pool = self.pool_of(validator)
        end, height = self._risk_end(ctx, validator)
        returned = self.unbond(ctx, delegator, validator, amount)
        if returned == 0:
            raise InvalidArgument(
                "too few tokens to redelegate: they are worth nothing",
                code=30,
                codespace="staking",
            )
        issued = self._stake(ctx, delegator, other, returned, pool)
        if end is None:
            now = Timestamp()
            now.FromMilliseconds(ctx.time_ms)
            return now
        entry = red.entries.add(creation_height=height, completion_time=end)
        entry.initial_balance, entry.shares_dst = str(returned), str(issued)
        entry.unbonding_id = state.UNBONDING_IDS.next(ctx.store)
        state.REDELEGATIONS.set(ctx.store, (source, delegator, target), red)
        state.set_arrival(ctx.store, red)
        state.REDELEGATION_QUEUE.add(ctx.store, end, encode_key((source, delegator, target)))
        return end

    def cancel_unbonding(
        self, ctx: Context, delegator: str, operator: str, tokens: int, height: int
    ) -> None:
        """Stake again what is on its way back since a height; raises InvalidArgument, NotFound."""
        validator = self.validator(ctx, operator)
        if validator.jailed:
            raise InvalidArgument(
                "the validator is jailed: to it nothing returns", code=7, codespace="staking"
            )
        unbonding = state.UNBONDINGS.get(ctx.store, (operator, delegator))
        entries = [] if unbonding is None else unbonding.entries
        place = next((n for n, each in enumerate(entries) if each.creation_height == height), None)
        if unbonding is None or place is None:
            raise NotFound(f"no unbonding began at height {height}", code=26, codespace="staking")
        entry = unbonding.entries[place]
        left = int(entry.balance) - tokens
        if left < 0 or entry.completion_time.ToMilliseconds() < ctx.time_ms:
            raise InvalidArgument(
                f"{entry.balance} is on its way since height {height} until "
                f"{entry.completion_time.ToJsonString()}, not {tokens}",
                code=18,
                codespace="sdk",
            )
        self._stake(ctx, delegator, validator, tokens, self.not_bonded_pool)
        if left:
            entry.balance = str(left)
        else:
            del unbonding.entries[place]
        if unbonding.entries:
            state.UNBONDINGS.set(ctx.store, (operator, delegator), unbonding)
        else:
            state.UNBONDINGS.delete(ctx.store, (operator, delegator))

    def unbond(self, ctx: Context, delegator: str, validator: Validator, amount: int) -> int:
        """Take shares from a delegation; returns their tokens, which stay in the pool.

        A validator whose operator keeps less than its promise is jailed.
        """
        operator = validator.operator_address
        for hook in self.hooks:
            hook.delegation_changing(ctx, operator, delegator)
        delegation = self.delegation(ctx, delegator, operator)
        left = decimals.stored(delegation.shares) - amount
        if left < 0:
            raise InvalidArgument("more is taken than is delegated", code=24, codespace="staking")
        own = operator_of(delegator) == operator
        promised = int(validator.min_self_delegation or 0) * decimals.ONE
        if own and not validator.jailed and shares.worth(validator, left) < promised:
            self.set_jailed(ctx, validator, jailed=True)
        if left:
            delegation.shares = str(left)
            state.DELEGATIONS.set(ctx.store, (delegator, operator), delegation)
            for hook in self.hooks:
                hook.delegation_changed(ctx, operator, delegator)
        else:
            state.DELEGATIONS.delete(ctx.store, (delegator, operator))
        return self.remove_shares(ctx, validator, amount)

    def end_block(self, ctx: Context) -> None:
        """Tell the engine of other validators, and let what has waited long enough end."""
        self.update(ctx)
        self.mature(ctx)
        for key in state.UNBONDING_QUEUE.sweep(ctx.store, ctx.time_ms + 1):
            self._complete_unbonding(ctx, key)
        for key in state.REDELEGATION_QUEUE.sweep(ctx.store, ctx.time_ms + 1):
            self._complete_redelegation(ctx, key)

    # -- inside ----------------------------------------------------------------------------------

    def _stake(
        self, ctx: Context, delegator: str, validator: Validator, tokens: int, source: str
    ) -> int:
        """Stake what `source` holds for a delegator: an account, or one of the pools."""
        operator = validator.operator_address
        delegation = state.DELEGATIONS.get(ctx.store, (delegator, operator))
        for hook in self.hooks:
            if delegation is None:
                hook.delegation_creating(ctx, operator, delegator)
            else:
                hook.delegation_changing(ctx, operator, delegator)
        delegation = delegation or Delegation(
            delegator_address=delegator, validator_address=operator
        )
        self._move(ctx, source, self.pool_of(validator), tokens)
        issued = self.add_tokens(ctx, validator, tokens)
        delegation.shares = str(decimals.stored(delegation.shares) + issued)
        state.DELEGATIONS.set(ctx.store, (delegator, operator), delegation)
        for hook in self.hooks:
            hook.delegation_changed(ctx, operator, delegator)
        return issued

    def _move(self, ctx: Context, source: str, target: str, tokens: int) -> None:
        if source != target:
            self._bank.send(ctx, source, target, tokens)

    def _shares_to_take(
        self, ctx: Context, delegator: str, validator: Validator, tokens: int
    ) -> int:
        """The shares of that many tokens; raises InvalidArgument where the delegator has fewer."""
        delegation = self.delegation(ctx, delegator, validator.operator_address)
        amount, owned = shares.shares_for(validator, tokens), decimals.stored(delegation.shares)
        if amount > owned:
            raise InvalidArgument(
                f"{delegator} has {decimals.shown(owned)} shares, which are less than {tokens}",
                code=18,
                codespace="sdk",
            )
        return amount

    def _redelegation(self, ctx: Context, delegator: str, source: str, target: str) -> Redelegation:
        """The delegator's redelegations between two validators, if there may be one more."""
        if source == target:
            raise InvalidArgument("both validators are the same", code=29, codespace="staking")
        if state.arrived(ctx.store, delegator, source):
            raise InvalidArgument(
                "this stake came by a redelegation that is not complete; wait for it",
                code=32,
                codespace="staking",
            )
        red = state.REDELEGATIONS.get(ctx.store, (source, delegator, target)) or Redelegation(
            delegator_address=delegator,
            validator_src_address=source,
            validator_dst_address=target,
        )
        if len(red.entries) >= self.params(ctx).max_entries:
            raise InvalidArgument(
                "too many redelegations between these two are not complete; wait for one",
                code=33,
                codespace="staking",
            )
        return red

    def _risk_end(self, ctx: Context, validator: Validator) -> tuple[Timestamp | None, int]:
        """When stake that leaves a validator can no more be slashed, and since which height."""
        if validator.status == BOND_STATUS_BONDED:
            return self.unbonding_end(ctx), ctx.height
        if validator.status == BOND_STATUS_UNBONDED:
            return None, 0
        return validator.unbonding_time, validator.unbonding_height

    def _complete_unbonding(self, ctx: Context, key: bytes) -> None:
        unbonding = state.UNBONDINGS.get(ctx.store, key)
        if unbonding is None:
            return
        ripe = [each for each in unbonding.entries if _is_over(ctx, each.completion_time)]
        for entry in ripe:
            unbonding.entries.remove(entry)
            delegator, paid = unbonding.delegator_address, int(entry.balance)
            self._bank.send(ctx, self.not_bonded_pool, delegator, paid)
            ctx.emit(
                "complete_unbonding",
                amount=f"{paid}{self.params(ctx).bond_denom}",
                validator=unbonding.validator_address,
                delegator=delegator,
            )
        if unbonding.entries:
            state.UNBONDINGS.set(ctx.store, key, unbonding)
        else:
            state.UNBONDINGS.delete(ctx.store, key)

    def _complete_redelegation(self, ctx: Context, key: bytes) -> None:
        red = state.REDELEGATIONS.get(ctx.store, key)
        if red is None:
            return
        for entry in [each for each in red.entries if _is_over(ctx, each.completion_time)]:
            red.entries.remove(entry)
            ctx.emit(
                "complete_redelegation",
                amount=f"{entry.initial_balance}{self.params(ctx).bond_denom}",
                delegator=red.delegator_address,
                source_validator=red.validator_src_address,
                destination_validator=red.validator_dst_address,
            )
        if red.entries:
            state.REDELEGATIONS.set(ctx.store, key, red)
        else:
            state.REDELEGATIONS.delete(ctx.store, key)
            state.delete_arrival(ctx.store, red)


def _is_over(ctx: Context, end: Timestamp) -> bool:
    return end.ToMilliseconds() <= ctx.time_ms
