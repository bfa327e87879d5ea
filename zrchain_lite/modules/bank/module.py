"""The bank module: transfers, and queries of balances and supply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zrchain_lite.errors import InvalidArgument, NotFound, Unauthorized
from zrchain_lite.genesis import GenesisError
from zrchain_lite.module import Context, Module, MsgHandler, QueryHandler
from zrchain_lite.modules.auth.keeper import check_address
from zrchain_lite.modules.bank.keeper import DENOM, BankKeeper, parse_coin
from zrchain_lite.store.pagination import page_of_store
from zrchain_lite.wire.cosmos.bank.v1beta1 import query_pb2 as q
from zrchain_lite.wire.cosmos.bank.v1beta1.bank_pb2 import DenomUnit, Metadata, Params
from zrchain_lite.wire.cosmos.bank.v1beta1.tx_pb2 import MsgSend, MsgSendResponse
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageRequest, PageResponse
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin

SERVICE = "/cosmos.bank.v1beta1.Query"
REST = "/cosmos/bank/v1beta1"
MAX_COINS = 16

ROCK = Metadata(
    description="Pays fees of transactions and keyrings.",
    denom_units=[DenomUnit(denom=DENOM, exponent=0), DenomUnit(denom="rock", exponent=6)],
    base=DENOM,
    display="rock",
    name="Rock",
    symbol="ROCK",
)


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
        return (MsgHandler(MsgSend, self._send, signer="from_address"),)

    def _send(self, ctx: Context, msg: MsgSend) -> MsgSendResponse:
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

    def queries(self) -> tuple[QueryHandler, ...]:
        return (
            _query("Balance", self._balance, f"{REST}/balances/{{address}}/by_denom"),
            _query("AllBalances", self._all_balances, f"{REST}/balances/{{address}}"),
            _query("SpendableBalances", self._spendable, f"{REST}/spendable_balances/{{address}}"),
            _query("TotalSupply", self._total_supply, f"{REST}/supply"),
            _query("SupplyOf", self._supply_of, f"{REST}/supply/by_denom"),
            _query("Params", self._params, f"{REST}/params"),
            _query("DenomMetadata", self._denom_metadata, f"{REST}/denoms_metadata/{{denom}}"),
            _query("DenomsMetadata", self._denoms_metadata, f"{REST}/denoms_metadata"),
        )

    def _balance(self, ctx: Context, request: q.QueryBalanceRequest) -> q.QueryBalanceResponse:
        if not request.denom:
            raise InvalidArgument("denom is empty")
        amount = self._keeper.balance(ctx, request.address, request.denom)
        return q.QueryBalanceResponse(balance=Coin(denom=request.denom, amount=str(amount)))

    def _all_balances(
        self, ctx: Context, request: q.QueryAllBalancesRequest
    ) -> q.QueryAllBalancesResponse:
        coins, page = self._coins(ctx, request.address, request.pagination)
        return q.QueryAllBalancesResponse(balances=coins, pagination=page)

    def _spendable(
        self, ctx: Context, request: q.QuerySpendableBalancesRequest
    ) -> q.QuerySpendableBalancesResponse:
        coins, page = self._coins(ctx, request.address, request.pagination)
        return q.QuerySpendableBalancesResponse(balances=coins, pagination=page)

    def _coins(
        self, ctx: Context, address: str, page: PageRequest
    ) -> tuple[list[Coin], PageResponse]:
        if not address:
            raise InvalidArgument("address is empty")
        pairs, response = page_of_store(ctx.store, self._keeper.balances_prefix(address), page)
        return [Coin.FromString(raw) for _, raw in pairs], response

    def _total_supply(
        self, ctx: Context, request: q.QueryTotalSupplyRequest
    ) -> q.QueryTotalSupplyResponse:
        pairs, page = page_of_store(ctx.store, self._keeper.supply_prefix(), request.pagination)
        supply = [Coin.FromString(raw) for _, raw in pairs]
        return q.QueryTotalSupplyResponse(supply=supply, pagination=page)

    def _supply_of(self, ctx: Context, request: q.QuerySupplyOfRequest) -> q.QuerySupplyOfResponse:
        amount = str(self._keeper.supply(ctx, request.denom))
        return q.QuerySupplyOfResponse(amount=Coin(denom=request.denom, amount=amount))

    def _params(self, ctx: Context, request: q.QueryParamsRequest) -> q.QueryParamsResponse:
        return q.QueryParamsResponse(params=Params(default_send_enabled=True))

    def _denom_metadata(
        self, ctx: Context, request: q.QueryDenomMetadataRequest
    ) -> q.QueryDenomMetadataResponse:
        if request.denom != DENOM:
            raise NotFound(f"no metadata of denomination {request.denom!r}")
        return q.QueryDenomMetadataResponse(metadata=ROCK)

    def _denoms_metadata(
        self, ctx: Context, request: q.QueryDenomsMetadataRequest
    ) -> q.QueryDenomsMetadataResponse:
        return q.QueryDenomsMetadataResponse(metadatas=[ROCK], pagination=PageResponse(total=1))


def _query(name: str, handle: Any, path: str) -> QueryHandler:
    request = getattr(q, f"Query{name}Request")
    response = getattr(q, f"Query{name}Response")
    return QueryHandler(f"{SERVICE}/{name}", request, response, handle, (path,))
