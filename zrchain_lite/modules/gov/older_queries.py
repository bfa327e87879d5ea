"""The same answers in the words of `cosmos.gov.v1beta1`, which CosmJS and older wallets ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from google.protobuf.message import Message

from zrchain_lite.module import Context
from zrchain_lite.modules.gov.queries import GovQueries
from zrchain_lite.tx import pack
from zrchain_lite.wire.cosmos.gov.v1 import gov_pb2 as now
from zrchain_lite.wire.cosmos.gov.v1 import query_pb2 as q
from zrchain_lite.wire.cosmos.gov.v1beta1 import query_pb2 as older

M = TypeVar("M", bound=Message)
_COUNTS = {
    "yes": "yes_count",
    "abstain": "abstain_count",
    "no": "no_count",
    "no_with_veto": "no_with_veto_count",
}


class OlderGovQueries:
    """Asks `GovQueries` and says the answer as it was said before."""

    def __init__(self, queries: GovQueries) -> None:
        self._queries = queries

    def params(self, ctx: Context, request: older.QueryParamsRequest) -> older.QueryParamsResponse:
        """The parameters of deposits, votes and counts."""
        answer = self._queries.params(ctx, q.QueryParamsRequest())
        tally = older.TallyParams(
            quorum=answer.params.quorum.encode(),
            threshold=answer.params.threshold.encode(),
            veto_threshold=answer.params.veto_threshold.encode(),
        )
        return older.QueryParamsResponse(
            voting_params=_same(older.VotingParams, answer.voting_params),
            deposit_params=_same(older.DepositParams, answer.deposit_params),
            tally_params=tally,
        )

    def proposal(
        self, ctx: Context, request: older.QueryProposalRequest
    ) -> older.QueryProposalResponse:
        """One proposal, with its title and summary as a text; raises NotFound."""
        answer = self._queries.proposal(ctx, _same(q.QueryProposalRequest, request))
        return older.QueryProposalResponse(proposal=_proposal(answer.proposal))

    def proposals(
        self, ctx: Context, request: older.QueryProposalsRequest
    ) -> older.QueryProposalsResponse:
        """One page of proposals."""
        answer = self._queries.proposals(ctx, _same(q.QueryProposalsRequest, request))
        return older.QueryProposalsResponse(
            proposals=[_proposal(each) for each in answer.proposals],
            pagination=answer.pagination,
        )

    def vote(self, ctx: Context, request: older.QueryVoteRequest) -> older.QueryVoteResponse:
        """One account's vote; raises NotFound."""
        answer = self._queries.vote(ctx, _same(q.QueryVoteRequest, request))
        return older.QueryVoteResponse(vote=_vote(answer.vote))

    def votes(self, ctx: Context, request: older.QueryVotesRequest) -> older.QueryVotesResponse:
        """One page of votes."""
        answer = self._queries.votes(ctx, _same(q.QueryVotesRequest, request))
        votes = [_vote(each) for each in answer.votes]
        return older.QueryVotesResponse(votes=votes, pagination=answer.pagination)

    def deposit(
        self, ctx: Context, request: older.QueryDepositRequest
    ) -> older.QueryDepositResponse:
        """What one account has deposited; raises NotFound."""
        answer = self._queries.deposit(ctx, _same(q.QueryDepositRequest, request))
        return _same(older.QueryDepositResponse, answer)

    def deposits(
        self, ctx: Context, request: older.QueryDepositsRequest
    ) -> older.QueryDepositsResponse:
        """One page of deposits."""
        answer = self._queries.deposits(ctx, _same(q.QueryDepositsRequest, request))
        return _same(older.QueryDepositsResponse, answer)

    def tally_result(
        self, ctx: Context, request: older.QueryTallyResultRequest
    ) -> older.QueryTallyResultResponse:
        """The votes by option."""
        answer = self._queries.tally_result(ctx, _same(q.QueryTallyResultRequest, request))
        return older.QueryTallyResultResponse(tally=_tally(answer.tally))


def _same(kind: type[M], message: Message) -> M:
    """A message of the same fields and numbers."""
    return kind.FromString(message.SerializeToString())


def _renamed(message: Message, names: Mapping[str, str]) -> dict[str, Any]:
    return {name: getattr(message, other) for name, other in names.items()}


def _tally(result: now.TallyResult) -> older.TallyResult:
    return older.TallyResult(**_renamed(result, _COUNTS))


def _vote(vote: now.Vote) -> older.Vote:
    said = _same(older.Vote, now.Vote(proposal_id=vote.proposal_id, voter=vote.voter))
    said.options.extend(_same(older.WeightedVoteOption, each) for each in vote.options)
    if len(said.options) == 1:
        said.option = said.options[0].option
    return said


def _proposal(proposal: now.Proposal) -> older.Proposal:
    text = older.TextProposal(title=proposal.title, description=proposal.summary)
    said = older.Proposal(
        proposal_id=proposal.id,
        content=pack(text),
        status=older.ProposalStatus.Name(proposal.status),
        final_tally_result=_tally(proposal.final_tally_result),
        total_deposit=proposal.total_deposit,
    )
    for name in ("submit_time", "deposit_end_time", "voting_start_time", "voting_end_time"):
        if proposal.HasField(name):
            getattr(said, name).CopyFrom(getattr(proposal, name))
    return said
