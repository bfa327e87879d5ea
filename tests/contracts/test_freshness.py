"""A check of the generated files that passed is not repeated until something changes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scripts import compile_contracts


@pytest.mark.parametrize(
    "changed", ["SOURCES/examples/Counter.sol", "ARTIFACTS/Counter.json", "ABIS/new.json"]
)
def test_check__should_be_repeated_after_a_change(
    changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compile_contracts.fetch_packages()
    room, _, name = changed.partition("/")
    copy = tmp_path / room
    shutil.copytree(getattr(compile_contracts, room), copy)
    monkeypatch.setattr(compile_contracts, room, copy)
    before = compile_contracts.state()
    assert compile_contracts.state() == before
    with (copy / name).open("a") as file:
        file.write(" ")
    assert compile_contracts.state() != before
