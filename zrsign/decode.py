"""Say what some bytes are, in the words of the contracts and chains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from eth_abi.abi import decode as abi_decode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import (
    abi_to_signature,
    collapse_if_tuple,
    event_abi_to_log_topic,
    function_abi_to_4byte_selector,
)

from zrsign.contracts import artifact
from zrsign.errors import UsageError
from zrsign.sdk import reverts
from zrsign_chains import (
    KNOWN_CHAINS,
    WALLET_TYPES,
    ChainError,
    chain_for,
    chain_hash,
    contract_abi,
    simple_tx,
)
from zrsign_chains.evm_transactions import EvmTx

COMMON_METHODS = {
    "0xa9059cbb": "transfer(address,uint256)",
    "0x23b872dd": "transferFrom(address,address,uint256)",
    "0x095ea7b3": "approve(address,uint256)",
    "0x42842e0e": "safeTransferFrom(address,address,uint256)",
    "0xa22cb465": "setApprovalForAll(address,bool)",
    "0xd505accf": "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
    "0x2e1a7d4d": "withdraw(uint256)",
    "0xd0e30db0": "deposit()",
}
"""Methods of ERC-20, ERC-721, ERC-2612 and WETH by their selectors."""


def explain(text: str, chain: str = "", abi: Sequence[Any] = ()) -> dict[str, Any]:
    """Names and values of `text` (hexadecimal). With `chain` it is an unsigned transaction.

    `abi` is that of a contract besides ours.
    """
    try:
        raw = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise UsageError(f"{text[:40]!r} is not hexadecimal.", "Give it as 0x…") from None
    if chain:
        return {"what": f"unsigned transaction for {chain}", **transaction(raw, chain, abi)}
    for attempt in (_id, _call, _event, _simple, _error):
        if (found := attempt(raw, abi)) is not None:
            return found
    raise UsageError(
        f"Nothing of zrSign looks like these {len(raw)} bytes.",
        "An unsigned transaction needs its chain (--chain eip155:1), your own contract its --abi",
    )


def transaction(raw: bytes, chain: str, abi: Sequence[Any] = ()) -> dict[str, Any]:
    """What an unsigned transaction does, and what is signed of it. Raises ChainError."""
    destination = chain_for(chain)
    tx = destination.parse(raw)
    return {
        "to": tx.to,
        "amount": tx.amount,
        "contract": tx.contract,
        **tx.shown,
        **(_evm_call(tx, abi) if isinstance(tx, EvmTx) else {}),
        "data_for_signing": ["0x" + each.hex() for each in destination.sighashes(tx)],
    }


def _evm_call(tx: EvmTx, abi: Sequence[Any]) -> dict[str, Any]:
    fields = {"value": tx.value, "nonce": tx.nonce, "max_fee": tx.max_fee}
    if not tx.destination:
        return {**fields, "method": "deploys a contract", "data": "0x" + tx.data.hex()}
    if not tx.data:
        return fields
    known = _call(tx.data, abi) or {}
    selector = "0x" + tx.data[:4].hex()
    method = known.get("function") or COMMON_METHODS.get(selector) or f"{selector}, not known here"
    return {**fields, "method": method, "data": "0x" + tx.data.hex()}


def _id(raw: bytes, _: Sequence[Any]) -> dict[str, Any] | None:
    for wallet in WALLET_TYPES:
        if wallet.id == raw:
            return {"what": "wallet type id", "name": wallet.name, "coin_type": wallet.coin_type}
    for caip2 in KNOWN_CHAINS:
        if chain_hash(caip2) == raw:
            return {"what": "chain id", "caip2": caip2}
    return None


def _entries(kind: str, abi: Sequence[Any]) -> list[dict[str, Any]]:
    others = [entry for entry in (*artifact("ZrProxy").abi, *abi) if entry["type"] == kind]
    known = contract_abi.CONTRACTS + contract_abi.OLDER
    return [*contract_abi.entries(kind, known), *others]


def _call(raw: bytes, abi: Sequence[Any]) -> dict[str, Any] | None:
    for entry in _entries("function", abi):
        if function_abi_to_4byte_selector(cast("Any", entry)) == raw[:4]:
            types = [collapse_if_tuple(each) for each in entry["inputs"]]
            try:
                values = abi_decode(types, raw[4:])
            except DecodingError:
                continue
            shown = {
                each["name"] or f"argument {place}": _readable(value)
                for place, (each, value) in enumerate(zip(entry["inputs"], values, strict=True))
            }
            return {"what": "call", "function": abi_to_signature(cast("Any", entry)), **shown}
    return None


def _event(raw: bytes, abi: Sequence[Any]) -> dict[str, Any] | None:
    for entry in _entries("event", abi):
        if event_abi_to_log_topic(cast("Any", entry)) == raw:
            return {"what": "event topic", "event": abi_to_signature(cast("Any", entry))}
    return None


def _simple(raw: bytes, _: Sequence[Any]) -> dict[str, Any] | None:
    try:
        payload = simple_tx.decode(raw)
    except ChainError:
        return None
    return {
        "what": "simple transaction payload",
        "to": payload.to,
        "value": payload.value,
        "data": "0x" + payload.data.hex(),
    }


def _error(raw: bytes, abi: Sequence[Any]) -> dict[str, Any] | None:
    message, next_step = reverts.explain(raw, abi)
    if message.startswith("The contract refused"):
        return None
    return {"what": "error", "error": message, "next": next_step}


def _readable(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, tuple | list):
        return [_readable(each) for each in value]
    return value
