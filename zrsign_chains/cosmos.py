"""Cosmos chains (CAIP-2 `cosmos:<chain id>`): addresses, sign bytes, assembly, intent.

The ledger is one of them, and has addresses of its own kind for workspaces and keyrings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from bech32 import bech32_decode, bech32_encode, convertbits

from zrsign_chains import cosmos_transactions, registry
from zrsign_chains.chain import Chain, Intent, UnsignedTx, require_each
from zrsign_chains.cosmos_transactions import Charge, Coin, CosmosSigner, CosmosTx, Send
from zrsign_chains.ecdsa import load_public_key, verify
from zrsign_chains.errors import (
    BadSignature,
    DataNotSupported,
    IntentMismatch,
    MalformedAddress,
    MalformedTransaction,
    UnknownChain,
    WrongNetwork,
)
from zrsign_chains.hashing import hash160, sha256
from zrsign_chains.wallets import LedgerWallet

_DIRECT = re.compile(r"[-a-zA-Z0-9]{1,32}")

ACCOUNT_PREFIX = "zen"
ACCOUNT_LENGTH = 20
WORKSPACE_PREFIX = "workspace"
WORKSPACE_LENGTH = 10
KEYRING_PREFIX = "keyring"
KEYRING_LENGTH = 11


def encode(prefix: str, payload: bytes) -> str:
    """Encode raw bytes as bech32 (BIP-173)."""
    return bech32_encode(prefix, convertbits(payload, 8, 5) or [])


def decode(address: str) -> tuple[str, bytes]:
    """Return prefix and payload of a lower-case bech32 address; raises `MalformedAddress`."""
    prefix, words = bech32_decode(address)
    payload = convertbits(words, 5, 8, False) if words is not None else None
    if prefix is None or payload is None or address != address.lower():
        raise MalformedAddress(f"{address!r} is not a bech32 address; check for a typing error")
    return prefix, bytes(payload)


def validate(address: str, prefix: str = ACCOUNT_PREFIX, length: int = ACCOUNT_LENGTH) -> bytes:
    """Return the payload of an address of this prefix and length; raises `MalformedAddress`."""
    found, payload = decode(address)
    if found != prefix or len(payload) != length:
        raise MalformedAddress(
            f"{address!r} has prefix {found!r} and {len(payload)} bytes; "
            f"expected {prefix!r} and {length}"
        )
    return payload


def account_address(public_key: bytes, prefix: str = ACCOUNT_PREFIX) -> str:
    """Return bech32(ripemd160(sha256(key))) of a compressed secp256k1 key."""
    load_public_key(public_key)
    return encode(prefix, hash160(public_key))


def workspace_address(n: int) -> str:
    """Return the address of the n-th workspace: 10 bytes of sha256(LE64(n))."""
    return encode(WORKSPACE_PREFIX, sha256(n.to_bytes(8, "little"))[:10])


def keyring_address(n: int) -> str:
    """Return the address of the n-th keyring: 11 bytes of sha256(LE64(n))."""
    return encode(KEYRING_PREFIX, sha256(n.to_bytes(8, "little"))[13:24])


@dataclass(frozen=True, slots=True)
class CosmosNetwork:
    """What a Cosmos chain calls its accounts and its own coin, and what gas costs in it.

    `gas_price` is in the coin's smallest unit for one unit of gas.
    """

    prefix: str
    denom: str
    gas_price: Decimal


NETWORKS = {
    "zrsign-local": CosmosNetwork("zen", "urock", Decimal("0.0001")),
    "cosmoshub-4": CosmosNetwork("cosmos", "uatom", Decimal("0.01")),
    "osmosis-1": CosmosNetwork("osmo", "uosmo", Decimal("0.04")),
}
"""Chain id to what is known of it; `registry` has their names.

