"""Carry out a deployment plan with a local account, through web3."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from web3.exceptions import TimeExhausted, Web3Exception

from zrsign.deployment.plan import DeployError, Deployment, Plan, Step, build, deployment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eth_account.signers.local import LocalAccount
    from eth_typing import ChecksumAddress
    from hexbytes import HexBytes
    from web3 import AsyncWeb3
    from web3.types import Nonce, TxReceipt

    Web3 = AsyncWeb3[Any]

_RECEIPT_TIMEOUT_S = 120.0
_RECEIPT_POLL_S = 0.02


async def predict(
    w3: Web3, deployer: ChecksumAddress, plans: Sequence[Plan]
) -> tuple[ChecksumAddress, ...]:
    """The proxies that `deploy` will create, if these plans are what the deployer does next."""
    nonce = await w3.eth.get_transaction_count(deployer, "pending")
    proxies = []
    for plan in plans:
        addresses, steps = build(plan, deployer, nonce)
        proxies.append(addresses.proxy)
        nonce = cast("Nonce", nonce + len(steps))
    return tuple(proxies)


async def deploy(w3: Web3, deployer: LocalAccount, plan: Plan) -> Deployment:
    """Carry out `plan` with a local account; returns once every transaction is in a block.

    Raises `DeployError` when the node refuses a transaction, one reverts, or none gets mined.
    """
    await require_cancun(w3)
    chain_id = await w3.eth.chain_id
    nonce = await w3.eth.get_transaction_count(deployer.address, "pending")
    addresses, steps = build(plan, deployer.address, nonce)
    hashes = await _send(w3, deployer, steps, chain_id, nonce)
    receipts = await asyncio.gather(*(_receipt(w3, tx_hash) for tx_hash in hashes))
    for step, receipt in zip(steps, receipts, strict=True):
        if receipt["status"] != 1:
            raise DeployError(f"{step.label} reverted: 0x{receipt['transactionHash'].hex()}.")
    created = next(r for r in receipts if r.get("contractAddress") == addresses.proxy)
    return deployment(plan, chain_id, addresses, created["blockNumber"])


async def require_cancun(w3: Web3) -> None:
    """Raise `DeployError` on a chain that lacks transient storage (EIP-1153): before Cancun."""
    try:
        # PUSH0 PUSH0 TSTORE PUSH0 PUSH0 RETURN, as if it created an empty contract.
        await w3.eth.call({"data": bytes.fromhex("5f5f5d5f5ff3")})
    except Web3Exception as error:
        raise DeployError(
            f"This chain does not run the code of EVM version Cancun: {error}",
            "The contracts need it. On an older chain they cannot be deployed.",
        ) from error


async def _send(
    w3: Web3, deployer: LocalAccount, steps: Sequence[Step], chain_id: int, nonce: int
) -> list[HexBytes]:
    tip = await w3.eth.max_priority_fee
    base_fee = (await w3.eth.get_block("latest"))["baseFeePerGas"]
    hashes: list[HexBytes] = []
    for place, step in enumerate(steps):
        transaction: dict[str, Any] = {
            "type": 2,
            "chainId": chain_id,
            "nonce": nonce + place,
            "value": 0,
            "data": step.data,
            "gas": step.gas,
            "maxPriorityFeePerGas": tip,
            "maxFeePerGas": 2 * base_fee + tip,
        }
        if step.to is not None:
            transaction["to"] = step.to
        signed = deployer.sign_transaction(transaction)
        try:
            hashes.append(await w3.eth.send_raw_transaction(signed.raw_transaction))
        except Web3Exception as error:
            raise DeployError(
                f"The node refused {step.label}: {error}", f"Does {deployer.address} have ether?"
            ) from error
    return hashes


async def _receipt(w3: Web3, tx_hash: HexBytes) -> TxReceipt:
    try:
        return await w3.eth.wait_for_transaction_receipt(
            tx_hash, timeout=_RECEIPT_TIMEOUT_S, poll_latency=_RECEIPT_POLL_S
        )
    except TimeExhausted as error:
        raise DeployError(
            f"0x{tx_hash.hex()} is in no block after {_RECEIPT_TIMEOUT_S:.0f} s.",
            "Does the node make blocks?",
        ) from error
