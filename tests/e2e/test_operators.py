"""A threshold keyring of real processes: operators die and come back; requests are answered."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.keyring_network import items
from tests.e2e.parts import BreakableNetwork, refusal
from tests.e2e.patience import patient
from tests.waiting import STALLED_S, until
from tests.zrsign_chains.builders import BOB, REGTEST
from zrchain_lite.client import LedgerClient
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrsign.administration import Keyring, only_keyring
from zrsign.deployment.plan import Mode
from zrsign.local.network.committee import reports
from zrsign.local.network.health import Health
from zrsign.local.network.operators import Committee
from zrsign.sdk import ContractMode, ZrSign
from zrsign_chains import EVM, SOLANA, SOLANA_LOCALNET, Intent
from zrsign_chains.bitcoin import BitcoinChain, Utxo

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOURCE = "eip155:31337"
QUERY = "/zrchain.treasury.Query/"
TAPROOT = BitcoinChain(REGTEST, taproot=True)
OPERATORS = ("operator-1", "operator-2", "operator-3")


@dataclass
class World:
    network: BreakableNetwork
    omni: ZrSign
    wallet: int
    """Of secp256k1, made by all three."""
    solana: int

    def events(self, name: str, event: str) -> list[dict[str, Any]]:
        """What an operator logged."""
        lines = self.network.process(name).log.read_text().splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return [each for each in found if each["event"] == event]

    async def pardon(self) -> None:
        """As an administrator who replaced operator 2."""
        async with self.network.client("authority") as ledger:
            keyring = Keyring(ledger, await only_keyring(ledger))
            await keyring.pardon(2)

        async def forgiven() -> bool:
            found = [each.status for each in await reports(self.network.manifest)]
            return all(2 not in status["guilty"] for status in found if status)

        await until(forgiven, "the pardon is heard of")

    async def at_rest(self) -> bool:
        """Whether the running operators have nothing under way: who is dead is caught no more."""
        found = [each.status for each in await reports(self.network.manifest) if not each.fault]
        return not any(status["running"] for status in found)

    async def order_refresh(self) -> None:
        async with self.network.client("authority") as ledger:
            await Keyring(ledger, await only_keyring(ledger)).order_refresh()

    async def refreshed(self) -> bool:
        async with self.network.client("authority") as ledger:
            progress = await Keyring(ledger, await only_keyring(ledger)).progress()
        return progress.done == progress.keys

    async def accused(self) -> bool:
        """Whether the ledger shows that operator 2 was caught."""
        async with self.network.client("authority") as ledger:
            faults = await Keyring(ledger, await only_keyring(ledger)).faults()
        return {fault.culprit for fault in faults} == {2}

    async def sign(self, data: bytes = b"hello") -> bytes:
        answer = await (await self.omni.sign_data(EVM, self.wallet, SOURCE, data)).signature()
        return bytes(answer.signature)


@dataclass
class Owner:
    """Of a workspace, who asks the ledger directly."""

    ledger: LedgerClient
    keyring: str
    workspace: str

    @classmethod
    async def of(cls, ledger: LedgerClient, keyring: str) -> Owner:
        made = await ledger.broadcast(identity.MsgNewWorkspace(creator=ledger.account.address))
        return cls(ledger, keyring, made.response(identity.MsgNewWorkspaceResponse).addr)

    async def key(self, key_type: str) -> int:
        """A fulfilled key's id."""
        asked = await self.ledger.broadcast(
            treasury.MsgNewKeyRequest(
                creator=self.ledger.account.address,
                workspace_addr=self.workspace,
                keyring_addr=self.keyring,
                key_type=key_type,
            )
        )
        request_id = asked.response(treasury.MsgNewKeyRequestResponse).key_req_id
        query = treasury.QueryKeyRequestByIDRequest(id=request_id)

        async def made() -> bool:
            answer = await self.ledger.query(
                QUERY + "KeyRequestByID", query, treasury.QueryKeyRequestByIDResponse
            )
            return bool(answer.key_request.status == "KEY_REQUEST_STATUS_FULFILLED")

        await until(made, f"a key of type {key_type}")
        return request_id


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Two of three."""
    async with AsyncExitStack() as stack:
        state = tmp_path_factory.mktemp("operators") / "network"
        network = await stack.enter_async_context(
            BreakableNetwork(state, Committee(2, 3, roots=0, absent=1))
        )
        await network.deploy((Mode.OMNI,))
        omni = await stack.enter_async_context(
            ZrSign.connect(
                network.direct_url("evm-source"),
                network.manifest.contract("omni").address,
                network.manifest.account("user").evm(),
                ledger=network.manifest.ledger.grpc,
                mode=ContractMode.OMNI,
            )
        )
        omni = patient(omni, lambda: network.manifest)
        wallet = await (await omni.request_key(EVM)).key()
        solana = await (await omni.request_key(SOLANA)).key()
        yield World(network, omni, wallet.index, solana.index)


async def test_signature__should_take_two_operators_and_no_more(world: World) -> None:
    assert len(await world.sign()) == 65
    done = [
        event
        for name in OPERATORS
        for event in world.events(name, "execution_done")
        if event["kind"] == "ecdsa"
    ]
    assert {len(event["members"]) for event in done} == {2}


async def test_share__should_be_in_no_two_places(world: World) -> None:
    """Every operator keeps its own sealed share, and none of them opens another's."""
    homes = [world.network.state_dir / "operators" / name / "state" for name in OPERATORS]
    shares = [path for home in homes for path in home.glob("keys/*/shares/*.share")]
    keys = {path.parents[1].name for path in shares}
    # The authority's key and two wallets.
    assert len(keys) == 3
    assert len(shares) >= 2 * len(keys)
    assert len({path.read_bytes() for path in shares}) == len(shares)


