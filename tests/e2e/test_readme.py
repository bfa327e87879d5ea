"""The README says nothing that is not so: its commands and its program run on the network."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import run_cli
from tests.processes import run
from tests.waiting import wait_until
from zrsign.local.network.manifest import Manifest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def value_of(network: Manifest, word: str) -> str:
    """What a reader puts in place of a word, as the commands before have shown it."""
    env = {"ZRSIGN_STATE": str(network.state_dir.parent)}

    def read(*command: str) -> Any:
        return json.loads(run_cli(*command, "--json", **env).stdout)

    def waits() -> str | None:
        """The action of the newest policy."""
        waiting = read("policies")[-1]["waiting"]
        return waiting[0].split()[1].rstrip(",") if waiting else None

    match word:
        case "WORKSPACE":
            keys = read("keys", "user")
            return str(next(key["workspace"] for key in keys if key["coin_type"] == 60))
        case "POLICY":
            return str(read("policies")[-1]["policy"])
        case "ACTION":
            return wait_until(waits, "an action waits", lambda: run_cli("policies", **env).stdout)
    return word


def test_commands__should_run_as_written(network: Manifest) -> None:
    commands = [
        line.removeprefix("$ zrsign ")
        for block in blocks("console")
        for line in block.splitlines()
        if line.startswith("$ zrsign ")
    ]
    assert len(commands) > 10
    known: dict[str, str] = {}
    for command in commands:
        for word in re.findall(r"\b[A-Z]{5,}\b", command):
            known[word] = known.get(word) or value_of(network, word)
        words = [known.get(word, word) for word in shlex.split(command)]
        done = run_cli(*words, ZRSIGN_STATE=str(network.state_dir.parent))
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
