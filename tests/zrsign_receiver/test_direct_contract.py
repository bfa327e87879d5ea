"""A real Direct contract takes the answers that the receiver makes, byte for byte as they are."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from coincurve import PrivateKey
from eth_abi.abi import decode
from eth_account import Account as EthAccount
from eth_utils.address import to_checksum_address
from web3 import AsyncBaseProvider, AsyncWeb3

from relayer.destinations.evm.contract import answer_call
from tests.evm import connected
from tests.processes import running
from tests.relayer.nodes import ask, until_up
from tests.zrsign_receiver import transactions
from tests.zrsign_receiver.world import (
    COMPOSER,
    EVM_CHAIN,
    REGTEST,
    SOURCE_CHAIN,
    World,
    secret,
    status_name,
)
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign.deployment.deploy import deploy
from zrsign.deployment.plan import Mode, Plan
from zrsign.deployment.state import takes_typed_answers
from zrsign.local.network.ports import free_port
from zrsign.local.tools import resolve
from zrsign_chains import BITCOIN_TEST, EVM, SOLANA, WalletType, chain_for, chain_hash, contract_abi
from zrsign_chains.ecdsa import verify
from zrsign_chains.evm import evm_address
from zrsign_daemon.events.decode import Block, EvmLog
from zrsign_daemon.events.decode import decode as decode_log

# Anvil's first two accounts, which it unlocks and funds.
DEPLOYER = EthAccount.from_key("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
ADMIN = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
GAS = 1_000_000


@pytest.fixture(scope="module")
def anvil() -> Iterator[str]:
    port = free_port()
    command = [str(resolve("anvil").path), "--port", str(port), "--chain-id", "31337", "--silent"]
    with running(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as node:
        url = f"http://127.0.0.1:{port}"
        until_up(node, lambda: ask(url, "eth_chainId"))
        yield url


@dataclass
class Contract:
    """The deployed contract, its owner's wishes, and the ledger that hears of them."""

    url: str
    address: str
    world: World

    def call(self, data: bytes, value: int = 0) -> dict[str, Any]:
        call = {
            "from": DEPLOYER.address,
            "to": self.address,
            "data": "0x" + data.hex(),
            "value": hex(value),
            "gas": hex(GAS),
        }
        receipt: dict[str, Any] = ask(self.url, "eth_sendTransactionSync", call)
        assert receipt["status"] == "0x1", ask(self.url, "eth_call", call, "latest")
        return receipt

    def request(self, data: bytes, composed: bytes = b"") -> int:
        """Ask the contract, report its event, and have it signed by wallet and authority; a simple
        transaction as it was composed.
        """
        receipt = self.call(data, value=10**18)
        (request_id,) = self.world.report(source_event(receipt["logs"][0]))
        if composed:
            proposal = pb.MsgProposeTransaction(
                composer=COMPOSER.address, request_id=request_id, unsigned_transaction=composed
            )
            self.world.send(proposal)
        self.world.fulfil()
        self.world.fulfil()
        assert status_name(self.world.request(request_id)) == "DELIVERING"
        return request_id

    def deliver(self, request_id: int) -> list[Any]:
        return list(self.call(answer_call(self.world.request(request_id).answer))["logs"])

    def keys(self, wallet: WalletType) -> list[str]:
        data = contract_abi.call_data("getZrKeys", wallet.id, DEPLOYER.address)
        query = {"to": self.address, "data": "0x" + data.hex()}
        answer = ask(self.url, "eth_call", query, "latest")
        return list(decode(["string[]"], bytes.fromhex(answer[2:]))[0])

    def wallet(self, wallet: WalletType, options: int = 1) -> str:
        ask = contract_abi.function("zrKeyReq")
        request_id = self.request(ask.call_data((DEPLOYER.address, wallet.id, options)))
        self.deliver(request_id)
        return self.world.request(request_id).wallet


def wallet_zero(wallet: WalletType, chain: str, payload: bytes, **more: object) -> dict[str, Any]:
    """What is asked of the owner's first wallet of a type, by the contract's own names."""
    where = {"walletTypeId": wallet.id, "walletIndex": 0, "dstChainId": chain_hash(chain)}
    return {**where, "payload": payload, **more}


