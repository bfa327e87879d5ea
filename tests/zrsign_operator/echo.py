"""The smallest protocol, and a runner of it: everybody says a number, and the result is the sum."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from hashlib import sha256
from typing import ClassVar, TypeVar

from tests.zrsign_dmpc.ecdsa.parties import identity, parties
from tests.zrsign_operator.cluster import AtOnce, Clock
from zrsign_dmpc.group.curves import ED25519
from zrsign_dmpc.run.board import Board
from zrsign_dmpc.run.execution import Execution, Heard, Protocol, RoundSpec
from zrsign_dmpc.run.rounds import Outgoing, Result, Round
from zrsign_dmpc.run.session import Session
from zrsign_dmpc.wire.encoding import Value
from zrsign_dmpc.wire.records import Record
from zrsign_operator.peers import frames
from zrsign_operator.peers.conduct import Offence
from zrsign_operator.peers.frames import Frame, Proposal, Refusal, Said, WorkKind
from zrsign_operator.work.desk import Task
from zrsign_operator.work.lanes import Lanes
from zrsign_operator.work.runner import Ended, Runner
from zrsign_operator.work.yielding import GivingWay

ALL = (1, 2, 3)
ME = 1
BACKGROUND = {WorkKind.AUX, WorkKind.PRESIGN, WorkKind.RESHARE}
F = TypeVar("F", bound=Record)


@dataclass(frozen=True)
class Number(Record):
    """What a party says. A negative one is a lie."""

    TAG: ClassVar[str] = "number"

    value: int


def lies(board: Heard, suspect: int, _: Value) -> bool:
    return board.broadcast(1, suspect, Number).value < 0


ECHO = Protocol("echo", (RoundSpec(broadcast=Number),), {"a lie": lies})


class EchoRound(Round[int]):
    """The only round."""

    number = 1

    def __init__(self, value: int) -> None:
        self._value = value

    def outgoing(self) -> Outgoing:
        return Outgoing(broadcast=Number(self._value))

    def finalize(self, board: Board) -> Result[int]:
        board.require_innocence("a lie")
        return Result(sum(each.value for each in board.broadcasts(1, Number).values()))


def execution(proposal: Proposal) -> Execution:
    return Execution(ECHO, proposal.execution_id, parties(*proposal.members), 2, ED25519)


def proposal(kind: WorkKind = WorkKind.FROST, proposer: int = 2, name: str = "one") -> Proposal:
    """Two of different names are different executions."""
    nonce = sha256(name.encode()).digest()
    return Proposal("keyring1", kind, (7,), proposer, ALL, (bytes(16),) * 3, nonce, b"").signed(
        identity(proposer)
    )


def said(by: int, of: Proposal, value: int | None = None) -> Said:
    """A party's number, by default its index."""
    first = EchoRound(by if value is None else value)
    (message,) = Session(execution(of), by, identity(by), first).start()
    return Said(of.execution_id, message.data)


class Breaking(Session[int]):
    """Fails in every step, as when a disk is full."""

    error: Exception = OSError("no space is left")

    def start(self) -> list[object]:  # type: ignore[override]
        raise self.error


@dataclass
class Harness:
    """A runner, and all that it did."""

    clock: Clock = field(default_factory=Clock)
    sent: list[tuple[int, Frame]] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    """The results that tasks were given."""
    ended: list[Ended] = field(default_factory=list)
    refused: list[tuple[int, Refusal]] = field(default_factory=list)
    offences: list[tuple[int, Offence]] = field(default_factory=list)
    claimed: list[bytes] = field(default_factory=list)
    claimed_before: Exception | None = None
    """What a claim is refused with."""
    why: Exception | None = None
    """What stands against joining anything now."""
    after: Callable[[], None] = lambda: None
    """What the operator does when something ended."""
    session: Callable[[Execution], Session[int]] | None = None
    finish: Callable[[int], None] | None = None
    needed: list[Proposal] = field(default_factory=list)
    """Work in the background that a request waits for."""
    urgent: Executor = field(default_factory=AtOnce)
    """Where the long steps run that somebody waits for."""
    width: int = 1
    """How many of them run at once."""

    def __post_init__(self) -> None:
        lanes = Lanes(self.urgent, AtOnce(), GivingWay(self.clock), self.width)
        self.runner = Runner(
            ME,
            send=lambda to, data: self.sent.append((to, frames.read_frame(data))),
            prepare=self._prepare,
            claim=self._claim,
            ended=self._end,
            refused=lambda peer, _, refusal: self.refused.append((peer, refusal)),
            lanes=lanes,
            offends=lambda peer, offence, _: self.offences.append((peer, offence)),
            is_needed=lambda one: one.kind not in BACKGROUND or one in self.needed,
            clock=self.clock,
        )

    def _prepare(self, proposal: Proposal) -> Task:
        if self.why is not None:
            raise self.why
        run = execution(proposal)

        def begin() -> Session[int]:
            if self.session is not None:
                return self.session(run)
            return Session(run, ME, identity(ME), EchoRound(ME))

        return Task(run, begin, self.finish or self.kept.append)

    def _claim(self, claimed: Execution) -> None:
        if self.claimed_before is not None:
            raise self.claimed_before
        self.claimed.append(claimed.execution_id)

    def _end(self, ended: Ended) -> None:
        self.ended.append(ended)
        self.after()

    def told(self, kind: type[F]) -> list[tuple[int, F]]:
        """What was sent of one kind of frame since it was asked last, with the recipients."""
        found: list[tuple[int, F]] = []
        found += [(to, frame) for to, frame in self.sent if isinstance(frame, kind)]
        self.sent = [(to, frame) for to, frame in self.sent if not isinstance(frame, kind)]
        return found

    def hear(self, of: Proposal, *others: int) -> None:
        """The others' numbers come."""
        for index in others:
            self.runner.said(index, said(index, of))

    @property
    def reasons(self) -> list[str]:
        """Why executions failed, in their order; an empty text for a result."""
        return [getattr(each.outcome, "reason", "") for each in self.ended]


async def settled() -> None:
    """All steps in threads are done."""
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)


def broken(error: Exception) -> Callable[[Execution], Session[int]]:
    """A session whose first step fails."""

    def make(run: Execution) -> Session[int]:
        made = Breaking(run, ME, identity(ME), EchoRound(ME))
        made.error = error
        return made

    return make
