"""The bank module's messages: a transfer, and one to several recipients."""

from __future__ import annotations

from collections import Counter

from zrchain_lite.errors import InvalidArgument, Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import check_address
from zrchain_lite.modules.bank.keeper import BankKeeper, parse_coins
from zrchain_lite.wire.cosmos.bank.v1beta1 import tx_pb2 as wire


class BankMessages:
    """Handlers of MsgSend and MsgMultiSend."""

    def __init__(self, keeper: BankKeeper) -> None:
        self._keeper = keeper

    def send(self, ctx: Context, msg: wire.MsgSend) -> wire.MsgSendResponse:
        """Move coins from the signer to another account, all of them or none."""
        check_address(msg.from_address)
        self._check_recipient(msg.to_address)
        for denom, amount in parse_coins(msg.amount).items():
            self._keeper.send(ctx, msg.from_address, msg.to_address, amount, denom)
        return wire.MsgSendResponse()

    def multi_send(self, ctx: Context, msg: wire.MsgMultiSend) -> wire.MsgMultiSendResponse:
        """Move the coins of the one input to all outputs, all of them or none."""
        (source,) = msg.inputs
        check_address(source.address)
        spent = parse_coins(source.coins)
        payments = []
        paid: Counter[str] = Counter()
        for output in msg.outputs:
            self._check_recipient(output.address)
            coins = parse_coins(output.coins)
            payments.append((output.address, coins))
            paid.update(coins)
        if paid != spent:
            raise InvalidArgument(
                "the outputs together are not the input's coins", code=4, codespace="bank"
            )
        self._keeper.send_to_many(ctx, source.address, payments)
        return wire.MsgMultiSendResponse()

    def _check_recipient(self, address: str) -> None:
        check_address(address)
        if address in self._keeper.auth.module_accounts:
            raise Unauthorized(f"{address} is a module's account and takes no transfers")
