"""Many calls to one node: in batches, side by side, and as fast as the node lets them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from zrsign_daemon.jsonrpc import Call, JsonRpc, NodeBusy, NodeRefused, NodeUnavailable
from zrsign_listener.errors import NodeError

MAX_BATCH = 100
"""Calls in one HTTP request at most."""
CONCURRENCY = 4
"""Batches under way at one node, as long as it never said that it was too busy."""
PAUSE_S = 1.0
"""How long nothing is asked of a node that had enough: providers count by the second."""
MAX_PAUSES = 60
"""Pauses in a row without one answer, after which the node counts as unavailable."""


class Batches:
    """Every method raises NodeError, whose message names the node's host."""

    def __init__(self, rpc: JsonRpc, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep):
        self.endpoint = rpc.endpoint
        self._rpc, self._sleep = rpc, sleep
        self._free = asyncio.Semaphore(CONCURRENCY)
        self._size = MAX_BATCH
        self._at_once = CONCURRENCY
        self._takes_batches = True

    async def ask(self, calls: Sequence[Call]) -> list[Any]:
        """The result of every call; a refused one raises NodeError."""
        return [self.taken(answer) for answer in await self.answers(calls)]

    def taken(self, answer: Any) -> Any:
        """The answer, or a NodeError in the place of a refusal."""
        if isinstance(answer, NodeRefused):
            raise NodeError(f"{self.endpoint} refused {str(answer)[:300]}")
        return answer

    async def answers(self, calls: Sequence[Call]) -> list[Any]:
        """The result of every call, or its NodeRefused in that place.

        What the node was too busy for is asked again, in smaller batches and after a pause.
        """
        answers: dict[int, Any] = {}
        waiting, pauses = list(range(len(calls))), 0
        while waiting:
            width = self._size * self._at_once
            turn, waiting = waiting[:width], waiting[width:]
            chunks = [turn[i : i + self._size] for i in range(0, len(turn), self._size)]
            outcomes = await asyncio.gather(*(self._chunk(calls, chunk) for chunk in chunks))
            answered = {place: each for outcome in outcomes for place, each in outcome.items()}
            answers |= answered
            left = [place for place in turn if place not in answers]
            if not left:
                self._size = min(MAX_BATCH, self._size + 1)
                continue
            pauses = 0 if answered else pauses + 1
            if pauses > MAX_PAUSES:
                raise NodeError(f"{self.endpoint} takes no more calls.")
            waiting = left + waiting
            self._size, self._at_once = max(1, self._size // 2), 1
            await self._sleep(PAUSE_S)
        return [answers[place] for place in range(len(calls))]

    async def _chunk(self, calls: Sequence[Call], places: Sequence[int]) -> dict[int, Any]:
        """Answers by place; what the node was too busy for is not among them."""
        try:
            async with self._free:
                answers = await self._sent([calls[place] for place in places])
        except NodeBusy:
            return {}
        except NodeUnavailable as error:
            raise NodeError(str(error)) from None
        return {
            place: answer
            for place, answer in zip(places, answers, strict=True)
            if not (isinstance(answer, NodeRefused) and answer.is_busy)
        }

    async def _sent(self, calls: Sequence[Call]) -> list[Any]:
        if self._takes_batches and len(calls) > 1:
            try:
                return await self._rpc.batch(calls)
            except NodeRefused as refused:
                if refused.is_busy:
                    return [refused] * len(calls)
                self._takes_batches = False
        return [await self._single(call) for call in calls]

    async def _single(self, call: Call) -> Any:
        try:
            return await self._rpc.call(*call)
        except NodeRefused as refused:
            return refused
