"""The ledger of docs/ledger.md starts from the page's own files and answers at the page's paths."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from zrsign.local.network.ports import Ports

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "ledger.md").read_text()


def block(language: str) -> str:
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return found[0]


@pytest.fixture
def rest(tmp_path: Path) -> Iterator[str]:
    """The address of the running ledger's REST."""
    ports = Ports.free()
    settings = block("toml")
    for shown, free in (
        (9090, ports.ledger_grpc),
        (1317, ports.ledger_rest),
        (26657, ports.ledger_rpc),
    ):
        assert settings.count(f":{shown}") == 1
        settings = settings.replace(f":{shown}", f":{free}")
    (tmp_path / "genesis.json").write_text(block("json"))
    (tmp_path / "ledger.toml").write_text(settings)
    (command,) = re.findall(r"^\$ zrsign (run .+)$", block("console"), re.MULTILINE)
    child = subprocess.Popen(
        [sys.executable, "-m", "zrsign", *shlex.split(command)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
    )
    try:
        assert child.stdout is not None
        said = []
        for line in child.stdout:
            said.append(line)
            if '"ready"' in line:
                break
        else:
            pytest.fail("".join(said))
        yield f"http://127.0.0.1:{ports.ledger_rest}"
    finally:
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=30)
    assert child.returncode == 0


def test_ledger__should_start_and_answer_as_the_page_says(rest: str) -> None:
    paths = re.findall(r"^\| `(/\S+)` \|", PAGE, re.MULTILINE)
    assert len(paths) == 4
    answers = [httpx.get(rest + path) for path in paths]
    assert [answer.status_code for answer in answers] == [200] * len(paths)
    assert answers[0].json()["default_node_info"]["network"] == "zrsign-1"
    assert answers[2].json()["balances"] == [{"denom": "urock", "amount": "1000000000000"}]
