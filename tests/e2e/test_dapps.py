"""The example dApps on the real network: contracts whose wallets pay on other chains."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from web3.exceptions import ContractCustomError

from tests.e2e.dapps import caller, receiver, requested
from zrchain_lite.client import Account as LedgerAccount
from zrchain_lite.client import LedgerClient, TxFailed
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrsign.local.demo import checks
from zrsign.local.network.manifest import Manifest
from zrsign.local.network.nodes import fund_evm
from zrsign.local.network.rpc import Rpc
from zrsign.track import road
from zrsign_chains import BITCOIN_REGTEST, BITCOIN_TEST
from zrsign_chains.caip import chain_hash

SOURCE, DESTINATION = "eip155:31337", "eip155:31338"
ETHER = 10**18
SATS = 150_000
VALID = bytes.fromhex("1626ba7e")
MEMBERS = ("deployer", "user", "gas")


async def test_treasury__should_pay_bitcoin_once_its_members_voted(network: Manifest) -> None:
    direct = network.contract("direct")
    bitcoin = network.chain("bitcoin")
    node = Rpc(bitcoin.rpc_url, bitcoin.cookie_file)
    miner = Rpc(f"{bitcoin.rpc_url}/wallet/miner", bitcoin.cookie_file)
    members = [network.account(name).evm_address for name in MEMBERS]
    async with (
        receiver(network) as ledger,
        caller(network, SOURCE, "deployer") as one,
        caller(network, SOURCE, "user") as two,
        caller(network, SOURCE, "policy-owner") as stranger,
    ):
        treasury = await one.deploy(
            "BitcoinTreasury",
            *(direct.address, BITCOIN_TEST.id, chain_hash(BITCOIN_REGTEST), members, 2),
            value_wei=ETHER // 10,
        )
        functions = treasury.functions
        opened = await one.send(functions.openWallet(), ETHER // 10)
        wallet = (await requested(ledger, direct, opened).key()).address
        await miner.call("send", {wallet: "0.01"}, None, "unset", None, {"locktime": 0})
        payee = await miner.call("getnewaddress", "payee", "bech32")
        await node.call("generatetoaddress", 1, payee)

        await one.send(functions.propose(payee, SATS, 0, ETHER // 10, int(time.time()) + 3600))
        with pytest.raises(ContractCustomError):
            await stranger.send(functions.vote(0, True))
        with pytest.raises(ContractCustomError):
            await stranger.send(functions.execute(0))
        await two.send(functions.vote(0, True))
        # Anybody may execute what members voted.
        executed = await stranger.send(functions.execute(0))
        payment = await requested(ledger, direct, executed).transaction()

        assert payment.tx_id is not None
        await checks.bitcoin_paid(node, payment.tx_id, payee, SATS)
        with pytest.raises(ContractCustomError):
            await stranger.send(functions.execute(0))
    await miner.close()
    await node.close()


async def test_signer__should_sign_for_itself(network: Manifest) -> None:
    """ERC-1271: the contract on the chain takes the network's answer as it comes."""
    direct = network.contract("direct")
    async with receiver(network) as ledger, caller(network, SOURCE, "deployer") as owner:
        signer = await owner.deploy("MessageSigner", direct.address)
        calls, digest = signer.functions, keccak(text="an order of the contract")
        asked = await owner.send(calls.requestNewEVMWallet(1), ETHER // 10)
        wallet = (await requested(ledger, direct, asked).key()).address
        assert await calls.getEVMWallets().call() == [wallet]
        asked = await owner.send(calls.signAsContract(digest, 0, chain_hash(SOURCE)), ETHER // 10)
        signature = (await requested(ledger, direct, asked).signature()).signature
        assert await calls.isValidSignature(digest, signature).call() == VALID
        assert await calls.isValidSignature(keccak(digest), signature).call() != VALID


async def test_linked_account__should_manage_what_the_contract_owns(network: Manifest) -> None:
    """A contract has no ledger account; the one that it names owns its workspaces from then on."""
    omni, heir = network.contract("omni"), network.account("user").address
    manager = network.account("policy-owner").ledger()
    async with (
        receiver(network) as ledger,
        caller(network, SOURCE, "deployer") as owner,
        administrator(network, manager) as client,
    ):
        signer = await owner.deploy("MessageSigner", omni.address)
        calls = signer.functions
        asked = await owner.send(calls.requestNewEVMWallet(1), ETHER // 10)
        key = await requested(ledger, omni, asked).request()
        add = identity.MsgAddWorkspaceOwner(
            creator=manager.address, workspace_addr=key.workspace_addr, new_owner=heir
        )
        with pytest.raises(TxFailed, match="does not own workspace"):
            await client.broadcast(add)
        linked = await owner.send(calls.linkAccount(manager.address))
        link = await requested(ledger, omni, linked).request()
        assert link.owner_id == key.owner_id == f"{SOURCE}:{signer.address}"
        facts = road(link).facts
        assert (facts["kind"], facts["account"]) == ("link", manager.address)
        assert not facts.keys() & {"index", "coin_type", "trace_id"}
        await client.broadcast(add)
        owners = await owners_of(client, key.workspace_addr)
        assert owners == [key.owner_id, manager.address, heir]


@asynccontextmanager
async def administrator(network: Manifest, account: LedgerAccount) -> AsyncIterator[LedgerClient]:
    client = LedgerClient(network.ledger.grpc, account=account)
    try:
        yield client
    finally:
        await client.close()


async def owners_of(client: LedgerClient, workspace: str) -> list[str]:
    answer = await client.query(
        "/zrchain.identity.Query/WorkspaceByAddress",
        identity.QueryWorkspaceByAddressRequest(workspace_addr=workspace),
        identity.QueryWorkspaceByAddressResponse,
    )
    return list(answer.workspace.owners)


def approval(member: LocalAccount, contract: str, order: dict[str, object]) -> bytes:
    """A member's signature, as a wallet of any network makes it (EIP-712)."""
    domain = [("name", "string"), ("version", "string"), ("verifyingContract", "address")]
    fields = [("id", "uint256"), ("walletIndex", "uint256"), ("chain", "string")]
    fields += [("router", "address")]
    fields += [("value", "uint256"), ("data", "bytes"), ("deadline", "uint64")]
    types = {"EIP712Domain": [*domain, ("salt", "bytes32")], "Order": fields}
    signable = encode_typed_data(
        full_message={
            "types": {
                name: [{"name": field, "type": kind} for field, kind in entries]
                for name, entries in types.items()
            },
            "primaryType": "Order",
            "domain": {
                "name": "ApprovedOrders",
                "version": "1",
                "verifyingContract": contract,
                "salt": keccak(text=SOURCE),
            },
            "message": order,
        }
    )
    return bytes(member.sign_message(signable).signature)


async def test_order__should_run_on_another_chain_once_members_approved(network: Manifest) -> None:
    omni = network.contract("omni")
    destination = Rpc(network.chain(DESTINATION).rpc_url)
    members = sorted((Account.create() for _ in range(3)), key=lambda each: each.address.lower())
    async with (
        receiver(network) as ledger,
        caller(network, SOURCE, "deployer") as trader,
        caller(network, SOURCE, "gas") as anybody,
        caller(network, DESTINATION, "deployer") as there,
    ):
        exchange = await there.deploy("ExampleExchange")
        addresses = [member.address for member in members]
        orders = await trader.deploy(
            "ApprovedOrders",
            *(omni.address, DESTINATION, exchange.address, addresses, 2),
            value_wei=ETHER // 10,
        )
        asked = await trader.send(orders.functions.requestNewEVMWallet(2))
        wallet = (await requested(ledger, omni, asked).key()).address
        await fund_evm(destination, wallet, ETHER)

        value, deadline = ETHER // 100, int(time.time()) + 3600
        recipient = Account.create().address
        data = exchange.encode_abi("swap", [3 * value, recipient, deadline])
        await trader.send(orders.functions.place(0, value, data, ETHER // 10, deadline))
        order = {
            "id": 0,
            "walletIndex": 0,
            "chain": DESTINATION,
            "router": exchange.address,
            "value": value,
            "data": bytes.fromhex(data[2:]),
            "deadline": deadline,
        }
        approvals = [approval(member, orders.address, order) for member in members[:2]]
        with pytest.raises(ContractCustomError):
            await anybody.send(orders.functions.execute(0, approvals[:1]))
        forged = approval(Account.create(), orders.address, order)
        with pytest.raises(ContractCustomError):
            await anybody.send(orders.functions.execute(0, [approvals[0], forged]))
        assert await checks.evm_nonce(destination, wallet) == 0

        executed = await anybody.send(orders.functions.execute(0, approvals))
        call = await requested(ledger, omni, executed).transaction()
        assert call.tx_id is not None
        await checks.evm_receipt(destination, call.tx_id)
        assert await exchange.functions.balanceOf(recipient).call() == 3 * value
    await destination.close()
