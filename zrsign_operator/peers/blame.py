"""What this operator thinks of the others: who is left out for a while, and who for good.

Silence and refusals prove nothing, so they cost a pause that doubles; what is done over time is
counted in `zrsign_operator.peers.conduct`. Evidence is kept on the disk
and leaves its culprit out until the keyring's administrators pardon it on the ledger.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from zrsign_dmpc.run.rounds import Abort
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.peers.conduct import Conduct
from zrsign_operator.peers.frames import Proposal

FIELDS: Final = ("kind", "culprits", "why")
"""The fields of a stored fault; each culprit stands with its number of pardons at that time."""
PAUSE_S: Final = 5.0
MAX_PAUSE_S: Final = 60.0
PATIENT_REFUSALS: Final = 5
"""Refusals in a row after which a peer is left out; a single one may be right."""


@dataclass
class _Suspect:
    until: float
    times: int


@dataclass(frozen=True)
class Conviction:
    """A fault as it is told to the ledger, of one culprit."""

    index: int
    kind: str
    why: str
    document: bytes
    """The evidence, as it lies on the disk."""


class Standing:
    """Which peers are left out, and why, by index."""

    def __init__(self, me: int, holdings: Holdings, clock: Callable[[], float]) -> None:
        self.faults: list[dict[str, Any]] = []
        """Who was caught at what, as in the evidence on the disk."""
        self._me = me
        self._pardons: Mapping[int, int] = {}
        self._holdings = holdings
        self._clock = clock
        self.conduct = Conduct(clock)
        self._suspects: dict[int, _Suspect] = {}
        self._refusals: Counter[int] = Counter()
        for document in holdings.evidence():
            known = json.loads(document)
            self.faults.append({name: known[name] for name in FIELDS})

    def left_out(self) -> set[int]:
        """Whom to do without now."""
        now = self._clock()
        silent = {i for i, each in self._suspects.items() if each.until > now}
        return silent | self.shunned()

    def shunned(self) -> set[int]:
        """Whom nothing is begun with now: who was caught, or is excluded for its conduct."""
        return self.guilty | self.conduct.excluded()

    def suspect(self, index: int) -> None:
        """It was silent."""
        if index == self._me:
            return
        times = self._suspects[index].times + 1 if index in self._suspects else 0
        pause = min(PAUSE_S * 2**times, MAX_PAUSE_S)
        self._suspects[index] = _Suspect(self._clock() + pause, times)

    def refused(self, index: int) -> None:
        """It did not take part in what this operator proposed."""
        self._refusals[index] += 1
        if self._refusals[index] > PATIENT_REFUSALS:
            self.suspect(index)

    def returned(self, index: int) -> None:
        """Its link is new."""
        self._suspects.pop(index, None)

    def did_their_part(self, members: Iterable[int]) -> None:
        """An execution with these ended well."""
        for index in members:
            self._refusals.pop(index, None)
            self._suspects.pop(index, None)
            self.conduct.credit(index)

    @property
    def guilty(self) -> set[int]:
        """Who was caught since it was pardoned last."""
        return {
            index
            for fault in self.faults
            for index, pardons in fault["culprits"]
            if self._pardons.get(index, 0) <= pardons and index != self._me
        }

    def accusations(self) -> Iterator[Conviction]:
        """What is to be known about the guilty."""
        guilty = self.guilty
        for document in self._holdings.evidence() if guilty else ():
            fault = json.loads(document)
            for index, pardons in fault["culprits"]:
                if index in guilty and self._pardons.get(index, 0) <= pardons:
                    yield Conviction(index, fault["kind"], fault["why"], document)

    def pardon(self, pardons: Mapping[int, int]) -> None:
        """How often the administrators pardoned each operator."""
        for index, count in pardons.items():
            if count > self._pardons.get(index, 0):
                self.conduct.pardon(index)
        self._pardons = pardons

    def convict(self, proposal: Proposal, outcome: Abort) -> bytes:
        """Keep the evidence, and work without the culprits from now on. Returns the document."""
        fault: dict[str, Any] = {
            "kind": proposal.kind,
            "culprits": [[index, self._pardons.get(index, 0)] for index in outcome.culprits],
            "why": outcome.reason,
        }
        document = json.dumps(
            fault
            | {
                "proposal": proposal.encode().hex(),
                "evidence": [evidence.encode().hex() for evidence in outcome.evidence],
            }
        ).encode()
        self._holdings.keep_evidence(f"{proposal.execution_id.hex()}.json", document)
        self.faults.append(fault)
        return document
