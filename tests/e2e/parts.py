"""A local network whose parts break one at a time.

Every chain's node stands behind a gate, a TCP forwarder that closes and opens; processes are killed
and started again from the settings that the network wrote.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from tests.processes import alone
from tests.waiting import STALLED_S, until
from zrsign.local.network import survey
from zrsign.local.network.health import Health
from zrsign.local.network.local import LocalNetwork
from zrsign.local.network.manifest import ChainEntry
from zrsign.local.network.operators import Committee
from zrsign.local.network.ports import HOST, Ports
from zrsign.local.network.process import Process, Supervisor
from zrsign.local.network.rpc import Rpc

PACKAGES = {
    "ledger": "zrsign.node",
    "listener": "zrsign_listener",
    "keyring": "zrsign_dev_keyring",
    "relayer": "relayer",
    "btc_proxy": "zrsign_btc_proxy",
}


class Gate:
    """Forwards one port to another while it is open."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._server: asyncio.Server | None = None
        self._pipes: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._forward, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Refuse connections, and cut those that are there."""
        if self._server is None:
            return
        self._server.close()
        for pipe in self._pipes:
            pipe.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pipes.add(task)
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self._target)
            async with asyncio.TaskGroup() as pipes:
                pipes.create_task(_pipe(reader, far_writer))
                pipes.create_task(_pipe(far_reader, writer))
        except* (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._pipes.discard(task)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


class Frugal(Supervisor):
    """Operators keep POOL presignatures of a key ready, and not the usual eight.

    What breaks here makes them drop all that they have ready, again and again. To fill larger pools
    would change nothing of what they do with them, and take most of the processors.
    """

    POOL = 2

    async def start(
        self, name: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None
    ) -> Process:
        pool = {"ZRSIGN_OPERATOR_PRESIGNATURES": str(self.POOL)}
        return await super().start(name, command, {**pool, **(env or {})})


class BreakableNetwork(LocalNetwork):
    """`gates` by the chain's name."""

    def __init__(self, state_dir: Path, committee: Committee | None = None) -> None:
        super().__init__(state_dir, Ports.free(), lambda _name, _state: None, committee)
        self.supervisor = Frugal(self.state_dir / "logs")
        self.gates: dict[str, Gate] = {}

    async def __aenter__(self) -> Self:
        with alone("network"):
            return await super().__aenter__()

    async def stop(self) -> None:
        await super().stop()
        for gate in self.gates.values():
            await gate.close()

    def direct_url(self, name: str) -> str:
        """A node's own address, which no gate closes."""
        port = {
            "evm-source": self.ports.evm_source,
            "evm-destination": self.ports.evm_destination,
        }[name]
        return f"http://{HOST}:{port}"

    async def _chains(self) -> tuple[ChainEntry, ...]:
        return tuple([await self._gated(each) for each in await super()._chains()])

    async def _gated(self, chain: ChainEntry) -> ChainEntry:
        gate = Gate(int(chain.rpc_url.rpartition(":")[2]))
        await gate.open()
        self.gates[chain.name] = gate
        address = f"{HOST}:{gate.port}"
        sockets = f"ws://{address}" if chain.caip2.startswith("eip155:") else chain.ws_url
        return chain.model_copy(update={"rpc_url": f"http://{address}", "ws_url": sockets})

    def process(self, name: str) -> Process:
        """The last one that was started under that name."""
        return next(each for each in reversed(self.supervisor.processes) if each.name == name)

    async def kill(self, name: str) -> None:
        """SIGKILL: nothing is flushed, nothing is told to anybody."""
        child = self.process(name).child
        if child.returncode is None:
            child.kill()
            await child.wait()
        if name == "ledger":
            await self._doors_closed()

    async def _doors_closed(self) -> None:
        """A ledger's doors are a process of their own, which may answer for a moment longer."""
        rpc = Rpc(self.manifest.ledger.rpc)

        async def silent() -> bool:
            return not await rpc.answers("status")

        await until(silent, "the doors of the killed ledger are closed")
        await rpc.close()

    async def spawn(self, name: str, **changes: Any) -> Process:
        """Start a daemon from its settings, `changes` above them."""
        config = self.state_dir / "config" / f"{name}.json"
        if changes:
            settings = json.loads(config.read_text())
            config = config.with_name(f"{name}.changed.json")
            config.write_text(json.dumps(settings | changes))
        return await self.supervisor.start(
            name, [sys.executable, "-m", package_of(name), "--config", config]
        )

    async def restart(self, name: str) -> None:
        """Start it from the settings that it had; returns when it answers."""
        process = await self.spawn(name)
        if name == "ledger":
            rpc = Rpc(self.manifest.ledger.rpc)
            await self.supervisor.ready(process, lambda: rpc.answers("status"), STALLED_S)
            await rpc.close()
            return
        health = Health(next(each.health for each in self.manifest.daemons if each.name == name))
        await self.supervisor.ready(process, health.reachable, STALLED_S)

    async def lose_database(self, name: str) -> None:
        """Kill a daemon and damage its database: it refuses to start, and leaves the file alone.

        Then do what it says: move the file away.
        """
        path, damaged = self.state_dir / f"{name}.sqlite", b"this is no database" * 500
        await self.kill(name)
        for left in path.parent.glob(f"{path.name}-*"):
            left.unlink()
        path.write_bytes(damaged)
        assert str(path) in await refusal(await self.spawn(name))
        assert path.read_bytes() == damaged
        path.rename(path.with_suffix(".damaged"))

    async def fault(self, service: str) -> str:
        """What `zrsign status` says of a service; "" when it is well."""
        found = await survey.services(self.manifest)
        return next(each.fault for each in found if each.name == service)

    async def recovered(self) -> None:
        """Every service says that it is well."""

        async def faults() -> dict[str, str]:
            found = await survey.services(self.manifest)
            return {each.name: each.fault for each in found if each.fault}

        async def well() -> bool:
            return not await faults()

        await until(well, "all services well", faults)


def package_of(name: str) -> str:
    """What runs a daemon."""
    return "zrsign_operator" if name.startswith("operator-") else PACKAGES[name]


async def refusal(process: Process) -> str:
    """The one line with which a start was refused, exit code 2."""
    assert await process.child.wait() == 2
    lines = [line for line in process.log.read_text().splitlines() if not line.startswith("{")]
    return lines[-1]
