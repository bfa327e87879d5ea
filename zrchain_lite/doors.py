"""The three doors of a node, and the process of their own in which they stand.

Whoever makes blocks shares no thread with strangers: their requests are parsed, answered and
rendered in a second process (`python -m zrchain_lite.doors`), which reads the store's snapshots
and hands transactions over a link. It is started again when it ends.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import pkgutil
import resource
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.applications import Starlette

from zrchain_lite import genesis, logs
from zrchain_lite.api import grpc, http, rest, rpc
from zrchain_lite.api.origins import Origins
from zrchain_lite.engine import Reading
from zrchain_lite.engine.link import Frame, Kind, Wire
from zrchain_lite.engine.reader import Reader, serve_reader
from zrchain_lite.errors import LedgerError
from zrchain_lite.genesis import Genesis
from zrchain_lite.keepers import Keepers, ModuleList
from zrchain_lite.store.lmdb_store import LmdbStore
from zrsign_daemon.program import program

_log = logging.getLogger(__name__)
RESTART_S = 1.0
"""How long the node waits before it starts the doors' process again."""
MAX_FILES = 4_096
"""What all places of all doors take, gRPC's thrice, and room for everything else."""

Routers = Callable[[Reading], Sequence[APIRouter]]
Sockets = tuple[socket.socket, socket.socket | None]
"""Bound sockets of REST and of JSON-RPC; none of JSON-RPC where CometBFT serves its own."""


@dataclass(frozen=True)
class Guard:
    """Which foreign pages may use the HTTP doors, and what all doors prove themselves with.

    `hosts` are the names that the node is asked by; without one a door that only this machine
    reaches takes localhost and addresses, and other doors take any name.
    """

    cors_origins: Sequence[str] = ()
    tls: http.Tls | None = None
    hosts: Sequence[str] = ()

    def names(self, listener: socket.socket) -> Sequence[str] | None:
        """The names by which a door is asked, None where it is open to any."""
        local = ip_address(listener.getsockname()[0]).is_loopback
        return self.hosts if local or self.hosts else None


@asynccontextmanager
async def opened(
    ledger: Reading,
    first_state: Genesis,
    routers: Routers,
    sockets: Sockets,
    grpc_address: str,
    guard: Guard,
) -> AsyncIterator[int]:
    """Serve the doors while the context lasts; yields gRPC's port. Raises AddressInUse."""
    rest_socket, rpc_socket = sockets
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(grpc.serve(ledger, grpc_address, guard.tls))
        rest_app = rest.build(ledger, routers=routers(ledger))
        http_doors: list[tuple[Starlette, socket.socket]] = [(rest_app, rest_socket)]
        if rpc_socket is not None:
            http_doors.append((rpc.build(ledger, first_state), rpc_socket))
        for app, listener in http_doors:
            guarded = Origins(app, guard.cors_origins, guard.names(listener))
            await stack.enter_async_context(http.serve(guarded, listener, tls=guard.tls))
        yield port


@dataclass(frozen=True)
class DoorsSettings:
    """What the doors' process is told on its command line.

    `modules` and `routers` name functions, as in `zrsign.node:modules`; `rest`, `rpc` and `link`
    are file descriptors that it inherits; `rpc` is None where CometBFT serves its own.
    """

    home: str
    genesis: str
    modules: str
    routers: str
    max_waiting_clients: int
    grpc: str
    rest: int
    rpc: int | None
    cors_origins: Sequence[str] = ()
    hosts: Sequence[str] = ()
    tls: Sequence[str] = ()
    """The files of the certificate and its key; empty without TLS."""
    link: int = -1

    @property
    def inherited(self) -> list[int]:
        """The doors' sockets."""
        return [each for each in (self.rest, self.rpc) if each is not None]


def name_of(function: Callable[..., Any]) -> str:
    """How another process finds a function; raises ValueError for one that it cannot import."""
    module = function.__module__
    if module == "__main__":
        module = getattr(sys.modules["__main__"].__spec__, "name", module)
    if "<" in function.__qualname__ or module == "__main__":
        raise ValueError(f"{function} is not a function of a module that can be imported")
    return f"{module}:{function.__qualname__}"


