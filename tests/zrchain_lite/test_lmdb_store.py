"""The durable store: atomic commits, growth, and databases that must not be touched."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import lmdb
import pytest

from zrchain_lite.store.lmdb_store import (
    LmdbStore,
    StoreBusy,
    StoreCorrupted,
    StoreError,
    StoreForeign,
    Tip,
)


def tip(height: int) -> Tip:
    return Tip("chain", height, bytes([height]) * 32)


def filled(folder: Path) -> Path:
    """A closed store with one block; returns its data file."""
    store = LmdbStore(folder)
    store.commit(tip(1), [(b"key", b"value" * 1000)])
    store.close()
    return folder / "data.mdb"


def test_commit__should_keep_state_records_and_tip_together(tmp_path: Path) -> None:
    store = LmdbStore(tmp_path)
    store.commit(tip(1), [(b"a", b"1"), (b"b", b"2")], [(b"block", b"x")])
    store.commit(tip(2), [(b"a", None)], [(b"block2", b"y")])
    store.close()

    again = LmdbStore(tmp_path)
    assert again.tip() == tip(2)
    assert list(again.state.iterate(b"")) == [(b"b", b"2")]
    assert [key for key, _ in again.chain.iterate(b"")] == [b"block", b"block2"]
    again.close()


def test_commit__should_change_nothing_when_it_fails(tmp_path: Path) -> None:
    store = LmdbStore(tmp_path)
    store.commit(tip(1), [(b"a", b"1")])
    with pytest.raises(StoreError):
        store.commit(tip(2), [(b"a", b"2"), (b"x" * 600, b"key too long for LMDB")])
    assert store.tip() == tip(1)
    assert store.state.get(b"a") == b"1"
    store.commit(tip(2), [(b"a", b"2")])
    assert store.state.get(b"a") == b"2"
    store.close()


def test_commit__should_grow_the_map(tmp_path: Path) -> None:
    store = LmdbStore(tmp_path, map_bytes=64 * 1024)
    changes = [(index.to_bytes(4, "big"), bytes(1000)) for index in range(2000)]
    store.commit(tip(1), changes)
    assert len(list(store.state.iterate(b""))) == 2000
    store.close()


def test_snapshot__should_not_be_written_to(tmp_path: Path) -> None:
    store = LmdbStore(tmp_path)
    with pytest.raises(TypeError):
        store.state.set(b"a", b"1")
    with pytest.raises(TypeError):
        store.state.delete(b"a")
    store.close()


def test_open__should_refuse_a_second_process(tmp_path: Path) -> None:
    store = LmdbStore(tmp_path)
    script = (
        "import sys; from pathlib import Path; from zrchain_lite.store.lmdb_store import *\n"
        "try: LmdbStore(Path(sys.argv[1]))\n"
        "except StoreBusy as error: print(error)"
    )
    out = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "in use by another process" in out.stdout
    with pytest.raises(StoreBusy):
        LmdbStore(tmp_path)
    store.close()
    LmdbStore(tmp_path).close()


@pytest.mark.parametrize("damage", ["text", "cut", "tiny", "meta"])
def test_open__should_refuse_a_damaged_file_and_leave_it_alone(tmp_path: Path, damage: str) -> None:
    data = filled(tmp_path)
    raw = data.read_bytes()
    if damage == "text":
        data.write_bytes(b"this is no database\n" * 1000)
    elif damage == "cut":
        os.truncate(data, len(raw) - 4096)
    elif damage == "tiny":
        os.truncate(data, 100)
    else:
        data.write_bytes(bytes(8192) + raw[8192:])
    before = data.read_bytes()

    with pytest.raises(StoreCorrupted, match=r"restore the folder from a backup"):
        LmdbStore(tmp_path)

    assert data.read_bytes() == before


@pytest.mark.parametrize("named", [True, False])
def test_open__should_refuse_the_database_of_another_program(tmp_path: Path, named: bool) -> None:
    environment = lmdb.open(str(tmp_path), max_dbs=4)
    if named:
        database = environment.open_db(b"meta")
        with environment.begin(write=True, db=database) as txn:
            txn.put(b"format", b"something else")
    else:
        with environment.begin(write=True) as txn:
            txn.put(b"mine", b"1")
    environment.close()
    before = (tmp_path / "data.mdb").read_bytes()

    with pytest.raises(StoreForeign, match="choose another folder"):
        LmdbStore(tmp_path)

    assert (tmp_path / "data.mdb").read_bytes() == before


def test_open__should_say_why_a_folder_cannot_be_used(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(StoreError, match="cannot use the folder"):
        LmdbStore(file / "below")


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from zrchain_lite.store.lmdb_store import *
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = LmdbStore(Path(sys.argv[1]))
store.commit(Tip("chain", 1, bytes(32)), [(b"a", b"1")])
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    store.commit(Tip("chain", 2, bytes(32)), [(i.to_bytes(4), bytes(1000)) for i in range(3000)])
except StoreUnwritable as error:
    print(error)
print(store.tip().height, store.state.get(b"a"), store.state.get(bytes(4)))
"""


def test_commit__should_lose_nothing_when_the_disk_is_full(tmp_path: Path) -> None:
    out = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "check the disk and its free space" in out.stdout
    assert out.stdout.endswith("1 b'1' None\n")
    store = LmdbStore(tmp_path)
    assert store.tip().height == 1
    store.close()
