"""Who has the wheel's core and the npm package, and no checkout: a developer, and an approver."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eth_utils.address import is_checksum_address

from scripts import environment, npm_package
from scripts.compile_contracts import PACKAGES, fetch_packages
from tests import installation
from tests.processes import run
from zrsign.local.network.manifest import Manifest
from zrsign.local.tools import resolve

Zrsign = Callable[..., Any]
PAYER = """
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.34;

import {ZrSignConnect} from "@zrsign/contracts/ZrSignConnect.sol";

contract Payer is ZrSignConnect {
    constructor(address payable zrSign) payable ZrSignConnect(zrSign) {}
}
"""
FOUNDRY = """
[profile.default]
libs = ["node_modules"]
evm_version = "cancun"
"""
PROGRAM = """
import asyncio

from web3 import AsyncHTTPProvider, AsyncWeb3

from zrsign.contracts import artifact
from zrsign.sdk import Handle, Receiver, RequestRef, load_network
from zrchain_lite.client import LedgerClient


async def main():
    network = load_network()
    direct, account = network.contract("direct"), network.account("user").evm()
    w3 = AsyncWeb3(AsyncHTTPProvider(network.chain(direct.chain).rpc_url))
    code = artifact("out/Payer.sol/Payer.json")

    async def send(call, value=0):
        nonce = await w3.eth.get_transaction_count(account.address)
        sender = {"from": account.address, "value": value, "nonce": nonce}
        signed = account.sign_transaction(await call.build_transaction(sender))
        sent = await w3.eth.send_raw_transaction(signed.raw_transaction)
        return await w3.eth.wait_for_transaction_receipt(sent, poll_latency=0.1)

    factory = w3.eth.contract(abi=code.abi, bytecode=code.link())
    made = await send(factory.constructor(direct.address), value=10**17)
    payer = w3.eth.contract(made["contractAddress"], abi=code.abi).functions
    receipt = await send(payer.requestNewEVMWallet(1))
    (log,) = [each for each in receipt["logs"] if each["address"] == direct.address]
    ref = RequestRef(
        direct.chain, direct.address, bytes(receipt["transactionHash"]), log["logIndex"], None
    )
    ledger = LedgerClient(network.ledger.grpc, trust=network.ledger.trust())
    print((await Handle(ref, Receiver(ledger)).key()).address)
    await ledger.close()
    await w3.provider.disconnect()


asyncio.run(main())
"""


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Programs of an environment with the wheel alone."""
    folder = tmp_path_factory.mktemp("core")
    return installation.core(environment.wheel(folder), folder / "venv")


@pytest.fixture
def zrsign(core: Path, network: Manifest, tmp_path: Path) -> Zrsign:
    """A command in an empty folder; returns what it prints as JSON."""
    assert network.ledger.trust() is not None, "what is read here is to be verified"
    env = installation.far(ZRSIGN_STATE=str(network.state_dir))

    def command(*words: str) -> Any:
        line = [core / "zrsign", *words, "--json", "--state", network.state_dir]
        done = run(line, cwd=tmp_path, env=env)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return command


def test_developer__should_compile_deploy_and_ask(
    core: Path, network: Manifest, tmp_path: Path
) -> None:
    fetch_packages()
    modules = tmp_path / "node_modules"
    (modules / "@zrsign").mkdir(parents=True)
    npm_package.stage(modules / "@zrsign" / "contracts")
    (modules / "@openzeppelin").symlink_to(PACKAGES / "@openzeppelin")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "Payer.sol").write_text(PAYER)
    (tmp_path / "foundry.toml").write_text(FOUNDRY)
    forge, solc = resolve("forge").path, resolve("solc").path
    built = run([forge, "build", "--offline", "--use", solc, "--skip", "test"], cwd=tmp_path)
    assert built.returncode == 0, built.stdout + built.stderr
    shutil.rmtree(modules)
    (tmp_path / "ask.py").write_text(PROGRAM)
    env = installation.far(ZRSIGN_STATE=str(network.state_dir.parent))
    asked = run([core / "python", "ask.py"], cwd=tmp_path, env=env)
    assert asked.returncode == 0, asked.stderr
    assert is_checksum_address(asked.stdout.strip())


def test_command_line__should_ask_and_follow(zrsign: Zrsign) -> None:
    wallet = zrsign("request", "key", "evm")
    assert wallet["status"] == "answered"
    signed = zrsign("request", "data", "evm", "hello", "--index", str(wallet["index"]))
    assert zrsign("track", str(signed["request"])) == signed


def test_approver__should_make_a_policy(zrsign: Zrsign) -> None:
    assert zrsign("policies", "new", "approver-1", "approver-2", "--need", "2")
