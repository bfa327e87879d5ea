"""The bank module's one message: a transfer."""

from __future__ import annotations

from zrchain_lite.errors import InvalidArgument, Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import check_address
from zrchain_lite.modules.bank.keeper import BankKeeper, parse_coin
from zrchain_lite.wire.cosmos.bank.v1beta1.tx_pb2 import MsgSend, MsgSendResponse

MAX_COINS = 16


class BankMessages:
    """Handler of MsgSend."""

    def __init__(self, keeper: BankKeeper) -> None:
        self._keeper = keeper

    def send(self, ctx: Context, msg: MsgSend) -> MsgSendResponse:
        """Move coins from the signer to another account, all of them or none."""
        check_address(msg.from_address)
        check_address(msg.to_address)
        if msg.to_address in self._keeper.auth.module_accounts:
            raise Unauthorized(f"{msg.to_address} is a module's account and takes no transfers")
        if not 0 < len(msg.amount) <= MAX_COINS:
            raise InvalidArgument(f"a transfer names 1 to {MAX_COINS} coins, not {len(msg.amount)}")
        coins = [parse_coin(coin) for coin in msg.amount]
        denoms = [denom for denom, _ in coins]
        if denoms != sorted(set(denoms)):
            raise InvalidArgument(
                "coins must be sorted by denomination, each once", code=10, codespace="sdk"
            )
        for denom, amount in coins:
            self._keeper.send(ctx, msg.from_address, msg.to_address, amount, denom)
        return MsgSendResponse()
