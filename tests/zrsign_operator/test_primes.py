"""Safe primes of an operator: made in time, and what an earlier run left is used once."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.zrsign_dmpc.ecdsa.builders import TINY
from zrsign.local.network import operators
from zrsign_dmpc.ecdsa.primes import safe_prime
from zrsign_dmpc.ecdsa.security import LEVELS, PAILLIER_3072
from zrsign_operator.errors import OperatorError
from zrsign_operator.work import primes as module
from zrsign_operator.work.primes import PRIMES, Primes, fill
from zrsign_operator.work.stock import PrimeStock

SIZE = TINY.prime


def made() -> Iterator[int]:
    rng = Random(5).randbytes
    while True:
        yield safe_prime(SIZE, rng)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "stock"


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' small level is that of local networks."""
    monkeypatch.setattr(module, "PAILLIER_2048", TINY)


@pytest.fixture
def stock(folder: Path) -> PrimeStock:
    return PrimeStock(folder, SIZE)


def test_stock__should_be_empty_before_anything_was_kept(stock: PrimeStock) -> None:
    assert len(stock) == 0
    assert stock.take(4) == []


def test_stock__should_give_each_prime_once(stock: PrimeStock, folder: Path) -> None:
    kept = [prime for prime, _ in zip(made(), range(5), strict=False)]
    for prime in kept:
        stock.put(prime)
    first, second = stock.take(3), PrimeStock(folder, SIZE).take(9)
    assert (len(first), len(second)) == (3, 2)
    assert sorted(first + second) == sorted(kept)
    assert list(folder.iterdir()) == []


def test_stock__should_show_nothing_to_others(stock: PrimeStock, folder: Path) -> None:
    before = os.umask(0)
    stock.put(next(made()))
    os.umask(before)
    (path,) = folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_stock__should_serve_processes_that_take_at_once(stock: PrimeStock, folder: Path) -> None:
    fill(stock, 24, made().__next__)
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda _: PrimeStock(folder, SIZE).take(4), range(8)))
    found = [prime for each in taken for prime in each]
    assert len(found) == len(set(found)) == 24


def test_stock__should_strike_off_on_the_disk_before_it_reads(
    stock: PrimeStock, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is read is under no name any more that would be read again."""
    stock.put(next(made()))
    synced: list[list[str]] = []
    sync, read = PrimeStock._sync, Path.read_bytes

    def note(self: PrimeStock) -> None:
        sync(self)
        synced.append([path.suffix for path in folder.iterdir()])

    def power_fails(self: Path) -> bytes:
        assert synced, "read before the new name was on the disk"
        raise KeyboardInterrupt

    monkeypatch.setattr(PrimeStock, "_sync", note)
    monkeypatch.setattr(Path, "read_bytes", power_fails)
    with pytest.raises(KeyboardInterrupt):
        stock.take(1)
    monkeypatch.setattr(Path, "read_bytes", read)
    assert all(not suffix.endswith("prime") for suffix in synced[0])
    assert len(stock) == 0
    assert stock.take(1) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "-7",
        "f" * (SIZE // 4),
        f"{2 ** (SIZE - 1) + 29:x}",
        "9" * 10_000,
        f"{safe_prime(SIZE - 1, Random(6).randbytes):x}",
    ],
)
def test_stock__should_take_no_file_that_holds_no_safe_prime(
    stock: PrimeStock, folder: Path, text: str
) -> None:
    stock.put(next(made()))
    (path,) = folder.iterdir()
    path.write_text(text)
    assert stock.take(1) == []
    assert list(folder.iterdir()) == []


def test_stock__should_take_no_file_that_others_could_read(
    stock: PrimeStock, folder: Path, tmp_path: Path
) -> None:
    stock.put(next(made()))
    (path,) = folder.iterdir()
    path.chmod(0o640)
    assert stock.take(1) == []
    private = tmp_path / "elsewhere"
    private.write_text(f"{next(made()):x}")
    private.chmod(0o600)
    path.symlink_to(private)
    assert stock.take(1) == []


def test_stock__should_not_give_one_prime_twice_for_two_files(stock: PrimeStock) -> None:
    prime = next(made())
    stock.put(prime)
    stock.put(prime)
    assert stock.take(2) == [prime]


def test_primes__should_be_ready_at_once_from_a_full_stock(
    local: None, stock: PrimeStock, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr("subprocess.Popen", refuse)
    fill(stock, PRIMES + 1, made().__next__)
    primes = Primes(lambda: TINY, folder)
    assert not primes.ready()
    primes.start()
    primes.start()
    assert primes.ready()
    assert len(stock) == 1
    assert len(set(primes.take())) == PRIMES
    assert not primes.ready()
    with pytest.raises(OperatorError, match="no primes"):
        primes.take()


def test_primes__should_make_what_the_stock_lacks(
    local: None, stock: PrimeStock, folder: Path
) -> None:
    kept = next(made())
    stock.put(kept)
    primes = Primes(lambda: TINY, folder)
    primes.start()
    found = primes.take()
    assert kept in found
    assert len(set(found)) == PRIMES
    assert len(stock) == 0


def test_fresh_primes__should_be_none_that_lay_in_the_stock_or_in_memory(
    local: None, stock: PrimeStock, folder: Path
) -> None:
    """Who copied either before an order to renew knows them."""
    fill(stock, 2 * PRIMES, made().__next__)
    primes = Primes(lambda: TINY, folder)
    primes.start()
    assert primes.ready()
    primes.stop()
    assert not primes.ready()
    primes.start(fresh=True)
    found = primes.take()
    assert len(set(found)) == PRIMES
    assert len(stock) == PRIMES
    assert not set(found) & set(stock.take(PRIMES))


def test_primes__should_tell_when_their_maker_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "program", lambda *_: [sys.executable, "-c", "raise SystemExit(3)"])
    primes = Primes(lambda: TINY)
    primes.start()
    with pytest.raises(OperatorError, match="ended with code 3"):
        primes.take()


def test_kept_primes__should_be_for_local_networks_only(folder: Path) -> None:
    with pytest.raises(OperatorError, match="take prime_stock out"):
        Primes(lambda: PAILLIER_3072, folder)
    with pytest.raises(OperatorError, match="take prime_stock out"):
        Primes(lambda: TINY, folder)


def test_kept_primes__should_stay_where_they_are_when_the_group_leaves_the_level(
    local: None, stock: PrimeStock, folder: Path
) -> None:
    fill(stock, PRIMES, made().__next__)
    levels = iter((TINY, replace(TINY, name="MOVED")))
    primes = Primes(lambda: next(levels), folder)
    primes.start()
    assert not primes.ready()
    primes.stop()
    assert len(stock) == PRIMES


def test_keeper__should_keep_primes_of_the_local_networks_level(tmp_path: Path) -> None:
    level = LEVELS[operators.LEVEL]
    assert (level.prime, PRIMES) == (operators.PRIME_BITS, operators.PRIMES)
    command = operators.prime_keeper(tmp_path / "demo", 8)
    assert command[-4:] == ["1024", "32", "--keep", str(tmp_path / "demo.primes")]
