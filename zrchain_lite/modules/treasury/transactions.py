"""What there is to sign in an unsigned transaction, and what a policy may know about it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from google.protobuf import any_pb2

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.modules.policy.boolparser import TXVALUE
from zrchain_lite.modules.treasury import wallets
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrsign_chains import UnsignedTx, chain_for
from zrsign_chains.bitcoin_scripts import p2tr_script, p2wpkh_script
from zrsign_chains.bitcoin_transactions import BitcoinTx
from zrsign_chains.errors import ChainError
from zrsign_chains.solana_messages import SolanaTx

MAX_TRANSACTION = 131_072
DATA_FOR_SIGNING = "DataForSigning"


@dataclass(frozen=True)
class Prepared:
    """Items to sign, in order, and the amount in the asset's smallest unit where it can be told."""

    items: tuple[bytes, ...]
    amount: int | None

    def policy_data(self) -> dict[str, bytes]:
        data = {DATA_FOR_SIGNING: ",".join(item.hex() for item in self.items).encode()}
        if self.amount is not None:
            data[TXVALUE] = str(self.amount).encode()
        return data


def prepare(
    wallet_type: wire.WalletType,
    unsigned: bytes,
    metadata: any_pb2.Any | None,
    public_keys: list[bytes],
) -> Prepared:
    """Parse the transaction; one item a key. Raises InvalidArgument."""
    if not 1 <= len(unsigned) <= MAX_TRANSACTION:
        raise InvalidArgument(
            f"an unsigned transaction has 1 to {MAX_TRANSACTION} bytes, not {len(unsigned)}"
        )
    if wallet_type == wire.WALLET_TYPE_NATIVE:
        # Every key of a Cosmos transaction signs the same sign bytes.
        return Prepared((hashlib.sha256(unsigned).digest(),) * len(public_keys), None)
    parsed, items = _parse(wallets.network(wallet_type, metadata), unsigned)
    if len(items) != len(public_keys):
        raise InvalidArgument(
            f"the transaction has {len(items)} signatures to make, but {len(public_keys)} key ids "
            "are named; name one per signature, in order"
        )
    _require_signers(wallet_type, parsed, public_keys)
    return Prepared(items, parsed.amount)


def require_sighashes(unsigned: bytes, items: list[bytes]) -> None:
    """Raises InvalidArgument unless `items` are a Bitcoin transaction's sighashes, in order."""
    network = wallets.network(wire.WALLET_TYPE_BTC_MAINNET, None)
    _, expected = _parse(network, unsigned)
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


def _require_signers(
    wallet_type: wire.WalletType, parsed: UnsignedTx, public_keys: list[bytes]
) -> None:
    """Raises InvalidArgument when a key cannot sign what is at its place."""
    if isinstance(parsed, SolanaTx):
        wanted = list(parsed.signers)
        given = public_keys
    elif isinstance(parsed, BitcoinTx):
        wanted = [spent.script_pubkey for spent in parsed.inputs]
        script_of = p2tr_script if wallets.is_taproot(wallet_type) else p2wpkh_script
        given = [script_of(key) for key in public_keys]
    else:
        return
    for position, (owner, key) in enumerate(zip(wanted, given, strict=True)):
        if owner != key:
            raise InvalidArgument(
                f"signature {position} is {owner.hex()}'s to make, but the key named for it is "
                f"{public_keys[position].hex()} ({key.hex()})"
            )


def _parse(network: str, unsigned: bytes) -> tuple[UnsignedTx, tuple[bytes, ...]]:
    try:
        chain = chain_for(network)
        parsed = chain.parse(unsigned)
        return parsed, chain.sighashes(parsed)
    except ChainError as error:
        raise InvalidArgument(f"not a transaction for {network}: {error}") from None
