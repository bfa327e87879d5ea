"""Transactions that contracts encode are byte for byte what rlp and eth_account make of them."""

from __future__ import annotations

from typing import Any

import pytest
import rlp
import solcx
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_keys.datatypes import Signature
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st
from web3 import HTTPProvider, Web3

from scripts import compile_contracts
from tests.waiting import STALLED_S
from zrsign_chains.evm import EvmChain

PROBE = """
// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ZrSignConnectBase} from "./ZrSignConnectBase.sol";
import {FeeMarketTx} from "./libraries/EvmTransactions.sol";

contract Probe is ZrSignConnectBase {
    struct Legacy {
        uint256 nonce;
        uint256 price;
        uint256 gas;
        address to;
        uint256 value;
        bytes data;
    }

    constructor() ZrSignConnectBase(payable(address(0))) {}

    function legacy(Legacy calldata t, uint256 chainId) external pure returns (bytes memory) {
        return chainId == 0
            ? rlpEncodeTransaction(t.nonce, t.price, t.gas, t.to, t.value, t.data)
            : rlpEncodeTransaction(t.nonce, t.price, t.gas, t.to, t.value, t.data, chainId);
    }

    function feeMarket(FeeMarketTx calldata t) external pure returns (bytes memory) {
        return encodeFeeMarketTransaction(t);
    }

    function _authorizeSpend(address, bytes4) internal pure override {}
}
"""
SIGNER: LocalAccount = Account.from_key(keccak(text="signer"))

numbers = st.integers(0, 2**64 - 1) | st.integers(0, 255) | st.integers(0, 2**256 - 1)
small = st.integers(0, 2**63 - 1) | st.integers(0, 255)
addresses = st.binary(min_size=20, max_size=20)
payloads = st.binary(max_size=80) | st.integers(50, 300).map(bytes)
# What the ledger reads: a call has a selector.
calls = st.just(b"") | st.binary(min_size=4, max_size=80)
keys = st.lists(st.binary(min_size=32, max_size=32), max_size=3)
access_lists = st.lists(st.tuples(addresses, keys), max_size=3)
CASES = settings(max_examples=100, deadline=None)


@pytest.fixture(scope="module")
def probe(anvil_url: str, accounts: list[LocalAccount]) -> Any:
    """The encoders, as functions of a contract on Anvil."""
    solc = compile_contracts.resolve_solc()
    compile_contracts.fetch_packages()
    wanted = {"Probe.sol": {"Probe": ["abi", "evm.bytecode.object"]}}
    output = solcx.compile_standard(
        {
            "language": "Solidity",
            "sources": compile_contracts.read_sources({"Probe.sol": PROBE}),
            "settings": {**compile_contracts.SETTINGS, "outputSelection": wanted},
        },
        solc_binary=solc,
    )
    compiled = output["contracts"]["Probe.sol"]["Probe"]
    w3 = Web3(HTTPProvider(anvil_url, request_kwargs={"timeout": STALLED_S}))
    factory = w3.eth.contract(abi=compiled["abi"], bytecode=compiled["evm"]["bytecode"]["object"])
    # Not the account of the deployment tests, whose nonces they count.
    sender = accounts[8].address
    created = factory.constructor().transact({"from": sender})
    address = w3.eth.wait_for_transaction_receipt(created, poll_latency=0.02)["contractAddress"]
    assert address is not None
    return w3.eth.contract(address=address, abi=compiled["abi"]).functions


def signer_of(payload: bytes, transaction: dict[str, Any]) -> str:
    """Who eth_account's signature of `transaction` is by, if `payload` is what it signs."""
    signed = SIGNER.sign_transaction(transaction)
    parity = signed.v if signed.v in (0, 1) else (signed.v - 27 if signed.v < 35 else signed.v - 35)
    signature = Signature(vrs=(parity % 2, signed.r, signed.s))
    return signature.recover_public_key_from_msg_hash(keccak(payload)).to_checksum_address()


@CASES
@given(
    numbers=st.tuples(numbers, numbers, numbers, numbers),
    to=addresses,
    data=payloads,
    chain=numbers,
)
def test_legacy__should_be_what_rlp_makes_of_it(
    probe: Any, numbers: tuple[int, int, int, int], to: bytes, data: bytes, chain: int
) -> None:
    nonce, price, gas, value = numbers
    payload = probe.legacy((nonce, price, gas, to, value, data), chain).call()
    assert payload == rlp.encode([nonce, price, gas, to, value, data, chain or b"", b"", b""])


@CASES
@given(
    numbers=st.tuples(numbers, numbers, numbers, numbers, numbers, numbers),
    to=addresses,
    data=payloads,
    access=access_lists,
)
def test_fee_market__should_be_what_rlp_makes_of_it(
    probe: Any,
    numbers: tuple[int, int, int, int, int, int],
    to: bytes,
    data: bytes,
    access: list[tuple[bytes, list[bytes]]],
) -> None:
    chain, nonce, tip, fee, gas, value = numbers
    payload = probe.feeMarket((chain, nonce, tip, fee, gas, to, value, data, access)).call()
    assert payload == b"\2" + rlp.encode([chain, nonce, tip, fee, gas, to, value, data, access])


@CASES
@given(
    fields=st.tuples(small, small, small, small),
    to=addresses,
    data=calls,
    chain=st.integers(0, 2**32),
)
def test_legacy__should_be_what_eth_account_signs_and_the_ledger_reads(
    probe: Any, fields: tuple[int, int, int, int], to: bytes, data: bytes, chain: int
) -> None:
    nonce, price, gas, value = fields
    payload = probe.legacy((nonce, price, gas, to, value, data), chain).call()
    transaction = {"nonce": nonce, "gasPrice": price, "gas": gas, "to": to, "value": value}
    transaction["data"] = data
    if chain:
        assert signer_of(payload, transaction | {"chainId": chain}) == SIGNER.address
    read = EvmChain(f"eip155:{chain or 1}").parse(payload)
    assert (read.nonce, read.gas_price, read.gas, read.value) == fields
    assert (read.destination, read.data) == (to_checksum_address(to), data)


@CASES
@given(
    fields=st.tuples(small, small, small, small),
    tip=small,
    to=addresses,
    data=calls,
    chain=st.integers(1, 2**32),
    access=access_lists,
)
def test_fee_market__should_be_what_eth_account_signs_and_the_ledger_reads(
    probe: Any,
    fields: tuple[int, int, int, int],
    tip: int,
    to: bytes,
    data: bytes,
    chain: int,
    access: list[tuple[bytes, list[bytes]]],
) -> None:
    nonce, fee, gas, value = fields
    tip = min(tip, fee)
    payload = probe.feeMarket((chain, nonce, tip, fee, gas, to, value, data, access)).call()
    transaction = {
        "type": 2,
        "chainId": chain,
        "nonce": nonce,
        "maxPriorityFeePerGas": tip,
        "maxFeePerGas": fee,
        "gas": gas,
        "to": to,
        "value": value,
        "data": data,
        "accessList": [
            {"address": account, "storageKeys": ["0x" + key.hex() for key in slots]}
            for account, slots in access
        ],
    }
    assert signer_of(payload, transaction) == SIGNER.address
    read = EvmChain(f"eip155:{chain}").parse(payload)
    assert (read.nonce, read.gas_price, read.gas, read.value) == fields
    assert (read.priority_fee, read.destination) == (tip, to_checksum_address(to))
    assert read.access_list == tuple((account, tuple(slots)) for account, slots in access)
