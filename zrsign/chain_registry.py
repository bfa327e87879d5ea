"""How wallets are told of a ledger: entries of the chain registry, and Keplr's suggest-chain.

Sources: cosmos/chain-registry chain.schema.json and assetlist.schema.json; Keplr's ChainInfo.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from zrchain_lite import amino
from zrchain_lite.client import LedgerClient
from zrchain_lite.keepers import Keepers
from zrchain_lite.registry import Registry
from zrchain_lite.wire.cosmos.auth.v1beta1 import query_pb2 as auth
from zrchain_lite.wire.cosmos.bank.v1beta1 import query_pb2 as bank
from zrchain_lite.wire.cosmos.base.node.v1beta1 import query_pb2 as base
from zrsign.node import modules

COIN_TYPE = 118
"""SLIP-44's number of Cosmos accounts; their first key is at m/44'/118'/0'/0/0."""
_DEARER = {"low": 1, "average": 2, "high": 4}


@dataclass(frozen=True)
class Doors:
    """URLs under which wallets reach a ledger."""

    rpc: str
    rest: str


async def described(client: LedgerClient, doors: Doors) -> dict[str, Any]:
    """`chain.json`, `assetlist.json`, `keplr` and `amino` (names by type URL) of a ledger."""
    asked = auth.Bech32PrefixRequest()
    path = "/cosmos.auth.v1beta1.Query/Bech32Prefix"
    prefix = (await client.query(path, asked, auth.Bech32PrefixResponse)).bech32_prefix
    path = "/cosmos.bank.v1beta1.Query/DenomsMetadata"
    listed = await client.query(
        path, bank.QueryDenomsMetadataRequest(), bank.QueryDenomsMetadataResponse
    )
    coin = listed.metadatas[0]
    path = "/cosmos.base.node.v1beta1.Service/Config"
    config = await client.query(path, base.ConfigRequest(), base.ConfigResponse)
    price = Decimal(config.minimum_gas_price.removesuffix(coin.base))
    chain_id = await client.chain_id()
    return {
        "chain.json": _chain(chain_id, prefix, coin.base, price, doors),
        "assetlist.json": _assets(chain_id, coin),
        "keplr": _keplr(chain_id, prefix, coin, price, doors),
        "amino": amino_names(),
    }


def amino_names() -> dict[str, str]:
    """Each message's name in amino JSON, by its type URL."""
    messages = Registry(modules(Keepers.create())).messages
    return {url: amino.name_of(each.message.DESCRIPTOR) for url, each in sorted(messages.items())}


def _chain(chain_id: str, prefix: str, denom: str, price: Decimal, doors: Doors) -> dict[str, Any]:
    prices = {f"{name}_gas_price": float(price * times) for name, times in _DEARER.items()}
    fee = {"denom": denom, "fixed_min_gas_price": float(price), **prices}
    return {
        "$schema": "../chain.schema.json",
        "chain_name": _name(chain_id),
        "chain_type": "cosmos",
        "chain_id": chain_id,
        "pretty_name": chain_id,
        "status": "live",
        "network_type": "testnet",
        "bech32_prefix": prefix,
        "key_algos": ["secp256k1"],
        "slip44": COIN_TYPE,
        "fees": {"fee_tokens": [fee]},
        "apis": {"rpc": [{"address": doors.rpc}], "rest": [{"address": doors.rest}]},
    }


def _assets(chain_id: str, coin: Any) -> dict[str, Any]:
    units = [{"denom": unit.denom, "exponent": unit.exponent} for unit in coin.denom_units]
    asset = {
        "description": coin.description,
        "denom_units": units,
        "type_asset": "sdk.coin",
        "base": coin.base,
        "name": coin.name,
        "display": coin.display,
        "symbol": coin.symbol,
    }
    return {
        "$schema": "../assetlist.schema.json",
        "chain_name": _name(chain_id),
        "assets": [asset],
    }


def _keplr(chain_id: str, prefix: str, coin: Any, price: Decimal, doors: Doors) -> dict[str, Any]:
    decimals = max(unit.exponent for unit in coin.denom_units)
    currency = {
        "coinDenom": coin.symbol,
        "coinMinimalDenom": coin.base,
        "coinDecimals": decimals,
    }
    steps = {name: float(price * times) for name, times in _DEARER.items()}
    suffixes = {"Acc": "", "Val": "valoper", "Cons": "valcons"}
    return {
        "chainId": chain_id,
        "chainName": chain_id,
        "rpc": doors.rpc,
        "rest": doors.rest,
        "bip44": {"coinType": COIN_TYPE},
        "bech32Config": {
            f"bech32Prefix{kind}{key}": prefix + suffix + ("pub" if key == "Pub" else "")
            for kind, suffix in suffixes.items()
            for key in ("Addr", "Pub")
        },
        "currencies": [currency],
        "feeCurrencies": [{**currency, "gasPriceStep": steps}],
        "features": [],
    }


def _name(chain_id: str) -> str:
    """The registry's names are lower-case letters and digits."""
    return "".join(char for char in chain_id.lower() if char.isalnum())
