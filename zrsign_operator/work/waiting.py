"""What comes before its time: messages of executions that are not known, proposals not due yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from zrsign_operator.peers.frames import Proposal, Said, WorkKind

MAX_EARLY: Final = 64
"""Messages kept of one peer for an execution that is not known yet."""
MAX_EARLY_BYTES: Final = 4 << 20
"""Bytes kept of one peer for all executions that are not known yet.

It is one round of each: with 32 operators at PAILLIER_3072, 16 presignings take 0.6 MB.
"""
MAX_EARLY_EXECUTIONS: Final = 256
"""Executions of one peer that messages are kept for before they are known."""
EARLY_S: Final = 5.0
"""Longer only while the proposal itself waits."""
MAX_PARKED: Final = 256
"""Proposals of one peer that may wait."""
PARK_S: Final[Mapping[WorkKind, float]] = {WorkKind.AUX: 90.0, WorkKind.ECDSA: 10.0}
"""How long a proposal waits for primes, or for a presigning that is about to end here, too."""
PARK_SHORTLY_S: Final = 2.0
"""How long any other waits for the ledger's view to catch up."""


@dataclass
class _Early:
    since: float
    messages: list[bytes] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of all messages."""
        return sum(map(len, self.messages))


class EarlyMessages:
    """Messages of executions that are not known yet, by sender and execution id."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: defaultdict[int, dict[bytes, _Early]] = defaultdict(dict)

    def keep(self, sender: int, frame: Said) -> bool:
        """Keep a message, or drop it; False: it is more than all that is kept of one peer."""
        known = self._kept[sender]
        if frame.execution_id not in known:
            if len(known) >= MAX_EARLY_EXECUTIONS:
                return True
            known[frame.execution_id] = _Early(self._clock())
        messages = known[frame.execution_id].messages
        if sum(early.size for early in known.values()) + len(frame.data) > MAX_EARLY_BYTES:
            return False
        if len(messages) < MAX_EARLY:
            messages.append(frame.data)
        return True

    def take(self, execution_id: bytes) -> Iterator[tuple[int, bytes]]:
        """What was kept of an execution, with who said it; it is kept no longer."""
        for sender, known in self._kept.items():
            if execution_id in known:
                for data in known.pop(execution_id).messages:
                    yield sender, data

    def expire(self, spared: Container[bytes]) -> Iterator[tuple[int, bytes]]:
        """Forget what waited for too long: who spoke of which execution."""
        now = self._clock()
        for sender, known in self._kept.items():
            for execution_id, early in list(known.items()):
                if now - early.since > EARLY_S and execution_id not in spared:
                    del known[execution_id]
                    yield sender, execution_id


class ParkedProposals:
    """Proposals that this operator may join soon, by execution id."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._parked: dict[bytes, tuple[float, Proposal]] = {}

    def __contains__(self, execution_id: object) -> bool:
        return execution_id in self._parked

    def has_room(self, proposer: int) -> bool:
        """Whether one more of this proposer's may wait."""
        return sum(p.proposer == proposer for _, p in self._parked.values()) < MAX_PARKED

    def park(self, proposal: Proposal, since: float | None) -> None:
        """Let it wait; `since` when it did already, None: from now on."""
        self._parked[proposal.execution_id] = self._clock() if since is None else since, proposal

    def drop(self, execution_id: bytes, member: int) -> None:
        """Forget a proposal that one of its members takes no part in."""
        _, parked = self._parked.get(execution_id, (0.0, None))
        if parked is not None and member in parked.members:
            del self._parked[execution_id]

    def take_all(self) -> Iterator[tuple[Proposal, float, bool]]:
        """Each that waits now, since when, and whether it may wait further; it waits no longer."""
        now = self._clock()
        for execution_id in list(self._parked):
            since, proposal = self._parked.pop(execution_id)
            limit = PARK_S.get(WorkKind(proposal.kind), PARK_SHORTLY_S)
            yield proposal, since, now - since < limit
