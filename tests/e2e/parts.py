"""The breakable network of the end-to-end tests: small pools, and one start at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Self

from tests.processes import alone
from tests.waiting import until
from zrsign.local.chaos.network import ChaosNetwork
from zrsign.local.network.operators import Committee
from zrsign.local.network.process import Process, Supervisor


class Frugal(Supervisor):
    """Operators keep POOL presignatures of a key ready, and not the usual eight.

    What breaks here makes them drop all that they have ready, again and again. To fill larger pools
    would change nothing of what they do with them, and take most of the processors.
    """

    POOL: ClassVar = {"ZRSIGN_OPERATOR_PRESIGNATURES": "2"}

    async def start(
        self, name: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None
    ) -> Process:
        return await super().start(name, command, {**self.POOL, **(env or {})})

    async def fork(
        self, name: str, module: str, *arguments: str | Path, env: Mapping[str, str] | None = None
    ) -> Process:
        return await super().fork(name, module, *arguments, env={**self.POOL, **(env or {})})


class BreakableNetwork(ChaosNetwork):
    """A network that starts while no other does."""

    def __init__(self, state_dir: Path, committee: Committee | None = None) -> None:
        super().__init__(state_dir, committee)
        self.supervisor = Frugal(self.state_dir / "logs")

    async def __aenter__(self) -> Self:
        with alone("network"):
            return await super().__aenter__()

    async def lose_database(self, name: str) -> None:
        """Kill a daemon and damage its database: it refuses to start, and leaves the file alone.

        Then do what it says: move the file away.
        """
        path, damaged = self.database(name), b"this is no database" * 500
        await self.kill(name)
        for left in path.parent.glob(f"{path.name}-*"):
            left.unlink()
        path.write_bytes(damaged)
        assert str(path) in await refusal(await self.spawn(name))
        assert path.read_bytes() == damaged
        path.rename(path.with_suffix(".damaged"))

    async def recovered(self) -> None:
        """Every service says that it is well."""

        async def well() -> bool:
            return not await self.faults()

        await until(well, "all services well", self.faults)


async def refusal(process: Process) -> str:
    """The one line with which a start was refused, exit code 2."""
    assert await process.child.wait() == 2
    lines = [line for line in process.log.read_text().splitlines() if not line.startswith("{")]
    return lines[-1]
