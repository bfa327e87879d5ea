"""Fixtures of pytest for who tests a dApp: `pytest_plugins = ["zrsign.testing"]` in a conftest.py.

`pip install 'zrsign[test]'` brings what they need. `zrsign_signer` answers at once, with fixed keys
and without a network, on an Anvil; `zrsign_network` is the whole network, started once a session.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from zrsign.networks.network import Network
from zrsign.testing.processes import anvil, network
from zrsign.testing.signer import SignerForTests

__all__ = ["SignerForTests", "pytest_addoption", "zrsign_anvil", "zrsign_network", "zrsign_signer"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names a network which is up already."""
    parser.addoption(
        "--zrsign-network",
        metavar="DIR",
        help="State directory of a network that is up, for zrsign_network.",
    )


@pytest.fixture(scope="session")
def zrsign_network(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Network]:
    """The real network with both contracts: `zrsign up --keyring local`, once for all tests."""
    if given := request.config.getoption("--zrsign-network"):
        from zrsign.local.network import manifest

        yield manifest.load(Path(given).resolve()).require_running()
        return
    with network(tmp_path_factory.mktemp("zrsign") / "network") as found:
        yield found


@pytest.fixture(scope="session")
def zrsign_anvil() -> Iterator[str]:
    """The URL of an Anvil. Name another development chain by a fixture of the same name."""
    with anvil() as url:
        yield url


@pytest.fixture(scope="session")
def zrsign_signer(zrsign_anvil: str) -> SignerForTests:
    """Both contracts on the Anvil, and fixed keys that answer when `answer()` is called."""
    return SignerForTests.deploy(zrsign_anvil)
