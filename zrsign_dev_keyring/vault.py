"""Keys at rest: one file a key, sealed with a passphrase.

scrypt (RFC 7914) turns the passphrase into a master key, once for all files that share a salt;
HKDF-SHA256 (RFC 5869) derives a key of each file's own; ChaCha20-Poly1305 (RFC 8439) seals the
secret, with the file's id, type and public key as associated data, so that no file can stand in for
another. A file is on disk, whole, before its key is used, and is never written again.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import threading
from pathlib import Path
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zrsign_chains.wallets import KeyAlgorithm
from zrsign_daemon.validation import faults
from zrsign_dev_keyring.errors import (
    DamagedKey,
    ForeignVault,
    KeyMissing,
    KeyTypeDiffers,
    VaultUnusable,
    WrongPassphrase,
)
from zrsign_dev_keyring.keys import SecretKey

Hex32 = Field(pattern=r"^[0-9a-f]{64}$")


class Scrypt(BaseModel):
    """Cost and salt. Memory is 128 * n * r bytes; bounds keep a hostile file from taking it all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: Literal[1024, 16384, 32768, 65536, 131072, 262144] = 131072
    r: int = Field(default=8, ge=1, le=16)
    p: int = Field(default=1, ge=1, le=4)
    salt: str = Hex32

    def derive(self, passphrase: bytes) -> bytes:
        """The master key, 32 bytes."""
        memory = 128 * self.n * self.r * 2
        salt = bytes.fromhex(self.salt)
        return hashlib.scrypt(
            passphrase, salt=salt, n=self.n, r=self.r, p=self.p, maxmem=memory, dklen=32
        )


