"""What the proxy runs: for each network one loop that composes and one that finds new keys."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

from zrchain_lite.client import Account, LedgerClient
from zrsign_btc_proxy.composer import Composition
from zrsign_btc_proxy.ledger import Ledger
from zrsign_btc_proxy.reservations import Reservations
from zrsign_btc_proxy.settings import ProxySettings
from zrsign_btc_proxy.wallet import Wallet
from zrsign_daemon import metrics as endpoint
from zrsign_daemon.keyfile import read_secret
from zrsign_daemon.loops import Loop, run_all
from zrsign_daemon.retry import Retry

BACK_OFF = Retry(base_s=0.5, cap_s=30.0)


async def run(settings: ProxySettings, stop: asyncio.Event) -> None:
    """Compose until `stop`. Raises DaemonError for a start that cannot be."""
    account = Account.from_secret(read_secret(settings.ledger.key_file))
    async with AsyncExitStack() as stack:
        reservations = await Reservations.open(settings.store_url)
        stack.push_async_callback(reservations.close)
        ledger = Ledger(LedgerClient(settings.ledger.grpc, account=account))
        stack.push_async_callback(ledger.close)
        compositions = []
        for chain, network in settings.networks.items():
            composition = Composition(
                Wallet(chain, network), ledger, reservations, settings.grace_s, time.time
            )
            stack.push_async_callback(composition.close)
            compositions.append(composition)
        loops, watching = _loops(settings, ledger, compositions)
        if settings.metrics_port is not None:
            # The watching loop's pass ends only by failing, and without it blocks are seen a poll
            # later: no failure.
            checks = {loop.name: loop.health for loop in loops}
            await stack.enter_async_context(endpoint.serve(settings.metrics_port, checks))
        await run_all([*loops, watching], stop)


def _loops(
    settings: ProxySettings, ledger: Ledger, compositions: list[Composition]
) -> tuple[list[Loop], Loop]:
    """What composes and discovers, and what wakes it at new blocks."""
    composing = [
        Loop(f"composer {one.chain}", one.tick, settings.poll_s, BACK_OFF) for one in compositions
    ]
    discovering = [
        Loop(f"keys {one.chain}", one.discover, settings.discover_s, BACK_OFF)
        for one in compositions
    ]

    async def watch() -> None:
        """A new block is a reason to look, never a source of truth."""
        async for _ in ledger.new_blocks():
            for loop in composing:
                loop.wake()

    return [*composing, *discovering], Loop("blocks", watch, settings.poll_s, BACK_OFF)
