"""A destination chain: one object that answers what any other room asks about it, without I/O."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from zrsign_chains.errors import DataNotSupported, ForeignSigner, IntentMismatch, InvalidAmount
from zrsign_chains.wallets import LedgerWallet, WalletType


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

    @property
    def shown(self) -> Mapping[str, object]:
        """What else it says, by name, for a person."""
        return {}


@dataclass(frozen=True, slots=True)
class Intent:
    """What a SimpleTx asks for: pay `value` to `to` with `data`, for at most `max_network_fee`."""

    to: str
    value: int
    data: bytes
    max_network_fee: int


class Chain(ABC):
    """A destination chain. Every method raises a `ChainError` on bad input and nothing else."""

    default_max_network_fee: ClassVar[int]
    """What a composed transaction may pay as network fee where nothing else is said, in the chain's
    smallest unit."""

    max_value: ClassVar[int] = 2**64 - 1
    """The most that one payment can carry, in the chain's smallest unit."""

    carries_data: ClassVar[bool] = False
    """Whether a payment can carry data, as a call does."""

    caip2: str
    """The CAIP-2 id of the network."""

    wallet: WalletType
    """What contracts call a wallet that signs for this network."""

    ledger_wallet: LedgerWallet
    """What the ledger calls a wallet that signs for this network."""

    @abstractmethod
    def __init__(self, caip2: str) -> None:
        """Return the network with this CAIP-2 id; raises `UnknownChain`."""

    @classmethod
    @abstractmethod
    def of_ledger(
        cls, wallet: LedgerWallet, metadata: Mapping[str, object], payload: bytes
    ) -> Self:
        """Return the network of a transaction that the ledger is asked for; raises `UnknownChain`.

        Depending on the chain the wallet type names it, the fields of the type's metadata, or the
        transaction itself.
        """

    @property
    def ledger_metadata(self) -> Mapping[str, object]:
        """The fields of the ledger's metadata that name this network; raises `UnknownChain`."""
        return {}

    @abstractmethod
    def address(self, public_key: bytes) -> str:
        """Return the address of a key: 33-byte compressed secp256k1, or 32-byte Ed25519."""

    @abstractmethod
    def validate_address(self, text: str) -> str:
        """Return the address in its canonical form; raises `MalformedAddress` or `WrongNetwork`."""

    @abstractmethod
    def message_digest(self, message: bytes) -> bytes:
        """Return what a key signs to sign a message: 32 bytes, or the message for Ed25519."""

    @abstractmethod
    def parse(self, payload: bytes) -> UnsignedTx:
        """Read an unsigned transaction; raises `MalformedTransaction` or `WrongNetwork`."""

    @abstractmethod
    def sighashes(self, tx: UnsignedTx) -> tuple[bytes, ...]:
        """Return what keys sign, in order: 32-byte digests, or the whole message for Ed25519."""

    @abstractmethod
    def require_signers(self, tx: UnsignedTx, public_keys: Sequence[bytes]) -> None:
        """Raise `ForeignSigner` unless the keys, in order, are who must sign what is spent."""

    @abstractmethod
    def assemble(
        self, tx: UnsignedTx, signatures: Sequence[bytes], public_keys: Sequence[bytes]
    ) -> bytes:
        """Return what can be broadcast; every signature is verified first (`BadSignature`)."""

    @abstractmethod
    def transaction_id(self, signed: bytes) -> str:
        """Return the id under which the network knows, and confirms, a signed transaction."""

    @abstractmethod
    def verify_intent(self, tx: UnsignedTx, intent: Intent, public_key: bytes) -> None:
        """Raise `IntentMismatch` unless the transaction does what was asked and nothing else."""

    @abstractmethod
    def replacement_fee(self, tx: UnsignedTx) -> int | None:
        """Return the least fee with which nodes let another transaction take this one's place.

        It is in the unit in which the chain's transactions name a fee; None where none can.
        """

    def verify_replacement(self, old: UnsignedTx, new: UnsignedTx) -> None:
        """Raise `IntentMismatch` unless `new` is `old` at a higher fee, and only one can land.

        Both do what was asked (`verify_intent`). Where a chain has no such rule, none does.
        """
        raise IntentMismatch(f"no transaction takes another one's place on {self.caip2}")

    def require_payable(self, to: str, value: int, data: bytes) -> None:
        """Raise unless a payment can name such a recipient, value and data.

        `MalformedAddress` or `WrongNetwork` for the recipient, `InvalidAmount`, `DataNotSupported`.
        """
        self.validate_address(to)
        if not 0 <= value <= self.max_value:
            raise InvalidAmount(f"{value} is more than {self.caip2} can carry")
        if data and not self.carries_data:
            raise DataNotSupported(f"a payment on {self.caip2} carries no data")


def require_each(
    owners: Sequence[bytes],
    given: Sequence[bytes],
    public_keys: Sequence[bytes],
    error: type[ForeignSigner] = ForeignSigner,
) -> None:
    """Raise `error` at the first place where `owners` and `given`, of `public_keys`, differ."""
    require_count(len(owners), len(given))
    for place, (owner, one, key) in enumerate(zip(owners, given, public_keys, strict=True)):
        if owner != one:
            raise error(
                f"signature {place} is {owner.hex()}'s to make, but the key named for it is "
                f"{key.hex()} ({one.hex()})"
            )


def require_count(signatures: int, keys: int) -> None:
    """Raise `ForeignSigner` unless one key is named for each signature."""
    if signatures != keys:
        raise ForeignSigner(
            f"the transaction has {signatures} signatures to make, but {keys} key ids "
            "are named; name one per signature, in order"
        )
