"""Answers as an authority outside of Solidity signs them, on a deployment of the plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3 import AsyncBaseProvider, AsyncWeb3
from web3.contract import AsyncContract
from web3.contract.async_contract import AsyncContractFunction
from web3.exceptions import ContractCustomError
from web3.types import TxParams, Wei

from tests.contracts.test_deploy import contract_of, mined, plan_for
from zrsign.deployment.deploy import deploy
from zrsign.deployment.plan import WALLETS, Mode
from zrsign_chains import BITCOIN_TEST, EVM, contract_abi
from zrsign_chains.caip import chain_hash

Web3 = AsyncWeb3[AsyncBaseProvider]
CHAIN = "eip155:31337"
WALLET = to_checksum_address("0x" + "5a" * 20)
HASH = b"\7" * 32
BITCOIN_ADDRESS = "bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6"
KEY_FIELDS = {
    "walletTypeId": "bytes32",
    "owner": "address",
    "walletIndex": "uint256",
    "wallet": "string",
    "options": "uint8",
    "context": "bytes32",
}
SIGN_FIELDS = {
    "traceId": "uint256",
    "owner": "address",
    "metaData": "bytes",
    "signature": "bytes",
    "broadcast": "bool",
    "context": "bytes32",
}


class Authority:
    """Signs EIP-712 answers of one contract."""

    def __init__(self, account: LocalAccount, contract: str) -> None:
        self._account = account
        self._domain = {
            "name": "zrSign",
            "version": "1",
            "chainId": 31337,
            "verifyingContract": contract,
        }

    def sign(self, kind: str, fields: dict[str, str], message: dict[str, Any]) -> bytes:
        """r, s, v and the context."""
        types = {kind: [{"name": name, "type": of} for name, of in fields.items()]}
        typed = encode_typed_data(self._domain, types, message)
        return bytes(self._account.sign_message(typed).signature) + bytes(message["context"])

    def key(self, values: list[Any], context: bytes) -> bytes:
        message = dict(zip(KEY_FIELDS, [*values, context], strict=True))
        return self.sign("ZrKeyResponse", KEY_FIELDS, message)

    def signature(self, values: list[Any], context: bytes) -> bytes:
        message = dict(zip(SIGN_FIELDS, [*values, context], strict=True))
        return self.sign("ZrSignResponse", SIGN_FIELDS, message)


@pytest.fixture
async def direct(w3: Web3, accounts: list[LocalAccount]) -> AsyncContract:
    """A Direct deployment of the plan."""
    return contract_of(w3, await deploy(w3, accounts[0], plan_for(Mode.DIRECT, accounts)))


async def registered(
    w3: Web3, direct: AsyncContract, accounts: list[LocalAccount], owner: str
) -> Authority:
    """The authority, after it answered a key request of `owner`."""
    authority = Authority(accounts[2], direct.address)
    request = direct.get_function_by_signature("zrKeyReq((address,bytes32,uint8))")
    await mined(w3, request((owner, EVM.id, 1)), payment(owner))
    key = [EVM.id, owner, 0, WALLET, 1]
    signed = authority.key(key, wallet_id(direct, EVM.id, owner))
    call = direct.functions.zrKeyRes((*key, signed))
    await mined(w3, call, {"from": accounts[5].address, "gas": 250_000})
    return authority


def wallet_id(direct: AsyncContract, wallet_type_id: bytes, owner: str) -> bytes:
    """Of the owner's first wallet."""
    types = ["uint256", "address", "bytes32", "address", "uint256"]
    return keccak(encode(types, [31337, direct.address, wallet_type_id, owner, 0]))


def payment(owner: str) -> TxParams:
    return {"from": to_checksum_address(owner), "value": Wei(10**17)}


async def requested(w3: Web3, direct: AsyncContract, owner: str) -> bytes:
    """The context of a request for a signature over HASH."""
    ask = {"walletTypeId": EVM.id, "dstChainId": chain_hash(CHAIN), "payload": HASH}
    (params,) = contract_abi.function("zrSignHash").arguments(ask)
    await mined(w3, direct.functions.zrSignHash(params), payment(owner))
    return bytes(await direct.functions.requestContext(owner, params, 0).call())


async def refused(call: AsyncContractFunction, error: str, direct: AsyncContract) -> None:
    """The call reverts with the custom error of that name."""
    with pytest.raises(ContractCustomError) as raised:
        await call.call()
    entries = [e for e in direct.abi if e["type"] == "error" and e["name"] == error]
    signature = f"{error}({','.join(each['type'] for each in entries[0]['inputs'])})"
    assert str(raised.value.data).startswith("0x" + keccak(text=signature)[:4].hex())


async def test_typed_answers__should_be_plain_eip712(
    w3: Web3, accounts: list[LocalAccount], direct: AsyncContract
) -> None:
    owner = accounts[4].address
    authority = await registered(w3, direct, accounts, owner)
    assert await direct.functions.getZrKeys(EVM.id, owner).call() == [WALLET]
    context = await requested(w3, direct, owner)
    answer = [0, owner, b"", b"\2" * 65, False]
    call = direct.functions.zrSignRes((*answer, authority.signature(answer, context)))
    await mined(w3, call, {"from": accounts[5].address, "gas": 250_000})
    assert (await direct.functions.getRequestState(0).call())[0] == 2
    fees = await direct.functions.getColletedFees().call()
    assert await w3.eth.get_balance(direct.address) == fees


