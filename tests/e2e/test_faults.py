"""Parts of a running network break and come back; every request ends well, and only once.

A request ends well when the destination node itself shows what was asked for: nonces and balances
would show anything that was sent twice.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio
from eth_account import Account as EvmAccount
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from tests.e2e.conftest import run_cli
from tests.e2e.parts import BreakableNetwork, refusal
from tests.e2e.patience import patient
from tests.waiting import until
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as wire
from zrsign.local.demo import checks
from zrsign.local.network.nodes import fund_evm
from zrsign.local.network.rpc import Rpc
from zrsign.sdk import ContractMode, Options, ZrSign
from zrsign.sdk.client import Handle
from zrsign_chains import BITCOIN_REGTEST, BITCOIN_TEST, EVM, Intent, evm

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOURCE, DESTINATION = "eip155:31337", "eip155:31338"
ETHER = 10**18
RESOLVED = "0x" + keccak(text="ZrSigResolve(uint256,bytes,bytes,bool)").hex()
VALUES = itertools.count(1_000)


class Sent(NamedTuple):
    """What the wallet and the relayer's gas account have sent."""

    payments: int
    answers: int
    """Signatures that the contract took; one transaction may bring several."""
    others: int
    """Transactions of the gas account that brought none."""


@dataclass
class World:
    """The network with a user's clients; the source node is asked directly, past its gate."""

    network: BreakableNetwork
    omni: ZrSign
    direct: ZrSign
    destination: Rpc
    source: Rpc
    # A monitored wallet with funds on the destination chain.
    index: int
    sender: str

    async def cli(self, *arguments: str) -> tuple[int, str, str]:
        """A command in another thread, as the gates live in this one."""
        state = self.network.state_dir
        done = await asyncio.to_thread(run_cli, *arguments, "--state", state)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    async def track(self, handle: Handle) -> dict[str, object]:
        code, said, _ = await self.cli("track", str(handle.ref), "--json")
        found: dict[str, object] = json.loads(said) if code == 0 else {"status": "unknown"}
        return found

    async def sent(self) -> Sent:
        """All that was sent so far. Whatever is sent twice shows here."""
        contract = self.network.manifest.contract(ContractMode.DIRECT).address
        asked = {"fromBlock": "0x0", "address": contract, "topics": [RESOLVED]}
        resolved = await self.source.call("eth_getLogs", asked)
        transactions = {log["transactionHash"] for log in resolved}
        gas = self.network.manifest.account("gas").evm_address
        return Sent(
            await checks.evm_nonce(self.destination, self.sender),
            len(resolved),
            await checks.evm_nonce(self.source, gas) - len(transactions),
        )


