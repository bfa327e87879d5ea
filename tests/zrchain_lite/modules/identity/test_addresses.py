"""Workspace and keyring addresses, and how an owner may be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.modules.identity.addresses import (
    keyring_address,
    normalise_owner,
    require_account,
    require_keyring,
    require_workspace,
    workspace_address,
)

EVM = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
ZEN = "zen13y3tm68gmu9kntcxwvmue82p6akacnpt2v7nty"


def test_vectors__should_derive_addresses(vectors: Callable[[str], Any]) -> None:
    known = vectors("zrchain.json")["identity_addresses"]
    for entry in known["workspaces"]:
        assert workspace_address(entry["count"]) == entry["address"]
        assert require_workspace(entry["address"]) == entry["address"]
    for entry in known["keyrings"]:
        assert keyring_address(entry["count"]) == entry["address"]
        assert require_keyring(entry["address"]) == entry["address"]


def test_vectors__should_refuse_invalid_addresses(vectors: Callable[[str], Any]) -> None:
    cases = vectors("zrchain.json")["identity_addresses"]["invalid"]
    assert cases
    for case in cases:
        with pytest.raises(InvalidArgument):
            require_workspace(case["address"])
    with pytest.raises(InvalidArgument):
        require_keyring("keyring1qqqqqqqqqqqqqqqqajx5m7")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ZEN, ZEN),
        (EVM, EVM),
        (EVM.lower(), EVM),
        ("0x" + EVM[2:].upper(), EVM),
        (f"eip155:31337:{EVM.lower()}", f"eip155:31337:{EVM}"),
    ],
)
def test_normalise_owner__should_give_one_spelling(text: str, expected: str) -> None:
    assert normalise_owner(text) == expected
    assert normalise_owner(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        ZEN[:-1],
        ZEN.upper(),
        ZEN + "q" * 100,
        EVM[:-1],
        EVM[:-1] + "7",
        EVM.replace("f39F", "f39f"),
        f"eip155:0:{EVM}",
        f"solana:x:{EVM}",
        f"eip155:1:{EVM} ",
        workspace_address(1),
    ],
)
def test_normalise_owner__should_refuse(text: str) -> None:
    with pytest.raises(InvalidArgument):
        normalise_owner(text)


def test_require_account__should_accept_keys_and_modules_only() -> None:
    assert require_account(ZEN) == ZEN
    for text in (EVM, keyring_address(1), ""):
        with pytest.raises(InvalidArgument):
            require_account(text)
