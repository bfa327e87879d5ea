"""Both daemons as processes: a clear word on a bad start, health while peers are dead, SIGTERM."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from relayer import __main__ as relayer
from tests.processes import running
from tests.relayer.nodes import REGTEST, ROOT, until_up
from tests.waiting import wait_until
from zrsign.local.network.ports import free_port
from zrsign_btc_proxy import __main__ as btc_proxy

DAEMONS = ["relayer", "btc_proxy"]


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """A daemon in this process sets up logging to a stream that ends with its test."""
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def config(daemon: str, folder: Path, **more: Any) -> Path:
    key = folder / "key"
    key.write_text("11" * 32)
    dead = f"http://127.0.0.1:{free_port()}"
    values: dict[str, Any] = {
        "ledger": {"grpc": f"127.0.0.1:{free_port()}", "key_file": str(key)},
        "poll_interval_s": 0.05,
    }
    if daemon == "relayer":
        values |= {
            "database_url": f"sqlite+aiosqlite:///{folder / 'outbox.sqlite'}",
            "destinations": {REGTEST: {"rpc_url": dead}, "eip155:1": {"rpc_url": dead}},
            "answers": {"key_file": str(key)},
        }
    else:
        values |= {
            "database_url": f"sqlite+aiosqlite:///{folder / 'store.sqlite'}",
            "networks": {REGTEST: {"rpc_url": dead}},
        }
    path = folder / f"{daemon}.json"
    path.write_text(json.dumps(values | more))
    return path


def health(port: int) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def start(daemon: str, path: Path) -> int:
    """The daemon in this process; its exit code."""
    main = {"relayer": relayer.main, "btc_proxy": btc_proxy.main}[daemon]
    return main(["--config", str(path)])


def command(daemon: str, path: Path) -> list[str]:
    package = {"relayer": "relayer", "btc_proxy": "zrsign_btc_proxy"}[daemon]
    return [sys.executable, "-m", package, "--config", str(path)]


@pytest.mark.parametrize("daemon", DAEMONS)
def test_daemon__should_start_without_its_peers_say_so_and_stop_on_sigterm(
    daemon: str, tmp_path: Path
) -> None:
    port = free_port()
    path = config(daemon, tmp_path, metrics_port=port)
    with running(command(daemon, path), cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        until_up(process, lambda: health(port))

        def ails() -> bool:
            status, body = health(port)
            return status == 503 and "composer" in body

        wait_until(ails, f"{daemon} misses its composer's node", lambda: health(port))
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0


@pytest.mark.parametrize("daemon", DAEMONS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"poll_interval_s": -1}, "poll_interval_s"),
        ({"no_such_setting": 1}, "no_such_setting"),
        ({"ledger": {"grpc": "x:1", "key_file": "/nonexistent/key"}}, "/nonexistent/key"),
    ],
)
def test_bad_settings__should_end_with_one_clear_line(
    daemon: str,
    change: dict[str, Any],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = config(daemon, tmp_path, **change)
    assert start(daemon, path) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


@pytest.mark.parametrize(
    ("daemon", "field", "chain"),
    [("relayer", "destinations", "eip155:x"), ("btc_proxy", "networks", "eip155:1")],
)
def test_unknown_chain__should_be_refused_at_the_start(
    daemon: str, field: str, chain: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = config(daemon, tmp_path, **{field: {chain: {"rpc_url": "http://127.0.0.1:1"}}})
    assert start(daemon, path) == 2
    assert chain in capsys.readouterr().err


@pytest.mark.parametrize("daemon", DAEMONS)
def test_corrupted_database__should_end_with_one_clear_line(
    daemon: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = config(daemon, tmp_path)
    for name in ("outbox.sqlite", "store.sqlite"):
        (tmp_path / name).write_bytes(b"this is no database" * 100)
    assert start(daemon, path) == 2
    assert "Move the file away" in capsys.readouterr().err
