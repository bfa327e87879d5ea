"""Direct answers on a real Anvil with the real contract; the ledger's modules make the answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from coincurve import PrivateKey
from eth_account import Account as EthAccount
from eth_account.signers.local import LocalAccount
from web3 import AsyncWeb3

from relayer.destinations.evm.answers import AnswerBuilder
from relayer.destinations.evm.contract import answer_call, revert_text
from relayer.destinations.evm.destination import EvmDestination, slot
from relayer.intake import answer_item
from relayer.outbox import Outbox
from relayer.settings import AnswerSettings
from relayer.stages import Bounds, ItemKind, OutboxItem, Stage
from relayer.worker import ChainWorker
from tests.evm import connected
from tests.processes import running
from tests.relayer.nodes import ask, landed, until_up
from tests.zrsign_receiver import transactions
from tests.zrsign_receiver import world as worlds
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign.deployment.deploy import deploy
from zrsign.deployment.plan import Mode, Plan
from zrsign.local.network.ports import free_port
from zrsign.local.tools import resolve
from zrsign_chains import EVM, chain_hash, contract_abi
from zrsign_chains.contract_abi import call_data
from zrsign_chains.evm import evm_address
from zrsign_daemon.jsonrpc import JsonRpc

CHAIN = worlds.SOURCE_CHAIN
OWNER: LocalAccount = EthAccount.from_key(worlds.OWNER.key.secret)
ETHER = 10**18
LIMITS = AnswerSettings(key_file=Path("unused"), replace_after_s=10.0, max_fee_gwei=100)


@pytest.fixture(scope="module")
def source_url() -> Iterator[str]:
    port = free_port()
    command = [str(resolve("anvil").path), "--port", str(port), "--chain-id", "31337", "--silent"]
    with running(command) as node:
        url = f"http://127.0.0.1:{port}"
        until_up(node, lambda: ask(url, "eth_chainId"))
        yield url


@dataclass
class Road:
    """A Direct contract on Anvil, the ledger that serves it, and gas accounts to answer from."""

    rpc: JsonRpc
    world: worlds.World
    contract: str
    authority_key: int

    async def account(self, number: int, wei: int = ETHER) -> LocalAccount:
        account: LocalAccount = EthAccount.from_key(bytes([number]) * 32)
        await self.rpc.call("anvil_setBalance", account.address, hex(wei))
        return account

    async def send(self, sender: LocalAccount, data: bytes, value: int = 0) -> str:
        """A transaction to the contract, from whoever; the hash of its receipt with status 1."""
        nonce = int(await self.rpc.call("eth_getTransactionCount", sender.address, "pending"), 16)
        fields: dict[str, Any] = {
            "to": self.contract,
            "data": data,
            "value": value,
            "nonce": nonce,
            "chainId": 31337,
            "gas": 1_000_000,
            "maxFeePerGas": 10**11,
            "maxPriorityFeePerGas": 10**9,
            "type": 2,
        }
        signed = sender.sign_transaction(fields)
        tx_id = str(
            await self.rpc.call("eth_sendRawTransaction", "0x" + signed.raw_transaction.hex())
        )
        receipt = await self.rpc.call("eth_getTransactionReceipt", tx_id)
        assert receipt is None or receipt["status"] == "0x1"
        return tx_id

    async def key_answer(self) -> OutboxItem:
        """Ask for a key on chain, let the ledger make it and authorise its answer."""
        ask = contract_abi.function("zrKeyReq")
        call = ask.call_data((OWNER.address, EVM.id, 2))
        await self.send(OWNER, call, ETHER // 10)
        return self._answer(self.world.key_event(contract=self.contract))

    async def hash_answer(self, trace_id: int) -> OutboxItem:
        payload = b"\x77" * 32
        where = {"walletTypeId": EVM.id, "dstChainId": chain_hash(CHAIN)}
        call = call_data("zrSignHash", {**where, "payload": payload})
        await self.send(OWNER, call, ETHER // 10)
        event = self.world.sign_event(
            receiver.REQUEST_KIND_HASH,
            payload,
            destination=CHAIN,
            contract=self.contract,
            trace_id=trace_id,
        )
        return self._answer(event)

    async def transaction_answer(self, trace_id: int, data: bytes) -> OutboxItem:
        """A transaction with that calldata, signed but not broadcast."""
        payload = transactions.evm(data=data)
        where = {"walletTypeId": EVM.id, "dstChainId": chain_hash(worlds.EVM_CHAIN)}
        call = call_data("zrSignTx", {**where, "payload": payload})
        await self.send(OWNER, call, ETHER // 10)
        event = self.world.sign_event(
            receiver.REQUEST_KIND_TX,
            payload,
            contract=self.contract,
            trace_id=trace_id,
        )
        return self._answer(event)

    def _answer(self, event: receiver.SourceEvent) -> OutboxItem:
        event.block_number = 0
        (request_id,) = self.world.report(event)
        self.world.fulfil()
        self.world.fulfil()
        request = self.world.request(request_id)
        assert request.status == receiver.REQUEST_STATUS_DELIVERING, request
        return answer_item(request)

    def worker(self, outbox: Outbox, account: LocalAccount, **clock: Any) -> ChainWorker:
        now = clock.get("now", lambda: 1000.0)
        bounds = Bounds(delay_s=float, poll_s=0.0, replace_after_s=LIMITS.replace_after_s)
        builder = AnswerBuilder(CHAIN, self.rpc, account.key, outbox, LIMITS)
        destination = EvmDestination(CHAIN, self.rpc, settled=0)
        return ChainWorker(destination, {ItemKind.ANSWER: builder}, outbox, bounds, now)

    async def keys(self) -> list[str]:
        call = {
            "to": self.contract,
            "data": "0x" + call_data("getZrKeys", EVM.id, OWNER.address).hex(),
        }
        raw = bytes.fromhex((await self.rpc.call("eth_call", call, "latest"))[2:])
        (found,) = AsyncWeb3().codec.decode(["string[]"], raw)
        return list(found)


@pytest.fixture
async def road(source_url: str) -> AsyncIterator[Road]:
    rpc = JsonRpc(source_url)
    snapshot = await rpc.call("evm_snapshot")
    world = worlds.World()
    workspace = world.identity.create_workspace(
        world.ctx(), worlds.AUTHORITY.address, [worlds.AUTHORITY.address]
    )
    asked = world.treasury.request_key(
        world.ctx(),
        creator=worlds.AUTHORITY.address,
        workspace=workspace.address,
        keyring=world.keyring,
        key_type=treasury.KEY_TYPE_ECDSA_SECP256K1,
        fee_payer=worlds.PAYER.address,
    )
    world.fulfil()
    mpc = evm_address(PrivateKey(worlds.secret(asked.id)).public_key.format())
    deployer: LocalAccount = EthAccount.from_key(b"\x99" * 32)
    for account in (deployer.address, OWNER.address):
        await rpc.call("anvil_setBalance", account, hex(1000 * ETHER))
    w3: AsyncWeb3[Any] = connected(source_url)
    plan = Plan(Mode.DIRECT, mpc=mpc, proxy_admin="0x" + "55" * 20, pauser=deployer.address)
    deployed = await deploy(w3, deployer, plan)
    await w3.provider.disconnect()
    source = receiver.Source(
        chain=CHAIN,
        contract=deployed.address,
        mode=receiver.MODE_DIRECT,
        authority_key_id=asked.id,
        typed_answers=True,
        active=True,
    )
    world.send(receiver.MsgRegisterSource(authority=worlds.AUTHORITY.address, source=source))
    yield Road(rpc, world, deployed.address, asked.id)
    await rpc.call("evm_setAutomine", True)
    await rpc.call("anvil_dropAllTransactions")
    await rpc.call("evm_revert", snapshot)
    await rpc.close()


async def test_key_answer__should_land_on_the_contract(road: Road, outbox: Outbox) -> None:
    item = await road.key_answer()
    await outbox.add(item)
    done = await landed(road.worker(outbox, await road.account(1)), item)
    assert done.stage is Stage.DONE, done.reason
    assert await road.keys() == [receiver.Request.FromString(item.content).answer.wallet]
    assert await outbox.reservations(CHAIN, EthAccount.from_key(b"\x01" * 32).address) == []


async def test_sign_answer__should_process_its_trace_id(road: Road, outbox: Outbox) -> None:
    worker = road.worker(outbox, await road.account(1))
    await landed(worker, await road.key_answer())
    done = await landed(worker, await road.hash_answer(0))
    assert done.stage is Stage.DONE, done.reason
    receipt = await road.rpc.call("eth_getTransactionReceipt", done.tx_id)
    assert receipt["status"] == "0x1"
    assert int(receipt["gasUsed"], 16) <= 250_000


async def test_answer_of_another_relayer__should_be_known_as_delivered(
    road: Road, outbox: Outbox, tmp_path: Path
) -> None:
    item = await road.key_answer()
    first = await landed(road.worker(outbox, await road.account(1)), item)
    second_outbox = await Outbox.open(f"sqlite+aiosqlite:///{tmp_path / 'second.sqlite'}")
    second_account = await road.account(2)
    second = await landed(road.worker(second_outbox, second_account), item)
    await second_outbox.close()
    assert (second.stage, second.tx_id) == (Stage.DONE, first.tx_id)
    sent = await road.rpc.call("eth_getTransactionCount", second_account.address, "latest")
    assert sent == "0x0"


async def test_two_relayers_in_the_same_block__should_both_end_delivered(
    road: Road, outbox: Outbox, tmp_path: Path
) -> None:
    item = await road.key_answer()
    second_outbox = await Outbox.open(f"sqlite+aiosqlite:///{tmp_path / 'second.sqlite'}")
    one = road.worker(outbox, await road.account(1))
    two = road.worker(second_outbox, await road.account(2))
    await road.rpc.call("evm_setAutomine", False)
    first, second = await one.advance(item), await two.advance(item)
    assert first.stage is second.stage is Stage.INCLUSION
    await road.rpc.call("evm_mine")
    assert (await landed(one, first)).stage is Stage.DONE
    assert (await landed(two, second)).stage is Stage.DONE
    await second_outbox.close()
    assert len(await road.keys()) == 1


async def test_nonce_used_outside__should_be_assigned_again(road: Road, outbox: Outbox) -> None:
    item = await road.key_answer()
    account = await road.account(1)
    worker = road.worker(outbox, account)
    await road.rpc.call("evm_setAutomine", False)
    waiting = await worker.advance(item)
    assert slot(waiting.signed).nonce == 0
    await road.rpc.call("anvil_dropTransaction", waiting.tx_id)
    await road.send(account, call_data("getTraceId"))
    await road.rpc.call("evm_setAutomine", True)
    await road.rpc.call("evm_mine")
    done = await landed(worker, waiting)
    assert done.stage is Stage.DONE, done.reason
    assert (slot(done.signed).nonce, done.rebuilds) == (1, 1)


async def test_stuck_answer__should_be_replaced_with_a_higher_fee(
    road: Road, outbox: Outbox
) -> None:
    item = await road.key_answer()
    account = await road.account(1)
    times = iter(range(1000, 10_000, 6))
    worker = road.worker(outbox, account, now=lambda: float(next(times)))
    await road.rpc.call("evm_setAutomine", False)
    waiting = await worker.advance(item)
    before = await outbox.reservation(item.key)
    replaced = await worker.advance(waiting)
    after = await outbox.reservation(item.key)
    assert before is not None
    assert after is not None
    assert after.nonce == before.nonce
    assert after.fees.max_fee >= before.fees.max_fee * 1.125
    assert len(replaced.tx_ids) == 2
    await road.rpc.call("evm_mine")
    done = await landed(worker, replaced)
    assert (done.stage, done.tx_id) == (Stage.DONE, replaced.tx_ids[-1])


async def test_poor_gas_account__should_wait_with_figures(road: Road, outbox: Outbox) -> None:
    item = await road.key_answer()
    account = await road.account(1, wei=1)
    worker = road.worker(outbox, account)
    held = await worker.advance(item)
    assert held.stage is Stage.BUILDING
    assert "holds 1 wei" in held.reason or "nsufficient" in held.reason
    await road.account(1)
    assert (await landed(worker, held)).stage is Stage.DONE


async def test_paused_contract__should_hold_the_answer(road: Road, outbox: Outbox) -> None:
    item = await road.key_answer()
    pauser: LocalAccount = EthAccount.from_key(b"\x99" * 32)
    await road.send(pauser, call_data("pause"))
    worker = road.worker(outbox, await road.account(1))
    held = await worker.advance(item)
    assert held.stage is Stage.BUILDING
    assert "EnforcedPause" in held.reason
    await road.send(pauser, call_data("unpause"))
    assert (await landed(worker, held)).stage is Stage.DONE


async def test_answer_above_the_gas_that_is_paid_for__should_wait_with_figures(
    road: Road, outbox: Outbox
) -> None:
    """The relayer does not pay for it, and the contract's owner may."""
    account = await road.account(1)
    worker = road.worker(outbox, account)
    await landed(worker, await road.key_answer())
    deployer: LocalAccount = EthAccount.from_key(b"\x99" * 32)
    await road.send(deployer, call_data("configureSafety", (16, 0, 0, 0, 0)))
    item = await road.transaction_answer(trace_id=0, data=b"\x11" * 12_000)
    balance = await road.rpc.call("eth_getBalance", account.address, "latest")
    refused = await worker.advance(item)
    assert refused.stage is Stage.BUILDING
    assert "too_dear: the answer needs " in refused.reason
    assert await road.rpc.call("eth_getBalance", account.address, "latest") == balance


