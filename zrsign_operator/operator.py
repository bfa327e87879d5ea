"""One operator: what it sees, holds, proposes, runs and answers, tied together."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Final

from zrsign_daemon.log import get_logger
from zrsign_dmpc.ecdsa import AuxSecrets
from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.run.execution import IdentityKey
from zrsign_dmpc.run.rounds import Abort
from zrsign_operator.errors import NotApproved
from zrsign_operator.keys.changes import Changes
from zrsign_operator.keys.folders import KeyFolder
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.keys.inventories import Inventories
from zrsign_operator.ledger.answers import CatchingUp, Outbox
from zrsign_operator.ledger.approval import Scheme, scheme_of
from zrsign_operator.ledger.orders import Move
from zrsign_operator.ledger.view import LedgerView, View
from zrsign_operator.metrics import Figures
from zrsign_operator.peers import frames
from zrsign_operator.peers.blame import Standing
from zrsign_operator.peers.frames import EpochNews, Inventory, Kind, Proposal, Refusal, Said, Stock
from zrsign_operator.peers.links import Links
from zrsign_operator.peers.members import Settings
from zrsign_operator.work.agenda import Draft, Situation, agenda, wants_primes
from zrsign_operator.work.lanes import Lanes
from zrsign_operator.work.nonces import Stocks
from zrsign_operator.work.primes import Primes
from zrsign_operator.work.proposer import Proposer
from zrsign_operator.work.runner import Ended, Runner
from zrsign_operator.work.situation import Outlook, describe
from zrsign_operator.work.tasks import Desk, EcdsaDetails, Task

REPORTS_S: Final = 300.0
"""How often the ledger is asked whether it has this operator's reports."""
REVIEW_S: Final = 1.0
"""How often the keys are looked through."""


