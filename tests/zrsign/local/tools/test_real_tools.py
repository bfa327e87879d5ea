"""The real programs of this machine: they run, and the two that we wrap behave as documented."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator

import httpx
import pytest
import solcx

from zrsign.local.network.ports import free_port
from zrsign.local.tools import resolve, solcx_folder, survey

pytestmark = pytest.mark.e2e
AIRDROP = 5_000_000_000
ADDRESS = "4Nd1mYvE7wZtrG8nEpB7CVmGf5YpXCf6ZQt7oDqkLuLb"


def start_surfnet(*arguments: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    command = [str(resolve("surfnet").path), *arguments]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def ask(url: str, method: str, *params: object) -> object:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
    answer = httpx.post(url, json=body).json()
    assert "error" not in answer, answer
    return answer["result"]


@pytest.fixture
def surfnet() -> Iterator[tuple[subprocess.Popen[str], int]]:
    port = free_port()
    with start_surfnet("--rpc-port", str(port)) as process:
        yield process, port
        process.kill()


def test_every_tool__should_run_in_a_wanted_version() -> None:
    reports = {report.name: report for report in survey()}
    assert [name for name, report in reports.items() if not report.ok] == []
    versions = {name: report.found.version for name, report in reports.items() if report.found}
    assert versions["forge"] == "1.7.1"
    assert versions["solc"] == "0.8.37"


def test_solc__should_serve_py_solc_x(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLCX_BINARY_PATH", str(solcx_folder()))
    source = {
        "language": "Solidity",
        "sources": {"A.sol": {"content": "pragma solidity ^0.8.34; contract A { uint256 x; }"}},
        "settings": {"outputSelection": {"*": {"*": ["evm.bytecode.object"]}}},
    }
    output = solcx.compile_standard(source, solc_version="0.8.37")
    assert len(output["contracts"]["A.sol"]["A"]["evm"]["bytecode"]["object"]) > 100


def test_surfnet__should_answer_on_the_asked_port(
    surfnet: tuple[subprocess.Popen[str], int],
) -> None:
    process, port = surfnet
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert ready["rpcUrl"] == f"http://127.0.0.1:{port}"
    assert ask(ready["rpcUrl"], "getHealth") == "ok"
    ask(ready["rpcUrl"], "requestAirdrop", ADDRESS, AIRDROP)
    balance = ask(ready["rpcUrl"], "getBalance", ADDRESS, {"commitment": "processed"})
    assert isinstance(balance, dict)
    assert balance["value"] == AIRDROP


def test_surfnet__should_end_with_its_standard_input(
    surfnet: tuple[subprocess.Popen[str], int],
) -> None:
    process, _ = surfnet
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdout.readline()
    process.stdin.close()
    assert process.wait(timeout=10) == 0


def test_surfnet__should_name_a_port_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with start_surfnet("--rpc-port", str(port)) as process:
            _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert f"port {port} on 127.0.0.1" in errors
