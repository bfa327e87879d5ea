"""The nodes of one chain, asked as if they were one.

With one node, or a quorum of 1, the first that answers is believed, and another one when it fails.
With a larger quorum so many nodes must agree on every hash, log, sender and code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence

from zrsign_daemon.events.decode import Block
from zrsign_daemon.events.finality import Finality
from zrsign_daemon.retry import Retry
from zrsign_daemon.several import NoQuorum, Several
from zrsign_listener.errors import NodeError, TooWide
from zrsign_listener.evm import EvmNode, RangeView
from zrsign_listener.plan import NodeView, Scan


class EvmNodes:
    """Every method raises NodeError."""

    def __init__(self, nodes: Sequence[EvmNode], quorum: int, retry: Retry):
        self.endpoint = ", ".join(node.endpoint for node in nodes)
        self._quorum = quorum
        self._several: Several[EvmNode] = Several(
            nodes,
            quorum=quorum,
            on=(NodeError,),
            through=(TooWide,),
            retry=retry,
        )

    async def view(self, caip2: str, finality: Finality, checkpoints: Collection[int]) -> NodeView:
        """What a quorum of nodes has of the chain. Raises WrongChain."""

        async def look(node: EvmNode) -> NodeView:
            return await node.view(caip2, finality, checkpoints)

        if self._quorum == 1:
            return await self._several.ask(look, lambda view: view.final)
        try:
            answers = await self._several.all(look)
            seen = common([view for _, view in answers], self._quorum)
            # A node that lags has none of a block; one on a fork has another.
            self._several.agreed(
                answers,
                lambda view: all(
                    view.hashes.get(number) in (None, hash_)
                    for number, hash_ in seen.hashes.items()
                    if hash_ is not None
                ),
            )
        except NoQuorum as error:
            raise NodeError(str(error)) from None
        return seen

    async def proven(self, contract: str, scan: Scan, known: Block | None) -> RangeView:
        """What a quorum proves of a range, as `EvmNode.proven` does."""

        async def read(node: EvmNode) -> RangeView:
            return await node.proven(contract, scan, known)

        return await self._ask(read)

    async def counted(self, contract: str, scan: Scan) -> RangeView:
        """What a quorum shows of a range, as `EvmNode.counted` does."""

        async def read(node: EvmNode) -> RangeView:
            return await node.counted(contract, scan)

        return await self._ask(read)

    async def codes(self, wanted: Sequence[tuple[str, int]]) -> list[bytes]:
        """The accounts' code, on which a quorum agrees, as `EvmNode.codes` asks for it."""
        try:
            return await self._several.ask(lambda node: node.codes(wanted), tuple)
        except NoQuorum as error:
            raise NodeError(str(error)) from None

    async def _ask(self, read: Callable[[EvmNode], Awaitable[RangeView]]) -> RangeView:
        try:
            return await self._several.ask(read, _essence)
        except NoQuorum as error:
            raise NodeError(str(error)) from None


def common(views: Sequence[NodeView], quorum: int) -> NodeView:
    """What at least `quorum` of the views show: heights that so many have reached, and the hashes
    on which so many agree; None where so many do not have the block. Pure.

    Raises NodeError when they are split over a block that they have.
    """
    tips = sorted((view.tip for view in views), reverse=True)
    finals = sorted((view.final for view in views), reverse=True)
    hashes: dict[int, bytes | None] = {}
    for number in views[0].hashes:
        (hash_, count), *_ = Counter(view.hashes.get(number) for view in views).most_common()
        shown = [view.hashes[number] for view in views if view.hashes.get(number) is not None]
        if count < quorum and len(shown) >= quorum:
            raise NodeError(f"No {quorum} nodes agree on block {number}.")
        hashes[number] = hash_ if count >= quorum else None
    return NodeView(tips[quorum - 1], finals[quorum - 1], hashes)


def _essence(reading: RangeView) -> tuple[object, ...]:
    senders = tuple(sorted((log.tx_hash, reading.senders[log.tx_hash]) for log in reading.logs))
    return reading.blocks, reading.logs, senders
