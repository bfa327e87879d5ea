"""An EVM log of a zrSign contract becomes the ledger's source event. Pure, safe on hostile logs.

Direct and Omni emit the same two request events, ZrKeyRequest and ZrSigRequest, Omni one more:
ZrAccountLinked. Their fields are those of the packaged ABI.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eth_utils.address import to_checksum_address

from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_chains import MalformedPayload, contract_abi
from zrsign_daemon.errors import DaemonError

_KEY_REQUEST = contract_abi.event("ZrKeyRequest")
_SIG_REQUEST = contract_abi.event("ZrSigRequest")
_ACCOUNT_LINKED = contract_abi.event("ZrAccountLinked")
KEY_REQUEST, SIG_REQUEST = _KEY_REQUEST.topic, _SIG_REQUEST.topic
ACCOUNT_LINKED = _ACCOUNT_LINKED.topic
TOPICS = (KEY_REQUEST, SIG_REQUEST, ACCOUNT_LINKED)

# The ledger takes no longer payload; it gets the length of one, and rejects the request.
MAX_PAYLOAD = 64 * 1024
# The ledger counts wallets in 64 bits. A larger index belongs to no wallet, and neither does this.
NO_WALLET_INDEX = 2**64 - 1
# Neither contract nor ledger takes a longer account.
MAX_ACCOUNT_BYTES = 128

_KINDS = {
    0: receiver.REQUEST_KIND_HASH,
    1: receiver.REQUEST_KIND_TX,
    2: receiver.REQUEST_KIND_SIMPLE_TX,
    3: receiver.REQUEST_KIND_DATA,
}
# EIP-7702: the code of an externally owned account that delegates.
_DELEGATION = bytes.fromhex("ef0100")


class MalformedLog(DaemonError, ValueError):
    """The log does not follow the zrSign ABI; the message says where."""


@dataclass(frozen=True)
class Block:
    """A place in a chain: a height, and the hash that the chain has there."""

    number: int
    hash: bytes
    """The hash has 32 bytes."""


@dataclass(frozen=True)
class EvmLog:
    """A log as eth_getLogs gives it. `contract` is EIP-55."""

    contract: str
    topics: tuple[bytes, ...]
    data: bytes
    block: Block
    tx_hash: bytes
    log_index: int


@dataclass(frozen=True)
class Observation:
    """What a log was found to say: an event, or the fault that makes it none.

    `event.owner_is_contract` is not known yet, see `is_contract`.
    """

    log: EvmLog
    trace_id: int | None
    event: receiver.SourceEvent | None
    fault: str = ""

    @property
    def block(self) -> Block:
        """The block that the log is in."""
        return self.log.block

    @property
    def key(self) -> tuple[bytes, int]:
        """Unique in a chain's contract."""
        return self.log.tx_hash, self.log.log_index


def observe(chain: str, log: EvmLog) -> Observation:
    """Decode. A malformed log becomes an observation of its fault; its trace id still counts."""
    try:
        return Observation(log, _trace_id(log), decode(chain, log))
    except MalformedLog as error:
        return Observation(log, _trace_id(log), None, str(error))


def decode(chain: str, log: EvmLog) -> receiver.SourceEvent:
    """The source event, without `owner_is_contract`. `chain` is CAIP-2. Raises MalformedLog."""
    event = receiver.SourceEvent(
        id=receiver.SourceId(
            chain=chain, contract=log.contract, tx_hash=log.tx_hash, log_index=log.log_index
        ),
        block_number=log.block.number,
        block_hash=log.block.hash,
    )
    topic = log.topics[0] if log.topics else b""
    if topic == KEY_REQUEST:
        _decode_key_request(log, event)
    elif topic == SIG_REQUEST:
        _decode_sig_request(log, event)
    elif topic == ACCOUNT_LINKED:
        _decode_account_linked(log, event)
    else:
        raise MalformedLog(f"Topic 0x{topic.hex()} is no request event of a zrSign contract.")
    return event


def is_contract(event: receiver.SourceEvent, tx_from: str, code: bytes) -> bool:
    """Whether the owner is a contract, from the transaction's sender and the owner's code.

    Without code an owner that a key is asked for is an account. Signatures and links are asked for
    by the owner itself: one that did not send the transaction must have been a contract that is
    gone, and cannot pose as an account.
    """
    if event.owner.lower() == tx_from.lower() or code.startswith(_DELEGATION):
        return False
    return bool(code) or not event.HasField("key")


def _decode_key_request(log: EvmLog, event: receiver.SourceEvent) -> None:
    asked = _values(_KEY_REQUEST, log)
    event.owner = to_checksum_address(asked["owner"])
    event.key.wallet_type_id = asked["walletTypeId"]
    event.key.wallet_index = _wallet_index(asked["walletIndex"])
    event.key.options = asked["options"]


def _decode_sig_request(log: EvmLog, event: receiver.SourceEvent) -> None:
    asked = _values(_SIG_REQUEST, log)["params"]
    kind, payload = asked["zrSignReqType"], asked["payload"]
    if kind not in _KINDS:
        raise MalformedLog(f"zrSignReqType {kind} is none of {sorted(_KINDS)}.")
    event.owner = to_checksum_address(asked["owner"])
    event.sign.trace_id = log.topics[1]
    event.sign.wallet_type_id = asked["walletTypeId"]
    event.sign.wallet_index = _wallet_index(asked["walletIndex"])
    event.sign.dst_chain_id = asked["dstChainId"]
    if len(payload) > MAX_PAYLOAD:
        event.sign.oversize_bytes = len(payload)
    else:
        event.sign.payload = payload
    event.sign.kind = _KINDS[kind]
    event.sign.broadcast = asked["broadcast"]


def _decode_account_linked(log: EvmLog, event: receiver.SourceEvent) -> None:
    asked = _values(_ACCOUNT_LINKED, log)
    account = asked["account"]
    size = len(account.encode())
    if not 1 <= size <= MAX_ACCOUNT_BYTES:
        raise MalformedLog(f"The account has {size} bytes, none of 1 to {MAX_ACCOUNT_BYTES}.")
    event.owner = to_checksum_address(asked["owner"])
    event.link.account = account


def _values(event: contract_abi.EventAbi, log: EvmLog) -> dict[str, Any]:
    try:
        return event.decode(log.topics, log.data)
    except MalformedPayload as error:
        raise MalformedLog(f"{event.name}: {error}.") from None


def _wallet_index(index: int) -> int:
    return min(index, NO_WALLET_INDEX)


def _trace_id(log: EvmLog) -> int | None:
    if len(log.topics) < 2 or log.topics[0] != SIG_REQUEST:
        return None
    return int.from_bytes(log.topics[1])
