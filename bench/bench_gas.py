"""Gas of the contracts: receipts through the proxy on Anvil, beside the older contracts' figures.

Each call is made on a bare deployment, as the older figures were, and on one with the strictness of
the deployment plan, whose answers are typed. Prints a table and writes build/bench/gas.json.

Run: `make bench-gas`, or `.venv/bin/python bench/bench_gas.py`.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import Any, cast

from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from rich.console import Console
from rich.table import Table
from web3 import AsyncHTTPProvider, AsyncWeb3
from web3.contract import AsyncContract
from web3.contract.async_contract import AsyncContractFunction
from web3.types import TxParams

from zrsign.contracts import artifact
from zrsign.deployment.deploy import deploy
from zrsign.deployment.plan import Mode, Plan, Strictness
from zrsign.local.tools import resolve
from zrsign_chains import EVM
from zrsign_chains.caip import chain_hash

CHAIN = "eip155:31337"
MNEMONIC = "test test test test test test test test test test test junk"
OUTPUT = Path(__file__).resolve().parents[1] / "build" / "bench" / "gas.json"
RESP_GAS = 250_000
BATCH = 10
WALLET = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
TRANSACTION = bytes.fromhex(
    "e679850fd8f4bd2382520894cf4324b9fd2fbc83b98a1483e854d31d3e45944c8203e880808080"
)
WALLET_ID = ["uint256", "address", "bytes32", "address", "uint256"]
KEY_FIELDS = {
    "walletTypeId": "bytes32",
    "owner": "address",
    "walletIndex": "uint256",
    "wallet": "string",
    "options": "uint8",
}
SIGN_FIELDS = {
    "traceId": "uint256",
    "owner": "address",
    "metaData": "bytes",
    "signature": "bytes",
    "broadcast": "bool",
}
WEB3 = AsyncWeb3[Any]


@dataclass(frozen=True)
class Row:
    """A call: the older contracts' gas, the gas to reach in Direct and in Omni."""

    call: str
    upstream: int
    target: int
    omni_target: int | None = None


ROWS = (
    Row("zrKeyReq, first", 119_952, 85_000),
    Row("zrKeyReq, later", 102_852, 68_000),
    Row("zrKeyRes, first", 175_568, 135_000),
    Row("zrKeyRes, later", 158_468, 118_000),
    Row("zrSignHash, later", 117_324, 76_000, 52_000),
    Row("zrSignTx, later", 117_880, 76_000, 52_000),
    Row("zrSignRes", 78_181, 68_000),
    Row("zrSignRes, one of 10", 78_181, 54_400),
    Row("deploy implementation", 3_326_608, 3_326_607),
    Row("deploy proxy", 612_042, 612_041),
)


@contextmanager
def anvil() -> Iterator[str]:
    """URL of a chain of its own on a free port."""
    command = [str(resolve("anvil").path), "--port", "0", "--chain-id", "31337"]
    command += ["--mnemonic", MNEMONIC]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as node:
        assert node.stdout is not None
        line = next(line for line in node.stdout if line.startswith("Listening on "))
        Thread(target=node.stdout.read, daemon=True).start()
        try:
            yield "http://" + line.removeprefix("Listening on ").strip()
        finally:
            node.terminate()


