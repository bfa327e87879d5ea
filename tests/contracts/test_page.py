"""The contracts that docs/contracts.md shows compile, and the first is the packaged one."""

from __future__ import annotations

import re
from pathlib import Path

import solcx

from scripts import compile_contracts

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "contracts.md").read_text()
BLOCKS = re.findall(r"^```solidity\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def name_of(source: str) -> str:
    (name,) = re.findall(r"^contract (\w+)", source, re.MULTILINE)
    return str(name)


def test_first_contract__should_be_the_example() -> None:
    example = ROOT / "contracts" / "src" / "examples" / f"{name_of(BLOCKS[0])}.sol"
    assert BLOCKS[0] == example.read_text()


def test_contracts__should_compile() -> None:
    solc = compile_contracts.resolve_solc()
    compile_contracts.fetch_packages()
    shown = {f"examples/Page{name_of(block)}.sol": block for block in BLOCKS}
    output = solcx.compile_standard(
        {
            "language": "Solidity",
            "sources": compile_contracts.read_sources(shown),
            "settings": {
                **compile_contracts.SETTINGS,
                "outputSelection": {unit: {"*": ["evm.bytecode.object"]} for unit in shown},
            },
        },
        solc_binary=solc,
    )
    compiled = {name for unit in shown for name in output["contracts"][unit]}
    assert {name_of(block) for block in BLOCKS} <= compiled
    assert len(BLOCKS) == 5
