"""A real EVM chain with both contracts, and a transport that makes its node misbehave."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from eth_account import Account
from web3 import AsyncBaseProvider, AsyncHTTPProvider, AsyncWeb3

from tests.waiting import until
from tests.zrsign_listener.logs import CHAIN, DESTINATION, WALLET_TYPE
from zrsign.deployment.deploy import deploy
from zrsign.deployment.plan import Deployment, Mode, Plan
from zrsign.local.tools import ToolMissing, resolve
from zrsign_chains import contract_abi
from zrsign_daemon.jsonrpc import JsonRpc
from zrsign_listener.settings import ChainSettings
from zrsign_listener.store import Store

# Anvil's first development accounts.
DEPLOYER_SECRET = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
DEPLOYER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
USER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
ADMIN = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
VALUE = hex(10**17)


@contextmanager
def running_anvil(*options: str) -> Iterator[str]:
    """An empty chain, eip155:31337. Yields host:port."""
    try:
        anvil = resolve("anvil").path
    except ToolMissing as missing:
        pytest.skip(str(missing))
    command = [str(anvil), "--port", "0", "--chain-id", "31337", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as node:
        assert node.stdout is not None
        line = next(line for line in node.stdout if line.startswith("Listening on "))
        # The node goes on writing; a full pipe would stop it.
        reading = Thread(target=node.stdout.read)
        reading.start()
        try:
            yield line.removeprefix("Listening on ").strip()
        finally:
            node.terminate()
            node.wait(20)
            reading.join()


@dataclass(frozen=True)
class Chain:
    """A chain with a Direct contract, and an Omni contract where USER has an EVM wallet."""

    address: str
    direct: Deployment
    omni: Deployment

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def socket(self) -> str:
        return f"ws://{self.address}"

    def settings(self, **changes: Any) -> ChainSettings:
        contracts = [
            {"address": each.address, "mode": each.mode.value, "start_block": each.block_number}
            for each in (self.direct, self.omni)
        ]
        values = {"caip2": CHAIN, "rpc_url": self.url, "finality": 0, "contracts": contracts}
        return ChainSettings.model_validate(values | {"poll_interval_s": 0.05} | changes)


async def deployed(address: str) -> Chain:
    w3: AsyncWeb3[AsyncBaseProvider] = AsyncWeb3(AsyncHTTPProvider(f"http://{address}"))
    try:
        account = Account.from_key(DEPLOYER_SECRET)
        direct = await deploy(w3, account, Plan(Mode.DIRECT, mpc=USER, proxy_admin=ADMIN))
        omni = await deploy(w3, account, Plan(Mode.OMNI, mpc=USER, proxy_admin=ADMIN))
    finally:
        await w3.provider.disconnect()
    rpc = JsonRpc(f"http://{address}")
    # Omni signs only with a wallet that was asked for.
    await ask_key(rpc, omni.address)
    await rpc.close()
    return Chain(address, direct, omni)


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with running_anvil() as address:
        yield asyncio.run(deployed(address))


@pytest.fixture
async def rpc(chain: Chain) -> AsyncIterator[JsonRpc]:
    """The chain as it was after deployment; what a test does is undone."""
    client = JsonRpc(chain.url)
    snapshot = await client.call("evm_snapshot")
    yield client
    await client.call("evm_setAutomine", True)
    await client.call("anvil_dropAllTransactions")
    await client.call("evm_revert", snapshot)
    await client.close()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with await Store.open(f"sqlite+aiosqlite:///{tmp_path / 'listener.db'}") as opened:
        yield opened


async def send(
    rpc: JsonRpc, to: str, data: bytes, *, sender: str = USER, value: str = VALUE
) -> str:
    transaction = {"from": sender, "to": to, "data": "0x" + data.hex(), "value": value}
    # A revert shows in the gas estimate.
    await rpc.call("eth_estimateGas", transaction)
    sent = str(await rpc.call("eth_sendTransaction", transaction | {"gas": hex(3_000_000)}))

    async def mined() -> bool:
        return await rpc.call("eth_getTransactionReceipt", sent) is not None

    # Anvil mines a moment after it takes a transaction, unless a test holds blocks back.
    if await rpc.call("anvil_getAutomine"):
        await until(mined, "Anvil mines what it took")
    return sent


async def ask_key(rpc: JsonRpc, contract: str, *, owner: str = USER, sender: str = USER) -> str:
    """zrKeyReq; returns the transaction's hash."""
    ask = {"owner": owner, "walletTypeId": WALLET_TYPE, "options": 1}
    data = contract_abi.call_data("zrKeyReq", ask)
    return await send(rpc, contract, data, sender=sender)


async def ask_hash(rpc: JsonRpc, omni: str, *, digest: bytes = b"\x07" * 32) -> str:
    """zrSignHash with USER's wallet; returns the transaction's hash."""
    ask = {"walletTypeId": WALLET_TYPE, "dstChainId": DESTINATION, "payload": digest}
    return await send(rpc, omni, contract_abi.call_data("zrSignHash", ask))


async def link_account(rpc: JsonRpc, omni: str, account: str) -> str:
    """zrLinkAccount by USER; returns the transaction's hash."""
    data = contract_abi.call_data("zrLinkAccount", account)
    return await send(rpc, omni, data, value="0x0")


class Misbehaving(JsonRpc):
    """The real node, seen through `spoil(method, params, answer) -> answer`."""

    def __init__(
        self, url: str, spoil: Callable[[str, list[Any], dict[str, Any]], dict[str, Any]]
    ) -> None:
        super().__init__(url)
        self._spoil = spoil

    async def _post(self, request: Any) -> tuple[int, bytes]:
        status, body = await super()._post(request)
        whole = isinstance(request, list)
        requests, answers = (
            (request, json.loads(body)) if whole else ([request], [json.loads(body)])
        )
        asked = {each["id"]: each for each in requests}
        spoilt = [
            self._spoil(asked[each["id"]]["method"], asked[each["id"]]["params"], each)
            for each in answers
        ]
        return status, json.dumps(spoilt if whole else spoilt[0]).encode()
