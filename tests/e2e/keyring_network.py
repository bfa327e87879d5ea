"""A ledger and the operators of one keyring, nothing else, for tests that break them.

Every operator stands behind its own door, a forwarder that its peers find on the ledger. A door
knows who knocks, so links between any two operators can be cut and healed.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Self

from tests.e2e.parts import BreakableNetwork
from tests.e2e.requester import Requester
from tests.waiting import STALLED_S, until
from zrchain_lite.client import LedgerClient
from zrsign.administration import Keyring, MemberCard
from zrsign.local.network import accounts, operators
from zrsign.local.network.committee import reports
from zrsign.local.network.health import Health
from zrsign.local.network.joiners import join
from zrsign.local.network.manifest import Manifest
from zrsign.local.network.operators import Committee
from zrsign.local.network.ports import HOST
from zrsign_dmpc.kept.journals import FileJournal
from zrsign_dmpc.kept.single_use import _items_of


class Door:
    """Forwards connections to one operator, but for those of peers that are cut off."""

    def __init__(self, index: int, target: int, network: KeyringNetwork) -> None:
        self.port = 0
        self.delay_s = 0.0
        """Of everything that passes, in either direction."""
        self._index, self._target, self._network = index, target, network
        self._server: asyncio.Server | None = None
        self._pipes: dict[asyncio.Task[None], int] = {}

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._forward, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._hang_up(self._pipes.values())
            await self._server.wait_closed()

    async def cut(self) -> None:
        """End what must not be there any more."""
        await self._hang_up(self._network.strangers(self._index))

    async def _hang_up(self, peers: Collection[int]) -> None:
        ended = [pipe for pipe, peer in self._pipes.items() if peer in peers]
        for pipe in ended:
            pipe.cancel()
        await asyncio.gather(*ended, return_exceptions=True)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        peer = self._network.who_dials(writer.get_extra_info("peername")[1], self.port)
        self._pipes[task] = peer
        try:
            if peer not in self._network.strangers(self._index):
                far_reader, far_writer = await asyncio.open_connection(HOST, self._target)
                async with asyncio.TaskGroup() as pipes:
                    pipes.create_task(self._pipe(reader, far_writer))
                    pipes.create_task(self._pipe(far_reader, writer))
        except* (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            del self._pipes[task]

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1 << 16):
                await asyncio.sleep(self.delay_s)
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()


class KeyringNetwork(BreakableNetwork):
    """`parts` are the groups of operators that reach each other; empty: all do."""

    committee: Committee

    def __init__(self, state_dir: Path, committee: Committee) -> None:
        super().__init__(state_dir, committee)
        self.parts: tuple[frozenset[int], ...] = ()
        self.doors: dict[int, Door] = {}
        self.address = ""
        self._ledger_client: LedgerClient | None = None

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._ledger_client = await self.client("authority").__aenter__()
        return self

    async def stop(self) -> None:
        if self._ledger_client is not None:
            await self._ledger_client.close()
        await super().stop()
        for door in self.doors.values():
            await door.close()

    @property
    def ledger(self) -> LedgerClient:
        """As the keyring's administrator."""
        assert self._ledger_client is not None
        return self._ledger_client

    @property
    def keyring(self) -> Keyring:
        return Keyring(self.ledger, self.address)

    async def requester(self) -> Requester:
        return await Requester.of(self.ledger, self.address, self.signs_of_work)

    # Start

    async def _start(self) -> None:
        self._claim_state_dir()
        names = self.committee.names
        self.ports.ensure_free(len(names))
        known = accounts.create(self.state_dir / "keys", names)
        self.manifest = Manifest(
            pid=os.getpid(),
            state_dir=self.state_dir,
            ledger=await self._ledger(known),
            chains=(),
            accounts=known,
        )
        self._update()
        await self._keys()

    async def _start_keyring(self, ledger: LedgerClient, address: str) -> None:
        self.address = address
        made = operators.provision(self.manifest, self.committee.names, address, self.ports)
        keyring = Keyring(ledger, address)
        await keyring.allow([operators.measurement()])
        cards = await self.behind_doors([each.card for each in made])
        members = [card.message() for card in cards]
        committee = self.committee
        await keyring.set_group(
            committee.threshold,
            operators.LEVEL,
            members,
            roots=committee.roots,
            absent=committee.absent,
        )
        await self.start_operators(made)

    async def behind_doors(self, cards: Iterable[MemberCard]) -> list[MemberCard]:
        """The same operators, reached through forwarders."""
        found = []
        for card in cards:
            if card.index not in self.doors:
                target = int(card.endpoint.rpartition(":")[2])
                self.doors[card.index] = Door(card.index, target, self)
                await self.doors[card.index].open()
            endpoint = f"{HOST}:{self.doors[card.index].port}"
            found.append(card.model_copy(update={"endpoint": endpoint}))
        return found

    async def cards(self, *names: str) -> list[MemberCard]:
        """As the ledger is to show them."""
        return await self.behind_doors(operators.cards(self.manifest, names))

    async def join(self, count: int) -> tuple[str, ...]:
        """Start further operators; their names. They wait for a group."""
        joined = await join(self.manifest, self.address, count, self.ports, self.supervisor)
        self.manifest = joined.manifest
        return joined.names

    # Partition

    async def split(self, *parts: Iterable[int]) -> None:
        """Cut all links between these parts; without any, heal them."""
        self.parts = tuple(frozenset(part) for part in parts)
        for door in self.doors.values():
            await door.cut()

    def strangers(self, index: int) -> frozenset[int]:
        """Whom this operator cannot be reached by."""
        near = next((part for part in self.parts if index in part), None)
        return frozenset(self.doors) - near if near is not None else frozenset()

    def who_dials(self, port: int, door: int) -> int:
        """The operator that a connection comes from, by its two ports; 0: another process."""
        inode = _socket_inode(port, door)
        for index in self.doors:
            folder = Path(f"/proc/{self.process(f'operator-{index}').child.pid}/fd")
            if inode in _sockets_of(folder):
                return index
        return 0

    # What operators say and keep

    def home(self, name: str) -> Path:
        return self.state_dir / "operators" / name

    def shares(self, name: str) -> dict[str, bytes]:
        """Sealed shares on its disk, by key id."""
        found = (self.home(name) / "state").glob("keys/*/shares/*.share")
        return {path.stem: path.read_bytes() for path in found}

    async def statuses(self) -> dict[str, dict[str, Any]]:
        """Of all operators that answer."""
        return {each.name: each.status for each in await reports(self.manifest) if not each.fault}

    async def signs_of_work(self) -> dict[str, dict[str, Any]]:
        """What the statuses say that moves only while work does."""
        return {name: work_of(status) for name, status in (await self.statuses()).items()}

    async def together(self) -> None:
        """All running operators of the group see each other, and nothing is under way."""
        latest: dict[str, Any] = {}

        async def quiet() -> bool:
            latest.clear()
            latest.update(await self.statuses())
            group = {name: s for name, s in latest.items() if s["operator"] in s["members"]}
            return bool(group) and all(
                set(status["usable"]) >= set(status["members"])
                and set(status["auxiliary_info"]) >= set(status["members"])
                and not status["waiting"]
                and not status["running"]
                for status in group.values()
            )

        await until(quiet, "all operators together and idle", self.signs_of_work)

    async def in_one_epoch(self) -> dict[str, int]:
        """Wait until all members hold every key in the same epoch; the epochs by key."""
        latest: dict[str, Any] = {}

        async def agreed() -> bool:
            latest.clear()
            latest.update(
                {
                    name: status["epochs"]
                    for name, status in (await self.statuses()).items()
                    if status["operator"] in status["members"]
                }
            )
            first, *others = latest.values()
            return bool(first) and all(epochs == first for epochs in others)

        await until(agreed, "one epoch of every key", self.signs_of_work)
        return dict(next(iter(latest.values())))

    async def carried_out(self) -> None:
        """Wait for the last order."""
        claim = "every key has new shares as ordered"
        await until(self.is_carried_out, claim, self.signs_of_work)

    async def is_carried_out(self) -> bool:
        progress = await self.keyring.progress()
        return progress.done == progress.keys

    # Processes

    async def restart_as(self, name: str, module: str, *arguments: str) -> None:
        """A test build of an operator, from the settings of the real one."""
        config = self.state_dir / "config" / f"{name}.json"
        command = [sys.executable, "-m", module, *arguments, "--config", str(config)]
        process = await self.supervisor.start(name, command)
        status = self.ports.operator_status[int(name.removeprefix(operators.PREFIX)) - 1]
        health = Health(f"http://{HOST}:{status}")
        await self.supervisor.ready(process, health.reachable, STALLED_S)

    async def assert_single_use(self) -> None:
        """Stop all operators, and read in their journals that nothing was used twice."""
        names = [each.name for each in self.manifest.daemons]
        used = []
        for name in dict.fromkeys(names):
            await self.process(name).stop()
            consumed = items(self.home(name) / "state")
            assert len(consumed) == len(set(consumed)), name
            used += [item for item in consumed if item[0] != "execution"]
        assert used, "nothing was signed"


