"""The commands of docs/operators.md run as they are written, with fewer operators."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.e2e.conftest import run_cli, until_ready
from zrsign.local.network.manifest import Manifest

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operators.md").read_text()
# Sixteen operators are too many for a machine that runs other tests as well.
FEWER = {
    "--count 8": "--count 1",
    "--threshold 11 --members 1-16": "--threshold 3 --members 1-4",
    "--members 1,2,9": "--members 1,2,4",
}


def commands() -> list[str]:
    """Of the first section but the start; placeholders in capitals belong to the others."""
    section = PAGE.split("## On one machine")[1].split("\n## ")[0]
    found = re.findall(r"^\$ zrsign (.+)$", section, re.MULTILINE)
    assert found.pop(0) == "up --keyring 6-of-8"
    for many, few in FEWER.items():
        assert sum(many in command for command in found) == 1
        found = [command.replace(many, few) for command in found]
    return found


@pytest.fixture(scope="module")
def operators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Manifest]:
    state = tmp_path_factory.mktemp("page") / "network"
    log = state.parent / "up.log"
    command = ["up", "--free-ports", "--keyring", "2-of-3", "--state", str(state)]
    with log.open("wb") as output, started(command, output) as up:
        yield until_ready(state, up, log)
        up.send_signal(signal.SIGINT)
        up.wait(60)


def started(command: list[str], output: IO[bytes], **env: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "zrsign", *command],
        stdout=output,
        stderr=subprocess.STDOUT,
        env={**os.environ, **env},
    )


def test_commands__should_run_as_written(operators: Manifest, tmp_path: Path) -> None:
    state = str(operators.state_dir.parent)
    with (tmp_path / "join.log").open("wb") as output:
        joining: subprocess.Popen[bytes] | None = None
        try:
            for command in commands():
                words = shlex.split(command)
                if words[:2] == ["operators", "join"]:
                    joining = started(words, output, ZRSIGN_STATE=state)
                    wait_for(tmp_path / "join.log", "wait for a group")
                    continue
                done = run_cli(*words, ZRSIGN_STATE=state)
                assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        finally:
            if joining is not None:
                joining.send_signal(signal.SIGINT)
                joining.wait(60)


def wait_for(log: Path, text: str) -> None:
    deadline = time.monotonic() + 60
    while text not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
