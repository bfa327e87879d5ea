"""From an EVM log of a zrSign contract to the ledger's source event. Pure, safe on hostile logs.

Direct and Omni emit the same two request events, Omni one more:

    ZrKeyRequest(bytes32 indexed walletTypeId, address indexed owner, uint256 indexed walletIndex,
                 uint8 options, uint256 value, uint256 mpcFee)
    ZrSigRequest(uint256 indexed traceId, bytes32 indexed walletId, uint256 value, uint256 mpcFee,
                 (bytes32 walletTypeId, uint256 walletIndex, bytes32 dstChainId, bytes payload,
                  address owner, uint8 zrSignReqType, bool broadcast) params)
    ZrAccountLinked(address indexed owner, string account)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode as abi_decode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address

from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_chains.hashing import keccak256
from zrsign_listener.errors import MalformedLog
from zrsign_listener.plan import Block

SIG_PARAMS = "(bytes32,uint256,bytes32,bytes,address,uint8,bool)"
KEY_REQUEST = keccak256(b"ZrKeyRequest(bytes32,address,uint256,uint8,uint256,uint256)")
SIG_REQUEST = keccak256(f"ZrSigRequest(uint256,bytes32,uint256,uint256,{SIG_PARAMS})".encode())
ACCOUNT_LINKED = keccak256(b"ZrAccountLinked(address,string)")
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
    topics = _topics(log, 4)
    options, _value, _fee = _abi(("uint8", "uint256", "uint256"), log.data)
    event.owner = _address(topics[2])
    event.key.wallet_type_id = topics[1]
    event.key.wallet_index = _wallet_index(int.from_bytes(topics[3]))
    event.key.options = options


def _decode_sig_request(log: EvmLog, event: receiver.SourceEvent) -> None:
    topics = _topics(log, 3)
    _value, _fee, params = _abi(("uint256", "uint256", SIG_PARAMS), log.data)
    wallet_type_id, wallet_index, dst_chain_id, payload, owner, kind, broadcast = params
    if kind not in _KINDS:
        raise MalformedLog(f"zrSignReqType {kind} is none of {sorted(_KINDS)}.")
    event.owner = to_checksum_address(owner)
    event.sign.trace_id = topics[1]
    event.sign.wallet_type_id = wallet_type_id
    event.sign.wallet_index = _wallet_index(wallet_index)
    event.sign.dst_chain_id = dst_chain_id
    if len(payload) > MAX_PAYLOAD:
        event.sign.oversize_bytes = len(payload)
    else:
        event.sign.payload = payload
    event.sign.kind = _KINDS[kind]
    event.sign.broadcast = broadcast


def _decode_account_linked(log: EvmLog, event: receiver.SourceEvent) -> None:
    topics = _topics(log, 2)
    (account,) = _abi(("string",), log.data)
    size = len(account.encode())
    if not 1 <= size <= MAX_ACCOUNT_BYTES:
        raise MalformedLog(f"The account has {size} bytes, none of 1 to {MAX_ACCOUNT_BYTES}.")
    event.owner = _address(topics[1])
    event.link.account = account


def _topics(log: EvmLog, count: int) -> tuple[bytes, ...]:
    if len(log.topics) != count:
        raise MalformedLog(f"The event has {len(log.topics)} topics instead of {count}.")
    return log.topics


def _abi(types: tuple[str, ...], data: bytes) -> tuple[Any, ...]:
    try:
        return abi_decode(types, data)
    except (DecodingError, OverflowError, ValueError) as error:
        raise MalformedLog(f"The {len(data)} bytes of data do not decode: {error}") from None


def _address(topic: bytes) -> str:
    if any(topic[:12]):
        raise MalformedLog(f"Topic 0x{topic.hex()} is wider than an address.")
    return to_checksum_address(topic[12:])


def _wallet_index(index: int) -> int:
    return min(index, NO_WALLET_INDEX)


def _trace_id(log: EvmLog) -> int | None:
    if len(log.topics) < 2 or log.topics[0] != SIG_REQUEST:
        return None
    return int.from_bytes(log.topics[1])
