"""The commands of the pages on ledger and receiver run on the network as they are written."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.e2e.conftest import run_cli
from tests.test_docs import DOCS, commands
from zrsign.local.network.manifest import Manifest


@pytest.mark.parametrize("page", ["ledger.md", "receiver.md"])
def test_commands__should_run_as_written(
    page: str, network: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What they write is written where a reader stands, and not into the repository.
    monkeypatch.chdir(tmp_path)
    # A page's own ledger is started by tests/zrchain_lite/test_ledger_page.py.
    found = [command for command in commands(DOCS / page) if not command.startswith("run ")]
    assert found
    for command in found:
        done = run_cli(*shlex.split(command), ZRSIGN_STATE=str(network.state_dir.parent))
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
