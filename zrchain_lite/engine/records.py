"""What an engine keeps of each block beside the state, in the same commit.

Keys: block/<height>, results/<height>, commit/<height>, hash/<block hash>,
validators/<hash of the set>, tx/<tx hash>, span/<height><index> and
e/<hash of type.key=value, 16 bytes><height><index>; heights are 8 bytes and indexes 4 bytes,
big-endian. Blocks and results are packed by zlib. A span says where a transaction and its result
lie in the bytes of their block once it is unpacked. An older version packed nothing, and wrote
event/<type.key=value>\\0<height><index>, of which all heights are lower.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from struct import Struct
from typing import Any

from google.protobuf.message import Message

from zrchain_lite.engine.blocks import block_id
from zrchain_lite.store.budget import BudgetedStore
from zrchain_lite.store.kv import KVStore
from zrchain_lite.wire.tendermint.abci.types_pb2 import ExecTxResult, ResponseFinalizeBlock
from zrchain_lite.wire.tendermint.types.block_pb2 import Block
from zrchain_lite.wire.tendermint.types.types_pb2 import BlockID, Commit
from zrchain_lite.wire.tendermint.types.validator_pb2 import ValidatorSet

MAX_INDEXED_BYTES = 400
"""The longest condition that an older version wrote as it is."""

UNINDEXED = frozenset(("amount", "fee", "msg_index", "authz_msg_index"))
"""Attributes by which hardly anything is told apart: half of a transfer's."""

EDGE = 2**32 - 1
"""The index of events at a block's edges, which are no transaction's."""

LOOKED_THROUGH = 8
"""How many bytes one counts for that is looked through, and not only unpacked."""

Position = tuple[int, int]
_SPAN = Struct("!QIIII")
_LEVEL = 1
_PACKED = b"\x78"
"""The first byte of what zlib wrote, and of no block or result."""


@dataclass(frozen=True)
class BlockRecord:
    """A block, its id and what executing it gave."""

    id: BlockID
    block: Block
    results: ResponseFinalizeBlock
    commit: Commit
    """Who signed the block; nobody did when it was made before blocks were signed."""

    @property
    def height(self) -> int:
        """The block's height, 1 for the first."""
        return self.block.header.height

    @property
    def time_ms(self) -> int:
        """The block's time in Unix milliseconds."""
        return self.block.header.time.ToMilliseconds()


@dataclass(frozen=True)
class TxRecord:
    """A transaction that is in a block."""

    height: int
    index: int
    time_ms: int
    tx: bytes
    result: ExecTxResult

    @property
    def hash(self) -> bytes:
        """The transaction's hash: SHA-256 of its bytes."""
        return sha256(self.tx).digest()


def encode(record: BlockRecord, validators: ValidatorSet) -> list[tuple[bytes, bytes]]:
    """The records of one block, and of the validators who signed it."""
    block, results = record.block, record.results
    height = block.header.height.to_bytes(8, "big")
    txs, tx_results = block.data.txs, results.tx_results
    spans = zip(_tx_spans(block), _result_spans(results), strict=True)
    time_ms = block.header.time.ToMilliseconds()
    pairs = [
        (b"block/" + height, _packed(block)),
        *encode_results(block.header.height, results),
        *encode_commit(record.commit),
        (b"hash/" + record.id.hash, height),
        (b"validators/" + block.header.validators_hash, validators.SerializeToString()),
    ]
    edge = height + EDGE.to_bytes(4, "big")
    pairs += [(_event_prefix(term) + edge, b"") for term in sorted(_terms(results))]
    for index, (tx, result, span) in enumerate(zip(txs, tx_results, spans, strict=True)):
        place = height + index.to_bytes(4, "big")
        pairs.append((b"tx/" + sha256(tx).digest(), place))
        pairs.append((b"span/" + place, _SPAN.pack(time_ms, *span[0], *span[1])))
        pairs += [(_event_prefix(term) + place, b"") for term in sorted(_terms(result))]
    return pairs


def encode_results(height: int, results: ResponseFinalizeBlock) -> list[tuple[bytes, bytes]]:
    """What executing a block gave, of which the rest is to be recorded later."""
    return [(b"results/" + height.to_bytes(8, "big"), _packed(results))]


def encode_commit(commit: Commit) -> list[tuple[bytes, bytes]]:
    """Who signed a block, once the next one says it."""
    raw = commit.SerializeToString(deterministic=True)
    return [(b"commit/" + commit.height.to_bytes(8, "big"), raw)]


