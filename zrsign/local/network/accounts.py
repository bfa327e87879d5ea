"""The accounts of a local network.

One secp256k1 key each, which is a ledger account and an EVM account at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

from eth_account import Account as EvmAccount

from zrchain_lite.client import Account
from zrsign.local.network.manifest import AccountEntry
from zrsign.local.network.nodes import ANVIL_MNEMONIC

# Rich on every Anvil: the place in the mnemonic's standard path.
ANVIL_ACCOUNTS = {"deployer": 0, "user": 1, "gas": 2, "policy-owner": 3, "proxy-admin": 9}
# Known to the ledger only; each daemon has one, with the least that it needs.
DAEMON_ACCOUNTS = ("authority", "observer", "keyring-party", "relayer", "btc-proxy")
APPROVERS = ("approver-1", "approver-2", "approver-3")


def create(folder: Path, operators: Sequence[str] = ()) -> tuple[AccountEntry, ...]:
    """Write every account's key into `folder` (mode 0600) and describe them."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    EvmAccount.enable_unaudited_hdwallet_features()
    keys = {name: secrets.token_bytes(32) for name in (*DAEMON_ACCOUNTS, *APPROVERS, *operators)}
    for name, place in ANVIL_ACCOUNTS.items():
        path = f"m/44'/60'/0'/0/{place}"
        keys[name] = bytes(EvmAccount.from_mnemonic(ANVIL_MNEMONIC, account_path=path).key)
    return tuple(_store(folder, name, key) for name, key in keys.items())


def add(folder: Path, names: Sequence[str]) -> tuple[AccountEntry, ...]:
    """Further accounts beside those that are there."""
    return tuple(_store(folder, name, secrets.token_bytes(32)) for name in names)


def _store(folder: Path, name: str, key: bytes) -> AccountEntry:
    path = folder / f"{name}.key"
    path.touch(mode=0o600)
    path.write_text(key.hex() + "\n")
    account = Account.from_secret(key)
    return AccountEntry(
        name=name,
        address=account.address,
        evm_address=account.evm_address,
        secret_file=path,
        for_people=name in ANVIL_ACCOUNTS or name in APPROVERS,
    )
