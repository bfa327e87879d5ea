"""Profiles: networks that somebody runs elsewhere, described in `networks.toml`.

    default = "mine"

    [mine.ledger]
    chain_id = "zrchain-1"
    grpc = "https://ledger.example.org:9090"
    root = "1200:8f3c…"

    [mine.chains.sepolia]
    caip2 = "eip155:11155111"
    rpc_url = "https://rpc.example.org"

    [mine.contracts.omni]
    chain = "eip155:11155111"
    address = "0x…"

    [mine.accounts.user]
    keystore = "~/.ethereum/keystore/user.json"

The file is that of `ZRSIGN_NETWORKS`, else the one in `$XDG_CONFIG_HOME/zrsign`
(`~/.config/zrsign`). One in the working directory is not looked for: whoever wrote it would choose
which contract and node a key of the reader's pays.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError, field_validator

from zrsign.errors import ManifestError, UsageError
from zrsign.networks.accounts import ProfileAccount
from zrsign.networks.network import ChainEntry, Ledger, Network
from zrsign_daemon.validation import faults

if TYPE_CHECKING:
    from zrchain_lite.client import TrustSettings

FILE = "networks.toml"
LOCAL = "local"
"""The name of the network that `zrsign up` starts: no profile is called so."""
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_DEFAULT = re.compile(r"\Adefault = .*\n\n?")


class ProfileLedger(Ledger):
    """A ledger's node elsewhere; `root` expires after `trust_days` unless it is followed."""

    trust_days: float = Field(default=14, gt=0)
    # Keeps the last verified block, from which the next command goes on.
    trust_dir: Path | None = None

    @field_validator("root")
    @classmethod
    def _root(cls, text: str | None) -> str | None:
        from zrchain_lite.client import TrustedRoot

        return None if text is None else str(TrustedRoot.parse(text))

    def trust(self) -> TrustSettings | None:
        """What clients verify from; None where the profile has no root."""
        from zrchain_lite.client import TrustedRoot, TrustSettings

        if self.root is None:
            return None
        root = TrustedRoot.parse(self.root)
        folder = self.trust_dir or _state_home() / f"{self.chain_id}-{root.height}"
        return TrustSettings(root, folder=folder.expanduser(), period_s=self.trust_days * 86_400)


class Profile(Network):
    """A network elsewhere."""

    name: str
    ledger: ProfileLedger
    accounts: tuple[ProfileAccount, ...] = ()

    @field_validator("chains", "contracts", "accounts", mode="before")
    @classmethod
    def _named(cls, tables: object, info: Any) -> object:
        """A table of each, under its name, as TOML has them."""
        key = "mode" if info.field_name == "contracts" else "name"
        if not isinstance(tables, Mapping):
            raise ValueError(f"write [NAME.{info.field_name}.…], a table of each")  # noqa: TRY004
        return tuple({key: name, **each} for name, each in tables.items())

    def evm_chain(self) -> ChainEntry:
        """The first EVM chain. Raises ManifestError."""
        for entry in self.chains:
            if entry.caip2.startswith("eip155:"):
                return entry
        raise ManifestError(
            f"{self.name} has no EVM chain.", f"Name one below [{self.name}.chains]."
        )

    @property
    def how_to_get_one(self) -> str:
        """What a person does where a contract is missing."""
        return f"Deploy one (zrsign deploy), and name it below [{self.name}.contracts]."


@dataclass(frozen=True)
class Profiles:
    """The file with its profiles; `default` is the one that commands use unless told otherwise."""

    path: Path
    tables: Mapping[str, Any]
    default: str = LOCAL

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the profiles, in the order of the file."""
        return tuple(self.tables)

    def profile(self, name: str) -> Profile:
        """The profile with this name. Raises ManifestError."""
        if name not in self.tables:
            known = ", ".join(self.names) or "none"
            raise ManifestError(
                f"No network {name!r} in {self.path}.",
                f"There are: {known}. Add one: zrsign networks add {name}",
            )
        try:
            return Profile.model_validate({"name": name, **self.tables[name]})
        except (ValidationError, TypeError) as error:
            said = faults(error) if isinstance(error, ValidationError) else "is no table"
            raise ManifestError(
                f"{self.path}: [{name}] {said}.",
                "Mend it with an editor; zrsign networks add writes a whole one.",
            ) from None

    def add(self, name: str, text: str) -> None:
        """Write the tables of a new profile to the end of the file.

        Raises UsageError, and ManifestError for tables that are no profile.
        """
        if name == LOCAL or not NAME.fullmatch(name):
            raise UsageError(
                f"A network cannot be called {name!r}.",
                f"Use small letters, digits, - and _; {LOCAL} is the one of zrsign up.",
            )
        if name in self.tables:
            raise UsageError(f"{self.path} has a network {name!r} already.", "Choose another name.")
        Profiles(self.path, tomllib.loads(text)).profile(name)
        before = self.path.read_text() if self.path.exists() else ""
        self._write(f"{before.rstrip()}\n\n{text}".lstrip())

    def use(self, name: str) -> None:
        """Make a profile the default, or the local network. Raises ManifestError."""
        if name != LOCAL:
            self.profile(name)
        rest = _DEFAULT.sub("", self.path.read_text() if self.path.exists() else "")
        self._write(rest if name == LOCAL else f'default = "{name}"\n\n{rest}')

    def _write(self, text: str) -> None:
        """Replace the file at once. Raises UsageError rather than write what does not parse."""
        try:
            tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(
                f"{self.path} would not parse: {error}.", "Write it with an editor."
            ) from None
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".draft")
        # URLs of nodes hold keys and passwords.
        draft.touch(mode=0o600)
        draft.write_text(text)
        draft.replace(self.path)


def path_of_profiles() -> Path:
    """Where the profiles are, or would be."""
    if given := os.environ.get("ZRSIGN_NETWORKS"):
        return _path(given)
    return _path(os.environ.get("XDG_CONFIG_HOME") or "~/.config") / "zrsign" / FILE


def read_profiles(path: Path | None = None) -> Profiles:
    """The profiles of the file; none where there is no file. Raises ManifestError."""
    path = path or path_of_profiles()
    try:
        found = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return Profiles(path, {})
    except OSError as error:
        raise ManifestError(f"Cannot read {path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path} does not parse: {error}.", "Mend it with an editor.") from None
    default = found.pop("default", LOCAL)
    return Profiles(path, found, str(default))


def _state_home() -> Path:
    """The folder for what programs remember between runs (XDG Base Directory Specification)."""
    return _path(os.environ.get("XDG_STATE_HOME") or "~/.local/state") / "zrsign" / "trust"


def _path(text: str) -> Path:
    """Expand ~ where there is a home directory; elsewhere it stays."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 - Path.expanduser raises without one