class Operator:
    """Single-threaded but for the long steps of executions, which run in `lanes`."""

    def __init__(
        self,
        view: View,
        identity: IdentityKey,
        incarnation: bytes,
        holdings: Holdings,
        ledger_view: LedgerView,
        outbox: Outbox,
        lanes: Lanes,
        *,
        enclave: str,
        pool_level: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """The view's settings name this identity. Raises NotAMember."""
        self.me = view.settings.member_with(identity.public_key).index
        self.holdings = holdings
        self.outbox = outbox
        self.incarnation = incarnation
        self.enclave = enclave
        """Its kind."""
        self.links: Links | None = None
        """Set before the first turn."""
        self._identity = identity
        self._ledger_view = ledger_view
        self._lanes = lanes
        self._clock = clock
        self._standing = Standing(self.me, holdings, clock)
        self._inventories = Inventories(holdings, clock)
        self._stocks = Stocks(self.me, holdings, self._send)
        self._outlook = Outlook(
            self.me, view, holdings, self._inventories, outbox, pool_level, clock
        )
        self._proposer = Proposer(self.me, identity, holdings, self._stocks)
        self._catching_up = CatchingUp(holdings, outbox, clock)
        self._reviewed = self._reports_due = clock()
        self._primes = Primes(self.settings.group.level.prime)
        self._figures = Figures()
        self._log = get_logger(operator=self.me)
        self.runner = Runner(
            self.me,
            self._send,
            self._prepare,
            holdings.single_use.claim_execution,
            self._ended,
            self._refused,
            lanes,
            self._outlook.is_needed,
            clock,
        )
        self._changes = Changes(
            self.me,
            incarnation,
            holdings,
            self._send,
            lambda proposal: Move.read(proposal, self.settings),
            self.runner.is_running,
            self._scheme_of,
            self._decided,
            clock,
        )

    @property
    def settings(self) -> Settings:
        """What the ledger's administrators want, as of the last look."""
        return self._outlook.view.settings

    def stop(self) -> None:
        self._primes.stop()

    # What comes in

    def on_frame(self, sender: int, data: bytes) -> None:
        """From an admitted peer."""
        try:
            frame = frames.read_frame(data)
        except EncodingError as error:
            self._log.warning("bad_frame", peer=sender, why=str(error))
            return
        match frame:
            case Said():
                self.runner.said(sender, frame)
            case Proposal():
                self._invited(sender, frame)
            case Refusal():
                self.runner.refusal(sender, frame)
            case Stock():
                self._stocks.take(sender, frame)
            case Inventory():
                self._inventories.take(sender, frame)
                if not frame.complete:
                    # It got the key just now, and lost what was published before.
                    self._stocks.show(sender, {each.key_id for each in frame.holdings})
            case EpochNews():
                self._changes.take(sender, frame)

    def on_peer(self, peer: int, up: bool) -> None:
        """A link to a peer opened or broke."""
        if up:
            self._standing.returned(peer)
            self._send(peer, self._inventories.mine().encode())
            self._stocks.show(peer)
            return
        self.runner.lost(peer)
        self._stocks.lost(peer)
        self._inventories.forget(peer)

    async def look(self) -> None:
        """Read the ledger, answer what can be answered from what is held. Raises ClientError."""
        view = await self._ledger_view.read()
        changed = view.settings.version != self.settings.version
        self._outlook.update(view)
        if changed:
            self.follow_settings()
        self.outbox.keep_only(
            {("key", i) for i in view.keys}
            | {("signature", i) for i in (*view.signatures, *view.refused)}
        )
        self._catching_up.answer(view, self.settings.members[self.me].party)
        self.runner.retry_parked()
        self.tick()
        if self._clock() >= self._reports_due:
            await self._report_again()

    async def _report_again(self) -> None:
        """What a restart, or a refusal, kept from the ledger. Raises ClientError."""
        keyring = self.settings.keyring
        known = await self._ledger_view.reported(self.settings.members[self.me].party)
        for held in self.holdings.all_keys():
            if (held.share.info.key_id, held.ledger_key) not in known:
                self.outbox.report_epoch(keyring, held)
        for each in self._standing.accusations():
            if (hashlib.sha256(each.document).digest(), each.index) not in known:
                self.outbox.report_fault(keyring, each.index, each.kind, each.why, each.document)
        self._reports_due = self._clock() + REPORTS_S

    def follow_settings(self) -> None:
        """Link with who has business with this operator, and remember who was pardoned."""
        self._standing.pardon(self.settings.pardons)
        if self.links is None:
            return
        wanted = set(self.settings.linked)
        for held in self.holdings.all_keys():
            wanted |= set(held.share.info.shares)
        self.links.update({i: m for i, m in self.settings.members.items() if i in wanted})

    def tick(self) -> None:
        """Propose what is next; end what took too long; keep nonces published."""
        self._lanes.look(answerable=self._outlook.is_answerable())
        self.runner.tick()
        self._changes.tick()
        if self.links is not None:
            for peer in self.links.silent():
                self.runner.silent(peer)
            self._stocks.publish(self.links.peers())
        if self._clock() - self._reviewed >= REVIEW_S:
            self._review()
        now = self.situation()
        if wants_primes(now):
            self._primes.start()
        for draft in agenda(now):
            self._propose(draft)

    def _review(self) -> None:
        """Erase shares that are worthless: of an ended epoch, or of a key that lost a race."""
        self._reviewed = self._clock()
        self._figures.show(self.holdings, self._standing.guilty, self.runner.running())
        for held in list(self.holdings.all_keys()):
            self._ledger_view.want_key(held.ledger_key)
            known = self._outlook.view.known_keys.get(held.ledger_key)
            other = known is not None and known.public_key != held.public_key
            if other or self._inventories.is_left_behind(held):
                self._log.warning("share_erased", key=held.ledger_key, epoch=held.share.info.epoch)
                self.holdings.erase(held.folder)
                self._tell_all(self._inventories.mine())

    # Proposals

    def situation(self, *, all_keys: bool = False) -> Situation:
        """What there is to do, as of now."""
        return self._outlook.situation(
            self.usable(),
            self.runner.running(),
            primes_ready=self._primes.ready(),
            all_keys=all_keys,
        )

    def status(self) -> dict[str, object]:
        """What a person wants to know, as JSON."""
        return {
            "operator": self.me,
            "keyring": self.settings.keyring,
            "enclave": self.enclave,
            "group": self.settings.group.number,
            "refresh": self.settings.refresh,
            "guilty": sorted(self._standing.guilty),
            "signatures": self._figures.signed,
            "steps": self.runner.steps,
            "faults": self._standing.faults,
            "epochs": {held.ledger_key: held.share.info.epoch for held in self.holdings.all_keys()},
            **describe(self.situation(all_keys=True)),
        }

    def usable(self) -> frozenset[int]:
        """Live operators that did their part lately."""
        live = self.links.live() if self.links is not None else frozenset({self.me})
        return live - self._standing.left_out() | {self.me}

    def _propose(self, draft: Draft) -> None:
        if self.links is None:
            return
        incarnations = {self.me: self.incarnation, **self.links.incarnations}
        proposal = self._proposer.write(draft, self.settings, incarnations)
        if proposal is not None and not self.runner.propose(proposal):
            self._outlook.tried(proposal)

    def _invited(self, sender: int, proposal: Proposal) -> None:
        parties = self.settings.parties(self.settings.members)
        ours = {self.me, sender} <= set(proposal.members)
        if not ours or sender != proposal.proposer or proposal.keyring != self.settings.keyring:
            self._log.warning("strange_proposal", peer=sender)
            return
        if not proposal.is_signed(parties):
            self._log.warning("unsigned_proposal", peer=sender)
            return
        if proposal.incarnation_of(self.me) != self.incarnation or self._standing.guilty & set(
            proposal.members
        ):
            refusal = Refusal(proposal.execution_id, "not with me, or not with one of these")
            self._send(sender, refusal.encode())
            return
        self.runner.invited(proposal)

    def _prepare(self, proposal: Proposal) -> Task:
        desk = Desk(
            self.me,
            self._identity,
            self.settings,
            self.holdings,
            self._outlook.view,
            self.runner.is_running,
            self._changes,
            lambda: self._inventories.covered(self.settings.group.level),
            self._take_aux_secrets,
            self._outlook.is_due,
            self._scheme_of,
            self._on_key,
            self._on_signature,
        )
        return desk.prepare(proposal)

    def _take_aux_secrets(self) -> AuxSecrets | None:
        if not self._primes.ready():
            self._primes.start()
            return None
        made = iter(self._primes.take())
        return AuxSecrets.generate(self.settings.group.level, made.__next__)

    def _scheme_of(self, ledger_key: int, public_key: bytes) -> Scheme | None:
        """Of a key of the ledger; None: there is no such key, or it was not looked up yet."""
        known = self._outlook.view.known_keys.get(ledger_key)
        if known is None:
            self._ledger_view.want_key(ledger_key)
            return None
        try:
            return scheme_of(known.key_type) if known.public_key == public_key else None
        except NotApproved:
            return None

    # Results

    def _on_key(self, request_id: int, share: KeyShare) -> None:
        self._log.info("key_made", request=request_id, threshold=share.info.threshold)
        self.outbox.key(request_id, share.info.public_key.encode())
        held = self.holdings.key(request_id)
        if held is not None:
            self._tell_all(self._inventories.of(held))
            self.outbox.report_epoch(self.settings.keyring, held)

    def _on_signature(self, request_id: int, signature: bytes) -> None:
        self.outbox.signature(request_id, signature)

    def _ended(self, ended: Ended) -> None:
        proposal, outcome = ended.proposal, ended.outcome
        self._figures.ended(ended)
        if proposal.kind == Kind.RESHARE:
            self._outlook.reshared()
        if proposal.kind == Kind.PRESIGN:
            self._outlook.presigned()
        if isinstance(outcome, Abort):
            self._failed(proposal, outcome)
        else:
            if proposal.kind == Kind.PRESIGN:
                self._outlook.got_presignature(outcome.value.public.id)
            elif proposal.kind == Kind.AUX:
                self._tell_all(self._inventories.mine())
            self._log.info(
                "execution_done",
                kind=proposal.kind,
                subjects=proposal.subjects,
                members=proposal.members,
                seconds=round(ended.seconds, 4),
            )
            self._standing.did_their_part(proposal.members)
        self.tick()

    def _failed(self, proposal: Proposal, outcome: Abort) -> None:
        self._outlook.tried(proposal)
        self._log.warning(
            "execution_failed",
            kind=proposal.kind,
            subjects=proposal.subjects,
            why=outcome.reason,
            culprits=outcome.culprits,
        )
        if outcome.evidence:
            evidence = self._standing.convict(proposal, outcome)
            for index in outcome.culprits:
                if index != self.me:
                    self.outbox.report_fault(
                        self.settings.keyring, index, proposal.kind, outcome.reason, evidence
                    )
        else:
            for index in outcome.culprits:
                self._standing.suspect(index)
        if proposal.kind == Kind.ECDSA:
            # Its share may have left: it can never be used for anything else.
            for name in EcdsaDetails.decode(proposal.details).presignatures:
                self.holdings.drop_presignature(name)
        if proposal.kind == Kind.RESHARE:
            self._changes.failed(proposal)

    def _refused(self, peer: int, proposal: Proposal, refusal: Refusal) -> None:
        self._log.info("refused", peer=peer, kind=proposal.kind, why=refusal.reason)
        if proposal.kind != Kind.RESHARE:
            # New shares need the whole group, so a pause without this one would help nobody.
            self._standing.refused(peer)

    def _decided(self, folder: KeyFolder) -> None:
        """A change of a key came to its end."""
        before = self.holdings.key(folder.ledger_key, folder.public_key)
        held = self.holdings.follow(folder)
        epoch = folder.keeper.state.epoch
        if held is before:
            self._log.info("epoch_stays", key=folder.ledger_key, epoch=epoch)
            return
        self._log.info("epoch_begun", key=folder.ledger_key, epoch=epoch, held=held is not None)
        if held is None:
            self._tell_all(self._inventories.mine())
            return
        self._tell_all(self._inventories.of(held))
        self.outbox.report_epoch(self.settings.keyring, held)

    # Telling

    def _tell_all(self, inventory: Inventory) -> None:
        for peer in self.links.peers() if self.links is not None else ():
            self._send(peer, inventory.encode())

    def _send(self, index: int, frame: bytes) -> None:
        if self.links is not None:
            self.links.send(index, frame)
