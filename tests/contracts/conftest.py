"""An EVM chain of its own for these tests, and the sources with what they import."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import AsyncBaseProvider, AsyncWeb3

from tests.evm import connected
from tests.processes import run, running
from zrsign.local.tools import resolve

ROOT = Path(__file__).resolve().parents[2]
MNEMONIC = "test test test test test test test test test test test junk"


@pytest.fixture(scope="session")
def anvil_url() -> Iterator[str]:
    with anvil(31337) as url:
        yield url


@contextmanager
def anvil(chain_id: int, *options: str) -> Iterator[str]:
    """The URL of an EVM chain for as long as the context lasts."""
    path = resolve("anvil").path
    command = [path, "--port", "0", "--chain-id", str(chain_id), "--mnemonic", MNEMONIC, *options]
    with running(command, stdout=subprocess.PIPE, text=True) as node:
        assert node.stdout is not None
        address = next(line for line in node.stdout if line.startswith("Listening on "))
        # The node goes on writing; a full pipe would stop it.
        reading = Thread(target=node.stdout.read)
        reading.start()
        yield "http://" + address.removeprefix("Listening on ").strip()
        node.terminate()
        reading.join()


@pytest.fixture
async def w3(anvil_url: str) -> AsyncIterator[AsyncWeb3[AsyncBaseProvider]]:
    node = connected(anvil_url)
    yield node
    await node.provider.disconnect()


@pytest.fixture(scope="session")
def accounts() -> list[LocalAccount]:
    """The funded accounts of the chain."""
    Account.enable_unaudited_hdwallet_features()
    return [
        Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{place}")
        for place in range(10)
    ]


@pytest.fixture(scope="session")
def freshness() -> subprocess.CompletedProcess[str]:
    """Whether the packaged artifacts are fresh; the check also fetches OpenZeppelin."""
    return run([sys.executable, "scripts/compile_contracts.py", "--check"], cwd=ROOT)
