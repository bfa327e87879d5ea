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
        secret = bytes.fromhex(path.read_text().strip().removeprefix("0x"))
    except OSError as error:
        raise SettingsError(f"Cannot read the key file {path}: {error.strerror}. {NEXT}") from None
    except ValueError:
        raise SettingsError(
            f"The key file {path} must hold 32 bytes in hexadecimal. {NEXT}"
        ) from None
    if len(secret) != 32:
        raise SettingsError(f"The key file {path} holds {len(secret)} bytes; a key has 32. {NEXT}")
    if not 0 < int.from_bytes(secret, "big") < SECP256K1_ORDER:
        raise SettingsError(f"The key file {path} holds no secp256k1 key: out of range. {NEXT}")
    return secret
