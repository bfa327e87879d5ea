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
    """The root of all errors of this package."""


class VaultError(KeyringError):
    """A key cannot be used now; the request stays pending until the vault is mended."""


class VaultUnusable(VaultError, OSError):
    """The message names the folder or the file, and what the system said of it."""


class WrongPassphrase(VaultError, PermissionError):
    """Nothing was changed: the right passphrase still opens the key."""


class ForeignVault(VaultError):
    """Key ids are request ids, so on another ledger somebody else would get the keys."""


class DamagedKey(VaultError, ValueError):
    """The message names the file, which is left as it is."""


class KeyMissing(VaultError, LookupError):
    """This keyring never made the key, or its file is gone."""


class KeyTypeDiffers(VaultError, ValueError):
    """The message names both types."""
