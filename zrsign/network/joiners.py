"""Further operators for a running local network: started before a group names them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from zrsign.keyring import MemberCard
from zrsign.network import accounts, configs, operators
from zrsign.network.health import Health
from zrsign.network.manifest import DaemonEntry, Manifest
from zrsign.network.ports import HOST, Ports
from zrsign.network.process import Supervisor

READY_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Joiners:
    """Processes that wait for the ledger's group to name them."""

    manifest: Manifest
    """With their accounts and their daemons."""
    supervisor: Supervisor
    names: tuple[str, ...]

    @property
    def cards(self) -> list[MemberCard]:
        return operators.cards(self.manifest, self.names)

    async def ready(self) -> None:
        """Until all of them take part. Raises NetworkError."""
        daemons = {each.name: each for each in self.manifest.daemons}
        running = {each.name: each for each in self.supervisor.processes}
        await asyncio.gather(
            *(
                self.supervisor.ready(
                    running[name], Health(daemons[name].health).reachable, READY_TIMEOUT_S
                )
                for name in self.names
            )
        )


async def join(
    manifest: Manifest, keyring: str, count: int, ports: Ports, supervisor: Supervisor
) -> Joiners:
    """Make keys and accounts for `count` operators and start them. Raises NetworkError."""
    names = _next_names(manifest, count)
    added = accounts.add(manifest.state_dir / "keys", names)
    manifest = manifest.model_copy(update={"accounts": (*manifest.accounts, *added)})
    made = operators.provision(manifest, names, keyring, ports)
    daemons = []
    for each in made:
        port = ports.operator_status[each.card.index - 1]
        settings = {**each.settings, "metrics_port": port}
        config = configs.write(manifest.state_dir / "config", each.name, settings)
        process = await supervisor.start(
            each.name, [sys.executable, "-m", "dmpc.operator", "--config", config]
        )
        health = f"http://{HOST}:{port}"
        daemons.append(DaemonEntry(name=each.name, pid=process.child.pid, health=health))
    manifest = manifest.model_copy(update={"daemons": (*manifest.daemons, *daemons)})
    manifest.save()
    return Joiners(manifest, supervisor, tuple(names))


def _next_names(manifest: Manifest, count: int) -> Sequence[str]:
    taken = [
        int(account.name.removeprefix(operators.PREFIX))
        for account in manifest.accounts
        if account.name.startswith(operators.PREFIX)
    ]
    first = max(taken, default=0) + 1
    return [f"{operators.PREFIX}{index}" for index in range(first, first + count)]
