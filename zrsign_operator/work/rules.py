"""The rules of `zrsign_operator.work.agenda`, as whoever is asked applies them to a proposal.

A member that keeps to none of them could make the others work without end: presign for pools that
are full, make auxiliary information that is there, sign a request again, or take every turn. Views
differ for a moment, so a proposal that is not due yet waits for a while before it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from zrsign_operator.errors import NotDue
from zrsign_operator.keys.held import HeldKey
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.ledger.answers import AnswerOutbox
from zrsign_operator.peers.frames import Proposal, WorkKind
from zrsign_operator.peers.members import KeyringSettings, rotation
from zrsign_operator.work.agenda import POOLS_AT_MOST, turn_begins_s
from zrsign_operator.work.mixing import Mixing, key_subject
from zrsign_operator.work.outlook import Outlook
from zrsign_operator.work.situation import Wanted, request_subject

EARLY_S: Final = 1.0
"""How much earlier than by this operator's clock a turn may begin: nodes show blocks late."""
AT_ONCE: Final = 2
"""Executions of one request at once: two proposers may meet."""


class Rules:
    """What one operator asks of proposals of others."""

    def __init__(
        self,
        outlook: Outlook,
        holdings: Holdings,
        outbox: AnswerOutbox,
        pool_level: int,
        clock: Callable[[], float],
    ) -> None:
        self._outlook, self._holdings, self._outbox = outlook, holdings, outbox
        self._pool_level = pool_level
        self._clock = clock

    def require_due(
        self, proposal: Proposal, usable: Collection[int], running: Iterable[Proposal]
    ) -> None:
        """Raises NotDue, with the reason."""
        settings = self._outlook.view.settings
        match WorkKind(proposal.kind):
            case WorkKind.AUX:
                _require_all_here(proposal, settings, usable)
            case WorkKind.KEYGEN:
                wanted = self._outlook.want(WorkKind.KEYGEN, proposal.subject, 0)
                order = rotation(request_subject(proposal.subject), proposal.members)
                self._require_turn(proposal, order, usable, wanted)
            case WorkKind.PRESIGN:
                self._require_lack(proposal, usable, running)
            case WorkKind.ECDSA | WorkKind.FROST:
                self._require_open(proposal, usable, running)
            case WorkKind.RESHARE:
                self._require_dealer(proposal, usable)

    def _require_open(
        self, proposal: Proposal, usable: Collection[int], running: Iterable[Proposal]
    ) -> None:
        """Each request waits for an answer, and is not being signed already."""
        for request_id in proposal.subjects:
            asked = self._outlook.view.signatures.get(request_id)
            if asked is None:
                # It may be on its way: who signs looks for it again.
                raise NotDue(f"signature request {request_id} is not open and approved here")
            if asked.signature or self._outbox.has_answered(("signature", request_id)):
                raise NotDue(f"signature request {request_id} is answered")
            same = [p for p in running if p.kind == proposal.kind and request_id in p.subjects]
            mine = any(each.proposer == proposal.proposer for each in same)
            if mine or len(same) >= AT_ONCE:
                raise NotDue(f"signature request {request_id} is being signed")
            held = self._held(asked.wallet.holder)
            wanted = self._outlook.want(WorkKind(proposal.kind), request_id, held.ledger_key)
            mixing = mixing_of(held)
            able = self._outlook.able(held) & {*usable}
            self._require_turn(proposal, mixing.circle(mixing.of(request_id)), able, wanted)

    def _require_dealer(self, proposal: Proposal, usable: Collection[int]) -> None:
        """It is the turn of a holder who can deal. `tasks.reshare` asks whether it is due at all.

        Who holds no share cannot know whose turn it is. It need not: t holders have to deal, and
        one of them is honest.
        """
        held = self._holdings.key(proposal.subject)
        if held is None:
            return
        able = self._outlook.able(held)
        if proposal.proposer not in able:
            raise NotDue(f"operator {proposal.proposer} cannot deal key {proposal.subject}")
        wanted = self._outlook.want(WorkKind.RESHARE, proposal.subject, proposal.subject)
        order = rotation(key_subject(proposal.subject), able)
        self._require_turn(proposal, order, usable, wanted)

    def _require_lack(
        self,
        proposal: Proposal,
        usable: Collection[int],
        running: Iterable[Proposal],
    ) -> None:
        """A request waits for a presignature of this key, or its pool is not full."""
        held = self._held(proposal.subject)
        if not set(proposal.members) <= set(held.share.info.shares):
            raise NotDue("somebody holds no share of the key")
        if len(proposal.members) != held.share.info.threshold:
            raise NotDue("a presignature is made by as many as sign with it")
        if self._outlook.is_short(proposal.subject):
            return
        coming = [
            each.members
            for each in running
            if each.kind == WorkKind.PRESIGN and each.subject == proposal.subject
        ]
        if not self._lacks(held, proposal, coming):
            raise NotDue(f"the pool of key {proposal.subject} is full, and no request waits")
        mixing, here = mixing_of(held), {*usable, proposal.proposer} & {*proposal.members}
        circles = (mixing.circle(mix) for mix in range(mixing.count))
        first = {next(index for index in circle if index in here) for circle in circles}
        if proposal.proposer not in first:
            raise NotDue(f"others fill the pool of key {proposal.subject}: {sorted(first)}")

    def _held(self, ledger_key: int) -> HeldKey:
        held = self._holdings.key(ledger_key)
        if held is None:
            raise NotDue(f"I hold no share of key {ledger_key}")
        return held

    def _lacks(self, held: HeldKey, proposal: Proposal, coming: Sequence[tuple[int, ...]]) -> bool:
        """Whether there is room, by what the proposer has a part in: it knows of nothing else."""
        ready = self._holdings.presignatures_of(held.share.info.key_id)
        sets = [
            signers
            for signers in (*(made.public.signers for made in ready), *coming)
            if proposal.proposer in signers
        ]
        most = POOLS_AT_MOST * self._pool_level
        return sets.count(proposal.members) < self._pool_level and len(sets) < most

    def _require_turn(
        self, proposal: Proposal, order: Sequence[int], usable: Collection[int], wanted: Wanted
    ) -> None:
        """It is the proposer's turn; the last failure may be unknown there."""
        order = [index for index in order if index in {*usable, proposal.proposer}]
        if proposal.proposer not in order:
            raise NotDue(f"operator {proposal.proposer} has no turn at all")
        rank, waited = order.index(proposal.proposer), self._clock() - wanted.since + EARLY_S
        attempts = {max(wanted.attempts - 1, 0), wanted.attempts}
        if waited < min(turn_begins_s(wanted.kind, rank, a, len(order)) for a in attempts):
            raise NotDue(f"it is the turn of operator {order[wanted.attempts % len(order)]}")


def mixing_of(held: HeldKey) -> Mixing:
    """Who signs together with a key that is held here."""
    info = held.share.info
    return Mixing(held.ledger_key, info.threshold, tuple(info.shares))


def _require_all_here(
    proposal: Proposal, settings: KeyringSettings, usable: Collection[int]
) -> None:
    """Auxiliary information of a part would take the place of everybody's."""
    group = set(settings.group.indices)
    if not set(proposal.members) <= group:
        raise NotDue("somebody is not in the group")
    if left_out := group & set(usable) - set(proposal.members):
        raise NotDue(f"auxiliary information is for all who are here, {sorted(left_out)} too")
    if proposal.proposer != min(proposal.members):
        raise NotDue(f"operator {min(proposal.members)} proposes auxiliary information")