class Bench:
    """Makes the calls of the table on one deployment."""

    def __init__(
        self,
        w3: WEB3,
        accounts: list[LocalAccount],
        contract: AsyncContract,
        value: int,
        *,
        typed: bool,
    ) -> None:
        self._w3, self._value, self._typed = w3, value, typed
        self._user, self._mpc, self._relayer = accounts[4], accounts[2], accounts[5]
        self._contract = contract

    async def mined(self, call: AsyncContractFunction, options: dict[str, Any]) -> int:
        """Gas that the receipt says."""
        tx_hash = await call.transact(cast("TxParams", options))
        receipt = await self._w3.eth.wait_for_transaction_receipt(tx_hash, poll_latency=0.01)
        if receipt["status"] != 1:
            raise RuntimeError(f"{call.fn_name} reverted")
        return int(receipt["gasUsed"])

    async def request_key(self) -> int:
        """Gas that `zrKeyReq` used."""
        request = self._contract.get_function_by_signature("zrKeyReq((address,bytes32,uint8))")
        params = (self._user.address, EVM.id, 1)
        return await self.mined(request(params), {"from": self._user.address, "value": self._value})

    async def answer_key(self, index: int) -> int:
        """Gas that the answer to a key request used."""
        key = [EVM.id, self._user.address, index, WALLET, 1]
        context = keccak(encode(WALLET_ID, [31337, self._contract.address, *key[:3]]))
        signed = self._authority("ZrKeyResponse", KEY_FIELDS, key, context)
        return await self._answer(self._contract.functions.zrKeyRes((*key, signed)))

    async def sign(self, function: str, payload: bytes) -> int:
        """Gas that a request for a signature used."""
        call = self._contract.functions[function]((EVM.id, 0, chain_hash(CHAIN), payload, False))
        return await self.mined(call, {"from": self._user.address, "value": self._value})

    async def answer_signature(self, trace_id: int) -> int:
        """Gas that the answer to a signature request used."""
        answer = await self._signature(trace_id)
        return await self._answer(self._contract.functions.zrSignRes(answer))

    async def answer_signatures(self, first: int, count: int) -> int:
        """Gas that each of several answers in one call used."""
        answers = [await self._signature(first + place) for place in range(count)]
        call = self._contract.functions.zrSignResBatch(answers)
        return await self._answer(call, count * RESP_GAS) // count

    async def _signature(self, trace_id: int) -> tuple[Any, ...]:
        """An answer, signed."""
        answer = [trace_id, self._user.address, b"", b"\2" * 65, False]
        asked = (EVM.id, 0, chain_hash(CHAIN), b"\1" * 32, False)
        question = self._contract.functions.requestContext(self._user.address, asked, 0)
        context = bytes(await question.call())
        signed = self._authority("ZrSignResponse", SIGN_FIELDS, answer, context)
        return (*answer, signed)

    async def _answer(self, call: AsyncContractFunction, gas: int = RESP_GAS) -> int:
        return await self.mined(call, {"from": self._relayer.address, "gas": gas})

    def _authority(
        self, kind: str, fields: dict[str, str], values: list[Any], context: bytes
    ) -> bytes:
        """EIP-191, or EIP-712 with the context behind it."""
        if not self._typed:
            payload = encode(["bytes32", *fields.values()], [chain_hash(CHAIN), *values])
            return bytes(self._mpc.sign_message(encode_defunct(keccak(payload))).signature)
        of = {**fields, "context": "bytes32"}
        types = {kind: [{"name": name, "type": each} for name, each in of.items()]}
        message = dict(zip(of, [*values, context], strict=True))
        domain = {
            "name": "zrSign",
            "version": "1",
            "chainId": 31337,
            "verifyingContract": self._contract.address,
        }
        signable = encode_typed_data(domain, types, message)
        return bytes(self._mpc.sign_message(signable).signature) + context


async def deployed(
    w3: WEB3, accounts: list[LocalAccount], plan: Plan
) -> tuple[Bench, dict[str, int]]:
    """A deployment to measure, and what its creation took."""
    done = await deploy(w3, accounts[0], plan)
    contract = w3.eth.contract(done.address, abi=artifact(plan.mode.contract).abi)
    gas = {}
    block = done.block_number
    for label, back in (("library", 2), ("deploy implementation", 1), ("deploy proxy", 0)):
        receipts = await w3.eth.get_block_receipts(block - back)
        gas[label] = next(int(r["gasUsed"]) for r in receipts if r.get("contractAddress"))
    value = 10**17 if plan.mode is Mode.DIRECT else plan.mpc_fee_wei
    typed = plan.safety is not None and Strictness.TYPED in plan.safety.strictness
    return Bench(w3, accounts, contract, value, typed=typed), gas


