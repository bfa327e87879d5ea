"""What may be signed: derived from what the ledger shows, never from what a peer says. Pure.

A request that belongs to a transaction is signed only if its bytes are the transaction's sighash at
its place: the operator parses the transaction itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from google.protobuf import any_pb2
from google.protobuf.message import DecodeError

from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrsign_chains import chain_for
from zrsign_chains.errors import ChainError
from zrsign_operator.errors import NotApproved

DIGEST_BYTES: Final = 32
MAX_MESSAGE_BYTES: Final = 4096


class Scheme(StrEnum):
    """How a type of key signs."""

    ECDSA = "ecdsa"
    ED25519 = "ed25519"
    TAPROOT = "taproot"
    """BIP 340 under the BIP 341 output key of the shared key, without scripts."""


SCHEMES: Final = {
    "KEY_TYPE_ECDSA_SECP256K1": Scheme.ECDSA,
    "KEY_TYPE_BITCOIN_SECP256K1": Scheme.ECDSA,
    "KEY_TYPE_EDDSA_ED25519": Scheme.ED25519,
    "KEY_TYPE_TAPROOT_SECP256K1": Scheme.TAPROOT,
}
_MAINNET: Final = "bip122:000000000019d6689c085ae165831e93"
_TESTNET: Final = "bip122:000000000933ea01ad0ee984209779ba"
_REGTEST: Final = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328"
_BITCOIN: Final = {
    "WALLET_TYPE_BTC_MAINNET": _MAINNET,
    "WALLET_TYPE_BTC_TESTNET": _TESTNET,
    "WALLET_TYPE_BTC_REGNET": _REGTEST,
    "WALLET_TYPE_BTC_TAPROOT_MAINNET": _MAINNET,
    "WALLET_TYPE_BTC_TAPROOT_TESTNET": _TESTNET,
    "WALLET_TYPE_BTC_TAPROOT_REGNET": _REGTEST,
}
_SOLANA: Final = {
    wire.MAINNET: "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp",
    wire.DEVNET: "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1",
    wire.TESTNET: "solana:4uhcVJyU9pJkvQyS88uRDiswHXSCkY3z",
    wire.REGNET: "solana:localnet",
}


@dataclass(frozen=True)
class Approved:
    """One signature that the ledger asks this keyring for."""

    request_id: int
    key_id: int
    scheme: Scheme
    message: bytes
    """The message itself for Ed25519, else 32 bytes."""


def scheme_of(key_type: str) -> Scheme:
    """Raises NotApproved."""
    try:
        return SCHEMES[key_type]
    except KeyError:
        raise NotApproved(f"unsupported_key_type: {key_type!r} is not made here") from None


def approve(
    request: wire.SignReqResponse,
    root: wire.SignReqResponse,
    transaction: wire.SignTxReqResponse | None,
) -> Approved:
    """What this single request asks to sign; `root` is its parent, or itself.

    Raises:
        NotApproved: the request is malformed, or its bytes are not the transaction's.
    """
    scheme = scheme_of(request.key_type)
    if len(request.key_ids) != 1 or len(request.data_for_signing) != 1:
        raise NotApproved("not_one_key_and_item: answers are given to single requests")
    message = request.data_for_signing[0]
    if scheme is not Scheme.ED25519 and len(message) != DIGEST_BYTES:
        raise NotApproved(f"wrong_data_length: {scheme} signs 32 bytes, not {len(message)}")
    if not 1 <= len(message) <= MAX_MESSAGE_BYTES:
        raise NotApproved(f"wrong_data_length: {len(message)} bytes")
    if transaction is not None:
        _require_part_of(request, root, transaction)
    return Approved(request.id, request.key_ids[0], scheme, message)


def _require_part_of(
    request: wire.SignReqResponse,
    root: wire.SignReqResponse,
    transaction: wire.SignTxReqResponse,
) -> None:
    items = sighashes(transaction, root)
    if list(items) != list(root.data_for_signing):
        raise NotApproved("the data to sign is not what the unsigned transaction hashes to")
    if request.id == root.id:
        return
    place = list(root.child_req_ids).index(request.id) if request.id in root.child_req_ids else -1
    if place < 0 or items[place] != request.data_for_signing[0]:
        raise NotApproved("the request is no part of its transaction")


def sighashes(transaction: wire.SignTxReqResponse, root: wire.SignReqResponse) -> Sequence[bytes]:
    """What the unsigned transaction asks to sign, one item a key. Raises NotApproved."""
    unsigned = transaction.unsigned_transaction
    if transaction.wallet_type == "WALLET_TYPE_NATIVE":
        return [hashlib.sha256(unsigned).digest()] * len(root.key_ids)
    try:
        chain = chain_for(_network(transaction.wallet_type, root.metadata))
        return chain.sighashes(chain.parse(unsigned))
    except (ChainError, DecodeError) as error:
        raise NotApproved(f"the unsigned transaction does not parse: {error}") from None


def _network(wallet_type: str, metadata: any_pb2.Any) -> str:
    if wallet_type in _BITCOIN:
        return _BITCOIN[wallet_type]
    ethereum, solana = wire.MetadataEthereum(), wire.MetadataSolana()
    if wallet_type == "WALLET_TYPE_EVM" and metadata.Unpack(ethereum):
        return f"eip155:{ethereum.chain_id}"
    if wallet_type == "WALLET_TYPE_SOLANA" and metadata.Unpack(solana):
        return _SOLANA.get(solana.network, "")
    raise NotApproved(f"the transaction names no network for a {wallet_type}")