async def test_answers__should_fit_into_the_gas_that_requests_pay_for(
    w3: Web3, accounts: list[LocalAccount], direct: AsyncContract
) -> None:
    """The longest address (P2TR, regtest) of a first wallet, then the longest signature (DER)."""
    plan, owner = plan_for(Mode.DIRECT, accounts), accounts[4].address
    functions, wallet_type = direct.functions, BITCOIN_TEST.id
    authority = Authority(accounts[2], direct.address)
    submission: TxParams = {"from": accounts[5].address, "gas": plan.resp_gas}

    request = direct.get_function_by_signature("zrKeyReq((address,bytes32,uint8))")
    await mined(w3, request((owner, wallet_type, 2)), payment(owner))
    key = [wallet_type, owner, 0, BITCOIN_ADDRESS, 2]
    signed = authority.key(key, wallet_id(direct, wallet_type, owner))
    receipt = await mined(w3, functions.zrKeyRes((*key, signed)), submission)
    assert receipt["gasUsed"] < plan.resp_gas * 0.9
    assert await functions.getZrKeys(wallet_type, owner).call() == [BITCOIN_ADDRESS]

    params = (wallet_type, 0, chain_hash(WALLETS[2].chains[1]), HASH, False)
    await mined(w3, functions.zrSignHash(params), payment(owner))
    context = bytes(await functions.requestContext(owner, params, 0).call())
    answer = [0, owner, b"", b"\2" * 72, False]
    signed = authority.signature(answer, context)
    receipt = await mined(w3, functions.zrSignRes((*answer, signed)), submission)
    assert receipt["gasUsed"] < plan.resp_gas * 0.9
    fees = await functions.getColletedFees().call()
    assert await w3.eth.get_balance(direct.address) == fees == 4 * plan.mpc_fee_wei


async def test_typed_answer__should_be_refused_when_it_is_for_something_else(
    w3: Web3, accounts: list[LocalAccount], direct: AsyncContract
) -> None:
    owner = accounts[4].address
    authority = await registered(w3, direct, accounts, owner)
    context = await requested(w3, direct, owner)
    thief = accounts[6].address
    for values, bound in (
        ([0, thief, b"", b"\2" * 65, False], context),
        ([0, owner, b"", b"\2" * 65, True], context),
        ([0, owner, b"", b"\2" * 65, False], keccak(context)),
    ):
        call = direct.functions.zrSignRes((*values, authority.signature(values, bound)))
        await refused(call, "AnswerMismatch", direct)
    values = [0, owner, b"", b"\2" * 65, False]
    legacy = authority.signature(values, context)[:65]
    await refused(direct.functions.zrSignRes((*values, legacy)), "InvalidSignature", direct)


async def test_cancellation__should_refund_what_was_held(
    w3: Web3, accounts: list[LocalAccount], direct: AsyncContract
) -> None:
    owner = accounts[4].address
    await registered(w3, direct, accounts, owner)
    context = await requested(w3, direct, owner)
    call = direct.functions.cancelRequest(0, False, context)
    with pytest.raises(ContractCustomError):
        await call.call({"from": owner})
    await w3.provider.make_request("evm_increaseTime", [86_400])  # type: ignore[arg-type]
    await w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]
    held = (await direct.functions.getRequestState(0).call())[1]
    before = await w3.eth.get_balance(owner)
    receipt = await mined(w3, call, {"from": owner})
    spent = receipt["gasUsed"] * receipt["effectiveGasPrice"]
    assert await w3.eth.get_balance(owner) == before - spent + held
    assert (await direct.functions.getRequestState(0).call())[0] == 3


@pytest.mark.parametrize("mode", Mode)
async def test_plan__should_set_strictness_and_caps(
    w3: Web3, accounts: list[LocalAccount], mode: Mode
) -> None:
    plan = plan_for(mode, accounts)
    assert plan.safety is not None
    contract = contract_of(w3, await deploy(w3, accounts[0], plan))
    safety = plan.safety
    assert tuple(await contract.functions.getSafety().call()) == (
        safety.strictness,
        safety.cancel_delay_s,
        safety.max_mpc_fee_wei,
        safety.max_resp_gas,
        safety.max_resp_gas_price_buffer,
    )
    bare = contract_of(w3, await deploy(w3, accounts[0], replace(plan, safety=None)))
    assert tuple(await bare.functions.getSafety().call()) == (0, 0, 0, 0, 0)


async def test_linked_account__should_be_told_to_listeners(
    w3: Web3, accounts: list[LocalAccount]
) -> None:
    omni = contract_of(w3, await deploy(w3, accounts[0], plan_for(Mode.OMNI, accounts)))
    account, owner = "zen1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqkv5hkp", accounts[4].address
    receipt = await mined(w3, omni.functions.zrLinkAccount(account), {"from": owner})
    (event,) = omni.events.ZrAccountLinked().process_receipt(receipt)
    assert event["args"] == {"owner": owner, "account": account}
