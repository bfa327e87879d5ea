"""What a contract asked -> what a key signs. Pure; every refusal is a `Rejection` with a code word.

hash        the payload itself, exactly 32 bytes
data        EVM: the EIP-191 personal message digest of the payload
            Bitcoin: double SHA-256 of "\\x18Bitcoin Signed Message:\\n", the payload's length as
            CompactSize, the payload
            Solana: the payload itself
tx          an unsigned transaction of the destination chain, which the wallet alone completes
simple tx   calldata of transaction(string to, uint256 value, bytes data); a composer makes the
            transaction
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains import (
    ChainError,
    Intent,
    UnknownWalletType,
    UnsignedTx,
    WalletType,
    WrongNetwork,
    chain_for,
    chain_hash,
    simple_tx,
    wallet_type_by_id,
)
from zrsign_chains.bitcoin_scripts import p2wpkh_script
from zrsign_chains.bitcoin_transactions import BitcoinTx
from zrsign_chains.evm import personal_message_digest
from zrsign_chains.hashing import sha256d
from zrsign_chains.solana import SolanaTx
from zrsign_receiver.errors import Reason, Rejection

BITCOIN_MAINNET = "bip122:000000000019d6689c085ae165831e93"
# Network fee caps where the parameters name none: 0.05 ether, 0.001 bitcoin, 0.01 SOL.
DEFAULT_MAX_NETWORK_FEE = {"eip155": 5 * 10**16, "bip122": 100_000, "solana": 10_000_000}


@dataclass(frozen=True)
class Transaction:
    """A transaction that parses on its destination: what keys sign, what a policy may see."""

    sighashes: tuple[bytes, ...]
    amount: int | None


def wallet_type(wallet_type_id: bytes) -> WalletType:
    try:
        return wallet_type_by_id(wallet_type_id)
    except UnknownWalletType as error:
        raise Rejection(Reason.UNKNOWN_WALLET_TYPE, str(error)) from error


def destination(dst_chain_id: bytes, wallet: WalletType, destinations: Iterable[str]) -> str:
    """The CAIP-2 id that hashes to `dst_chain_id`, if it is a chain that this wallet type can sign
    for.
    """
    found = next((caip2 for caip2 in destinations if chain_hash(caip2) == dst_chain_id), None)
    if found is None:
        raise Rejection(
            Reason.UNKNOWN_DESTINATION,
            f"no configured destination has the id 0x{dst_chain_id.hex()}",
        )
    if not _fits(wallet, found):
        raise Rejection(
            Reason.DESTINATION_MISMATCH, f"a {wallet.name} wallet does not sign for {found}"
        )
    return found


def _fits(wallet: WalletType, caip2: str) -> bool:
    if not caip2.startswith(wallet.namespace + ":"):
        return False
    return wallet.namespace != "bip122" or (wallet.coin_type == 0) == (caip2 == BITCOIN_MAINNET)


def check_shape(ask: pb.SignAsk) -> None:
    """What can be said of a sign request without looking into its payload."""
    if ask.kind not in KINDS:
        raise Rejection(
            Reason.UNKNOWN_KIND, f"request type {ask.kind} is none of hash, data, tx, simple tx"
        )
    if ask.oversize_bytes:
        raise Rejection(Reason.PAYLOAD_TOO_LARGE, f"{ask.oversize_bytes} bytes are above 64 KiB")
    if ask.broadcast and ask.kind in (pb.REQUEST_KIND_HASH, pb.REQUEST_KIND_DATA):
        raise Rejection(Reason.BROADCAST_NOT_ALLOWED, "a signed hash or data has no chain to go to")


KINDS = frozenset(
    (pb.REQUEST_KIND_HASH, pb.REQUEST_KIND_DATA, pb.REQUEST_KIND_TX, pb.REQUEST_KIND_SIMPLE_TX)
)


def hash_item(payload: bytes) -> bytes:
    if len(payload) != 32:
        raise Rejection(Reason.INVALID_HASH_LENGTH, f"expected 32 bytes, got {len(payload)}")
    return payload


def data_item(namespace: str, payload: bytes) -> bytes:
    if not payload:
        raise Rejection(Reason.EMPTY_PAYLOAD, "there is no data to sign")
    match namespace:
        case "eip155":
            return personal_message_digest(payload)
        case "bip122":
            framed = b"\x18Bitcoin Signed Message:\n" + _varint(len(payload)) + payload
            return sha256d(framed)
    return payload


def transaction(caip2: str, payload: bytes, public_key: bytes) -> Transaction:
    """Parse `payload` for its destination. What contradicts the destination is `wrong_network`;
    what this key alone cannot complete is `foreign_signers` or `foreign_inputs`.
    """
    chain = chain_for(caip2)
    try:
        parsed = chain.parse(payload)
        sighashes = chain.sighashes(parsed)
    except WrongNetwork as error:
        raise Rejection(Reason.WRONG_NETWORK, str(error)) from error
    except ChainError as error:
        raise Rejection(Reason.MALFORMED_TRANSACTION, str(error)) from error
    _require_own(parsed, public_key)
    return Transaction(sighashes, parsed.amount)


def _require_own(parsed: UnsignedTx, public_key: bytes) -> None:
    if isinstance(parsed, SolanaTx) and parsed.signers != (public_key,):
        raise Rejection(
            Reason.FOREIGN_SIGNERS, "the wallet must be the message's fee payer and only signer"
        )
    if isinstance(parsed, BitcoinTx):
        own = p2wpkh_script(public_key)
        for index, spent in enumerate(parsed.inputs):
            if spent.script_pubkey != own:
                raise Rejection(
                    Reason.FOREIGN_INPUTS, f"input {index} is not a P2WPKH output of the wallet"
                )


def simple(caip2: str, payload: bytes) -> simple_tx.SimpleTx:
    """Decode a simple transaction; the recipient must be an address of the destination."""
    try:
        decoded = simple_tx.decode(payload)
    except ChainError as error:
        raise Rejection(Reason.MALFORMED_SIMPLE_TX, str(error)) from error
    try:
        chain_for(caip2).validate_address(decoded.to)
    except WrongNetwork as error:
        raise Rejection(Reason.WRONG_NETWORK, str(error)) from error
    except ChainError as error:
        raise Rejection(Reason.INVALID_RECIPIENT, str(error)) from error
    if decoded.value >= 2**64 and not caip2.startswith("eip155:"):
        raise Rejection(Reason.INVALID_AMOUNT, f"{decoded.value} is more than {caip2} can carry")
    if decoded.data and not caip2.startswith("eip155:"):
        raise Rejection(Reason.DATA_NOT_SUPPORTED, f"a payment on {caip2} carries no data")
    return decoded


def intent(caip2: str, asked: simple_tx.SimpleTx, caps: Mapping[str, str]) -> Intent:
    """What a composed transaction is held against."""
    return Intent(asked.to, asked.value, asked.data, fee_cap(caip2, caps))


def fee_cap(caip2: str, caps: Mapping[str, str]) -> int:
    """The most that a composed transaction may pay as network fee, in the chain's smallest unit."""
    namespace = caip2.partition(":")[0]
    return int(caps.get(namespace) or DEFAULT_MAX_NETWORK_FEE.get(namespace, 0))


def _varint(size: int) -> bytes:
    """Bitcoin's CompactSize."""
    if size < 0xFD:
        return bytes([size])
    return (
        b"\xfd" + size.to_bytes(2, "little")
        if size <= 0xFFFF
        else b"\xfe" + size.to_bytes(4, "little")
    )
