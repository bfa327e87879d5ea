"""Further operators for a running local network: started before a group names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zrsign.local.network import accounts, operators, settings_files
from zrsign.local.network.manifest import DaemonEntry, Manifest
from zrsign.local.network.ports import HOST, Ports
from zrsign.local.network.process import Supervisor


@dataclass(frozen=True)
class Joiners:
    """Processes that wait for the ledger's group to name them."""

    manifest: Manifest
    """The network's manifest with the accounts and daemons of the new operators."""
    names: tuple[str, ...]


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
        config = settings_files.write(manifest.state_dir / "config", each.name, settings)
        process = await supervisor.fork(each.name, "zrsign_operator", "--config", config)
        health = f"http://{HOST}:{port}"
        daemons.append(DaemonEntry(name=each.name, pid=process.child.pid, health=health))
    manifest = manifest.model_copy(update={"daemons": (*manifest.daemons, *daemons)})
    manifest.save()
    return Joiners(manifest, tuple(names))


def _next_names(manifest: Manifest, count: int) -> Sequence[str]:
    taken = [
        int(account.name.removeprefix(operators.PREFIX))
        for account in manifest.accounts
        if account.name.startswith(operators.PREFIX)
    ]
    first = max(taken, default=0) + 1
    return [f"{operators.PREFIX}{index}" for index in range(first, first + count)]
