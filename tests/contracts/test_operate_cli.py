"""`zrsign deploy FILE`, `pause` and `unpause` as a person uses them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from eth_account.signers.local import LocalAccount

from tests import processes

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zrsign", *map(str, arguments)]
    return processes.run(command, env={**os.environ, "COLUMNS": "200"})


@pytest.fixture
def file(tmp_path: Path, anvil_url: str) -> Path:
    """The example with an address of its own on the shared chain."""
    path = tmp_path / "deployment.yaml"
    text = (ROOT / "zrsign" / "deployment" / "deployment.yaml").read_text()
    text = text.replace("zrsign-direct-1", f"cli-{tmp_path.name}")
    path.write_text(text.replace("http://127.0.0.1:8545", anvil_url))
    return path


def key_file(folder: Path, account: LocalAccount) -> Path:
    path = folder / f"{account.address}.key"
    path.touch(mode=0o600)
    path.write_text(account.key.hex())
    return path


def test_deploy__should_show_send_and_show_what_is_left(
    file: Path, tmp_path: Path, accounts: list[LocalAccount]
) -> None:
    at = ("deploy", file, "--network", "local")
    dry = run(*at, "--dry-run", "--json")
    assert dry.returncode == 0, dry.stderr
    changes = json.loads(dry.stdout)
    assert changes[-1]["what"] == "FEE_ROLE"
    assert {"what", "before", "after", "sender", "to", "value", "data"} == changes[0].keys()
    assert "not there yet" in dry.stderr

    key = key_file(tmp_path, accounts[0])
    sent = run(*at, "--key-file", key)
    assert sent.returncode == 0, sent.stderr
    assert "Nothing differs." in sent.stderr
    assert "updateMPCFee: 0 → 500000000000000" in sent.stderr

    file.write_text(file.read_text().replace("mpc_fee_wei: 5000", "mpc_fee_wei: 6000"))
    left = run(*at, "--key-file", key_file(tmp_path, accounts[5]))
    assert left.returncode == 0, left.stderr
    assert accounts[3].address in left.stdout

    pauser = key_file(tmp_path, accounts[4])
    where = (file, "--network", "local", "--key-file", pauser)
    assert run("pause", *where).returncode == 0
    assert "paused" in run(*at, "--dry-run").stderr
    assert run("unpause", *where).returncode == 0
    assert "running" in run(*at, "--dry-run").stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("deploy", "FILE"), "On which chain?"),
        (("deploy", "FILE", "--network", "local"), "Who sends?"),
        (("deploy", "FILE", "--network", "moon", "--dry-run"), "No network 'moon'"),
        (("deploy", "none.yaml", "--rpc", "http://127.0.0.1:1", "--dry-run"), "Cannot read"),
        (("deploy", "FILE", "--rpc", "http://127.0.0.1:1", "--dry-run"), "127.0.0.1:1"),
        (("deploy", "direct"), "--rpc, --key-file, --mpc, --proxy-admin is needed"),
        (("pause", "FILE", "--network", "local"), "Who sends?"),
    ],
)
def test_deploy__should_say_what_is_missing(
    file: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = run(*(file if each == "FILE" else each for each in arguments))
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
