"""What the relayer runs: one intake, one worker and one composer a chain, one reporter.

They meet in the outbox. Each is a loop of its own that survives any failure of its pass, counts it
and backs off, so that a dead node or a dead ledger stops nothing else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

from relayer import metrics
from relayer.answers.builder import AnswerBuilder, gas_account
from relayer.composer.evm import EvmComposer
from relayer.composer.service import Composition
from relayer.composer.solana import SolanaComposer
from relayer.destinations import Destination
from relayer.destinations.bitcoin import BitcoinDestination
from relayer.destinations.evm import EvmDestination
from relayer.destinations.solana import SolanaDestination
from relayer.intake import Intake
from relayer.ledger import Ledger
from relayer.outbox import Outbox
from relayer.reporter import Reporter
from relayer.settings import RelayerSettings, Target
from relayer.stages import Kind, Policy
from relayer.transactions import TransactionBuilder
from relayer.worker import Builder, ChainWorker
from zrchain_lite.client import Account, LedgerClient
from zrsign_daemon import metrics as endpoint
from zrsign_daemon.errors import SettingsError
from zrsign_daemon.jsonrpc import JsonRpc
from zrsign_daemon.keyfile import read_secret
from zrsign_daemon.loops import Loop, run_all
from zrsign_daemon.retry import Retry

BACK_OFF = Retry(base_s=0.5, cap_s=30.0)


async def run(settings: RelayerSettings, stop: asyncio.Event) -> None:
    """Relay until `stop`. Raises DaemonError for a start that cannot be."""
    account = Account.from_secret(read_secret(settings.ledger.key_file))
    async with AsyncExitStack() as stack:
        outbox = await Outbox.open(settings.outbox_url)
        stack.push_async_callback(outbox.close)
        client = LedgerClient(settings.ledger.grpc, account=account)
        ledger = Ledger(client)
        stack.push_async_callback(ledger.close)
        relayer = Relayer(settings, ledger, outbox, time.time)
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
        ledger: Ledger,
        outbox: Outbox,
        clock: Callable[[], float],
    ):
        self._settings = settings
        self._ledger = ledger
        self._outbox = outbox
        self._clock = clock
        self._workers = {
            chain: self._worker(chain, target) for chain, target in settings.destinations.items()
        }
        self._compositions = self._composers()
        self._reporter = Reporter(ledger, outbox)
        answered = [
            chain
            for chain in settings.destinations
            if settings.answers is not None and chain.startswith("eip155:")
        ]
        self._intake = Intake(ledger, outbox, settings.destinations, answered)
        self.loops = self._loops()

    async def close(self) -> None:
        for worker in self._workers.values():
            await worker.close()
        for composition in self._compositions:
            await composition.close()

    def _loops(self) -> list[Loop]:
        settings = self._settings
        self._working = {chain: self._working_loop(one) for chain, one in self._workers.items()}
        self._reporting = Loop("reporter", self._reporter.tick, settings.poll_s, BACK_OFF)
        self._taking = Loop("intake", self._take, settings.poll_s, BACK_OFF)
        self._composing = [
            Loop(f"composer {one.chain}", one.tick, settings.poll_s, BACK_OFF)
            for one in self._compositions
        ]
        # Its pass ends only by failing, and without it blocks are seen a poll later: no failure.
        self.watching = Loop("blocks", self._watch, settings.poll_s, BACK_OFF)
        return [
            self._taking,
            *self._working.values(),
            self._reporting,
            *self._composing,
        ]

    async def _take(self) -> None:
        for chain in await self._intake.tick():
            self._working[chain].wake()
        metrics.OPEN.clear()
        for (chain, stage), count in (await self._outbox.open_counts()).items():
            metrics.OPEN.labels(chain, stage).set(count)

    def _working_loop(self, worker: ChainWorker) -> Loop:
        async def work() -> None:
            await worker.tick()
            self._reporting.wake()

        pause_s = self._settings.destinations[worker.chain].poll_s
        return Loop(f"worker {worker.chain}", work, pause_s, BACK_OFF, fault=lambda: worker.fault)

    async def _watch(self) -> None:
        """A new block is a reason to look, never a source of truth."""
        async for _ in self._ledger.new_blocks():
            self._taking.wake()
            for loop in self._composing:
                loop.wake()

    def _worker(self, chain: str, target: Target) -> ChainWorker:
        settings = self._settings
        rpc = _rpc(target)
        builders: dict[Kind, Builder] = {Kind.TRANSACTION: TransactionBuilder()}
        policy = Policy(
            delay_s=BACK_OFF.delay_s,
            poll_s=target.poll_s,
            resubmit_after_s=target.resubmit_after_s,
            max_refusals=settings.max_refusals,
        )
        if settings.answers is not None and chain.startswith("eip155:"):
            account = gas_account(read_secret(settings.answers.key_file))
            builders[Kind.ANSWER] = AnswerBuilder(
                chain, rpc, account, self._outbox, settings.answers
            )
            policy = Policy(
                delay_s=BACK_OFF.delay_s,
                poll_s=target.poll_s,
                resubmit_after_s=target.resubmit_after_s,
                replace_after_s=settings.answers.replace_after_s,
                max_refusals=settings.max_refusals,
                max_replacements=settings.answers.max_replacements,
            )
        return ChainWorker(
            _destination(chain, target, rpc), builders, self._outbox, policy, self._clock
        )

    def _composers(self) -> list[Composition]:
        limits = self._settings.composer
        if not limits.enabled:
            return []
        compositions = []
        for chain, target in self._settings.destinations.items():
            if chain.startswith("eip155:"):
                composer: EvmComposer | SolanaComposer = EvmComposer(chain, _rpc(target), limits)
            elif chain.startswith("solana:"):
                composer = SolanaComposer(chain, _rpc(target), limits)
            else:
                continue  # Bitcoin's composer keeps coins; it is a daemon of its own.
            compositions.append(Composition(composer, self._ledger, limits.grace_s, self._clock))
        return compositions


def _rpc(target: Target) -> JsonRpc:
    return JsonRpc(target.rpc_url, timeout_s=target.timeout_s, cookie_file=target.rpc_cookie_file)


def _destination(chain: str, target: Target, rpc: JsonRpc) -> Destination:
    match chain.partition(":")[0]:
        case "eip155":
            return EvmDestination(chain, rpc, confirmations=target.confirmations)
        case "bip122":
            return BitcoinDestination(chain, rpc, confirmations=target.confirmations)
        case "solana":
            return SolanaDestination(chain, rpc, commitment=target.commitment)
    raise SettingsError(f"No destination adapter for {chain}; served are eip155, bip122, solana.")
