"""A ledger request and its key give its answer. Pure.

A rejection's reason starts with a machine-readable word: `unknown_key: …`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrsign_chains.wallets import KeyAlgorithm
from zrsign_dev_keyring.errors import KeyMissing, KeyTypeDiffers
from zrsign_dev_keyring.keys import SecretKey

DIGEST_LENGTH = 32


class KeyringReason(StrEnum):
    """Why a request is rejected; the ledger's reject_reason begins with it."""

    UNKNOWN_KEY = "unknown_key"
    UNSUPPORTED_KEY_TYPE = "unsupported_key_type"
    KEY_TYPE_DIFFERS = "key_type_differs"
    WRONG_DATA_LENGTH = "wrong_data_length"
    NOT_ONE_KEY_AND_ITEM = "not_one_key_and_item"


@dataclass(frozen=True)
class PublicKey:
    """The answer to a key request."""

    public_key: bytes


@dataclass(frozen=True)
class Signature:
    """The answer to a signature request."""

    signature: bytes


@dataclass(frozen=True)
class KeyringRejection:
    """The answer to a request that this keyring can never fulfil."""

    reason: KeyringReason
    detail: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"[:512]


def is_parent(request: treasury.SignReqResponse) -> bool:
    """A request of several items is answered through its children, never itself."""
    return bool(request.child_req_ids)


def answer_key_request(
    request: treasury.KeyReqResponse, key_for: Callable[[int, KeyAlgorithm], SecretKey]
) -> PublicKey | KeyringRejection:
    """`key_for(id, type)` gives the same key whenever it is asked; a key's id is its request's.

    Raises what `key_for` raises, KeyTypeDiffers apart: a fault of the vault rejects nothing.
    """
    algorithm = _algorithm(request.key_type)
    if algorithm is None:
        return _unsupported(request.key_type)
    try:
        return PublicKey(key_for(request.id, algorithm).public_key)
    except KeyTypeDiffers as error:
        return KeyringRejection(KeyringReason.KEY_TYPE_DIFFERS, str(error))


def answer_signature_request(
    request: treasury.SignReqResponse, key: Callable[[int], SecretKey]
) -> Signature | KeyringRejection:
    """`key(key id)` raises KeyMissing for a key that this keyring never made."""
    algorithm = _algorithm(request.key_type)
    if algorithm is None:
        return _unsupported(request.key_type)
    key_ids, items = request.key_ids, request.data_for_signing
    if len(key_ids) != 1 or len(items) != 1:
        return KeyringRejection(
            KeyringReason.NOT_ONE_KEY_AND_ITEM,
            f"{len(key_ids)} keys and {len(items)} items in one request",
        )
    if algorithm is not KeyAlgorithm.EDDSA_ED25519 and len(items[0]) != DIGEST_LENGTH:
        return KeyringRejection(
            KeyringReason.WRONG_DATA_LENGTH,
            f"{algorithm} signs {DIGEST_LENGTH} bytes, not {len(items[0])}",
        )
    try:
        secret = key(key_ids[0])
    except KeyMissing:
        return KeyringRejection(KeyringReason.UNKNOWN_KEY, f"this keyring has no key {key_ids[0]}")
    if secret.algorithm is not algorithm:
        return KeyringRejection(
            KeyringReason.KEY_TYPE_DIFFERS,
            f"key {key_ids[0]} is {secret.algorithm}, not {algorithm}",
        )
    return Signature(secret.sign(items[0]))


def _algorithm(key_type: str) -> KeyAlgorithm | None:
    try:
        return KeyAlgorithm(key_type.upper().removeprefix("KEY_TYPE_"))
    except ValueError:
        return None


def _unsupported(key_type: str) -> KeyringRejection:
    known = ", ".join(KeyAlgorithm)
    return KeyringRejection(KeyringReason.UNSUPPORTED_KEY_TYPE, f"{key_type!r} is none of {known}")
