"""A daemon's own key: a file with a 32-byte secp256k1 secret in hexadecimal."""

from __future__ import annotations

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
