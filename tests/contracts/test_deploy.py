"""The deployment plan, without a chain and on a real one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_abi.abi import encode
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from web3 import AsyncBaseProvider, AsyncWeb3
from web3.contract import AsyncContract
from web3.contract.async_contract import AsyncContractFunction
from web3.types import TxParams, TxReceipt

from tests.contracts import interface as public
from zrsign.contracts import artifact
from zrsign.deployment.deploy import deploy
from zrsign.deployment.plan import (
    FEE_ROLE,
    MPC_ROLE,
    PAUSER_ROLE,
    WALLETS,
    DeployError,
    Deployment,
    Mode,
    Plan,
    build,
)
from zrsign_chains import EVM
from zrsign_chains.caip import chain_hash

Web3 = AsyncWeb3[AsyncBaseProvider]
IMPLEMENTATION_SLOT = int("360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc", 16)
ADMIN_SLOT = int("b53127684a568b3173ae13b9f8a6016e243e63b6e8ee1178d6a717850b5d6103", 16)


def plan_for(mode: Mode, accounts: list[LocalAccount]) -> Plan:
    return Plan(mode, mpc=accounts[2].address, proxy_admin=accounts[1].address)


def contract_of(w3: Web3, deployment: Deployment) -> AsyncContract:
    return w3.eth.contract(deployment.address, abi=artifact(deployment.mode.contract).abi)


def test_build__should_give_the_same_transactions_for_the_same_plan(
    accounts: list[LocalAccount],
) -> None:
    plan = plan_for(Mode.DIRECT, accounts)
    assert build(plan, accounts[0].address, 7) == build(plan, accounts[0].address, 7)
    addresses, _ = build(plan, accounts[0].address, 7)
    shifted, _ = build(plan, accounts[0].address, 6)
    assert addresses.library == shifted.implementation


def test_build__should_support_every_wallet_type_and_chain(accounts: list[LocalAccount]) -> None:
    _, steps = build(plan_for(Mode.OMNI, accounts), accounts[0].address, 0)
    labels = [step.label for step in steps]
    for support in WALLETS:
        assert f"walletTypeIdConfig (44/{support.wallet.coin_type})" in labels
        assert all(f"chainIdConfig ({caip})" in labels for caip in support.chains)
    assert {"eip155:31337", "eip155:31338", "eip155:11155111"} <= set(WALLETS[0].chains)
    assert "bip122:0f9188f13cb7b2c71f2a335e3a4fc328" in WALLETS[2].chains
    assert "solana:localnet" in WALLETS[3].chains


def test_build__should_refuse_a_deployer_that_is_the_proxy_administrator(
    accounts: list[LocalAccount],
) -> None:
    with pytest.raises(DeployError, match="cannot be both"):
        build(plan_for(Mode.DIRECT, accounts), accounts[1].address, 0)


def test_build__should_refuse_a_malformed_address(accounts: list[LocalAccount]) -> None:
    plan = replace(plan_for(Mode.DIRECT, accounts), mpc=accounts[2].address.lower())
    with pytest.raises(DeployError, match=r"mpc: '0x.*' is not an address"):
        build(plan, accounts[0].address, 0)


@pytest.mark.parametrize("mode", Mode)
async def test_deploy__should_configure_everything(
    w3: Web3, accounts: list[LocalAccount], mode: Mode
) -> None:
    plan = replace(plan_for(mode, accounts), fee_admin=accounts[3].address)
    deployer = accounts[0].address
    done = await deploy(w3, accounts[0], plan)
    contract = contract_of(w3, done)
    functions = contract.functions

    assert done.chain_id == 31337
    before = await w3.eth.get_code(done.address, done.block_number - 1)
    assert not before
    assert await w3.eth.get_code(done.address, done.block_number)
    for slot, address in (
        (IMPLEMENTATION_SLOT, done.implementation),
        (ADMIN_SLOT, plan.proxy_admin),
    ):
        stored = await w3.eth.get_storage_at(done.address, slot)
        assert stored[12:] == bytes.fromhex(address[2:])
    for support in WALLETS:
        info = await functions.getWalletTypeInfo(support.wallet.id).call()
        assert tuple(info) == (support.wallet.purpose, support.wallet.coin_type)
        for caip in support.chains:
            assert await functions.isChainIdSupported(support.wallet.id, chain_hash(caip)).call()
    roles = {
        (MPC_ROLE, plan.mpc): True,
        (FEE_ROLE, accounts[3].address): True,
        (FEE_ROLE, deployer): False,
        (PAUSER_ROLE, deployer): True,
        (bytes(32), deployer): True,
    }
    for (role, account), held in roles.items():
        assert await functions.hasRole(role, account).call() is held
    assert await functions.getMPCFee().call() == plan.mpc_fee_wei
    assert await functions.version().call() == 1
    if mode is Mode.DIRECT:
        assert await functions.getRespGas().call() == plan.resp_gas
        assert await functions.getRespGasPriceBuffer().call() == plan.resp_gas_price_buffer


@pytest.mark.parametrize("mode", Mode)
async def test_constants__should_have_their_public_values(
    w3: Web3, accounts: list[LocalAccount], mode: Mode
) -> None:
    contract = contract_of(w3, await deploy(w3, accounts[0], plan_for(mode, accounts)))
    for name, value in public.CONSTANTS.items():
        assert await contract.functions[name]().call() == value, name
    assert await contract.functions.SRC_CHAIN_ID().call() == chain_hash("eip155:31337")
    for interface_id, supported in (("01ffc9a7", True), ("7965db0b", True), ("ffffffff", False)):
        call = contract.functions.supportsInterface(bytes.fromhex(interface_id))
        assert await call.call() is supported


async def test_library__should_answer_under_its_selectors(
    w3: Web3, accounts: list[LocalAccount]
) -> None:
    done = await deploy(w3, accounts[0], plan_for(Mode.OMNI, accounts))
    code = await w3.eth.get_code(done.library)
    for selector, name in public.rows(public.LIBRARY_FUNCTIONS).items():
        assert code.hex().count(selector), name
    data = bytes.fromhex("22c58c36") + encode(["uint256", "uint256"], [44, 60])
    assert await w3.eth.call({"to": done.library, "data": data}) == EVM.id


async def mined(w3: Web3, call: AsyncContractFunction, options: TxParams) -> TxReceipt:
    tx_hash = await call.transact(options)
    receipt = await w3.eth.wait_for_transaction_receipt(tx_hash, poll_latency=0.01)
    assert receipt["status"] == 1
    return receipt


async def test_deploy__should_say_which_step_the_node_refused(
    w3: Web3, accounts: list[LocalAccount]
) -> None:
    penniless = Account.from_key(keccak(text="nobody"))
    with pytest.raises(DeployError, match="refused creation of ZrSignTypes") as refused:
        await deploy(w3, penniless, plan_for(Mode.DIRECT, accounts))
    assert penniless.address in refused.value.hint