async def test_taproot_wallet__should_pay_on_bitcoin(world: World) -> None:
    """Two of three sign BIP 340 under a tweaked key that neither of them has."""
    network, paid = world.network, 123_456
    async with network.client("authority") as ledger:
        keyring = await only_keyring(ledger)
        owner = await Owner.of(ledger, keyring)
        key_id = await owner.key("taproot")
        query = treasury.QueryKeyByIDRequest(
            id=key_id, wallet_type=treasury.WALLET_TYPE_BTC_TAPROOT_REGNET
        )
        found = await ledger.query(QUERY + "KeyByID", query, treasury.QueryKeyByIDResponse)
        address = found.wallets[0].address
        txid = await network.bitcoin.fund(address, 1_000_000)
        funding = await network.bitcoin.rpc.call("getrawtransaction", txid, True)
        script = TAPROOT.script_for(address)
        vout = [each["scriptPubKey"]["hex"] for each in funding["vout"]].index(script.hex())
        payload = TAPROOT.compose(
            Intent(TAPROOT.address(BOB.public_key), paid, b"", max_network_fee=100_000),
            utxos=[Utxo(txid, vout, 1_000_000, script)],
            fee_rate_sat_vb=3,
            change_public_key=found.key.public_key,
        )
        await ledger.broadcast(
            treasury.MsgNewSignTransactionRequest(
                creator=ledger.account.address,
                key_ids=[key_id],
                wallet_type=treasury.WALLET_TYPE_BTC_TAPROOT_REGNET,
                unsigned_transaction=payload,
            )
        )

    async def confirmed() -> bool:
        """By bitcoind, which checked the witness."""
        descriptor = f"addr({TAPROOT.address(BOB.public_key)})"
        scan = await network.bitcoin.rpc.call("scantxoutset", "start", [descriptor])
        return paid in [round(each["amount"] * 100_000_000) for each in scan["unspents"]]

    await until(confirmed, "the payment is in a block")


async def test_killed_operator__should_be_done_without_and_take_part_again(world: World) -> None:
    network = world.network
    await network.kill("operator-2")
    assert len(await world.sign(b"one is missing")) == 65
    made = await (await world.omni.request_key(EVM)).key()
    assert made.address
    asked = await world.omni.sign_data(SOLANA, world.solana, SOLANA_LOCALNET, b"x")
    answer = await asked.signature()
    assert len(answer.signature) == 64

    await network.restart("operator-2")
    await network.kill("operator-3")
    # The share that it signs with comes from its sealed store.
    assert len(await world.sign(b"two and one")) == 65
    await network.restart("operator-3")
    await network.recovered()


