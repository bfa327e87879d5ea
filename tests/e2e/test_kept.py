"""A network that was stopped goes on: contracts, wallets and chains are those of before."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.conftest import run_cli
from tests.processes import alone, running
from tests.waiting import wait_until

SMALL = ("--free-ports", "--keyring", "local", "--no-btc", "--no-sol")


@contextmanager
def up(state: Path, *options: str) -> Iterator[None]:
    """`zrsign up`, from when it says that it runs."""
    log = state.with_name("up.log")
    command = [sys.executable, "-m", "zrsign", "up", *options, "--state", state]
    with (
        log.open("wb") as output,
        running(command, stop=signal.SIGINT, stdout=output, stderr=subprocess.STDOUT) as child,
    ):

        def runs() -> bool:
            assert child.poll() is None, log.read_text()
            return "Running." in log.read_text()

        def grown() -> int:
            return sum(file.stat().st_size for file in (log, *state.glob("logs/*.log")))

        with alone("network"):
            wait_until(runs, "the network runs", grown)
        yield
    assert child.returncode in (0, 130), log.read_text()


def call(state: Path, *arguments: str) -> Any:
    done = run_cli(*arguments, "--json", "--state", state)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_network__should_go_on_where_it_was_stopped(tmp_path: Path) -> None:
    state = tmp_path / "network"
    with up(state, *SMALL):
        wallet = call(state, "request", "key", "evm")["wallet"]
        before = call(state, "status")
        network = json.loads((state / "network.json").read_text())
    with up(state, "--keep"):
        status = call(state, "status")
        assert [each["fault"] for each in status["services"]] == [""] * len(status["services"])
        urls = {each["name"]: each["url"] for each in before["services"]}
        assert {each["name"]: each["url"] for each in status["services"]} == urls
        again = json.loads((state / "network.json").read_text())
        assert again["contracts"] == network["contracts"]
        assert [each["address"] for each in call(state, "keys", "user")] == [wallet]
        asked = call(state, "request", "data", "evm", "hello")
        assert asked["status"] == "answered"
        assert call(state, "track", "1")["wallet"] == wallet
