"""The bank module's queries: balances, supply and the coin's description."""

from __future__ import annotations

from zrchain_lite.errors import InvalidArgument, NotFound
from zrchain_lite.module import Context
from zrchain_lite.modules.bank.keeper import DENOM, OWNERS, BankKeeper
from zrchain_lite.store.pagination import page_of_store, page_of_view
from zrchain_lite.wire.cosmos.bank.v1beta1 import query_pb2 as q
from zrchain_lite.wire.cosmos.bank.v1beta1.bank_pb2 import DenomUnit, Metadata, Params
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageRequest, PageResponse
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin

ROCK = Metadata(
    description="Pays fees of transactions and keyrings.",
    denom_units=[DenomUnit(denom=DENOM, exponent=0), DenomUnit(denom="rock", exponent=6)],
    base=DENOM,
    display="rock",
    name="Rock",
    symbol="ROCK",
)


class BankQueries:
    """Answers from the last committed state."""

    def __init__(self, keeper: BankKeeper) -> None:
        self._keeper = keeper

    def balance(self, ctx: Context, request: q.QueryBalanceRequest) -> q.QueryBalanceResponse:
        """The amount of one denomination that an address holds."""
        if not request.denom:
            raise InvalidArgument("denom is empty")
        amount = self._keeper.balance(ctx, request.address, request.denom)
        return q.QueryBalanceResponse(balance=Coin(denom=request.denom, amount=str(amount)))

    def all_balances(
        self, ctx: Context, request: q.QueryAllBalancesRequest
    ) -> q.QueryAllBalancesResponse:
        """One page of the coins that an address holds."""
        coins, page = self._coins(ctx, request.address, request.pagination)
        return q.QueryAllBalancesResponse(balances=coins, pagination=page)

    def spendable_balances(
        self, ctx: Context, request: q.QuerySpendableBalancesRequest
    ) -> q.QuerySpendableBalancesResponse:
        """The same as all balances: no coins are locked on this ledger."""
        coins, page = self._coins(ctx, request.address, request.pagination)
        return q.QuerySpendableBalancesResponse(balances=coins, pagination=page)

    def spendable_balance_by_denom(
        self, ctx: Context, request: q.QuerySpendableBalanceByDenomRequest
    ) -> q.QuerySpendableBalanceByDenomResponse:
        """The same as the balance: no coins are locked on this ledger."""
        asked = q.QueryBalanceRequest(address=request.address, denom=request.denom)
        return q.QuerySpendableBalanceByDenomResponse(balance=self.balance(ctx, asked).balance)

    def denom_owners(
        self, ctx: Context, request: q.QueryDenomOwnersRequest
    ) -> q.QueryDenomOwnersResponse:
        """One page of the addresses that hold a denomination, with what each holds."""
        owned, page = self._owners(ctx, request.denom, request.pagination)
        return q.QueryDenomOwnersResponse(denom_owners=owned, pagination=page)

    def denom_owners_by_query(
        self, ctx: Context, request: q.QueryDenomOwnersByQueryRequest
    ) -> q.QueryDenomOwnersByQueryResponse:
        """The same, for denominations that a path cannot hold."""
        owned, page = self._owners(ctx, request.denom, request.pagination)
        return q.QueryDenomOwnersByQueryResponse(denom_owners=owned, pagination=page)

    def send_enabled(
        self, ctx: Context, request: q.QuerySendEnabledRequest
    ) -> q.QuerySendEnabledResponse:
        """No exceptions: every denomination may be sent, as `params` says.

        As in the SDK, only exceptions are listed, of those that are asked for too.
        """
        return q.QuerySendEnabledResponse(pagination=PageResponse())

    def _owners(
        self, ctx: Context, denom: str, page: PageRequest
    ) -> tuple[list[q.DenomOwner], PageResponse]:
        if not denom:
            raise InvalidArgument("denom is empty")
        members, response = page_of_view(OWNERS, ctx.views, denom, page)
        addresses = [member.decode() for member in members]
        owned = [
            q.DenomOwner(
                address=address,
                balance=Coin(denom=denom, amount=str(self._keeper.balance(ctx, address, denom))),
            )
            for address in addresses
        ]
        return owned, response

    def _coins(
        self, ctx: Context, address: str, page: PageRequest
    ) -> tuple[list[Coin], PageResponse]:
        if not address:
            raise InvalidArgument("address is empty")
        pairs, response = page_of_store(ctx.store, self._keeper.balances_prefix(address), page)
        return [Coin.FromString(raw) for _, raw in pairs], response

    def total_supply(
        self, ctx: Context, request: q.QueryTotalSupplyRequest
    ) -> q.QueryTotalSupplyResponse:
        """One page of the supply of every denomination."""
        pairs, page = page_of_store(ctx.store, self._keeper.supply_prefix(), request.pagination)
        supply = [Coin.FromString(raw) for _, raw in pairs]
        return q.QueryTotalSupplyResponse(supply=supply, pagination=page)

    def supply_of(self, ctx: Context, request: q.QuerySupplyOfRequest) -> q.QuerySupplyOfResponse:
        """The supply of one denomination."""
        amount = str(self._keeper.supply(ctx, request.denom))
        return q.QuerySupplyOfResponse(amount=Coin(denom=request.denom, amount=amount))

    def params(self, ctx: Context, request: q.QueryParamsRequest) -> q.QueryParamsResponse:
        """The module's parameters: every denomination may be sent."""
        return q.QueryParamsResponse(params=Params(default_send_enabled=True))

    def denom_metadata(
        self, ctx: Context, request: q.QueryDenomMetadataRequest
    ) -> q.QueryDenomMetadataResponse:
        """The description of a denomination; raises NotFound for any but urock."""
        if request.denom != DENOM:
            raise NotFound(f"no metadata of denomination {request.denom!r}")
        return q.QueryDenomMetadataResponse(metadata=ROCK)

    def denom_metadata_by_query_string(
        self, ctx: Context, request: q.QueryDenomMetadataByQueryStringRequest
    ) -> q.QueryDenomMetadataByQueryStringResponse:
        """The same, for denominations that a path cannot hold."""
        asked = q.QueryDenomMetadataRequest(denom=request.denom)
        metadata = self.denom_metadata(ctx, asked).metadata
        return q.QueryDenomMetadataByQueryStringResponse(metadata=metadata)

    def denoms_metadata(
        self, ctx: Context, request: q.QueryDenomsMetadataRequest
    ) -> q.QueryDenomsMetadataResponse:
        """The description of every denomination, of which there is one."""
        return q.QueryDenomsMetadataResponse(metadatas=[ROCK], pagination=PageResponse(total=1))
