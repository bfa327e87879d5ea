"""One real network for every end-to-end test of a run.

`zrsign up` on free ports, stopped at the end.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from zrsign.errors import ManifestError
from zrsign.local.network import manifest
from zrsign.local.network.manifest import Manifest
from zrsign.sdk import ContractMode, ZrSign

START_TIMEOUT_S = 120
STOP_TIMEOUT_S = 30
# A threshold network like the one that starts by default, on a third of the processes.
OPTIONS = ("--free-ports", "--keyring", "2-of-3")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The network is shared, so its tests run in one worker."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.xdist_group("network"))
            item.add_marker(pytest.mark.timeout(180))


def run_cli(*arguments: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    """One command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "zrsign", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=150,
        env={**os.environ, "COLUMNS": "200", **env},
    )


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Manifest]:
    state = tmp_path_factory.mktemp("zrsign") / "network"
    log = (state.parent / "up.log").open("wb")
    up = subprocess.Popen(
        [sys.executable, "-m", "zrsign", "up", *OPTIONS, "--state", str(state)],
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        yield until_ready(state, up, Path(log.name))
    finally:
        up.send_signal(signal.SIGINT)
        code = up.wait(STOP_TIMEOUT_S)
        log.close()
    assert code in (0, 130), Path(log.name).read_text()


def until_ready(state: Path, up: subprocess.Popen[bytes], log: Path) -> Manifest:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if up.poll() is not None:
            pytest.fail(f"zrsign up ended with {up.returncode}:\n{log.read_text()}")
        try:
            found = manifest.load(state)
        except ManifestError:
            found = None
        if found and any(daemon.name == "listener" for daemon in found.daemons):
            return found
        time.sleep(0.1)
    pytest.fail(f"The network was not ready after {START_TIMEOUT_S} s:\n{log.read_text()}")


@pytest.fixture
async def client(
    network: Manifest,
) -> AsyncIterator[Callable[[str, ContractMode], object]]:
    """Make SDK clients: `await client("user", ContractMode.OMNI)`; closed after the test."""
    from contextlib import AsyncExitStack

    async with AsyncExitStack() as stack:

        async def make(account: str, mode: ContractMode) -> ZrSign:
            entry = network.contract(mode)
            return await stack.enter_async_context(
                ZrSign.connect(
                    network.chain(entry.chain).rpc_url,
                    entry.address,
                    network.account(account).evm(),
                    ledger=network.ledger.grpc,
                    mode=mode,
                )
            )

        yield make
