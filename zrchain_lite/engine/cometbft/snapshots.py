"""Snapshots of the state, by which a new node begins without executing every block (state sync).

A snapshot is a folder with chunks: pairs of the state in key order, each with its lengths before
it. Its metadata lists the hashes of the chunks, its hash is that of the metadata. What another node
offers is believed when the root over the whole state is the application hash that CometBFT's light
client has verified; nothing is stored before that. A process of its own takes a snapshot, on the
store's versions, while blocks go on.

Source: CometBFT 0.38 spec/abci/abci++_methods.md, spec/p2p/legacy-docs/messages/state-sync.md.
"""

from __future__ import annotations

import json
import logging
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from zrchain_lite.app import App
from zrchain_lite.errors import InvalidArgument
from zrchain_lite.store.kv import KVStore
from zrchain_lite.store.lmdb_store import FORMAT, LmdbStore, StoreError, Tip
from zrchain_lite.store.versions import Versions
from zrchain_lite.wire.tendermint.abci import types_pb2 as abci

_log = logging.getLogger(__name__)
SNAPSHOT_FORMAT = 1
CHUNK_BYTES = 4 * 1024 * 1024
"""A chunk is closed once it has this many bytes."""
MAX_CHUNK_BYTES = 15 * 1024 * 1024
"""CometBFT carries 16 MB in one message."""
MAX_CHUNKS = 512
KEPT = 2
"""How many snapshots are kept: who loads the last but one may finish."""
METADATA = "metadata.json"
_PAIR = Struct("!HI")


