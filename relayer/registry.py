"""Finds what serves a destination chain. A new chain is a package of its own and one line here."""

from __future__ import annotations

from importlib import import_module

from relayer.destinations import Adapter
from zrsign_daemon.errors import SettingsError

# CAIP-2 namespace to the package with its ADAPTER, imported on first use: each brings a library.
_ADAPTERS = {
    "eip155": "relayer.destinations.evm",
    "bip122": "relayer.destinations.bitcoin",
    "solana": "relayer.destinations.solana",
    "cosmos": "relayer.destinations.cosmos",
}


def adapter_for(chain: str) -> Adapter:
    """The adapter that serves the CAIP-2 id `chain`. Raises SettingsError when none does."""
    namespace = chain.partition(":")[0]
    if namespace not in _ADAPTERS:
        raise SettingsError(f"No destination serves {chain}; served are {', '.join(_ADAPTERS)}.")
    adapter: Adapter = import_module(_ADAPTERS[namespace]).ADAPTER
    return adapter
