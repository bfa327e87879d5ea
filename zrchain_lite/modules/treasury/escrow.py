"""Keyring fees: held in escrow while a request is open, then paid once or given back once.

Invariant: the escrow account's balance is the sum of the fees of all open requests.
"""

from __future__ import annotations

from zrchain_lite.module import Context
from zrchain_lite.modules.identity.keeper import KEYRING_COLLECTOR
from zrchain_lite.modules.identity.peers import Bank
from zrchain_lite.wire.zrchain.identity.identity_pb2 import Keyring
from zrchain_lite.wire.zrchain.treasury.treasury_pb2 import Params

KEYRING_ESCROW = "keyring_escrow"


class Escrow:
    """Moves fees in and out of the escrow account. Amounts are urock; a fee of 0 moves nothing."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank
        self.address = bank.module_address(KEYRING_ESCROW)
        self._collector = bank.module_address(KEYRING_COLLECTOR)

    def hold(self, ctx: Context, payer: str, fee: int) -> None:
        """Take a fee from its payer until the request ends; raises InsufficientFunds."""
        self._send(ctx, payer, self.address, fee)

    def refund(self, ctx: Context, payer: str, fee: int) -> None:
        """Give a held fee back to its payer."""
        self._send(ctx, self.address, payer, fee)

    def release(self, ctx: Context, keyring: Keyring, params: Params, fee: int) -> None:
        """Commission to its destination; the rest to the keyring, or to whom it delegates."""
        commission, rest = split(fee, params.keyring_commission)
        destination = params.keyring_commission_destination or self._collector
        self._send(ctx, self.address, destination, commission)
        earner = self._collector if keyring.delegate_fees else keyring.address
        self._send(ctx, self.address, earner, rest)

    def _send(self, ctx: Context, from_: str, to: str, amount: int) -> None:
        if amount:
            self._bank.send(ctx, from_, to, amount)


def split(fee: int, percent: int) -> tuple[int, int]:
    """A fee as (commission, rest); the commission is rounded down."""
    commission = fee * percent // 100
    return commission, fee - commission
