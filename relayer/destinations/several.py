"""One destination chain through several nodes, of which some may lag, fork or lie.

What is sent goes to all of them. Where a transaction stands is what `quorum` of them say; that it
is lost has to be said by each node that answers, for one that has the transaction proves the
opposite.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from relayer.destinations import Destination
from relayer.news import (
    Accepted,
    Final,
    Included,
    NotTaken,
    Pending,
    Rejected,
    Status,
    Stranded,
    Submission,
    Unknown,
    Unreachable,
)
from zrsign_daemon.jsonrpc import JsonRpc, NodeUnavailable
from zrsign_daemon.retry import Retry
from zrsign_daemon.several import Several

REST = Retry(base_s=0.5, cap_s=60.0)


class AnyOf(JsonRpc):
    """Nodes of which the first that answers is believed; one that fails is rested."""

    def __init__(self, nodes: Sequence[JsonRpc]):
        self.endpoint = ", ".join(node.endpoint for node in nodes)
        self._nodes = nodes
        self._several: Several[JsonRpc] = Several(nodes, on=(NodeUnavailable,), retry=REST)

    async def call(self, method: str, *params: Any) -> Any:
        """The `result` of one call. Raises NodeUnavailable or NodeRefused."""
        return await self._several.ask(lambda node: node.call(method, *params), id)

    async def close(self) -> None:
        """Close the connections to all nodes."""
        for node in self._nodes:
            await node.close()


class SeveralNodes(Destination):
    """The same chain through each of `nodes`; `quorum` of them have to agree."""

    def __init__(self, nodes: Sequence[Destination], quorum: int):
        self.chain = nodes[0].chain
        self._nodes = nodes
        self._quorum = quorum

    async def submit(self, signed: bytes) -> Submission:
        said = await asyncio.gather(*(node.submit(signed) for node in self._nodes))
        for kind in (Accepted, NotTaken):
            if (found := next((one for one in said if isinstance(one, kind)), None)) is not None:
                return found
        return said[0]

    async def status(
        self,
        signed: bytes,
        tx_ids: Sequence[str],
        height: int = 0,
        since: int = 0,
        earlier: Sequence[bytes] = (),
    ) -> Status:
        said = await asyncio.gather(
            *(node.status(signed, tx_ids, height, since, earlier) for node in self._nodes)
        )
        return agreed(said, self._quorum)

    async def close(self) -> None:
        for node in self._nodes:
            await node.close()


def agreed(said: Sequence[Status], quorum: int) -> Status:
    """What `quorum` nodes say of a transaction, and nobody has to take back."""
    answers = [one for one in said if not isinstance(one, Unreachable)]
    if len(answers) < quorum:
        silent = "; ".join(one.reason for one in said if isinstance(one, Unreachable))
        return Unreachable(f"{len(answers)} of {len(said)} nodes answer, {quorum} needed: {silent}")
    for kinds in ((Final,), (Final, Included)):
        landed = [one for one in answers if isinstance(one, kinds)]
        if (place := _most(landed, quorum)) is not None:
            there = [one for one in landed if _place(one) == place]
            return min(there, key=lambda one: isinstance(one, Final))
    if any(isinstance(one, Final | Included | Pending) for one in answers):
        return Pending(reason="disagreement: fewer nodes than the quorum have it in a block")
    lost = [one for one in answers if isinstance(one, Rejected)]
    if len(lost) == len(answers):
        return lost[0]
    stranded = [one for one in answers if isinstance(one, Stranded | Rejected)]
    if stranded:
        return Stranded(f"disagreement: {len(stranded)} of {len(answers)}: {stranded[0].reason}")
    return max((one for one in answers if isinstance(one, Unknown)), key=lambda one: one.height)


def _place(one: Final | Included) -> tuple[str, int, str]:
    return one.tx_id, one.height, one.reason


def _most(landed: Sequence[Final | Included], quorum: int) -> tuple[str, int, str] | None:
    """The place that a quorum names."""
    counted = Counter(map(_place, landed)).most_common(1)
    return counted[0][0] if counted and counted[0][1] >= quorum else None
