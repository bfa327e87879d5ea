"""Many parties in one process, with a network and parties that misbehave on request.

Every run is reproducible: one seed decides which message arrives next and what a hook does to it. A
message can be dropped, delayed, duplicated, reordered or altered in its bytes by a `Carrier`; a
`Deviation` is a party that signs other messages than the protocol says, a different one to each
recipient if it likes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Generic, TypeVar

from zrsign_dmpc.errors import DmpcError
from zrsign_dmpc.run.execution import Execution, IdentityKey
from zrsign_dmpc.run.messages import EVERYBODY, MessageKind
from zrsign_dmpc.run.rounds import Abort, Result, Round
from zrsign_dmpc.run.session import Outbound, Session
from zrsign_dmpc.wire.records import Record

T = TypeVar("T")


@dataclass(frozen=True)
class Flight:
    """A message on its way to one recipient."""

    sender: int
    recipient: int
    data: bytes
    delayed: bool = False
    """Arrives only when nothing else is on its way."""


Carrier = Callable[[Flight, Random], list[Flight]]
"""What the network makes of a message: nothing, itself, or several."""


def faithful(flight: Flight, _: Random) -> list[Flight]:
    """Deliver once, unaltered; the order is still random."""
    return [flight]


def disturbed(
    *, drop: float = 0.0, delay: float = 0.0, duplicate: float = 0.0, alter: float = 0.0
) -> Carrier:
    """A network that does each of these to a message with the given probability."""

    def carry(flight: Flight, random: Random) -> list[Flight]:
        if random.random() < drop:
            return []
        if random.random() < delay:
            flight = replace(flight, delayed=True)
        copies = [flight, flight] if random.random() < duplicate else [flight]
        if random.random() < alter:
            copies.append(replace(flight, data=_flip(flight.data, random)))
        return copies

    return carry


def _flip(data: bytes, random: Random) -> bytes:
    position = random.randrange(len(data))
    changed = bytearray(data)
    changed[position] ^= 1 << random.randrange(8)
    return bytes(changed)


Alteration = Callable[[int, int, Record], Record | None]
"""(round, recipient, what the protocol would send) ↦ what is sent instead; None: nothing."""


class Deviation(Session[T]):
    """A party that follows the protocol except for what `alter` changes before it is signed.

    Broadcasts are offered to `alter` once for each recipient; the party itself believes the last
    story that it told, so a lie that is the same for all is not given away by its view.
    """

    def __init__(
        self,
        execution: Execution,
        me: int,
        identity: IdentityKey,
        first: Round[T],
        alter: Alteration,
    ) -> None:
        super().__init__(execution, me, identity, first)
        self._alter = alter

    def _send_round(self) -> list[Outbound]:
        outgoing = self._round.outgoing()
        number = self._round.number
        sent: list[Outbound] = []
        told = outgoing.broadcast
        for recipient in self.execution.others(self.me):
            if outgoing.broadcast is not None:
                changed = self._alter(number, recipient, outgoing.broadcast)
                sent += self._sent(MessageKind.BROADCAST, recipient, changed)
                told = changed or told
            if recipient in outgoing.direct:
                changed = self._alter(number, recipient, outgoing.direct[recipient])
                sent += self._sent(MessageKind.DIRECT, recipient, changed)
        if told is not None:
            self._board.put(self._signed(MessageKind.BROADCAST, EVERYBODY, told))
        return sent

    def _sent(self, kind: MessageKind, recipient: int, record: Record | None) -> list[Outbound]:
        if record is None:
            return []
        message = self._signed(
            kind, EVERYBODY if kind == MessageKind.BROADCAST else recipient, record
        )
        return [Outbound(recipient, message.encode())]


class Simulation(Generic[T]):
    """Carries messages between sessions until all have ended or nothing moves any more."""

    def __init__(
        self,
        sessions: Mapping[int, Session[T]],
        seed: int,
        carrier: Carrier = faithful,
        max_steps: int = 200_000,
    ) -> None:
        self.sessions = dict(sessions)
        self.bytes_sent = dict.fromkeys(self.sessions, 0)
        self._random = Random(seed)  # noqa: S311 - a schedule, not a secret
        self._carrier = carrier
        self._flights: list[Flight] = []
        self._max_steps = max_steps

    def run(self) -> dict[int, Result[T] | Abort]:
        """Every party's outcome. Whoever still waits in the end gives up on the silent ones."""
        for index, session in self.sessions.items():
            self._post(index, session.start())
        for _ in range(self._max_steps):
            if not self._flights:
                break
            self._deliver(self._next())
        else:
            raise DmpcError(f"the simulation did not settle in {self._max_steps} steps")
        return {index: session.give_up() for index, session in self.sessions.items()}

    def _post(self, sender: int, outbound: list[Outbound]) -> None:
        for message in outbound:
            everybody = message.recipient is None
            for recipient in self.sessions:
                if recipient != sender and (everybody or recipient == message.recipient):
                    self.bytes_sent[sender] += len(message.data)
                    flight = Flight(sender, recipient, message.data)
                    self._flights += self._carrier(flight, self._random)

    def _next(self) -> Flight:
        prompt = [i for i, flight in enumerate(self._flights) if not flight.delayed]
        chosen = self._random.choice(prompt or range(len(self._flights)))
        self._flights[chosen], self._flights[-1] = self._flights[-1], self._flights[chosen]
        return self._flights.pop()

    def _deliver(self, flight: Flight) -> None:
        session = self.sessions[flight.recipient]
        try:
            self._post(flight.recipient, session.receive(flight.data))
        except Exception:
            # A party that deviates may trip over its own lies; an honest one must not.
            if not isinstance(session, Deviation):
                raise
