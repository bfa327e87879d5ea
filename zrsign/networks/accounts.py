"""The accounts of a profile: where the key of each lies, and how it is opened.

A keystore file (Web3 Secret Storage, version 3) opens with a password: that of `password_file`,
else `ZRSIGN_KEYSTORE_PASSWORD`, else the one that is typed. A key in the environment is for tests,
and said to be. Nothing here shows a secret.
"""

from __future__ import annotations

import getpass
import json
import os
import sys
import warnings
from functools import cached_property
from pathlib import Path

from eth_utils.address import is_address, to_checksum_address
from pydantic import model_validator

from zrsign.errors import ManifestError
from zrsign.networks.network import UserAccount
from zrsign_daemon.errors import SettingsError
from zrsign_daemon.keyfile import read_secret, secret_of

PASSWORD = "ZRSIGN_KEYSTORE_PASSWORD"  # noqa: S105 - the variable's name
WARNING = "a key in the environment is for tests: every program that you start can read it"
SOURCES = ("keystore", "key_file", "private_key_env")


class ProfileAccount(UserAccount):
    """An account that names one source of its key."""

    # Web3 Secret Storage, as geth, Foundry (`cast wallet import`) and ape write it.
    keystore: Path | None = None
    password_file: Path | None = None
    # 32 bytes in hexadecimal.
    key_file: Path | None = None
    # The variable that holds 32 bytes in hexadecimal.
    private_key_env: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> ProfileAccount:
        if sum(bool(getattr(self, name)) for name in SOURCES) != 1:
            raise ValueError(f"an account names one of {', '.join(SOURCES)}")
        return self

    @property
    def source(self) -> str:
        """Where the key lies, for a person."""
        return str(self.keystore or self.key_file or f"${self.private_key_env}")

    def found(self) -> str:
        """Look for the key without a password; a note for a person. Raises ManifestError."""
        if self.keystore is not None:
            self._read_keystore()
            return ""
        self.secret()
        return WARNING if self.private_key_env else ""

    def secret(self) -> bytes:
        """The account's secret key, 32 bytes, asked for once. Raises ManifestError."""
        return self._opened

    @property
    def ledger_address(self) -> str:
        """The account's address on the ledger, which follows from its key. Raises ManifestError."""
        return self.ledger().address

    @property
    def owner(self) -> str:
        """The account's EVM address; a keystore names it unopened. Raises ManifestError."""
        if self.keystore is not None:
            named = str(self._read_keystore().get("address", ""))
            if is_address(named):
                return to_checksum_address(named)
        return str(self.evm().address)

    def known_addresses(self) -> tuple[str, ...]:
        """Both addresses once the key was used; what a keystore says before."""
        if "_opened" in self.__dict__:
            return super().known_addresses()
        try:
            return () if self.keystore is None else (self.owner,)
        except ManifestError:
            return ()

    @cached_property
    def _opened(self) -> bytes:
        if self.keystore is not None:
            return self._decrypted()
        try:
            if self.key_file is not None:
                return read_secret(self.key_file.expanduser())
            return self._from_environment()
        except SettingsError as error:
            raise ManifestError(f"No key of {self.name}: {error}") from None

    def _from_environment(self) -> bytes:
        if (text := os.environ.get(self.private_key_env)) is None:
            raise ManifestError(
                f"No key of {self.name}: ${self.private_key_env} is not set.",
                "A keystore file is safer: name it as keystore in the profile.",
            )
        warnings.warn(f"account {self.name}: {WARNING}", stacklevel=2)
        return secret_of(text, f"${self.private_key_env}")

    def _read_keystore(self) -> dict[str, object]:
        path = (self.keystore or Path()).expanduser()
        try:
            found = json.loads(path.read_text())
            if isinstance(found, dict):
                return found
        except OSError as error:
            raise ManifestError(
                f"Cannot read the keystore of {self.name}, {path}: {error.strerror}.",
                "Make one: cast wallet import, geth account import, or ape accounts import",
            ) from None
        except ValueError:
            pass
        raise ManifestError(
            f"{path} is no keystore.", "It is a JSON file of Web3 Secret Storage, version 3."
        )

    def _decrypted(self) -> bytes:
        from eth_account import Account

        kept = self._read_keystore()
        try:
            return bytes(Account.decrypt(kept, self._password()))
        except (ValueError, KeyError, TypeError, NotImplementedError):
            raise ManifestError(
                f"The keystore {self.keystore} does not open.",
                f"Is the password right? It comes from password_file, {PASSWORD} or the keyboard.",
            ) from None

    def _password(self) -> str:
        if self.password_file is not None:
            try:
                return self.password_file.expanduser().read_text().rstrip("\n")
            except OSError as error:
                raise ManifestError(
                    f"Cannot read {self.password_file}: {error.strerror}.",
                    "It holds the keystore's password.",
                ) from None
        if (given := os.environ.get(PASSWORD)) is not None:
            return given
        if not sys.stdin.isatty():
            raise ManifestError(
                f"The keystore {self.keystore} wants a password, and nobody is there to type it.",
                f"Name a password_file in the profile, or set {PASSWORD}.",
            )
        return getpass.getpass(f"Password of {self.keystore}: ")
