"""A node: store, application, engine and its three doors, from start to orderly stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import APIRouter

from zrchain_lite import genesis
from zrchain_lite.api import grpc, http, rest, rpc
from zrchain_lite.engine import EmbeddedEngine, EngineSettings
from zrchain_lite.keepers import Keepers, ModuleList
from zrchain_lite.store.lmdb_store import LmdbStore

Routers = Callable[[EmbeddedEngine], Sequence[APIRouter]]


@dataclass(frozen=True)
class NodeSettings:
    """Where the node keeps its chain and where it listens (`host:port`; port 0 chooses one)."""

    home: Path
    genesis: Path
    grpc: str = "127.0.0.1:9090"
    rest: str = "127.0.0.1:1317"
    rpc: str = "127.0.0.1:26657"
    engine: EngineSettings = field(default_factory=EngineSettings)


@dataclass(frozen=True)
class RunningNode:
    """A running node and the ports that it really has."""

    engine: EmbeddedEngine
    grpc_port: int
    rest_port: int
    rpc_port: int


def no_routers(engine: EmbeddedEngine) -> Sequence[APIRouter]:
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
    is told when all doors are open. Raises GenesisError, StoreError or PortInUse (all LedgerError)
    before anything is served, and whatever stops the engine later, such as a full disk.
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
        engine = EmbeddedEngine(app, store, settings.engine)
        engine.start(first_state)
        grpc_port = await stack.enter_async_context(grpc.serve(engine, settings.grpc))
        rest_app = rest.build(engine, routers=routers(engine))
        await stack.enter_async_context(http.serve(rest_app, rest_socket))
        rpc_app = rpc.build(engine, first_state)
        await stack.enter_async_context(http.serve(rpc_app, rpc_socket))
        rest_port, rpc_port = (each.getsockname()[1] for each in (rest_socket, rpc_socket))
        node = RunningNode(engine, grpc_port, rest_port, rpc_port)
        task = asyncio.create_task(engine.run(stop))
        try:
            yield node, task
        finally:
            stop.set()
            await asyncio.gather(task, return_exceptions=True)
