"""The commands of docs/operators.md run as they are written, with fewer operators."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.conftest import run_cli
from tests.processes import running
from tests.waiting import wait_until
from zrsign.local.network.manifest import FILE, Manifest

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


@pytest.fixture
def operators(network: Manifest) -> Iterator[Manifest]:
    """The network of the other tests, whose keys go back to their operators afterwards."""
    file = network.state_dir / FILE
    before = file.read_text()
    yield network
    given_back = run_cli(
        *("operators", "reshare", "--threshold", "2", "--members", "1-3"),
        ZRSIGN_STATE=str(network.state_dir.parent),
    )
    file.write_text(before)
    assert given_back.returncode == 0, given_back.stderr


def test_commands__should_run_as_written(operators: Manifest, tmp_path: Path) -> None:
    state = str(operators.state_dir.parent)
    log = tmp_path / "join.log"
    with ExitStack() as joining:
        for command in commands():
            words = shlex.split(command)
            if words[:2] == ["operators", "join"]:
                join = [sys.executable, "-m", "zrsign", *words]
                env = {**os.environ, "ZRSIGN_STATE": state}
                output = joining.enter_context(log.open("wb"))
                joining.enter_context(
                    running(join, stop=signal.SIGINT, stdout=output, stderr=output, env=env)
                )
                wait_until(
                    lambda: "waiting for a group" in log.read_text(), "they wait", log.read_text
                )
                continue
            done = run_cli(*words, ZRSIGN_STATE=state)
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
