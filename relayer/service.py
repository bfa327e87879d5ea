"""What the relayer runs: one intake, one worker and one composer a chain, one reporter.

They meet in the outbox. Each is a loop of its own that survives any failure of its pass, counts it
and backs off, so that a dead node or a dead ledger stops nothing else. What differs from chain to
chain is behind `registry`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

from relayer import metrics
from relayer.destinations import Builder
from relayer.destinations.several import AnyOf, SeveralNodes
from relayer.intake import Intake
from relayer.ledger import DeliveryLedger
from relayer.outbox import Outbox
from relayer.registry import adapter_for
from relayer.reporter import DeliveryReporter
from relayer.settings import DestinationSettings, RelayerSettings
from relayer.stages import Bounds, ItemKind
from relayer.transactions import TransactionBuilder
from relayer.worker import ChainWorker
from zrchain_lite.client import Account, LedgerClient
from zrsign_daemon import metrics as endpoint
from zrsign_daemon.composing.composition import Composition
from zrsign_daemon.composing.ledger import ComposerLedger
from zrsign_daemon.jsonrpc import JsonRpc
from zrsign_daemon.keyfile import read_secret
from zrsign_daemon.log import get_logger
from zrsign_daemon.loops import Loop, run_all
from zrsign_daemon.retry import Retry

BACK_OFF = Retry(base_s=0.5, cap_s=30.0)
IDLE_S = 30.0
"""Seconds between two looks of a loop that is woken by what it waits for."""
RECALL_S = 86_400.0
"""How old a confirmation may be that is watched again after a start: below it no chain changes."""


async def run(settings: RelayerSettings, stop: asyncio.Event) -> None:
    """Relay until `stop`. Raises DaemonError for a start that cannot be."""
    account = Account.from_secret(read_secret(settings.ledger.key_file))
    async with AsyncExitStack() as stack:
        outbox = await Outbox.open(settings.database_url)
        outbox.lease_s = settings.lease_s
        stack.push_async_callback(outbox.close)
        client = LedgerClient.of(settings.ledger, account)
        stack.push_async_callback(client.close)
        relayer = Relayer(settings, client, outbox, time.time)
        stack.push_async_callback(relayer.close)
        if settings.metrics_port is not None:
            checks = {loop.name: loop.health for loop in relayer.loops}
            await stack.enter_async_context(endpoint.serve(settings.metrics_port, checks))
        await run_all([*relayer.loops, relayer.watching], stop)


class Relayer:
    """Everything wired; `loops` is what runs, and `watching` wakes them before their time."""

    def __init__(
        self,
        settings: RelayerSettings,
        client: LedgerClient,
        outbox: Outbox,
        clock: Callable[[], float],
    ):
        self._settings = settings
        self._client = client
        self._outbox = outbox
        self._clock = clock
        # Whether new blocks are told: only then may a loop rely on being woken.
        self._told = False
        self._recalled = False
        self._overdue: dict[str, int] = {}
        self._log = get_logger()
        ledger = DeliveryLedger(client)
        self._roles = outbox.roles(settings.lease_s)
        self._workers = {
            chain: self._worker(chain, target) for chain, target in settings.destinations.items()
        }
        self._compositions = self._composers()
        self._reporter = DeliveryReporter(ledger, outbox)
        answered = [chain for chain in settings.destinations if self._answers_on(chain)]
        self._intake = Intake(ledger, outbox, settings.destinations, answered)
        self.loops = self._loops()

    async def close(self) -> None:
        """Close the connections to all nodes."""
        for worker in self._workers.values():
            await worker.close()
        for composition in self._compositions:
            await composition.close()
        await self._roles.close()

    def _loops(self) -> list[Loop]:
        pause_s = self._settings.poll_interval_s
        self._working = {chain: self._working_loop(one) for chain, one in self._workers.items()}
        self._reporting = self._lone("reporter", self._report)
        self._taking = self._lone("intake", self._take)
        self._composing = [
            self._lone(f"composer {one.chain}", partial(self._compose, one))
            for one in self._compositions
        ]
        # Its pass ends only by failing, and without it blocks are seen a poll later: no failure.
        self.watching = Loop("blocks", self._watch, pause_s, BACK_OFF)
        return [
            self._taking,
            *self._working.values(),
            self._reporting,
            *self._composing,
        ]

    def _lone(self, name: str, work: Callable[[], Awaitable[float]]) -> Loop:
        """What one of the processes does that share an outbox."""
        alone = self._roles.alone(f"relayer {name}", work)
        return Loop(name, alone, self._settings.poll_interval_s, BACK_OFF)

    def _idle_s(self, pause_s: float) -> float:
        """The pause of a loop that has nothing to do: new blocks wake it, while they are told.

        What other processes put into the outbox wakes nothing here.
        """
        return max(pause_s, IDLE_S) if self._told and not self._outbox.is_shared else pause_s

    async def _compose(self, one: Composition) -> float:
        wanted = await one.tick()
        return self._idle_s(self._settings.poll_interval_s) if wanted is None else wanted

    async def _take(self) -> float:
        fresh = await self._intake.tick()
        if not self._recalled:
            fresh |= await self._intake.recall(self._clock() - RECALL_S)
            self._recalled = True
        for chain in fresh:
            self._working[chain].wake()
        metrics.OPEN.clear()
        for (chain, stage), count in (await self._outbox.open_counts()).items():
            metrics.OPEN.labels(chain, stage).set(count)
        metrics.OVERDUE.clear()
        overdue = self._clock() - self._settings.alarm_after_s
        counts = await self._outbox.overdue_counts(overdue)
        for chain, count in counts.items():
            metrics.OVERDUE.labels(chain).set(count)
            if count > self._overdue.get(chain, 0):
                self._log.error("overdue", chain=chain, items=count, look="zrsign relayer list")
        self._overdue = counts
        return self._idle_s(self._settings.poll_interval_s)

    async def _report(self) -> float:
        more = await self._reporter.tick()
        return 0.0 if more else self._idle_s(self._settings.poll_interval_s)

    def _working_loop(self, worker: ChainWorker) -> Loop:
        pause_s = self._settings.destinations[worker.chain].poll_interval_s

        async def work() -> float:
            if await worker.tick():
                self._reporting.wake()
            due = await self._outbox.next_due(worker.chain)
            if due is None:
                return self._idle_s(pause_s)
            return min(max(due - self._clock(), pause_s), self._idle_s(pause_s))

        return Loop(f"worker {worker.chain}", work, pause_s, BACK_OFF, fault=lambda: worker.fault)

    async def _watch(self) -> None:
        """A new block is a reason to look, never a source of truth."""
        try:
            self._told = True
            self._wake()
            async for _ in self._client.new_blocks(filled=True):
                self._wake()
        finally:
            self._told = False

    def _wake(self) -> None:
        self._taking.wake()
        for loop in self._composing:
            loop.wake()

    def _answers_on(self, chain: str) -> bool:
        return self._settings.answers is not None and adapter_for(chain).answers is not None

    def _worker(self, chain: str, target: DestinationSettings) -> ChainWorker:
        nodes = _nodes(target)
        builders: dict[ItemKind, Builder] = {ItemKind.TRANSACTION: TransactionBuilder()}
        if (answers := self._answers(chain, _first_of(nodes))) is not None:
            builders[ItemKind.ANSWER] = answers
        depths = (target.finality, target.settled)
        made = [adapter_for(chain).destination(chain, node, *depths) for node in nodes]
        destination = made[0] if len(made) == 1 else SeveralNodes(made, target.quorum)
        return ChainWorker(destination, builders, self._outbox, self._bounds(target), self._clock)

    def _answers(self, chain: str, rpc: JsonRpc) -> Builder | None:
        limits, build = self._settings.answers, adapter_for(chain).answers
        if limits is None or build is None:
            return None
        return build(chain, rpc, read_secret(limits.key_file), self._outbox, limits)

    def _bounds(self, target: DestinationSettings) -> Bounds:
        bounds = Bounds(
            delay_s=BACK_OFF.delay_s,
            poll_s=target.poll_interval_s,
            resubmit_after_s=target.resubmit_after_s,
        )
        answers = self._settings.answers
        if answers is None:
            return bounds
        return replace(
            bounds,
            replace_after_s=answers.replace_after_s,
            max_replacements=answers.max_replacements,
        )

    def _composers(self) -> list[Composition]:
        """One a chain, except where another daemon composes."""
        limits = self._settings.composer
        if not limits.enabled:
            return []
        ledger = ComposerLedger(self._client)
        return [
            Composition(
                composer(chain, _first_of(_nodes(target)), limits),
                ledger,
                limits.grace_s,
                self._clock,
                _counter(chain),
                self._settings.poll_interval_s,
                limits.replace_after_s,
            )
            for chain, target in self._settings.destinations.items()
            if (composer := adapter_for(chain).composer) is not None
        ]


def _nodes(target: DestinationSettings) -> list[JsonRpc]:
    return [
        JsonRpc(url, timeout_s=target.rpc_timeout_s, cookie_file=target.rpc_cookie_file)
        for url in (target.rpc_url, *target.other_rpc_urls)
    ]


def _first_of(nodes: list[JsonRpc]) -> JsonRpc:
    """The first node that answers."""
    return nodes[0] if len(nodes) == 1 else AnyOf(nodes)


def _counter(chain: str) -> Callable[[str], None]:
    namespace = chain.partition(":")[0]
    return lambda outcome: metrics.COMPOSITIONS.labels(namespace, outcome).inc()
