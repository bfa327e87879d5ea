"""A node: store, application, engine and its three doors, from start to orderly stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import APIRouter

from zrchain_lite import doors, genesis
from zrchain_lite.api import http
from zrchain_lite.app import App
from zrchain_lite.doors import DoorsProcess, DoorsSettings, Guard, Routers, Sockets
from zrchain_lite.engine import EmbeddedEngine, EngineSettings, Reading
from zrchain_lite.engine.cometbft import CometBftEngine, CometBftNode, CometBftSettings
from zrchain_lite.engine.pruning import Pruning
from zrchain_lite.engine.validator_key import ValidatorKey
from zrchain_lite.errors import LedgerError
from zrchain_lite.genesis import Genesis
from zrchain_lite.keepers import Keepers, ModuleList
from zrchain_lite.store.lmdb_store import LmdbStore


class StoppedEarly(LedgerError):
    """The node was told to stop before it served."""


@dataclass(frozen=True)
class NodeSettings:
    """Where the node keeps its chain and where it listens (`host:port`; port 0 chooses one)."""

    home: Path
    genesis: Path
    grpc: str = "127.0.0.1:9090"
    rest: str = "127.0.0.1:1317"
    rpc: str = "127.0.0.1:26657"
    engine: EngineSettings = field(default_factory=EngineSettings)
    guard: Guard = field(default_factory=Guard)
    doors_apart: bool = True
    """Whether the doors have a process of their own. Tests may do without."""
    cometbft: CometBftSettings | None = None
    """How CometBFT makes the blocks, and serves JSON-RPC; without, the embedded engine does."""


@dataclass(frozen=True)
class RunningNode:
    """A running node and the ports that it really has."""

    engine: Reading
    grpc_port: int
    rest_port: int
    rpc_port: int
    doors: DoorsProcess | None = None

    @property
    def embedded(self) -> EmbeddedEngine:
        """The engine where it is the embedded one; raises TypeError where it is not."""
        if not isinstance(self.engine, EmbeddedEngine):
            raise TypeError(f"{type(self.engine).__name__} makes no blocks itself")
        return self.engine

    @property
    def doors_pid(self) -> int | None:
        """The id of the process in which the doors are, None where they are in this one."""
        return None if self.doors is None else self.doors.pid


def no_routers(ledger: Reading) -> Sequence[APIRouter]:
    """No REST routes beyond the gateway's."""
    return ()


async def run(
    settings: NodeSettings,
    modules: ModuleList,
    stop: asyncio.Event,
    *,
    routers: Routers = no_routers,
    ready: Callable[[RunningNode], None] = lambda node: None,
) -> None:
    """Serve until `stop` is set.

    `modules` lists what the chain is made of, `routers` adds REST routes over the engine; `ready`
    is told when all doors are open. Raises GenesisError, StoreError or AddressInUse (all
    LedgerError) before anything is served, and whatever stops the engine later, like a full disk.
    """
    with suppress(StoppedEarly):
        async with serving(settings, modules, stop, routers=routers) as (node, engine_task):
            ready(node)
            await engine_task


@asynccontextmanager
async def serving(
    settings: NodeSettings,
    modules: ModuleList,
    stop: asyncio.Event,
    *,
    routers: Routers = no_routers,
) -> AsyncIterator[tuple[RunningNode, asyncio.Task[None]]]:
    """`run` for callers that do something else meanwhile; closes everything at the end.

    Raises StoppedEarly too.
    """
    first_state = genesis.load(settings.genesis)
    async with AsyncExitStack() as stack:
        rest_socket = stack.enter_context(http.listen("REST", settings.rest))
        rpc_socket = None
        if settings.cometbft is None:
            rpc_socket = stack.enter_context(http.listen("JSON-RPC", settings.rpc))
        sockets = (rest_socket, rpc_socket)
        store = LmdbStore(settings.home)
        stack.callback(store.close)
        keepers = Keepers.create()
        app = keepers.app(store, modules(keepers))
        engine, task = await stack.enter_async_context(
            _driven(settings, app, store, first_state, stop)
        )
        if settings.doors_apart:
            process = _doors_process(settings, engine, modules, routers, sockets)
            stack.push_async_callback(process.stop)
            grpc_port = await process.start()
        else:
            process = None
            served = doors.opened(
                engine, first_state, routers, sockets, settings.grpc, settings.guard
            )
            grpc_port = await stack.enter_async_context(served)
        rpc_port = (
            rpc_socket.getsockname()[1] if rpc_socket else http.split_address(settings.rpc)[1]
        )
        rest_port = rest_socket.getsockname()[1]
        yield RunningNode(engine, grpc_port, rest_port, rpc_port, process), task


@asynccontextmanager
async def _driven(
    settings: NodeSettings, app: App, store: LmdbStore, first_state: Genesis, stop: asyncio.Event
) -> AsyncIterator[tuple[Reading, asyncio.Task[None]]]:
    """An engine that has a block to show, and its run, which ends with the context."""
    engine = _engine(settings, app, store)
    engine.start(first_state)
    task = asyncio.create_task(engine.run(stop))
    try:
        if isinstance(engine, CometBftEngine):
            readable = asyncio.create_task(engine.until_readable())
            await asyncio.wait({task, readable}, return_when=asyncio.FIRST_COMPLETED)
            readable.cancel()
            if task.done():
                task.result()
                raise StoppedEarly("the node was stopped before its chain had a block")
        yield engine, task
    finally:
        stop.set()
        await asyncio.gather(task, return_exceptions=True)


def _engine(settings: NodeSettings, app: App, store: LmdbStore) -> EmbeddedEngine | CometBftEngine:
    if settings.cometbft is None:
        return EmbeddedEngine(app, store, ValidatorKey.kept(settings.home), settings.engine)
    return CometBftEngine(
        app,
        store,
        CometBftNode(settings.home, settings.rpc, settings.cometbft),
        pruning=Pruning(settings.engine.keep_blocks, settings.engine.keep_events),
        max_waiting_clients=settings.engine.max_waiting_clients,
        snapshot_interval=settings.cometbft.snapshot_interval,
    )


def _doors_process(
    settings: NodeSettings,
    engine: Reading,
    modules: ModuleList,
    routers: Routers,
    sockets: Sockets,
) -> DoorsProcess:
    rest_socket, rpc_socket = sockets
    tls = settings.guard.tls
    told = DoorsSettings(
        home=str(settings.home),
        genesis=str(settings.genesis),
        modules=doors.name_of(modules),
        routers=doors.name_of(routers),
        max_waiting_clients=settings.engine.max_waiting_clients,
        grpc=settings.grpc,
        rest=rest_socket.fileno(),
        rpc=None if rpc_socket is None else rpc_socket.fileno(),
        cors_origins=tuple(settings.guard.cors_origins),
        hosts=tuple(settings.guard.hosts),
        tls=(tls.certificate, tls.key) if tls else (),
    )
    return DoorsProcess(engine, told)
