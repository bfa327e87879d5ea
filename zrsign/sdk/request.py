"""What a request says besides its payload: which contract, which options, and where it was made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from eth_typing import ChecksumAddress


class Options(IntEnum):
    """What the network manages for a wallet; the mpc fee is multiplied by it."""

    NORMAL = 1
    # Nonce, gas and UTXOs are the network's business: needed for simple transactions.
    MONITORING = 2


class ContractMode(StrEnum):
    """Which contract is asked: Direct takes the answer back, Omni leaves it on the ledger."""

    DIRECT = "direct"
    OMNI = "omni"


@dataclass(frozen=True)
class RequestRef:
    """Where a request was made: the idempotency key of the whole road."""

    chain: str
    contract: ChecksumAddress
    tx_hash: bytes
    log_index: int
    # None for key requests, which the contract does not number.
    trace_id: int | None

    def __str__(self) -> str:
        return f"0x{self.tx_hash.hex()}:{self.log_index}"
