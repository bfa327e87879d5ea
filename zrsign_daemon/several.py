"""Several nodes that should say the same: one answers for another, or so many must agree.

A node that fails or disagrees is rested, longer each time, and asked only when too few others are
left. What a disagreement is says the caller, by the essence of an answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from prometheus_client import Counter, Gauge

from zrsign_daemon.errors import DaemonError
from zrsign_daemon.log import get_logger
from zrsign_daemon.retry import Retry

FAILED = Counter("zrsign_daemon_node_failures", "Calls that a node failed.", ["node"])
DISAGREED = Counter(
    "zrsign_daemon_node_disagreements", "Answers unlike the other nodes'.", ["node"]
)

RESTING = Gauge("zrsign_daemon_node_resting", "1 while a node is asked only in need.", ["node"])


class Node(Protocol):
    """What is asked; `endpoint` is its name in messages."""

    endpoint: str


N = TypeVar("N", bound=Node)
T = TypeVar("T")


class NoQuorum(DaemonError, ConnectionError):
    """Too few nodes gave the same answer. The message says what each did."""


@dataclass
class _Rest:
    failures: int = 0
    until: float = 0.0
    fault: str = ""


class Several(Generic[N]):
    """`quorum` of the nodes must agree; with 1 the first that answers is believed.

    Errors in `on` rest a node, and another is asked in its place; those in `through` say nothing
    against the node and are raised at once where one answer is enough.
    """

    def __init__(
        self,
        nodes: Sequence[N],
        *,
        quorum: int = 1,
        on: tuple[type[Exception], ...],
        through: tuple[type[Exception], ...] = (),
        retry: Retry,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._nodes, self._quorum, self._on, self._through = tuple(nodes), quorum, on, through
        self._retry, self._clock = retry, clock
        self._rests = {node.endpoint: _Rest() for node in nodes}

    async def ask(
        self, question: Callable[[N], Awaitable[T]], essence: Callable[[T], Hashable]
    ) -> T:
        """The answer on whose essence a quorum agrees. Raises NoQuorum, or the last node's error
        where one answer is enough."""
        if self._quorum == 1:
            return await self._first(question)
        return self.agreed(await self.all(question), essence)

    async def _first(self, question: Callable[[N], Awaitable[T]]) -> T:
        *others, last = self._by_rest()
        for node in others:
            try:
                return await self._asked(node, question)
            except self._through:
                raise
            except self._on:
                continue
        return await self._asked(last, question)

    async def all(self, question: Callable[[N], Awaitable[T]]) -> list[tuple[N, T]]:
        """The answers of all nodes that are not at rest; more are asked where those are too few.

        Raises NoQuorum, or the node's error where no quorum is left without it.
        """
        rested = self._by_rest()
        now = self._clock()
        awake = [node for node in rested if self._rests[node.endpoint].until <= now]
        asked = awake if len(awake) >= self._quorum else rested
        outcomes = await asyncio.gather(
            *(self._asked(node, question) for node in asked), return_exceptions=True
        )
        answers: list[tuple[N, T]] = []
        errors: list[BaseException] = []
        for node, outcome in zip(asked, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                if not isinstance(outcome, self._on):
                    raise outcome
                errors.append(outcome)
            else:
                answers.append((node, outcome))
        if len(answers) < self._quorum:
            limits = [error for error in errors if isinstance(error, self._through)]
            if limits:
                raise limits[0]
            said = "; ".join(str(error) for error in errors)
            raise NoQuorum(
                f"{len(answers)} of {len(self._nodes)} nodes answered, {self._quorum} are needed: "
                f"{said}"
            )
        return answers

    def agreed(self, answers: Sequence[tuple[N, T]], essence: Callable[[T], Hashable]) -> T:
        """The answer that a quorum gave; who answered otherwise is named and rested.

        Raises NoQuorum.
        """
        groups: dict[Hashable, list[tuple[N, T]]] = {}
        for node, answer in answers:
            groups.setdefault(essence(answer), []).append((node, answer))
        largest = max(groups.values(), key=len)
        if len(largest) < self._quorum:
            names = " | ".join(
                ", ".join(node.endpoint for node, _ in group) for group in groups.values()
            )
            raise NoQuorum(f"No {self._quorum} nodes agree; alike are: {names}.")
        agreeing = {node.endpoint for node, _ in largest}
        for node, _ in answers:
            if node.endpoint not in agreeing:
                DISAGREED.labels(node.endpoint).inc()
                self._rest(node, f"{node.endpoint} disagrees with {', '.join(sorted(agreeing))}.")
        return largest[0][1]

    async def _asked(self, node: N, question: Callable[[N], Awaitable[T]]) -> T:
        try:
            answer = await question(node)
        except self._through:
            raise
        except self._on as error:
            FAILED.labels(node.endpoint).inc()
            if len(self._nodes) > 1:
                self._rest(node, str(error))
            raise
        rest = self._rests[node.endpoint]
        if rest.until <= self._clock():
            rest.failures, rest.fault = 0, ""
            RESTING.labels(node.endpoint).set(0)
        return answer

    def _rest(self, node: N, fault: str) -> None:
        rest = self._rests[node.endpoint]
        rest.failures += 1
        rest.until = self._clock() + self._retry.delay_s(rest.failures)
        if fault != rest.fault:
            get_logger().warning("node rested", node=node.endpoint, fault=fault)
        rest.fault = fault
        RESTING.labels(node.endpoint).set(1)

    def _by_rest(self) -> list[N]:
        """The nodes, those at rest last, the one that wakes soonest before the others."""
        now = self._clock()
        return sorted(self._nodes, key=lambda node: max(now, self._rests[node.endpoint].until))
