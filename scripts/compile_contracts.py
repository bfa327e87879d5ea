"""Compile the contracts into the JSON files that the Python side loads.

    python scripts/compile_contracts.py            write them
    python scripts/compile_contracts.py --check    fail if a committed one is stale

Writes `zrsign/contracts/artifacts/<Name>.json` (ABI, bytecode, link references) and
`zrsign_chains/abi/<Name>.json` (ABI alone, for rooms that do not import `zrsign`). The compiler is
solc 0.8.37, found by the tool resolver or named by `SOLC`; OpenZeppelin comes from npm by
`contracts/package-lock.json`, once. The same sources give the same bytes: no paths, no times, no
metadata hash. So a check that passed is remembered in `build/`, and does not compile again until a
source, a setting, this script, the compiler or a generated file changes.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import posixpath
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import solcx

from zrsign.deployment import layout
from zrsign.local.tools import ToolError, resolve

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "contracts" / "src"
PACKAGES = ROOT / "contracts" / "node_modules"
ARTIFACTS = ROOT / "zrsign" / "contracts" / "artifacts"
ABIS = ROOT / "zrsign_chains" / "abi"
CHECKED = ROOT / "build" / "contracts.checked"
SOLC_VERSION = "0.8.37"
PACKAGED = (
    "ZrSign",
    "ZrSignOmni",
    "ZrProxy",
    "ZrSignFactory",
    "ZrSignMigration",
    "ZrSignTypes",
    "SignTypes",
    "MessageSigner",
    "BitcoinPayer",
    "BitcoinTreasury",
    "ApprovedOrders",
    "ExampleExchange",
    "Counter",
)
IMPLEMENTATIONS = ("ZrSign", "ZrSignOmni")
ABI_ONLY = (*IMPLEMENTATIONS, "ISign", "IZrSignJuly2024", "IZrSignOmniV2")
IMPORT = re.compile(r'^import\s[^"]*"([^"]+)";', re.MULTILINE)
SETTINGS = {
    "optimizer": {"enabled": True, "runs": 200},
    "evmVersion": "cancun",
    "metadata": {"bytecodeHash": "none", "appendCBOR": False},
    "outputSelection": {
        "*": {"*": ["abi", "evm.bytecode", "evm.deployedBytecode"], "": ["ast"]},
    },
}


class CompileError(Exception):
    """The contracts cannot be compiled; the message says what to do."""


def source_path(unit: str) -> Path:
    """Where a source unit (`ZrSign.sol`, `@openzeppelin/…`) lies on disk."""
    return (PACKAGES if unit.startswith("@") else SOURCES) / unit


def read_sources(given: Mapping[str, str] | None = None) -> dict[str, dict[str, str]]:
    """Our sources and, transitively, what they import, by source unit name.

    With `given` (source by unit name, as if it lay below contracts/src) only these and theirs.
    """
    own = sorted(SOURCES.rglob("*.sol"))
    texts = dict(given or {})
    found: dict[str, dict[str, str]] = {}
    waiting = list(texts) or [path.relative_to(SOURCES).as_posix() for path in own]
    while waiting:
        unit = waiting.pop()
        if unit in found:
            continue
        content = texts.get(unit) or source_path(unit).read_text(encoding="utf-8")
        found[unit] = {"content": content}
        for imported in IMPORT.findall(content):
            relative = imported.startswith(".")
            folder = posixpath.dirname(unit)
            waiting.append(
                posixpath.normpath(posixpath.join(folder, imported)) if relative else imported
            )
    return dict(sorted(found.items()))


def compile_all() -> dict[str, dict[str, Any]]:
    """Compiler output by contract name, with the storage layout of what stands behind proxies."""
    output = solcx.compile_standard(
        {"language": "Solidity", "sources": read_sources(), "settings": SETTINGS},
        solc_binary=resolve_solc(),
    )
    found: dict[str, dict[str, Any]] = {
        name: contract
        for unit, contracts in output["contracts"].items()
        if not unit.startswith("@")
        for name, contract in contracts.items()
    }
    for name in IMPLEMENTATIONS:
        found[name]["layout"] = layout.of(output["sources"], name)
    return found


def resolve_solc() -> Path:
    """The compiler, which must have the version that the artifacts were made with."""
    solc = resolve("solc")
    if solc.version != SOLC_VERSION:
        raise CompileError(
            f"{solc.path} is solc {solc.version}; the artifacts need {SOLC_VERSION}."
        )
    return solc.path


def fetch_packages() -> None:
    """Install OpenZeppelin, unless what is there is as new as the lock; one process at a time."""
    installed, lock = PACKAGES / ".package-lock.json", PACKAGES.with_name("package-lock.json")
    with lock.open(encoding="utf-8") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
            return
        done = subprocess.run(
            [resolve("npm").path, "ci", "--loglevel=error"],
            cwd=lock.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise CompileError(f"npm ci in {lock.parent} failed:\n{done.stderr}")
        installed.touch()


def artifact(name: str, contract: dict[str, Any]) -> dict[str, Any]:
    """What is packaged of one contract."""
    code, deployed = contract["evm"]["bytecode"], contract["evm"]["deployedBytecode"]
    return {
        "contractName": name,
        "compiler": f"solc {SOLC_VERSION}",
        "abi": contract["abi"],
        "bytecode": "0x" + code["object"],
        "deployedBytecode": "0x" + deployed["object"],
        "linkReferences": code["linkReferences"],
        **({"layout": contract["layout"]} if "layout" in contract else {}),
    }


def render(value: object) -> str:
    """JSON as it is committed: sorted, one space a level."""
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


def outputs() -> dict[Path, str]:
    """Every generated file with its content."""
    contracts = compile_all()
    files = {
        ARTIFACTS / f"{name}.json": render(artifact(name, contracts[name])) for name in PACKAGED
    }
    files |= {ABIS / f"{name}.json": render(contracts[name]["abi"]) for name in ABI_ONLY}
    return files


def state() -> str:
    """SHA-256 of all that a check depends on: what is compiled, with what, and what was made."""
    files = [Path(__file__), resolve_solc(), *generated()]
    found = hashlib.sha256(json.dumps(read_sources()).encode())
    for path in files:
        content = path.read_bytes()
        found.update(f"{path.name} {len(content)} ".encode() + content)
    return found.hexdigest()


def generated() -> list[Path]:
    """The generated files that are there."""
    return sorted([*ARTIFACTS.glob("*.json"), *ABIS.glob("*.json")])


def stale(files: dict[Path, str]) -> list[Path]:
    """Files that differ from the compiler's output, and files that it no longer makes."""
    changed = [
        path
        for path, content in files.items()
        if not path.exists() or path.read_text(encoding="utf-8") != content
    ]
    return changed + [path for path in generated() if path not in files]


def main() -> int:
    """Write what is packaged, or compare it with `--check`; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail if stale")
    check = parser.parse_args().check
    try:
        fetch_packages()
        now = state()
        if check and CHECKED.exists() and CHECKED.read_text(encoding="utf-8") == now:
            return 0
        files = outputs()
    except (CompileError, ToolError, solcx.exceptions.SolcError, FileNotFoundError) as error:
        print(f"The contracts do not compile. {error}", file=sys.stderr)
        return 1
    old = stale(files)
    if check:
        for path in old:
            print(f"{path.relative_to(ROOT)} is stale. Run: make contracts", file=sys.stderr)
        if not old:
            CHECKED.parent.mkdir(exist_ok=True)
            CHECKED.write_text(now, encoding="utf-8")
        return 1 if old else 0
    for path in old:
        if path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
        else:
            path.unlink()
    print(f"contracts: {len(old)} of {len(files)} generated files changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