def keys_of_events(record: BlockRecord) -> list[bytes]:
    """The keys by which a block's events are found, an older version's too."""
    results: list[tuple[int, Any]] = [*enumerate(record.results.tx_results)]
    return [
        prefix + _place((record.height, index))
        for index, result in (*results, (EDGE, record.results))
        for term in sorted(_terms(result))
        for prefix in (_event_prefix(term), _older_event_prefix(term))
    ]


def keys_of(record: BlockRecord) -> list[bytes]:
    """The keys of everything else that is kept of a block."""
    height = record.height.to_bytes(8, "big")
    keys = [b"block/" + height, b"results/" + height, b"commit/" + height]
    keys.append(b"hash/" + record.id.hash)
    keys.append(b"writes/" + height)  # Of an older version.
    for index, tx in enumerate(record.block.data.txs):
        keys += [b"tx/" + sha256(tx).digest(), b"span/" + height + index.to_bytes(4, "big")]
    return keys


def _packed(message: Message) -> bytes:
    return zlib.compress(message.SerializeToString(deterministic=True), _LEVEL)


@lru_cache(maxsize=16)
def _unpacked(raw: bytes) -> bytes:
    """The bytes of a message; an older version wrote them as they are.

    Transactions are often looked at one after the other, and in one block.
    """
    return zlib.decompress(raw) if raw.startswith(_PACKED) else raw


def _tx_spans(block: Block) -> list[tuple[int, int]]:
    """Offset and length of each transaction in a block: field 1 of `data`, the second field."""
    header, data = block.header.ByteSize(), block.data.ByteSize()
    start = _head(header) + header + _head(data)
    return _spans(start, [len(tx) for tx in block.data.txs])


def _result_spans(results: ResponseFinalizeBlock) -> list[tuple[int, int]]:
    """Offset and length of each result: the second field, after the events of the block's edges."""
    sizes = [event.ByteSize() for event in results.events]
    start = sum(_head(size) + size for size in sizes)
    return _spans(start, [result.ByteSize() for result in results.tx_results])


