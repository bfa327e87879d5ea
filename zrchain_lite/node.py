"""A node: store, application, engine and its three doors, from start to orderly stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import APIRouter

from zrchain_lite import doors, genesis
from zrchain_lite.api import http
from zrchain_lite.doors import DoorsProcess, DoorsSettings, Guard, Routers, Sockets
from zrchain_lite.engine import EmbeddedEngine, EngineSettings, Reading
from zrchain_lite.engine.validator_key import ValidatorKey
from zrchain_lite.keepers import Keepers, ModuleList
from zrchain_lite.store.lmdb_store import LmdbStore


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


@dataclass(frozen=True)
class RunningNode:
    """A running node and the ports that it really has."""

    engine: EmbeddedEngine
    grpc_port: int
    rest_port: int
    rpc_port: int
    doors: DoorsProcess | None = None

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
    """`run` for callers that do something else meanwhile; closes everything at the end."""
    first_state = genesis.load(settings.genesis)
    async with AsyncExitStack() as stack:
        rest_socket = stack.enter_context(http.listen("REST", settings.rest))
        rpc_socket = stack.enter_context(http.listen("JSON-RPC", settings.rpc))
        store = LmdbStore(settings.home)
        stack.callback(store.close)
        keepers = Keepers.create()
        app = keepers.app(store, modules(keepers))
        engine = EmbeddedEngine(app, store, ValidatorKey.kept(settings.home), settings.engine)
        engine.start(first_state)
        sockets = (rest_socket, rpc_socket)
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
        rest_port, rpc_port = (each.getsockname()[1] for each in (rest_socket, rpc_socket))
        node = RunningNode(engine, grpc_port, rest_port, rpc_port, process)
        task = asyncio.create_task(engine.run(stop))
        try:
            yield node, task
        finally:
            stop.set()
            await asyncio.gather(task, return_exceptions=True)


def _doors_process(
    settings: NodeSettings,
    engine: EmbeddedEngine,
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
        rpc=rpc_socket.fileno(),
        cors_origins=tuple(settings.guard.cors_origins),
        hosts=tuple(settings.guard.hosts),
        tls=(tls.certificate, tls.key) if tls else (),
    )
    return DoorsProcess(engine, told)
