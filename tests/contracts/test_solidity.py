"""What forge and the compiler say about the Solidity sources."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.processes import run
from zrsign.local.tools import resolve

ROOT = Path(__file__).resolve().parents[2]
# These write below contracts/: one worker runs them, in order.
pytestmark = pytest.mark.xdist_group("contracts")


def test_packaged_artifacts__should_be_fresh(freshness: subprocess.CompletedProcess[str]) -> None:
    assert freshness.returncode == 0, freshness.stderr


def test_forge_tests__should_pass(freshness: subprocess.CompletedProcess[str]) -> None:
    assert freshness.returncode == 0, freshness.stderr
    env = os.environ | {"FOUNDRY_SOLC": str(resolve("solc").path)}
    done = run([resolve("forge").path, "test"], cwd=ROOT, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed" in done.stdout.splitlines()[-1]