Gas prices of public chains are from Cosmos' chain registry (`chain.json`, `fee_tokens`): the low
one of the Hub, the high one of Osmosis.
"""

NAMELESS = CosmosNetwork("", "", Decimal(0))
"""A chain whose transactions can be signed, while nobody told its addresses and its coin."""


def caip2_of(chain_id: str) -> str:
    """The CAIP-2 id of a Cosmos chain: its chain id, or a hash where that is not fit for one.

    Source: the `cosmos` namespace of CAIP-2.
    """
    if _DIRECT.fullmatch(chain_id) and not chain_id.startswith("hashed-"):
        return f"cosmos:{chain_id}"
    return f"cosmos:hashed-{sha256(chain_id.encode()).hex()[:16]}"


class CosmosChain(Chain):
    """One Cosmos chain. Its transactions are `SignDoc`s of SIGN_MODE_DIRECT, with one signer."""

    default_max_network_fee = 100_000
    max_value = 2**256 - 1
    wallet = registry.COSMOS
    (ledger_wallet,) = registry.FAMILIES["cosmos"].ledger_wallets

    def __init__(self, caip2: str, network: CosmosNetwork | None = None) -> None:
        """`network` says what is not in `NETWORKS`. Raises `UnknownChain` when neither does."""
        namespace, _, reference = caip2.partition(":")
        if namespace != "cosmos" or not _DIRECT.fullmatch(reference):
            raise UnknownChain(f"{caip2!r} is not a Cosmos chain; write cosmos:<chain id>")
        self.caip2 = caip2
        self.network = network or _known(reference)

    @classmethod
    def of_ledger(
        cls, wallet: LedgerWallet, metadata: Mapping[str, object], payload: bytes
    ) -> Self:
        """The SignDoc names the chain, which may be any."""
        try:
            chain_id = cosmos_transactions.chain_id_of(payload)
            return cls(caip2_of(chain_id), NETWORKS.get(chain_id, NAMELESS))
        except MalformedTransaction as error:
            raise UnknownChain(f"the transaction names no chain: {error}") from error

    def address(self, public_key: bytes) -> str:
        """Return the bech32 account of a 33-byte compressed key, with the chain's prefix."""
        return account_address(public_key, self._named().prefix)

    def validate_address(self, text: str) -> str:
        """bech32 of an account (20 bytes) or of a module or contract (32 bytes)."""
        prefix, payload = decode(text)
        if prefix != self._named().prefix:
            raise WrongNetwork(
                f"{text!r} is an address of {prefix!r}; {self.caip2} has {self.network.prefix!r}"
            )
        if len(payload) not in (20, 32):
            raise MalformedAddress(f"{text!r} holds {len(payload)} bytes, not 20 or 32")
        return text

    def message_digest(self, message: bytes) -> bytes:
        """Refused: ADR-036 puts the signer's address around a message, and a bare hash of it could
        be that of a transaction."""
        raise DataNotSupported(f"a wallet of {self.caip2} signs transactions, no messages")

    def parse(self, payload: bytes) -> CosmosTx:
        """Read a SignDoc. Whatever pays or is charged, besides the signer, is refused."""
        tx = cosmos_transactions.decode(payload, self.network.denom)
        load_public_key(tx.signer.public_key)
        if caip2_of(tx.chain_id) != self.caip2:
            raise WrongNetwork(f"the SignDoc is for {tx.chain_id!r}, not for {self.caip2}")
        senders = [
            send.sender for each in tx.messages if (send := cosmos_transactions.send_of(each))
        ]
        own = hash160(tx.signer.public_key)
        for address in filter(None, [*senders, tx.charge.payer]):
            if decode(address)[1] != own:
                raise MalformedTransaction(
                    f"{address} pays, but {tx.signer.public_key.hex()} signs: one key signs one "
                    "transaction"
                )
        return tx

    def sighashes(self, tx: UnsignedTx) -> tuple[bytes, ...]:
        """SHA-256 of the SignDoc."""
        return (sha256(self._own(tx).raw),)

    def require_signers(self, tx: UnsignedTx, public_keys: Sequence[bytes]) -> None:
        """The key that auth_info names, alone."""
        require_each([self._own(tx).signer.public_key], public_keys, public_keys)

    def assemble(
        self, tx: UnsignedTx, signatures: Sequence[bytes], public_keys: Sequence[bytes]
    ) -> bytes:
        """r||s or r||s||v in; a TxRaw with r||s out."""
        own = self._own(tx)
        if len(signatures) != 1 or list(public_keys) != [own.signer.public_key]:
            raise BadSignature(
                f"the transaction takes one signature of {own.signer.public_key.hex()}, not "
                f"{len(signatures)} of {[key.hex() for key in public_keys]}"
            )
        verify(own.signer.public_key, sha256(own.raw), signatures[0])
        return cosmos_transactions.signed(own, signatures[0][:64])

    def transaction_id(self, signed: bytes) -> str:
        """SHA-256 of the TxRaw, upper-case hexadecimal."""
        return sha256(signed).hex().upper()

    def compose(self, intent: Intent, signer: CosmosSigner, gas_limit: int, fee: int) -> bytes:
        """The SignDoc of a bank transfer in the chain's own coin; `fee` is in its smallest unit."""
        self.require_payable(intent.to, intent.value, intent.data)
        denom = self._named().denom
        coins = (Coin(denom, intent.value),)
        send = Send(self.address(signer.public_key), intent.to, coins)
        payload = cosmos_transactions.encode(
            self.chain_id, signer, [send.message()], Charge((Coin(denom, fee),), gas_limit)
        )
        self.parse(payload)
        return payload

    @property
    def chain_id(self) -> str:
        """The chain id; raises `UnknownChain` when only a hash of it is known."""
        reference = self.caip2.partition(":")[2]
        if reference.startswith("hashed-"):
            raise UnknownChain(f"{self.caip2} does not tell its chain id")
        return reference

    def verify_intent(self, tx: UnsignedTx, intent: Intent, public_key: bytes) -> None:
        """One transfer from the key in the chain's own coin, with nothing beside it.

        The fee is paid by the key, in the same coin, within the cap.
        """
        own = self._own(tx)
        denom = self._named().denom
        self.require_signers(own, [public_key])
        send = cosmos_transactions.send_of(own.messages[0])
        if len(own.messages) != 1 or send is None:
            raise IntentMismatch("the transaction is not one bank transfer alone")
        if send.sender != self.address(public_key):
            raise IntentMismatch(f"the transfer is from {send.sender}")
        if send.to != intent.to:
            raise IntentMismatch(f"the transfer pays {send.to}, not {intent.to}")
        if send.amount != (Coin(denom, intent.value),):
            paid = ", ".join(map(str, send.amount)) or "nothing"
            raise IntentMismatch(f"the transfer pays {paid}, not {intent.value}{denom}")
        if intent.data or own.memo:
            raise IntentMismatch("a transfer carries no data and no memo")
        charge = own.charge
        if (
            charge.payer
            or charge.granter
            or [coin.denom for coin in charge.coins]
            not in (
                [],
                [denom],
            )
        ):
            raise IntentMismatch(f"the fee is not paid by the key in {denom}")
        if not charge.gas_limit:
            raise IntentMismatch("no block takes a transaction without gas")
        if sum(coin.amount for coin in charge.coins) > intent.max_network_fee:
            raise IntentMismatch(
                f"the fee is {charge.coins[0]}, above the cap of {intent.max_network_fee}"
            )

    def replacement_fee(self, tx: UnsignedTx) -> int | None:
        """None: a pool keeps the first transaction of a sequence."""
        self._own(tx)
        return None

    def _named(self) -> CosmosNetwork:
        if self.network is NAMELESS:
            raise UnknownChain(f"nobody told which addresses and coin {self.caip2} has")
        return self.network

    def _own(self, tx: UnsignedTx) -> CosmosTx:
        if not isinstance(tx, CosmosTx) or caip2_of(tx.chain_id) != self.caip2:
            raise WrongNetwork(f"the transaction was not parsed for {self.caip2}")
        return tx


def _known(reference: str) -> CosmosNetwork:
    try:
        return NETWORKS[reference]
    except KeyError:
        raise UnknownChain(
            f"no known Cosmos chain has the id {reference!r}; known are {', '.join(NETWORKS)}"
        ) from None
