"""The durable store: state, chain records and the last height in one LMDB environment.

One `commit` is one LMDB transaction, on disk before it returns: the state's changes, the height,
the app hash and the block's records appear together or not at all. Readers hold snapshots, which
never see half a block.

Four named databases: `state` (the modules' keys), `chain` (blocks, results, indexes), `meta`
(format, chain id, height, app hash) and `views` (what queries list and count by). One process
writes, from one thread; others may read.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import lmdb

from zrchain_lite.errors import LedgerError
from zrchain_lite.store.kv import KVStore, prefix_end
from zrchain_lite.store.merkle import Change
from zrchain_lite.store.views import Changes, View

FORMAT = 2
"""What this version writes; what a state of an older format needs, `upgrades.py` says."""
_PROGRAM = b"zrchain-lite/"
INITIAL_MAP_BYTES = 256 * 1024 * 1024
NO_HASH = bytes(32)
BUILD_PAIRS = 10_000
"""How many pairs of the state are looked at in one piece while views are built."""


class StoreError(LedgerError):
    """The database cannot be used. Nothing was changed."""


class StoreCorrupted(StoreError):
    """The file is damaged, cut off, or no LMDB database."""


class StoreForeign(StoreError):
    """The database belongs to another program, version or chain."""


class StoreBusy(StoreError):
    """Another process has the database open."""


class StoreUnwritable(StoreError):
    """The disk is full or failing."""


_DAMAGE = (
    lmdb.CorruptedError,
    lmdb.InvalidError,
    lmdb.PageNotFoundError,
    lmdb.PanicError,
    lmdb.VersionMismatchError,
)


@dataclass(frozen=True)
class Tip:
    """The last committed block; height 0 is an empty chain."""

    chain_id: str
    height: int
    app_hash: bytes


class _View:
    """One read transaction: everything that is read through it is as of the same block."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        self.txn: Any = environment.begin()

    def close(self) -> None:
        """End the transaction; nothing is read until `renew`."""
        self.txn.abort()

    def renew(self) -> None:
        """See what is committed now, in a map that another process may have made larger."""
        self.txn.abort()
        try:
            self.txn = self._environment.begin()
        except lmdb.MapResizedError:
            self._environment.set_mapsize(0)
            self.txn = self._environment.begin()


class Snapshot(KVStore):
    """A read-only KVStore of one database as of the moment at which its view was renewed."""

    def __init__(self, view: _View, database: Any) -> None:
        self._view, self._database = view, database

    def get(self, key: bytes) -> bytes | None:
        value: bytes | None = self._view.txn.get(key, db=self._database) if key else None
        return value

    def set(self, key: bytes, value: bytes) -> None:
        raise TypeError("a snapshot is read-only; write to an Overlay above it")

    def delete(self, key: bytes) -> None:
        raise TypeError("a snapshot is read-only; write to an Overlay above it")

    def iterate(
        self, prefix: bytes, *, start: bytes | None = None, reverse: bool = False
    ) -> Generator[tuple[bytes, bytes], None, None]:
        with self._view.txn.cursor(db=self._database) as cursor:
            found = _seek_back(cursor, prefix, start) if reverse else _seek(cursor, prefix, start)
            if not found:
                return
            pairs = cursor.iterprev() if reverse else cursor.iternext()
            for key, value in pairs:
                if not key.startswith(prefix):
                    return
                yield key, value


