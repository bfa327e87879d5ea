"""The npm package of the contracts, as projects of other people take it.

OpenZeppelin lies beside it as npm lays it out; the registry is not asked.
"""

from __future__ import annotations

import json
import os
import re
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from eth_abi.abi import encode as abi_encode
from eth_utils.crypto import keccak

from scripts import npm_package
from scripts.compile_contracts import fetch_packages
from tests.processes import run
from zrsign.contracts import artifact, sources
from zrsign.decode import explain
from zrsign.local.tools import resolve

ROOT = Path(__file__).resolve().parents[2]
OPENZEPPELIN = ROOT / "contracts" / "node_modules" / "@openzeppelin"
IMPORT = re.compile(r'^import\s[^"]*"([^"]+)";', re.MULTILINE)
PAYER = """
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.34;

import {ZrSignConnect} from "@zrsign/contracts/ZrSignConnect.sol";

contract Payer is ZrSignConnect {
    constructor(address payable zrSign) payable ZrSignConnect(zrSign) {}

    function pay(string calldata to, uint256 sats) external payable returns (uint256) {
        bytes32 mainnet = keccak256("bip122:000000000019d6689c085ae165831e93");
        return reqSignForSimpleTx(BTC_WALLET_TYPE, 0, mainnet, to, sats, "", true);
    }
}
"""
pytestmark = pytest.mark.xdist_group("contracts")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one contract, and `node_modules` as `npm install` leaves it."""
    fetch_packages()
    folder = tmp_path_factory.mktemp("project")
    modules = folder / "node_modules"
    package = modules / "@zrsign" / "contracts"
    package.mkdir(parents=True)
    with tarfile.open(npm_package.pack(folder)) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (folder / "unpacked" / "package").rename(package)
    (modules / "@openzeppelin").symlink_to(OPENZEPPELIN)
    (folder / "src").mkdir()
    (folder / "src" / "Payer.sol").write_text(PAYER)
    return folder


@pytest.fixture(scope="module")
def package(project: Path) -> Path:
    return project / "node_modules" / "@zrsign" / "contracts"


def test_package__should_name_what_it_needs(package: Path) -> None:
    found = json.loads((package / "package.json").read_text())
    python = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (found["version"], found["license"]) == (python["version"], python["license"])
    developed_with = json.loads((ROOT / "contracts" / "package.json").read_text())["dependencies"]
    assert found["dependencies"] == {name: f"^{at}" for name, at in developed_with.items()}
    assert "private" not in found


def test_every_import__should_be_found(project: Path, package: Path) -> None:
    sources = sorted(package.rglob("*.sol"))
    assert len(sources) == len(list((ROOT / "contracts" / "src").rglob("*.sol")))
    for source in sources:
        for name in IMPORT.findall(source.read_text()):
            place = source.parent if name.startswith(".") else project / "node_modules"
            assert (place / name).resolve().is_file(), f"{source.name} imports {name}"
            assert name.startswith((".", "@openzeppelin/"))


def test_soldeer__should_get_the_same_files(package: Path, project: Path) -> None:
    """Its archives are zip files."""
    (archive,) = project.glob("*.zip")
    with zipfile.ZipFile(archive) as opened:
        zipped = {name: opened.read(name) for name in opened.namelist() if not name.endswith("/")}
    files = {
        str(path.relative_to(package)): path.read_bytes()
        for path in package.rglob("*")
        if path.is_file()
    }
    assert zipped == files


def test_sources__should_be_the_folder_of_the_package(package: Path) -> None:
    """What `zrsign contracts path` prints takes the place of the npm package in a remapping."""
    assert json.loads((sources() / "package.json").read_text())["name"] == "@zrsign/contracts"
    found = {path.relative_to(sources()) for path in sources().rglob("*.sol")}
    assert found == {path.relative_to(package) for path in package.rglob("*.sol")}


def test_each_abi__should_be_a_file_of_its_own(package: Path) -> None:
    packed = {path.stem: json.loads(path.read_text()) for path in (package / "abi").iterdir()}
    assert {"ZrSign", "ZrSignOmni", "SignTypes", "BitcoinPayer"} <= set(packed)
    assert packed == {name: artifact(name).abi for name in packed}


def test_foundry__should_find_the_package_by_itself(project: Path) -> None:
    """Without a remapping: `libs` names the folder."""
    (project / "foundry.toml").write_text(
        '[profile.default]\nlibs = ["node_modules"]\nevm_version = "cancun"\n'
    )
    solc = resolve("solc").path
    env = os.environ | {"PATH": os.pathsep.join([str(solc.parent), os.environ["PATH"]])}
    done = run(
        [resolve("forge").path, "build", "--offline", "--use", solc, "--skip", "test"],
        cwd=project,
        env=env,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    built = artifact(project / "out" / "Payer.sol" / "Payer.json")
    assert len(built.link()) > 1000
    call = keccak(text="pay(string,uint256)")[:4] + abi_encode(["string", "uint256"], ["bc1q", 7])
    shown = {"what": "call", "function": "pay(string,uint256)", "to": "bc1q", "sats": 7}
    assert explain(call.hex(), abi=built.abi) == shown


def test_hardhat__should_compile_what_node_resolves(project: Path) -> None:
    """Hardhat and Remix name units as they are imported and look below `node_modules`."""
    asked = {
        "language": "Solidity",
        "sources": {"src/Payer.sol": {"content": PAYER}},
        "settings": {"evmVersion": "cancun", "outputSelection": {"*": {"*": ["abi"]}}},
    }
    (project / "input.json").write_text(json.dumps(asked))
    solc = resolve("solc").path
    env = os.environ | {"PATH": os.pathsep.join([str(solc.parent), os.environ["PATH"]])}
    words = ("--standard-json", "--base-path", ".", "--include-path", "node_modules", "input.json")
    done = run([solc, *words], cwd=project, env=env)
    output = json.loads(done.stdout)
    errors = [each for each in output.get("errors", ()) if each["severity"] == "error"]
    assert not errors, errors
    assert "Payer" in output["contracts"]["src/Payer.sol"]
