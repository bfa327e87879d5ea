"""Settings, retries, health and the exit codes of a daemon."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from pathlib import Path

import httpx
import pytest

from tests.processes import run
from tests.waiting import STALLED_S
from zrsign_daemon import metrics
from zrsign_daemon.errors import GaveUp, PortInUse, SettingsError
from zrsign_daemon.keyfile import read_secret
from zrsign_daemon.retry import Retry
from zrsign_daemon.settings import Part, Settings, load, settings_for


class Ledger(Part):
    grpc: str


class Sample(Settings):
    model_config = settings_for("sample")
    ledger: Ledger
    poll_interval_s: float = 0.5


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_settings__should_let_the_environment_override_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.toml", '[ledger]\ngrpc = "127.0.0.1:1"\n')
    monkeypatch.setenv("ZRSIGN_SAMPLE_LEDGER__GRPC", "127.0.0.1:2")
    assert load(Sample, path).ledger.grpc == "127.0.0.1:2"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.toml", "[ledger\n", "does not parse"),
        ("a.json", "[1]", "must hold a table"),
        ("a.toml", "[ledger]\ngrcp = 1\n", "ledger.grpc"),
        ("a.toml", 'surplus = 1\n[ledger]\ngrpc = "x"\n', "surplus"),
    ],
)
def test_settings__should_name_the_file_and_the_fault(
    tmp_path: Path, name: str, text: str, expected: str
) -> None:
    path = write(tmp_path / name, text)
    with pytest.raises(SettingsError, match=expected) as raised:
        load(Sample, path)
    assert str(path) in str(raised.value)


def test_settings__should_say_how_to_name_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--config"):
        load(Sample, tmp_path / "none.toml")


async def test_retry__should_stop_at_its_bound_and_keep_the_cause() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def work() -> None:
        raise ConnectionError("refused")

    retry = Retry(attempts=4, base_s=1, cap_s=3, sleep=sleep, rng=random.Random(7))
    with pytest.raises(GaveUp) as raised:
        await retry.call(work, on=(ConnectionError,))
    assert isinstance(raised.value.__cause__, ConnectionError)
    assert len(slept) == 3
    assert all(0 <= seconds <= 3 for seconds in slept)


async def test_retry__should_not_hide_other_errors() -> None:
    async def work() -> None:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        await Retry().call(work, on=(ConnectionError,))


async def test_health__should_answer_503_with_what_fails() -> None:
    faults: dict[str, str | None] = {"rpc": None}
    async with (
        metrics.serve(0, {"rpc": lambda: faults["rpc"]}) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        faults["rpc"] = "refused"
        answer = await client.get("/healthz")
        assert (answer.status_code, answer.json()["failures"]) == (503, {"rpc": "refused"})
        assert "python_info" in (await client.get("/metrics")).text
        assert (await client.get("/other")).status_code == 404
        with pytest.raises(PortInUse, match=str(port)):
            async with metrics.serve(port, {}):
                pass


@pytest.mark.parametrize("text", ["00" * 32, "ff" * 32, "01" * 31, "no hex", ""])
def test_key_file__should_be_refused_without_being_quoted(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "a.key", text)
    with pytest.raises(SettingsError, match=r"a\.key") as raised:
        read_secret(path)
    assert not text or text not in str(raised.value)


def test_key_file__should_hold_32_bytes_in_hexadecimal(tmp_path: Path) -> None:
    assert read_secret(write(tmp_path / "a.key", "0x" + "01" * 32 + "\n")) == b"\x01" * 32


DAEMON = """
import asyncio, ctypes, resource, sys
from pydantic import SecretStr
from zrsign_daemon.log import get_logger
from zrsign_daemon.life import main
from zrsign_daemon.settings import Settings, settings_for
class S(Settings):
    model_config = settings_for("probe")
    greeting: str
async def run(settings, stop):
    get_logger().info("ready", phrase=SecretStr("open sesame"), key=b"open sesame")
    get_logger().info(
        "memory",
        core=resource.getrlimit(resource.RLIMIT_CORE),
        dumpable=ctypes.CDLL(None).prctl(3, 0, 0, 0, 0),
    )
    await stop.wait()
sys.exit(main("probe", S, run, sys.argv[1:]))
"""


async def test_daemon__should_exit_0_on_sigterm_and_show_no_secret(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "a.toml", 'greeting = "hello"\n')
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DAEMON, "--config", str(path), stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    line = (await asyncio.wait_for(process.stderr.readline(), STALLED_S)).decode()
    memory = json.loads(await asyncio.wait_for(process.stderr.readline(), STALLED_S))
    process.terminate()
    assert await asyncio.wait_for(process.wait(), STALLED_S) == 0
    assert '"daemon": "probe"' in line
    assert "sesame" not in line
    assert (memory["core"], memory["dumpable"]) == ([0, 0], 0)


def test_daemon__should_exit_2_with_one_line_on_bad_settings(tmp_path: Path) -> None:
    path = write(tmp_path / "a.toml", "")
    done = run([sys.executable, "-c", DAEMON, "--config", str(path)])
    assert done.returncode == 2
    assert done.stderr.startswith("probe: ")
    assert done.stderr.count("\n") == 1
