"""The staking module's queries. A chain without stake has empty lists and zeros."""

from __future__ import annotations

from collections.abc import Sequence

from zrchain_lite import decimals
from zrchain_lite.errors import InvalidArgument, NotFound
from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import check_address
from zrchain_lite.modules.bank.keeper import BankKeeper
from zrchain_lite.modules.staking import shares, state
from zrchain_lite.modules.staking.keeper import StakingKeeper
from zrchain_lite.store.collections import encode_key
from zrchain_lite.store.pagination import page, page_of_store, page_of_view
from zrchain_lite.validator_addresses import account_of
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageRequest, PageResponse
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrchain_lite.wire.cosmos.staking.v1beta1 import query_pb2 as q
from zrchain_lite.wire.cosmos.staking.v1beta1.staking_pb2 import (
    BondStatus,
    Delegation,
    DelegationResponse,
    Pool,
    Redelegation,
    RedelegationEntryResponse,
    RedelegationResponse,
    UnbondingDelegation,
    Validator,
)

# CosmJS takes the last words for an answer, and every other error for an error.
_NO_KEY = ": key not found"


class StakingQueries:
    """Answers from the last committed state."""

    def __init__(self, keeper: StakingKeeper, bank: BankKeeper) -> None:
        self._keeper = keeper
        self._bank = bank

    def params(self, ctx: Context, request: q.QueryParamsRequest) -> q.QueryParamsResponse:
        """The module's parameters."""
        params = self._keeper.params(ctx)
        params.unbonding_time.SetInParent()
        params.min_commission_rate = params.min_commission_rate or "0"
        return q.QueryParamsResponse(params=params)

    def pool(self, ctx: Context, request: q.QueryPoolRequest) -> q.QueryPoolResponse:
        """How much is bonded, and how much is on its way in or out."""
        bonded = self._bank.balance(ctx, self._keeper.bonded_pool)
        waiting = self._bank.balance(ctx, self._keeper.not_bonded_pool)
        pool = Pool(bonded_tokens=str(bonded), not_bonded_tokens=str(waiting))
        return q.QueryPoolResponse(pool=pool)

    def validators(
        self, ctx: Context, request: q.QueryValidatorsRequest
    ) -> q.QueryValidatorsResponse:
        """One page of the validators, of all or of those of a status."""
        try:
            wanted = BondStatus.Value(request.status) if request.status else None
        except ValueError:
            raise InvalidArgument(
                f"{request.status[:40]!r} is not a status of a validator"
            ) from None
        start = _start(state.VALIDATORS.prefix, request.pagination)
        pairs = ctx.store.iterate(
            state.VALIDATORS.prefix, start=start, reverse=request.pagination.reverse
        )
        all_ = (
            (key[len(state.VALIDATORS.prefix) :], Validator.FromString(raw)) for key, raw in pairs
        )
        shown, response = page(
            ((key, each) for key, each in all_ if wanted in (None, each.status)),
            request.pagination,
        )
        return q.QueryValidatorsResponse(validators=shown, pagination=response)

    def validator(self, ctx: Context, request: q.QueryValidatorRequest) -> q.QueryValidatorResponse:
        """One validator; raises NotFound."""
        account_of(request.validator_addr)
        found = self._keeper.validator(ctx, request.validator_addr)
        return q.QueryValidatorResponse(validator=found)

    def validator_delegations(
        self, ctx: Context, request: q.QueryValidatorDelegationsRequest
    ) -> q.QueryValidatorDelegationsResponse:
        """One page of what is delegated to a validator."""
        account_of(request.validator_addr)
        keys, response = page_of_view(
            state.BY_VALIDATOR, ctx.views, request.validator_addr, request.pagination
        )
        return q.QueryValidatorDelegationsResponse(
            delegation_responses=self._delegations(ctx, keys), pagination=response
        )

    def validator_unbonding_delegations(
        self, ctx: Context, request: q.QueryValidatorUnbondingDelegationsRequest
    ) -> q.QueryValidatorUnbondingDelegationsResponse:
        """One page of what is leaving a validator."""
        account_of(request.validator_addr)
        under = state.UNBONDINGS.prefix + encode_key((request.validator_addr,))
        pairs, response = page_of_store(ctx.store, under, request.pagination)
        leaving = [UnbondingDelegation.FromString(raw) for _, raw in pairs]
        return q.QueryValidatorUnbondingDelegationsResponse(
            unbonding_responses=leaving, pagination=response
        )

    def delegation(
        self, ctx: Context, request: q.QueryDelegationRequest
    ) -> q.QueryDelegationResponse:
        """What an account has with a validator; raises NotFound."""
        check_address(request.delegator_addr)
        account_of(request.validator_addr)
        found = state.DELEGATIONS.get(ctx.store, (request.delegator_addr, request.validator_addr))
        if found is None:
            raise NotFound(
                f"delegation with delegator {request.delegator_addr} not found for validator "
                f"{request.validator_addr}{_NO_KEY}"
            )
        return q.QueryDelegationResponse(delegation_response=self._valued(ctx, found))

    def unbonding_delegation(
        self, ctx: Context, request: q.QueryUnbondingDelegationRequest
    ) -> q.QueryUnbondingDelegationResponse:
        """What is on its way from a validator to an account; raises NotFound."""
        check_address(request.delegator_addr)
        account_of(request.validator_addr)
        found = state.UNBONDINGS.get(ctx.store, (request.validator_addr, request.delegator_addr))
        if found is None:
            raise NotFound(f"nothing is on its way from {request.validator_addr}{_NO_KEY}")
        return q.QueryUnbondingDelegationResponse(unbond=found)

    def delegator_delegations(
        self, ctx: Context, request: q.QueryDelegatorDelegationsRequest
    ) -> q.QueryDelegatorDelegationsResponse:
        """One page of what an account has delegated."""
        delegations, response = self._of(ctx, request.delegator_addr, request.pagination)
        return q.QueryDelegatorDelegationsResponse(
            delegation_responses=[self._valued(ctx, each) for each in delegations],
            pagination=response,
        )

    def delegator_unbonding_delegations(
        self, ctx: Context, request: q.QueryDelegatorUnbondingDelegationsRequest
    ) -> q.QueryDelegatorUnbondingDelegationsResponse:
        """One page of what is on its way to an account."""
        check_address(request.delegator_addr)
        keys, response = page_of_view(
            state.UNBONDING_OF, ctx.views, request.delegator_addr, request.pagination
        )
        found = [each for key in keys if (each := state.UNBONDINGS.get(ctx.store, key)) is not None]
        return q.QueryDelegatorUnbondingDelegationsResponse(
            unbonding_responses=found, pagination=response
        )

    def redelegations(
        self, ctx: Context, request: q.QueryRedelegationsRequest
    ) -> q.QueryRedelegationsResponse:
        """One page of an account's redelegations, or of those that left a validator."""
        if request.delegator_addr:
            check_address(request.delegator_addr)
            keys, response = page_of_view(
                state.MOVED_BY, ctx.views, request.delegator_addr, request.pagination
            )
            moved = [red for k in keys if (red := state.REDELEGATIONS.get(ctx.store, k))]
        else:
            account_of(request.src_validator_addr)
            under = state.REDELEGATIONS.prefix + encode_key((request.src_validator_addr,))
            pairs, response = page_of_store(ctx.store, under, request.pagination)
            moved = [Redelegation.FromString(raw) for _, raw in pairs]
        source, target = request.src_validator_addr, request.dst_validator_addr
        shown = [
            self._moved(ctx, red)
            for red in moved
            if source in ("", red.validator_src_address)
            and target in ("", red.validator_dst_address)
        ]
        return q.QueryRedelegationsResponse(redelegation_responses=shown, pagination=response)

    def delegator_validators(
        self, ctx: Context, request: q.QueryDelegatorValidatorsRequest
    ) -> q.QueryDelegatorValidatorsResponse:
        """One page of the validators to whom an account has delegated."""
        delegations, response = self._of(ctx, request.delegator_addr, request.pagination)
        found = [self._keeper.validator(ctx, each.validator_address) for each in delegations]
        return q.QueryDelegatorValidatorsResponse(validators=found, pagination=response)

    def delegator_validator(
        self, ctx: Context, request: q.QueryDelegatorValidatorRequest
    ) -> q.QueryDelegatorValidatorResponse:
        """A validator to whom an account has delegated; raises NotFound."""
        check_address(request.delegator_addr)
        account_of(request.validator_addr)
        self._keeper.delegation(ctx, request.delegator_addr, request.validator_addr)
        found = self._keeper.validator(ctx, request.validator_addr)
        return q.QueryDelegatorValidatorResponse(validator=found)

    def historical_info(
        self, ctx: Context, request: q.QueryHistoricalInfoRequest
    ) -> q.QueryHistoricalInfoResponse:
        """Who was bonded at a height; raises NotFound where that is not kept."""
        if request.height < 0:
            raise InvalidArgument("a height is not below 0")
        found = state.HISTORY.get(ctx.store, request.height)
        if found is None:
            raise NotFound(f"the validators of height {request.height} are not kept{_NO_KEY}")
        return q.QueryHistoricalInfoResponse(hist=found)

    # -- inside ----------------------------------------------------------------------------------

    def _of(
        self, ctx: Context, delegator: str, request: PageRequest
    ) -> tuple[list[Delegation], PageResponse]:
        check_address(delegator)
        under = state.DELEGATIONS.prefix + encode_key((delegator,))
        pairs, response = page_of_store(ctx.store, under, request)
        return [Delegation.FromString(raw) for _, raw in pairs], response

    def _delegations(self, ctx: Context, keys: Sequence[bytes]) -> list[DelegationResponse]:
        found = (state.DELEGATIONS.get(ctx.store, key) for key in keys)
        return [self._valued(ctx, each) for each in found if each is not None]

    def _valued(self, ctx: Context, delegation: Delegation) -> DelegationResponse:
        validator = self._keeper.validator(ctx, delegation.validator_address)
        return DelegationResponse(
            delegation=delegation, balance=self._coin(ctx, validator, delegation.shares)
        )

    def _moved(self, ctx: Context, red: Redelegation) -> RedelegationResponse:
        # Who has gone since left nothing behind, and must not fail the whole page.
        validator = state.VALIDATORS.get(ctx.store, red.validator_dst_address)
        entries = [
            RedelegationEntryResponse(
                redelegation_entry=entry,
                balance=self._coin(ctx, validator, entry.shares_dst).amount if validator else "0",
            )
            for entry in red.entries
        ]
        named = Redelegation()
        named.CopyFrom(red)
        del named.entries[:]
        return RedelegationResponse(redelegation=named, entries=entries)

    def _coin(self, ctx: Context, validator: Validator, amount: str) -> Coin:
        tokens = shares.worth(validator, decimals.stored(amount)) // decimals.ONE
        return Coin(denom=self._keeper.params(ctx).bond_denom, amount=str(tokens))


def _start(prefix: bytes, request: PageRequest) -> bytes | None:
    return prefix + request.key if request.key else None
