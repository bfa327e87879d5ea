"""What operators know of each other's single-use journals: so that none forgets what it used.

A machine's snapshot brings journal and anchor back together, so the operator cannot see by itself
that it went back, and would use presignatures again. Every operator signs the head of its journal
and tells it; peers remember the latest and show it to whoever comes. An operator that is shown a
later head of its own stops; one that shows an earlier head than it did is refused. What was made
ahead before a start is used only after as many have answered as cannot all lie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import ClassVar, Final, Protocol

from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.run.execution import Parties
from zrsign_dmpc.wire.encoding import Tagged, encode
from zrsign_dmpc.wire.records import Record
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.peers.frames import MAX_INCARNATIONS, Heads
from zrsign_operator.peers.members import Myself

KEPT_S: Final = 5.0
"""How often, in seconds, what is remembered is written down."""


@dataclass(frozen=True)
class JournalHead(Record):
    """The head of an operator's journal, in one incarnation."""

    TAG: ClassVar[str] = "journal-head"

    party: int
    incarnation: bytes
    count: int
    digest: bytes
    signature: bytes = b""

    @property
    def signed_bytes(self) -> bytes:
        """What the operator's identity key signs: all fields but the signature."""
        return encode(Tagged("zrsign-operator-journal-head-v1", self.to_value().fields[:-1]))

    def is_signed(self, parties: Parties) -> bool:
        """Whether the operator that it is of signed it."""
        return parties.verify(self.party, self.signed_bytes, self.signature)


@dataclass(frozen=True)
class Remembered(Record):
    """All that is remembered, as it lies on the disk: of each peer the latest incarnation last."""

    TAG: ClassVar[str] = "remembered-heads"

    heads: tuple[JournalHead, ...]


class Send(Protocol):
    """Queues a frame for a peer; one that may linger goes with the next that must not."""

    def __call__(self, index: int, frame: bytes, *, linger: bool = False) -> None: ...


class Memory:
    """The journal heads of all operators, as one of them knows them."""

    def __init__(
        self,
        myself: Myself,
        holdings: Holdings,
        send: Send,
        parties: Callable[[], Parties],
        went_back: Callable[[int], None],
        began_anew: Callable[[int], None],
        clock: Callable[[], float],
    ) -> None:
        """`went_back` hears of peers whose journals are older than what they had told, `began_anew`
        of those that have another one once more.
        """
        self._myself, self._holdings = myself, holdings
        self._send, self._parties = send, parties
        self._went_back, self._began_anew = went_back, began_anew
        self._clock = clock
        self._answered: set[int] = set()
        self._known: dict[int, dict[bytes, JournalHead]] = {}
        self._told, self._kept, self._changed = -1, clock(), False
        self.later: JournalHead | None = None
        """A head that this operator signed and its journal does not have: it went back."""
        stored = holdings.heads()
        for head in Remembered.decode(stored).heads if stored else ():
            self._remember(head)

    def confirmed(self, threshold: int, members: Iterable[int]) -> bool:
        """Whether so many members answered that one of them is honest: t, or all others."""
        others = set(members) - {self._myself.index}
        return len(self._answered & others) >= min(threshold, len(others))

    def show(self, peer: int) -> None:
        """Tell a peer this operator's head, and what it knows of the peer's."""
        known = self._known.get(peer, {})
        self._send(
            peer, Heads(self._mine(), tuple(each.encode() for each in known.values())).encode()
        )

    def take(self, peer: int, heads: Heads) -> None:
        """What a peer says of itself, and of this operator. Raises EncodingError."""
        mine, parties = self._mine_head(), self._parties()
        for data in heads.yours:
            shown = JournalHead.decode(data)
            if shown.party != mine.party or not shown.is_signed(parties):
                continue
            if shown.incarnation == mine.incarnation and _is_later(shown, mine):
                self.later = shown
        self._answered.add(peer)
        theirs = JournalHead.decode(heads.mine)
        if theirs.party != peer or not theirs.is_signed(parties):
            raise EncodingError("a journal's head that its operator did not sign")
        self._judge(peer, theirs)

    def _judge(self, peer: int, head: JournalHead) -> None:
        known = self._known.get(peer, {})
        before = known.get(head.incarnation)
        newest = next(reversed(known)) if known else head.incarnation
        if before is not None and (newest != head.incarnation or _is_later(before, head)):
            self.show(peer)
            self._went_back(peer)
            return
        if known and before is None:
            # Its store is another one: what was made ahead with the one before is lost there, and
            # would fill pools here for good.
            self._holdings.drop_presignatures_with(peer)
            if len(known) > 1:
                # A disk may be lost once.
                self._began_anew(peer)
        if before != head:
            self._remember(head)
            self._changed = True

    def _remember(self, head: JournalHead) -> None:
        known = self._known.setdefault(head.party, {})
        known.pop(head.incarnation, None)
        known[head.incarnation] = head
        while len(known) > MAX_INCARNATIONS:
            del known[next(iter(known))]

    def tell(self, peers: Iterable[int]) -> None:
        """Tell what was used since: in one batch with the shares that it was used for."""
        if self._holdings.single_use.count != self._told:
            self._told = self._holdings.single_use.count
            frame = Heads(self._mine(), ()).encode()
            for peer in peers:
                self._send(peer, frame, linger=True)

    def tick(self, peers: Iterable[int]) -> None:
        """Tell what was used since, and write down what was heard."""
        self.tell(peers)
        if self._changed and self._clock() - self._kept >= KEPT_S:
            self._kept, self._changed = self._clock(), False
            heads = [each for known in self._known.values() for each in known.values()]
            self._holdings.keep_heads(Remembered(tuple(heads)).encode())

    def _mine(self) -> bytes:
        draft = self._mine_head()
        signature = self._myself.identity.sign(draft.signed_bytes)
        return replace(draft, signature=signature).encode()

    def _mine_head(self) -> JournalHead:
        head = self._holdings.single_use.head
        return JournalHead(self._myself.index, self._myself.incarnation, head.count, head.digest)


def _is_later(first: JournalHead, second: JournalHead) -> bool:
    """Whether the first is of more entries than the second, or of others."""
    return first.count > second.count or (
        first.count == second.count and first.digest != second.digest
    )