def items(state: Path) -> list[tuple[str, bytes]]:
    """What an operator's journal says was consumed."""
    with FileJournal(state / "single-use.journal") as journal:
        read = [item for entry in journal.read() for item in _items_of(entry)]
    return [item.name for item in read]


def _socket_inode(near: int, far: int) -> str:
    """Of the end on port `near` of a TCP connection to port `far`."""
    tables = [Path("/proc/net", table).read_text() for table in ("tcp", "tcp6")]
    for line in [line for table in tables for line in table.splitlines()[1:]]:
        _, local, remote, *others = line.split()
        if [int(end.rpartition(":")[2], 16) for end in (local, remote)] == [near, far]:
            return others[6]
    return ""


def _sockets_of(folder: Path) -> set[str]:
    found = set()
    try:
        for link in folder.iterdir():
            match = re.fullmatch(r"socket:\[(\d+)\]", str(link.readlink()))
            if match:
                found.add(match[1])
    except OSError:
        # It ended, or closed one meanwhile.
        return found
    return found


def work_of(status: dict[str, Any]) -> dict[str, Any]:
    """A status without what moves for ever: debts that fade, and steps of what fails again and
    again.
    """
    running = bool(status["running"])
    left_out = {"conduct"} if running else {"conduct", "steps"}
    return {name: value for name, value in status.items() if name not in left_out}
