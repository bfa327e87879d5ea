"""Proposals: deposits, votes, and what becomes of them. Source: Cosmos SDK 0.50, x/gov."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from zrchain_lite import decimals
from zrchain_lite.errors import InvalidArgument, LedgerError, NotFound, Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.modules.bank.keeper import DENOM, BankKeeper
from zrchain_lite.modules.gov import state, tally
from zrchain_lite.modules.gov.state import urock
from zrchain_lite.modules.staking import StakingKeeper, shares
from zrchain_lite.modules.staking.state import DELEGATIONS, POWER_UNIT
from zrchain_lite.store.kv import Overlay
from zrchain_lite.tx import parse
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrchain_lite.wire.cosmos.gov.v1.gov_pb2 import (
    PROPOSAL_STATUS_DEPOSIT_PERIOD,
    PROPOSAL_STATUS_FAILED,
    PROPOSAL_STATUS_PASSED,
    PROPOSAL_STATUS_REJECTED,
    PROPOSAL_STATUS_VOTING_PERIOD,
    Deposit,
    Params,
    Proposal,
    Vote,
    WeightedVoteOption,
)
from zrsign_chains.errors import ChainError

_log = logging.getLogger(__name__)

ACCOUNT = "gov"
MAX_MESSAGES = 16
MAX_TITLE, MAX_SUMMARY, MAX_METADATA = 255, 10_200, 255


class GovKeeper:
    """Decides by stake; its account is the authority of other modules' parameters."""

    def __init__(self, bank: BankKeeper, staking: StakingKeeper) -> None:
        self._bank = bank
        self._staking = staking
        self.account = bank.module_address(ACCOUNT)

    def params(self, ctx: Context) -> Params:
        """The module's parameters, zero on a chain that never had any."""
        return state.PARAMS.get(ctx.store, b"") or Params()

    def proposal(self, ctx: Context, id_: int) -> Proposal:
        """A proposal; raises NotFound."""
        found = state.PROPOSALS.get(ctx.store, id_)
        if found is None:
            raise NotFound(f"proposal {id_} doesn't exist: key not found", code=3, codespace="gov")
        return found

    def submit(self, ctx: Context, wanted: Proposal) -> Proposal:
        """Store a new proposal, whose texts, messages, proposer and speed are given."""
        if not self._staking.params(ctx).max_validators:
            raise Unauthorized("this chain has no stake, and nothing is voted on")
        _check_texts(wanted)
        if len(wanted.messages) > MAX_MESSAGES:
            raise InvalidArgument(f"a proposal has at most {MAX_MESSAGES} messages")
        for packed in wanted.messages:
            self._check_message(ctx, packed)
        wanted.id = state.IDS.next(ctx.store)
        wanted.status = PROPOSAL_STATUS_DEPOSIT_PERIOD
        wanted.submit_time.FromMilliseconds(ctx.time_ms)
        end = _after(ctx, self.params(ctx).max_deposit_period)
        wanted.deposit_end_time.CopyFrom(end)
        wanted.final_tally_result.CopyFrom(tally.Tally().result())
        state.PROPOSALS.set(ctx.store, wanted.id, wanted)
        state.DEPOSIT_ENDS.add(ctx.store, end, wanted.id.to_bytes(8, "big"))
        ctx.emit("submit_proposal", proposal_id=wanted.id, proposal_proposer=wanted.proposer)
        return wanted

    def deposit(self, ctx: Context, id_: int, depositor: str, amount: int) -> None:
        """Add to a proposal's deposit; with enough of it the vote begins."""
        proposal = self.proposal(ctx, id_)
        running = (PROPOSAL_STATUS_DEPOSIT_PERIOD, PROPOSAL_STATUS_VOTING_PERIOD)
        if proposal.status not in running:
            raise InvalidArgument("the proposal is decided", code=4, codespace="gov")
        wanted = self.least_deposit(ctx, proposal)
        ratio = decimals.stored(self.params(ctx).min_deposit_ratio)
        if amount * decimals.ONE < wanted * ratio:
            raise InvalidArgument(
                f"a deposit is at least {decimals.shown(ratio)} of {wanted}{DENOM}",
                code=12,
                codespace="gov",
            )
        self._bank.send(ctx, depositor, self.account, amount)
        before = state.DEPOSITS.get(ctx.store, (id_, depositor))
        mine = amount + (urock(before.amount) if before is not None else 0)
        kept = Deposit(proposal_id=id_, depositor=depositor, amount=_coins(mine))
        state.DEPOSITS.set(ctx.store, (id_, depositor), kept)
        total = amount + _total(proposal)
        del proposal.total_deposit[:]
        proposal.total_deposit.extend(_coins(total))
        ctx.emit(
            "proposal_deposit", depositor=depositor, amount=f"{amount}{DENOM}", proposal_id=id_
        )
        if proposal.status == PROPOSAL_STATUS_DEPOSIT_PERIOD and total >= wanted:
            self._open(ctx, proposal)
        state.PROPOSALS.set(ctx.store, id_, proposal)

    def vote(
        self, ctx: Context, id_: int, voter: str, options: Sequence[WeightedVoteOption], note: str
    ) -> None:
        """Store a vote in place of an earlier one.

        Votes are counted in one block, so its voter has stake: crowds of accounts cost something.
        """
        if self.proposal(ctx, id_).status != PROPOSAL_STATUS_VOTING_PERIOD:
            raise InvalidArgument("the proposal is not voted on", code=4, codespace="gov")
        if len(note) > MAX_METADATA:
            raise InvalidArgument(f"metadata has at most {MAX_METADATA} characters")
        staked = self._staked(ctx, voter)
        if staked < POWER_UNIT:
            raise Unauthorized(
                f"{voter} has staked {staked}{DENOM}, and who votes at least {POWER_UNIT}{DENOM}"
            )
        weights = [decimals.stored(each.weight) for each in options]
        named = {each.option for each in options}
        fits = len(named) == len(options) and named <= set(tally.OPTIONS) and all(weights)
        if not fits or sum(weights) != decimals.ONE:
            raise InvalidArgument(
                "a vote names options, each once, with weights above 0 that make 1 together",
                code=7,
                codespace="gov",
            )
        vote = Vote(proposal_id=id_, voter=voter, options=options, metadata=note)
        state.VOTES.set(ctx.store, (id_, voter), vote)
        ctx.emit("proposal_vote", voter=voter, proposal_id=id_)

    def cancel(self, ctx: Context, id_: int, proposer: str) -> None:
        """End one's own proposal before its vote does; a part of the deposits is burned."""
        proposal = self.proposal(ctx, id_)
        running = (PROPOSAL_STATUS_DEPOSIT_PERIOD, PROPOSAL_STATUS_VOTING_PERIOD)
        if proposal.proposer != proposer:
            raise Unauthorized(f"{proposer} did not propose it")
        if proposal.status not in running:
            raise InvalidArgument("the proposal is decided", code=4, codespace="gov")
        self._return(ctx, id_, decimals.stored(self.params(ctx).proposal_cancel_ratio))
        self._forget_votes(ctx, id_)
        self._unschedule(ctx, proposal)
        state.PROPOSALS.delete(ctx.store, id_)
        ctx.emit("cancel_proposal", sender=proposer, proposal_id=id_)

    def end_block(self, ctx: Context) -> None:
        """End what got too few deposits, and count what has been voted on long enough."""
        for key in state.DEPOSIT_ENDS.sweep(ctx.store, ctx.time_ms + 1):
            id_ = int.from_bytes(key, "big")
            burned = self.params(ctx).burn_proposal_deposit_prevote
            self._return(ctx, id_, decimals.ONE if burned else 0)
            state.PROPOSALS.delete(ctx.store, id_)
            ctx.emit("inactive_proposal", proposal_id=id_, proposal_result="proposal_dropped")
        for key in state.VOTING_ENDS.sweep(ctx.store, ctx.time_ms + 1):
            self._decide(ctx, int.from_bytes(key, "big"))

    def least_deposit(self, ctx: Context, proposal: Proposal) -> int:
        """How many urock a proposal's vote needs to begin."""
        params = self.params(ctx)
        return urock(params.expedited_min_deposit if proposal.expedited else params.min_deposit)

    def tallied(self, ctx: Context, id_: int) -> tally.Tally:
        """The votes of a proposal, counted by the stake of now."""
        return tally.count(ctx, self._staking, id_)

    # -- inside ----------------------------------------------------------------------------------

    def _staked(self, ctx: Context, voter: str) -> int:
        """What an account has staked, in whole urock."""
        worth = 0
        for each in DELEGATIONS.values(ctx.store, under=(voter,)):
            validator = self._staking.validator(ctx, each.validator_address)
            worth += shares.worth(validator, decimals.stored(each.shares)) // decimals.ONE
        return worth

    def _check_message(self, ctx: Context, packed: Packed) -> None:
        """Governance can execute it, in its own name; raises UnknownRequest or InvalidArgument."""
        handler = ctx.route(packed.type_url)
        signer = handler.signed_by(parse(handler.message, packed.value, packed.type_url))
        if signer != self.account:
            raise InvalidArgument(
                f"{packed.type_url} is signed by {signer}, and a proposal's messages by "
                f"governance, {self.account}",
                code=10,
                codespace="gov",
            )

    def _open(self, ctx: Context, proposal: Proposal) -> None:
        self._unschedule(ctx, proposal)
        params = self.params(ctx)
        period = params.expedited_voting_period if proposal.expedited else params.voting_period
        proposal.status = PROPOSAL_STATUS_VOTING_PERIOD
        proposal.voting_start_time.FromMilliseconds(ctx.time_ms)
        self._close_at(ctx, proposal, _after(ctx, period))

    def _close_at(self, ctx: Context, proposal: Proposal, end: Timestamp) -> None:
        proposal.voting_end_time.CopyFrom(end)
        state.VOTING_ENDS.add(ctx.store, end, proposal.id.to_bytes(8, "big"))

    @staticmethod
    def _unschedule(ctx: Context, proposal: Proposal) -> None:
        key = proposal.id.to_bytes(8, "big")
        state.DEPOSIT_ENDS.remove(ctx.store, proposal.deposit_end_time, key)
        if proposal.HasField("voting_end_time"):
            state.VOTING_ENDS.remove(ctx.store, proposal.voting_end_time, key)

    def _decide(self, ctx: Context, id_: int) -> None:
        proposal = self.proposal(ctx, id_)
        counted = self.tallied(ctx, id_)
        passes, burns = counted.passes(self.params(ctx), proposal.expedited)
        if proposal.expedited and not passes:
            # As an ordinary one it goes on, until the ordinary period has passed since its start.
            proposal.expedited = False
            period = self.params(ctx).voting_period
            start_ms = proposal.voting_start_time.ToMilliseconds()
            end = Timestamp()
            end.FromMilliseconds(start_ms + period.ToMilliseconds())
            self._close_at(ctx, proposal, end)
            state.PROPOSALS.set(ctx.store, id_, proposal)
            return
        self._return(ctx, id_, decimals.ONE if burns else 0)
        self._forget_votes(ctx, id_)
        proposal.final_tally_result.CopyFrom(counted.result())
        proposal.status = PROPOSAL_STATUS_PASSED if passes else PROPOSAL_STATUS_REJECTED
        if passes:
            self._execute(ctx, proposal)
        state.PROPOSALS.set(ctx.store, id_, proposal)
        ctx.emit("active_proposal", proposal_id=id_, proposal_result=proposal.status)

    def _execute(self, ctx: Context, proposal: Proposal) -> None:
        """Run a proposal's messages, all of them or none."""
        overlay = Overlay(ctx.store)
        attempt = replace(ctx, store=overlay, events=[])
        try:
            for packed in proposal.messages:
                handler = ctx.route(packed.type_url)
                message = parse(handler.message, packed.value, packed.type_url)
                handler.handle(attempt, message)
        except (LedgerError, ChainError) as error:
            proposal.status, proposal.failed_reason = PROPOSAL_STATUS_FAILED, str(error)[:500]
        except Exception:  # noqa: BLE001 - a block must be made; it is logged
            _log.exception("proposal %d cannot be executed", proposal.id)
            proposal.status, proposal.failed_reason = PROPOSAL_STATUS_FAILED, "internal error"
        else:
            overlay.commit()
            ctx.events += attempt.events

    def _return(self, ctx: Context, id_: int, burned: int) -> None:
        """Give deposits back, less a fraction (a decimal) that is burned."""
        for deposit in list(state.DEPOSITS.values(ctx.store, under=(id_,))):
            amount = urock(deposit.amount)
            lost = amount * burned // decimals.ONE
            self._bank.burn(ctx, self.account, lost)
            self._bank.send(ctx, self.account, deposit.depositor, amount - lost)
            state.DEPOSITS.delete(ctx.store, (id_, deposit.depositor))

    @staticmethod
    def _forget_votes(ctx: Context, id_: int) -> None:
        for vote in list(state.VOTES.values(ctx.store, under=(id_,))):
            state.VOTES.delete(ctx.store, (id_, vote.voter))


def _check_texts(proposal: Proposal) -> None:
    if not proposal.title or not proposal.summary:
        raise InvalidArgument("a proposal has a title and a summary", code=11, codespace="gov")
    lengths = (
        ("title", MAX_TITLE),
        ("summary", MAX_SUMMARY),
        ("metadata", MAX_METADATA),
    )
    for name, longest in lengths:
        if len(getattr(proposal, name)) > longest:
            raise InvalidArgument(
                f"{name} has at most {longest} characters", code=11, codespace="gov"
            )


def _after(ctx: Context, period: Duration) -> Timestamp:
    end = Timestamp()
    end.FromMilliseconds(ctx.time_ms + period.ToMilliseconds())
    return end


def _total(proposal: Proposal) -> int:
    return urock(proposal.total_deposit) if proposal.total_deposit else 0


def _coins(amount: int) -> list[Coin]:
    return [Coin(denom=DENOM, amount=str(amount))]
