"""Which validators are bonded: the order of power, and what a block's end changes in it.

Source: Cosmos SDK 0.50, x/staking/keeper/val_state_change.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Protocol

from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import Int64Value, StringValue

from zrchain_lite.errors import NotFound
from zrchain_lite.module import Context
from zrchain_lite.modules.bank.keeper import BankKeeper
from zrchain_lite.modules.staking import shares, state
from zrchain_lite.modules.staking.keys import consensus_address, public_key
from zrchain_lite.wire.cosmos.staking.v1beta1.staking_pb2 import (
    BOND_STATUS_BONDED,
    BOND_STATUS_UNBONDED,
    BOND_STATUS_UNBONDING,
    HistoricalInfo,
    Params,
    Validator,
)

_FORGOTTEN = 10
"""How many of the oldest heights a block forgets at most."""
BONDED_POOL = "bonded_tokens_pool"
NOT_BONDED_POOL = "not_bonded_tokens_pool"


class StakingHooks(Protocol):
    """What other modules are told of stake, in the same transaction or at the same edge."""

    def validator_created(self, ctx: Context, operator: str) -> None:
        """A validator is there that was not; it has no tokens yet."""

    def validator_bonded(self, ctx: Context, operator: str) -> None:
        """A validator signs from the next block but one on."""

    def validator_removed(self, ctx: Context, operator: str) -> None:
        """The last delegator has left, and the validator is gone."""

    def validator_slashed(self, ctx: Context, operator: str, fraction: int) -> None:
        """A fraction of the tokens, a decimal, is about to be taken."""

    def delegation_creating(self, ctx: Context, operator: str, delegator: str) -> None:
        """A delegation is about to be made."""

    def delegation_changing(self, ctx: Context, operator: str, delegator: str) -> None:
        """The shares of a delegation are about to change."""

    def delegation_changed(self, ctx: Context, operator: str, delegator: str) -> None:
        """A delegation has other shares than before."""


class ValidatorSet:
    """Keeps validators in the order of power, and tells the engine of the first ones."""

    def __init__(self, bank: BankKeeper) -> None:
        self._bank = bank
        self.hooks: Sequence[StakingHooks] = ()
        self.bonded_pool = bank.module_address(BONDED_POOL)
        self.not_bonded_pool = bank.module_address(NOT_BONDED_POOL)

    def params(self, ctx: Context) -> Params:
        """The module's parameters; without stake there are none and all of them are zero."""
        return state.PARAMS.get(ctx.store, b"") or Params(bond_denom="urock")

    def validator(self, ctx: Context, operator: str) -> Validator:
        """The validator of an operator address; raises NotFound."""
        found = state.VALIDATORS.get(ctx.store, operator)
        if found is None:
            raise NotFound(f"validator {operator} does not exist", code=3, codespace="staking")
        return found

    def by_consensus(self, ctx: Context, address: bytes) -> Validator | None:
        """The validator of a consensus address (20 bytes), None where it has gone."""
        operator = state.OPERATORS.get(ctx.store, address)
        return None if operator is None else state.VALIDATORS.get(ctx.store, operator.value)

    def put(self, ctx: Context, before: Validator | None, after: Validator) -> None:
        """Store a validator and its place in the order of power."""
        if before is not None:
            state.delete_rank(ctx.store, before)
        state.VALIDATORS.set(ctx.store, after.operator_address, after)
        state.set_rank(ctx.store, after)

    def add_tokens(self, ctx: Context, validator: Validator, tokens: int) -> int:
        """Stake tokens with a validator; returns the shares that they give."""
        before = _copy(validator)
        issued = shares.add(validator, tokens)
        self.put(ctx, before, validator)
        return issued

    def remove_shares(self, ctx: Context, validator: Validator, amount: int) -> int:
        """Take shares from a validator, which goes where they were its last; returns tokens."""
        before = _copy(validator)
        tokens = shares.remove(validator, amount)
        self.put(ctx, before, validator)
        if not shares.shares_of(validator) and validator.status == BOND_STATUS_UNBONDED:
            self._remove(ctx, validator)
        return tokens

    def remove_tokens(self, ctx: Context, validator: Validator, tokens: int) -> None:
        """Take tokens that were slashed; the shares stay."""
        before = _copy(validator)
        validator.tokens = str(shares.tokens_of(validator) - tokens)
        self.put(ctx, before, validator)

    def set_jailed(self, ctx: Context, validator: Validator, jailed: bool) -> None:
        """Take a validator out of the order of power, or let it in again."""
        before = _copy(validator)
        validator.jailed = jailed
        self.put(ctx, before, validator)

    def register(self, ctx: Context, validator: Validator) -> None:
        """Store a new validator and find it by its consensus address."""
        self.put(ctx, None, validator)
        operator = StringValue(value=validator.operator_address)
        state.OPERATORS.set(ctx.store, consensus_address(validator), operator)
        for hook in self.hooks:
            hook.validator_created(ctx, validator.operator_address)

    def pool_of(self, validator: Validator) -> str:
        """The module account that holds the validator's tokens."""
        bonded = validator.status == BOND_STATUS_BONDED
        return self.bonded_pool if bonded else self.not_bonded_pool

    # -- a block's end ---------------------------------------------------------------------------

    def update(self, ctx: Context) -> None:
        """Bond the validators with most power and unbond the others; the engine hears of both."""
        before = {
            key.decode(): int(Int64Value.FromString(raw).value)
            for key, raw in _pairs(ctx, state.LAST_POWERS.prefix)
        }
        chosen = self._first(ctx)
        for operator in sorted(before.keys() - chosen.keys()):
            self._unbond(ctx, operator)
        for operator, power in chosen.items():
            validator = self.validator(ctx, operator)
            if validator.status != BOND_STATUS_BONDED:
                self._bond(ctx, validator)
            if before.get(operator) != power:
                state.LAST_POWERS.set(ctx.store, operator, Int64Value(value=power))
                ctx.powers[public_key(validator)] = power

    def mature(self, ctx: Context) -> None:
        """Let validators end their unbonding whose time is over."""
        for key in state.VALIDATOR_QUEUE.sweep(ctx.store, ctx.time_ms + 1):
            validator = state.VALIDATORS.get(ctx.store, key)
            if validator is None or validator.status != BOND_STATUS_UNBONDING:
                continue
            before = _copy(validator)
            validator.status = BOND_STATUS_UNBONDED
            self.put(ctx, before, validator)
            if not shares.shares_of(validator):
                self._remove(ctx, validator)

    def remember(self, ctx: Context) -> None:
        """Keep the validators of this height, and forget the oldest."""
        entries = self.params(ctx).historical_entries
        if entries:
            bonded = _pairs(ctx, state.LAST_POWERS.prefix)
            info = HistoricalInfo(valset=[self.validator(ctx, key.decode()) for key, _ in bonded])
            info.header.chain_id, info.header.height = ctx.chain_id, ctx.height
            info.header.time.FromMilliseconds(ctx.time_ms)
            state.HISTORY.set(ctx.store, ctx.height, info)
        for key, _ in list(islice(ctx.store.iterate(state.HISTORY.prefix), _FORGOTTEN)):
            if int.from_bytes(key[-8:], "big") <= ctx.height - entries:
                ctx.store.delete(key)

    def _first(self, ctx: Context) -> dict[str, int]:
        """Operators with the most power, as many as may be bonded, and their power."""
        most = self.params(ctx).max_validators
        chosen: dict[str, int] = {}
        for operator in state.ranked(ctx.store):
            power = state.power_of(self.validator(ctx, operator))
            if len(chosen) == most or power == 0:
                break
            chosen[operator] = power
        return chosen

    def _bond(self, ctx: Context, validator: Validator) -> None:
        if validator.status == BOND_STATUS_UNBONDING:
            state.VALIDATOR_QUEUE.remove(
                ctx.store, validator.unbonding_time, validator.operator_address.encode()
            )
        before = _copy(validator)
        validator.status = BOND_STATUS_BONDED
        self.put(ctx, before, validator)
        tokens = shares.tokens_of(validator)
        self._bank.send(ctx, self.not_bonded_pool, self.bonded_pool, tokens)
        for hook in self.hooks:
            hook.validator_bonded(ctx, validator.operator_address)

    def _unbond(self, ctx: Context, operator: str) -> None:
        validator = self.validator(ctx, operator)
        before = _copy(validator)
        validator.status = BOND_STATUS_UNBONDING
        validator.unbonding_height = ctx.height
        validator.unbonding_time.CopyFrom(self.unbonding_end(ctx))
        self.put(ctx, before, validator)
        state.VALIDATOR_QUEUE.add(ctx.store, validator.unbonding_time, operator.encode())
        tokens = shares.tokens_of(validator)
        self._bank.send(ctx, self.bonded_pool, self.not_bonded_pool, tokens)
        state.LAST_POWERS.delete(ctx.store, operator)
        ctx.powers[public_key(validator)] = 0

    def unbonding_end(self, ctx: Context) -> Timestamp:
        """When something ends that begins to unbond now."""
        end = Timestamp()
        unbonding_ms = self.params(ctx).unbonding_time.ToMilliseconds()
        end.FromMilliseconds(ctx.time_ms + unbonding_ms)
        return end

    def _remove(self, ctx: Context, validator: Validator) -> None:
        state.delete_rank(ctx.store, validator)
        state.VALIDATORS.delete(ctx.store, validator.operator_address)
        state.OPERATORS.delete(ctx.store, consensus_address(validator))
        for hook in self.hooks:
            hook.validator_removed(ctx, validator.operator_address)


def _pairs(ctx: Context, prefix: bytes) -> list[tuple[bytes, bytes]]:
    return [(key[len(prefix) :], raw) for key, raw in ctx.store.iterate(prefix)]


def _copy(message: Validator) -> Validator:
    copy = Validator()
    copy.CopyFrom(message)
    return copy
