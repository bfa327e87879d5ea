"""A local network that goes on where it was stopped: `zrsign up --keep`.

Chains, ledger, keys and databases are those of before, and each daemon has its settings and ports.
The node of Solana keeps nothing: that chain begins anew.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any, Self

from zrsign.deployment.plan import Mode
from zrsign.errors import NetworkError
from zrsign.local.network import manifest, operators
from zrsign.local.network.local import ANVILS, START_FILE, LocalNetwork, Progress
from zrsign.local.network.manifest import ContractEntry, DaemonEntry, Manifest
from zrsign.local.network.nodes import START_TIMEOUT_S
from zrsign.local.network.operators import PREFIX, Committee
from zrsign.local.network.ports import Ports
from zrsign.local.network.rpc import Rpc

PACKAGES = {
    "keyring": "zrsign_dev_keyring",
    "relayer": "relayer",
    "btc_proxy": "zrsign_btc_proxy",
    "listener": "zrsign_listener",
}


class KeptNetwork(LocalNetwork):
    """The network of a state directory, with the options that it was started with."""

    before: Manifest

    @classmethod
    def of(cls, state_dir: Path, progress: Progress) -> Self:
        """Read what was started. Raises NetworkError where nothing whole was stopped in order."""
        try:
            options = json.loads((state_dir / START_FILE).read_text())
            before = manifest.load(state_dir)
        except (OSError, ValueError):
            raise _nothing(state_dir, "there is none") from None
        if options["validators"]:
            raise _nothing(state_dir, "one of several validators begins anew")
        kept = all((state_dir / name).is_file() for name in ANVILS.values())
        if not (before.contracts and kept):
            raise _nothing(state_dir, "it was not whole, or not stopped in order")
        ports: dict[str, Any] = {
            name: tuple(port) if isinstance(port, list) else port
            for name, port in options["ports"].items()
        }
        committee = Committee.parse(options["keyring"]) if options["keyring"] else None
        made = cls(state_dir, Ports(**ports), progress, committee, without=options["without"])
        made.before = before
        return made

    async def deploy(
        self, modes: tuple[Mode, ...] = (Mode.DIRECT, Mode.OMNI)
    ) -> tuple[ContractEntry, ...]:
        """The contracts that are there."""
        return self.manifest.contracts

    async def _start(self) -> None:
        self._directory.acquire()
        await asyncio.to_thread(self._bring_tools)
        names = self.committee.names if self.committee else ()
        self.ports.ensure_free(len(names))
        if names:
            keeper = operators.prime_keeper(self.state_dir, len(names))
            await self.supervisor.start("primes", keeper)
        chains, _ = await asyncio.gather(self._chains(), self._ledger_again())
        for name in ANVILS.values():
            # Who is killed keeps nothing that is older than the ledger.
            (self.state_dir / name).unlink()
        changes = {"pid": os.getpid(), "chains": chains, "daemons": ()}
        self.manifest = self.before.model_copy(update=changes)
        self._update()
        if "bitcoin" not in self.without:
            self.bitcoin.keep_mining()
        daemons = {each.name: each for each in self.before.daemons}
        await asyncio.gather(*map(self._again, daemons.values()))

    async def _ledger_again(self) -> None:
        self.progress("ledger", "starting")
        config = self.state_dir / "config" / "ledger.json"
        process = await self.supervisor.fork("ledger", "zrsign.node", "--config", config)
        async with Rpc(self.before.ledger.rpc) as rpc:
            await self.supervisor.ready(process, lambda: rpc.answers("status"), START_TIMEOUT_S)
        self.progress("ledger", "ready")

    async def _again(self, daemon: DaemonEntry) -> None:
        config = self.state_dir / "config" / f"{daemon.name}.json"
        settings = json.loads(config.read_text())
        operator = daemon.name.startswith(PREFIX)
        package = "zrsign_operator" if operator else PACKAGES[daemon.name]
        await self._daemon(daemon.name, package, settings, settings["metrics_port"])


def _nothing(state_dir: Path, why: str) -> NetworkError:
    return NetworkError(
        f"No network in {state_dir} goes on: {why}.", "Start a new one: zrsign up, without --keep"
    )