def source_event(log: dict[str, Any]) -> pb.SourceEvent:
    block = Block(int(log["blockNumber"], 16), bytes.fromhex(log["blockHash"][2:]))
    found = EvmLog(
        contract=to_checksum_address(log["address"]),
        topics=tuple(bytes.fromhex(topic[2:]) for topic in log["topics"]),
        data=bytes.fromhex(log["data"][2:]),
        block=block,
        tx_hash=bytes.fromhex(log["transactionHash"][2:]),
        log_index=int(log["logIndex"], 16),
    )
    return decode_log(SOURCE_CHAIN, found)


@pytest.fixture(params=["typed", "as the older contracts take them"])
async def contract(anvil: str, request: pytest.FixtureRequest) -> Contract:
    authority = evm_address(PrivateKey(secret(1)).public_key.format())
    plan = Plan(mode=Mode.DIRECT, mpc=authority, proxy_admin=ADMIN, resp_gas=GAS)
    if request.param != "typed":
        plan = replace(plan, safety=None)
    w3: AsyncWeb3[AsyncBaseProvider] = connected(anvil)
    deployed = await deploy(w3, DEPLOYER, plan)
    assert await takes_typed_answers(w3, deployed.address)
    assert not await takes_typed_answers(w3, deployed.library)
    assert not await takes_typed_answers(w3, DEPLOYER.address)
    await w3.provider.disconnect()
    world = World()
    assert world.direct_source(deployed.address, typed=request.param == "typed") == 1
    return Contract(anvil, deployed.address, world)


@pytest.mark.parametrize("wallet", [EVM, BITCOIN_TEST, SOLANA])
async def test_key_answer__should_be_registered_by_the_contract(
    contract: Contract, wallet: WalletType
) -> None:
    address = contract.wallet(wallet)
    assert contract.keys(wallet) == [address]


async def test_sign_answers__should_be_resolved_by_the_contract(contract: Contract) -> None:
    contract.wallet(EVM)
    payloads = {
        "zrSignHash": hashlib.sha256(b"hash").digest(),
        "zrSignData": b"words",
        "zrSignTx": transactions.evm(),
    }
    for function, payload in payloads.items():
        broadcast = function == "zrSignTx"
        asked = wallet_zero(EVM, EVM_CHAIN, payload, broadcast=broadcast)
        request_id = contract.request(contract_abi.call_data(function, asked))
        (resolved, *_) = contract.deliver(request_id)
        answer = contract.world.request(request_id).answer
        meta_data, signature, sent = decode(
            ["bytes", "bytes", "bool"], bytes.fromhex(resolved["data"][2:])
        )
        assert int(resolved["topics"][1], 16) == int.from_bytes(answer.trace_id, "big")
        assert (meta_data, signature, sent) == (answer.meta_data, answer.signature, broadcast)


async def test_simple_transaction_answer__should_carry_what_was_composed(
    contract: Contract,
) -> None:
    contract.wallet(EVM, options=2)
    asked = wallet_zero(EVM, EVM_CHAIN, transactions.simple(), broadcast=True)
    composed = transactions.evm()
    data = contract_abi.call_data("zrSignSimpleTx", asked)
    request_id = contract.request(data, composed=composed)
    (resolved, *_) = contract.deliver(request_id)
    meta_data, _, sent = decode(["bytes", "bytes", "bool"], bytes.fromhex(resolved["data"][2:]))
    assert (meta_data, sent) == (composed, True)


async def test_bitcoin_transaction_answer__should_carry_one_signature_an_input(
    contract: Contract,
) -> None:
    contract.wallet(BITCOIN_TEST)
    (wallet,) = contract.world.wallets_of(DEPLOYER.address)
    payload = transactions.bitcoin(wallet.public_key)
    asked = wallet_zero(BITCOIN_TEST, REGTEST, payload)
    request_id = contract.request(contract_abi.call_data("zrSignTx", asked))
    contract.deliver(request_id)
    signature = contract.world.request(request_id).answer.signature
    chain = chain_for(REGTEST)
    for position, sighash in enumerate(chain.sighashes(chain.parse(payload))):
        verify(wallet.public_key, sighash, signature[64 * position :][:64])
