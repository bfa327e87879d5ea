"""The genesis file: chain id, time, and each module's first state, as JSON.

{
  "chain_id": "zenrock",
  "genesis_time": "2026-01-01T00:00:00Z",
  "app_state": {"bank": {"balances": […]}, …}
}

A module's part may be its whole state instead, as `exported.py` writes it. A chain of several
validators also names them, as CometBFT's genesis does:

  "validators": [{"pub_key": {"type": "tendermint/PubKeyEd25519", "value": "…"}, "power": "1"}]
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from google.protobuf import json_format
from google.protobuf.message import Message
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from zrchain_lite import decimals
from zrchain_lite.errors import InvalidArgument, LedgerError
from zrsign_daemon.validation import faults

M = TypeVar("M", bound=Message)


class GenesisError(LedgerError):
    """The genesis file says something that cannot be; nothing was stored."""


class GenesisKey(BaseModel):
    """A validator's public key, in CometBFT's JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["tendermint/PubKeyEd25519"] = "tendermint/PubKeyEd25519"
    value: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$")]
    """32 bytes in base64."""


class GenesisValidator(BaseModel):
    """Who signs the first block, and with how much power."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pub_key: GenesisKey
    power: Annotated[int, Field(ge=1, lt=2**60)] = 1
    name: Annotated[str, Field(max_length=70)] = ""


class Genesis(BaseModel):
    """A validated genesis. What is inside each module's part, the module checks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    chain_id: Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9_-]{2,49}$")] = "zenrock"
    genesis_time: AwareDatetime = datetime(2026, 1, 1, tzinfo=UTC)
    initial_height: Annotated[int, Field(ge=1, lt=2**62)] = 1
    """The height of the first block: an exported chain goes on where it stood."""
    app_state: dict[str, dict[str, Any]] = Field(default_factory=dict)
    validators: tuple[GenesisValidator, ...] = ()
    """Those of CometBFT; without any, the node is the one validator of its chain."""

    @property
    def time_ms(self) -> int:
        """The genesis time in Unix milliseconds."""
        return int(self.genesis_time.timestamp() * 1000)

    def app_state_bytes(self) -> bytes:
        """The state in one encoding, as `RequestInitChain` carries it."""
        return json.dumps(self.app_state, sort_keys=True, separators=(",", ":")).encode()


def load(path: Path) -> Genesis:
    """Read and validate; raises GenesisError."""
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise GenesisError(f"cannot read the genesis file {path}: {error.strerror}") from None
    except GenesisError as error:
        raise GenesisError(f"{path}: {error}") from None


def parse(text: str | bytes) -> Genesis:
    """Validate the text of a genesis file; raises GenesisError naming the field."""
    try:
        return Genesis.model_validate_json(text)
    except ValidationError as error:
        raise GenesisError(faults(error)) from None


def parse_app_state(data: bytes) -> dict[str, dict[str, Any]]:
    """The state that `RequestInitChain.app_state_bytes` carries."""
    try:
        state = json.loads(data or b"{}")
    except ValueError as error:
        raise GenesisError(f"app_state is not JSON: {error}") from None
    if not isinstance(state, dict) or not all(isinstance(part, dict) for part in state.values()):
        raise GenesisError("app_state is not an object of objects by module name")
    return state


class Part(Mapping[str, Any]):
    """A module's part of the state, which knows what of it was asked for."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields
        self._asked: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self._asked.add(name)
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def require_read(self, module: str) -> None:
        """Raises GenesisError for what the module did not ask for: it would be lost."""
        lost = sorted(self._fields.keys() - self._asked)
        if lost:
            raise GenesisError(
                f"{module} does not read {', '.join(lost)}: a part holds the settings that the "
                "ledger's page names, or a whole state as `zrsign ledger export` writes it, and "
                "not zrChain's GenesisState, which lacks approvals, deadlines and escrow"
            )


def message_from(message: type[M], value: Any, where: str) -> M:
    """A protobuf message from its JSON form; raises GenesisError naming `where`."""
    try:
        return json_format.ParseDict(value, message())
    except (json_format.ParseError, TypeError, ValueError, AttributeError) as error:
        raise GenesisError(f"{where}: {error}") from None


def params_from(default: M, value: Any, where: str) -> M:
    """A module's parameters: those that genesis names (decimals as people write them), and the
    default of the others. Raises GenesisError naming `where`.
    """
    written = dict(value) if isinstance(value, Mapping) else {"": value}
    params = type(default)()
    params.CopyFrom(default)
    try:
        for field in default.DESCRIPTOR.fields:
            if field.name in written:
                params.ClearField(field.name)
            if field.name in written and decimals.is_decimal(field):
                digits = str(decimals.parse(str(written.pop(field.name))))
                is_text = field.type == field.TYPE_STRING
                setattr(params, field.name, digits if is_text else digits.encode())
        params.MergeFrom(message_from(type(default), written, where))
    except InvalidArgument as error:
        raise GenesisError(f"{where}: {error}") from None
    return params