class Requests:
    """What is asked while parts break: payments to one new recipient, and Direct signatures."""

    def __init__(self, world: World, sent: Sent) -> None:
        self._world, self._before = world, sent
        self._recipient = EvmAccount.create().address
        self._total = 0
        self.payments: list[Handle] = []
        self.answers: list[Handle] = []

    @classmethod
    async def begin(cls, world: World) -> Requests:
        return cls(world, await world.sent())

    async def pay(self) -> Handle:
        value = next(VALUES)
        self._total += value
        self.payments.append(
            await self._world.omni.sign_simple_tx(
                EVM, self._world.index, DESTINATION, self._recipient, value
            )
        )
        return self.payments[-1]

    async def ask_direct(self) -> Handle:
        self.answers.append(await self._world.direct.sign_data(EVM, 0, SOURCE, b"hello"))
        return self.answers[-1]

    async def end_well(self) -> None:
        """All are confirmed; each was one request, one transaction or one answer."""
        world = self._world
        handles = [*self.payments, *self.answers]
        ended = await asyncio.gather(*(handle.request() for handle in handles))
        assert {request.status for request in ended} == {wire.REQUEST_STATUS_CONFIRMED}
        assert len({request.id for request in ended}) == len(handles)
        assert await checks.evm_balance(world.destination, self._recipient) == self._total
        paid, answered, others = self._before
        expected = Sent(paid + len(self.payments), answered + len(self.answers), others)
        assert await world.sent() == expected
        for handle in handles:
            assert (
                len([each async for each in handle.receiver.requests(tx_hash=handle.ref.tx_hash)])
                == 1
            )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        state = tmp_path_factory.mktemp("faults") / "network"
        network = await stack.enter_async_context(BreakableNetwork(state))
        await network.deploy()

        async def client(mode: ContractMode) -> ZrSign:
            connecting = ZrSign.connect(
                network.direct_url("evm-source"),
                to_checksum_address(network.manifest.contract(mode).address),
                network.manifest.account("user").evm(),
                ledger=network.manifest.ledger.grpc,
                mode=mode,
            )
            client = await stack.enter_async_context(connecting)
            return patient(client, lambda: network.manifest)

        omni, direct = await client(ContractMode.OMNI), await client(ContractMode.DIRECT)
        destination = Rpc(network.direct_url("evm-destination"))
        source = Rpc(network.direct_url("evm-source"))
        stack.push_async_callback(destination.close)
        stack.push_async_callback(source.close)
        await (await direct.request_key(EVM)).key()
        key = await (await omni.request_key(EVM, options=Options.MONITORING)).key()
        await fund_evm(destination, key.address, 10 * ETHER)
        yield World(network, omni, direct, destination, source, key.index, key.address)


async def test_network__should_be_well_behind_its_gates(world: World) -> None:
    await world.network.recovered()


@pytest.mark.parametrize("name", ["listener", "keyring", "relayer", "ledger"])
async def test_killed_process__should_lose_and_repeat_nothing(world: World, name: str) -> None:
    network, requests = world.network, await Requests.begin(world)
    # At once after the source transactions, with one more while it is down.
    await asyncio.gather(requests.pay(), requests.ask_direct())
    await requests.pay()
    await network.kill(name)
    await requests.pay()
    assert "cannot connect" in (await network.fault(name)).lower() or name == "ledger"
    await network.restart(name)
    # In the middle of the road.
    late = await requests.pay()
    await requests.ask_direct()

    async def arrived() -> bool:
        return await late.receiver.by_source(late.ref) is not None

    await until(arrived, "the ledger has the request")
    await network.kill(name)
    await network.restart(name)
    await requests.end_well()
    await network.recovered()


async def test_dead_destination__should_be_named_and_hold_the_transaction_until_it_is_back(
    world: World,
) -> None:
    network, gate = world.network, world.network.gates["evm-destination"]
    recipient, (nonce, *_) = EvmAccount.create().address, await world.sent()
    unsigned = evm.EvmChain(DESTINATION).compose(
        Intent(recipient, 4_321, b"", max_network_fee=ETHER),
        nonce,
        gas=21_000,
        max_fee=3 * 10**9,
        priority_fee=10**9,
    )
    await gate.close()
    handle = await world.omni.sign_tx(EVM, world.index, DESTINATION, unsigned)
    endpoint = f"no answer from 127.0.0.1:{gate.port}"

    async def named() -> bool:
        return endpoint in await network.fault("relayer")

    await until(named, "the relayer names the dead node")
    assert (await world.track(handle))["status"] == "delivering"
    code, said, _ = await world.cli("status")
    assert code == 1
    assert endpoint in said
    await network.kill("relayer")
    await network.restart("relayer")
    await until(named, "the relayer names the dead node again")
    await gate.open()
    assert (await handle.request()).status == wire.REQUEST_STATUS_CONFIRMED
    assert await checks.evm_balance(world.destination, recipient) == 4_321
    assert (await world.sent()).payments == nonce + 1
    await network.recovered()


