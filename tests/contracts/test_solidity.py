"""What forge and the compiler say about the Solidity sources."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from zrsign.tools import ToolMissing, resolve

ROOT = Path(__file__).resolve().parents[2]
# Both write below contracts/: one worker runs them, in order.
pytestmark = pytest.mark.xdist_group("contracts")


def tool(name: str) -> str:
    try:
        return str(resolve(name).path)
    except ToolMissing as missing:
        pytest.skip(str(missing))


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | environment
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def fresh() -> subprocess.CompletedProcess[str]:
    """The freshness check; it also fetches OpenZeppelin."""
    tool("solc")
    return run(sys.executable, "scripts/compile_contracts.py", "--check")


def test_packaged_artifacts__should_be_fresh(fresh: subprocess.CompletedProcess[str]) -> None:
    assert fresh.returncode == 0, fresh.stderr


def test_forge_tests__should_pass(fresh: subprocess.CompletedProcess[str]) -> None:
    assert fresh.returncode == 0, fresh.stderr
    done = run(tool("forge"), "test", FOUNDRY_SOLC=tool("solc"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed" in done.stdout.splitlines()[-1]
