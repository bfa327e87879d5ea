"""The staking module's messages. Source: Cosmos SDK 0.50, x/staking."""

from __future__ import annotations

from zrchain_lite import decimals
from zrchain_lite.errors import Conflict, InvalidArgument, NotFound, Unauthorized
from zrchain_lite.light.hashes import address
from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import check_address
from zrchain_lite.modules.bank.keeper import BankKeeper, parse_coin
from zrchain_lite.modules.staking import settings, state
from zrchain_lite.modules.staking.keeper import StakingKeeper
from zrchain_lite.modules.staking.keys import unpacked_key
from zrchain_lite.validator_addresses import account_of
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrchain_lite.wire.cosmos.staking.v1beta1 import tx_pb2 as wire
from zrchain_lite.wire.cosmos.staking.v1beta1.staking_pb2 import (
    BOND_STATUS_UNBONDED,
    Commission,
    CommissionRates,
    Validator,
)

UNCHANGED = "[do-not-modify]"
"""What an edit writes for a text that stays."""
COMMISSION_PAUSE_MS = 24 * 3600 * 1000


class StakingMessages:
    """Handlers of MsgCreateValidator, MsgEditValidator, and those of delegators."""

    def __init__(self, keeper: StakingKeeper, bank: BankKeeper) -> None:
        self._keeper = keeper
        self._governance = bank.module_address("gov")

    def create_validator(
        self, ctx: Context, msg: wire.MsgCreateValidator
    ) -> wire.MsgCreateValidatorResponse:
        """Become a validator, with stake of one's own."""
        account = account_of(msg.validator_address)
        if msg.delegator_address not in ("", account):
            raise InvalidArgument("a validator's operator delegates to it itself", code=18)
        params = self._keeper.params(ctx)
        if not params.max_validators:
            raise Unauthorized(
                "this chain has no stake: its genesis names who makes blocks, and nobody else can"
            )
        key = unpacked_key(msg.pubkey)
        if state.VALIDATORS.has(ctx.store, msg.validator_address):
            raise Conflict("this operator has a validator", code=4, codespace="staking")
        if state.OPERATORS.has(ctx.store, address(key)):
            raise Conflict("this key has a validator", code=5, codespace="staking")
        settings.check_description(msg.description)
        settings.check_commission(msg.commission, decimals.stored(params.min_commission_rate))
        tokens, promised = self._amount(ctx, msg.value), _whole(msg.min_self_delegation)
        if not 0 < promised <= tokens:
            raise InvalidArgument(
                "a validator's least own stake is 1 or more, and not above its first",
                code=16,
                codespace="staking",
            )
        validator = Validator(
            operator_address=msg.validator_address,
            consensus_pubkey=msg.pubkey,
            status=BOND_STATUS_UNBONDED,
            tokens="0",
            delegator_shares="0",
            description=msg.description,
            commission=Commission(commission_rates=msg.commission),
            min_self_delegation=str(promised),
        )
        validator.unbonding_time.SetInParent()
        validator.commission.update_time.FromMilliseconds(ctx.time_ms)
        self._keeper.register(ctx, validator)
        self._keeper.delegate(ctx, account, validator, tokens)
        ctx.emit(
            "create_validator",
            validator=msg.validator_address,
            amount=f"{tokens}{params.bond_denom}",
        )
        return wire.MsgCreateValidatorResponse()

    def edit_validator(
        self, ctx: Context, msg: wire.MsgEditValidator
    ) -> wire.MsgEditValidatorResponse:
        """Change how a validator is described, its commission, or what it promises."""
        account_of(msg.validator_address)
        validator = self._keeper.validator(ctx, msg.validator_address)
        for name, text in _texts(msg).items():
            if text != UNCHANGED:
                setattr(validator.description, name, text)
        settings.check_description(validator.description)
        if msg.commission_rate:
            self._change_commission(ctx, validator, decimals.stored(msg.commission_rate))
        if msg.min_self_delegation:
            promised = _whole(msg.min_self_delegation)
            if promised <= int(validator.min_self_delegation):
                raise InvalidArgument(
                    "the least own stake can only grow", code=17, codespace="staking"
                )
            if promised > int(validator.tokens):
                raise InvalidArgument(
                    "the validator has less than it promises", code=16, codespace="staking"
                )
            validator.min_self_delegation = str(promised)
        self._keeper.put(ctx, self._keeper.validator(ctx, msg.validator_address), validator)
        rate = validator.commission.commission_rates.rate
        ctx.emit(
            "edit_validator",
            commission_rate=decimals.shown(decimals.stored(rate)),
            min_self_delegation=validator.min_self_delegation,
        )
        return wire.MsgEditValidatorResponse()

    def delegate(self, ctx: Context, msg: wire.MsgDelegate) -> wire.MsgDelegateResponse:
        """Stake coins with a validator."""
        check_address(msg.delegator_address)
        account_of(msg.validator_address)
        validator = self._keeper.validator(ctx, msg.validator_address)
        tokens = self._amount(ctx, msg.amount)
        issued = self._keeper.delegate(ctx, msg.delegator_address, validator, tokens)
        self._tell(ctx, "delegate", msg, tokens, new_shares=decimals.shown(issued))
        return wire.MsgDelegateResponse()

    def begin_redelegate(
        self, ctx: Context, msg: wire.MsgBeginRedelegate
    ) -> wire.MsgBeginRedelegateResponse:
        """Move stake from one validator to another."""
        check_address(msg.delegator_address)
        source, target = msg.validator_src_address, msg.validator_dst_address
        account_of(source)
        account_of(target)
        tokens = self._amount(ctx, msg.amount)
        end = self._keeper.redelegate(ctx, msg.delegator_address, source, target, tokens)
        ctx.emit(
            "redelegate",
            source_validator=source,
            destination_validator=target,
            amount=f"{tokens}{msg.amount.denom}",
            completion_time=end.ToJsonString(),
        )
        return wire.MsgBeginRedelegateResponse(completion_time=end)

    def undelegate(self, ctx: Context, msg: wire.MsgUndelegate) -> wire.MsgUndelegateResponse:
        """Begin to take stake back."""
        check_address(msg.delegator_address)
        account_of(msg.validator_address)
        tokens = self._amount(ctx, msg.amount)
        end, returned = self._keeper.undelegate(
            ctx, msg.delegator_address, msg.validator_address, tokens
        )
        self._tell(ctx, "unbond", msg, returned, completion_time=end.ToJsonString())
        coin = Coin(denom=msg.amount.denom, amount=str(returned))
        return wire.MsgUndelegateResponse(completion_time=end, amount=coin)

    def cancel_unbonding_delegation(
        self, ctx: Context, msg: wire.MsgCancelUnbondingDelegation
    ) -> wire.MsgCancelUnbondingDelegationResponse:
        """Leave stake with the validator that it was leaving."""
        check_address(msg.delegator_address)
        account_of(msg.validator_address)
        tokens = self._amount(ctx, msg.amount)
        self._keeper.cancel_unbonding(
            ctx, msg.delegator_address, msg.validator_address, tokens, msg.creation_height
        )
        self._tell(
            ctx, "cancel_unbonding_delegation", msg, tokens, creation_height=msg.creation_height
        )
        return wire.MsgCancelUnbondingDelegationResponse()

    def update_params(
        self, ctx: Context, msg: wire.MsgUpdateParams
    ) -> wire.MsgUpdateParamsResponse:
        """Replace the module's parameters; governance may."""
        if msg.authority != self._governance:
            raise Unauthorized(f"only governance ({self._governance}) changes parameters")
        if not self._keeper.params(ctx).max_validators:
            raise NotFound("this chain has no stake")
        settings.set_params(ctx, msg.params)
        return wire.MsgUpdateParamsResponse()

    def _change_commission(self, ctx: Context, validator: Validator, rate: int) -> None:
        rates: CommissionRates = validator.commission.commission_rates
        before = decimals.stored(rates.rate)
        since = ctx.time_ms - validator.commission.update_time.ToMilliseconds()
        if since < COMMISSION_PAUSE_MS:
            raise InvalidArgument(
                "a commission changes once in 24 hours", code=12, codespace="staking"
            )
        if rate > decimals.stored(rates.max_rate):
            raise InvalidArgument("above the greatest commission", code=11, codespace="staking")
        if abs(rate - before) > decimals.stored(rates.max_change_rate):
            raise InvalidArgument("a greater change than promised", code=15, codespace="staking")
        if rate < decimals.stored(self._keeper.params(ctx).min_commission_rate):
            raise InvalidArgument("below the least commission", code=40, codespace="staking")
        rates.rate = str(rate)
        validator.commission.update_time.FromMilliseconds(ctx.time_ms)

    def _amount(self, ctx: Context, coin: Coin) -> int:
        denom, amount = parse_coin(coin)
        bonded = self._keeper.params(ctx).bond_denom
        if denom != bonded:
            raise InvalidArgument(f"{bonded} is staked, not {denom}", code=18, codespace="sdk")
        return amount

    @staticmethod
    def _tell(
        ctx: Context,
        event: str,
        msg: wire.MsgDelegate | wire.MsgUndelegate | wire.MsgCancelUnbondingDelegation,
        tokens: int,
        **more: object,
    ) -> None:
        ctx.emit(
            event,
            validator=msg.validator_address,
            delegator=msg.delegator_address,
            amount=f"{tokens}{msg.amount.denom}",
            **more,
        )


def _texts(msg: wire.MsgEditValidator) -> dict[str, str]:
    fields = msg.description.DESCRIPTOR.fields
    return {field.name: getattr(msg.description, field.name) for field in fields}


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 78:
        raise InvalidArgument(f"{text[:99]!r} is not a whole number", code=18, codespace="sdk")
    return int(text)
