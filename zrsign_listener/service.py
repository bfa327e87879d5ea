"""What the listener runs: a loop or two a chain, and one that reports. They meet in the store."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import partial

from zrchain_lite.client import Account, LedgerClient
from zrsign_daemon import metrics
from zrsign_daemon.database import held
from zrsign_daemon.jsonrpc import JsonRpc
from zrsign_daemon.keyfile import read_secret
from zrsign_daemon.loops import Loop, run_all
from zrsign_daemon.retry import Retry
from zrsign_listener.evm import EvmNode
from zrsign_listener.listener import ChainListener, watch_heads
from zrsign_listener.nodes import EvmNodes
from zrsign_listener.report import Reporter
from zrsign_listener.settings import ChainSettings, ListenerSettings
from zrsign_listener.store import Store

# The longest pause after failures; short enough that a node that comes back is noticed.
RETRY = Retry(base_s=0.2, cap_s=15.0)
# Stored events wake the report at once; this is for those that the ledger did not take.
REPORT_PAUSE_S = 1.0
ROLE = "listener"


async def run(settings: ListenerSettings, stop: asyncio.Event) -> None:
    """Run until `stop`. A loop that fails stops no other."""
    account = Account.from_secret(read_secret(settings.ledger.key_file))
    async with AsyncExitStack() as resources:
        resources.enter_context(held(settings.database_url))
        store = await resources.enter_async_context(await Store.open(settings.database_url))
        roles = store.roles(settings.lease_s)
        resources.push_async_callback(roles.close)
        # What a listener knows of its feeds it has read once: two at a time would not agree.
        if not await roles.wait(ROLE, stop):
            return
        ledger = LedgerClient.of(settings.ledger, account)
        resources.push_async_callback(ledger.close)
        reporter = Reporter(
            ledger, account.address, store, batch=settings.report_batch, retry=RETRY
        )
        reporting = Loop("report", reporter.report, REPORT_PAUSE_S, RETRY, reporter.fault)
        reading, watching = [], []
        for chain in settings.chains:
            listener = ChainListener(chain, _nodes(chain, resources), store, reporting.wake, RETRY)
            await listener.open()
            loop = Loop(chain.caip2, listener.poll, chain.poll_interval_s, RETRY, listener.fault)
            reading.append(loop)
            if chain.ws_url is not None:
                watch = partial(watch_heads, chain.ws_url, loop.wake)
                watching.append(Loop(f"{chain.caip2} heads", watch, RETRY.base_s, RETRY))
        if settings.metrics_port is not None:
            # Without its socket a chain is read a poll interval later; that is no failure.
            checks = {loop.name: loop.health for loop in (reporting, *reading)}
            await resources.enter_async_context(metrics.serve(settings.metrics_port, checks))
        losing = asyncio.create_task(roles.until_lost(ROLE))
        losing.add_done_callback(lambda _: stop.set())
        await run_all([reporting, *reading, *watching], stop)
        if losing.done():
            losing.result()
        losing.cancel()


def _nodes(chain: ChainSettings, resources: AsyncExitStack) -> EvmNodes:
    """The nodes of a chain, which are closed with `resources`."""
    nodes = []
    for url in (chain.rpc_url, *chain.other_rpc_urls):
        rpc = JsonRpc(url, timeout_s=chain.rpc_timeout_s)
        resources.push_async_callback(rpc.close)
        nodes.append(EvmNode(rpc))
    return EvmNodes(nodes, chain.quorum, RETRY)
