"""The ledger's words for a network, wallet type and metadata, and the chain they mean. Pure."""

from __future__ import annotations

from google.protobuf import any_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message

# The pool of message types knows the metadata once this is imported.
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as _treasury  # noqa: F401
from zrsign_chains import LEDGER_WALLETS, Chain, UnknownChain, chain_by_ledger


def chain_of(wallet_type: int, metadata: any_pb2.Any | None, unsigned: bytes) -> Chain:
    """The chain that an unsigned transaction is for; raises `ChainError`."""
    wallet = LEDGER_WALLETS.get(wallet_type)
    fields: dict[str, object] = {}
    if wallet is not None and wallet.metadata:
        message = _unpacked(metadata, wallet.metadata)
        fields = {field.name: getattr(message, field.name) for field in message.DESCRIPTOR.fields}
    return chain_by_ledger(wallet_type, fields, unsigned)


def metadata_of(chain: Chain) -> any_pb2.Any | None:
    """What names the chain's network, None where its wallet type does; raises `UnknownChain`."""
    fields = chain.ledger_metadata
    if not chain.ledger_wallet.metadata:
        return None
    packed = any_pb2.Any()
    message = _message(chain.ledger_wallet.metadata, **fields)
    packed.Pack(message, type_url_prefix="/", deterministic=True)
    return packed


def _unpacked(packed: any_pb2.Any | None, name: str) -> Message:
    message = _message(name)
    try:
        if packed is None or not packed.Unpack(message):
            raise UnknownChain(f"this wallet type needs metadata of type /{name}")
    except DecodeError as error:
        raise UnknownChain(f"the metadata does not decode as /{name}: {error}") from None
    return message


def _message(name: str, **fields: object) -> Message:
    descriptor = descriptor_pool.Default().FindMessageTypeByName(name)
    return message_factory.GetMessageClass(descriptor)(**fields)
