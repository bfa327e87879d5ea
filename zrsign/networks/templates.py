"""Chains that a profile can begin with, and the text of a new profile.

Public endpoints are for trying: they limit how much one may ask. Bitcoin has none that answers
JSON-RPC to everybody, so there a node of one's own is named, at its usual port.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from zrsign.errors import UsageError
from zrsign_chains.registry import BITCOIN_SIGNET, BITCOIN_TESTNET4, SOLANA_DEVNET


@dataclass(frozen=True)
class Template:
    """A public chain and where it can be asked."""

    caip2: str
    rpc_url: str


TEMPLATES: Mapping[str, Template] = MappingProxyType(
    {
        "sepolia": Template("eip155:11155111", "https://ethereum-sepolia-rpc.publicnode.com"),
        "hoodi": Template("eip155:560048", "https://ethereum-hoodi-rpc.publicnode.com"),
        "base": Template("eip155:8453", "https://mainnet.base.org"),
        "base-sepolia": Template("eip155:84532", "https://sepolia.base.org"),
        "bitcoin-signet": Template(BITCOIN_SIGNET, "http://127.0.0.1:38332"),
        "bitcoin-testnet4": Template(BITCOIN_TESTNET4, "http://127.0.0.1:48332"),
        "solana-devnet": Template(SOLANA_DEVNET, "https://api.devnet.solana.com"),
    }
)
"""Chains by the name that `zrsign networks add --chain` takes."""


def chain_table(text: str) -> tuple[str, dict[str, str]]:
    """A chain's name and table, of `NAME`, `NAME=URL` or `CAIP2=URL`. Raises UsageError."""
    name, _, url = text.partition("=")
    found = TEMPLATES.get(name)
    if found is not None:
        return name, {"caip2": found.caip2, "rpc_url": url or found.rpc_url}
    if ":" in name and url:
        return name.replace(":", "-"), {"caip2": name, "rpc_url": url}
    raise UsageError(
        f"No chain {name!r} to begin with.",
        f"There are: {', '.join(TEMPLATES)}. Or give its id and node: --chain eip155:1=https://…",
    )


def profile_text(name: str, tables: Mapping[str, Mapping[str, Any]]) -> str:
    """The TOML of a profile; `tables` are those below it, by dotted name."""
    return "\n".join(
        line for table, fields in tables.items() for line in _table(f"{name}.{table}", fields)
    )


def _table(name: str, fields: Mapping[str, Any]) -> Iterable[str]:
    yield f"[{name}]"
    # A JSON text without control characters is a basic string of TOML.
    yield from (
        f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items() if value
    )
    yield ""