def _spans(start: int, sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Where entries of a repeated field lie whose first tag is at `start`."""
    spans = []
    for size in sizes:
        start += _head(size)
        spans.append((start, size))
        start += size
    return spans


def _head(size: int) -> int:
    """The bytes of a one-byte tag and of a length."""
    return 1 + max(1, -(-size.bit_length() // 7))


def is_indexed(term: str) -> bool:
    """Whether the index finds `type.key=value`; what it does not is looked for in the events."""
    return term.partition("=")[0].rpartition(".")[2] not in UNINDEXED


def _terms(result: ExecTxResult | ResponseFinalizeBlock) -> set[str]:
    return {
        f"{event.type}.{attribute.key}={attribute.value}"
        for event in result.events
        for attribute in event.attributes
        if attribute.index and attribute.key not in UNINDEXED
    }


def _event_prefix(term: str) -> bytes:
    return b"e/" + sha256(term.encode()).digest()[:16]


def _older_event_prefix(term: str) -> bytes:
    raw = term.encode()
    return b"event/" + (raw if len(raw) <= MAX_INDEXED_BYTES else sha256(raw).digest()) + b"\x00"


class Records:
    """Reads the records from a snapshot; `spend` is told of bytes that are unpacked."""

    def __init__(self, store: KVStore, spend: Callable[[int], None] = lambda size: None) -> None:
        self._store, self._spend = store, spend
        # The block that was cut last, and its results: a page's transactions are neighbours.
        self._height, self._cut_of = 0, (b"", b"")

    def block(self, height: int) -> BlockRecord | None:
        """A block by its height, None when there is none."""
        key = height.to_bytes(8, "big") if 0 < height < 2**63 else b""
        raw = self._store.get(b"block/" + key)
        if raw is None:
            return None
        whole = self._unpacked(raw), self._unpacked(self._store.get(b"results/" + key) or b"")
        block, results = Block.FromString(whole[0]), ResponseFinalizeBlock.FromString(whole[1])
        commit = Commit.FromString(self._store.get(b"commit/" + key) or b"")
        known = commit.block_id if commit.block_id.hash else block_id(block)
        return BlockRecord(known, block, results, commit)

    def unrecorded(self) -> list[int]:
        """The last heights of which there are results and no block yet, in their order."""
        heights = []
        for key, _ in self._store.iterate(b"results/", reverse=True):
            height = key.removeprefix(b"results/")
            if self._store.get(b"block/" + height) is not None:
                break
            heights.append(int.from_bytes(height, "big"))
        return heights[::-1]

    def results(self, height: int) -> ResponseFinalizeBlock | None:
        """What executing a block gave, None when there is none; what it takes is spent."""
        raw = self._store.get(b"results/" + height.to_bytes(8, "big"))
        if raw is None:
            return None
        whole = _unpacked(raw)
        self._spend(len(whole) * LOOKED_THROUGH)
        return ResponseFinalizeBlock.FromString(whole)

    def validators(self, set_hash: bytes) -> ValidatorSet | None:
        """A set by the hash in the headers of its blocks, None for one that signed none."""
        raw = self._store.get(b"validators/" + set_hash)
        return None if raw is None else ValidatorSet.FromString(raw)

    def first(self) -> BlockRecord | None:
        """The first block that is kept; None before the chain's first."""
        return self.block(self.first_height())

    def first_height(self) -> int:
        """The height of the first block that is kept, 0 before the chain's first."""
        for key, _ in self._store.iterate(b"block/"):
            return int.from_bytes(key.removeprefix(b"block/"), "big")
        return 0

    def height_of_hash(self, block_hash: bytes) -> int | None:
        """The height of the block with this header hash, None when there is none."""
        raw = self._store.get(b"hash/" + block_hash)
        return None if raw is None else int.from_bytes(raw, "big")

    def tx(self, tx_hash: bytes) -> TxRecord | None:
        """A transaction by its hash, None when no block holds it."""
        place = self._store.get(b"tx/" + tx_hash)
        return None if place is None else self.at(_position(place))

    def at(self, position: Position) -> TxRecord:
        """The transaction at a position (height, index in the block); raises LookupError."""
        height, index = position
        span = self._store.get(b"span/" + height.to_bytes(8, "big") + index.to_bytes(4, "big"))
        if span is not None:
            return self._cut(height, index, span)
        record = self.block(height)
        if record is None:
            raise LookupError(f"no block {height} though a transaction points at it")
        tx, result = record.block.data.txs[index], record.results.tx_results[index]
        return TxRecord(height, index, record.time_ms, tx, result)

    def events(self, position: Position) -> Sequence[Any]:
        """The events of the transaction at a position, to be looked through."""
        result = self.at(position).result
        self._spend(result.ByteSize() * LOOKED_THROUGH)
        return result.events

    def _cut(self, height: int, index: int, span: bytes) -> TxRecord:
        """A transaction without the others of its block."""
        time_ms, tx_at, tx_size, result_at, result_size = _SPAN.unpack(span)
        if self._height != height:
            key = height.to_bytes(8, "big")
            packed = [self._store.get(name + key) or b"" for name in (b"block/", b"results/")]
            self._cut_of = self._unpacked(packed[0]), self._unpacked(packed[1])
            self._height = height
        block, results = self._cut_of
        result = ExecTxResult.FromString(results[result_at : result_at + result_size])
        return TxRecord(height, index, time_ms, block[tx_at : tx_at + tx_size], result)

    def _unpacked(self, raw: bytes) -> bytes:
        whole = _unpacked(raw)
        self._spend(len(whole))
        return whole

    def with_event(self, term: str, *, reverse: bool = False) -> Iterator[Position]:
        """Positions of transactions with `type.key=value` among their events, in chain order."""
        prefixes = [_older_event_prefix(term), _event_prefix(term)]
        for prefix in reversed(prefixes) if reverse else prefixes:
            for key, _ in self._store.iterate(prefix, reverse=reverse):
                if len(key) == len(prefix) + 12:
                    yield _position(key[len(prefix) :])

    def has_event(self, term: str, place: Position) -> bool:
        """Whether `type.key=value` is among the events of a place."""
        prefixes = (_event_prefix(term), _older_event_prefix(term))
        return any(self._store.get(each + _place(place)) is not None for each in prefixes)

    def budgeted(self) -> Records:
        """The same, which gives up with TooMuch above what one query may read."""
        store = BudgetedStore(self._store)
        return Records(store, store.spend)

    def positions(
        self, first: int, last: int, *, reverse: bool = False, most_blocks: int
    ) -> Iterator[Position]:
        """Every transaction of the blocks `first` to `last`, at most `most_blocks` of these."""
        heights: Sequence[int] = range(first, last + 1)
        for height in islice(reversed(heights) if reverse else heights, most_blocks):
            results = self.results(height)
            if results is not None:
                indexes = range(len(results.tx_results))
                yield from ((height, i) for i in (reversed(indexes) if reverse else indexes))


def _place(position: Position) -> bytes:
    return position[0].to_bytes(8, "big") + position[1].to_bytes(4, "big")


def _position(raw: bytes) -> Position:
    return int.from_bytes(raw[:8], "big"), int.from_bytes(raw[8:12], "big")
