"""One chain: ask the node for its head, let every contract's reader take a step.

Polling over HTTP is the truth. A WebSocket only calls for a poll before its time.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from websockets.asyncio.client import connect

from zrsign_daemon.log import get_logger
from zrsign_daemon.retry import Retry
from zrsign_listener import metrics
from zrsign_listener.nodes import EvmNodes
from zrsign_listener.reader import ContractReader, Source
from zrsign_listener.settings import ChainSettings
from zrsign_listener.store import Store


class ChainListener:
    """Reads all contracts of one chain. `stored` is called when events were stored."""

    def __init__(
        self,
        settings: ChainSettings,
        node: EvmNodes,
        store: Store,
        stored: Callable[[], None],
        retry: Retry,
    ):
        self.settings = settings
        self.readers: list[ContractReader] = []
        self._node, self._store, self._stored, self._retry = node, store, stored, retry

    def fault(self) -> str | None:
        """What a person must look at, None when all is well."""
        return next((reader.fault for reader in self.readers if reader.fault is not None), None)

    async def open(self) -> None:
        """Load the contracts' feeds. Raises DatabaseUnusable."""
        chain = self.settings.caip2
        for contract in self.settings.contracts:
            feed = await self._store.feed(chain, contract.address, contract.start_block)
            source = Source(
                chain,
                contract.address,
                contract.mode,
                self.settings.finality,
                proven=self.settings.completeness == "proven",
            )
            reader = ContractReader(
                source, feed, self.settings.limits, self._node, self._store, retry=self._retry
            )
            await reader.count_orphans()
            self.readers.append(reader)

    async def poll(self) -> None:
        """Read everything that is final now. Raises NodeError or DatabaseUnusable."""
        while await self._look():
            pass

    async def _look(self) -> bool:
        """One step of every reader. Returns whether another is due at once."""
        checkpoints = {
            reader.feed.checkpoint.number
            for reader in self.readers
            if reader.feed.checkpoint is not None
        }
        chain = self.settings
        view = await self._node.view(chain.caip2, chain.finality, checkpoints)
        metrics.TIP.labels(chain.caip2).set(view.tip)
        steps = (reader.step(view) for reader in self.readers)
        # All steps end before a failure is raised, so that no reader is ever in two of them.
        outcomes = await asyncio.gather(*steps, return_exceptions=True)
        if any(isinstance(outcome, int) and outcome > 0 for outcome in outcomes):
            self._stored()
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return any(reader.is_behind(view) for reader in self.readers)


async def watch_heads(url: str, wake: Callable[[], None]) -> None:
    """Call `wake` at every new head (eth_subscribe) until the socket closes or fails."""
    subscribe = {"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]}
    async with connect(url, proxy=None) as socket:
        await socket.send(json.dumps(subscribe))
        async for _head in socket:
            wake()
    get_logger().info("socket closed, subscribing again")
