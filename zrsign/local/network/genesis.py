"""The first state of a local ledger: funded accounts, module parameters, and who may do what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from zrsign.local.network.manifest import AccountEntry
from zrsign_chains import BITCOIN_REGTEST, COSMOS_LOCAL, KNOWN_CHAINS
from zrsign_chains.cosmos import keyring_address

CHAIN_ID = COSMOS_LOCAL.partition(":")[2]
ROCK = 1_000_000
FUNDS_ROCK = 1_000_000
# Blocks that a request may wait for the keyring. Blocks come with every transaction here.
REQUEST_BLOCKS = 1_000
# The most that a composed transaction may pay: 0.1 ETH. Other chains have caps of their own.
MAX_NETWORK_FEE = {"eip155": 10**17}


def build(accounts: Sequence[AccountEntry]) -> dict[str, Any]:
    """Genesis for these accounts; the names are those of `accounts.py`."""
    address = {each.name: each.address for each in accounts}
    authority = address["authority"]
    return {
        "chain_id": CHAIN_ID,
        "genesis_time": datetime.now(UTC).isoformat(),
        "app_state": {
            "bank": {"balances": [balance(each.address) for each in accounts]},
            "identity": {"authority": authority},
            "policy": {"authority": authority},
            "treasury": {
                "authority": authority,
                "params": {"default_btl": str(REQUEST_BLOCKS), "min_gas_fee": "0.0001urock"},
            },
            "receiver": {
                "params": {
                    "authority": authority,
                    # The first keyring that is registered on an empty ledger.
                    "keyring_addr": keyring_address(1),
                    "observers": [address["observer"]],
                    "observer_threshold": 1,
                    "composers": [address["relayer"], address["btc-proxy"]],
                    "relayers": [address["relayer"]],
                    "fee_payer": authority,
                    "max_network_fee": {k: str(v) for k, v in MAX_NETWORK_FEE.items()},
                    "destinations": _destinations(),
                }
            },
        },
    }


def balance(address: str, rock: int = FUNDS_ROCK) -> dict[str, Any]:
    """What an account has at genesis."""
    return {"address": address, "coins": [coin(rock)]}


def coin(rock: int) -> dict[str, str]:
    """An amount as the genesis writes it."""
    return {"denom": "urock", "amount": str(rock * ROCK)}


def _destinations() -> list[str]:
    """Every known chain.

    Regtest first among Bitcoin's test networks, as wallets here live on it.
    """
    return sorted(KNOWN_CHAINS, key=lambda caip2: caip2 != BITCOIN_REGTEST)
