"""Clients of October 2024, with the interface of then: ethers and web3.py, which name functions.

`tests/vectors/older-interface.txt` holds that interface as signatures. Both clients request, answer
and read on one bare deployment, and see what they asked for.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from web3 import AsyncBaseProvider, AsyncWeb3
from web3.contract import AsyncContract
from web3.logs import DISCARD

from tests.contracts.test_deploy import mined, plan_for
from tests.processes import run
from zrsign.deployment.deploy import deploy
from zrsign.deployment.plan import Mode
from zrsign_chains import EVM
from zrsign_chains.caip import chain_hash

ROOT = Path(__file__).resolve().parents[2]
INTERFACE = ROOT / "tests" / "vectors" / "older-interface.txt"
SCRIPT = ROOT / "tests" / "ethers" / "older.mjs"
MODULES = SCRIPT.parent / "node_modules"
NODE = shutil.which("node") or str(ROOT / ".tools" / "bin" / "node")
CHAIN = chain_hash("eip155:31337")
WALLET = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
PAYLOAD = b"\7" * 32

pytestmark = pytest.mark.skipif(
    not (MODULES / "ethers").is_dir() or not Path(NODE).exists(),
    reason="ethers is not installed: make test installs it",
)


async def ethers(*words: str) -> Any:
    """What the older client prints."""
    done = await asyncio.to_thread(run, [NODE, SCRIPT, MODULES, INTERFACE, *words])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def older_abi() -> Any:
    """The older interface in JSON. ethers leaves out that a field of an event is not indexed."""
    entries = await ethers()
    for event in (entry for entry in entries if entry["type"] == "event"):
        for field in event["inputs"]:
            field.setdefault("indexed", False)
    return entries


class Authority:
    """Signs answers in the older form: EIP-191 over an ABI-encoded payload."""

    def __init__(self, account: LocalAccount) -> None:
        self._account = account

    def sign(self, types: list[str], values: list[Any]) -> bytes:
        digest = keccak(encode(["bytes32", *types], [CHAIN, *values]))
        return bytes(self._account.sign_message(encode_defunct(digest)).signature)


async def test_older_clients__should_request_answer_and_read(
    w3: AsyncWeb3[AsyncBaseProvider], anvil_url: str, accounts: list[LocalAccount]
) -> None:
    plan = replace(plan_for(Mode.DIRECT, accounts), safety=None)
    address = (await deploy(w3, accounts[0], plan)).address
    user, authority = accounts[4], Authority(accounts[2])
    words = (anvil_url, address, user.key.hex(), "0x" + EVM.id.hex(), "0x" + CHAIN.hex())
    contract: AsyncContract = w3.eth.contract(address, abi=await older_abi())

    first = await ethers(*words)
    _, held, total = (int(each) for each in first["price"])
    assert first["type"] == ["44", "60"]
    assert first["version"] == "1"
    ((name, arguments),) = first["key"]
    assert name == "ZrKeyRequest"
    assert arguments[1:] == [user.address, "0", "1", str(total), str(total - held)]

    key = [EVM.id, user.address, 0, WALLET, 1]
    signed = authority.sign(["bytes32", "address", "uint256", "string", "uint8"], key)
    names = ("walletTypeId", "owner", "walletIndex", "wallet", "options", "authSignature")
    answer = dict(zip(names, [*key, signed], strict=True))
    receipt = await mined(w3, contract.functions.zrKeyRes(answer), {"from": accounts[5].address})
    (resolved,) = contract.events.ZrKeyResolve().process_receipt(receipt, errors=DISCARD)
    assert resolved["args"]["addr"] == WALLET

    second = await ethers(*words)
    assert second["keys"] == second["resolved"] == [WALLET]
    # The base fee moves from block to block; the network's fee does not.
    assert (second["refused"][0], second["refused"][1][1]) == ("InsufficientFee", "1")
    ((name, arguments),) = second["hash"]
    assert (name, arguments[0], arguments[3]) == ("ZrSigRequest", "0", str(total - held))
    assert arguments[4][3:] == ["0x" + PAYLOAD.hex(), user.address, "0", False]
    ((name, arguments),) = second["tx"]
    assert (name, arguments[0], arguments[4][5:]) == ("ZrSigRequest", "1", ["1", True])

    signature = [0, user.address, b"", b"\2" * 65, False]
    signed = authority.sign(["uint256", "address", "bytes", "bytes", "bool"], signature)
    names = ("traceId", "owner", "metaData", "signature", "broadcast", "authSignature")
    answer = dict(zip(names, [*signature, signed], strict=True))
    receipt = await mined(w3, contract.functions.zrSignRes(answer), {"from": accounts[5].address})
    (resolved,) = contract.events.ZrSigResolve().process_receipt(receipt, errors=DISCARD)
    assert resolved["args"]["signature"] == b"\2" * 65
    assert (await contract.functions.getRequestState(0).call())[0] == 2
    assert (await contract.functions.getRequestState(1).call())[0] == 1
    assert await contract.functions.getTraceId().call() == 2
