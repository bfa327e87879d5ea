"""The bank module: messages, queries and genesis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zrchain_lite import binding
from zrchain_lite.genesis import GenesisError
from zrchain_lite.module import Context, Module, MsgHandler, QueryHandler
from zrchain_lite.modules.auth.keeper import check_address
from zrchain_lite.modules.bank.keeper import OWNERS, BankKeeper, parse_coin
from zrchain_lite.modules.bank.messages import BankMessages
from zrchain_lite.modules.bank.queries import BankQueries
from zrchain_lite.store.views import View
from zrchain_lite.wire.cosmos.bank.v1beta1 import query_pb2, tx_pb2
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin


class BankModule(Module):
    """Genesis: {"balances": [{"address", "coins": [{"denom", "amount"}]}]}."""

    name = "bank"

    def __init__(self, keeper: BankKeeper) -> None:
        self._keeper = keeper

    def init_genesis(self, ctx: Context, genesis: Mapping[str, Any]) -> None:
        for entry in genesis.get("balances", []):
            try:
                address, coins = str(entry["address"]), [Coin(**coin) for coin in entry["coins"]]
                check_address(address)
                for coin in coins:
                    denom, amount = parse_coin(coin)
                    self._keeper.mint(ctx, address, amount, denom)
            except (KeyError, TypeError, ValueError) as error:
                raise GenesisError(
                    f'bank.balances: {entry!r} is not {{"address", "coins"}}: {error}'
                ) from None

    def messages(self) -> tuple[MsgHandler, ...]:
        return binding.messages(tx_pb2.DESCRIPTOR, BankMessages(self._keeper))

    def views(self) -> tuple[View, ...]:
        return (OWNERS,)

    def queries(self) -> tuple[QueryHandler, ...]:
        return binding.queries(query_pb2.DESCRIPTOR, BankQueries(self._keeper))
