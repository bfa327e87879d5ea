"""One chain's loop: ask the node for its head, let every contract's reader take a step, rest.

Polling over HTTP is the truth. A WebSocket only ends the rest early.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from daemon.log import get_logger
from daemon.retry import Retry
from zrsign_listener import gauges
from zrsign_listener.config import ChainSettings
from zrsign_listener.errors import RpcError, StoreUnavailable
from zrsign_listener.evm import EvmRpc, host_of, is_loopback
from zrsign_listener.reader import ContractReader, Source
from zrsign_listener.rest import rest
from zrsign_listener.store import Store

# The longest pause after failures; short enough that a node that comes back is noticed.
RETRY = Retry(base_s=0.2, cap_s=15.0)


class ChainListener:
    """Reads all contracts of one chain. `stored` is called when events were stored."""

    def __init__(
        self,
        settings: ChainSettings,
        rpc: EvmRpc,
        store: Store,
        stored: Callable[[], None],
        *,
        retry: Retry = RETRY,
    ):
        self.settings = settings
        self.readers: list[ContractReader] = []
        self._rpc, self._store, self._stored, self._retry = rpc, store, stored, retry
        self._woken = asyncio.Event()
        self._fault: str | None = None
        self._log = get_logger(chain=settings.caip2, node=rpc.host)

    @property
    def fault(self) -> str | None:
        """What a person must look at, for health checks."""
        faults = (self._fault, *(reader.fault for reader in self.readers))
        return next((fault for fault in faults if fault is not None), None)

    async def open(self) -> None:
        """Load the contracts' feeds. Raises StoreUnavailable."""
        chain = self.settings.caip2
        for contract in self.settings.contracts:
            feed = await self._store.feed(chain, contract.address, contract.start_block)
            source = Source(chain, contract.address, contract.mode)
            self.readers.append(
                ContractReader(
                    source, feed, self.settings.policy, self._rpc, self._store, retry=self._retry
                )
            )

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop`. A node's or the database's failure is counted, logged and retried."""
        waker = asyncio.create_task(self._wake_on_heads())
        failures = 0
        try:
            while not stop.is_set():
                self._woken.clear()
                try:
                    behind = await self.poll()
                    failures, self._fault = 0, None
                    pause_s = 0.0 if behind else self.settings.poll_interval_s
                except (RpcError, StoreUnavailable) as error:
                    failures += 1
                    self._failed(failures, error)
                    pause_s = self._retry.delay_s(failures)
                if pause_s > 0:
                    await rest(pause_s, stop, self._woken)
        finally:
            waker.cancel()
            with suppress(asyncio.CancelledError):
                await waker

    async def poll(self) -> bool:
        """One look at the chain. Returns whether more is to be read at once. Raises RpcError."""
        checkpoints = {
            r.feed.checkpoint.number for r in self.readers if r.feed.checkpoint is not None
        }
        view = await self._rpc.view(self.settings.caip2, self.settings.finality, checkpoints)
        gauges.TIP.labels(self.settings.caip2).set(view.tip.number)
        if sum(await asyncio.gather(*(reader.step(view) for reader in self.readers))):
            self._stored()
        return any(reader.is_behind(view) for reader in self.readers)

    def _failed(self, failures: int, error: Exception) -> None:
        gauges.RPC_ERRORS.labels(self.settings.caip2).inc()
        self._fault = str(error)
        self._log.warning("poll failed, trying again", failures=failures, fault=str(error))

    async def _wake_on_heads(self) -> None:
        """Wake the poll at each new head; when the socket is gone, polling goes on alone."""
        url, attempt = self.settings.ws_url, 0
        if url is None:
            return
        subscribe = {"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]}
        while True:
            try:
                async with connect(url, proxy=None if is_loopback(url) else True) as socket:
                    await socket.send(json.dumps(subscribe))
                    async for _head in socket:
                        attempt = 0
                        self._woken.set()
            except (OSError, TimeoutError, WebSocketException) as error:
                if attempt == 0:
                    self._log.info("no new-head wake-ups", socket=host_of(url), fault=str(error))
            attempt += 1
            await asyncio.sleep(self._retry.delay_s(attempt))
