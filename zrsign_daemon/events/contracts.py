"""The contracts whose events are read, as settings name them."""

from __future__ import annotations

from typing import Annotated

from eth_utils.address import is_address, to_checksum_address
from pydantic import AfterValidator, Field


def _checksum(address: str) -> str:
    if not is_address(address):
        raise ValueError(f"{address!r} is not an EVM address (or its EIP-55 checksum is wrong)")
    return to_checksum_address(address)


ContractAddress = Annotated[str, AfterValidator(_checksum)]
"""The address of a contract, in EIP-55."""

EvmChainId = Annotated[str, Field(pattern=r"^eip155:[1-9][0-9]{0,31}$")]
"""The CAIP-2 id of an EVM chain."""
