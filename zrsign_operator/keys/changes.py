"""Brings every change of a key to its one decision, whatever is lost on the way.

Statements and certificates (`zrsign_dmpc.kept.epochs`) are repeated once a second until the change
is decided here. They carry the proposal that began the change, so that a member who never joined it
can say so: its refusal lets the others give up. Who waits and has nothing to state asks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from zrsign_daemon.log import get_logger
from zrsign_dmpc.errors import DmpcError, EncodingError
from zrsign_dmpc.kept.epochs import IllegalStep
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_operator.errors import OperatorError, Refused
from zrsign_operator.keys.folders import KeyFolder
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.ledger.approval import Scheme
from zrsign_operator.ledger.orders import Move, ReshareDetails
from zrsign_operator.peers.frames import EpochNews, Proposal, WorkKind
from zrsign_operator.peers.members import Myself

REPEAT_S: Final = 1.0
DECLINE_S: Final = 0.5
DECLINES_AT_ONCE: Final = 32
"""Changes of one peer that are declined, each `DECLINE_S` and at most at once."""
PATIENT_S: Final = 60.0
"""Seconds that this operator waits for the others' STORED before it says ABORT.

They count from when it has said all that the others need of it.
"""


class EpochChanges:
    """The changes of epoch of all keys of one operator.

    It runs in the event loop, and writes before it speaks.
    """

    def __init__(
        self,
        myself: Myself,
        holdings: Holdings,
        *,
        send: Callable[[int, bytes], None],
        read: Callable[[Proposal], Move],
        is_running: Callable[[WorkKind, int], bool],
        scheme_of: Callable[[int, bytes], Scheme | None],
        decided: Callable[[KeyFolder], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._me, self._myself = myself.index, myself
        self._holdings = holdings
        self._send = send
        self._read = read
        self._is_running = is_running
        self._scheme_of = scheme_of
        self._decided = decided
        self._clock = clock
        self._repeated = clock()
        self._declined: dict[int, float] = {}
        """Clock time until which the declines of a peer's changes are paid for, by peer."""
        self._since: dict[bytes, float] = {}
        """When a change was first seen waiting here, by its id."""
        self._log = get_logger(operator=self._me)

    # An execution of this operator

    def begin(self, move: Move) -> None:
        """Write down that a change begins, before its resharing starts.

        Raises IllegalStep, Refused, OSError.
        """
        self._folder_of(move).open_change(move.change, move.proposal)

    def done(self, move: Move, share: KeyShare | None) -> None:
        """The resharing gave a share; None: this operator only dealt."""
        folder = self._folder_of(move)
        if share is not None:
            self._say(folder, folder.store(share))

    def failed(self, proposal: Proposal) -> None:
        """The resharing ended without a result."""
        for folder in self._waiting():
            if folder.order(_epoch(folder)) == proposal:
                self._refuse(folder)

    # What peers say

    def take(self, sender: int, news: EpochNews) -> None:
        """Junk and news of changes that are no business of mine are dropped."""
        try:
            proposal = Proposal.decode(news.proposal)
            details = ReshareDetails.decode(proposal.details)
        except EncodingError as error:
            self._log.warning("bad_news", peer=sender, why=str(error))
            return
        if sender not in proposal.members or self._me not in proposal.members:
            return
        folder = self._holdings.folder(proposal.subject, details.key.public_key.encode())
        state = folder.keeper.state if folder else None
        if folder and state and state.change and folder.order(state.change.epoch) == proposal:
            self._hear(sender, folder, news)
        elif news.waiting and not self._is_running(WorkKind.RESHARE, proposal.subject):
            self._decline(sender, proposal)

    def _hear(self, sender: int, folder: KeyFolder, news: EpochNews) -> None:
        keeper = folder.keeper
        if keeper.state.decided is not None or not news.said:
            said = tuple(keeper.announcements())
            if said and news.waiting:
                waiting = int(keeper.state.pending is not None)
                self._send(sender, EpochNews(news.proposal, said, waiting).encode())
            return
        out: list[bytes] = []
        for data in news.said:
            out += keeper.receive(data)
        self._say(folder, out)

    def _decline(self, sender: int, proposal: Proposal) -> None:
        """I am not in this change any more, or never was, and shall not be.

        `read` checks who proposed it.
        """
        if not self._myself.remembers(proposal.incarnation_of(self._me)):
            # What I said of it before my memory was lost may differ.
            return
        try:
            move = self._read(proposal)
            folder = self._folder_of(move)
            if move.change.id not in folder.keeper.state.past and not self._may_decline(sender):
                return
            said = folder.keeper.decline(move.change)
        except (DmpcError, OperatorError) as error:
            self._log.info("news_of_another_epoch", key=proposal.subject, why=str(error))
            return
        self._send(sender, EpochNews(proposal.encode(), (said,), waiting=0).encode())

    def _may_decline(self, sender: int) -> bool:
        """A peer must not fill this operator's journals; it will tell its news again."""
        now = self._clock()
        until = max(self._declined.get(sender, 0.0), now) + DECLINE_S
        if until > now + DECLINES_AT_ONCE * DECLINE_S:
            return False
        self._declined[sender] = until
        return True

    # Time

    def tick(self) -> None:
        """Refuse what was cut off by a crash, give up what lasts too long, say all again."""
        now = self._clock()
        if now - self._repeated < REPEAT_S:
            return
        self._repeated = now
        waiting = self._waiting()
        for folder in waiting:
            if not self._is_running(WorkKind.RESHARE, folder.ledger_key):
                self._go_on(folder, now)
        open_now = {f.keeper.state.change.id for f in waiting if f.keeper.state.change}
        self._since = {at: since for at, since in self._since.items() if at in open_now}

    def _go_on(self, folder: KeyFolder, now: float) -> None:
        state = folder.keeper.state
        if state.pending is None:
            return
        since = self._since.setdefault(state.pending.id, now)
        if state.is_member and not state.said:
            self._refuse(folder)
        elif now - since > PATIENT_S:
            self._say(folder, folder.keeper.give_up())
        if folder.keeper.state.pending is not None:
            self._broadcast(folder, folder.keeper.announcements())

    # Speaking

    def _refuse(self, folder: KeyFolder) -> None:
        state = folder.keeper.state
        if state.pending is not None and state.is_member and not state.said:
            self._say(folder, folder.keeper.refuse())

    def _say(self, folder: KeyFolder, said: Sequence[bytes]) -> None:
        if said:
            self._broadcast(folder, said)
        if folder.keeper.state.pending is None:
            self._decided(folder)

    def _broadcast(self, folder: KeyFolder, said: Iterable[bytes]) -> None:
        change = folder.keeper.state.change
        if change is None:
            return
        proposal, waiting = folder.order(change.epoch), int(change is folder.keeper.state.pending)
        frame = EpochNews(proposal.encode(), tuple(said), waiting).encode()
        for index in proposal.members:
            if index != self._me:
                self._send(index, frame)

    def _waiting(self) -> list[KeyFolder]:
        return [each for each in self._holdings.folders() if each.keeper.state.pending]

    def _folder_of(self, move: Move) -> KeyFolder:
        known = self._holdings.folder(move.ledger_key, move.public_key)
        if known is not None:
            return known
        scheme = self._scheme_of(move.ledger_key, move.public_key)
        if scheme is None:
            raise Refused(f"the ledger did not show key {move.ledger_key} yet")
        return self._holdings.new_folder(move.ledger_key, move.public_key, self._me, scheme)


def _epoch(folder: KeyFolder) -> int:
    change = folder.keeper.state.pending
    if change is None:
        raise IllegalStep("no change is under way")
    return change.epoch
