"""One real network for the end-to-end tests of a run.

`zrsign up` on free ports, stopped at the end; or the one that `--network DIR` names, left as it is.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.e2e.patience import patient
from tests.processes import alone, run, running
from tests.waiting import wait_until
from zrsign.errors import ManifestError
from zrsign.local.network import manifest
from zrsign.local.network.manifest import Manifest
from zrsign.sdk import ContractMode, ZrSign

# A threshold network like the one that starts by default, on a third of the processes.
OPTIONS = ("--free-ports", "--keyring", "2-of-3")
HERE = Path(__file__).parent
SHARED = pytest.StashKey[ExitStack]()
"""What ends the network that tests share."""


LANES = 2
"""How many workers run networks at once. Each keeps the processors busy for most of its time."""
LONGEST_FIRST = ("test_operator_faults", "network", "test_key_life", "test_operators")
"""Files, and the tests that share a network: they are dealt to the lanes in turn."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a network run one after the other, and each lane in one worker."""
    here = [place for place, item in enumerate(items) if HERE in item.path.parents]
    sharing = {place: _who_shares(items[place]) for place in here}
    others = sorted(set(sharing.values()) - set(LONGEST_FIRST))
    turns = {name: turn for turn, name in enumerate((*LONGEST_FIRST, *others))}
    ordered = [items[place] for place in sorted(here, key=lambda place: turns[sharing[place]])]
    for place, item in zip(here, ordered, strict=True):
        items[place] = item
        item.add_marker(pytest.mark.e2e)
        item.add_marker(pytest.mark.xdist_group(f"lane-{turns[_who_shares(item)] % LANES}"))


def _who_shares(item: pytest.Item) -> str:
    """The name of all those whose network, or whose nodes, a test uses as well."""
    return "network" if _uses_network(item) else item.path.stem


def _uses_network(item: pytest.Item | None) -> bool:
    return "network" in getattr(item, "fixturenames", ())


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """The shared network ends with the last test that uses it, and not with all tests."""
    if _uses_network(item) and not _uses_network(nextitem):
        item.config.stash.get(SHARED, ExitStack()).close()


def run_cli(*arguments: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    """One command to its end. Commands tell by themselves when nothing moves."""
    command = [sys.executable, "-m", "zrsign", *map(str, arguments)]
    return run(command, env={**os.environ, "COLUMNS": "200", **env})


@pytest.fixture(scope="session")
def network(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Manifest]:
    with ExitStack() as stack:
        request.config.stash[SHARED] = stack
        if given := request.config.getoption("--network"):
            yield manifest.load(Path(given).resolve())
        else:
            yield stack.enter_context(started(tmp_path_factory.mktemp("zrsign") / "network"))


@contextmanager
def started(state: Path) -> Iterator[Manifest]:
    """A network of its own, as `zrsign up` starts it."""
    log = state.parent / "up.log"
    command = [sys.executable, "-m", "zrsign", "up", *OPTIONS, "--state", state]
    with (
        log.open("wb") as output,
        running(command, stop=signal.SIGINT, stdout=output, stderr=subprocess.STDOUT) as up,
    ):
        with alone("network"):
            found = until_ready(state, up, log)
        yield found
    assert up.returncode in (0, 130), log.read_text()


def until_ready(state: Path, up: subprocess.Popen[bytes], log: Path) -> Manifest:
    """The manifest of a network whose last daemon runs, and whose contracts are there.

    The listener starts while they are deployed.
    """

    def ready() -> Manifest | None:
        if up.poll() is not None:
            pytest.fail(f"zrsign up ended with {up.returncode}:\n{log.read_text()}")
        try:
            found = manifest.load(state)
        except ManifestError:
            return None
        listens = any(daemon.name == "listener" for daemon in found.daemons)
        return found if listens and found.contracts else None

    def grown() -> int:
        """All that was logged, in bytes."""
        return sum(file.stat().st_size for file in (log, *state.glob("logs/*.log")))

    return wait_until(ready, "the network is ready", grown)


@pytest.fixture
async def client(
    network: Manifest,
) -> AsyncIterator[Callable[[str, ContractMode], object]]:
    """Make SDK clients: `await client("user", ContractMode.OMNI)`; closed after the test."""
    async with AsyncExitStack() as stack:

        async def make(account: str, mode: ContractMode) -> ZrSign:
            entry = network.contract(mode)
            connecting = ZrSign.connect(
                network.chain(entry.chain).rpc_url,
                entry.address,
                network.account(account).evm(),
                ledger=network.ledger.grpc,
                mode=mode,
            )
            return patient(await stack.enter_async_context(connecting), lambda: network)

        yield make