class _Writing(KVStore):
    """One database inside a write transaction."""

    def __init__(self, txn: Any, database: Any) -> None:
        self._txn, self._database = txn, database

    def get(self, key: bytes) -> bytes | None:
        value: bytes | None = self._txn.get(key, db=self._database) if key else None
        return value

    def set(self, key: bytes, value: bytes) -> None:
        self._txn.put(key, value, db=self._database)

    def delete(self, key: bytes) -> None:
        self._txn.delete(key, db=self._database)

    def iterate(
        self, prefix: bytes, *, start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        raise TypeError("a block is written key by key; iterate over a snapshot")


def _seek(cursor: Any, prefix: bytes, start: bytes | None) -> bool:
    found: bool = cursor.set_range(max(prefix, start or b""))
    return found


def _seek_back(cursor: Any, prefix: bytes, start: bytes | None) -> bool:
    """Stand on the last key that is under `prefix` and not above `start`."""
    if start is not None and start < prefix:
        return False
    if start is not None and start.startswith(prefix):
        if cursor.set_range(start):
            return cursor.key() == start or bool(cursor.prev())
        return bool(cursor.last())
    after = prefix_end(prefix)
    if after is not None and cursor.set_range(after):
        return bool(cursor.prev())
    return bool(cursor.last())


class LmdbStore:
    """Opens, checks and writes the environment in a folder of its own."""

    def __init__(
        self, folder: Path, *, map_bytes: int = INITIAL_MAP_BYTES, readonly: bool = False
    ) -> None:
        """`readonly` opens what another process writes; `refresh` then shows its new blocks."""
        self._folder = folder
        self._lock = None if readonly else _lock(folder)
        with ExitStack() as undo:
            if self._lock is not None:
                undo.callback(os.close, self._lock)
            self._environment = _open(folder, map_bytes, readonly=readonly)
            undo.callback(self._environment.close)
            databases = self._databases(readonly=readonly)
            self._state, self._chain, self._meta, self._rows = databases
            undo.pop_all()
        self._views: tuple[View, ...] = ()
        self._view = _View(self._environment)
        self.state = Snapshot(self._view, self._state)
        self.chain = Snapshot(self._view, self._chain)
        self.rows = Snapshot(self._view, self._rows)
        self._about = Snapshot(self._view, self._meta)

    def tip(self) -> Tip:
        """The block that was committed last when the snapshots were taken, 0 before the first."""
        chain_id = (self._about.get(b"chain_id") or b"").decode()
        height = int.from_bytes(self._about.get(b"height") or b"", "big")
        return Tip(chain_id, height, self._about.get(b"app_hash") or NO_HASH)

    def refresh(self) -> None:
        """Let the snapshots see what is committed now."""
        self._view.renew()

    def format(self) -> int:
        """The format of the state; it is this version's from the next commit on."""
        return int((self._about.get(b"format") or b"").removeprefix(_PROGRAM))

    def commit(
        self, tip: Tip, changes: Iterable[Change], records: Iterable[tuple[bytes, bytes]] = ()
    ) -> None:
        """Write one block atomically and durably, then let the snapshots see it.

        The map is doubled as often as needed. Raises StoreUnwritable or StoreCorrupted, and then
        nothing was written.
        """
        changes, records = list(changes), list(records)
        self._durably(lambda txn: self._write(txn, tip, changes, records))
        self.refresh()

    def keep(self, views: Sequence[View]) -> None:
        """Keep these views from now on, and build them where others were kept or none.

        They are built in pieces of bounded size; a start that is cut off begins again.
        """
        self._views = tuple(views)
        named = b",".join(view.name.encode() for view in views)
        wanted = b"1:%d:" % FORMAT + sha256(named).digest()
        if self._about.get(b"views") == wanted:
            return
        self._durably(lambda txn: txn.drop(self._rows, delete=False))
        for source in sorted({view.source for view in views}):
            self._build(source)
        self._durably(lambda txn: txn.put(b"views", wanted, db=self._meta))
        self.refresh()

    def _build(self, source: bytes) -> None:
        pairs = self.state.iterate(source)
        followed = [view for view in self._views if view.source == source]
        while piece := list(islice(pairs, BUILD_PAIRS)):
            changes = Changes(followed)
            for key, value in piece:
                changes.add(self.state.get, key, value, 1)
            last = piece[-1][0]
            pairs.close()
            self._apply(changes)
            pairs = self.state.iterate(source, start=last + b"\x00")

    def _apply(self, changes: Changes) -> None:
        self._durably(lambda txn: changes.apply(_Writing(txn, self._rows)))

    def _durably(self, write: Callable[[Any], object]) -> None:
        """Run `write` in one transaction, in a map that is doubled as often as needed."""
        while True:
            try:
                with self._environment.begin(write=True) as txn:
                    write(txn)
                return
            except lmdb.MapFullError:
                self._grow()
            except lmdb.Error as error:
                raise self._failure(error) from error

    def close(self) -> None:
        """Close the environment and let another process open the folder."""
        self._view.close()
        self._environment.close()
        if self._lock is not None:
            os.close(self._lock)

    def _write(
        self, txn: Any, tip: Tip, changes: list[Change], records: list[tuple[bytes, bytes]]
    ) -> None:
        state = _Writing(txn, self._state)
        viewed = Changes(self._views)
        for key, _ in changes:
            viewed.add(state.get, key, state.get(key), -1)
        for key, value in changes:
            if value is None:
                state.delete(key)
            else:
                state.set(key, value)
        for key, value in changes:
            viewed.add(state.get, key, value, 1)
        viewed.apply(_Writing(txn, self._rows))
        for key, value in records:
            txn.put(key, value, db=self._chain)
        txn.put(b"format", _PROGRAM + b"%d" % FORMAT, db=self._meta)
        txn.put(b"chain_id", tip.chain_id.encode(), db=self._meta)
        txn.put(b"height", tip.height.to_bytes(8, "big"), db=self._meta)
        txn.put(b"app_hash", tip.app_hash, db=self._meta)

    def _grow(self) -> None:
        """LMDB resizes only while no transaction is open."""
        self._view.close()
        self._environment.set_mapsize(self._environment.info()["map_size"] * 2)
        self._view.renew()

    def _databases(self, *, readonly: bool) -> tuple[Any, Any, Any, Any]:
        environment = self._environment
        names = (b"state", b"chain", b"meta", b"views")
        try:
            with environment.begin() as txn:
                empty = txn.stat()["entries"] == 0
            if not empty:
                _check_format(environment, self._folder)
            databases = tuple(environment.open_db(name, create=not readonly) for name in names)
            if empty and not readonly:
                with environment.begin(write=True, db=databases[2]) as txn:
                    txn.put(b"format", _PROGRAM + b"%d" % FORMAT)
        except lmdb.Error as error:
            raise self._failure(error) from error
        state, chain, meta, views = databases
        return state, chain, meta, views

    def _failure(self, error: lmdb.Error) -> StoreError:
        if isinstance(error, _DAMAGE):
            return _corrupted(self._folder, str(error))
        if isinstance(error, lmdb.BadValsizeError):
            return StoreError(f"a key is empty or longer than LMDB can hold: {error}")
        return StoreUnwritable(
            f"cannot write to {self._folder} ({error}); check the disk and its free space, then "
            "start again: nothing of this block was written"
        )


def _lock(folder: Path) -> int:
    """An exclusive lock for the life of the process: LMDB itself would let a second writer in."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / "LOCK", os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise StoreError(
            f"cannot use the folder {folder}: {error.strerror}; check its path and permissions"
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise StoreBusy(
            f"{folder} is in use by another process; stop that one or choose another folder"
        ) from None
    return descriptor


def _open(folder: Path, map_bytes: int, *, readonly: bool) -> Any:
    data = folder / "data.mdb"
    size = data.stat().st_size if data.exists() else 0
    try:
        environment = lmdb.open(
            str(folder), max_dbs=4, map_size=max(map_bytes, size), readonly=readonly
        )
        needed = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
    except lmdb.Error as error:
        raise _corrupted(folder, str(error)) from error
    if 0 < size < needed:
        environment.close()
        raise _corrupted(folder, f"data.mdb has {size} bytes of {needed}")
    return environment


def _check_format(environment: Any, folder: Path) -> None:
    try:
        meta = environment.open_db(b"meta", create=False)
        with environment.begin(db=meta) as txn:
            found = txn.get(b"format") or b""
    except lmdb.NotFoundError:
        found = b""
    if found not in [_PROGRAM + b"%d" % known for known in range(1, FORMAT + 1)]:
        raise StoreForeign(
            f"the database in {folder} is {found.decode(errors='replace') or 'of no format'}, not "
            f"a ledger of a format from 1 to {FORMAT}; run the version that wrote it, choose "
            "another folder, or move this one away to start an empty chain"
        )


def _corrupted(folder: Path, detail: str) -> StoreCorrupted:
    return StoreCorrupted(
        f"the database in {folder} is damaged ({detail}); restore the folder from a backup, or "
        "move it away to start an empty chain"
    )
