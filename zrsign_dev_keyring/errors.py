"""Errors of the local keyring.

KeyringError
└── VaultError
    ├── VaultUnusable    the folder or the passphrase file cannot be read or written
    ├── WrongPassphrase  the passphrase does not open a key that is there
    ├── ForeignVault     the keys that are there belong to another ledger
    ├── DamagedKey       a key file was altered or cut
    ├── KeyMissing       no key under that id
    └── KeyTypeDiffers   the key under that id is of another type than asked for
"""

from __future__ import annotations

from zrsign_daemon.errors import DaemonError


class KeyringError(DaemonError):
    """Root."""


class VaultError(KeyringError):
    pass


class VaultUnusable(VaultError, OSError):
    pass


class WrongPassphrase(VaultError, PermissionError):
    pass


class ForeignVault(VaultError):
    pass


class DamagedKey(VaultError, ValueError):
    pass


class KeyMissing(VaultError, LookupError):
    pass


class KeyTypeDiffers(VaultError, ValueError):
    pass
