"""The one way to open a database, for every daemon that keeps one."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import BigInteger, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from relayer.outbox import Outbox
from zrsign_btc_proxy.reservations import Reservations
from zrsign_daemon.database import Database, DatabaseUrl, Schema
from zrsign_daemon.errors import DatabaseUnusable, SettingsError
from zrsign_listener.store import Store

STORES: list[tuple[type[Database], str]] = [
    (Store, "schema_version"),
    (Outbox, "outbox_schema"),
    (Reservations, "reservations_schema"),
]


class Model(DeclarativeBase):
    pass


class Number(Model):
    __tablename__ = "numbers"
    value: Mapped[int] = mapped_column(BigInteger, primary_key=True)


class Numbers(Database):
    schema = Schema(
        "the numbers", Model.metadata, version=3, version_table="numbers_schema", remedy="Count."
    )

    async def add(self, *values: int) -> None:
        async with self._writing() as session:
            session.add_all(Number(value=value) for value in values)

    async def add_next(self) -> None:
        async with self._writing() as session:
            newest = await session.scalar(select(func.max(Number.value)))
            session.add(Number(value=(newest or 0) + 1))

    async def all(self) -> list[int]:
        async with self._reading() as session:
            return sorted(await session.scalars(select(Number.value)))


def url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'kept.sqlite'}"


def ask(folder: Path, query: str) -> list[Any]:
    """Ask the file itself, when no daemon has it open."""
    with closing(sqlite3.connect(folder / "kept.sqlite")) as file, file:
        return file.execute(query).fetchall()


@pytest.mark.parametrize(("store", "table"), STORES)
async def test_fresh_database__should_say_which_version_wrote_it(
    store: type[Database], table: str, tmp_path: Path
) -> None:
    for _ in range(2):
        async with await store.open(url(tmp_path)):
            pass
        assert ask(tmp_path, f"SELECT version FROM {table}") == [(store.schema.version,)]


@pytest.mark.parametrize(("store", "table"), STORES)
async def test_database_of_another_version__should_be_refused_and_kept(
    store: type[Database], table: str, tmp_path: Path
) -> None:
    async with await store.open(url(tmp_path)):
        pass
    ask(tmp_path, f"UPDATE {table} SET version = 99")
    with pytest.raises(DatabaseUnusable, match=r"kept\.sqlite.* schema 99, this version needs "):
        await store.open(url(tmp_path))
    assert ask(tmp_path, f"SELECT version FROM {table}") == [(99,)]


async def test_database_of_a_version_before__should_be_brought_up_and_keep_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await Numbers.open(url(tmp_path)) as numbers:
        await numbers.add(7)
    ask(tmp_path, "UPDATE numbers_schema SET version = 1")
    statements = {
        1: ("UPDATE numbers SET value = value + 1",),
        2: ("UPDATE numbers SET value = 9",),
    }

    monkeypatch.setitem(cast(dict[int, Any], Numbers.schema.upgrades), 1, statements[1])
    monkeypatch.setitem(cast(dict[int, Any], Numbers.schema.upgrades), 2, statements[2])
    for _ in range(2):
        async with await Numbers.open(url(tmp_path)) as later:
            assert await later.all() == [9]
    assert ask(tmp_path, "SELECT version FROM numbers_schema") == [(3,)]


@pytest.mark.parametrize(("store", "table"), STORES)
async def test_file_that_is_no_database__should_be_named_and_kept(
    store: type[Database], table: str, tmp_path: Path
) -> None:
    path = tmp_path / "kept.sqlite"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(DatabaseUnusable, match=r"kept\.sqlite.* Move"):
        await store.open(url(tmp_path))
    assert path.read_bytes() == b"this is no database" * 100


async def test_what_was_committed__should_survive_a_restart(tmp_path: Path) -> None:
    async with await Numbers.open(url(tmp_path)) as numbers:
        await numbers.add(1, 2)
    async with await Numbers.open(url(tmp_path)) as numbers:
        assert await numbers.all() == [1, 2]


async def test_writing__should_keep_all_or_nothing(tmp_path: Path) -> None:
    async with await Numbers.open(url(tmp_path)) as numbers:
        await numbers.add(1)
        with pytest.raises(DatabaseUnusable, match="Cannot write to the numbers: UNIQUE"):
            await numbers.add(2, 1)
        assert await numbers.all() == [1]


async def test_writers__should_wait_for_each_other(tmp_path: Path) -> None:
    async with await Numbers.open(url(tmp_path)) as numbers:
        await asyncio.gather(*(numbers.add_next() for _ in range(20)))
        assert await numbers.all() == list(range(1, 21))


async def test_commit__should_be_on_the_disk_when_it_returns(tmp_path: Path) -> None:
    async with await Numbers.open(url(tmp_path)) as numbers, numbers._reading() as session:
        connection = await session.connection()
        asked = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        ]
    assert asked == ["wal", 2, 5000, 1]


async def test_table_that_is_gone__should_be_told_with_the_next_step(tmp_path: Path) -> None:
    async with await Numbers.open(url(tmp_path)) as numbers:
        ask(tmp_path, "DROP TABLE numbers")
        with pytest.raises(DatabaseUnusable, match=r"Cannot read the numbers: .* Count\."):
            await numbers.all()


async def test_error__should_not_quote_what_was_to_be_kept(tmp_path: Path) -> None:
    async with await Numbers.open(url(tmp_path)) as numbers:
        await numbers.add(123456)
        with pytest.raises(DatabaseUnusable) as raised:
            await numbers.add(123456)
    assert "123456" not in f"{raised.value} {raised.value.__cause__}"


async def test_place_that_is_no_folder__should_be_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(SettingsError, match="file"):
        await Numbers.open(f"sqlite+aiosqlite:///{tmp_path / 'file' / 'kept.sqlite'}")


@pytest.mark.parametrize(
    ("driver", "said"),
    [
        ("asyncpg", r"asyncpg is not installed. It comes with pip install 'zrsign\[postgres\]'"),
        ("psycopg", "psycopg is not installed. Write sqlite"),
    ],
)
def test_driver_that_is_not_installed__should_be_named_with_its_extra(
    driver: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(DatabaseUrl).validate_python(f"postgresql+{driver}://host/db")
