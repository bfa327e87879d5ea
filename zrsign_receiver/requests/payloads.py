"""What a contract asked -> what a key signs. Pure; every refusal is a `Rejection` with a code word.

hash        the payload itself, exactly 32 bytes
data        what the destination's wallets make of a message before they sign it
tx          an unsigned transaction of the destination chain, which the wallet alone completes
simple tx   calldata of transaction(string to, uint256 value, bytes data); a composer makes the
            transaction
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from zrchain_lite.modules.treasury import transactions
from zrchain_lite.modules.treasury.transactions import Prepared
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains import (
    Chain,
    ChainError,
    DataNotSupported,
    ForeignInput,
    ForeignSigner,
    Intent,
    InvalidAmount,
    MalformedAddress,
    UnknownChain,
    UnknownWalletType,
    WalletType,
    WrongNetwork,
    chain_for,
    chain_hash,
    simple_tx,
    wallet_type_by_id,
)
from zrsign_receiver.errors import Reason, Rejection

# The first that fits says why a chain refused.
_REASONS = (
    (WrongNetwork, Reason.WRONG_NETWORK),
    (ForeignInput, Reason.FOREIGN_INPUTS),
    (ForeignSigner, Reason.FOREIGN_SIGNERS),
    (InvalidAmount, Reason.INVALID_AMOUNT),
    (DataNotSupported, Reason.DATA_NOT_SUPPORTED),
    (MalformedAddress, Reason.INVALID_RECIPIENT),
)


def _refusal(error: ChainError, otherwise: Reason) -> Rejection:
    reason = next((word for kind, word in _REASONS if isinstance(error, kind)), otherwise)
    return Rejection(reason, str(error))


def wallet_type(wallet_type_id: bytes) -> WalletType:
    """The wallet type that a contract names; raises Rejection for one that is unknown."""
    try:
        return wallet_type_by_id(wallet_type_id)
    except UnknownWalletType as error:
        raise Rejection(Reason.UNKNOWN_WALLET_TYPE, str(error)) from error


def destination(dst_chain_id: bytes, wallet: WalletType, destinations: Iterable[str]) -> Chain:
    """The chain whose CAIP-2 id hashes to `dst_chain_id`, if this wallet type can sign for it."""
    found = next((caip2 for caip2 in destinations if chain_hash(caip2) == dst_chain_id), None)
    if found is None:
        raise Rejection(
            Reason.UNKNOWN_DESTINATION,
            f"no configured destination has the id 0x{dst_chain_id.hex()}",
        )
    chain = chain_for(found)
    if chain.wallet != wallet:
        raise Rejection(
            Reason.DESTINATION_MISMATCH, f"a {wallet.name} wallet does not sign for {found}"
        )
    return chain


def require_signable(chain: Chain) -> None:
    """Raises Rejection for a chain whose transactions the treasury has no word for."""
    try:
        chain.ledger_metadata  # noqa: B018 -- saying it is what may fail
    except UnknownChain as error:
        raise Rejection(Reason.UNKNOWN_DESTINATION, str(error)) from error


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
    """The 32 bytes that are signed as they are; raises Rejection for any other length."""
    if len(payload) != 32:
        raise Rejection(Reason.INVALID_HASH_LENGTH, f"expected 32 bytes, got {len(payload)}")
    return payload


def data_item(chain: Chain, payload: bytes) -> bytes:
    """The digest of a message under the chain's rules; raises Rejection when it is empty."""
    if not payload:
        raise Rejection(Reason.EMPTY_PAYLOAD, "there is no data to sign")
    try:
        return chain.message_digest(payload)
    except ChainError as error:
        raise _refusal(error, Reason.DATA_NOT_SUPPORTED) from error


def transaction(chain: Chain, payload: bytes, public_key: bytes) -> Prepared:
    """Read `payload` for its destination. What contradicts the destination is `wrong_network`;
    what this key alone cannot complete is `foreign_signers` or `foreign_inputs`.
    """
    try:
        prepared = transactions.prepare(chain, payload)
        chain.require_signers(prepared.parsed, [public_key] * len(prepared.items))
    except ChainError as error:
        raise _refusal(error, Reason.MALFORMED_TRANSACTION) from error
    return prepared


def simple(chain: Chain, payload: bytes) -> simple_tx.SimpleTx:
    """Decode a simple transaction; the recipient must be an address of the destination."""
    try:
        decoded = simple_tx.decode(payload)
    except ChainError as error:
        raise Rejection(Reason.MALFORMED_SIMPLE_TX, str(error)) from error
    try:
        chain.require_payable(decoded.to, decoded.value, decoded.data)
    except ChainError as error:
        raise _refusal(error, Reason.INVALID_RECIPIENT) from error
    return decoded


def intent(chain: Chain, asked: simple_tx.SimpleTx, caps: Mapping[str, str]) -> Intent:
    """What a composed transaction is held against."""
    return Intent(asked.to, asked.value, asked.data, fee_cap(chain, caps))


def fee_cap(chain: Chain, caps: Mapping[str, str]) -> int:
    """The most that a composed transaction may pay as network fee, in the chain's smallest unit.

    `caps` are the receiver's parameters, by namespace; the chain says what is meant without one.
    """
    namespace = chain.caip2.partition(":")[0]
    return int(caps.get(namespace) or chain.default_max_network_fee)
