"""The distribution module's messages. Source: Cosmos SDK 0.50, x/distribution."""

from __future__ import annotations

from collections.abc import Sequence

from zrchain_lite.errors import InvalidArgument, Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import check_address
from zrchain_lite.modules.bank.keeper import DENOM, BankKeeper, parse_coins
from zrchain_lite.modules.distribution.keeper import DistributionKeeper
from zrchain_lite.validator_addresses import account_of
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrchain_lite.wire.cosmos.distribution.v1beta1 import tx_pb2 as wire


class DistributionMessages:
    """Handlers of what delegators, validators, donors and governance send."""

    def __init__(self, keeper: DistributionKeeper, bank: BankKeeper) -> None:
        self._keeper = keeper
        self._bank = bank
        self._governance = bank.module_address("gov")

    def set_withdraw_address(
        self, ctx: Context, msg: wire.MsgSetWithdrawAddress
    ) -> wire.MsgSetWithdrawAddressResponse:
        """Let rewards go to another account."""
        check_address(msg.delegator_address)
        check_address(msg.withdraw_address)
        self._keeper.set_withdraw_address(ctx, msg.delegator_address, msg.withdraw_address)
        return wire.MsgSetWithdrawAddressResponse()

    def withdraw_delegator_reward(
        self, ctx: Context, msg: wire.MsgWithdrawDelegatorReward
    ) -> wire.MsgWithdrawDelegatorRewardResponse:
        """Take what a delegation has earned."""
        check_address(msg.delegator_address)
        account_of(msg.validator_address)
        paid = self._keeper.withdraw(ctx, msg.delegator_address, msg.validator_address)
        return wire.MsgWithdrawDelegatorRewardResponse(amount=_coins(paid))

    def withdraw_validator_commission(
        self, ctx: Context, msg: wire.MsgWithdrawValidatorCommission
    ) -> wire.MsgWithdrawValidatorCommissionResponse:
        """Take what a validator's commission has earned."""
        account_of(msg.validator_address)
        paid = self._keeper.withdraw_commission(ctx, msg.validator_address)
        return wire.MsgWithdrawValidatorCommissionResponse(amount=_coins(paid))

    def fund_community_pool(
        self, ctx: Context, msg: wire.MsgFundCommunityPool
    ) -> wire.MsgFundCommunityPoolResponse:
        """Give coins to all."""
        check_address(msg.depositor)
        self._keeper.fund(ctx, msg.depositor, _urock(msg.amount))
        return wire.MsgFundCommunityPoolResponse()

    def update_params(
        self, ctx: Context, msg: wire.MsgUpdateParams
    ) -> wire.MsgUpdateParamsResponse:
        """Replace the module's parameters; governance may."""
        self._require_governance(msg.authority)
        self._keeper.set_params(ctx, msg.params)
        return wire.MsgUpdateParamsResponse()

    def community_pool_spend(
        self, ctx: Context, msg: wire.MsgCommunityPoolSpend
    ) -> wire.MsgCommunityPoolSpendResponse:
        """Pay from what belongs to all; governance may."""
        self._require_governance(msg.authority)
        check_address(msg.recipient)
        if self._bank.is_module(msg.recipient):
            raise Unauthorized(f"{msg.recipient} is a module's account and takes no transfers")
        self._keeper.spend(ctx, msg.recipient, _urock(msg.amount))
        return wire.MsgCommunityPoolSpendResponse()

    def _require_governance(self, authority: str) -> None:
        if authority != self._governance:
            raise Unauthorized(f"only governance ({self._governance}) does that")


def _urock(amount: Sequence[Coin]) -> int:
    parsed = parse_coins(amount)
    if parsed.keys() != {DENOM}:
        raise InvalidArgument(f"the pool is of {DENOM}", code=10, codespace="sdk")
    return parsed[DENOM]


def _coins(paid: int) -> list[Coin]:
    return [Coin(denom=DENOM, amount=str(paid))] if paid else []
