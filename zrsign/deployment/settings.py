"""The file that says what a deployment should be, on every chain that it is on.

One YAML file: who deploys, who holds which role, which wallet types and chains, fees, safety, and
the RPC of each network. Everything is checked when it is read; an unknown key is an error.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import yaml
from eth_typing import ChecksumAddress
from eth_utils.address import is_checksum_address
from eth_utils.crypto import keccak
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from zrsign.deployment.plan import (
    FEE_ROLE,
    MPC_ROLE,
    PAUSER_ROLE,
    DeployError,
    Mode,
    Safety,
    Strictness,
)
from zrsign_chains.caip import ChainId
from zrsign_chains.errors import ChainError
from zrsign_daemon.validation import faults

ADMIN_ROLE = bytes(32)
ROLE_NAMES = {
    ADMIN_ROLE: "DEFAULT_ADMIN_ROLE",
    MPC_ROLE: "MPC_ROLE",
    FEE_ROLE: "FEE_ROLE",
    PAUSER_ROLE: "PAUSER_ROLE",
}


def _address(text: str) -> ChecksumAddress:
    if not is_checksum_address(text):
        raise ValueError(f"{text!r} is not an address in EIP-55 notation")
    return ChecksumAddress(text)  # type: ignore[arg-type]


def _chain(text: str) -> str:
    try:
        ChainId.parse(text)
    except ChainError as error:
        raise ValueError(str(error)) from error
    return text


Address = Annotated[str, AfterValidator(_address)]
Chain = Annotated[str, AfterValidator(_chain)]
Uint = Annotated[int, Field(ge=0, lt=2**256)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Roles(_Part):
    """Who holds each role: these accounts and no others."""

    admin: tuple[Address, ...] = Field(min_length=1)
    mpc: tuple[Address, ...]
    fee: tuple[Address, ...]
    pauser: tuple[Address, ...]


class Fees(_Part):
    """Wei, gas and percent; the last two are of Direct only."""

    mpc_fee_wei: Uint
    resp_gas: Uint = 250_000
    resp_gas_price_buffer: Uint = 120


class SafetyRules(_Part):
    """What `zrsign.deployment.plan.Safety` demands, with the names of its flags in `strictness`."""

    strictness: tuple[str, ...] = tuple(str(flag.name) for flag in Safety().strictness)
    cancel_delay_s: Annotated[int, Field(ge=0, lt=2**32)] = 86_400
    max_mpc_fee_wei: Uint = 10**17
    max_resp_gas: Uint = 2_000_000
    max_resp_gas_price_buffer: Uint = 500

    @model_validator(mode="after")
    def _known(self) -> SafetyRules:
        unknown = set(self.strictness) - set(Strictness.__members__)
        if unknown:
            known = ", ".join(Strictness.__members__)
            raise ValueError(f"no strictness {', '.join(sorted(unknown))}; there are: {known}")
        return self

    @property
    def values(self) -> tuple[int, int, int, int, int]:
        """The arguments of the contract's `configureSafety`, in its order."""
        flags = sum(Strictness[name] for name in set(self.strictness))
        caps = (self.max_mpc_fee_wei, self.max_resp_gas, self.max_resp_gas_price_buffer)
        return (int(flags), self.cancel_delay_s, *caps)


class WalletChains(_Part):
    """A wallet type and the chains that it may sign for."""

    purpose: Annotated[int, Field(gt=0, lt=2**256)] = 44
    coin_type: Uint
    chains: tuple[Chain, ...]


class Network(_Part):
    """`rpc` may name environment variables as ${NAME}, so that a key in it stays out of the file.

    `from_block`: no event of the deployment is older; an RPC that limits logs needs it. Where the
    contract is older, or the node does not know its past, everything is read.
    """

    rpc: str
    from_block: int = Field(default=0, ge=0)


class Settings(_Part):
    """The whole file.

    `proxy` names a proxy that is there already, as of the older contracts; else deployer and salt
    say where it is.
    """

    mode: Mode
    proxy: Address | None = None
    salt: str
    deployer: Address
    proxy_admin: Address
    roles: Roles
    fees: Fees
    safety: SafetyRules = SafetyRules()
    wallets: tuple[WalletChains, ...]
    networks: dict[str, Network] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Settings:
        everyone = {self.deployer, *self.roles.admin, *self.roles.fee, *self.roles.pauser}
        if self.proxy_admin in everyone:
            raise ValueError(
                f"proxy_admin {self.proxy_admin} cannot deploy or hold a role: the "
                "account that changes code is to have no other power"
            )
        types = [(each.purpose, each.coin_type) for each in self.wallets]
        if len(set(types)) != len(types):
            raise ValueError("a wallet type is listed twice")
        return self

    @property
    def salt_bytes(self) -> bytes:
        """The salt of CREATE2: Keccak-256 of the text, 32 bytes."""
        return keccak(text=self.salt)

    @property
    def holders(self) -> dict[bytes, frozenset[str]]:
        """Accounts by role."""
        listed = (self.roles.admin, self.roles.mpc, self.roles.fee, self.roles.pauser)
        return {role: frozenset(each) for role, each in zip(ROLE_NAMES, listed, strict=True)}

    def network(self, name: str) -> Network:
        """A network of the file with the environment's values put in. Raises DeployError."""
        if name not in self.networks:
            known = ", ".join(self.networks) or "none"
            raise DeployError(f"No network {name!r} in the file; there are: {known}.")
        entry = self.networks[name]
        rpc = os.path.expandvars(entry.rpc)
        if "$" in rpc:
            raise DeployError(f"{name}: {entry.rpc} names a variable that is not set.")
        return entry.model_copy(update={"rpc": rpc})


def load(path: Path) -> Settings:
    """Read a file. Raises `DeployError` that says which key is wrong."""
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Settings.model_validate(content)
    except OSError as error:
        raise DeployError(f"Cannot read {path}: {error.strerror}.") from error
    except yaml.YAMLError as error:
        raise DeployError(f"{path} is not YAML: {error}") from error
    except ValidationError as error:
        raise DeployError(f"{path}: {faults(error)}.") from error
