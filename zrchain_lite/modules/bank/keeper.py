"""State of balances. The sum of all balances of a denomination is its supply."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from zrchain_lite.errors import InsufficientFunds, InvalidArgument
from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import AuthKeeper
from zrchain_lite.store.collections import StoredMap, encode_key
from zrchain_lite.store.views import Read, Row, View
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrsign_chains import cosmos

DENOM = "urock"
MAX_AMOUNT = 2**255
_DENOM_FORM = re.compile(r"[a-zA-Z][a-zA-Z0-9/:._-]{2,127}")
_AMOUNT_FORM = re.compile(r"[0-9]{1,78}")

MAX_COINS = 16
"""Denominations of one transfer, limit or allowance."""

_balances = StoredMap("bank/balance", Coin)
_supply = StoredMap("bank/supply", Coin)


def parse_coin(coin: Coin) -> tuple[str, int]:
    """Denomination and amount of a positive coin; raises InvalidArgument."""
    if not _DENOM_FORM.fullmatch(coin.denom):
        raise InvalidArgument(f"{coin.denom!r} is not a denomination", code=10, codespace="sdk")
    if not _AMOUNT_FORM.fullmatch(coin.amount):
        raise InvalidArgument(
            f"{coin.amount!r} is not an amount: whole digits only", code=10, codespace="sdk"
        )
    amount = int(coin.amount)
    if not 0 < amount < MAX_AMOUNT:
        raise InvalidArgument(
            f"an amount lies above 0 and below 2^255, not {amount}", code=10, codespace="sdk"
        )
    return coin.denom, amount


def parse_coins(coins: Sequence[Coin]) -> dict[str, int]:
    """Amounts by denomination, of 1 to 16 positive coins in the order of their denominations.

    Raises InvalidArgument.
    """
    if not 0 < len(coins) <= MAX_COINS:
        raise InvalidArgument(
            f"1 to {MAX_COINS} coins are named, not {len(coins)}", code=10, codespace="sdk"
        )
    pairs = [parse_coin(coin) for coin in coins]
    denoms = [denom for denom, _ in pairs]
    if denoms != sorted(set(denoms)):
        raise InvalidArgument(
            "coins must be sorted by denomination, each once", code=10, codespace="sdk"
        )
    return dict(pairs)


def minus(limit: Mapping[str, int], spent: Mapping[str, int]) -> dict[str, int] | None:
    """What remains of a limit, without what is used up; None when more was spent."""
    if any(amount > limit.get(denom, 0) for denom, amount in spent.items()):
        return None
    left = {denom: amount - spent.get(denom, 0) for denom, amount in limit.items()}
    return {denom: amount for denom, amount in left.items() if amount}


def as_coins(amounts: Mapping[str, int]) -> list[Coin]:
    """The same as messages, in the order of the denominations."""
    return [Coin(denom=denom, amount=str(amounts[denom])) for denom in sorted(amounts)]


def owners(read: Read, key: bytes, value: bytes) -> Iterable[Row]:
    """A balance stands in the list of its denomination's owners."""
    length = int.from_bytes(key[:2], "big")
    yield key[length + 4 :], key[2 : length + 2]


OWNERS = View("bank/owners", _balances.prefix, owners)


