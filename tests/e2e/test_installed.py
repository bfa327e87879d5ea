"""The core of the wheel, in an environment of its own, asks a network and follows an answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts import environment
from tests import installation
from tests.processes import run
from zrsign.local.network.manifest import Manifest


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Programs of the environment."""
    folder = tmp_path_factory.mktemp("core")
    return installation.core(environment.wheel(folder), folder / "venv")


def test_core__should_ask_verify_and_follow(core: Path, network: Manifest, tmp_path: Path) -> None:
    assert network.ledger.trust() is not None, "what is read here is to be verified"

    def command(*words: str) -> Any:
        env = installation.far(ZRSIGN_STATE=str(network.state_dir))
        done = run(
            [core / "zrsign", *words, "--json", "--state", network.state_dir], cwd=tmp_path, env=env
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    wallet = command("request", "key", "evm")
    assert wallet["status"] == "answered"
    signed = command("request", "data", "evm", "hello", "--index", str(wallet["index"]))
    assert command("track", str(signed["request"])) == signed
