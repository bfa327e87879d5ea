"""Runs executions: joins what may be joined, carries messages, ends on a result, a fault or time.

Short executions step in the event loop. Long ones step in threads, one step of an execution at a
time, with a queue for what arrives meanwhile; what somebody waits for goes first.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from zrsign_daemon.log import get_logger
from zrsign_dmpc.errors import DmpcError
from zrsign_dmpc.run.execution import Execution
from zrsign_dmpc.run.rounds import Abort, Result
from zrsign_dmpc.run.session import Outbound
from zrsign_operator.errors import NotDue, OperatorError, Refused
from zrsign_operator.peers.conduct import Offence
from zrsign_operator.peers.frames import NOT_WITH, Proposal, Refusal, Said, WorkKind
from zrsign_operator.work.desk import Task
from zrsign_operator.work.lanes import Lanes
from zrsign_operator.work.limits import COSTLY, HEAVY, MOST, patience_s
from zrsign_operator.work.run import Run
from zrsign_operator.work.waiting import EarlyMessages, ParkedProposals

REMEMBERED: Final = 4096


@dataclass(frozen=True)
class Ended:
    """How an execution ended here."""

    proposal: Proposal
    execution: Execution
    outcome: Result[Any] | Abort
    seconds: float


class Runner:
    """All executions of one operator."""

    def __init__(
        self,
        me: int,
        *,
        send: Callable[[int, bytes], None],
        prepare: Callable[[Proposal], Task],
        claim: Callable[[Execution], None],
        ended: Callable[[Ended], None],
        refused: Callable[[int, Proposal, Refusal], None],
        lanes: Lanes,
        is_needed: Callable[[Proposal], bool],
        offends: Callable[[int, Offence, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.me = me
        self._offends = offends
        self._send, self._prepare, self._claim = send, prepare, claim
        self._ended, self._refused = ended, refused
        self._lanes, self._is_needed = lanes, is_needed
        self._clock = clock
        self._runs: dict[bytes, Run] = {}
        self._early = EarlyMessages(clock)
        self._parked = ParkedProposals(clock)
        self._retrying = False
        self._past: deque[bytes] = deque(maxlen=REMEMBERED)
        self._tasks: set[asyncio.Task[None]] = set()
        self._log = get_logger(operator=me)
        self.steps = 0
        """How many steps executions took here: while it grows, something moves."""

    # What is under way

    def running(self) -> list[Proposal]:
        """The proposals of all executions under way here."""
        return [run.proposal for run in self._runs.values()]

    def is_running(self, kind: WorkKind, subject: int) -> bool:
        """Whether work of this kind on the subject is under way here."""
        return any(p.kind == kind and subject in p.subjects for p in self.running())

    # Joining

    def propose(self, proposal: Proposal) -> bool:
        """Join it and invite the others; False when this operator itself must not join."""
        if not self._join(proposal, patience=False):
            return False
        frame = proposal.encode()
        for index in proposal.members:
            if index != self.me:
                self._send(index, frame)
        self._release(proposal.execution_id)
        return True

    def invited(self, proposal: Proposal) -> None:
        """A peer's proposal, whose signature and form were checked."""
        known = (self._runs, self._parked, self._past)
        if any(proposal.execution_id in each for each in known):
            return
        if self._join(proposal, patience=True):
            self._release(proposal.execution_id)

    def retry_parked(self) -> None:
        """Look again at what could not be joined yet.

        What is joined may end at once, and its end asks for this again: once at a time is enough.
        """
        if self._retrying:
            return
        self._retrying = True
        try:
            for proposal, since, patience in self._parked.take_all():
                if self._join(proposal, patience=patience, since=since):
                    self._release(proposal.execution_id)
        finally:
            self._retrying = False

    def _join(self, proposal: Proposal, *, patience: bool, since: float | None = None) -> bool:
        """Prepare and start; the first messages wait in the session until `_release`."""
        execution_id, kind = proposal.execution_id, WorkKind(proposal.kind)
        try:
            self._require_room(kind)
            task = self._prepare(proposal)
            if kind in HEAVY:
                self._claim(task.execution)
            session = task.begin()
        except (DmpcError, OperatorError, OSError) as error:
            may_wait = patience and isinstance(error, Refused)
            if may_wait and self._parked.has_room(proposal.proposer):
                self._parked.park(proposal, since)
                return False
            if proposal.proposer != self.me:
                if isinstance(error, NotDue):
                    self._offends(proposal.proposer, Offence.UNDUE, str(error))
                refusal = Refusal(execution_id, str(error)[:300])
                self._send(proposal.proposer, refusal.encode())
            else:
                self._log.info(
                    "not_proposed", kind=kind, subjects=proposal.subjects, why=str(error)
                )
            self._past.append(execution_id)
            return False
        except Exception as error:
            if proposal.proposer == self.me:
                raise
            self._log.exception("proposal_broke", peer=proposal.proposer, kind=kind)
            self._offends(proposal.proposer, Offence.BROKE, f"{kind}: {type(error).__name__}")
            self._past.append(execution_id)
            return False
        self._runs[execution_id] = Run(proposal, task, session, now := self._clock(), now)
        return True

    def _require_room(self, kind: WorkKind) -> None:
        if sum(run.proposal.kind == kind for run in self._runs.values()) >= MOST[kind]:
            raise Refused(f"busy: {MOST[kind]} of {kind} run here")

    def _release(self, execution_id: bytes) -> None:
        run = self._runs[execution_id]
        for sender, data in self._early.take(execution_id):
            self._put(run, sender, data)
        self._step(run, first=True)

    # Messages

    def said(self, sender: int, frame: Said) -> None:
        """A message of an execution. The session checks its signature."""
        run = self._runs.get(frame.execution_id)
        if run is not None:
            if self._put(run, sender, frame.data):
                self._step(run)
            return
        if frame.execution_id not in self._past and not self._early.keep(sender, frame):
            self._offends(sender, Offence.FLOOD, "too much that nobody asked for")

    def _put(self, run: Run, sender: int, data: bytes) -> bool:
        """Take a message into an execution, unless its sender says too much there."""
        if run.take(sender, data):
            return True
        self._offends(sender, Offence.FLOOD, f"more than one says in {run.proposal.kind}")
        return False

    def refusal(self, sender: int, frame: Refusal) -> None:
        """A member does not take part, so nothing will come of it: the proposer tells the rest.

        A member that does not know of it tells whom it heard from.
        """
        self._parked.drop(frame.execution_id, sender)
        run = self._runs.get(frame.execution_id)
        if run is None or sender not in run.proposal.members:
            return
        proposer = run.proposal.proposer
        self._call_off(run, f"party {sender}: {frame.reason}", sender)
        if proposer != self.me and not frame.reason.endswith(NOT_WITH):
            self._offends(sender, Offence.CALLED_OFF, frame.reason)
        if proposer == self.me:
            self._refused(sender, run.proposal, frame)
            self._end(run, Abort(f"party {sender} refused: {frame.reason}", ()))
        else:
            self._end(run, Abort(f"called off: {frame.reason}", ()))

    def _call_off(self, run: Run, why: str, culprit: int) -> None:
        """The proposer tells the others, and others tell the proposer."""
        proposer = run.proposal.proposer
        to = run.proposal.members if proposer == self.me else (proposer,)
        called_off = Refusal(run.proposal.execution_id, why[:300]).encode()
        for index in to:
            if index not in (self.me, culprit):
                self._send(index, called_off)

    def _step(self, run: Run, *, first: bool = False) -> None:
        if run.stepping:
            return
        if run.is_heavy:
            run.stepping = True
            task = asyncio.get_running_loop().create_task(self._step_in_threads(run, first))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return
        sender = self.me
        try:
            if first:
                self._carry(run, run.session.start())
            while run.inbox and run.session.outcome is None:
                sender, data = run.inbox.popleft()
                self._carry(run, run.session.receive(data))
        except Exception as error:  # noqa: BLE001 - what comes from peers breaks no other work
            self._break(run, sender, error)
        self._settle(run)

    async def _step_in_threads(self, run: Run, first: bool) -> None:
        order = (run.proposal.kind != WorkKind.KEYGEN, run.started)

        async def step(work: Callable[[], list[Outbound]]) -> None:
            before = run.session.waiting_for()
            outbound = await self._lanes.run(work, order, partial(self._is_needed, run.proposal))
            if outbound or run.session.waiting_for() != before:
                now = self._clock()
                run.slowest, run.moved = max(run.slowest, now - run.moved), now
            self._carry(run, outbound)

        sender = self.me
        try:
            if first:
                await step(run.session.start)
            while run.inbox and run.session.outcome is None:
                sender, data = run.inbox.popleft()
                await step(lambda data=data: run.session.receive(data))  # type: ignore[misc]
        except Exception as error:  # noqa: BLE001 - as in `_step`
            self._break(run, sender, error)
        finally:
            run.stepping = False
        self._settle(run)

    def _carry(self, run: Run, outbound: list[Outbound]) -> None:
        self.steps += 1
        self._bring(run, outbound)

    def _bring(self, run: Run, outbound: list[Outbound]) -> None:
        execution_id = run.proposal.execution_id
        for message in outbound:
            frame = Said(execution_id, message.data).encode()
            to = run.proposal.members if message.recipient is None else (message.recipient,)
            for index in to:
                if index != self.me:
                    self._send(index, frame)

    # Ends

    def tick(self) -> None:
        """End what stood still for too long; forget what never began."""
        now = self._clock()
        for run in list(self._runs.values()):
            patience = patience_s(WorkKind(run.proposal.kind), run.slowest)
            if now - run.moved > patience and not run.stepping:
                run.session.give_up()
                self._settle(run)
        for sender, execution_id in self._early.expire(spared=self._parked):
            # A restart forgot it, or the invitation was lost: nobody need wait for me.
            unknown = Refusal(execution_id, "I know of no such execution")
            self._send(sender, unknown.encode())
        self.retry_parked()

    def lost(self, peer: int) -> None:
        """The link to a peer broke, and messages with it: its executions cannot end."""
        for run in list(self._runs.values()):
            if peer in run.proposal.members:
                self._lose(run, peer, f"the link to party {peer} broke")

    def silent(self, peer: int) -> None:
        """A peer is not heard any more: what is soon begun again does not wait for it."""
        for run in list(self._runs.values()):
            if peer in run.proposal.members and run.proposal.kind not in COSTLY:
                self._lose(run, peer, f"party {peer} fell silent")

    def _lose(self, run: Run, peer: int, why: str) -> None:
        run.lost, run.why = peer, why
        self._settle(run)

    def _break(self, run: Run, sender: int, error: Exception) -> None:
        """A step broke: on something of this operator's own, or on what a peer brought."""
        if isinstance(error, (DmpcError, OSError)) or sender == self.me:
            self._fail(run, f"cannot go on: {error}")
            return
        self._log.error("step_broke", peer=sender, kind=run.proposal.kind, exc_info=error)
        self._offends(sender, Offence.BROKE, f"{run.proposal.kind}: {type(error).__name__}")
        self._call_off(run, "a message broke a step", sender)
        self._end(run, Abort(f"a message of party {sender} broke a step", (sender,)))

    def _fail(self, run: Run, why: str) -> None:
        """This operator cannot take part any more, and nobody else is to blame."""
        self._call_off(run, why, self.me)
        self._end(run, Abort(why, ()))

    def _settle(self, run: Run) -> None:
        if run.stepping or run.proposal.execution_id not in self._runs:
            return
        if run.session.outcome is not None:
            self._end(run, run.session.outcome)
        elif run.lost:
            # Who joins later than the link broke would wait in vain.
            self._call_off(run, run.why, run.lost)
            self._end(run, Abort(run.why, (run.lost,)))

    def _end(self, run: Run, outcome: Result[Any] | Abort) -> None:
        execution_id = run.proposal.execution_id
        if self._runs.pop(execution_id, None) is None:
            return
        self._past.append(execution_id)
        if isinstance(outcome, Result):
            try:
                run.task.finish(outcome.value)
                self._pass_on(run)
            except (DmpcError, OperatorError, OSError) as error:
                outcome = Abort(f"cannot be kept: {error}", ())
        seconds = self._clock() - run.started
        self._ended(Ended(run.proposal, run.task.execution, outcome, seconds))

    def _pass_on(self, run: Run) -> None:
        """What ended it here, to all: nobody can keep its last word from some and have it made.

        Too few would hold a key; who lacks a presignature would be blamed for refusing to use it;
        auxiliary information would be made again for who does not get to its end.
        A change of a key is two-phase, and of other work nothing is kept.
        """
        if run.proposal.kind not in (WorkKind.AUX, WorkKind.KEYGEN, WorkKind.PRESIGN):
            return
        self._bring(run, [Outbound(None, data) for data in run.session.last_broadcasts()])

    async def stop(self) -> None:
        """End all of it; what steps in threads would say or keep is dropped."""
        self._runs.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
