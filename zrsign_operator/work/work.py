"""What one operator does with its peers: proposals in and out, executions, and their results."""

from __future__ import annotations

import time
from collections.abc import Callable

from zrsign_daemon.log import get_logger
from zrsign_dmpc.ecdsa import AuxSecrets
from zrsign_dmpc.run.rounds import Abort
from zrsign_operator.errors import NotApproved
from zrsign_operator.keys.changes import EpochChanges
from zrsign_operator.keys.folders import KeyFolder
from zrsign_operator.keys.held import HeldKey
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.ledger.answers import AnswerOutbox
from zrsign_operator.ledger.approval import Scheme, scheme_of
from zrsign_operator.ledger.orders import FIRST_ORDER, Move, Target
from zrsign_operator.ledger.view import LedgerView
from zrsign_operator.metrics import Figures
from zrsign_operator.peers.conduct import Offence
from zrsign_operator.peers.frames import NOT_WITH, Proposal, Refusal, WorkKind
from zrsign_operator.peers.members import KeyringSettings, Myself
from zrsign_operator.peers.peers import Peers
from zrsign_operator.work.agenda import Draft, agenda, wants_primes
from zrsign_operator.work.desk import Desk, Task
from zrsign_operator.work.details import EcdsaDetails
from zrsign_operator.work.lanes import Lanes
from zrsign_operator.work.outlook import Outlook
from zrsign_operator.work.primes import PrimeSource
from zrsign_operator.work.proposer import Proposer
from zrsign_operator.work.rules import Rules
from zrsign_operator.work.runner import Ended, Runner
from zrsign_operator.work.situation import Situation
from zrsign_operator.work.tasks import prepare