async def test_restarted_operators__should_not_use_a_presignature_again(world: World) -> None:
    """All at once, as in a power cut, with presignatures on their disks."""

    async def filled() -> bool:
        stores = (world.network.state_dir / "operators").glob("*/state/presignatures/*.sealed")
        return len(list(stores)) >= 4

    await until(filled, "presignatures are made in idle time")
    for name in OPERATORS:
        await world.network.kill(name)
    for name in OPERATORS:
        await world.network.restart(name)
    signatures = [await world.sign(bytes([i])) for i in range(3)]
    assert len({signature[:32] for signature in signatures}) == 3
    for name in OPERATORS:
        await world.network.kill(name)
    consumed = [items(world.network.state_dir / "operators" / name / "state") for name in OPERATORS]
    for used in consumed:
        assert len(used) == len(set(used))
    for name in OPERATORS:
        await world.network.restart(name)
    await world.network.recovered()


@pytest.mark.parametrize(
    ("message", "wallet"),
    [
        ("SignatureShares", "secp256k1"),
        ("Products", "secp256k1"),
        ("SignatureShares", "ed25519"),
        ("PaddedShares", "new key"),
        ("PaddedShares", "new shares"),
    ],
)
async def test_cheat__should_be_named_and_done_without(
    world: World, message: str, wallet: str
) -> None:
    """The others keep the evidence, and answer all the same."""
    network = world.network
    await network.kill("operator-2")
    config = network.state_dir / "config" / "operator-2.json"
    command = [sys.executable, "-m", "tests.e2e.cheat", message, "--config", str(config)]
    process = await network.supervisor.start("operator-2", command)
    health = Health(f"http://127.0.0.1:{network.ports.operator_status[1]}")
    await network.supervisor.ready(process, health.reachable, STALLED_S)

    if wallet == "new shares":
        await world.order_refresh()

    async def caught() -> bool:
        """Ask with new keys until it is a signer: who signs follows from the key."""
        kind, chain = (SOLANA, SOLANA_LOCALNET) if wallet == "ed25519" else (EVM, SOURCE)
        key = await (await world.omni.request_key(kind)).key()
        if wallet != "new key":
            asked = await world.omni.sign_data(kind, key.index, chain, b"with a cheat")
            assert (await asked.signature()).signature
        found = await reports(network.manifest)
        honest = [each.status for each in found if each.name != "operator-2"]
        return any(2 in status["guilty"] for status in honest)

    await until(caught, "the cheat is named")
    for status in [each.status for each in await reports(network.manifest)]:
        assert set(status["guilty"]) <= {2} or status["operator"] == 2
    await until(world.accused, "the ledger shows the fault")
    await network.kill("operator-2")
    # What is found after a pardon counts anew.
    await until(world.at_rest, "nothing is under way that it took part in")
    await network.restart("operator-2")
    await network.recovered()
    await world.pardon()
    assert len(await world.sign(b"all three again")) == 65
    await until(world.refreshed, "the keys have new shares as ordered")


async def test_restored_backup__should_be_refused(world: World, tmp_path: Path) -> None:
    """An old journal has forgotten what was used."""
    home = world.network.state_dir / "operators" / "operator-1" / "state"
    await world.network.kill("operator-1")
    journal = home / "single-use.journal"
    whole = journal.read_bytes()
    journal.write_bytes(whole[: len(whole) // 2])
    line = await refusal(await world.network.spawn("operator-1"))
    assert "restored or replaced" in line or "damaged" in line
    journal.write_bytes(whole)
    await world.network.restart("operator-1")
    await world.network.recovered()


async def test_ledger__should_be_waited_for(world: World) -> None:
    await world.network.kill("ledger")
    await asyncio.sleep(0)
    await world.network.restart("ledger")
    assert len(await world.sign(b"after the ledger")) == 65
    await world.network.recovered()
