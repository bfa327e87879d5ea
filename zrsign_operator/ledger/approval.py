"""What may be signed: derived from what the ledger shows, never from what a peer says. Pure.

A request that belongs to a transaction is signed only if its bytes are the transaction's sighash at
its place: the operator parses the transaction itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from zrchain_lite.networks import chain_of
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrsign_chains import ChainError
from zrsign_dmpc.ecdsa import UnsignableDigest
from zrsign_dmpc.ecdsa.order import BEACON_BYTES, require_digest
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


@dataclass(frozen=True)
class Approved:
    """One signature that the ledger asks this keyring for."""

    request_id: int
    key_id: int
    scheme: Scheme
    message: bytes
    """The message itself for Ed25519, else 32 bytes."""
    beacon: bytes = b""
    """The hash of the block that approved it: what nobody knew before the request was fixed."""


def scheme_of(key_type: str) -> Scheme:
    """The scheme that signs with keys of this type. Raises NotApproved."""
    try:
        return SCHEMES[key_type]
    except KeyError:
        raise NotApproved(f"unsupported_key_type: {key_type!r} is not made here") from None


def approve(
    request: wire.SignReqResponse,
    root: wire.SignReqResponse,
    transaction: wire.SignTxReqResponse | None,
    beacon: bytes,
) -> Approved:
    """What this single request asks to sign; `root` is its parent, or itself.

    Raises:
        NotApproved: the request is malformed, its bytes are not the transaction's, or ECDSA cannot
            sign it safely: a digest of 0, or no block is known that approved it.
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
    if scheme is Scheme.ECDSA:
        _require_order(message, beacon)
    return Approved(request.id, request.key_ids[0], scheme, message, beacon)


def _require_order(digest: bytes, beacon: bytes) -> None:
    try:
        require_digest(digest)
    except UnsignableDigest as error:
        raise NotApproved(f"zero_digest: {error}") from None
    if len(beacon) != BEACON_BYTES:
        raise NotApproved("no_beacon: the ledger does not say which block approved it; ask again")


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
    asked = (request.id, request.data_for_signing[0])
    if asked not in zip(root.child_req_ids, items, strict=False):
        raise NotApproved("the request is no part of its transaction")


def sighashes(transaction: wire.SignTxReqResponse, root: wire.SignReqResponse) -> Sequence[bytes]:
    """What the unsigned transaction asks to sign, one item a key. Raises NotApproved."""
    unsigned = transaction.unsigned_transaction
    try:
        wallet_type = wire.WalletType.Value(transaction.wallet_type)
        chain = chain_of(wallet_type, root.metadata, unsigned)
    except ValueError as error:
        raise NotApproved(f"the transaction names no network: {error}") from None
    try:
        return chain.sighashes(chain.parse(unsigned))
    except ChainError as error:
        raise NotApproved(f"the unsigned transaction does not parse: {error}") from None
