"""What peers do that costs others something and that nobody can prove to a third party.

Each offence has a price in points, and what a peer owes falls by `LIMIT` points an hour and by a
little with everything that ends well. Whoever owes `LIMIT` is named and done without for a while,
longer each time. Honest operators owe a few points when their views differ; one that refuses, calls
off, claims or floods for a living cannot stay below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

LIMIT: Final = 100.0
"""Points that lead to exclusion."""
FORGOTTEN_S: Final = 3600.0
"""Seconds in which a debt of `LIMIT` is forgotten."""
EXCLUDED_S: Final = 600.0
MAX_EXCLUDED_S: Final = 86_400.0
CREDIT: Final = 0.5
"""Points that an execution with a peer which ended well takes off."""


class Offence(StrEnum):
    """What is counted."""

    FLOOD = "flood"
    """More than its link, or what it says ahead of time, may take."""
    MALFORMED = "malformed"
    """A frame or a proposal that no operator writes."""
    BROKE = "broke"
    """A message on which a step of this operator broke."""
    UNDUE = "undue"
    """A proposal that was not the proposer's to make, or not due."""
    REFUSED = "refused"
    """It did not take part in what this operator proposed."""
    CALLED_OFF = "called off"
    """It ended what this operator had joined; perhaps for another member's reason."""
    LOST = "lost"
    """It says once more that it lost what it had, so that the group must make it again."""
    WENT_BACK = "went back"
    """Its journal forgot what it had told."""


CUTTING: Final = frozenset({Offence.FLOOD, Offence.MALFORMED})
"""What ends a link."""
PRICES: Final[Mapping[Offence, float]] = {
    Offence.FLOOD: LIMIT,
    Offence.MALFORMED: LIMIT,
    Offence.BROKE: 20.0,
    Offence.UNDUE: 2.0,
    Offence.REFUSED: 3.0,
    Offence.CALLED_OFF: 1.0,
    Offence.LOST: 20.0,
    Offence.WENT_BACK: LIMIT,
}


@dataclass
class _Account:
    owed: float = 0.0
    at: float = 0.0
    """When `owed` was right."""
    times: int = 0
    """How often it was excluded."""
    until: float = 0.0
    why: str = ""
    counts: dict[Offence, int] = field(default_factory=dict)


class Conduct:
    """The accounts of all peers of one operator, by index."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._accounts: dict[int, _Account] = {}

    def charge(self, index: int, offence: Offence, why: str) -> float:
        """Count an offence. Seconds for which the peer is excluded from now on; 0.0: it is not."""
        account, now = self._settled(index), self._clock()
        account.counts[offence] = account.counts.get(offence, 0) + 1
        account.owed += PRICES[offence]
        if account.owed < LIMIT or account.until > now:
            return 0.0
        excluded = min(EXCLUDED_S * (1 << account.times), MAX_EXCLUDED_S)
        account.owed, account.times = 0.0, min(account.times + 1, 16)
        account.until, account.why = now + excluded, f"{offence}: {why}"
        return excluded

    def credit(self, index: int) -> None:
        """Something ended well with this peer."""
        if index in self._accounts:
            account = self._settled(index)
            account.owed = max(account.owed - CREDIT, 0.0)

    def excluded(self) -> set[int]:
        """Whom to do without now."""
        now = self._clock()
        return {index for index, account in self._accounts.items() if account.until > now}

    def pardon(self, index: int) -> None:
        """The administrators trust it again."""
        self._accounts.pop(index, None)

    def describe(self) -> dict[str, object]:
        """What a person wants to know, for JSON."""
        excluded = self.excluded()
        return {
            str(index): {
                "counts": dict(account.counts),
                "owed": round(self._settled(index).owed, 1),
                "excluded": account.why if index in excluded else "",
            }
            for index, account in sorted(self._accounts.items())
        }

    def _settled(self, index: int) -> _Account:
        now = self._clock()
        account = self._accounts.setdefault(index, _Account(at=now))
        account.owed = max(account.owed - (now - account.at) * LIMIT / FORGOTTEN_S, 0.0)
        account.at = now
        return account
