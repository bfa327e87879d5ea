"""One operator: what it sees of the ledger, hears from its peers, and does with them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Final

from zrsign_daemon.log import get_logger
from zrsign_dmpc.errors import DmpcError
from zrsign_operator.errors import OperatorError
from zrsign_operator.keys.held import HeldKey
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.ledger.answers import ABSENT_S, AnswerOutbox, CatchingUp
from zrsign_operator.ledger.orders import Target
from zrsign_operator.ledger.view import LedgerView
from zrsign_operator.peers.conduct import Offence
from zrsign_operator.peers.frames import (
    EpochNews,
    Frame,
    Heads,
    Inventory,
    Proposal,
    Refusal,
    Said,
    Stock,
)
from zrsign_operator.peers.members import KeyringSettings, Myself, rotation
from zrsign_operator.peers.peers import Peers
from zrsign_operator.work.outlook import describe
from zrsign_operator.work.situation import request_subject
from zrsign_operator.work.work import Work

REPORTS_S: Final = 300.0
"""How often the ledger is asked whether it has this operator's reports."""
STILLBORN_S: Final = 60.0
"""Seconds after which a new key that fewer than t members hold is made again."""
REVIEW_S: Final = 1.0
"""How often the keys are looked through."""


class Operator:
    """Ties together what it is given; all of it runs in one event loop."""

    def __init__(
        self,
        myself: Myself,
        peers: Peers,
        work: Work,
        holdings: Holdings,
        ledger_view: LedgerView,
        outbox: AnswerOutbox,
        *,
        enclave: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`enclave` is the kind of the enclave, which a person wants to know."""
        self.peers, self.work = peers, work
        self.holdings = holdings
        self.ledger_view, self.outbox = ledger_view, outbox
        self._myself, self._enclave = myself, enclave
        self._clock = clock
        self._catching_up = CatchingUp(holdings, outbox, clock)
        self._reviewed = self._reports_due = clock()
        self._unborn: dict[int, tuple[float, float]] = {}
        """When a key that does not count yet came, and when it was reported last, by its id."""
        self._log = get_logger(operator=myself.index)

    @property
    def settings(self) -> KeyringSettings:
        """What the ledger's administrators want, as of the last look."""
        return self.work.settings

    # What comes in

    def on_frame(self, sender: int, frame: Frame) -> None:
        """Take a frame of an admitted peer. Whatever it breaks here is the sender's fault."""
        try:
            self._take(sender, frame)
        except (DmpcError, OperatorError, OSError) as error:
            self._log.warning("frame_dropped", peer=sender, kind=frame.TAG, why=str(error))
        except Exception as error:  # noqa: BLE001 - no frame may end what goes on with the others
            self._log.exception("frame_broke", peer=sender, kind=frame.TAG)
            self.on_offence(sender, Offence.BROKE, f"{frame.TAG}: {type(error).__name__}")
        self.peers.memory.tell(self.peers.links.peers())

    def _take(self, sender: int, frame: Frame) -> None:
        match frame:
            case Said():
                self.work.runner.said(sender, frame)
            case Proposal():
                self.work.invited(sender, frame)
            case Refusal():
                self.work.runner.refusal(sender, frame)
            case Stock():
                self.peers.stocks.take(sender, frame)
            case Inventory():
                self.peers.take_inventory(sender, frame)
            case Heads():
                self.peers.memory.take(sender, frame)
            case EpochNews():
                self.work.changes.take(sender, frame)

    def on_offence(self, peer: int, offence: Offence, why: str) -> None:
        """A peer did what it must not."""
        self.peers.charge(peer, offence, why)

    def on_peer(self, peer: int, up: bool) -> None:
        """This operator's stream to a peer opened or broke."""
        if up:
            self.peers.came(peer)
        else:
            self.work.runner.lost(peer)

    def on_silence(self, peer: int) -> None:
        """A peer's stream to this operator ended: it says what it holds again on the next one."""
        self.peers.forget(peer)

    # What is seen

    async def look(self) -> None:
        """Read the ledger, answer what can be answered from what is held. Raises ClientError."""
        view = await self.ledger_view.read()
        changed = view.settings.version != self.settings.version
        self.work.outlook.update(view)
        if changed:
            self.peers.follow(self.settings)
        self.outbox.keep_only(
            {("key", i) for i in view.keys}
            | {("signature", i) for i in (*view.signatures, *view.refused)}
        )
        self._catching_up.answer(view, self._party, self._answers_first)
        self.work.runner.retry_parked()
        self.tick()

    def _answers_first(self, request_id: int) -> bool:
        """Whether it is among as many as sign, of those who are here; more answers only cost."""
        group, usable = self.settings.group, self.peers.usable()
        order = rotation(request_subject(request_id), usable.intersection(group.indices))
        return self._myself.index in order[: group.threshold]

    @property
    def _party(self) -> str:
        """This operator's account on the ledger."""
        return self.settings.members[self._myself.index].party

    async def report_again(self) -> None:
        """When it is due, what a restart or a refusal kept from the ledger. Raises ClientError.

        It reads pages, so it is no part of a look.
        """
        if self._clock() < self._reports_due:
            return
        keyring = self.settings.keyring
        known = await self.ledger_view.reported(self._party)
        for held in self.holdings.all_keys():
            if (held.share.info.key_id, held.ledger_key) not in known:
                self.work.report(held)
        for each in self.peers.standing.accusations():
            if (hashlib.sha256(each.document).digest(), each.index) not in known:
                self.outbox.report_fault(keyring, each.index, each.kind, each.why, each.document)
        self._reports_due = self._clock() + REPORTS_S

    # Time

    def tick(self) -> None:
        """Do what is next, and look through the keys now and then."""
        self.peers.memory.tick(self.peers.links.peers())
        if self.peers.memory.later is not None:
            return
        self.work.tick()
        self.peers.memory.tell(self.peers.links.peers())
        if self._clock() - self._reviewed >= REVIEW_S:
            self._review()

    def _review(self) -> None:
        """Erase shares that are worthless: of an ended epoch, or of a key that lost a race."""
        self._reviewed = self._clock()
        running = self.work.runner.running()
        self.work.figures.show(self.holdings, self.peers.standing.guilty, running)
        for held in list(self.holdings.all_keys()):
            self.ledger_view.want_key(held.ledger_key)
            known = self.work.outlook.view.known_keys.get(held.ledger_key)
            other = known is not None and known.public_key != held.public_key
            if other or self._is_stillborn(held) or self.peers.inventories.is_left_behind(held):
                self._log.warning("share_erased", key=held.ledger_key, epoch=held.share.info.epoch)
                self.holdings.erase(held.folder)
                self.peers.tell_all(*self.peers.inventories.mine())
        self._settle_aux()

    def _settle_aux(self) -> None:
        """Keep one auxiliary information once the whole group has what its order wants."""
        group, order = self.settings.group, Target.of(self.settings)
        newest = self.holdings.newest_aux(group.level, order.aux_epoch)
        if newest is None or not set(group.indices) <= set(newest.public.paillier):
            return
        if self.peers.inventories.is_everywhere(newest) and self.holdings.settle_on(newest):
            self.peers.tell_all(*self.peers.inventories.mine())

    def _is_stillborn(self, held: HeldKey) -> bool:
        """Whether a key that was made here can never sign, because fewer than t members hold it.

        Nobody uses it: a root that is not active has no children, and a key request that is open
        has no key. What waits for absent members is reported again, so that the ledger looks at its
        clock.
        """
        holders, now = self._holders_of_new(held), self._clock()
        if holders is None:
            self._unborn.pop(held.ledger_key, None)
            return False
        since, told = self._unborn.setdefault(held.ledger_key, (now, now))
        if now - told >= ABSENT_S:
            self._unborn[held.ledger_key] = since, now
            self.work.report(held)
        return now - since >= STILLBORN_S and holders < self.settings.group.threshold

    def _holders_of_new(self, held: HeldKey) -> int | None:
        """How many members say that they hold this key; None: it is in use."""
        root = self.settings.roots.get(held.ledger_key)
        asked = self.work.outlook.view.keys.get(held.ledger_key)
        if root is not None and not root.active:
            return root.holders if root.public_key == held.public_key else 0
        return asked.holders.get(held.share.info.key_id, 0) if asked is not None else None

    def status(self) -> dict[str, object]:
        """What a person wants to know, as JSON."""
        return {
            "operator": self._myself.index,
            "keyring": self.settings.keyring,
            "enclave": self._enclave,
            "group": self.settings.group.number,
            "refresh": self.settings.refresh,
            "guilty": sorted(self.peers.standing.guilty),
            "signatures": self.work.figures.signed,
            "steps": self.work.runner.steps,
            "faults": self.peers.standing.faults,
            "conduct": self.peers.standing.conduct.describe(),
            "auxiliary_epochs": [info.public.epoch for info in self.holdings.aux],
            "epochs": {held.ledger_key: held.share.info.epoch for held in self.holdings.all_keys()},
            **describe(self.work.situation(all_keys=True)),
        }
