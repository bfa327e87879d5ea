"""What there is to sign in an unsigned transaction, and what a policy may know about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from google.protobuf import any_pb2

from zrchain_lite import networks
from zrchain_lite.errors import InvalidArgument
from zrchain_lite.modules.policy.boolparser import TXVALUE
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrsign_chains import BITCOIN_MAINNET, Chain, ChainError, MalformedTransaction, chain_for
from zrsign_chains.chain import UnsignedTx

MAX_TRANSACTION = 131_072
DATA_FOR_SIGNING = "DataForSigning"


@dataclass(frozen=True)
class Prepared:
    """An unsigned transaction that was read once: what it is for, and its items in order.

    `wallet_type` is a name of the ledger's enum, `metadata` names the network within it.
    """

    wallet_type: str
    metadata: any_pb2.Any | None
    unsigned: bytes
    items: tuple[bytes, ...]
    parsed: UnsignedTx

    def policy_data(self) -> dict[str, bytes]:
        """What a sign policy may look at: the items, and the amount where it can be told."""
        return policy_data(self.items, self.parsed.amount)


def policy_data(items: Iterable[bytes], amount: int | None = None) -> dict[str, bytes]:
    """What a sign policy may look at; `amount` is in the asset's smallest unit."""
    data = {DATA_FOR_SIGNING: ",".join(item.hex() for item in items).encode()}
    if amount is not None:
        data[TXVALUE] = str(amount).encode()
    return data


def prepare(chain: Chain, unsigned: bytes, metadata: any_pb2.Any | None = None) -> Prepared:
    """Read a transaction of the chain; raises `ChainError`.

    `metadata` is kept as it was given, else it is what the chain says of itself.
    """
    require_size(unsigned)
    parsed = chain.parse(unsigned)
    return Prepared(
        wallet_type=chain.ledger_wallet.name,
        metadata=networks.metadata_of(chain) if metadata is None else metadata,
        unsigned=unsigned,
        items=chain.sighashes(parsed),
        parsed=parsed,
    )


def prepare_as_asked(
    wallet_type: wire.WalletType,
    unsigned: bytes,
    metadata: any_pb2.Any | None,
    public_keys: Sequence[bytes],
) -> Prepared:
    """Read a transaction that these keys, in order, have to sign; raises InvalidArgument."""
    try:
        require_size(unsigned)
        chain = networks.chain_of(wallet_type, metadata, unsigned)
    except ChainError as error:
        raise InvalidArgument(str(error)) from None
    try:
        prepared = prepare(chain, unsigned, metadata)
        chain.require_signers(prepared.parsed, public_keys)
    except ChainError as error:
        raise InvalidArgument(
            f"not a transaction for {chain.caip2} that these keys sign: {error}"
        ) from None
    return prepared


def require_size(unsigned: bytes) -> None:
    """Raises `MalformedTransaction` for nothing, or for more than the ledger keeps."""
    if not 1 <= len(unsigned) <= MAX_TRANSACTION:
        raise MalformedTransaction(
            f"an unsigned transaction has 1 to {MAX_TRANSACTION} bytes, not {len(unsigned)}"
        )


def require_sighashes(unsigned: bytes, items: list[bytes]) -> None:
    """Raises InvalidArgument unless `items` are a Bitcoin transaction's sighashes, in order."""
    chain = chain_for(BITCOIN_MAINNET)
    try:
        expected = chain.sighashes(chain.parse(unsigned))
    except ChainError as error:
        raise InvalidArgument(f"not a transaction for {chain.caip2}: {error}") from None
    if len(expected) != len(items):
        raise InvalidArgument(
            f"verify_signing_data has {len(expected)} inputs, data_for_signing {len(items)} items"
        )
    for position, (wanted, given) in enumerate(zip(expected, items, strict=True)):
        if wanted != given:
            raise InvalidArgument(
                f"item {position} is {given.hex()}, but the transaction's input hashes to "
                f"{wanted.hex()}"
            )
