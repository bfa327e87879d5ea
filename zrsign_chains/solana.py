"""Solana (CAIP-2 `solana:<genesis>`): addresses, what signers sign, assembly, intent.

A payload is a serialized message, legacy or version 0, without signatures. Each required signer
signs the whole message with Ed25519.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash, ParseHashError
from solders.instruction import Instruction as SoldersInstruction
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import (
    AdvanceNonceAccountParams,
    TransferParams,
    advance_nonce_account,
    transfer,
)

from zrsign_chains import registry, solana_messages, solana_tokens
from zrsign_chains.chain import Chain, Intent, UnsignedTx, require_each
from zrsign_chains.errors import (
    BadSignature,
    IntentMismatch,
    MalformedAddress,
    MalformedTransaction,
    UnknownChain,
    WrongNetwork,
)
from zrsign_chains.keys import validate_public_key, verify_ed25519
from zrsign_chains.solana_messages import SIGNATURE_BYTES, SolanaTx, address_of
from zrsign_chains.wallets import KeyAlgorithm, LedgerWallet

__all__ = ["SolanaChain", "SolanaTx"]

# Values of zrchain.treasury.SolanaNetworkType.
_LEDGER_NETWORKS = {
    1: registry.SOLANA_MAINNET,
    2: registry.SOLANA_DEVNET,
    3: registry.SOLANA_TESTNET,
    4: registry.SOLANA_LOCALNET,
}


class SolanaChain(Chain):
    """One Solana cluster. A message names no cluster; its blockhash is valid on one only."""

    default_max_network_fee = 10_000_000
    wallet = registry.SOLANA
    (ledger_wallet,) = registry.FAMILIES["solana"].ledger_wallets

    def __init__(self, caip2: str) -> None:
        clusters = registry.FAMILIES["solana"].networks
        if caip2 not in clusters:
            known = ", ".join(f"{key} ({name})" for key, name in clusters.items())
            raise UnknownChain(f"{caip2!r} is not a Solana cluster; known are {known}")
        self.caip2 = caip2

    @classmethod
    def of_ledger(
        cls, wallet: LedgerWallet, metadata: Mapping[str, object], payload: bytes
    ) -> Self:
        """Return the cluster that `MetadataSolana.network` names."""
        number = metadata.get("network", 0)
        if not isinstance(number, int) or number not in _LEDGER_NETWORKS:
            raise UnknownChain(f"MetadataSolana names no known network ({number})")
        return cls(_LEDGER_NETWORKS[number])

    @property
    def ledger_metadata(self) -> Mapping[str, object]:
        """The number of the cluster; raises `UnknownChain` where the ledger has none for it."""
        for number, caip2 in _LEDGER_NETWORKS.items():
            if caip2 == self.caip2:
                return {"network": number}
        raise UnknownChain(f"the ledger signs no transactions for {self.caip2}")

    def address(self, public_key: bytes) -> str:
        """Return the base58 address of a 32-byte key; raises `MalformedKey`."""
        validate_public_key(KeyAlgorithm.EDDSA_ED25519, public_key)
        return address_of(public_key)

    def validate_address(self, text: str) -> str:
        """Return the address as it is, if it is base58 of 32 bytes; raises `MalformedAddress`."""
        return str(_pubkey(text))

    def message_digest(self, message: bytes) -> bytes:
        """Return the message itself: Ed25519 hashes what it signs."""
        return message

    def parse(self, payload: bytes) -> SolanaTx:
        """Read a legacy or version 0 message; raises `MalformedTransaction`."""
        return solana_messages.decode(payload)

    def sighashes(self, tx: UnsignedTx) -> tuple[bytes, ...]:
        """Return the whole message, once per required signer."""
        own = _own(tx)
        return (own.raw,) * len(own.signers)

    def require_signers(self, tx: UnsignedTx, public_keys: Sequence[bytes]) -> None:
        """Require the fee payer first, then every account that the header counts as a signer."""
        require_each(_own(tx).signers, public_keys, public_keys)

    def assemble(
        self, tx: UnsignedTx, signatures: Sequence[bytes], public_keys: Sequence[bytes]
    ) -> bytes:
        """Put in one signature and one 32-byte key per signer, in the order of the accounts."""
        own = _own(tx)
        if not len(signatures) == len(public_keys) == len(own.signers):
            raise BadSignature(
                f"the message has {len(own.signers)} signers, each gives one signature; "
                f"got {len(signatures)} signatures and {len(public_keys)} keys"
            )
        for signer, key, signature in zip(own.signers, public_keys, signatures, strict=True):
            if key != signer:
                raise BadSignature(f"{key.hex()} is not the signer {address_of(signer)}")
            verify_ed25519(key, own.raw, signature)
        return bytes([len(signatures)]) + b"".join(signatures) + own.raw

    def transaction_id(self, signed: bytes) -> str:
        """Return base58 of the first signature."""
        if len(signed) <= SIGNATURE_BYTES or signed[0] == 0:
            raise MalformedTransaction("not a signed Solana transaction")
        return str(Signature.from_bytes(signed[1 : 1 + SIGNATURE_BYTES]))

    def compose(
        self,
        intent: Intent,
        from_public_key: bytes,
        blockhash: str,
        nonce: str | None = None,
        *,
        unit_limit: int | None = None,
        unit_price: int = 0,
        decimals: int = 0,
        create: bool = False,
    ) -> bytes:
        """Return a legacy message with one transfer: of lamports, or of the token `intent.data`.

        A token's mint says its `decimals`. With `create` the recipient's account is made.

        With `nonce`, the address of a durable nonce account of the key, `blockhash` is the value it
        stores and the message starts by advancing it. `unit_limit` bounds its compute units, and
        `unit_price` is the priority fee for each, in micro-lamports.
        """
        validate_public_key(KeyAlgorithm.EDDSA_ED25519, from_public_key)
        self.require_payable(intent.to, intent.value, intent.data)
        payer = Pubkey.from_bytes(from_public_key)
        calls: list[SoldersInstruction] = []
        if nonce is not None:
            calls.append(
                advance_nonce_account(
                    AdvanceNonceAccountParams(nonce_pubkey=_pubkey(nonce), authorized_pubkey=payer)
                )
            )
        if unit_limit is not None:
            calls.append(set_compute_unit_limit(unit_limit))
        if unit_price:
            calls.append(set_compute_unit_price(unit_price))
        if intent.data:
            to = bytes(_pubkey(intent.to))
            calls += solana_tokens.payment(from_public_key, to, intent, decimals, create=create)
        else:
            payment = TransferParams(
                from_pubkey=payer, to_pubkey=_pubkey(intent.to), lamports=intent.value
            )
            calls.append(transfer(payment))
        return bytes(Message.new_with_blockhash(calls, payer, _blockhash(blockhash)))

    def replacement_fee(self, tx: UnsignedTx) -> None:
        """Return None: nothing takes a message's place, it lands or its blockhash expires."""

    def require_payable(self, to: str, value: int, data: bytes) -> None:
        """Require a mint for data, where there is any: `value` counts units of that token then."""
        is_token = len(data) == solana_tokens.MINT_BYTES
        super().require_payable(to, value, b"" if is_token else data)

    def verify_intent(self, tx: UnsignedTx, intent: Intent, public_key: bytes) -> None:
        """Require one transfer from the key, which signs and pays alone, and nothing else.

        Allowed besides: a leading nonce advance under the key's authority, one compute unit limit
        and price, and for a token the recipient's account. All that costs is within the cap.
        """
        own = _own(tx)
        if own.signers != (public_key,) or own.uses_lookup_tables:
            raise IntentMismatch(f"the message must be signed and paid by {public_key.hex()} alone")
        calls = _payment_calls(own, public_key)
        if intent.data:
            solana_tokens.verify(calls, intent, public_key, bytes(_pubkey(intent.to)))
        else:
            _verify_lamports(calls, intent, public_key)
        cost = own.fee_lamports + solana_tokens.rent_of(calls)
        if cost > intent.max_network_fee:
            raise IntentMismatch(
                f"the fee may be {cost} lamports, above the cap of {intent.max_network_fee}"
            )


