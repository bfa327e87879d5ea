"""A local network whose parts break one at a time.

Every chain's node stands behind a gate, and the ledger as the daemons see it; processes are killed,
stopped and started again from the settings that the network wrote.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zrsign.errors import NetworkError
from zrsign.local.chaos.gates import Gate
from zrsign.local.network import survey
from zrsign.local.network.health import Health
from zrsign.local.network.local import LocalNetwork
from zrsign.local.network.manifest import AccountEntry, ChainEntry, LedgerEntry
from zrsign.local.network.nodes import START_TIMEOUT_S
from zrsign.local.network.operators import PREFIX, Committee
from zrsign.local.network.ports import HOST, Ports
from zrsign.local.network.process import Process
from zrsign.local.network.rpc import Rpc
from zrsign_daemon.program import program

PACKAGES = {
    "ledger": "zrsign.node",
    "listener": "zrsign_listener",
    "keyring": "zrsign_dev_keyring",
    "relayer": "relayer",
    "btc_proxy": "zrsign_btc_proxy",
}
RISKY = 12
"""Blocks on top below which a chain here may be reorganised."""
HASTE = {"grace_s": 120.0, "replace_after_s": 5.0}
LOOK_S = 0.1
PATIENCE_S = 180.0


async def until(look: Callable[[], Awaitable[bool]], claim: str) -> None:
    """Wait until `look` answers True. Raises NetworkError after PATIENCE_S."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if await look():
                    return
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise NetworkError(f"Never: {claim}.", "See the logs of the network's services.") from None


class ChaosNetwork(LocalNetwork):
    """`gates` by the chain's name, and of the ledger."""

    def __init__(self, state_dir: Path, committee: Committee | None = None) -> None:
        super().__init__(state_dir, Ports.free(), lambda _name, _state: None, committee)
        self.gates: dict[str, Gate] = {}

    async def stop(self) -> None:
        """Stop every process, frozen ones too, and every gate."""
        for process in self.supervisor.processes:
            if process.child.returncode is None:
                process.child.send_signal(signal.SIGCONT)
        await super().stop()
        for gate in self.gates.values():
            await gate.close()

    def direct_url(self, name: str) -> str:
        """A node's own address, which no gate closes."""
        port = {
            "evm-source": self.ports.evm_source,
            "evm-destination": self.ports.evm_destination,
            "bitcoin": self.ports.bitcoin_rpc,
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

    async def _ledger(self, known: tuple[AccountEntry, ...]) -> LedgerEntry:
        """What breaks the network asks the ledger directly, the daemons through a gate."""
        self.gates["ledger"] = Gate(self.ports.ledger_grpc)
        await self.gates["ledger"].open()
        return await super()._ledger(known)

    def process(self, name: str) -> Process:
        """The last one that was started under that name."""
        return next(each for each in reversed(self.supervisor.processes) if each.name == name)

    def freeze(self, name: str) -> None:
        """SIGSTOP: it does nothing more, and keeps what it holds."""
        self.process(name).child.send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """SIGCONT, where it is still there."""
        if self.process(name).child.returncode is None:
            self.process(name).child.send_signal(signal.SIGCONT)

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
        async with Rpc(self.manifest.ledger.rpc) as rpc:

            async def silent() -> bool:
                return not await rpc.answers("status")

            await until(silent, "the doors of the killed ledger are closed")

    async def restart_bitcoin(self) -> None:
        """SIGKILL for bitcoind, which loses its pool, and a start; it mines as before.

        Its blocks are flushed first: it has no peers from whom to get them again.
        """
        with self._no_mining():
            await self.bitcoin.rpc.call("gettxoutsetinfo")
            await self.kill("bitcoin")
            await self.bitcoin.run(self.supervisor, self.state_dir / "bitcoin")

    async def reorganise_bitcoin(self, depth: int) -> None:
        """The newest blocks are others now, and empty.

        They pay an address of their own: the chain's clock follows from its blocks, and what has
        the bytes of a block that was taken away is refused like that one.
        """
        rpc, miner = self.bitcoin.rpc, await self.bitcoin.new_address()
        with self._no_mining():
            height = await rpc.call("getblockcount")
            await rpc.call("invalidateblock", await rpc.call("getblockhash", height - depth + 1))
            for _ in range(depth + 1):
                await rpc.call("generateblock", miner, [])

    @contextmanager
    def _no_mining(self) -> Iterator[None]:
        """No block comes by itself meanwhile."""
        mining = self.bitcoin.mining
        self.bitcoin.stop_mining()
        yield
        if mining:
            self.bitcoin.keep_mining()

    async def _daemon(
        self, name: str, package: str, settings: dict[str, Any], port: int = 0
    ) -> None:
        """What is paid is watched below RISKY blocks, waits long for funds, and outbids soon."""
        settings["ledger"]["grpc"] = f"{HOST}:{self.gates['ledger'].port}"
        if name == "relayer":
            for chain, each in settings["destinations"].items():
                if chain.startswith(("eip155:", "bip122:")):
                    each["settled"] = RISKY
            settings["composer"] = HASTE
        if name == "btc_proxy":
            settings |= HASTE
        await super()._daemon(name, package, settings, port)

    def settings(self, name: str) -> dict[str, Any]:
        """The settings that a daemon was started with."""
        path = self.state_dir / "config" / f"{name}.json"
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    async def spawn(
        self, name: str, *, called: str = "", skew_s: float | None = None, **changes: Any
    ) -> Process:
        """Start a daemon from its settings, `changes` above them, with a clock `skew_s` off.

        `called` names the process where it is not the daemon itself but another one.
        """
        config = self.state_dir / "config" / f"{name}.json"
        if changes:
            changed = json.dumps(self.settings(name) | changes)
            config = config.with_name(f"{called or name}.changed.json")
            config.write_text(changed)
        package = package_of(name)
        if skew_s is None:
            return await self.supervisor.fork(called or name, package, "--config", config)
        # What was imported before the clock is set may have its own way to the right one.
        wrong = ("zrsign.local.chaos.skewed", str(skew_s), package)
        return await self.supervisor.start(called or name, program(*wrong, "--config", config))

    async def restart(self, name: str, skew_s: float | None = None) -> None:
        """Start it from the settings that it had; returns when it answers."""
        process = await self.spawn(name, skew_s=skew_s)
        if name == "ledger":
            async with Rpc(self.manifest.ledger.rpc) as rpc:
                await self.supervisor.ready(process, lambda: rpc.answers("status"), START_TIMEOUT_S)
            return
        health = Health(next(each.health for each in self.manifest.daemons if each.name == name))
        await self.supervisor.ready(process, health.reachable, START_TIMEOUT_S)

    def database(self, name: str) -> Path:
        """The SQLite file of a daemon, or the ledger's LMDB one."""
        if name == "ledger":
            return self.manifest.ledger.store / "data.mdb"
        return self.state_dir / f"{name}.sqlite"

    async def fault(self, service: str) -> str:
        """What `zrsign status` says of a service; "" when it is well."""
        found = await survey.services(self.manifest)
        return next(each.fault for each in found if each.name == service)

    async def faults(self) -> dict[str, str]:
        """What `zrsign status` says of the services that are not well."""
        found = await survey.services(self.manifest)
        return {each.name: each.fault for each in found if each.fault}


def package_of(name: str) -> str:
    """What runs a daemon."""
    return "zrsign_operator" if name.startswith(PREFIX) else PACKAGES[name]