async def test_dead_source__should_be_named_and_its_requests_arrive_when_it_is_back(
    world: World,
) -> None:
    network, gate = world.network, world.network.gates["evm-source"]
    requests = await Requests.begin(world)
    await gate.close()
    await requests.pay()
    await requests.ask_direct()

    async def named() -> bool:
        return f"no answer from 127.0.0.1:{gate.port}" in await network.fault("listener")

    await until(named, "the listener names the dead node")
    code, _, said = await world.cli("request", "data", "evm", "hello")
    assert code == 1
    assert str(gate.port) in said
    assert "does the node run" in said
    await gate.open()
    await requests.end_well()
    await network.recovered()


async def test_keyring__should_be_awaited_while_it_is_away_locked_out_or_damaged(
    world: World, tmp_path: Path
) -> None:
    network = world.network
    await network.kill("keyring")
    handle = await world.omni.sign_data(EVM, world.index, SOURCE, b"hello")

    async def signing() -> bool:
        return (await world.track(handle))["status"] == "signing"

    await until(signing, "the request waits for the keyring")
    assert "cannot connect" in await network.fault("keyring")
    wrong = tmp_path / "passphrase"
    wrong.write_text("another")
    line = await refusal(await network.spawn("keyring", passphrase_file=str(wrong)))
    assert "passphrase does not open" in line
    sealed = network.state_dir / "vault" / f"key-{(await world.track(handle))['key']}.json"
    whole = sealed.read_bytes()
    sealed.write_bytes(whole[:-60])
    await network.restart("keyring")

    async def named() -> bool:
        return f"{sealed} is damaged" in await network.fault("keyring")

    await until(named, "the keyring names the damaged file")
    assert await signing()
    sealed.write_bytes(whole)
    assert len((await handle.signature()).signature) == 65
    await network.recovered()


async def test_bitcoin__should_be_paid_once_though_its_node_and_its_composer_fail(
    world: World,
) -> None:
    network, gate = world.network, world.network.gates["bitcoin"]
    wallet = await (await world.omni.request_key(BITCOIN_TEST, options=Options.MONITORING)).key()
    await network.bitcoin.fund(wallet.address, 100_000)
    recipient = await network.bitcoin.wallet("getnewaddress")
    await gate.close()
    handle = await world.omni.sign_simple_tx(
        BITCOIN_TEST, wallet.index, BITCOIN_REGTEST, recipient, 20_000
    )

    async def named() -> bool:
        return f"no answer from 127.0.0.1:{gate.port}" in await network.fault("btc_proxy")

    await until(named, "the composer names the dead node")
    assert (await world.track(handle))["status"] == "composing"
    await network.lose_database("btc_proxy")
    await network.restart("btc_proxy")
    await gate.open()
    await network.recovered()
    await network.kill("btc_proxy")
    await network.kill("relayer")
    await network.restart("btc_proxy")
    await network.restart("relayer")
    assert (await handle.request()).status == wire.REQUEST_STATUS_CONFIRMED
    received = await network.bitcoin.wallet("getreceivedbyaddress", recipient, 1)
    assert round(float(received) * 1e8) == 20_000


@pytest.mark.parametrize("name", ["listener", "relayer"])
async def test_damaged_database__should_be_read_again_from_the_chain_or_the_ledger(
    world: World, name: str
) -> None:
    network, requests = world.network, await Requests.begin(world)
    await requests.pay()
    await network.lose_database(name)
    await requests.pay()
    await network.restart(name)
    await requests.ask_direct()
    await requests.end_well()
    await network.recovered()


async def test_damaged_ledger__should_be_refused_and_go_on_once_restored(world: World) -> None:
    network, requests = world.network, await Requests.begin(world)
    data = network.manifest.ledger.store / "data.mdb"
    await network.kill("ledger")
    handle = await requests.pay()
    whole = data.read_bytes()
    data.write_bytes(b"this is no database" * 1000)
    assert str(data.parent) in await refusal(await network.spawn("ledger"))
    assert data.read_bytes() == b"this is no database" * 1000
    code, _, said = await world.cli("track", str(handle.ref))
    assert code == 1
    assert f"no answer from the ledger at {network.manifest.ledger.grpc}" in said
    data.write_bytes(whole)
    await network.restart("ledger")
    await requests.end_well()
