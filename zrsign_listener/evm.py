"""What the listener asks an EVM node, parsed at the door.

Raw JSON-RPC rather than web3: calls go in batches, and nothing needs formatting. Source: the
Ethereum JSON-RPC specification (execution-apis).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from eth_utils.address import to_checksum_address

from zrsign_daemon.events.decode import TOPICS, Block, EvmLog
from zrsign_daemon.events.finality import LATEST, Finality, blocks_asked_for, newest_final
from zrsign_daemon.jsonrpc import Call, JsonRpc, NodeRefused
from zrsign_listener import proof
from zrsign_listener.batches import Batches
from zrsign_listener.errors import NodeError, TooWide, Unproven, WrongChain
from zrsign_listener.plan import NodeView, Scan
from zrsign_listener.proof import Header, Sieve

# getTraceId(), the same in Direct and Omni.
GET_TRACE_ID = "0x379e3349"
# No number that a chain uses is wider; databases end there too.
_MAX_INT = 2**63 - 1
_UNKNOWN_METHOD = -32601


@dataclass(frozen=True)
class RangeView:
    """What a node shows of a range."""

    blocks: tuple[Block, ...]
    """Blocks of the range whose hashes are known, in order; the last of the range is the last."""
    logs: tuple[EvmLog, ...]
    """The contract's request events, in the chain's order."""
    next_trace_id: int | None
    """What the contract counts next after the range; None where the state is gone."""
    senders: dict[bytes, str]
    """Who sent each transaction with a log, by its hash."""
    missed: int = 0
    """Logs that eth_getLogs left out and the receipts show."""


class EvmNode:
    """One node. Every method raises NodeError; its message names the host and the method."""

    def __init__(self, rpc: JsonRpc):
        self.endpoint = rpc.endpoint
        self._batches = Batches(rpc)
        self._whole_receipts = True
        # The newest block whose state the node did not have.
        self._pruned = -1

    async def view(self, caip2: str, finality: Finality, checkpoints: Collection[int]) -> NodeView:
        """Tip, final block and the hashes of `checkpoints`. Raises WrongChain."""
        numbers, named = sorted(set(checkpoints)), blocks_asked_for(finality)
        names = [*named, *map(hex, numbers)]
        chain_id, *blocks = await self._batches.ask(
            [("eth_chainId",), *(("eth_getBlockByNumber", name, False) for name in names)]
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
        return NodeView(shown[LATEST].number, final, hashes)

    async def proven(self, contract: str, scan: Scan, known: Block | None) -> RangeView:
        """All of the contract's request events in the range, as headers and receipts prove it.

        `known` is the block that was read before. Raises Unproven or TooWide.
        """
        query = self._query(contract, scan)
        count = self._count(contract, scan)
        numbers = range(scan.first, scan.last + 1)
        entries, *rest = await self._batches.answers(
            [query, *count, *(("eth_getBlockByNumber", hex(n), False) for n in numbers)]
        )
        # A node that fails refuses headers, too; one that refuses logs alone was asked too much.
        headers = [self._header(each) for each in self._taken(rest[len(count) :])]
        logs = self._logs(contract, scan, entries)
        proof.check_linked(headers, scan, known)
        found = proof.suspects(headers, Sieve.of(contract, TOPICS), logs)
        receipts = await self._receipts(found)
        shown = {block: self._logs_of(contract, block, each) for block, each in receipts.items()}
        left_out = proof.missed(logs, shown)
        return RangeView(
            tuple(header.block for header in headers),
            tuple(sorted((*logs, *left_out), key=_place)),
            self._trace_id(scan, rest[: len(count)]),
            self._senders(receipts.values()),
            len(left_out),
        )

    async def counted(self, contract: str, scan: Scan) -> RangeView:
        """The contract's request events in the range as two looks agree on them, and no proof.

        Raises TooWide.
        """
        query, count = self._query(contract, scan), self._count(contract, scan)
        ends = [("eth_getBlockByNumber", hex(n), False) for n in sorted({scan.first, scan.last})]
        # The blocks before the logs, so that a change between the two shows.
        blocks = tuple(self._block(each) for each in await self._batches.ask(ends))
        first, *counted = await self._batches.answers([query, *count])
        (second,) = await self._batches.answers([query])
        logs = self._logs(contract, scan, first)
        if logs != self._logs(contract, scan, second):
            raise NodeError(f"{self.endpoint} answered one eth_getLogs in two ways.")
        hashes = list(dict.fromkeys(log.tx_hash for log in logs))
        sent = await self._batches.ask(
            [("eth_getTransactionByHash", "0x" + tx_hash.hex()) for tx_hash in hashes]
        )
        senders = {
            tx_hash: self._address(self._fields("eth_getTransactionByHash", each).get("from"))
            for tx_hash, each in zip(hashes, sent, strict=True)
        }
        return RangeView(blocks, logs, self._trace_id(scan, counted), senders)

    async def codes(self, wanted: Sequence[tuple[str, int]]) -> list[bytes]:
        """The code of each account at a block, or at the head where that state is gone."""

        def asked(account: str, number: int) -> Call:
            at = "latest" if number <= self._pruned else hex(number)
            return ("eth_getCode", account, at)

        answers = await self._batches.answers([asked(*each) for each in wanted])
        gone = [i for i, answer in enumerate(answers) if isinstance(answer, NodeRefused)]
        if gone:
            again = await self._batches.ask([("eth_getCode", wanted[i][0], "latest") for i in gone])
            self._pruned = max(self._pruned, *(wanted[i][1] for i in gone))
            for i, code in zip(gone, again, strict=True):
                answers[i] = code
        return [self._bytes(each) for each in answers]

    # Questions

    def _query(self, contract: str, scan: Scan) -> Call:
        wanted = {
            "address": contract,
            "fromBlock": hex(scan.first),
            "toBlock": hex(scan.last),
            "topics": [["0x" + topic.hex() for topic in TOPICS]],
        }
        return ("eth_getLogs", wanted)

    def _count(self, contract: str, scan: Scan) -> list[Call]:
        if scan.last <= self._pruned:
            return []
        return [("eth_call", {"to": contract, "data": GET_TRACE_ID}, hex(scan.last))]

    async def _receipts(self, headers: Sequence[Header]) -> dict[Block, list[dict[str, Any]]]:
        """All receipts of each block, in order. Raises Unproven when the node does not tell."""
        if self._whole_receipts:
            answers = await self._batches.answers(
                [("eth_getBlockReceipts", hex(header.block.number)) for header in headers]
            )
            refused = next((each for each in answers if isinstance(each, NodeRefused)), None)
            if refused is None:
                found = [each if isinstance(each, list) else [] for each in answers]
                return self._complete(headers, found)
            self._whole_receipts = refused.code != _UNKNOWN_METHOD
        hashes = [tx_hash for header in headers for tx_hash in header.transactions]
        answers = await self._batches.answers(
            [("eth_getTransactionReceipt", tx_hash) for tx_hash in hashes]
        )
        one = iter(answers)
        return self._complete(headers, [[next(one) for _ in h.transactions] for h in headers])

    def _complete(
        self, headers: Sequence[Header], found: Sequence[Sequence[Any]]
    ) -> dict[Block, list[dict[str, Any]]]:
        whole = {}
        for header, receipts in zip(headers, found, strict=True):
            shown = [each for each in receipts if isinstance(each, dict)]
            hashes = tuple(each.get("transactionHash") for each in shown)
            blocks = {str(each.get("blockHash")) for each in shown}
            if hashes != header.transactions or blocks - {"0x" + header.block.hash.hex()}:
                raise Unproven(
                    f"{self.endpoint} does not show the receipts of block {header.block.number}, "
                    "which alone prove that no event in it was missed."
                )
            whole[header.block] = shown
        return whole

    # Answers

    def _taken(self, answers: Iterable[Any]) -> list[Any]:
        return [self._batches.taken(each) for each in answers]

    def _trace_id(self, scan: Scan, answers: Sequence[Any]) -> int | None:
        if not answers:
            return None
        if isinstance(answers[0], NodeRefused):
            self._pruned = max(self._pruned, scan.last)
            return None
        text = str(answers[0])
        # A block before the contract's deployment: no code answers, and nothing was counted.
        return None if text == "0x" else int.from_bytes(self._bytes(text, 32))

    def _logs(self, contract: str, scan: Scan, answer: Any) -> tuple[EvmLog, ...]:
        if isinstance(answer, NodeRefused):
            raise TooWide(f"{self.endpoint} refused {str(answer)[:300]}")
        if not isinstance(answer, list):
            raise self._nonsense("eth_getLogs", answer)
        logs = [self._log(entry) for entry in answer]
        for log, entry in zip(logs, answer, strict=True):
            outside = log.contract != contract or not scan.first <= log.block.number <= scan.last
            if outside or entry.get("removed"):
                raise self._nonsense("eth_getLogs", entry)
        return tuple(sorted(logs, key=_place))

    def _logs_of(
        self, contract: str, block: Block, receipts: Sequence[dict[str, Any]]
    ) -> tuple[EvmLog, ...]:
        """The contract's request events in the receipts of a block."""
        own, topics = contract.lower(), {"0x" + topic.hex() for topic in TOPICS}
        found = []
        for receipt in receipts:
            for entry in self._entries(receipt):
                first = str(entry["topics"][0]) if entry["topics"] else ""
                if str(entry.get("address")).lower() != own or first not in topics:
                    continue
                found.append(self._log(entry))
                stray = "0x" + found[-1].tx_hash.hex() != receipt["transactionHash"]
                if stray or found[-1].block != block:
                    raise self._nonsense("a call for receipts", entry)
        return tuple(found)

    def _entries(self, receipt: dict[str, Any]) -> list[dict[str, Any]]:
        logs = receipt.get("logs")
        sound = isinstance(logs, list) and all(
            isinstance(each, dict) and isinstance(each.get("topics"), list) for each in logs
        )
        if not isinstance(logs, list) or not sound:
            raise self._nonsense("a call for receipts", receipt)
        return logs

    def _senders(self, receipts: Iterable[Sequence[dict[str, Any]]]) -> dict[bytes, str]:
        return {
            self._bytes(each["transactionHash"], 32): self._address(each.get("from"))
            for block in receipts
            for each in block
            if each.get("logs")
        }

    def _header(self, value: Any) -> Header:
        fields = self._fields("eth_getBlockByNumber", value)
        transactions = fields.get("transactions")
        if not isinstance(transactions, list):
            raise self._nonsense("eth_getBlockByNumber", value)
        return Header(
            self._block(fields),
            self._bytes(fields.get("parentHash"), 32),
            int.from_bytes(self._bytes(fields.get("logsBloom"), 256)),
            tuple(map(str, transactions)),
        )

    def _block(self, value: object) -> Block:
        fields = self._fields("eth_getBlockByNumber", value)
        return Block(self._int(fields.get("number")), self._bytes(fields.get("hash"), 32))

    def _log(self, value: object) -> EvmLog:
        fields = self._fields("eth_getLogs", value)
        topics = fields.get("topics")
        if not isinstance(topics, list):
            raise self._nonsense("eth_getLogs", value)
        return EvmLog(
            contract=self._address(fields.get("address")),
            topics=tuple(self._bytes(topic, 32) for topic in topics),
            data=self._bytes(fields.get("data")),
            block=Block(
                self._int(fields.get("blockNumber")), self._bytes(fields.get("blockHash"), 32)
            ),
            tx_hash=self._bytes(fields.get("transactionHash"), 32),
            log_index=self._int(fields.get("logIndex")),
        )

    def _fields(self, method: str, value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._nonsense(method, value)
        return value

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
        return _checksummed(self._bytes(value, 20))

    def _nonsense(self, method: str, value: object) -> NodeError:
        return NodeError(f"{self.endpoint} answered {method} with {str(value)[:200]!r}.")


def _place(log: EvmLog) -> tuple[int, int]:
    return log.block.number, log.log_index


@lru_cache(maxsize=10_000)
def _checksummed(address: bytes) -> str:
    return to_checksum_address(address)
