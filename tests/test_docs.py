"""The pages in docs/ name only what exists: files, tests, code words and contract errors."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from zrchain_lite.modules.treasury.wallets import KEY_TYPE_WORDS
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrsign_receiver.errors import Reason

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
FAULTS = (ROOT / "docs" / "faults.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links__should_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([\w./-]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_faults__should_name_tests_that_exist() -> None:
    source = (ROOT / "tests" / "e2e" / "test_faults.py").read_text()
    named = re.findall(r"`(test_\w+)` \|$", FAULTS, re.MULTILINE)
    assert len(named) == 7
    assert [name for name in named if f"def {name}" not in source] == []


def test_faults__should_name_code_words_and_errors_that_exist() -> None:
    table = FAULTS.split("code word or error |")[1].split("All code words")[0]
    words = set(re.findall(r"`(\w+)`", table))
    abi = json.loads((ROOT / "zrsign_chains" / "abi" / "ZrSign.json").read_text())
    known = {each["name"] for each in abi if each["type"] == "error"} | {str(r) for r in Reason}
    assert words
    assert words <= known


def test_keys__should_list_every_key_type_and_wallet_type() -> None:
    page = (ROOT / "docs" / "keys.md").read_text()
    for enum, prefix in ((wire.KeyType, "KEY_TYPE_"), (wire.WalletType, "WALLET_TYPE_")):
        listed = {f"{number} `{name.removeprefix(prefix)}`" for name, number in enum.items()}
        assert {entry for entry in listed if entry not in page} == {"0 `UNSPECIFIED`"}
    assert {word for word in KEY_TYPE_WORDS if f"`{word}`" not in page} == set()
