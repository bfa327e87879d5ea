"""The README says nothing that is not so: its commands and its program run on the network."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import run_cli
from tests.processes import run
from zrsign.local.network.manifest import Manifest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_commands__should_run_as_written(network: Manifest) -> None:
    commands = [
        line.removeprefix("$ zrsign ")
        for block in blocks("console")
        for line in block.splitlines()
        if line.startswith("$ zrsign ")
    ]
    assert len(commands) > 10
    for command in commands:
        done = run_cli(*shlex.split(command), ZRSIGN_STATE=str(network.state_dir.parent))
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def test_program__should_run_as_written(network: Manifest) -> None:
    (program,) = blocks("python")
    done = run(
        [sys.executable, "-c", program],
        env={"ZRSIGN_STATE": str(network.state_dir.parent), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    address, signature = done.stdout.split()
    assert address.startswith("0x")
    assert len(bytes.fromhex(signature)) == 65


@pytest.mark.parametrize("target", re.findall(r"^make (\w+)$", README, re.MULTILINE))
def test_make_targets__should_exist(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", re.findall(r"\]\(([\w./]+)\)", README))
def test_links__should_lead_somewhere(path: str) -> None:
    assert (ROOT / path).exists()
