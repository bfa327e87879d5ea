"""The Direct contract as a relayer sees it: what to call, what it says, what its errors mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_chains import MalformedPayload, contract_abi
from zrsign_daemon.composing import NotYet
from zrsign_daemon.jsonrpc import JsonRpc, NodeRefused

# Status of a wallet and of a sign request in the contract's registries.
WALLET_REGISTERED = 2
REQUEST_OPEN = 1
REQUEST_PROCESSED = 2

# The contract's figures of the same names, and its strictness of refunds.
DELIVERY_STORE, DELIVERY_CALLBACK = 1, 2
STORE_GAS = 46_000
CALLBACK_GAS, CALLBACK_CALL_GAS = 100_000, 8_000
FLOOR_GAS = 40
COVERED_LENGTH = 4096
REFUND = 32

_BATCH = contract_abi.function("zrSignResBatch")


def answer_call(answer: receiver.Answer) -> bytes:
    """Calldata of zrKeyRes (a key answer names a wallet) or zrSignRes."""
    call = contract_abi.function("zrKeyRes" if answer.wallet else "zrSignRes")
    values = contract_abi.values_of(answer, call.parameters[:-1])
    return call.call_data((*values, answer.authority_signature))


def batch_call(answers: Sequence[receiver.Answer]) -> bytes:
    """Calldata of zrSignResBatch, which leaves out what is not open any more."""
    fields = contract_abi.function("zrSignRes").parameters[:-1]
    return _BATCH.call_data(
        [(*contract_abi.values_of(each, fields), each.authority_signature) for each in answers]
    )


def is_batch(data: bytes) -> bool:
    """Whether calldata is that of a batch."""
    return data[:4] == _BATCH.selector


def revert_text(data: Any) -> str:
    """A node's revert data as `Name(arguments)`, or its hex. Accepts what nodes put in `data`."""
    if isinstance(data, dict):
        data = data.get("data")
    if not isinstance(data, str) or not data.startswith("0x"):
        return ""
    raw = bytes.fromhex(data[2:])
    error = contract_abi.errors().get(raw[:4])
    if error is None:
        return data
    try:
        values = error.decode(raw).values()
    except MalformedPayload:
        return error.name
    shown = ", ".join(
        "0x" + value.hex() if isinstance(value, bytes) else str(value) for value in values
    )
    return f"{error.name}({shown})"


@dataclass(frozen=True)
class DirectContract:
    """One Direct contract through one node."""

    rpc: JsonRpc
    address: str

    async def paid_gas(self, request: receiver.Request) -> int:
        """The gas limit that an answer is refunded for; 0 when the contract has none set.

        Where refunds are strict, the request has paid for all that its answer has to do.
        """
        gas = int((await self._view("getRespGas"))[0])
        if request.answer.wallet or not gas or not await self.refunds_strictly():
            return gas
        info = (await self._view("getRequest", int.from_bytes(request.answer.trace_id, "big")))[0]
        delivery = info[1]
        if delivery & DELIVERY_STORE:
            gas += STORE_GAS
        if delivery & DELIVERY_CALLBACK:
            gas += CALLBACK_GAS + CALLBACK_CALL_GAS
        return gas + FLOOR_GAS * max(len(request.event.sign.payload) - COVERED_LENGTH, 0)

    async def refunds_strictly(self) -> bool:
        """Whether the gas of an answer is paid as measured, and of a batch too."""
        try:
            safety = (await self._view("getSafety"))[0]
        except (NotYet, NodeRefused):
            return False  # An older contract, which has none.
        return bool(safety[0] & REFUND)

    async def delivered(self, answer: receiver.Answer, from_block: int) -> str | None:
        """The transaction that delivered the answer ("" when unknown), None when none did.

        Raises NotYet when the contract holds another answer in its place.
        """
        if answer.wallet:
            return await self._key_delivered(answer, from_block)
        if await self.request_status(answer) != REQUEST_PROCESSED:
            return None
        return await self._resolved_in("ZrSigResolve", [answer.trace_id], from_block)

    async def request_status(self, answer: receiver.Answer) -> int:
        """The status of the signature request that is answered."""
        trace_id = int.from_bytes(answer.trace_id, "big")
        status, _ = (await self._view("getRequestState", trace_id))[0]
        return int(status)

    async def _key_delivered(self, answer: receiver.Answer, from_block: int) -> str | None:
        wallet_type, index, owner = answer.wallet_type_id, answer.wallet_index, answer.owner
        registry = (await self._view("getWalletRegistry", wallet_type, index, owner))[0]
        if registry[0] != WALLET_REGISTERED:
            return None
        (wallet,) = await self._view("getZrKey", wallet_type, owner, index)
        if wallet != answer.wallet:
            raise NotYet(
                f"other_wallet: the contract has {wallet} as key {index} of {owner}, "
                f"the ledger says {answer.wallet}"
            )
        topics = [wallet_type, bytes.fromhex(owner[2:]).rjust(32, b"\0"), index.to_bytes(32, "big")]
        return await self._resolved_in("ZrKeyResolve", topics, from_block)

    async def estimate(self, sender: str, data: bytes, gas_cap: int) -> int:
        """Gas that the call needs. Raises NotYet with the reason."""
        call: dict[str, str] = {"from": sender, "to": self.address, "data": "0x" + data.hex()}
        if gas_cap:
            call["gas"] = hex(gas_cap)
        try:
            # Against "latest": with the pool counted, an answer in flight would refuse its own.
            return int(await self.rpc.call("eth_estimateGas", call, "latest"), 16)
        except NodeRefused as error:
            reason = revert_text(error.data) or error.text
            if gas_cap and not revert_text(error.data):
                await self._check_cap(call, gas_cap)
            raise NotYet(f"refused_by_contract: {reason}") from error

    async def _check_cap(self, call: dict[str, str], gas_cap: int) -> None:
        """A refusal without a revert's data may be the gas limit's. Raises NotYet if it is."""
        unlimited = {key: value for key, value in call.items() if key != "gas"}
        try:
            needed = int(await self.rpc.call("eth_estimateGas", unlimited, "latest"), 16)
        except NodeRefused:
            return
        if needed > gas_cap:
            raise NotYet(
                f"too_dear: the answer needs {needed} gas and its contract pays {gas_cap}; "
                "raise respGas, or ask for less"
            )

    async def _resolved_in(self, event: str, topics: list[bytes], from_block: int) -> str:
        wanted = [contract_abi.event(event).topic, *topics]
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
        view = contract_abi.function(function)
        call = {"to": self.address, "data": "0x" + view.call_data(*arguments).hex()}
        answer = bytes.fromhex((await self.rpc.call("eth_call", call, "latest"))[2:])
        try:
            return view.decode_output(answer)
        except MalformedPayload as error:
            raise NotYet(
                f"{self.address} does not answer {function} as a Direct contract. "
                "Is it the right chain?"
            ) from error