class Work:
    """Single-threaded but for the long steps of executions, which run in `lanes`."""

    def __init__(
        self,
        myself: Myself,
        peers: Peers,
        holdings: Holdings,
        ledger_view: LedgerView,
        outbox: AnswerOutbox,
        *,
        primes: PrimeSource,
        lanes: Lanes,
        pool_level: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """The ledger was read before: it says who this operator is."""
        self.figures = Figures()
        self.outlook = Outlook(
            myself.index, ledger_view.last, holdings, peers.inventories, outbox, pool_level, clock
        )
        self.runner = Runner(
            myself.index,
            send=peers.send,
            prepare=self._prepare,
            claim=holdings.single_use.claim_execution,
            ended=self._ended,
            refused=self._refused,
            lanes=lanes,
            is_needed=self.outlook.is_needed,
            offends=peers.charge,
            clock=clock,
        )
        self.changes = EpochChanges(
            myself,
            holdings,
            send=peers.send,
            read=lambda proposal: Move.read(proposal, self.settings),
            is_running=self.runner.is_running,
            scheme_of=self._scheme_of,
            decided=self._decided,
            clock=clock,
        )
        self.rules = Rules(self.outlook, holdings, outbox, pool_level, clock)
        self.proposer = Proposer(
            myself.index, myself.identity, holdings, peers.stocks, peers.inventories
        )
        self.primes = primes
        self._primes_for = 0
        """Which auxiliary information the primes are made for."""
        self._myself, self._peers, self._holdings = myself, peers, holdings
        self._ledger_view, self._outbox = ledger_view, outbox
        self._lanes = lanes
        self._log = get_logger(operator=myself.index)

    @property
    def settings(self) -> KeyringSettings:
        """What the ledger's administrators want, as of the last look."""
        return self.outlook.view.settings

    def situation(self, *, all_keys: bool = False) -> Situation:
        """What there is to do, as of now."""
        return self.outlook.situation(
            self._peers.usable(),
            self.runner.running(),
            primes_ready=self.primes.ready(),
            all_keys=all_keys,
        )

    def tick(self) -> None:
        """Propose what is next; end what took too long; keep nonces published."""
        self._lanes.look(answerable=self.outlook.is_answerable())
        self.runner.tick()
        self.changes.tick()
        for peer in self._peers.links.silent():
            self.runner.silent(peer)
        self._peers.stocks.publish(self._peers.links.peers())
        self.outlook.remembers = self._remembers()
        now = self.situation()
        if wants_primes(now):
            self._start_primes()
        for draft in agenda(now):
            self._propose(draft)

    async def stop(self) -> None:
        """End it; steps that run in threads end with their threads."""
        await self.runner.stop()
        self.primes.stop()

    # Proposals

    def invited(self, sender: int, proposal: Proposal) -> None:
        """A peer proposes something; it is refused, or looked into."""
        parties = self.settings.everybody
        me, members = self._myself.index, set(proposal.members)
        ours = {me, sender} <= members
        if not ours or sender != proposal.proposer or proposal.keyring != self.settings.keyring:
            self._peers.charge(sender, Offence.MALFORMED, "a proposal of somebody else's")
            return
        if not proposal.is_signed(parties):
            self._peers.charge(sender, Offence.MALFORMED, "a proposal that it did not sign")
            return
        forgotten = proposal.incarnation_of(me) != self._myself.presence
        went_back = self._peers.memory.later is not None
        if forgotten or went_back or self._peers.standing.shunned() & members:
            refusal = Refusal(proposal.execution_id, NOT_WITH)
            self._peers.send(sender, refusal.encode())
            return
        self.runner.invited(proposal)

    def _propose(self, draft: Draft) -> None:
        proposal = self.proposer.write(draft, self.outlook.view, self._peers.incarnations)
        if proposal is not None and not self.runner.propose(proposal):
            self.outlook.tried(proposal)

    def _prepare(self, proposal: Proposal) -> Task:
        if proposal.proposer != self._myself.index:
            self.rules.require_due(proposal, self._peers.usable(), self.runner.running())
        desk = Desk(
            myself=self._myself,
            settings=self.settings,
            holdings=self._holdings,
            view=self.outlook.view,
            is_running=self.runner.is_running,
            changes=self.changes,
            usable=self._peers.usable,
            covered=lambda: self._peers.inventories.covered(
                self.settings.group.level, Target.of(self.settings).aux_epoch
            ),
            take_aux_secrets=self._take_aux_secrets,
            is_due=self.outlook.is_due,
            scheme_of=self._scheme_of,
            on_key=self._on_key,
            on_signature=self._outbox.signature,
            remembers=self._remembers,
        )
        return prepare(desk, proposal)

    def _remembers(self) -> bool:
        """Whether this operator knows from its peers that no snapshot took its memory."""
        group = self.settings.group
        return self._peers.memory.confirmed(group.threshold, group.indices)

    def _take_aux_secrets(self) -> AuxSecrets | None:
        self._start_primes()
        if not self.primes.ready():
            return None
        made = iter(self.primes.take())
        return AuxSecrets.generate(self.settings.group.level, made.__next__)

    def _start_primes(self) -> None:
        """Those from before an order to renew do not count: a thief may have seen them."""
        wanted = Target.of(self.settings).aux_epoch
        if self._primes_for != wanted:
            self.primes.stop()
            self._primes_for = wanted
        self.primes.start(fresh=wanted > FIRST_ORDER)

    def _scheme_of(self, ledger_key: int, public_key: bytes) -> Scheme | None:
        """The scheme of a key of the ledger; None: there is none, or it was not looked up yet."""
        root = self.settings.roots.get(ledger_key)
        if root is not None:
            # Before it is active, who lacks it is dealt a share once t members say they hold it.
            told = root.active or root.holders >= self.settings.group.threshold
            return root.scheme if told and root.public_key == public_key else None
        known = self.outlook.view.known_keys.get(ledger_key)
        if known is None:
            self._ledger_view.want_key(ledger_key)
            return None
        try:
            return scheme_of(known.key_type) if known.public_key == public_key else None
        except NotApproved:
            return None

    # Results

    def _on_key(self, held: HeldKey) -> None:
        """A key was made. It counts once the ledger shows that enough members hold it."""
        self._log.info("key_made", key=held.ledger_key, threshold=held.share.info.threshold)
        self._peers.tell_all(self._peers.inventories.of(held))
        self.report(held)

    def report(self, held: HeldKey) -> None:
        """Tell the ledger that a key, in its epoch, is on this operator's disk."""
        settings = self.settings
        self._outbox.report_epoch(settings.keyring, held, is_root=held.ledger_key in settings.roots)

    def _ended(self, ended: Ended) -> None:
        proposal, outcome = ended.proposal, ended.outcome
        self.figures.ended(ended)
        if proposal.kind == WorkKind.RESHARE:
            self.outlook.reshared()
        if proposal.kind == WorkKind.PRESIGN:
            self.outlook.presigned()
        if isinstance(outcome, Abort):
            self._failed(proposal, outcome)
        else:
            if proposal.kind == WorkKind.PRESIGN:
                self.outlook.got_presignature(outcome.value.public.id, proposal.subject)
            elif proposal.kind == WorkKind.AUX:
                self._peers.tell_all(*self._peers.inventories.mine())
            self._log.info(
                "execution_done",
                kind=proposal.kind,
                subjects=proposal.subjects,
                members=proposal.members,
                seconds=round(ended.seconds, 4),
            )
            self._peers.standing.did_their_part(proposal.members)
        self.tick()

    def _failed(self, proposal: Proposal, outcome: Abort) -> None:
        self.outlook.tried(proposal)
        self._log.warning(
            "execution_failed",
            kind=proposal.kind,
            subjects=proposal.subjects,
            why=outcome.reason,
            culprits=outcome.culprits,
        )
        if outcome.evidence:
            self._convict(proposal, outcome)
        else:
            for index in outcome.culprits:
                self._peers.standing.suspect(index)
        if proposal.kind == WorkKind.ECDSA:
            # Its share may have left: it can never be used for anything else.
            for name in EcdsaDetails.decode(proposal.details).presignatures:
                self._holdings.drop_presignature(name)
        if proposal.kind == WorkKind.RESHARE:
            self.changes.failed(proposal)
        if proposal.kind == WorkKind.AUX:
            # Others may have it, and wait for this operator to have it, too.
            self._peers.tell_all(*self._peers.inventories.mine())

    def _convict(self, proposal: Proposal, outcome: Abort) -> None:
        evidence = self._peers.standing.convict(proposal, outcome)
        for index in outcome.culprits:
            if index != self._myself.index:
                self._outbox.report_fault(
                    self.settings.keyring, index, proposal.kind, outcome.reason, evidence
                )

    def _refused(self, peer: int, proposal: Proposal, refusal: Refusal) -> None:
        self._log.info("refused", peer=peer, kind=proposal.kind, why=refusal.reason)
        if refusal.reason != NOT_WITH:
            # Who does without a third is not to be done without for that.
            self._peers.charge(peer, Offence.REFUSED, refusal.reason)
        waits = proposal.kind != WorkKind.PRESIGN or self.outlook.is_short(proposal.subject)
        if waits and proposal.kind != WorkKind.RESHARE:
            # Others do it without this one. New shares need the whole group, and a pool that is
            # not filled is no reason to do without a member for what people wait for.
            self._peers.standing.refused(peer)

    def _decided(self, folder: KeyFolder) -> None:
        """A change of a key came to its end."""
        before = self._holdings.key(folder.ledger_key, folder.public_key)
        held = self._holdings.follow(folder)
        epoch = folder.keeper.state.epoch
        if held is before:
            self._log.info("epoch_stays", key=folder.ledger_key, epoch=epoch)
            return
        self._log.info("epoch_begun", key=folder.ledger_key, epoch=epoch, held=held is not None)
        if held is None:
            self._peers.tell_all(*self._peers.inventories.mine())
            return
        self._peers.tell_all(self._peers.inventories.of(held))
        self.report(held)
