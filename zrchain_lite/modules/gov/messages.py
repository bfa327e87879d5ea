"""The gov module's messages. Source: Cosmos SDK 0.50, x/gov."""

from __future__ import annotations

from google.protobuf.message import DecodeError

from zrchain_lite import decimals
from zrchain_lite.errors import InvalidArgument, Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import check_address
from zrchain_lite.modules.gov import state
from zrchain_lite.modules.gov.keeper import GovKeeper
from zrchain_lite.modules.gov.state import urock
from zrchain_lite.wire.cosmos.gov.v1 import tx_pb2 as wire
from zrchain_lite.wire.cosmos.gov.v1.gov_pb2 import Proposal, WeightedVoteOption
from zrchain_lite.wire.cosmos.gov.v1beta1 import tx_pb2 as older
from zrchain_lite.wire.cosmos.gov.v1beta1.query_pb2 import TextProposal


class GovMessages:
    """Handlers of what proposers, depositors and voters send."""

    def __init__(self, keeper: GovKeeper) -> None:
        self._keeper = keeper

    def submit_proposal(
        self, ctx: Context, msg: wire.MsgSubmitProposal
    ) -> wire.MsgSubmitProposalResponse:
        """Propose messages, or a text alone; the proposer deposits first."""
        check_address(msg.proposer)
        wanted = Proposal(
            messages=msg.messages,
            proposer=msg.proposer,
            metadata=msg.metadata,
            title=msg.title,
            summary=msg.summary,
            expedited=msg.expedited,
        )
        first = urock(msg.initial_deposit) if msg.initial_deposit else 0
        proposal = self._keeper.submit(ctx, wanted)
        least = self._keeper.least_deposit(ctx, proposal)
        ratio = decimals.stored(self._keeper.params(ctx).min_initial_deposit_ratio)
        if first * decimals.ONE < least * ratio:
            raise InvalidArgument(
                f"a proposal begins with {decimals.shown(ratio)} of its deposit, {least}urock",
                code=12,
                codespace="gov",
            )
        if first:
            self._keeper.deposit(ctx, proposal.id, msg.proposer, first)
        return wire.MsgSubmitProposalResponse(proposal_id=proposal.id)

    def vote(self, ctx: Context, msg: wire.MsgVote) -> wire.MsgVoteResponse:
        """Vote for one option."""
        check_address(msg.voter)
        options = [WeightedVoteOption(option=msg.option, weight=str(decimals.ONE))]
        self._keeper.vote(ctx, msg.proposal_id, msg.voter, options, msg.metadata)
        return wire.MsgVoteResponse()

    def vote_weighted(
        self, ctx: Context, msg: wire.MsgVoteWeighted
    ) -> wire.MsgVoteWeightedResponse:
        """Vote for several options, each with a part of one's power."""
        check_address(msg.voter)
        self._keeper.vote(ctx, msg.proposal_id, msg.voter, msg.options, msg.metadata)
        return wire.MsgVoteWeightedResponse()

    def deposit(self, ctx: Context, msg: wire.MsgDeposit) -> wire.MsgDepositResponse:
        """Add to a proposal's deposit."""
        check_address(msg.depositor)
        self._keeper.deposit(ctx, msg.proposal_id, msg.depositor, urock(msg.amount))
        return wire.MsgDepositResponse()

    def cancel_proposal(
        self, ctx: Context, msg: wire.MsgCancelProposal
    ) -> wire.MsgCancelProposalResponse:
        """Take one's own proposal back."""
        check_address(msg.proposer)
        self._keeper.cancel(ctx, msg.proposal_id, msg.proposer)
        response = wire.MsgCancelProposalResponse(
            proposal_id=msg.proposal_id, canceled_height=ctx.height
        )
        response.canceled_time.FromMilliseconds(ctx.time_ms)
        return response

    def update_params(
        self, ctx: Context, msg: wire.MsgUpdateParams
    ) -> wire.MsgUpdateParamsResponse:
        """Replace the module's parameters; governance itself may."""
        if msg.authority != self._keeper.account:
            raise Unauthorized(f"only governance ({self._keeper.account}) changes parameters")
        state.set_params(ctx, msg.params)
        return wire.MsgUpdateParamsResponse()


class OlderGovMessages:
    """Handlers of the same in the words of `cosmos.gov.v1beta1`; a proposal is a text there."""

    def __init__(self, messages: GovMessages) -> None:
        self._messages = messages

    def submit_proposal(
        self, ctx: Context, msg: older.MsgSubmitProposal
    ) -> older.MsgSubmitProposalResponse:
        """Propose a text; raises InvalidArgument for another content."""
        text = TextProposal()
        try:
            known = msg.content.Unpack(text)
        except DecodeError:
            known = False
        if not known:
            raise InvalidArgument(
                "here a proposal is a TextProposal; propose messages by cosmos.gov.v1",
                code=9,
                codespace="gov",
            )
        wanted = wire.MsgSubmitProposal(
            initial_deposit=msg.initial_deposit,
            proposer=msg.proposer,
            title=text.title,
            summary=text.description,
        )
        made = self._messages.submit_proposal(ctx, wanted)
        return older.MsgSubmitProposalResponse(proposal_id=made.proposal_id)

    def vote(self, ctx: Context, msg: older.MsgVote) -> older.MsgVoteResponse:
        """Vote for one option."""
        self._messages.vote(ctx, wire.MsgVote.FromString(msg.SerializeToString()))
        return older.MsgVoteResponse()

    def vote_weighted(
        self, ctx: Context, msg: older.MsgVoteWeighted
    ) -> older.MsgVoteWeightedResponse:
        """Vote for several options, each with a part of one's power."""
        same = wire.MsgVoteWeighted.FromString(msg.SerializeToString())
        self._messages.vote_weighted(ctx, same)
        return older.MsgVoteWeightedResponse()

    def deposit(self, ctx: Context, msg: older.MsgDeposit) -> older.MsgDepositResponse:
        """Add to a proposal's deposit."""
        self._messages.deposit(ctx, wire.MsgDeposit.FromString(msg.SerializeToString()))
        return older.MsgDepositResponse()
