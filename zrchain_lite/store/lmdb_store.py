"""The durable store: state, chain records and the last height in one LMDB environment.

One `commit` is one LMDB transaction, on disk before it returns: the state's changes, the height,
the app hash and the block's records appear together or not at all. Readers hold snapshots, which
never see half a block.

Five named databases: `state` (the modules' keys), `tree` (what the app hash commits to it by, and
what the last blocks have changed), `chain` (blocks, results, indexes), `meta` (format, chain id,
height, app hash, time) and `views` (what queries list and count by). One process writes, from one
thread; others may read.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import lmdb

from zrchain_lite.errors import LedgerError
from zrchain_lite.store.kv import Change
from zrchain_lite.store.snapshots import ReadTransaction, Snapshot, Writing, apply
from zrchain_lite.store.tree import Tree
from zrchain_lite.store.versions import KEPT_VERSIONS, encode_undo, undo_key
from zrchain_lite.store.views import View, ViewChanges

_log = logging.getLogger(__name__)
FORMAT = 3
"""What this version writes; what a state of an older format needs, `upgrades.py` says."""
_PROGRAM = b"zrchain-lite/"
INITIAL_MAP_BYTES = 256 * 1024 * 1024
NO_HASH = bytes(32)
OLDER_TIME_KEY = b"app/time_ms"
"""Where formats before 3 kept the time of the last block, among the state."""
BUILD_PAIRS = 10_000
"""How many pairs of the state are looked at in one piece while views or the tree are built."""


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
    # Unix milliseconds.
    time_ms: int = 0


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
            self._state, self._chain, self._meta, self._rows, self._tree = databases
            undo.pop_all()
        self._views: tuple[View, ...] = ()
        self._view = ReadTransaction(self._environment)
        self.state = Snapshot(self._view, self._state)
        self.chain = Snapshot(self._view, self._chain)
        self.rows = Snapshot(self._view, self._rows)
        self.tree = Snapshot(self._view, self._tree)
        self._about = Snapshot(self._view, self._meta)

    def tip(self) -> Tip:
        """The block that was committed last when the snapshots were taken, 0 before the first."""
        chain_id = (self._about.get(b"chain_id") or b"").decode()
        height = int.from_bytes(self._about.get(b"height") or b"", "big")
        time_ms = self._about.get(b"time_ms") or self.state.get(OLDER_TIME_KEY) or b""
        app_hash = self._about.get(b"app_hash") or NO_HASH
        return Tip(chain_id, height, app_hash, int.from_bytes(time_ms, "big"))

    def refresh(self) -> None:
        """Let the snapshots see what is committed now."""
        self._view.renew()

    def format(self) -> int:
        """The format of the state; it is this version's from the next commit on."""
        return int((self._about.get(b"format") or b"").removeprefix(_PROGRAM))

    def plan(self, changes: Iterable[Change]) -> tuple[bytes, list[Change]]:
        """The root of the tree once the state has changed, and the tree's rows that change."""
        if self._about.get(b"tree") is None:
            self._build_tree()
        return Tree(self.tree).after(changes)

    def commit(
        self,
        tip: Tip,
        changes: Iterable[Change],
        records: Iterable[Change] = (),
        *,
        rows: Sequence[Change] | None = None,
    ) -> None:
        """Write one block atomically and durably, then let the snapshots see it.

        `rows` are those of the tree, where they are planned already. The map is doubled as often as
        needed. Raises StoreUnwritable or StoreCorrupted, and then nothing was written.
        """
        changes, records = list(changes), list(records)
        planned = self.plan(changes)[1] if rows is None else rows
        self._durably(lambda txn: self._write(txn, tip, changes, records, planned))
        self.refresh()

    def record(self, records: Iterable[Change]) -> None:
        """Write what an engine keeps of blocks that are committed already; raises StoreError."""
        changes = list(records)
        self._durably(lambda txn: apply(Writing(txn, self._chain), changes))
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
        followed = [view for view in self._views if view.source == source]
        for piece in self._pieces(source):
            changes = ViewChanges(followed)
            for key, value in piece:
                changes.add(self.state.get, key, value, 1)
            self._apply(changes)

    def _build_tree(self) -> None:
        """Commit to a state that no tree does; a start that is cut off begins again."""
        self._durably(lambda txn: txn.drop(self._tree, delete=False))
        self.refresh()
        done = 0
        for piece in self._pieces(b""):
            _, rows = Tree(self.tree).after(piece)
            self._durably(partial(self._write_tree, rows))
            self.refresh()
            done += len(piece)
            _log.info("the tree over the state is built: %d objects are in it", done)
        self._durably(lambda txn: txn.put(b"tree", b"1", db=self._meta))
        self.refresh()

    def _write_tree(self, rows: Iterable[Change], txn: Any) -> None:
        apply(Writing(txn, self._tree), rows)

    def _pieces(self, prefix: bytes) -> Iterator[list[tuple[bytes, bytes]]]:
        """The state under a prefix, no part of which is read while a piece is worked on."""
        pairs = self.state.iterate(prefix)
        while piece := list(islice(pairs, BUILD_PAIRS)):
            pairs.close()
            yield piece
            pairs = self.state.iterate(prefix, start=piece[-1][0] + b"\x00")

    def _apply(self, changes: ViewChanges) -> None:
        self._durably(lambda txn: changes.apply(Writing(txn, self._rows)))

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
        self,
        txn: Any,
        tip: Tip,
        changes: list[Change],
        records: list[Change],
        rows: Sequence[Change],
    ) -> None:
        state, tree = Writing(txn, self._state), Writing(txn, self._tree)
        before = [(key, state.get(key)) for key, _ in changes]
        viewed = ViewChanges(self._views)
        for key, value in before:
            viewed.add(state.get, key, value, -1)
        apply(state, changes)
        for key, value in changes:
            viewed.add(state.get, key, value, 1)
        viewed.apply(Writing(txn, self._rows))
        apply(tree, rows)
        if self.tip().height == tip.height - 1 > 0 and self.format() == FORMAT:
            tree.set(undo_key(tip.height), encode_undo(before))
        tree.delete(undo_key(max(tip.height - KEPT_VERSIONS, 0)))
        apply(Writing(txn, self._chain), records)
        about = Writing(txn, self._meta)
        about.set(b"format", _PROGRAM + b"%d" % FORMAT)
        about.set(b"chain_id", tip.chain_id.encode())
        about.set(b"height", tip.height.to_bytes(8, "big"))
        about.set(b"app_hash", tip.app_hash)
        about.set(b"time_ms", tip.time_ms.to_bytes(8, "big"))

    def _grow(self) -> None:
        """LMDB resizes only while no transaction is open."""
        self._view.close()
        self._environment.set_mapsize(self._environment.info()["map_size"] * 2)
        self._view.renew()

    def _databases(self, *, readonly: bool) -> tuple[Any, ...]:
        environment = self._environment
        names = (b"state", b"chain", b"meta", b"views", b"tree")
        try:
            with environment.begin() as txn:
                empty = txn.stat()["entries"] == 0
            if not empty:
                _check_format(environment, self._folder)
            databases = tuple(environment.open_db(name, create=not readonly) for name in names)
            if empty and not readonly:
                with environment.begin(write=True, db=databases[2]) as txn:
                    txn.put(b"format", _PROGRAM + b"%d" % FORMAT)
        except lmdb.NotFoundError:
            raise StoreForeign(
                f"the database in {self._folder} is of an older format; start the ledger once: it "
                "is written anew then"
            ) from None
        except lmdb.Error as error:
            raise self._failure(error) from error
        return databases

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
            str(folder), max_dbs=5, map_size=max(map_bytes, size), readonly=readonly
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
