"""The ledger put together: the one list of its modules, and the receiver's API.

`zrsign run ledger --config FILE` runs a node; `StoppedLedger` reads its store when none runs.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from fastapi import APIRouter
from google.protobuf.message import Message
from pydantic import AfterValidator, Field

from zrchain_lite import node
from zrchain_lite.api.http import Tls
from zrchain_lite.client import LedgerClient, ObjectNotFound, QueryFailed
from zrchain_lite.core import core_modules
from zrchain_lite.doors import Guard
from zrchain_lite.engine import EngineSettings, Reading
from zrchain_lite.engine.cometbft import CometBftSettings
from zrchain_lite.errors import LedgerError, NotFound
from zrchain_lite.genesis import Genesis
from zrchain_lite.keepers import Keepers
from zrchain_lite.module import Module
from zrchain_lite.store.lmdb_store import LmdbStore, StoreError, Tip
from zrchain_lite.verify import faults
from zrsign.ledger_health import LedgerHealth
from zrsign.local.tools import ToolError
from zrsign.validators import CometBftTable, cometbft
from zrsign_daemon import life, metrics
from zrsign_daemon.errors import DaemonError
from zrsign_daemon.log import get_logger
from zrsign_daemon.settings import Settings, settings_for
from zrsign_receiver.module import ReceiverModule
from zrsign_receiver.rest import api

M = TypeVar("M", bound=Message)
MIN_KEPT = 100
"""The fewest blocks that may be kept: clients look for what they have just sent."""
MAX_FAULTS = 100
"""How many damaged things of a store are named."""


def _enough(count: int) -> int:
    if count and count < MIN_KEPT:
        raise ValueError(f"0 keeps all; {MIN_KEPT} is the least")
    return count


class LedgerSettings(Settings):
    """Where the node keeps its chain, and where it listens (host:port)."""

    model_config = settings_for("ledger")

    home: Path
    """Directory of the chain: an LMDB store and the node's keys."""
    genesis: Path
    """Genesis file, JSON; a store that is there already must be of the same chain id."""
    grpc: str = "127.0.0.1:9090"
    """Where gRPC is served, as host:port."""
    rest: str = "127.0.0.1:1317"
    """Where REST is served, as host:port."""
    rpc: str = "127.0.0.1:26657"
    """Where CometBFT's JSON-RPC is served, as host:port."""
    engine: Literal["embedded", "cometbft"] = "embedded"
    """Who makes the blocks: this process alone, or CometBFT with other validators."""
    cometbft: CometBftTable = CometBftTable()
    """How CometBFT makes them."""
    empty_block_interval_s: float = 5.0
    """Time after which a block without transactions is made while a request or an action waits for
    a height, in seconds."""
    idle_block_interval_s: float = 30.0
    """The same when nothing waits for a height; below the `max_age_s` of clients with a root."""
    cors_origins: tuple[str, ...] = ()
    """Origins of the web pages that may use REST and JSON-RPC, as in https://wallet.example."""
    hosts: tuple[str, ...] = ()
    """Names by which REST and JSON-RPC are asked, beside localhost and addresses. Without one,
    doors that only this machine reaches refuse names, and other doors take any."""
    tls_certificate: Path | None = None
    """Certificate chain of gRPC, REST and JSON-RPC, in PEM; without one they speak plain text."""
    tls_key: Path | None = None
    """Private key of the certificate, in PEM."""
    keep_blocks: Annotated[int, AfterValidator(_enough)] = 0
    """How many of the last blocks are kept with their transactions: 0 for all, else 100 or more."""
    keep_events: Annotated[int, AfterValidator(_enough)] = 0
    """How many of the last blocks have their transactions found by events: 0 for all that are
    kept, else 100 or more."""
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Loopback port of /healthz and /metrics; 0 takes a free one, without it nothing is served."""


def modules(keepers: Keepers) -> tuple[Module, ...]:
    """Every module of the ledger, in the order in which blocks run them."""
    receiver = ReceiverModule(keepers.identity, keepers.policy, keepers.treasury)
    return (*core_modules(keepers), receiver)


def routers(ledger: Reading) -> Sequence[APIRouter]:
    """REST beyond what the modules' queries give."""
    return (api.router(ledger),)


