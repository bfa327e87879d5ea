"""EVM chains (CAIP-2 `eip155:<chain id>`): addresses, sighashes, assembly, intent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Self

from zrsign_chains import ecdsa, evm_transactions, registry
from zrsign_chains.chain import Chain, Intent, UnsignedTx, require_count
from zrsign_chains.errors import (
    BadSignature,
    IntentMismatch,
    MalformedTransaction,
    UnknownChain,
    WrongNetwork,
)
from zrsign_chains.evm_addresses import checksum_address, evm_address, parse_address
from zrsign_chains.evm_transactions import FEE_MARKET, LEGACY, EvmTx
from zrsign_chains.hashing import keccak256
from zrsign_chains.wallets import LedgerWallet

__all__ = [
    "EvmChain",
    "EvmTx",
    "checksum_address",
    "evm_address",
    "parse_address",
    "personal_message_digest",
    "read_signed",
    "recover_public_key",
]

MIN_BUMP_PERMILLE = 125
"""The rise of both fees, in thousandths, that makes nodes replace a transaction; geth wants 100."""

_CAIP2 = re.compile(r"eip155:([1-9][0-9]{0,19})")


def personal_message_digest(message: bytes) -> bytes:
    """Return the 32-byte EIP-191 digest (version 0x45, `personal_sign`) of a message."""
    return keccak256(b"\x19Ethereum Signed Message:\n%d" % len(message) + message)


def recover_public_key(digest: bytes, signature: bytes) -> bytes:
    """Return the 33-byte key behind r||s||v (v 0, 1, 27 or 28); raises `BadSignature`."""
    return ecdsa.recover(digest, signature)


def read_signed(signed: bytes) -> tuple[EvmTx, str]:
    """Return what a signed transaction does, and its sender (EIP-55).

    Raises `MalformedTransaction` or `BadSignature`.
    """
    tx, payload, signature = evm_transactions.decode_signed(signed)
    return tx, evm_address(recover_public_key(keccak256(payload), signature))


def raised(fee: int) -> int:
    """Return the least fee, in wei per gas, that replaces this one in the pools of nodes."""
    return fee + -(-fee * MIN_BUMP_PERMILLE // 1000) + 1


class EvmChain(Chain):
    """One EVM network."""

    default_max_network_fee = 5 * 10**16
    max_value = 2**256 - 1
    carries_data = True
    wallet = registry.EVM
    (ledger_wallet,) = registry.FAMILIES["eip155"].ledger_wallets

    def __init__(self, caip2: str) -> None:
        match = _CAIP2.fullmatch(caip2)
        if match is None or int(match[1]) >= 2**64:
            raise UnknownChain(f"{caip2!r} is not an EVM chain; write eip155:<chain id>")
        self.caip2 = caip2
        self.chain_id = int(match[1])

    @classmethod
    def of_ledger(
        cls, wallet: LedgerWallet, metadata: Mapping[str, object], payload: bytes
    ) -> Self:
        """Return the chain whose id is `MetadataEthereum.chain_id`."""
        if not metadata.get("chain_id"):
            raise UnknownChain("MetadataEthereum has no chain_id")
        return cls(f"eip155:{metadata['chain_id']}")

    @property
    def ledger_metadata(self) -> Mapping[str, object]:
        """The chain id."""
        return {"chain_id": self.chain_id}

    def address(self, public_key: bytes) -> str:
        """Return the EIP-55 address of a 33-byte compressed key."""
        return evm_address(public_key)

    def validate_address(self, text: str) -> str:
        """Return the address in EIP-55; raises `MalformedAddress`."""
        return parse_address(text)

    def message_digest(self, message: bytes) -> bytes:
        """Return the EIP-191 digest of a personal message."""
        return personal_message_digest(message)

    def parse(self, payload: bytes) -> EvmTx:
        """Read a legacy, access list or EIP-1559 transaction; raises `ChainError`."""
        return evm_transactions.decode(payload, self.chain_id)

    def sighashes(self, tx: UnsignedTx) -> tuple[bytes, ...]:
        """Return the one 32-byte digest that the sender signs."""
        return (keccak256(evm_transactions.encode(self._own(tx))),)

    def require_signers(self, tx: UnsignedTx, public_keys: Sequence[bytes]) -> None:
        """Require one key. The transaction names no sender: it spends from whoever signs."""
        self._own(tx)
        require_count(1, len(public_keys))

    def assemble(
        self, tx: UnsignedTx, signatures: Sequence[bytes], public_keys: Sequence[bytes]
    ) -> bytes:
        """Put in r||s or r||s||v; the recovery id is found with the key."""
        own = self._own(tx)
        if len(signatures) != 1 or len(public_keys) != 1:
            raise BadSignature(
                f"an EVM transaction takes one signature and one key, not {len(signatures)} "
                f"and {len(public_keys)}"
            )
        (digest,) = self.sighashes(own)
        signature = ecdsa.with_recovery_id(public_keys[0], digest, signatures[0])
        r, s = ecdsa.split(signature)
        parity = signature[64]
        v = parity + 35 + 2 * self.chain_id if own.kind == LEGACY else parity
        return evm_transactions.encode(own, (v, r, s))

    def transaction_id(self, signed: bytes) -> str:
        """Return the transaction hash, with 0x."""
        return "0x" + keccak256(signed).hex()

    def compose(
        self,
        intent: Intent,
        nonce: int,
        gas: int,
        max_fee: int,
        priority_fee: int,
        kind: int = FEE_MARKET,
    ) -> bytes:
        """Return an unsigned transaction (9 items) that does what the intent says.

        It has type 2, or no type where `kind` is `LEGACY`: then `max_fee` is its gas price, and
        `priority_fee` the same. Both are wei per gas. Raises `MalformedAddress`, or
        `MalformedTransaction` when a number is out of range.
        """
        numbers = {"nonce": nonce, "gas": gas, "max_fee": max_fee, "priority_fee": priority_fee}
        for name, number in {**numbers, "value": intent.value}.items():
            if number < 0:
                raise MalformedTransaction(f"{name} is {number}; it cannot be negative")
        tx = EvmTx(
            raw=b"",
            to=None,
            amount=None,
            contract=None,
            chain_id=self.chain_id,
            kind=kind,
            nonce=nonce,
            gas_price=max_fee,
            priority_fee=priority_fee,
            gas=gas,
            destination=parse_address(intent.to),
            value=intent.value,
            data=intent.data,
            access_list=(),
        )
        payload = evm_transactions.encode(tx)
        self.parse(payload)
        return payload

    def verify_intent(self, tx: UnsignedTx, intent: Intent, public_key: bytes) -> None:
        """Require recipient, value and calldata as asked, and gas * maximum fee within the cap.

        The sender is whoever signs, so the key needs no check beyond being one.
        """
        own = self._own(tx)
        ecdsa.load_public_key(public_key)
        wanted = parse_address(intent.to)
        if own.destination != wanted:
            raise IntentMismatch(f"the transaction calls {own.destination}, not {wanted}")
        if own.value != intent.value:
            raise IntentMismatch(f"the transaction sends {own.value} wei, not {intent.value}")
        if own.data != intent.data:
            raise IntentMismatch("the transaction's calldata is not what was asked")
        if own.gas < own.intrinsic_gas or not own.gas_price:
            raise IntentMismatch(
                f"no block takes it: {own.gas} gas at {own.gas_price} wei, and it needs "
                f"{own.intrinsic_gas} before it begins"
            )
        if own.max_fee > intent.max_network_fee:
            raise IntentMismatch(
                f"gas may cost {own.max_fee} wei, above the cap of {intent.max_network_fee}"
            )

    def replacement_fee(self, tx: UnsignedTx) -> int:
        """Return the least maximum fee, in wei per gas; a priority fee rises alike."""
        return raised(self._own(tx).gas_price)

    def verify_replacement(self, old: UnsignedTx, new: UnsignedTx) -> None:
        """Require the same nonce, gas and call, and both fees so high that pools take it."""
        before, after = self._own(old), self._own(new)
        same = replace(
            after, raw=before.raw, gas_price=before.gas_price, priority_fee=before.priority_fee
        )
        if same != before:
            raise IntentMismatch("more than the fee differs from the transaction that is replaced")
        if after.gas_price < raised(before.gas_price) or (
            after.priority_fee < raised(before.priority_fee)
        ):
            raise IntentMismatch(
                f"no pool takes {after.gas_price} wei (priority {after.priority_fee}) in place of "
                f"{before.gas_price} ({before.priority_fee}); both rise by 12.5 %"
            )

    def _own(self, tx: UnsignedTx) -> EvmTx:
        if not isinstance(tx, EvmTx) or tx.chain_id != self.chain_id:
            raise WrongNetwork(f"the transaction was not parsed for {self.caip2}")
        return tx
