"""One execution that is under way here."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any, Final

from zrsign_dmpc.run.session import Session
from zrsign_operator.peers.frames import Proposal
from zrsign_operator.work.desk import Task
from zrsign_operator.work.limits import HEAVY, allowance

MAX_SAID: Final = 128
"""Messages of one peer in an execution: two a round, and what it passes on of accusations."""
MAX_SHORT_BYTES: Final = 1 << 17
"""The size of a message of a short execution, whose steps run in the event loop."""


@dataclass
class Run:
    """A session, what peers brought to it, and where it stands. Times are of the runner's clock."""

    proposal: Proposal
    task: Task
    session: Session[Any]
    started: float
    moved: float
    """When it began, or came nearer to its end last."""
    inbox: deque[tuple[int, bytes]] = field(default_factory=deque)
    """Who brought a message, and the message."""
    said: Counter[int] = field(default_factory=Counter)
    """How many messages each peer brought."""
    said_bytes: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    """Seconds that it stood still most."""
    stepping: bool = False
    lost: int = 0
    """A member that is not there any more."""
    why: str = ""
    """What became of it."""

    @property
    def is_heavy(self) -> bool:
        """Whether its steps run in threads."""
        return self.proposal.kind in HEAVY

    def take(self, sender: int, data: bytes) -> bool:
        """Queue a message; False: its sender says too much here, or too long a thing."""
        self.said[sender] += 1
        self.said_bytes[sender] += len(data)
        too_much = self.said_bytes[sender] > allowance(self.task.execution)
        too_long = not self.is_heavy and len(data) > MAX_SHORT_BYTES
        if self.said[sender] > MAX_SAID or too_much or too_long:
            return False
        self.inbox.append((sender, data))
        return True