class Metadata(NamedTuple):
    """What is told of a snapshot beside its height."""

    chain_id: str
    time_ms: int
    """The time of its block, which no proof covers: it counts until the next block."""
    store_format: int
    chunks: list[str]
    """The SHA-256 of each chunk, in hexadecimal."""

    def encode(self) -> bytes:
        """JSON in one form."""
        return json.dumps(self._asdict(), sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def parse(cls, raw: bytes) -> Metadata:
        """What `encode` was of; raises InvalidArgument."""
        try:
            said = cls(**json.loads(raw))
            known = (str(said.chain_id), int(said.time_ms), int(said.store_format))
            parsed = cls(*known, [str(each) for each in said.chunks])
        except (TypeError, ValueError) as error:
            raise InvalidArgument(f"not the metadata of a snapshot: {error}") from None
        if not 0 < len(parsed.chunks) <= MAX_CHUNKS or not 0 <= parsed.time_ms < 2**53:
            raise InvalidArgument("the snapshot's chunks or time are out of range")
        return parsed


def chunks_of(state: KVStore) -> Iterator[bytes]:
    """The whole state in pieces; one for an empty state."""
    chunk, count = bytearray(), 0
    for key, value in state.iterate(b""):
        chunk += _PAIR.pack(len(key), len(value)) + key + value
        if len(chunk) >= CHUNK_BYTES:
            yield bytes(chunk)
            chunk, count = bytearray(), count + 1
    if chunk or not count:
        yield bytes(chunk)


def pairs_of(chunk: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The pairs of a chunk; raises InvalidArgument where it is cut off."""
    at = 0
    while at < len(chunk):
        if at + _PAIR.size > len(chunk):
            raise InvalidArgument("a chunk is cut off")
        key_size, value_size = _PAIR.unpack_from(chunk, at)
        middle = at + _PAIR.size + key_size
        key, value = chunk[at + _PAIR.size : middle], chunk[middle : middle + value_size]
        at = middle + value_size
        if at > len(chunk) or not key:
            raise InvalidArgument("a chunk is cut off, or has an empty key")
        yield key, value


def take(store: LmdbStore, folder: Path, height: int, time_ms: int) -> None:
    """Write the snapshot of a height that the store still has; raises InvalidArgument, OSError."""
    tip = store.tip()
    if store.format() != FORMAT:
        raise InvalidArgument("the store is of an older format: its next block writes it anew")
    state = Versions(store.state, store.tree).at(height, tip.height).state
    draft = folder / ".draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    hashes = []
    for index, chunk in enumerate(chunks_of(state)):
        if index == MAX_CHUNKS or len(chunk) > MAX_CHUNK_BYTES:
            raise InvalidArgument(f"the state is too large for {MAX_CHUNKS} chunks")
        (draft / str(index)).write_bytes(chunk)
        hashes.append(sha256(chunk).hexdigest())
    metadata = Metadata(tip.chain_id, time_ms, FORMAT, hashes)
    (draft / METADATA).write_bytes(metadata.encode())
    place = folder / str(height)
    shutil.rmtree(place, ignore_errors=True)
    draft.rename(place)
    for old in sorted(_heights(folder))[:-KEPT]:
        shutil.rmtree(folder / str(old), ignore_errors=True)


def _heights(folder: Path) -> list[int]:
    if not folder.is_dir():
        return []
    return [int(each.name) for each in folder.iterdir() if each.name.isdecimal()]


@dataclass
class _Restoring:
    """A snapshot that was accepted, of which chunks come."""

    height: int
    app_hash: bytes
    metadata: Metadata
    pairs: dict[bytes, bytes] = field(default_factory=dict)
    applied: int = 0


class Snapshots:
    """Serves the snapshots in a folder, and makes a state of what another node offers."""

    def __init__(self, app: App, folder: Path) -> None:
        self._app, self._folder = app, folder
        self._restoring: _Restoring | None = None

    def listed(self) -> abci.ResponseListSnapshots:
        """The snapshots that are whole."""
        found = abci.ResponseListSnapshots()
        for height in sorted(_heights(self._folder)):
            try:
                raw = (self._folder / str(height) / METADATA).read_bytes()
                chunks = len(Metadata.parse(raw).chunks)
            except (OSError, InvalidArgument):
                continue
            found.snapshots.add(
                height=height,
                format=SNAPSHOT_FORMAT,
                chunks=chunks,
                hash=sha256(raw).digest(),
                metadata=raw,
            )
        return found

    def chunk(self, request: abci.RequestLoadSnapshotChunk) -> abci.ResponseLoadSnapshotChunk:
        """A chunk, nothing where it is not there (any more)."""
        try:
            found = (self._folder / str(request.height) / str(request.chunk)).read_bytes()
        except OSError:
            found = b""
        return abci.ResponseLoadSnapshotChunk(chunk=found)

    def offer(
        self, request: abci.RequestOfferSnapshot, chain_id: str
    ) -> abci.ResponseOfferSnapshot:
        """Accept what may be a state of this chain; its hash decides, once all chunks are there."""
        answer, said = abci.ResponseOfferSnapshot, request.snapshot
        self._restoring = None
        if said.format != SNAPSHOT_FORMAT:
            return answer(result=answer.REJECT_FORMAT)
        try:
            metadata = Metadata.parse(said.metadata)
        except InvalidArgument:
            return answer(result=answer.REJECT)
        whole = sha256(said.metadata).digest() == said.hash and len(metadata.chunks) == said.chunks
        if not whole or metadata.chain_id != chain_id or metadata.store_format != FORMAT:
            return answer(result=answer.REJECT)
        if self._app.tip.height or not 0 < said.height < 2**62:
            return answer(result=answer.ABORT)
        self._restoring = _Restoring(said.height, request.app_hash, metadata)
        return answer(result=answer.ACCEPT)

    def apply(self, request: abci.RequestApplySnapshotChunk) -> abci.ResponseApplySnapshotChunk:
        """Take a chunk; with the last one the state is stored, if its root is the right one."""
        answer, restoring = abci.ResponseApplySnapshotChunk, self._restoring
        if restoring is None or request.index != restoring.applied:
            return answer(result=answer.ABORT)
        if sha256(request.chunk).hexdigest() != restoring.metadata.chunks[request.index]:
            again = answer(result=answer.RETRY, refetch_chunks=[request.index])
            again.reject_senders.append(request.sender)
            return again
        try:
            restoring.pairs.update(pairs_of(request.chunk))
        except InvalidArgument as error:
            _log.warning("the snapshot of block %d is refused: %s", restoring.height, error)
            return answer(result=answer.REJECT_SNAPSHOT)
        restoring.applied += 1
        if restoring.applied < len(restoring.metadata.chunks):
            return answer(result=answer.ACCEPT)
        self._restoring = None
        metadata = restoring.metadata
        tip = Tip(metadata.chain_id, restoring.height, restoring.app_hash, metadata.time_ms)
        if not self._app.restore(tip, sorted(restoring.pairs.items())):
            _log.warning("the snapshot of block %d has another root", restoring.height)
            return answer(result=answer.REJECT_SNAPSHOT)
        return answer(result=answer.ACCEPT)


def main(home: str, height: str, time_ms: str) -> None:
    """Take a snapshot of a chain on which a node runs meanwhile."""
    store = LmdbStore(Path(home), readonly=True)
    try:
        take(store, snapshots_folder(Path(home)), int(height), int(time_ms))
    except (InvalidArgument, StoreError, OSError) as error:
        sys.exit(f"no snapshot of block {height}: {error}")
    finally:
        store.close()


def snapshots_folder(home: Path) -> Path:
    """Where a node keeps its snapshots."""
    return home / "snapshots"


if __name__ == "__main__":
    main(*sys.argv[1:])
