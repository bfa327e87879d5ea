"""A contract by its name or by a compiler's file: what takes the one takes the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from zrsign.contracts import ArtifactError, artifact, names
from zrsign.decode import explain
from zrsign.errors import UsageError

LINKED = "0x6000" + "__$0123456789abcdef0123456789abcdef01$__" + "00"
LINKS = {"src/Shared.sol": {"Shared": [{"start": 2, "length": 20}]}}
ABI = [
    {"type": "function", "name": "go", "inputs": [{"name": "far", "type": "uint8"}]},
    {"type": "event", "name": "Gone", "inputs": []},
    {"type": "error", "name": "TooFar", "inputs": [{"name": "limit", "type": "uint8"}]},
]
WRITERS: dict[str, Callable[[], Any]] = {
    "foundry": lambda: {"abi": ABI, "bytecode": {"object": LINKED, "linkReferences": LINKS}},
    "hardhat": lambda: {
        "contractName": "Mine",
        "abi": ABI,
        "bytecode": LINKED,
        "linkReferences": LINKS,
    },
}


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Any], Path]:
    def write(content: Any) -> Path:
        (file := tmp_path / "Mine.json").write_text(json.dumps(content))
        return file

    return write


@pytest.mark.parametrize("compiler", WRITERS)
def test_compilers_file__should_do_what_a_packaged_name_does(
    compiler: str, written: Callable[[Any], Path]
) -> None:
    file = written(WRITERS[compiler]())
    for found in (artifact(file), artifact(str(file))):
        assert (found.name, found.abi) == ("Mine", ABI)
        assert found.link({"Shared": "0x" + "ab" * 20}).hex() == "6000" + "ab" * 20 + "00"


def test_abi_alone__should_do_where_nothing_is_deployed(written: Callable[[Any], Path]) -> None:
    found = artifact(written(ABI))
    assert found.abi == ABI
    with pytest.raises(ArtifactError, match="no bytecode"):
        found.link()


def test_decode__should_know_a_contract_of_ones_own() -> None:
    data = encode(["uint8"], [7]).hex()
    call, error = (keccak(text=text)[:4].hex() for text in ("go(uint8)", "TooFar(uint8)"))
    assert explain(call + data, abi=ABI) == {"what": "call", "function": "go(uint8)", "far": 7}
    assert explain(keccak(text="Gone()").hex(), abi=ABI)["event"] == "Gone()"
    assert explain(error + data, abi=ABI)["error"] == "TooFar(limit=7)"
    with pytest.raises(UsageError, match="Nothing of zrSign"):
        explain(call + data)


@pytest.mark.parametrize(
    "content", [{}, 7, "text", None, [7], [{}], {"abi": 7}, {"abi": [{"type": 1}]}]
)
def test_file_without_a_contract__should_be_named(
    content: Any, written: Callable[[Any], Path]
) -> None:
    file = written(content)
    with pytest.raises(ArtifactError, match="holds no contract") as refused:
        artifact(file)
    assert str(file) in str(refused.value)


def test_file_that_is_not_there__should_be_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"No\.json cannot be read"):
        artifact(tmp_path / "No.json")
    (tmp_path / "Text.json").write_bytes(b"\xff\xfe no JSON")
    with pytest.raises(ArtifactError, match="holds no contract"):
        artifact(tmp_path / "Text.json")


def test_unknown_name__should_list_the_packaged_ones() -> None:
    with pytest.raises(ArtifactError, match=", ".join(names())):
        artifact("Nothing")
    with pytest.raises(ArtifactError):
        artifact("../artifacts/ZrSign")
