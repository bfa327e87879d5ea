"""The program and the commands of docs/contracts.md run on the network as they are written."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

from tests.e2e.conftest import run_cli
from tests.processes import run
from zrsign.local.network.manifest import Manifest

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "contracts.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_program__should_end_with_a_confirmed_payment(network: Manifest) -> None:
    (program,) = blocks("python")
    done = run(
        [sys.executable, "-c", program],
        env={"ZRSIGN_STATE": str(network.state_dir.parent), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    wallet, payment = done.stdout.splitlines()
    assert wallet.startswith("wallet bcrt1q")
    assert re.fullmatch(r"transaction [0-9a-f]{64} confirmations [1-9][0-9]*", payment)


def test_commands__should_run_as_written(network: Manifest) -> None:
    commands = re.findall(r"^\$ zrsign (.+)$", "".join(blocks("console")), re.MULTILINE)
    assert commands
    source = network.chain("evm-source").rpc_url
    for command in (each.replace("http://127.0.0.1:8545", source) for each in commands):
        done = run_cli(*shlex.split(command), ZRSIGN_STATE=str(network.state_dir.parent))
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
