"""The Direct contract as a relayer sees it: what to call, what it says, what its errors mean.

The ABI is the packaged one (`zrsign_chains/abi/ZrSign.json`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import (
    abi_to_signature,
    event_abi_to_log_topic,
    function_abi_to_4byte_selector,
    get_abi_input_types,
    get_abi_output_types,
)
from eth_utils.crypto import keccak

from relayer.errors import NotDeliverable, TooDear
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_daemon.composing import NotYet
from zrsign_daemon.jsonrpc import JsonRpc, NodeRefused

# Status of a wallet and of a sign request in the contract's registries.
WALLET_REGISTERED = 2
REQUEST_PROCESSED = 2

# The signed answer itself is wrong: no time and no other relayer mends it.
PERMANENT_ERRORS = frozenset(
    {
        "AccessControlUnauthorizedAccount",
        "AnswerMismatch",
        "InvalidAddressLength",
        "InvalidSignature",
        "OwnableInvalidOwner",
    }
)


@cache
def _abi() -> dict[tuple[str, str], Any]:
    entries = json.loads((files("zrsign_chains") / "abi/ZrSign.json").read_text())
    return {(entry["type"], entry["name"]): entry for entry in entries if "name" in entry}


@cache
def _errors() -> dict[bytes, Any]:
    return {
        keccak(text=abi_to_signature(entry))[:4]: entry
        for (kind, _), entry in _abi().items()
        if kind == "error"
    }


def call_data(function: str, *arguments: Any) -> bytes:
    entry = _abi()["function", function]
    return function_abi_to_4byte_selector(entry) + encode(get_abi_input_types(entry), arguments)


def answer_call(answer: receiver.Answer) -> bytes:
    """Calldata of zrKeyRes (a key answer names a wallet) or zrSignRes."""
    if answer.wallet:
        fields = (
            answer.wallet_type_id,
            answer.owner,
            answer.wallet_index,
            answer.wallet,
            answer.options,
            answer.authority_signature,
        )
        return call_data("zrKeyRes", fields)
    fields_of_signature = (
        int.from_bytes(answer.trace_id, "big"),
        answer.owner,
        answer.meta_data,
        answer.signature,
        answer.broadcast,
        answer.authority_signature,
    )
    return call_data("zrSignRes", fields_of_signature)


def revert_text(data: Any) -> str:
    """A node's revert data as `Name(arguments)`, or its hex. Accepts what nodes put in `data`."""
    if isinstance(data, dict):
        data = data.get("data")
    if not isinstance(data, str) or not data.startswith("0x"):
        return ""
    raw = bytes.fromhex(data[2:])
    entry = _errors().get(raw[:4])
    if entry is None:
        return data
    try:
        values = decode(get_abi_input_types(entry), raw[4:])
    except DecodingError:
        return str(entry["name"])
    shown = ", ".join(
        "0x" + value.hex() if isinstance(value, bytes) else str(value) for value in values
    )
    return f"{entry['name']}({shown})"


@dataclass(frozen=True)
class DirectContract:
    """One Direct contract through one node."""

    rpc: JsonRpc
    address: str

    async def resp_gas(self) -> int:
        """The gas limit that an answer is refunded for; 0 when the contract has none set."""
        return int((await self._view("getRespGas"))[0])

    async def delivered(self, answer: receiver.Answer, from_block: int) -> str | None:
        """The transaction that delivered the answer ("" when unknown), None when none did.

        Raises NotDeliverable when the contract holds another answer in its place.
        """
        if answer.wallet:
            return await self._key_delivered(answer, from_block)
        trace_id = int.from_bytes(answer.trace_id, "big")
        status, _ = (await self._view("getRequestState", trace_id))[0]
        if status != REQUEST_PROCESSED:
            return None
        return await self._resolved_in("ZrSigResolve", [answer.trace_id], from_block)

    async def _key_delivered(self, answer: receiver.Answer, from_block: int) -> str | None:
        wallet_type, index, owner = answer.wallet_type_id, answer.wallet_index, answer.owner
        registry = (await self._view("getWalletRegistry", wallet_type, index, owner))[0]
        if registry[0] != WALLET_REGISTERED:
            return None
        (wallet,) = await self._view("getZrKey", wallet_type, owner, index)
        if wallet != answer.wallet:
            raise NotDeliverable(
                f"other_wallet: the contract has {wallet} as key {index} of {owner}, "
                f"the ledger says {answer.wallet}"
            )
        topics = [wallet_type, bytes.fromhex(owner[2:]).rjust(32, b"\0"), index.to_bytes(32, "big")]
        return await self._resolved_in("ZrKeyResolve", topics, from_block)

    async def estimate(self, sender: str, data: bytes, gas_cap: int) -> int:
        """Gas that the call needs. Raises NotDeliverable, TooDear or NotYet with the reason."""
        call: dict[str, str] = {"from": sender, "to": self.address, "data": "0x" + data.hex()}
        if gas_cap:
            call["gas"] = hex(gas_cap)
        try:
            # Against "latest": with the pool counted, an answer in flight would refuse its own.
            return int(await self.rpc.call("eth_estimateGas", call, "latest"), 16)
        except NodeRefused as error:
            reason = revert_text(error.data) or error.text
            if reason.partition("(")[0] in PERMANENT_ERRORS:
                raise NotDeliverable(f"refused_by_contract: {reason}") from error
            if gas_cap and not revert_text(error.data):
                await self._check_cap(call, gas_cap)
            raise NotYet(f"the contract does not take the answer now: {reason}") from error

    async def _check_cap(self, call: dict[str, str], gas_cap: int) -> None:
        """A refusal without a revert's data may be the gas limit's. Raises TooDear if it is."""
        unlimited = {key: value for key, value in call.items() if key != "gas"}
        try:
            needed = int(await self.rpc.call("eth_estimateGas", unlimited, "latest"), 16)
        except NodeRefused:
            return
        if needed > gas_cap:
            raise TooDear(
                f"too_dear: the answer needs {needed} gas and its contract pays {gas_cap}; "
                "raise respGas, or ask for less"
            )

    async def _resolved_in(self, event: str, topics: list[bytes], from_block: int) -> str:
        entry = _abi()["event", event]
        wanted = [event_abi_to_log_topic(entry), *topics]
        query = {
            "address": self.address,
            "fromBlock": hex(from_block),
            "toBlock": "latest",
            "topics": ["0x" + topic.hex() for topic in wanted],
        }
        try:
            logs = await self.rpc.call("eth_getLogs", query)
        except NodeRefused:
            return ""  # A node's range limit; the registry has said that it is delivered.
        return str(logs[-1]["transactionHash"]) if logs else ""

    async def _view(self, function: str, *arguments: Any) -> tuple[Any, ...]:
        call = {"to": self.address, "data": "0x" + call_data(function, *arguments).hex()}
        answer = bytes.fromhex((await self.rpc.call("eth_call", call, "latest"))[2:])
        try:
            return decode(get_abi_output_types(_abi()["function", function]), answer)
        except DecodingError as error:
            raise NotYet(
                f"{self.address} does not answer {function} as a Direct contract. "
                "Is it the right chain?"
            ) from error
