"""A project of one's own on the network: its script, and the fixture of a test in Python."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.contracts.test_project import made
from tests.processes import run
from zrsign.local.network.manifest import Manifest
from zrsign.project import Kind

ROOT = Path(__file__).resolve().parents[2]
TEST = """
def test_network__should_be_there(zrsign_network):
    assert zrsign_network.contract("omni").address == "ADDRESS"
"""


def test_script__should_get_a_signature(network: Manifest, tmp_path: Path) -> None:
    made(tmp_path / "notary", Kind.WEB3)
    env = {"ZRSIGN_STATE": str(network.state_dir.parent), "PYTHONPATH": str(ROOT)}
    done = run([sys.executable, "ask.py"], cwd=tmp_path / "notary", env=os.environ | env)
    assert done.returncode == 0, done.stderr
    (_, address), (_, signature) = (line.split() for line in done.stdout.splitlines())
    assert address.startswith("0x")
    assert len(bytes.fromhex(signature)) == 65


def test_fixture__should_take_a_network_that_is_up(network: Manifest, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["zrsign.testing"]\n')
    test = TEST.replace("ADDRESS", network.contract("omni").address)
    (tmp_path / "test_mine.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-q", f"--zrsign-network={network.state_dir}"]
    done = run(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
