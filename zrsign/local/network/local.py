"""The local network: start in the right order, deploy, stop.

    chains ∥ ledger ─▶ keyring ─▶ authority key ─▶ contracts ∥ listener
                    └▶ relayer ∥ btc_proxy

What does not depend on each other starts at the same time. Whatever was started is stopped again,
however the network ends.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from web3 import AsyncHTTPProvider, AsyncWeb3

from zrchain_lite.client import LedgerClient
from zrsign.administration import Keyring
from zrsign.deployment.deploy import deploy, predict
from zrsign.deployment.plan import Deployment, Mode, Plan
from zrsign.deployment.state import Web3
from zrsign.errors import NetworkError
from zrsign.local import tools
from zrsign.local.network import accounts, genesis, operators, settings_files, setup, validators
from zrsign.local.network.directory import StateDirectory
from zrsign.local.network.health import Health
from zrsign.local.network.manifest import (
    ChainEntry,
    ContractEntry,
    DaemonEntry,
    LedgerEntry,
    Manifest,
)
from zrsign.local.network.motion import of_network
from zrsign.local.network.nodes import (
    DESTINATION_CHAIN_ID,
    PROGRAMS,
    SOURCE_CHAIN_ID,
    START_TIMEOUT_S,
    Bitcoin,
    ChainNode,
    start_anvil,
    start_solana,
)
from zrsign.local.network.operators import Committee
from zrsign.local.network.ports import HOST, Ports
from zrsign.local.network.process import Supervisor
from zrsign.local.network.rpc import Rpc

# Called with a service's name and what it does now.
Progress = Callable[[str, str], None]

START_FILE = "start.json"
"""The options of a network, in its state directory."""
ANVILS = {"evm-source": "evm-source.json", "evm-destination": "evm-destination.json"}
"""The EVM chains, and the files that keep them."""


class LocalNetwork:
    """One network in one state directory.

    `async with` starts and stops it, `deploy` adds contracts.
    """

    bitcoin: Bitcoin
    manifest: Manifest

    def __init__(
        self,
        state_dir: Path,
        ports: Ports,
        progress: Progress,
        committee: Committee | None = None,
        validators: int = 1,
        without: Collection[str] = (),
    ) -> None:
        """Name what to start; nothing runs yet.

        Without a committee, the development keyring answers. Several validators need CometBFT;
        one is the ledger with the embedded engine. `without` names chains that are left out:
        bitcoin, solana.
        """
        self.without = frozenset(without)
        self.committee = committee
        self.validators = validators if validators > 1 else 0
        self.state_dir = state_dir.resolve()
        self.ports = ports
        self.progress = progress
        self.supervisor = Supervisor(self.state_dir / "logs")
        self._rpcs: dict[str, Rpc] = {}
        self._directory = StateDirectory(self.state_dir)
        self._authority_key: setup.AuthorityKey | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Stop every process. The state directory with its logs stays."""
        if hasattr(self, "bitcoin"):
            await self.bitcoin.stop()
        for rpc in self._rpcs.values():
            await rpc.close()
        await self.supervisor.stop()
        self._directory.release()

    def rpc(self, caip2: str) -> Rpc:
        """The node of a chain."""
        if caip2 not in self._rpcs:
            chain = self.manifest.chain(caip2)
            self._rpcs[caip2] = Rpc(chain.rpc_url, chain.cookie_file)
        return self._rpcs[caip2]

    def client(self, account: str) -> LedgerClient:
        """The ledger, as an account of the manifest."""
        signer = self.manifest.account(account).ledger()
        return LedgerClient(self.manifest.ledger.grpc, account=signer)

    async def deploy(
        self, modes: tuple[Mode, ...] = (Mode.DIRECT, Mode.OMNI)
    ) -> tuple[ContractEntry, ...]:
        """Deploy a contract a mode on the source chain, register them, start their listener.

        The listener starts meanwhile, as the addresses are known before the contracts are there.
        """
        key = self._authority_key
        if key is None:
            raise NetworkError("The network is not running.", "Start it first.")
        chain = self.manifest.chain(f"eip155:{SOURCE_CHAIN_ID}")
        proxy_admin = self.manifest.account("proxy-admin").evm_address
        plans = [Plan(mode, mpc=key.evm_address, proxy_admin=proxy_admin) for mode in modes]
        w3 = AsyncWeb3(AsyncHTTPProvider(chain.rpc_url))
        try:
            height = await w3.eth.block_number
            proxies = await predict(w3, self.manifest.account("deployer").evm().address, plans)
            awaited = [
                ContractEntry(chain=chain.caip2, address=proxy, mode=str(mode), start_block=height)
                for proxy, mode in zip(proxies, modes, strict=True)
            ]
            listener = settings_files.listener(self.manifest, awaited)
            contracts, _ = await asyncio.gather(
                self._deploy(w3, key, chain.caip2, plans, proxies),
                self._daemon("listener", "zrsign_listener", listener),
            )
        finally:
            await w3.provider.disconnect()
        return contracts

    async def _deploy(
        self,
        w3: Web3,
        key: setup.AuthorityKey,
        chain: str,
        plans: Sequence[Plan],
        proxies: Sequence[str],
    ) -> tuple[ContractEntry, ...]:
        contracts = []
        for plan, proxy in zip(plans, proxies, strict=True):
            self.progress("contracts", f"deploying {plan.mode}")
            deployed = await deploy(w3, self.manifest.account("deployer").evm(), plan)
            if deployed.address != proxy:
                raise NetworkError(
                    f"{deployed.address} was deployed where the listener awaits {proxy}.",
                    "Did somebody else use the deployer's account? Start again.",
                )
            contracts.append(_entry(chain, deployed))
        async with self.client("authority") as ledger:
            authority = self.manifest.account("authority").address
            await setup.register_sources(ledger, authority, contracts, key, w3)
        self._update(contracts=tuple(contracts))
        self.progress("contracts", "ready")
        return tuple(contracts)

    async def _start(self) -> None:
        self._claim_state_dir()
        await asyncio.to_thread(self._bring_tools)
        names = self.committee.names if self.committee else ()
        self.ports.ensure_free(len(names), self.validators)
        self._note_options()
        if names:
            keeper = operators.prime_keeper(self.state_dir, len(names))
            await self.supervisor.start("primes", keeper)
        known = accounts.create(self.state_dir / "keys", names)
        chains, ledger = await asyncio.gather(self._chains(), self._ledger(known))
        self.manifest = Manifest(
            pid=os.getpid(),
            state_dir=self.state_dir,
            ledger=ledger,
            chains=chains,
            accounts=known,
        )
        self._update()
        starting = [
            self._keys(),
            self._daemon("relayer", "relayer", settings_files.relayer(self.manifest)),
        ]
        if "bitcoin" not in self.without:
            self.bitcoin.keep_mining()
            proxy = settings_files.btc_proxy(self.manifest)
            starting.append(self._daemon("btc_proxy", "zrsign_btc_proxy", proxy))
        await asyncio.gather(*starting)

    def _note_options(self) -> None:
        """What it was started with: from this file it goes on another time."""
        options = {
            "ports": asdict(self.ports),
            "keyring": str(self.committee or ""),
            "validators": self.validators,
            "without": sorted(self.without),
        }
        settings_files.write(self.state_dir, START_FILE.removesuffix(".json"), options)

    def _bring_tools(self) -> None:
        """Fetch the programs of the chains where the machine has none. Raises ToolError."""
        programs = [tool for chain, tool in PROGRAMS.items() if chain not in self.without]
        tools.provide(lambda line: self.progress("tools", line), programs)

    def _claim_state_dir(self) -> None:
        """An empty directory that only this process uses. Raises NetworkError."""
        self._directory.acquire()
        self._directory.clear()

    async def _chains(self) -> tuple[ChainEntry, ...]:
        ports, supervisor = self.ports, self.supervisor
        at = {
            "evm-source": (SOURCE_CHAIN_ID, ports.evm_source),
            "evm-destination": (DESTINATION_CHAIN_ID, ports.evm_destination),
        }
        starting = {
            name: start_anvil(supervisor, name, *at[name], self.state_dir / file)
            for name, file in ANVILS.items()
        }
        if "bitcoin" not in self.without:
            starting["bitcoin"] = self._bitcoin()
        if "solana" not in self.without:
            starting["solana"] = start_solana(supervisor, self.state_dir / "solana", ports)
        for name in starting:
            self.progress(name, "starting")
        nodes = await asyncio.gather(*starting.values())
        for node in nodes:
            self.progress(node.name, "ready")
        return tuple(ChainEntry(**asdict(each)) for each in nodes)

    async def _bitcoin(self) -> ChainNode:
        folder = self.state_dir / "bitcoin"
        self.bitcoin = await Bitcoin.start(self.supervisor, folder, self.ports)
        return self.bitcoin.node

    async def _ledger(self, known: tuple[Any, ...]) -> LedgerEntry:
        self.progress("ledger", "starting")
        entry = LedgerEntry(
            chain_id=genesis.CHAIN_ID,
            grpc=f"{HOST}:{self.ports.ledger_grpc}",
            rest=f"http://{HOST}:{self.ports.ledger_rest}",
            rpc=f"http://{HOST}:{self.ports.ledger_rpc}",
            store=self._store,
        )
        first_state = genesis.build(known)
        if self.validators:
            folder = self.state_dir / "validators"
            await validators.start(
                self.supervisor, folder, first_state, self.ports, self.validators
            )
        else:
            await self._embedded(entry, first_state)
        async with Rpc(entry.rpc) as rpc:
            status = await rpc.call("status")
        first = status["sync_info"]
        root = f"{first['earliest_block_height']}:{first['earliest_block_hash'].lower()}"
        self.progress("ledger", "ready")
        return entry.model_copy(update={"root": root})

    @property
    def _store(self) -> Path:
        if self.validators:
            return validators.store_of_first(self.state_dir / "validators")
        return self.state_dir / "ledger"

    async def _embedded(self, entry: LedgerEntry, first_state: dict[str, Any]) -> None:
        genesis_file = settings_files.write(self.state_dir, "genesis", first_state)
        settings = settings_files.ledger(entry, genesis_file) | {"metrics_port": self.ports.ledger}
        config = settings_files.write(self.state_dir / "config", "ledger", settings)
        process = await self.supervisor.fork("ledger", "zrsign.node", "--config", config)
        async with Rpc(entry.rpc) as rpc:
            await self.supervisor.ready(process, lambda: rpc.answers("status"), START_TIMEOUT_S)

    async def _keys(self) -> None:
        """The keyring, as any keyring registers, and the key that answers for Direct contracts."""
        authority = self.manifest.account("authority").address
        async with self.client("authority") as ledger:
            if self.committee is None:
                parties, threshold = ["keyring-party"], 1
            else:
                parties, threshold = list(self.committee.names), self.committee.threshold
            addresses = [self.manifest.account(name).address for name in parties]
            keyring = await setup.register_keyring(ledger, authority, addresses, threshold)
            await self._start_keyring(ledger, keyring)
            asked = setup.request_authority_key(ledger, authority, keyring)
            motion = of_network(lambda: self.manifest, ledger)
            self._authority_key = await motion.wait_for(asked)

    async def _start_keyring(self, ledger: LedgerClient, address: str) -> None:
        if self.committee is None:
            await self._daemon(
                "keyring", "zrsign_dev_keyring", settings_files.keyring(self.manifest, address)
            )
            return
        made = operators.provision(self.manifest, self.committee.names, address, self.ports)
        keyring = Keyring(ledger, address)
        await keyring.allow([operators.measurement()])
        members = [each.card.message() for each in made]
        committee = self.committee
        await keyring.set_group(
            committee.threshold,
            operators.LEVEL,
            members,
            roots=committee.roots,
            absent=committee.absent,
        )
        await self.start_operators(made)

    async def start_operators(self, made: Sequence[operators.Provision]) -> None:
        """All at the same time; each is ready when the ledger's group names it."""
        await asyncio.gather(
            *(
                self._daemon(
                    each.name,
                    "zrsign_operator",
                    each.settings,
                    self.ports.operator_status[each.card.index - 1],
                )
                for each in made
            )
        )

    async def _daemon(
        self, name: str, package: str, settings: dict[str, Any], port: int = 0
    ) -> None:
        """Start a daemon of ours. It is ready when its health port says so."""
        self.progress(name, "starting")
        port = port or getattr(self.ports, name)
        settings = {**settings, "metrics_port": port}
        config = settings_files.write(self.state_dir / "config", name, settings)
        process = await self.supervisor.fork(name, package, "--config", config)
        health = Health(f"http://{HOST}:{port}")
        await self.supervisor.ready(process, health.reachable, START_TIMEOUT_S)
        entry = DaemonEntry(name=name, pid=process.child.pid, health=health.url)
        self._update(daemons=(*self.manifest.daemons, entry))
        self.progress(name, "ready")

    def _update(self, **changes: Any) -> None:
        self.manifest = self.manifest.model_copy(update=changes)
        self.manifest.save()


def _entry(caip2: str, deployed: Deployment) -> ContractEntry:
    return ContractEntry(
        chain=caip2,
        address=deployed.address,
        mode=str(deployed.mode),
        start_block=deployed.block_number,
    )