def _verify_lamports(
    calls: Sequence[solana_messages.Instruction], intent: Intent, public_key: bytes
) -> None:
    if len(calls) != 1:
        raise IntentMismatch(f"the message has {len(calls)} instructions where one is expected")
    payment = solana_messages.transfer(calls[0])
    if payment is None or payment.contract is not None or payment.source != public_key:
        raise IntentMismatch("the message's instruction is no transfer of lamports by the key")
    if payment.recipient != bytes(_pubkey(intent.to)):
        raise IntentMismatch(f"the transfer pays {address_of(payment.recipient)}, not {intent.to}")
    if payment.amount != intent.value:
        raise IntentMismatch(f"the transfer pays {payment.amount} lamports, not {intent.value}")


def _payment_calls(tx: SolanaTx, public_key: bytes) -> list[solana_messages.Instruction]:
    """Return the instructions that are neither nonce advance nor compute budget setting."""
    calls = list(tx.instructions)
    nonce = solana_messages.advanced_nonce(calls[0]) if calls else None
    if nonce is not None:
        if nonce[1] != public_key:
            raise IntentMismatch("the durable nonce is not under the key's authority")
        del calls[0]
    settings = [c.data[0] for c in calls if solana_messages.sets_compute_price_or_limit(c)]
    if len(set(settings)) != len(settings):
        raise IntentMismatch("a compute budget setting appears twice")
    return [c for c in calls if not solana_messages.sets_compute_price_or_limit(c)]


def _own(tx: UnsignedTx) -> SolanaTx:
    if not isinstance(tx, SolanaTx):
        raise WrongNetwork("the transaction was not parsed for a Solana cluster")
    return tx


def _pubkey(text: str) -> Pubkey:
    try:
        return Pubkey.from_string(text)
    except ValueError:
        raise MalformedAddress(
            f"{text!r} is not a Solana address; expected base58 of 32 bytes"
        ) from None


def _blockhash(text: str) -> Hash:
    try:
        return Hash.from_string(text)
    except ParseHashError:
        raise MalformedTransaction(f"{text!r} is not a blockhash (base58 of 32 bytes)") from None
