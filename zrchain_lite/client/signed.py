"""Messages that an account has signed, whatever the node says that brings them.

Where a transaction stands is the node's word; its signature is verified here. Keys are single
secp256k1 keys, and the mode is SIGN_MODE_DIRECT.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.message import DecodeError, Message

from zrchain_lite.client.connection import Connection
from zrchain_lite.client.errors import LedgerUnavailable, QueryFailed
from zrchain_lite.errors import LedgerError
from zrchain_lite.tx import sign_bytes, verify_signature
from zrchain_lite.wire.cosmos.base.tendermint.v1beta1 import query_pb2 as tm
from zrchain_lite.wire.cosmos.crypto.secp256k1.keys_pb2 import PubKey
from zrchain_lite.wire.cosmos.tx.signing.v1beta1.signing_pb2 import SIGN_MODE_DIRECT
from zrchain_lite.wire.cosmos.tx.v1beta1 import service_pb2 as txs
from zrchain_lite.wire.cosmos.tx.v1beta1.tx_pb2 import AuthInfo, SignerInfo, TxBody, TxRaw
from zrsign_chains import ChainError, cosmos

M = TypeVar("M", bound=Message)
LOOKED_THROUGH = 20
"""How many of the last transactions are looked through."""


@dataclass(frozen=True)
class Signed(Generic[M]):
    """A message, who signed its transaction, and the signer's sequence there."""

    message: M
    signer: str
    sequence: int


async def found(node: Connection, search: str) -> list[bytes]:
    """The last transactions that a search over events finds at a node, the newest first.

    Raises LedgerUnavailable or QueryFailed.
    """
    asked = txs.GetTxsEventRequest(
        query=search, order_by=txs.ORDER_BY_DESC, limit=LOOKED_THROUGH, page=1
    )
    answer = await node.call(
        "/cosmos.tx.v1beta1.Service/GetTxsEvent", asked, txs.GetTxsEventResponse, attempts=1
    )
    heights = {each.height for each in answer.tx_responses[:LOOKED_THROUGH]}
    raw: list[bytes] = []
    for height in sorted(heights, reverse=True):
        block = await node.call(
            "/cosmos.base.tendermint.v1beta1.Service/GetBlockByHeight",
            tm.GetBlockByHeightRequest(height=height),
            tm.GetBlockByHeightResponse,
            attempts=1,
        )
        raw += reversed(block.block.data.txs)
    return raw


async def found_anywhere(nodes: list[Connection], search: str) -> list[bytes]:
    """What any of the nodes finds, each transaction once."""
    all_: dict[bytes, None] = {}
    for node in nodes:
        try:
            all_.update(dict.fromkeys(await found(node, search)))
        except (LedgerUnavailable, QueryFailed):
            continue
    return list(all_)


def signed(
    raw: bytes, kind: type[M], accounts: Mapping[str, int], chain_id: str
) -> Iterator[Signed[M]]:
    """The messages of a kind in a transaction that one of these accounts has signed.

    `accounts` are account numbers by address.
    """
    try:
        tx = TxRaw.FromString(raw)
        body, auth_info = TxBody.FromString(tx.body_bytes), AuthInfo.FromString(tx.auth_info_bytes)
    except DecodeError:
        return
    for info, signature in zip(auth_info.signer_infos, tx.signatures, strict=False):
        address = _signer(info)
        if address not in accounts:
            continue
        document = sign_bytes(tx, chain_id, accounts[address])
        key = PubKey.FromString(info.public_key.value).key
        try:
            verify_signature(key, document, signature)
        except (LedgerError, ChainError):
            continue
        for packed in body.messages:
            message = kind()
            if packed.Unpack(message):
                yield Signed(message, address, info.sequence)


def _signer(info: SignerInfo) -> str:
    """The address of a single key; empty for any other kind."""
    single = info.mode_info.single.mode == SIGN_MODE_DIRECT
    if not single or info.public_key.type_url != "/" + PubKey.DESCRIPTOR.full_name:
        return ""
    try:
        return cosmos.account_address(PubKey.FromString(info.public_key.value).key)
    except (DecodeError, ValueError, ChainError):
        return ""