class BankKeeper:
    """Moves coins. Addresses are accounts (`zen1…`) or any other holder, such as a keyring."""

    def __init__(self, auth: AuthKeeper) -> None:
        self.auth = auth

    def balance(self, ctx: Context, address: str, denom: str = DENOM) -> int:
        """The amount of a denomination that an address holds, in its smallest unit."""
        coin = _balances.get(ctx.store, (address, denom))
        return 0 if coin is None else int(coin.amount)

    def supply(self, ctx: Context, denom: str = DENOM) -> int:
        """The amount of a denomination that all addresses hold together."""
        coin = _supply.get(ctx.store, denom)
        return 0 if coin is None else int(coin.amount)

    def is_module(self, address: str) -> bool:
        """Whether an address is a module's account, for which nobody signs."""
        return address in self.auth.module_accounts

    def module_address(self, name: str) -> str:
        """Address of a module's account, for keepers to name theirs when they are made."""
        return self.auth.module_account(name)

    def send(self, ctx: Context, from_: str, to: str, amount: int, denom: str = DENOM) -> None:
        """Move an amount between two addresses, 0 without effect; raises InsufficientFunds."""
        if amount < 0:
            raise InvalidArgument(f"cannot send a negative amount: {amount}{denom}")
        if amount == 0:
            return
        self._spend(ctx, from_, denom, amount)
        self._pay(ctx, from_, to, denom, amount)

    def send_to_many(
        self, ctx: Context, from_: str, payments: Sequence[tuple[str, Mapping[str, int]]]
    ) -> None:
        """Move coins from one address to several, each denomination spent once.

        Raises InsufficientFunds.
        """
        total: Counter[str] = Counter()
        for _, coins in payments:
            total.update(coins)
        for denom in sorted(total):
            self._spend(ctx, from_, denom, total[denom])
        for to, coins in payments:
            for denom, amount in coins.items():
                self._pay(ctx, from_, to, denom, amount)

    def mint(self, ctx: Context, to: str, amount: int, denom: str = DENOM) -> None:
        """Create coins: genesis, and modules that are allowed to."""
        total = self.supply(ctx, denom) + amount
        if amount <= 0 or total >= MAX_AMOUNT:
            raise InvalidArgument(f"cannot create {amount}{denom}")
        _supply.set(ctx.store, denom, Coin(denom=denom, amount=str(total)))
        self._receive(ctx, to, denom, amount)

    def burn(self, ctx: Context, from_: str, amount: int, denom: str = DENOM) -> None:
        """Destroy coins of an address, 0 without effect; raises InsufficientFunds."""
        if amount == 0:
            return
        self._spend(ctx, from_, denom, amount)
        left = self.supply(ctx, denom) - amount
        if left:
            _supply.set(ctx.store, denom, Coin(denom=denom, amount=str(left)))
        else:
            _supply.delete(ctx.store, denom)
        ctx.emit("burn", burner=from_, amount=f"{amount}{denom}")

    def _spend(self, ctx: Context, from_: str, denom: str, amount: int) -> None:
        balance = self.balance(ctx, from_, denom)
        if balance < amount:
            raise InsufficientFunds(
                f"{from_} has {balance}{denom}, which is less than {amount}{denom}"
            )
        self._set(ctx, from_, denom, balance - amount)
        ctx.emit("coin_spent", spender=from_, amount=f"{amount}{denom}")

    def _pay(self, ctx: Context, from_: str, to: str, denom: str, amount: int) -> None:
        self._receive(ctx, to, denom, amount)
        ctx.emit("coin_received", receiver=to, amount=f"{amount}{denom}")
        ctx.emit("transfer", recipient=to, sender=from_, amount=f"{amount}{denom}")

    def _receive(self, ctx: Context, to: str, denom: str, amount: int) -> None:
        if to.startswith(cosmos.ACCOUNT_PREFIX + "1"):
            self.auth.ensure(ctx, to)
        self._set(ctx, to, denom, self.balance(ctx, to, denom) + amount)

    def _set(self, ctx: Context, address: str, denom: str, amount: int) -> None:
        if amount == 0:
            _balances.delete(ctx.store, (address, denom))
        else:
            coin = Coin(denom=denom, amount=str(amount))
            _balances.set(ctx.store, (address, denom), coin)

    @staticmethod
    def balances_prefix(address: str) -> bytes:
        """Prefix of all of an address's balances."""
        return _balances.prefix + encode_key((address,))

    @staticmethod
    def supply_prefix() -> bytes:
        """The keys of all supplies begin with this."""
        return _supply.prefix
