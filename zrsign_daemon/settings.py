"""One way to configure a daemon: a TOML or JSON file, then environment variables above it.

A variable is `ZRSIGN_<DAEMON>_<FIELD>`, nested fields joined by two underscores:
`ZRSIGN_RELAYER_LEDGER__GRPC`.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError as MalformedVariable

from zrsign_daemon.errors import SettingsError
from zrsign_daemon.validation import faults


class Settings(BaseSettings):
    """Base of a daemon's settings; subclasses set `model_config = settings_for("relayer")`.

    The string below a field is its description in docs/settings.md.
    """

    model_config = SettingsConfigDict(use_attribute_docstrings=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Values of the environment stand above those of the file, and nothing else is read."""
        return env_settings, init_settings


class Part(BaseModel):
    """Base of a nested table in a settings file.

    Unknown keys are refused, so a typo is not silently ignored.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class LedgerAccess(Part):
    """The `[ledger]` table of every daemon: where the ledger is, and the daemon's account there."""

    grpc: str
    """Where a ledger node answers gRPC, as host:port, or https://host:port for TLS."""
    endpoints: tuple[str, ...] = ()
    """Further nodes of the same chain; with a root, one honest node among all is enough."""
    root: str | None = Field(default=None, pattern=r"^[1-9]\d{0,18}:[0-9a-fA-F]{64}$")
    """A block of the chain that is trusted, as HEIGHT:HASH; without one the nodes are believed."""
    max_age_s: float = Field(default=60.0, gt=0)
    """How old the newest block may be by this machine's clock, in seconds, with a root."""
    trust_days: float = Field(default=14.0, gt=0)
    """How long a verified block is trusted, in days: less than a validator's stake is bound for."""
    trust_dir: Path | None = None
    """Folder that keeps the last verified block, from which a restart goes on, and evidence of
    forks; an operator's is in its `anchor_dir` where none is named."""
    ca: Path | None = None
    """Certificates that the node's is verified by, in PEM; those of the system without it."""
    key_file: Path
    """File with the secp256k1 secret of the daemon's ledger account: 32 bytes in hexadecimal."""


def settings_for(daemon: str) -> SettingsConfigDict:
    """The configuration of a settings class whose variables begin with `ZRSIGN_<DAEMON>_`."""
    return SettingsConfigDict(
        env_prefix=f"ZRSIGN_{daemon.upper()}_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
    )


S = TypeVar("S", bound=Settings)


def load(model: type[S], path: Path) -> S:
    """Read `path` (.toml or .json) into `model`.

    Raises SettingsError naming the file, the field and the value's fault.
    """
    try:
        return model(**_read(path))
    except ValidationError as error:
        raise SettingsError(f"{path}: {faults(error)}. Correct the file and start again.") from None
    except MalformedVariable as error:
        prefix = model.model_config.get("env_prefix", "")
        raise SettingsError(
            f"{error}. A variable {prefix}… does not parse as JSON; correct or unset it."
        ) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"Cannot read the settings {path}: {error.strerror}. Give its path with --config."
        ) from None
    try:
        text = content.decode()
        values = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise SettingsError(f"{path} does not parse: {error}.") from None
    if not isinstance(values, dict):
        raise SettingsError(f"{path} must hold a table, not a {type(values).__name__}.")
    return values
