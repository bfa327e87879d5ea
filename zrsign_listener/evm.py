"""What the listener asks an EVM node, parsed at the door.

Raw JSON-RPC rather than web3: a poll is a handful of calls, and nothing needs formatting.
Source: the Ethereum JSON-RPC specification (execution-apis).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any

from eth_utils.address import to_checksum_address

from zrsign_daemon.jsonrpc import JsonRpc, NodeRefused, NodeUnavailable
from zrsign_listener.decode import TOPICS, EvmLog
from zrsign_listener.errors import NodeError, WrongChain
from zrsign_listener.finality import LATEST, Finality, blocks_asked_for, newest_final
from zrsign_listener.plan import Block, NodeView, Scan

# getTraceId(), the same in Direct and Omni.
GET_TRACE_ID = "0x379e3349"
# Calls under way at one node.
CONCURRENCY = 16
# No number that a chain uses is wider; databases end there too.
_MAX_INT = 2**63 - 1


class EvmNode:
    """One node. Every method raises NodeError; its message names the host and the method."""

    def __init__(self, rpc: JsonRpc):
        self.endpoint = rpc.endpoint
        self._rpc = rpc
        self._free = asyncio.Semaphore(CONCURRENCY)

    async def view(self, caip2: str, finality: Finality, checkpoints: Collection[int]) -> NodeView:
        """Tip, final block and the hashes of `checkpoints`. Raises WrongChain."""
        numbers, named = sorted(set(checkpoints)), blocks_asked_for(finality)
        chain_id, *blocks = await asyncio.gather(
            self._call("eth_chainId"),
            *(self._call("eth_getBlockByNumber", name, False) for name in named),
            *(self._call("eth_getBlockByNumber", hex(number), False) for number in numbers),
        )
        served = f"eip155:{self._int(chain_id)}"
        if served != caip2:
            raise WrongChain(
                f"{self.endpoint} serves {served}, not {caip2}. Correct the chain's rpc_url."
            )
        shown = {name: self._block(block) for name, block in zip(named, blocks, strict=False)}
        known = blocks[len(named) :]
        hashes = {
            number: None if block is None else self._block(block).hash
            for number, block in zip(numbers, known, strict=True)
        }
        final = newest_final(finality, {name: block.number for name, block in shown.items()})
        return NodeView(shown[LATEST], final, hashes)

    async def block(self, number: int) -> Block:
        """The block at that height of the node's chain."""
        return self._block(await self._call("eth_getBlockByNumber", hex(number), False))

    async def logs(self, contract: str, scan: Scan) -> tuple[list[EvmLog], int | None]:
        """The contract's request events in the range, in the chain's order, and the trace id that
        it will use next after the range; None when the node no longer has that state."""
        query = {
            "address": contract,
            "fromBlock": hex(scan.first),
            "toBlock": hex(scan.last),
            "topics": [["0x" + topic.hex() for topic in TOPICS]],
        }
        entries, next_trace_id = await asyncio.gather(
            self._call("eth_getLogs", query), self._next_trace_id(contract, scan.last)
        )
        if not isinstance(entries, list):
            raise self._nonsense("eth_getLogs", entries)
        logs = [self._log(contract, scan, entry) for entry in entries]
        return sorted(logs, key=lambda log: (log.block.number, log.log_index)), next_trace_id

    async def origins(self, owners: Sequence[tuple[bytes, str, int]]) -> list[tuple[str, bytes]]:
        """Who sent the transaction, and the owner's code at that block, for each (transaction hash,
        owner, block number).

        Code at old blocks needs a node that keeps their state.
        """
        return await asyncio.gather(*(self._origin(*owner) for owner in owners))

    async def _origin(self, tx_hash: bytes, owner: str, number: int) -> tuple[str, bytes]:
        transaction, code = await asyncio.gather(
            self._call("eth_getTransactionByHash", "0x" + tx_hash.hex()),
            self._code(owner, number),
        )
        if not isinstance(transaction, dict):
            raise self._nonsense("eth_getTransactionByHash", transaction)
        return self._address(transaction.get("from")), code

    async def _code(self, account: str, number: int) -> bytes:
        try:
            return self._bytes(await self._call("eth_getCode", account, hex(number)))
        except NodeError as error:
            raise NodeError(
                f"{error} To read events as old as block {number}, rpc_url must be a node that "
                "keeps that block's state."
            ) from None

    async def _next_trace_id(self, contract: str, number: int) -> int | None:
        with suppress(NodeError):
            answer = await self._call(
                "eth_call", {"to": contract, "data": GET_TRACE_ID}, hex(number)
            )
            return int.from_bytes(self._bytes(answer, 32))
        return None

    async def _call(self, method: str, *params: object) -> Any:
        async with self._free:
            try:
                return await self._rpc.call(method, *params)
            except NodeUnavailable as error:
                raise NodeError(str(error)) from None
            except NodeRefused as error:
                raise NodeError(f"{self.endpoint} refused {str(error)[:300]}") from None

    def _block(self, value: object) -> Block:
        if not isinstance(value, dict):
            raise self._nonsense("eth_getBlockByNumber", value)
        return Block(self._int(value.get("number")), self._bytes(value.get("hash"), 32))

    def _log(self, contract: str, scan: Scan, value: object) -> EvmLog:
        if not isinstance(value, dict) or not isinstance(value.get("topics"), list):
            raise self._nonsense("eth_getLogs", value)
        block = Block(self._int(value.get("blockNumber")), self._bytes(value.get("blockHash"), 32))
        log = EvmLog(
            contract=self._address(value.get("address")),
            topics=tuple(self._bytes(topic, 32) for topic in value["topics"]),
            data=self._bytes(value.get("data")),
            block=block,
            tx_hash=self._bytes(value.get("transactionHash"), 32),
            log_index=self._int(value.get("logIndex")),
        )
        outside = log.contract != contract or not scan.first <= block.number <= scan.last
        if outside or value.get("removed"):
            raise self._nonsense("eth_getLogs", value)
        return log

    def _int(self, value: object) -> int:
        try:
            number = int(str(value), 16)
        except ValueError:
            raise self._nonsense("a call with a number", value) from None
        if not 0 <= number <= _MAX_INT:
            raise self._nonsense("a call with a number", value)
        return number

    def _bytes(self, value: object, length: int | None = None) -> bytes:
        text = str(value)
        try:
            data = bytes.fromhex(text.removeprefix("0x"))
        except ValueError:
            raise self._nonsense("a call with data", value) from None
        if not text.startswith("0x") or (length is not None and len(data) != length):
            raise self._nonsense("a call with data", value)
        return data

    def _address(self, value: object) -> str:
        return to_checksum_address(self._bytes(value, 20))

    def _nonsense(self, method: str, value: object) -> NodeError:
        return NodeError(f"{self.endpoint} answered {method} with {str(value)[:200]!r}.")