class DoorsProcess:
    """The maker's hold on the doors' process."""

    def __init__(self, engine: Reading, settings: DoorsSettings) -> None:
        self._engine = engine
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None
        self._wire: Wire | None = None
        self._keeping: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """The process's id; raises LedgerError when it does not run."""
        if self._process is None:
            raise LedgerError("the doors' process does not run")
        return self._process.pid

    async def start(self) -> int:
        """Open the doors and keep them open; returns gRPC's port. Raises AddressInUse."""
        port = await self._spawn()
        host, _ = http.split_address(self._settings.grpc)
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._settings = replace(self._settings, grpc=address)
        self._keeping = asyncio.create_task(self._keep())
        return port

    async def stop(self) -> None:
        """Close the doors in order, by force when that takes too long."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        if self._process is None or self._wire is None:
            return
        self._wire.send(Frame(Kind.STOP))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), 3 * http.GRACE_S)
        await self._end()

    async def _spawn(self) -> int:
        ours, theirs = socket.socketpair()
        with theirs:
            settings = asdict(self._settings) | {"link": theirs.fileno()}
            self._process = await asyncio.create_subprocess_exec(
                *program("zrchain_lite.doors", json.dumps(settings)),
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                pass_fds=(*self._settings.inherited, theirs.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
            )
        self._wire = Wire(*await asyncio.open_unix_connection(sock=ours))
        ready = await self._wire.receive()
        if ready is not None and ready.number:
            return ready.number
        await self._end()
        if ready is not None:
            raise http.AddressInUse("gRPC", self._settings.grpc)
        raise LedgerError("the doors' process ended before it served; its error is in the log")

    async def _keep(self) -> None:
        while self._wire is not None:
            try:
                await serve_reader(self._engine, self._wire)
                _log.error("the doors' process has ended; it is started again")
            except Exception:  # noqa: BLE001 - whatever it is, the doors open again
                _log.exception("a call of the doors' process failed; it is started again")
            await self._end()
            await asyncio.sleep(RESTART_S)
            # No process, or no port: tried again as long as the node runs.
            with suppress(LedgerError, OSError):
                await self._spawn()

    async def _end(self) -> None:
        """Leave no process behind."""
        if self._wire is not None:
            self._wire.close()
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


async def serve(settings: DoorsSettings) -> None:
    """The doors' process: serve until the maker says stop, or ends."""
    wire = Wire(*await asyncio.open_unix_connection(sock=socket.socket(fileno=settings.link)))
    store = LmdbStore(Path(settings.home), readonly=True)
    keepers = Keepers.create()
    modules: ModuleList = pkgutil.resolve_name(settings.modules)
    routers: Routers = pkgutil.resolve_name(settings.routers)
    app = keepers.app(store, modules(keepers))
    ledger = Reader(app, store, wire, max_waiting_clients=settings.max_waiting_clients)
    first_state = genesis.load(Path(settings.genesis))
    rpc_socket = None if settings.rpc is None else socket.socket(fileno=settings.rpc)
    sockets = (socket.socket(fileno=settings.rest), rpc_socket)
    try:
        tls = http.Tls(*settings.tls) if settings.tls else None
        guard = Guard(settings.cors_origins, tls, settings.hosts)
        async with opened(ledger, first_state, routers, sockets, settings.grpc, guard) as port:
            wire.send(Frame(Kind.READY, port))
            await ledger.follow()
    except http.AddressInUse:
        wire.send(Frame(Kind.READY))
    finally:
        with suppress(ConnectionError):  # The maker was killed: nobody waits for the rest.
            await wire.drain()
        store.close()


def main() -> None:
    """Ignores the terminal's signals: the maker of blocks says when to end."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = MAX_FILES if most == resource.RLIM_INFINITY else min(MAX_FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    logs.bound()
    asyncio.run(serve(DoorsSettings(**json.loads(sys.argv[1]))))


if __name__ == "__main__":
    main()
