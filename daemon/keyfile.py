"""A daemon's own key: a file with a 32-byte secret in hex, readable by its owner."""

from __future__ import annotations

from pathlib import Path

from daemon.errors import SettingsError


def read_secret(path: Path) -> bytes:
    """The 32 bytes. Raises SettingsError, which never quotes what the file holds."""
    try:
        secret = bytes.fromhex(path.read_text().strip().removeprefix("0x"))
    except OSError as error:
        raise SettingsError(f"Cannot read the key file {path}: {error.strerror}.") from None
    except ValueError:
        raise SettingsError(f"The key file {path} must hold 32 bytes in hex.") from None
    if len(secret) != 32:
        raise SettingsError(f"The key file {path} holds {len(secret)} bytes; a key has 32.")
    return secret
