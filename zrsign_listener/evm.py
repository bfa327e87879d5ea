"""A node's JSON-RPC over HTTP, batched, parsed at the door.

Plain httpx rather than web3: every poll is one batch of raw calls, and nothing needs formatting.
Source: the Ethereum JSON-RPC specification (execution-apis).
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import urlsplit

import httpx
from eth_utils.address import to_checksum_address

from zrsign_listener.decode import TOPICS, EvmLog
from zrsign_listener.errors import RpcError, WrongChain
from zrsign_listener.plan import Block, ChainView, Scan

# How deep a block must be to be final, or the node's own tag for it.
Finality = int | Literal["finalized", "safe"]

# getTraceId(), the same in Direct and Omni.
GET_TRACE_ID = "0x379e3349"

Answer = Mapping[str, Any]

# Calls in one batch; hosted nodes refuse larger ones.
BATCH = 50
# No number that a chain uses is wider; databases end there too.
_MAX_INT = 2**63 - 1


def host_of(url: str) -> str:
    """Host and port, without user information and path, which often hold a secret."""
    return urlsplit(url).netloc.rpartition("@")[2]


def is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in {"localhost", "127.0.0.1", "::1"}


class EvmRpc:
    """One node.

    Every method raises RpcError, whose message names host and method but never the URL's path,
    because that often is a key.
    """

    def __init__(self, url: str, *, timeout_s: float = 10.0):
        self._url = url
        self.host = host_of(url)
        # A proxy of the environment cannot reach this machine's loopback.
        self._client = httpx.AsyncClient(timeout=timeout_s, trust_env=not is_loopback(url))
        self._ids = itertools.count(1)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def view(self, caip2: str, finality: Finality, checkpoints: Collection[int]) -> ChainView:
        """Tip, final block and the hashes of `checkpoints`, in one batch. Raises WrongChain."""
        numbers = sorted(set(checkpoints))
        tag = finality if isinstance(finality, str) else "latest"
        chain_id, tip_block, tagged, *known = await self.batch(
            [
                ("eth_chainId", []),
                ("eth_getBlockByNumber", ["latest", False]),
                ("eth_getBlockByNumber", [tag, False]),
                *(("eth_getBlockByNumber", [hex(number), False]) for number in numbers),
            ]
        )
        served = f"eip155:{self._int(chain_id)}"
        if served != caip2:
            raise WrongChain(
                f"{self.host} serves {served}, not {caip2}. Correct the chain's rpc_url."
            )
        tip = self._block(tip_block)
        final = self._block(tagged).number if isinstance(finality, str) else tip.number - finality
        hashes = {
            number: None if block is None else self._block(block).hash
            for number, block in zip(numbers, known, strict=True)
        }
        return ChainView(tip, final, hashes)

    async def block(self, number: int) -> Block:
        (block,) = await self.batch([("eth_getBlockByNumber", [hex(number), False])])
        return self._block(block)

    async def logs(self, contract: str, scan: Scan) -> tuple[list[EvmLog], int | None]:
        """The contract's request events in the range, in the chain's order, and the trace id that
        it will use next after the range; None when the node no longer has that state."""
        query = {
            "address": contract,
            "fromBlock": hex(scan.first),
            "toBlock": hex(scan.last),
            "topics": [["0x" + topic.hex() for topic in TOPICS]],
        }
        call = {"to": contract, "data": GET_TRACE_ID}
        found, count = await self._answers(
            [("eth_getLogs", [query]), ("eth_call", [call, hex(scan.last)])]
        )
        entries = self._result(found, "eth_getLogs")
        if not isinstance(entries, list):
            raise self._nonsense("eth_getLogs", entries)
        logs = [self._log(contract, scan, entry) for entry in entries]
        next_trace_id = None
        with suppress(RpcError):
            next_trace_id = int.from_bytes(self._bytes(self._result(count, "eth_call"), 32))
        return sorted(logs, key=lambda log: (log.block.number, log.log_index)), next_trace_id

    async def origins(self, owners: Sequence[tuple[bytes, str, int]]) -> list[tuple[str, bytes]]:
        """Who sent the transaction, and the owner's code at that block, for each (transaction hash,
        owner, block number).

        Code at old blocks needs a node that keeps their state.
        """
        calls: list[tuple[str, list[Any]]] = []
        for tx_hash, owner, number in owners:
            calls.append(("eth_getTransactionByHash", ["0x" + tx_hash.hex()]))
            calls.append(("eth_getCode", [owner, hex(number)]))
        answers = await self.batch(calls)
        return [
            (self._sender(tx), self._bytes(code))
            for tx, code in zip(answers[::2], answers[1::2], strict=True)
        ]

    async def batch(self, calls: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        """The results, in the order of the calls. One failed call fails all."""
        results: list[Any] = []
        for start in range(0, len(calls), BATCH):
            part = calls[start : start + BATCH]
            answers = await self._answers(part)
            results += [
                self._result(answer, method)
                for answer, (method, _) in zip(answers, part, strict=True)
            ]
        return results

    async def _answers(self, calls: Sequence[tuple[str, list[Any]]]) -> list[Answer | None]:
        """One answer object a call, None where the node left it out."""
        requests = [
            {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
            for method, params in calls
        ]
        names = ", ".join(sorted({method for method, _ in calls}))
        try:
            response = await self._client.post(self._url, json=requests)
        except httpx.HTTPError as error:
            what = str(error) or type(error).__name__
            raise RpcError(
                f"{self.host} does not answer {names}: {what}. Is the node up?"
            ) from None
        try:
            answers = response.json()
        except ValueError:
            raise RpcError(
                f"{self.host} answered {names} with HTTP {response.status_code} and no JSON."
            ) from None
        by_id = self._by_id(answers, names)
        return [by_id.get(request["id"]) for request in requests]

    def _by_id(self, answers: object, names: str) -> dict[object, Answer]:
        # A node that refuses the whole batch answers with a single error object.
        if isinstance(answers, dict):
            self._result(answers, names)
        if not isinstance(answers, list):
            raise self._nonsense(names, answers)
        return {a["id"]: a for a in answers if isinstance(a, dict) and isinstance(a.get("id"), int)}

    def _result(self, answer: Answer | None, method: str) -> Any:
        if answer is None:
            raise RpcError(f"{self.host} left {method} out of its answer.")
        error = answer.get("error")
        if error is not None:
            raise RpcError(f"{self.host} refused {method}: {str(error)[:300]}")
        if "result" not in answer:
            raise self._nonsense(method, answer)
        return answer["result"]

    def _block(self, value: object) -> Block:
        if not isinstance(value, dict):
            raise self._nonsense("eth_getBlockByNumber", value)
        return Block(self._int(value.get("number")), self._bytes(value.get("hash"), 32))

    def _log(self, contract: str, scan: Scan, value: object) -> EvmLog:
        if not isinstance(value, dict) or not isinstance(value.get("topics"), list):
            raise self._nonsense("eth_getLogs", value)
        log = EvmLog(
            contract=self._address(value.get("address")),
            topics=tuple(self._bytes(topic, 32) for topic in value["topics"]),
            data=self._bytes(value.get("data")),
            block=Block(
                self._int(value.get("blockNumber")), self._bytes(value.get("blockHash"), 32)
            ),
            tx_hash=self._bytes(value.get("transactionHash"), 32),
            log_index=self._int(value.get("logIndex")),
        )
        if value.get("removed") or log.contract != contract:
            raise self._nonsense("eth_getLogs", value)
        if not scan.first <= log.block.number <= scan.last:
            raise self._nonsense("eth_getLogs", value)
        return log

    def _sender(self, value: object) -> str:
        if not isinstance(value, dict):
            raise self._nonsense("eth_getTransactionByHash", value)
        return self._address(value.get("from"))

    def _int(self, value: object) -> int:
        try:
            number = int(str(value), 16)
        except ValueError:
            raise self._nonsense("a quantity", value) from None
        if not 0 <= number <= _MAX_INT:
            raise self._nonsense("a quantity", value)
        return number

    def _bytes(self, value: object, length: int | None = None) -> bytes:
        text = str(value)
        try:
            data = bytes.fromhex(text.removeprefix("0x"))
        except ValueError:
            raise self._nonsense("data", value) from None
        if not text.startswith("0x") or (length is not None and len(data) != length):
            raise self._nonsense("data", value)
        return data

    def _address(self, value: object) -> str:
        return to_checksum_address(self._bytes(value, 20))

    def _nonsense(self, method: str, value: object) -> RpcError:
        return RpcError(f"{self.host} answered {method} with {str(value)[:200]!r}.")
