"""What the proxy runs: for each network one loop that composes and one that finds new keys."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

from prometheus_client import Counter

from zrchain_lite.client import Account, LedgerClient
from zrsign_btc_proxy.composer import BitcoinComposer
from zrsign_btc_proxy.ledger import bitcoin_keys
from zrsign_btc_proxy.reservations import Reservations
from zrsign_btc_proxy.settings import ProxySettings
from zrsign_btc_proxy.wallet import WatchWallet
from zrsign_daemon import metrics as endpoint
from zrsign_daemon.composing.composition import Composition
from zrsign_daemon.composing.ledger import ComposerLedger
from zrsign_daemon.keyfile import read_secret
from zrsign_daemon.loops import Loop, run_all
from zrsign_daemon.retry import Retry
from zrsign_daemon.roles import Roles

BACK_OFF = Retry(base_s=0.5, cap_s=30.0)
IDLE_S = 30.0
"""Seconds between two looks of a loop that new blocks wake."""
NOTE_DISCOVERY_S = 600.0
"""How often the time of the last look for keys is stored."""
COMPOSITIONS = Counter(
    "zrsign_btc_proxy_compositions_total", "Simple transactions looked at", ["outcome"]
)


async def run(settings: ProxySettings, stop: asyncio.Event) -> None:
    """Compose until `stop`. Raises DaemonError for a start that cannot be."""
    account = Account.from_secret(read_secret(settings.ledger.key_file))
    async with AsyncExitStack() as stack:
        reservations = await Reservations.open(settings.database_url)
        stack.push_async_callback(reservations.close)
        client = LedgerClient.of(settings.ledger, account)
        stack.push_async_callback(client.close)
        networks = []
        for chain, network in settings.networks.items():
            served = ServedNetwork(
                WatchWallet(chain, network),
                client,
                reservations,
                settings.grace_s,
                time.time,
                settings.poll_interval_s,
                settings.replace_after_s,
            )
            stack.push_async_callback(served.close)
            networks.append(served)
        roles = reservations.roles(settings.lease_s)
        stack.push_async_callback(roles.close)
        loops, watching = _loops(settings, client, networks, roles)
        if settings.metrics_port is not None:
            # The watching loop's pass ends only by failing, and without it blocks are seen a poll
            # later: no failure.
            checks = {loop.name: loop.health for loop in loops}
            await stack.enter_async_context(endpoint.serve(settings.metrics_port, checks))
        await run_all([*loops, watching], stop)


class ServedNetwork:
    """One Bitcoin network: what is done for it in each pass. `clock` gives Unix seconds."""

    def __init__(
        self,
        wallet: WatchWallet,
        client: LedgerClient,
        reservations: Reservations,
        grace_s: float,
        clock: Callable[[], float],
        pause_s: float = 1.0,
        replace_after_s: float | None = None,
    ):
        self.chain = wallet.chain
        self._clock = clock
        self._reservations = reservations
        self._wallet = wallet
        self._client = client
        ledger = ComposerLedger(client)
        self._composer = BitcoinComposer(wallet, ledger, reservations)
        self._composition = Composition(
            self._composer,
            ledger,
            grace_s,
            clock,
            lambda outcome: COMPOSITIONS.labels(outcome).inc(),
            pause_s,
            replace_after_s,
        )
        self._known_keys = 0

    async def tick(self) -> float:
        """One pass; returns the seconds until the next. Raises bitcoind's or the ledger's error."""
        await self._composer.release()
        wanted = await self._composition.tick()
        return IDLE_S if wanted is None else wanted

    async def discover(self) -> None:
        """Watch the ledger's Bitcoin keys from when they are made.

        So their coins are found without a search later: a key that is found in this pass was made
        after the one before.
        """
        begun = self._clock()
        born = await self._reservations.discovered_at(self.chain)
        while fresh := await bitcoin_keys(self._client, self.chain, self._known_keys):
            await self._wallet.watch(fresh, born)
            self._known_keys += len(fresh)
        if begun - born >= NOTE_DISCOVERY_S:
            await self._reservations.note_discovery(self.chain, begun)

    async def close(self) -> None:
        """Close the connections to the node."""
        await self._composition.close()


def _loops(
    settings: ProxySettings, client: LedgerClient, networks: list[ServedNetwork], roles: Roles
) -> tuple[list[Loop], Loop]:
    """What composes and discovers, and what wakes it at new blocks.

    One of several processes composes for a network; keys are watched in each one's wallet.
    """
    pause_s, alone = settings.poll_interval_s, roles.alone
    composing = [
        Loop(f"composer {one.chain}", alone(f"btc proxy {one.chain}", one.tick), pause_s, BACK_OFF)
        for one in networks
    ]
    discovering = [
        Loop(f"keys {one.chain}", one.discover, settings.discover_interval_s, BACK_OFF)
        for one in networks
    ]

    async def watch() -> None:
        """A new block is a reason to look, never a source of truth."""
        async for _ in client.new_blocks(filled=True):
            for loop in composing:
                loop.wake()

    return [*composing, *discovering], Loop("blocks", watch, pause_s, BACK_OFF)
