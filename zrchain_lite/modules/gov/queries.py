"""The gov module's queries."""

from __future__ import annotations

from collections.abc import Iterator

from zrchain_lite import decimals
from zrchain_lite.errors import NotFound
from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import check_address
from zrchain_lite.modules.gov import state
from zrchain_lite.modules.gov.keeper import GovKeeper
from zrchain_lite.store.collections import encode_key
from zrchain_lite.store.pagination import page, page_of_store
from zrchain_lite.wire.cosmos.gov.v1 import query_pb2 as q
from zrchain_lite.wire.cosmos.gov.v1.gov_pb2 import (
    PROPOSAL_STATUS_VOTING_PERIOD,
    Deposit,
    DepositParams,
    Params,
    Proposal,
    TallyParams,
    Vote,
    VotingParams,
)


class GovQueries:
    """Answers from the last committed state."""

    def __init__(self, keeper: GovKeeper) -> None:
        self._keeper = keeper

    def constitution(
        self, ctx: Context, request: q.QueryConstitutionRequest
    ) -> q.QueryConstitutionResponse:
        """Nothing: there is no constitution."""
        return q.QueryConstitutionResponse()

    def params(self, ctx: Context, request: q.QueryParamsRequest) -> q.QueryParamsResponse:
        """The module's parameters, in one message and in the older three."""
        params = self._keeper.params(ctx)
        for field in Params.DESCRIPTOR.fields:
            if decimals.is_decimal(field):
                setattr(params, field.name, getattr(params, field.name) or "0")
        for name in ("max_deposit_period", "voting_period", "expedited_voting_period"):
            getattr(params, name).SetInParent()
        return q.QueryParamsResponse(
            params=params,
            voting_params=VotingParams(voting_period=params.voting_period),
            deposit_params=DepositParams(
                min_deposit=params.min_deposit, max_deposit_period=params.max_deposit_period
            ),
            tally_params=TallyParams(
                quorum=params.quorum,
                threshold=params.threshold,
                veto_threshold=params.veto_threshold,
            ),
        )

    def proposal(self, ctx: Context, request: q.QueryProposalRequest) -> q.QueryProposalResponse:
        """One proposal; raises NotFound."""
        return q.QueryProposalResponse(proposal=self._keeper.proposal(ctx, request.proposal_id))

    def proposals(self, ctx: Context, request: q.QueryProposalsRequest) -> q.QueryProposalsResponse:
        """One page of the proposals, of those of a status, a voter or a depositor."""
        for address in (request.voter, request.depositor):
            if address:
                check_address(address)
        found, response = page(self._proposals(ctx, request), request.pagination)
        return q.QueryProposalsResponse(proposals=found, pagination=response)

    def vote(self, ctx: Context, request: q.QueryVoteRequest) -> q.QueryVoteResponse:
        """One account's vote, while votes are kept; raises NotFound."""
        check_address(request.voter)
        found = state.VOTES.get(ctx.store, (request.proposal_id, request.voter))
        if found is None:
            raise NotFound(f"{request.voter} has not voted on it, or it is decided: key not found")
        return q.QueryVoteResponse(vote=found)

    def votes(self, ctx: Context, request: q.QueryVotesRequest) -> q.QueryVotesResponse:
        """One page of the votes on a proposal that is voted on."""
        under = state.VOTES.prefix + encode_key((request.proposal_id,))
        pairs, response = page_of_store(ctx.store, under, request.pagination)
        votes = [Vote.FromString(raw) for _, raw in pairs]
        return q.QueryVotesResponse(votes=votes, pagination=response)

    def deposit(self, ctx: Context, request: q.QueryDepositRequest) -> q.QueryDepositResponse:
        """What one account has deposited; raises NotFound."""
        check_address(request.depositor)
        found = state.DEPOSITS.get(ctx.store, (request.proposal_id, request.depositor))
        if found is None:
            raise NotFound(f"{request.depositor} has deposited nothing: key not found")
        return q.QueryDepositResponse(deposit=found)

    def deposits(self, ctx: Context, request: q.QueryDepositsRequest) -> q.QueryDepositsResponse:
        """One page of the deposits of a proposal that is not decided."""
        under = state.DEPOSITS.prefix + encode_key((request.proposal_id,))
        pairs, response = page_of_store(ctx.store, under, request.pagination)
        deposits = [Deposit.FromString(raw) for _, raw in pairs]
        return q.QueryDepositsResponse(deposits=deposits, pagination=response)

    def tally_result(
        self, ctx: Context, request: q.QueryTallyResultRequest
    ) -> q.QueryTallyResultResponse:
        """The votes until now, or those that decided; raises NotFound."""
        proposal = self._keeper.proposal(ctx, request.proposal_id)
        if proposal.status != PROPOSAL_STATUS_VOTING_PERIOD:
            return q.QueryTallyResultResponse(tally=proposal.final_tally_result)
        return q.QueryTallyResultResponse(tally=self._keeper.tallied(ctx, proposal.id).result())

    def _proposals(
        self, ctx: Context, request: q.QueryProposalsRequest
    ) -> Iterator[tuple[bytes, Proposal]]:
        prefix, asked = state.PROPOSALS.prefix, request.pagination
        start = prefix + asked.key if asked.key else None
        for key, raw in ctx.store.iterate(prefix, start=start, reverse=asked.reverse):
            found = Proposal.FromString(raw)
            wanted = (
                request.proposal_status in (0, found.status)
                and (not request.voter or state.VOTES.has(ctx.store, (found.id, request.voter)))
                and (
                    not request.depositor
                    or state.DEPOSITS.has(ctx.store, (found.id, request.depositor))
                )
            )
            if wanted:
                yield key[len(prefix) :], found
