"""A dApp's contract on the network: deploy it, call it, follow its requests to their answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from eth_account.signers.local import LocalAccount
from web3 import AsyncHTTPProvider, AsyncWeb3
from web3.types import TxParams, TxReceipt, Wei

from tests.e2e.patience import Patient
from tests.evm import connected
from zrchain_lite.client import LedgerClient
from zrsign.contracts import artifact
from zrsign.local.network.manifest import ContractEntry, Manifest
from zrsign.sdk import Handle, Receiver, RequestRef

POLL_S = 0.05


class Caller:
    """One account on one EVM chain."""

    def __init__(self, w3: AsyncWeb3[AsyncHTTPProvider], account: LocalAccount) -> None:
        self.w3 = w3
        self.account = account

    async def send(self, call: Any, value_wei: int = 0) -> TxReceipt:
        """The receipt of a call that succeeded; a refusal raises web3's ContractLogicError."""
        sender: TxParams = {"from": self.account.address, "value": Wei(value_wei)}
        nonce = await self.w3.eth.get_transaction_count(self.account.address)
        built = await call.build_transaction({**sender, "nonce": nonce})
        signed = self.account.sign_transaction(built)
        tx_hash = await self.w3.eth.send_raw_transaction(signed.raw_transaction)
        receipt = await self.w3.eth.wait_for_transaction_receipt(tx_hash, poll_latency=POLL_S)
        assert receipt["status"] == 1
        return receipt

    async def deploy(self, name: str, *arguments: object, value_wei: int = 0) -> Any:
        """The packaged contract `name`, deployed."""
        code = artifact(name)
        factory = self.w3.eth.contract(abi=code.abi, bytecode=code.link())
        receipt = await self.send(factory.constructor(*arguments), value_wei)
        address = receipt["contractAddress"]
        assert address is not None
        return self.w3.eth.contract(address=address, abi=code.abi)


@asynccontextmanager
async def caller(network: Manifest, chain: str, account: str) -> AsyncIterator[Caller]:
    w3 = connected(network.chain(chain).rpc_url)
    try:
        yield Caller(w3, network.account(account).evm())
    finally:
        await w3.provider.disconnect()


@asynccontextmanager
async def receiver(network: Manifest) -> AsyncIterator[Receiver]:
    client = LedgerClient(network.ledger.grpc)
    try:
        yield Patient(client, lambda: network)
    finally:
        await client.close()


def requested(ledger: Receiver, source: ContractEntry, receipt: TxReceipt) -> Handle:
    """The one request that a transaction made."""
    (log,) = [log for log in receipt["logs"] if log["address"] == source.address]
    tx_hash = bytes(receipt["transactionHash"])
    ref = RequestRef(source.chain, log["address"], tx_hash, log["logIndex"], None)
    return Handle(ref, ledger)