async def test_signature_of_no_authority__should_wait_with_the_contracts_reason(
    road: Road, outbox: Outbox
) -> None:
    item = await road.key_answer()
    request = receiver.Request.FromString(item.content)
    forged = PrivateKey(b"\x05" * 32).sign_recoverable(b"\x06" * 32, hasher=None)
    signature = forged[:64] + bytes([27 + forged[64]])
    request.answer.authority_signature = signature + request.answer.context
    held = await road.worker(outbox, await road.account(1)).advance(answer_item(request))
    assert held.stage is Stage.BUILDING
    assert "AccessControlUnauthorizedAccount" in held.reason


def test_revert_text__should_name_the_contracts_errors() -> None:
    data = "0x83d45247" + (7).to_bytes(32, "big").hex()
    assert revert_text(data) == "RequestNotFoundOrAlreadyProcessed(7)"
    assert revert_text({"data": "0xd93c0665"}) == "EnforcedPause()"
    assert revert_text("0xdeadbeef00") == "0xdeadbeef00"
    assert revert_text(None) == ""


def test_answer_call__should_have_the_selectors_of_the_contract() -> None:
    owner = "0x" + "11" * 20
    key = receiver.Answer(wallet_type_id=b"\x01" * 32, wallet="0xabc", owner=owner)
    sign = receiver.Answer(trace_id=b"\x00" * 32, owner=owner)
    assert answer_call(key)[:4].hex() == "31852273"
    assert answer_call(sign)[:4].hex() == "050a5784"
