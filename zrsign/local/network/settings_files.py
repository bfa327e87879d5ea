"""The settings file of every daemon of a local network.

Nothing else knows how daemons are wired together.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zrsign.local.network.manifest import (
    LOCAL_TRUST_DAYS,
    ChainEntry,
    ContractEntry,
    LedgerEntry,
    Manifest,
)
from zrsign_chains import BITCOIN_REGTEST

POLL_S = 0.2
EMPTY_BLOCK_INTERVAL_S, IDLE_BLOCK_INTERVAL_S = 0.5, 5.0
# How long a payment may wait for its wallet to be funded before it is refused.
GRACE_S = 5.0


def write(folder: Path, name: str, settings: dict[str, Any]) -> Path:
    """Write a daemon's settings as JSON that only the owner may read."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(settings, indent=2) + "\n")
    return path


def passphrase(folder: Path) -> Path:
    """A file with a fresh passphrase for the development keyring's vault."""
    path = folder / "keyring.passphrase"
    path.touch(mode=0o600)
    path.write_text(secrets.token_urlsafe(32) + "\n")
    return path


def ledger(entry: LedgerEntry, genesis_file: Path) -> dict[str, Any]:
    """Settings of `zrsign run ledger`."""
    return {
        "home": str(entry.store),
        "genesis": str(genesis_file),
        "grpc": entry.grpc,
        "rest": entry.rest.removeprefix("http://"),
        "rpc": entry.rpc.removeprefix("http://"),
        "empty_block_interval_s": EMPTY_BLOCK_INTERVAL_S,
        "idle_block_interval_s": IDLE_BLOCK_INTERVAL_S,
    }


def listener(manifest: Manifest, contracts: Sequence[ContractEntry]) -> dict[str, Any]:
    """Settings of `zrsign run listener`: the contracts, by chain."""
    chains = []
    for caip2 in sorted({contract.chain for contract in contracts}):
        chain = manifest.chain(caip2)
        chains.append(
            {
                "caip2": caip2,
                "rpc_url": chain.rpc_url,
                "ws_url": chain.ws_url,
                "finality": 0,
                "poll_interval_s": POLL_S,
                "contracts": [
                    {"address": each.address, "mode": each.mode, "start_block": each.start_block}
                    for each in contracts
                    if each.chain == caip2
                ],
            }
        )
    return {
        "database_url": _sqlite(manifest, "listener"),
        "ledger": ledger_access(manifest, "observer"),
        "chains": chains,
    }


def relayer(manifest: Manifest) -> dict[str, Any]:
    """Settings of `zrsign run relayer`: all chains are destinations, the ledger too."""
    return {
        "database_url": _sqlite(manifest, "relayer"),
        "ledger": ledger_access(manifest, "relayer"),
        "answers": {"key_file": str(manifest.account("gas").secret_file)},
        "destinations": {
            chain.caip2: {**_node(chain), **_settled(chain), "poll_interval_s": POLL_S}
            for chain in manifest.destinations
        },
        "composer": {"grace_s": GRACE_S},
        "poll_interval_s": POLL_S,
    }


def btc_proxy(manifest: Manifest) -> dict[str, Any]:
    """Settings of `zrsign run btc-proxy`."""
    return {
        "database_url": _sqlite(manifest, "btc_proxy"),
        "ledger": ledger_access(manifest, "btc-proxy"),
        "networks": {BITCOIN_REGTEST: _node(manifest.chain(BITCOIN_REGTEST))},
        "grace_s": GRACE_S,
        "poll_interval_s": POLL_S,
    }


def keyring(manifest: Manifest, keyring_address: str) -> dict[str, Any]:
    """Settings of `zrsign run keyring`, the development keyring."""
    folder = manifest.state_dir / "keys"
    return {
        "keyring_address": keyring_address,
        "vault_dir": str(manifest.state_dir / "vault"),
        "passphrase_file": str(passphrase(folder)),
        "ledger": ledger_access(manifest, "keyring-party"),
    }


def ledger_access(manifest: Manifest, account: str) -> dict[str, Any]:
    """The `[ledger]` table of a daemon with this account."""
    return {
        "grpc": manifest.ledger.grpc,
        "root": manifest.ledger.root,
        "trust_days": LOCAL_TRUST_DAYS,
        "key_file": str(manifest.account(account).secret_file),
    }


def _node(chain: ChainEntry) -> dict[str, Any]:
    cookie = {"rpc_cookie_file": str(chain.cookie_file)} if chain.cookie_file else {}
    return {"rpc_url": chain.rpc_url, **cookie}


def _settled(chain: ChainEntry) -> dict[str, int]:
    """A local chain makes a block when there is something for it: nothing lies on top for long."""
    return {"settled": 0} if chain.caip2.startswith(("eip155:", "bip122:")) else {}


def _sqlite(manifest: Manifest, name: str) -> str:
    return f"sqlite+aiosqlite:///{manifest.state_dir / name}.sqlite"
