"""The key with which the one validator of an embedded engine signs its blocks.

It is kept in the store's folder as CometBFT keeps a validator's: `priv_validator_key.json`.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from zrchain_lite.errors import LedgerError
from zrchain_lite.light import hashes
from zrchain_lite.wire.tendermint.abci.types_pb2 import CommitInfo, VoteInfo
from zrchain_lite.wire.tendermint.abci.types_pb2 import Validator as AbciValidator
from zrchain_lite.wire.tendermint.crypto.keys_pb2 import PublicKey
from zrchain_lite.wire.tendermint.types.types_pb2 import (
    BLOCK_ID_FLAG_COMMIT,
    BlockID,
    Commit,
    CommitSig,
    Header,
)
from zrchain_lite.wire.tendermint.types.validator_pb2 import Validator, ValidatorSet

FILE = "priv_validator_key.json"
POWER = 1


class ValidatorKeyError(LedgerError):
    """The key's file cannot be used."""


class ValidatorKey:
    """An Ed25519 key that signs the blocks of one chain, and the set of which it is all."""

    def __init__(self, seed: bytes) -> None:
        self._key = SigningKey(seed)
        self.public = bytes(self._key.verify_key)
        self.address = hashes.address(self.public)
        self.validators = ValidatorSet(
            validators=[
                Validator(
                    address=self.address,
                    pub_key=PublicKey(ed25519=self.public),
                    voting_power=POWER,
                )
            ],
            total_voting_power=POWER,
        )
        self.signed = CommitInfo(
            votes=[
                VoteInfo(
                    validator=AbciValidator(address=self.address, power=POWER),
                    block_id_flag=BLOCK_ID_FLAG_COMMIT,
                )
            ]
        )
        """What the application hears of a block's commit: this validator has signed."""
        self.validators_hash = hashes.validators_hash([(self.public, POWER)])

    @classmethod
    def kept(cls, folder: Path) -> ValidatorKey:
        """The folder's key, a new one where there is none; raises ValidatorKeyError."""
        path = folder / FILE
        try:
            if not path.exists():
                _write(path, SigningKey(secrets.token_bytes(32)))
            if path.stat().st_mode & 0o077:
                raise ValidatorKeyError(f"others may read {path}: run chmod 600 {path}")
            private = json.loads(path.read_text())["priv_key"]["value"]
            return cls(base64.b64decode(private, validate=True)[:32])
        except OSError as error:
            raise ValidatorKeyError(f"cannot use {path}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError):
            raise ValidatorKeyError(
                f"{path} holds no validator key of CometBFT's format; restore it from a backup"
            ) from None

    def commit(self, header: Header, block_id: BlockID) -> Commit:
        """The block's commit: this key's precommit in round 0, of the block's own time."""
        message = hashes.precommit(header.chain_id, header.height, 0, block_id, header.time)
        vote = CommitSig(
            block_id_flag=BLOCK_ID_FLAG_COMMIT,
            validator_address=self.address,
            timestamp=header.time,
            signature=self._key.sign(message).signature,
        )
        return Commit(height=header.height, block_id=block_id, signatures=[vote])


def public_json(public: bytes) -> dict[str, str]:
    """A public key (32 bytes) in CometBFT's JSON."""
    return {"type": "tendermint/PubKeyEd25519", "value": base64.b64encode(public).decode()}


def private_json(key: SigningKey) -> dict[str, str]:
    """A private key in CometBFT's JSON: the seed, and the public key after it."""
    both = bytes(key) + bytes(key.verify_key)
    return {"type": "tendermint/PrivKeyEd25519", "value": base64.b64encode(both).decode()}


def _write(path: Path, key: SigningKey) -> None:
    public = bytes(key.verify_key)
    text = {
        "address": hashes.address(public).hex().upper(),
        "pub_key": public_json(public),
        "priv_key": private_json(key),
    }
    write_private(path, text)


def write_private(path: Path, text: Mapping[str, Any]) -> None:
    """Write JSON that its owner alone may read (0600), durably and at once."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(text, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