class StoppedLedger(LedgerClient):
    """Queries of a ledger that does not run, from its store. It cannot send transactions."""

    def __init__(self, home: Path) -> None:
        self._store = LmdbStore(home)
        keepers = Keepers.create()
        self._app = keepers.app(self._store, modules(keepers))

    async def query(self, method: str, request: Message, response: type[M], **_: object) -> M:
        try:
            return response.FromString(self._app.query(method, request.SerializeToString()))
        except NotFound as error:
            raise ObjectNotFound(method, "NOT_FOUND", str(error)) from None
        except LedgerError as error:
            raise QueryFailed(method, "FAILED", str(error)) from None

    async def close(self) -> None:
        """Close the store; the next process may open it."""
        self._store.close()


@contextmanager
def _stored(home: Path) -> Iterator[LmdbStore]:
    """The chain in `home`, to read; a node may run on it meanwhile.

    Raises StoreError (a LedgerError), also where there is no chain.
    """
    nothing = StoreError(f"{home} holds no chain: there is nothing to read")
    if not (home / "data.mdb").is_file():
        raise nothing
    store = LmdbStore(home, readonly=True)
    try:
        if store.tip().height == 0:
            raise nothing
        yield store
    finally:
        store.close()


def export(home: Path) -> Genesis:
    """The state of the chain in `home` as a genesis; raises StoreError."""
    with _stored(home) as store:
        keepers = Keepers.create()
        return keepers.app(store, modules(keepers)).export()


def verify(home: Path) -> tuple[Tip, list[str]]:
    """The last block of the chain in `home`, and what in it is damaged; raises StoreError."""
    with _stored(home) as store:
        return store.tip(), list(islice(faults(store), MAX_FAULTS))


def _guard(settings: LedgerSettings) -> Guard:
    """Raises DaemonError where one of the two files is named alone, or cannot be used."""
    files = [file for file in (settings.tls_certificate, settings.tls_key) if file is not None]
    if len(files) == 1:
        raise DaemonError("tls_certificate and tls_key go together: name both, or none")
    try:
        tls = Tls(*map(str, files)) if files else None
    except LedgerError as error:
        raise DaemonError(str(error)) from error
    return Guard(settings.cors_origins, tls, settings.hosts)


def _cometbft(settings: LedgerSettings, guard: Guard) -> CometBftSettings | None:
    if settings.engine != "cometbft":
        return None
    try:
        return cometbft(
            settings.cometbft,
            empty_block_interval_s=settings.empty_block_interval_s,
            cors_origins=guard.cors_origins,
            tls=(guard.tls.certificate, guard.tls.key) if guard.tls else (),
        )
    except ToolError as error:
        raise DaemonError(str(error)) from error


async def run(settings: LedgerSettings, stop: asyncio.Event) -> None:
    """Run the node until `stop`."""
    guard = _guard(settings)
    node_settings = node.NodeSettings(
        home=settings.home,
        genesis=settings.genesis,
        grpc=settings.grpc,
        rest=settings.rest,
        rpc=settings.rpc,
        guard=guard,
        engine=EngineSettings(
            empty_block_interval_s=settings.empty_block_interval_s,
            idle_block_interval_s=settings.idle_block_interval_s,
            keep_blocks=settings.keep_blocks,
            keep_events=settings.keep_events,
        ),
        cometbft=_cometbft(settings, guard),
    )

    health = LedgerHealth(settings.idle_block_interval_s)

    def ready(started: node.RunningNode) -> None:
        health.ready(lambda: started.engine.app.tip)
        height = started.engine.app.tip.height
        get_logger().info(
            "ready", height=height, grpc=settings.grpc, rest=settings.rest, rpc=settings.rpc
        )

    try:
        async with AsyncExitStack() as resources:
            if settings.metrics_port is not None:
                served = metrics.serve(settings.metrics_port, health.checks)
                await resources.enter_async_context(served)
            await node.run(node_settings, modules, stop, routers=routers, ready=ready)
    except LedgerError as error:
        raise DaemonError(str(error)) from error


def main(argv: Sequence[str] | None = None) -> int:
    """Run the ledger until it is told to stop; returns the exit code."""
    return life.main("ledger", LedgerSettings, run, argv)


if __name__ == "__main__":
    sys.exit(main())
