"""A destination chain (CAIP-2) as the treasury names it: wallet type and metadata."""

from __future__ import annotations

from google.protobuf.message import Message

from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrsign_receiver.errors import Reason, Rejection

_BITCOIN = {
    "bip122:000000000019d6689c085ae165831e93": treasury.WALLET_TYPE_BTC_MAINNET,
    "bip122:000000000933ea01ad0ee984209779ba": treasury.WALLET_TYPE_BTC_TESTNET,
    "bip122:0f9188f13cb7b2c71f2a335e3a4fc328": treasury.WALLET_TYPE_BTC_REGNET,
}
_SOLANA = {
    "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp": treasury.MAINNET,
    "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1": treasury.DEVNET,
    "solana:4uhcVJyU9pJkvQyS88uRDiswHXSCkY3z": treasury.TESTNET,
    "solana:localnet": treasury.REGNET,
}


def wallet_type_of(caip2: str) -> treasury.WalletType:
    """Raises Rejection `unknown_destination` for a chain that the treasury has no word for."""
    namespace = caip2.partition(":")[0]
    if namespace == "eip155":
        return treasury.WALLET_TYPE_EVM
    if caip2 in _BITCOIN:
        return _BITCOIN[caip2]
    if caip2 in _SOLANA:
        return treasury.WALLET_TYPE_SOLANA
    raise Rejection(Reason.UNKNOWN_DESTINATION, f"the treasury signs no transactions for {caip2}")


def metadata_of(caip2: str) -> Message | None:
    """What names the network within the wallet type; Bitcoin's wallet types name it themselves."""
    namespace, _, reference = caip2.partition(":")
    if namespace == "eip155":
        return treasury.MetadataEthereum(chain_id=int(reference))
    if namespace == "solana":
        return treasury.MetadataSolana(network=_SOLANA[caip2])
    return None
