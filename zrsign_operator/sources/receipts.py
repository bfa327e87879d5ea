"""One event of a contract, as the operator's own node of the chain shows it: in a receipt, at the
finality that the operator was told.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_daemon.events.decode import Block, EvmLog, MalformedLog, decode, is_contract
from zrsign_daemon.events.finality import blocks_asked_for, newest_final
from zrsign_daemon.jsonrpc import JsonRpc, NodeRefused, NodeUnavailable
from zrsign_daemon.validation import faults
from zrsign_operator.errors import NotApproved, NotSeen
from zrsign_operator.sources.settings import SourceChain

HASH_BYTES: Final = 32


def _bytes(value: object) -> bytes:
    if not isinstance(value, str) or not value.startswith("0x"):
        raise ValueError("not hexadecimal with 0x before it")
    return bytes.fromhex(value[2:])


def _number(value: object) -> int:
    if not isinstance(value, str) or not value.startswith("0x"):
        raise ValueError("not hexadecimal with 0x before it")
    return int(value, 16)


_Bytes = Annotated[bytes, BeforeValidator(_bytes)]
_Hash = Annotated[_Bytes, Field(min_length=HASH_BYTES, max_length=HASH_BYTES)]
_Number = Annotated[int, BeforeValidator(_number), Field(ge=0)]


class _Log(BaseModel):
    address: str
    topics: tuple[_Hash, ...]
    data: _Bytes
    index: _Number = Field(alias="logIndex")


class _Receipt(BaseModel):
    block_number: _Number = Field(alias="blockNumber")
    block_hash: _Hash = Field(alias="blockHash")
    sender: str = Field(alias="from")
    logs: tuple[_Log, ...]


class _Block(BaseModel):
    number: _Number
    hash: _Hash


class Receipts:
    """Reads from one chain's node."""

    def __init__(self, settings: SourceChain, rpc: JsonRpc) -> None:
        self._settings, self._rpc = settings, rpc

    async def require(self, event: receiver.SourceEvent) -> None:
        """Make sure that the chain has exactly this event.

        Raises:
            NotSeen: it is not in a final block, or the node does not tell.
            NotApproved: of another contract, or the receipt says something else.
        """
        source = event.id
        if source.contract not in self._settings.contracts:
            raise NotApproved(f"{source.contract} on {source.chain} is no contract of my settings")
        try:
            found = await self._found(source)
        except (NodeRefused, NodeUnavailable) as error:
            raise NotSeen(f"the node of {source.chain} does not tell: {error}") from None
        except ValidationError as error:
            raise NotSeen(f"the node of {source.chain} tells no receipt: {faults(error)}") from None
        if found != event:
            raise NotApproved(
                f"log {source.log_index} of 0x{source.tx_hash.hex()} on {source.chain} says "
                "something else than the ledger"
            )

    async def _found(self, source: receiver.SourceId) -> receiver.SourceEvent:
        served = _number(await self._rpc.call("eth_chainId"))
        if f"eip155:{served}" != self._settings.caip2:
            raise NotSeen(f"the node of {self._settings.caip2} serves eip155:{served}")
        name = "0x" + source.tx_hash.hex()
        shown = await self._rpc.call("eth_getTransactionReceipt", name)
        if shown is None:
            raise NotSeen(f"{source.chain} has no transaction {name}")
        receipt = _Receipt.model_validate(shown)
        await self._require_final(receipt)
        logs = [each for each in receipt.logs if each.index == source.log_index]
        if len(logs) != 1 or logs[0].address.lower() != source.contract.lower():
            raise NotApproved(f"{name} has no log {source.log_index} of {source.contract}")
        block = Block(receipt.block_number, receipt.block_hash)
        (log,) = logs
        try:
            event = decode(
                source.chain,
                EvmLog(
                    source.contract, log.topics, log.data, block, source.tx_hash, source.log_index
                ),
            )
        except MalformedLog as error:
            raise NotApproved(f"log {source.log_index} of {name}: {error}") from None
        code = await self._code(event.owner, block.number)
        event.owner_is_contract = is_contract(event, receipt.sender, code)
        return event

    async def _require_final(self, receipt: _Receipt) -> None:
        """The block is the chain's at its height, and as deep as the settings want it."""
        rule = self._settings.finality
        shown = {name: (await self._block(name)).number for name in blocks_asked_for(rule)}
        if receipt.block_number > newest_final(rule, shown):
            raise NotSeen(f"block {receipt.block_number} is not final")
        if (await self._block(hex(receipt.block_number))).hash != receipt.block_hash:
            raise NotSeen(f"the chain has another block {receipt.block_number}")

    async def _block(self, name: str) -> _Block:
        return _Block.model_validate(await self._rpc.call("eth_getBlockByNumber", name, False))

    async def _code(self, owner: str, number: int) -> bytes:
        """The account's code at the block, or at the head where that state is gone."""
        try:
            found: Any = await self._rpc.call("eth_getCode", owner, hex(number))
        except NodeRefused:
            found = await self._rpc.call("eth_getCode", owner, "latest")
        try:
            return _bytes(found)
        except ValueError:
            raise NotSeen(f"eth_getCode answers {str(found)[:100]!r}") from None