async def measure_direct(bench: Bench) -> dict[str, int]:
    """Gas of each call of the Direct contract, by the row's name."""
    gas = {"zrKeyReq, first": await bench.request_key()}
    gas["zrKeyRes, first"] = await bench.answer_key(0)
    gas["zrKeyReq, later"] = await bench.request_key()
    gas["zrKeyRes, later"] = await bench.answer_key(1)
    await bench.sign("zrSignHash", b"\1" * 32)
    gas["zrSignHash, later"] = await bench.sign("zrSignHash", b"\1" * 32)
    gas["zrSignTx, later"] = await bench.sign("zrSignTx", TRANSACTION)
    await bench.answer_signature(0)
    gas["zrSignRes"] = await bench.answer_signature(1)
    for _ in range(BATCH):
        await bench.sign("zrSignHash", b"\1" * 32)
    gas["zrSignRes, one of 10"] = await bench.answer_signatures(3, BATCH)
    return gas


async def measure_omni(bench: Bench) -> dict[str, int]:
    """Gas of each call of the Omni contract, by the row's name."""
    gas = {
        "zrKeyReq, first": await bench.request_key(),
        "zrKeyReq, later": await bench.request_key(),
    }
    await bench.sign("zrSignHash", b"\1" * 32)
    gas["zrSignHash, later"] = await bench.sign("zrSignHash", b"\1" * 32)
    gas["zrSignTx, later"] = await bench.sign("zrSignTx", TRANSACTION)
    return gas


async def measure() -> dict[str, dict[str, int]]:
    """Gas by deployment and call."""
    Account.enable_unaudited_hdwallet_features()
    accounts = [
        Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{place}")
        for place in range(6)
    ]
    results = {}
    for name, mode, strict in (
        ("direct", Mode.DIRECT, False),
        ("direct, strict", Mode.DIRECT, True),
        ("omni", Mode.OMNI, False),
    ):
        plan = Plan(mode, mpc=accounts[2].address, proxy_admin=accounts[1].address)
        with anvil() as url:
            w3: WEB3 = AsyncWeb3(AsyncHTTPProvider(url))
            bench, gas = await deployed(
                w3, accounts, plan if strict else replace(plan, safety=None)
            )
            measured = await (measure_direct if mode is Mode.DIRECT else measure_omni)(bench)
            results[name] = gas | measured
            await w3.provider.disconnect()
    return results


def shown(gas: int | None, target: int | None) -> str:
    """A figure, red where it misses its target."""
    if gas is None:
        return ""
    return f"[red]{gas:,}[/red]" if target is not None and gas > target else f"{gas:,}"


def main() -> None:
    """Measure both contracts, print the table and write the JSON file."""
    results = asyncio.run(measure())
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    figures = {
        row.call: {"upstream": row.upstream, "target": row.target, "omni_target": row.omni_target}
        | {name: gas.get(row.call) for name, gas in results.items()}
        for row in ROWS
    }
    figures["deploy library"] = {name: gas["library"] for name, gas in results.items()}
    OUTPUT.write_text(json.dumps(figures, indent=1) + "\n")
    table = Table(title="Gas by receipts, through the proxy", box=None)
    for column in ("call", "older", "to reach", *results, "omni to reach"):
        table.add_column(column, justify="left" if column == "call" else "right")
    for row in ROWS:
        cells = [
            shown(gas.get(row.call), row.omni_target if name == "omni" else row.target)
            for name, gas in results.items()
        ]
        omni = f"{row.omni_target:,}" if row.omni_target else ""
        table.add_row(row.call, f"{row.upstream:,}", f"{row.target:,}", *cells, omni)
    library = [f"{gas['library']:,}" for gas in results.values()]
    table.add_row("deploy library", "", "", *library, "")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
