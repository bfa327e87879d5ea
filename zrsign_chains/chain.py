"""What every destination chain can do: one protocol, no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class UnsignedTx:
    """A parsed unsigned transaction; each chain's subclass carries the rest.

    `raw` is the payload as it came. `to` and `amount` say who is paid what (in the chain's smallest
    unit, or the token's when `contract` is a token), None where that cannot be told.
    """

    raw: bytes
    to: str | None
    amount: int | None
    contract: str | None


@dataclass(frozen=True, slots=True)
class Intent:
    """What a SimpleTx asks for: pay `value` to `to` with `data`, for at most `max_network_fee`."""

    to: str
    value: int
    data: bytes
    max_network_fee: int


class Chain(Protocol):
    """A destination chain. Every method raises a `ChainError` on bad input and nothing else."""

    @property
    def caip2(self) -> str:
        """The CAIP-2 id of the network."""

    def address(self, public_key: bytes) -> str:
        """The address of a key: 33-byte compressed secp256k1, or 32-byte Ed25519."""

    def validate_address(self, text: str) -> str:
        """The address in its canonical form; raises `MalformedAddress` or `WrongNetwork`."""

    def parse(self, payload: bytes) -> UnsignedTx:
        """Read an unsigned transaction; raises `MalformedTransaction` or `WrongNetwork`."""

    def sighashes(self, tx: UnsignedTx) -> tuple[bytes, ...]:
        """What keys sign, in order: 32-byte digests, or the whole message for Ed25519."""

    def assemble(
        self, tx: UnsignedTx, signatures: Sequence[bytes], public_keys: Sequence[bytes]
    ) -> bytes:
        """The broadcastable transaction; every signature is verified first (`BadSignature`)."""

    def transaction_id(self, signed: bytes) -> str:
        """The id under which the network knows a signed transaction."""

    def verify_intent(self, tx: UnsignedTx, intent: Intent, public_key: bytes) -> None:
        """Raise `IntentMismatch` unless the transaction does what was asked and nothing else."""