class SealedKey(BaseModel):
    """A key file's content; byte strings are hexadecimal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    key_id: int = Field(ge=0)
    key_type: KeyAlgorithm
    public_key: str = Field(pattern=r"^([0-9a-f]{64}|[0-9a-f]{66})$")
    scrypt: Scrypt
    # Tells a wrong passphrase from a damaged file.
    check: str = Hex32
    nonce: str = Field(pattern=r"^[0-9a-f]{24}$")
    sealed: str = Field(pattern=r"^[0-9a-f]{96}$")

    @property
    def associated_data(self) -> bytes:
        """What is sealed together with the secret, so that no file stands in for another."""
        return f"{_CONTEXT}/{self.key_id}/{self.key_type}/{self.public_key}".encode()


_CONTEXT = "zrsign local keyring v1"
_FILE = re.compile(r"key-(\d+)\.json")


class Vault:
    """A folder of sealed keys. Safe to call from several threads.

    Opening checks the passphrase against a key that is there. Raises VaultError.
    """

    def __init__(self, folder: Path, passphrase: bytes, *, scrypt_n: int = 131072):
        self._folder, self._passphrase = folder, passphrase
        self._lock = threading.Lock()
        self._masters: dict[Scrypt, bytes] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._sweep()
            ids = self.key_ids()
        except OSError as error:
            raise VaultUnusable(f"Cannot use the vault {folder}: {error.strerror}.") from None
        if ids:
            self._scrypt = self._read(ids[0]).scrypt
            self.key(ids[0])
        else:
            self._scrypt = Scrypt.model_validate({"n": scrypt_n, "salt": secrets.token_hex(32)})

    def key_ids(self) -> list[int]:
        """Ids of the keys that are there, ascending. Raises OSError."""
        found = (_FILE.fullmatch(path.name) for path in self._folder.iterdir())
        return sorted(int(match[1]) for match in found if match)

    def key(self, key_id: int) -> SecretKey:
        """Raises KeyMissing, WrongPassphrase or DamagedKey."""
        with self._lock:
            return self._open(self._read(key_id))

    def key_for(self, key_id: int, algorithm: KeyAlgorithm) -> SecretKey:
        """The key under that id; made, sealed and on disk before this returns if it is new.

        Raises KeyTypeDiffers when it exists with another type, and what `key` raises.
        """
        with self._lock:
            try:
                key = self._open(self._read(key_id))
            except KeyMissing:
                key = SecretKey.generate(algorithm)
                sealed = self._seal(key_id, key)
                self._write(self.path(key_id), sealed.model_dump_json(indent=1).encode())
            if key.algorithm is not algorithm:
                raise KeyTypeDiffers(f"key {key_id} exists as {key.algorithm}, not {algorithm}")
            return key

    def claim(self, ledger: str) -> None:
        """Keep the keys with one ledger, named by `ledger`. Their ids are its requests': on another
        one, somebody else would get them. Raises ForeignVault.
        """
        path = self._folder / "ledger"
        with self._lock:
            try:
                if not path.exists():
                    self._write(path, ledger.encode())
                known = path.read_text()
            except OSError as error:
                raise VaultUnusable(f"Cannot read {path}: {error.strerror}.") from None
        if known != ledger:
            raise ForeignVault(
                f"The vault {self._folder} holds keys of ledger {known}, and this one is {ledger}. "
                "Give it a folder of its own; on no account remove the file that says so."
            )

    def path(self, key_id: int) -> Path:
        """The file of a key, whether it is there or not."""
        return self._folder / f"key-{key_id}.json"

    def _master(self, scrypt: Scrypt) -> bytes:
        if scrypt not in self._masters:
            self._masters[scrypt] = scrypt.derive(self._passphrase)
        return self._masters[scrypt]

    def _seal(self, key_id: int, key: SecretKey) -> SealedKey:
        master, nonce = self._master(self._scrypt), secrets.token_bytes(12)
        blank = SealedKey(
            key_id=key_id,
            key_type=key.algorithm,
            public_key=key.public_key.hex(),
            scrypt=self._scrypt,
            check=_check(master).hex(),
            nonce=nonce.hex(),
            sealed=bytes(48).hex(),
        )
        cipher = ChaCha20Poly1305(_file_key(master, blank))
        sealed = cipher.encrypt(nonce, key.secret, blank.associated_data)
        return blank.model_copy(update={"sealed": sealed.hex()})

    def _open(self, sealed: SealedKey) -> SecretKey:
        path = self.path(sealed.key_id)
        master = self._master(sealed.scrypt)
        if not hmac.compare_digest(_check(master).hex(), sealed.check):
            raise WrongPassphrase(
                f"The passphrase does not open {path}. Give the one that the vault was made with, "
                "or another folder."
            )
        cipher = ChaCha20Poly1305(_file_key(master, sealed))
        nonce, box = bytes.fromhex(sealed.nonce), bytes.fromhex(sealed.sealed)
        try:
            secret = cipher.decrypt(nonce, box, sealed.associated_data)
        except InvalidTag:
            raise _damaged(path, "its seal is broken") from None
        return SecretKey(sealed.key_type, secret)

    def _read(self, key_id: int) -> SealedKey:
        path = self.path(key_id)
        try:
            sealed = SealedKey.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            raise KeyMissing(f"There is no key {key_id} in {self._folder}.") from None
        except OSError as error:
            raise VaultUnusable(f"Cannot read {path}: {error.strerror}.") from None
        except ValidationError as error:
            raise _damaged(path, faults(error)) from None
        if sealed.key_id != key_id:
            raise _damaged(path, f"it holds key {sealed.key_id}")
        return sealed

    def _write(self, path: Path, content: bytes) -> None:
        """Make the file appear whole or not at all; a link refuses to replace one that is there."""
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            path.hardlink_to(draft)
            draft.unlink()
            _sync_folder(self._folder)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise VaultUnusable(
                f"Cannot write {path}: {error.strerror}. No key was handed out."
            ) from None

    def _sweep(self) -> None:
        """Drafts that a crash left behind never became keys."""
        for draft in self._folder.glob(".*.tmp"):
            draft.unlink(missing_ok=True)


def _check(master: bytes) -> bytes:
    return hmac.digest(master, f"{_CONTEXT}/check".encode(), "sha256")


def _file_key(master: bytes, sealed: SealedKey) -> bytes:
    info = f"{_CONTEXT}/{sealed.key_id}/{sealed.key_type}".encode()
    return HKDF(SHA256(), 32, salt=None, info=info).derive(master)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _damaged(path: Path, fault: str) -> DamagedKey:
    return DamagedKey(f"{path} is damaged: {fault}. Restore it from a backup; it is left as it is.")
