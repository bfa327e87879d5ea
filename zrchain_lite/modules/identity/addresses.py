"""Addresses of workspaces and keyrings, and the owner identities that a workspace may name.

A workspace's address is bech32 of 10 bytes under `workspace`, a keyring's of 11 bytes under
`keyring`; both come from a count that starts at 1 (`zrsign_chains.cosmos`). An owner is a ledger
account (`zen1…`), an externally owned account (EIP-55, one identity on all EVM chains) or a
contract (CAIP-10, scoped to its chain).
"""

from __future__ import annotations

import re
from functools import lru_cache

from eth_utils.address import is_checksum_address, to_checksum_address

from zrchain_lite.errors import InvalidArgument
from zrsign_chains.cosmos import (
    ACCOUNT_PREFIX,
    KEYRING_LENGTH,
    KEYRING_PREFIX,
    WORKSPACE_LENGTH,
    WORKSPACE_PREFIX,
    decode,
    keyring_address,
    workspace_address,
)
from zrsign_chains.errors import MalformedAddress

__all__ = [
    "keyring_address",
    "normalise_owner",
    "require_account",
    "require_keyring",
    "require_workspace",
    "workspace_address",
]

# Accounts have 20 bytes (a key's hash) or 32 (a module's derived address).
ACCOUNT_LENGTHS = (20, 32)
MAX_TEXT = 90

_EVM = re.compile(r"0x[0-9a-fA-F]{40}")
_CAIP10 = re.compile(r"(eip155:[1-9][0-9]{0,31}):(0x[0-9a-fA-F]{40})")


def require_workspace(address: str) -> str:
    """The address itself; raises InvalidArgument when it cannot be a workspace's."""
    return _require(address, WORKSPACE_PREFIX, (WORKSPACE_LENGTH,))


def require_keyring(address: str) -> str:
    """The address itself; raises InvalidArgument when it cannot be a keyring's."""
    return _require(address, KEYRING_PREFIX, (KEYRING_LENGTH,))


def require_account(address: str) -> str:
    """The address itself; raises InvalidArgument when it cannot be a ledger account's."""
    return _require(address, ACCOUNT_PREFIX, ACCOUNT_LENGTHS)


def normalise_owner(owner: str) -> str:
    """An owner in its one spelling; mixed case must be a right EIP-55 checksum."""
    if _EVM.fullmatch(owner):
        return _checksummed(owner)
    if match := _CAIP10.fullmatch(owner):
        return f"{match[1]}:{_checksummed(match[2])}"
    if owner.startswith(ACCOUNT_PREFIX + "1"):
        return require_account(owner)
    raise InvalidArgument(
        f"owner {owner[:MAX_TEXT]!r} is neither a zen1… account, an EIP-55 address "
        "nor eip155:<chain>:<address>"
    )


def _checksummed(address: str) -> str:
    digits = address[2:]
    if digits not in (digits.lower(), digits.upper()) and not is_checksum_address(address):
        raise InvalidArgument(f"address {address} has a wrong EIP-55 checksum; copy it again")
    return str(to_checksum_address(address))


# bech32 in Python is a quarter of a request's time, and the same addresses come again. Only right
# ones are kept, which are short.
@lru_cache(maxsize=16_384)
def _require(address: str, prefix: str, lengths: tuple[int, ...]) -> str:
    try:
        found, payload = decode(address[: MAX_TEXT + 1])
    except MalformedAddress as error:
        raise InvalidArgument(str(error)) from None
    if found != prefix or len(payload) not in lengths:
        raise InvalidArgument(
            f"{address!r} has prefix {found!r} and {len(payload)} bytes; "
            f"expected {prefix!r} and {' or '.join(map(str, lengths))}"
        )
    return address
