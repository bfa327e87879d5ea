"""The nodes that a client may ask: one after the other, those that lied last."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from zrchain_lite.client.connection import Connection
from zrchain_lite.client.errors import LedgerUnavailable, NodeBehind, NotVerified

_log = logging.getLogger(__name__)
REST_S = 5.0
"""Seconds for which a node that was away or behind is asked in need only."""
T = TypeVar("T")


class Endpoints:
    """The nodes in the order of their settings. Who lied is left for good: it is asked when nobody
    else is there, and is believed then as little as before.
    """

    def __init__(self, nodes: Sequence[Connection], clock: Callable[[], float]) -> None:
        self.nodes, self._clock = tuple(nodes), clock
        self._rests: dict[str, float] = {}
        self.left: dict[str, str] = {}
        """Who lied, and how."""

    async def ask(self, question: Callable[[Connection], Awaitable[T]]) -> T:
        """The first answer that is good; raises the last one's ClientError when none is."""
        *others, last = self._ordered()
        for node in others:
            try:
                return await self._asked(node, question)
            except (LedgerUnavailable, NotVerified):
                continue
        return await self._asked(last, question)

    async def ask_first(self, question: Callable[[Connection], Awaitable[T]]) -> T:
        """What the node says that is asked first now; raises its ClientError."""
        return await self._asked(self._ordered()[0], question)

    def leave(self, node: Connection, why: str) -> None:
        """Note that a node lied, and how."""
        if node.endpoint not in self.left:
            _log.error("left the ledger at %s: %s", node.endpoint, why)
        self.left[node.endpoint] = why

    def usable(self) -> list[Connection]:
        """Those that neither lied nor rest."""
        now = self._clock()
        return [
            node
            for node in self._ordered()
            if node.endpoint not in self.left and self._rests.get(node.endpoint, now) <= now
        ]

    async def _asked(self, node: Connection, question: Callable[[Connection], Awaitable[T]]) -> T:
        try:
            return await question(node)
        except (LedgerUnavailable, NodeBehind) as error:
            if len(self.nodes) > 1:
                _log.warning("%s", error)
            self._rests[node.endpoint] = self._clock() + REST_S
            raise
        except NotVerified as error:
            self.leave(node, str(error))
            raise

    def _ordered(self) -> list[Connection]:
        now = self._clock()
        return sorted(
            self.nodes,
            key=lambda node: (
                node.endpoint in self.left,
                max(now, self._rests.get(node.endpoint, now)),
            ),
        )
