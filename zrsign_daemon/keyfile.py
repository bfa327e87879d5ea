"""A daemon's own key: a file with a 32-byte secp256k1 secret in hexadecimal."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from zrsign_daemon.errors import SettingsError

# SEC 2, section 2.4.1.
SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
NEXT = "Restore the file, or name another as key_file."


def read_secret(path: Path) -> bytes:
    """The 32 bytes. Raises SettingsError, which never quotes what the file holds."""
    try:
        text = path.read_text()
    except OSError as error:
        raise SettingsError(f"Cannot read the key file {path}: {error.strerror}. {NEXT}") from None
    except UnicodeDecodeError:
        text = "no text"
    return secret_of(text, f"The key file {path}", NEXT)


def read_or_make_secret(path: Path) -> bytes:
    """The 32 bytes of a file; a missing one is made. Raises SettingsError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(FileExistsError):
            _make(path)
    except OSError as error:
        raise SettingsError(f"Cannot keep a key in {path}: {error.strerror}. {NEXT}") from None
    return read_secret(path)


def require_private(path: Path) -> None:
    """Raises SettingsError where others may read a secret: then they may have."""
    try:
        shared = path.stat().st_mode & 0o077
    except OSError as error:
        raise SettingsError(f"Cannot read {path}: {error.strerror}.") from None
    if shared:
        raise SettingsError(
            f"Others may read {path}. If nobody has, chmod 600 it; else take a new secret."
        )


def _make(path: Path) -> None:
    """Write a new key, whole or not at all. Raises FileExistsError where there is a file."""
    if path.exists():
        raise FileExistsError
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            secret = 1 + secrets.randbelow(SECP256K1_ORDER - 1)
            file.write(f"{secret:064x}\n")
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    finally:
        draft.unlink()


def secret_of(text: str, what: str, hint: str = "") -> bytes:
    """The 32 bytes that a text of `what` spells. Raises SettingsError, which never quotes it."""
    try:
        secret = bytes.fromhex(text.strip().removeprefix("0x"))
    except ValueError:
        raise SettingsError(f"{what} must hold 32 bytes in hexadecimal. {hint}".strip()) from None
    if len(secret) != 32:
        raise SettingsError(f"{what} holds {len(secret)} bytes; a key has 32. {hint}".strip())
    if not 0 < int.from_bytes(secret, "big") < SECP256K1_ORDER:
        raise SettingsError(f"{what} holds no secp256k1 key: out of range. {hint}".strip())
    return secret
