"""A real EVM chain with contracts, a ledger that may lie, and an operator that sees for itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from eth_utils.address import to_checksum_address
from google.protobuf.message import Message

from tests.zrsign_listener.conftest import USER, Chain, chain, rpc, send
from tests.zrsign_receiver import transactions
from tests.zrsign_receiver.world import AUTHORITY, COMPOSER, SOURCE_CHAIN, World
from zrchain_lite.client import ObjectNotFound
from zrchain_lite.errors import NotFound
from zrchain_lite.wire.zrsign.operators import operators_pb2 as operators
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains import EVM, Intent, chain_hash, contract_abi
from zrsign_chains.evm import EvmChain
from zrsign_daemon.events.decode import Block, EvmLog, decode, is_contract
from zrsign_daemon.jsonrpc import JsonRpc
from zrsign_operator.peers.members import KeyringSettings
from zrsign_operator.sources.kept import Kept
from zrsign_operator.sources.receipts import Receipts
from zrsign_operator.sources.seen import Seen
from zrsign_operator.sources.settings import SourceChain
from zrsign_operator.sources.sources import Sources

__all__ = ["chain", "rpc"]
R = TypeVar("R", bound=Message)
CAPS = {"eip155": str(10**18)}


@dataclass
class Node:
    """A ledger's node as a client sees it: what it says is the world's state, true or not."""

    world: World

    async def query(self, method: str, request: Message, response: type[R], **_: object) -> R:
        try:
            found = self.world.registry.query(method).handle(self.world.reading(), request)
        except NotFound as error:
            raise ObjectNotFound(method, "NOT_FOUND", str(error)) from None
        assert isinstance(found, response)
        return found


@dataclass
class Sight:
    """One operator's eyes on a chain, and the ledger's world."""

    chain: Chain
    rpc: JsonRpc
    folder: Path
    finality: Any = 0
    caip2: str = SOURCE_CHAIN
    contracts: tuple[str, ...] = ()
    world: World = field(default_factory=World)
    indices: dict[str, int] = field(default_factory=dict)
    """The contract's number of each owner's wallet."""

    def __post_init__(self) -> None:
        omni = pb.Source(
            chain=SOURCE_CHAIN, contract=self.chain.omni.address, mode=pb.MODE_OMNI, active=True
        )
        self.world.send(pb.MsgRegisterSource(authority=AUTHORITY.address, source=omni))
        self.restart()

    def restart(self, rpc: JsonRpc | None = None) -> None:
        """A new process of the operator, with what it kept."""
        own = self.contracts or (self.chain.omni.address, self.chain.direct.address)
        settings = SourceChain(
            caip2=self.caip2, rpc_url=self.chain.url, finality=self.finality, contracts=own
        )
        receipts = Receipts(settings, rpc or self.rpc)
        node: Any = Node(self.world)
        kept = Kept(self.folder)
        self.sources = Sources(node, {SOURCE_CHAIN: receipts}, kept, CAPS, self._held)

    @property
    def state(self) -> Any:
        """What the receiver keeps, for a ledger that changes it."""
        return self.world.modules[-1]._state  # type: ignore[attr-defined]

    def _held(self, key_id: int) -> bytes:
        return self.world.treasury.key(self.world.ctx(), key_id).public_key

    async def look(self) -> Seen:
        """What the operator makes of what is open now."""
        keyring = self.world.keyring
        query = operators.QueryWorkRequest(keyring=keyring)
        node = Node(self.world)
        work = await node.query("/zrsign.operators.Query/Work", query, operators.QueryWorkResponse)
        self.open = {each.parent_req_id or each.id for each in work.signatures}
        return await self.sources.look(work, KeyringSettings(keyring, ()))

    async def refusal(self) -> str:
        """Why the only open signature request is refused; an empty text: it is signed."""
        seen = await self.look()
        (request,) = self.open
        assert not seen.waiting
        return seen.refused.get(request, "")

    async def event(self, tx_hash: str) -> pb.SourceEvent:
        """What an honest observer reports of a transaction with one event."""
        receipt = await self.rpc.call("eth_getTransactionReceipt", tx_hash)
        (log,) = (each for each in receipt["logs"] if self._is_request(each))
        found = decode(
            SOURCE_CHAIN,
            EvmLog(
                contract=to_checksum_address(log["address"]),
                topics=tuple(bytes.fromhex(each[2:]) for each in log["topics"]),
                data=bytes.fromhex(log["data"][2:]),
                block=Block(int(log["blockNumber"], 16), bytes.fromhex(log["blockHash"][2:])),
                tx_hash=bytes.fromhex(log["transactionHash"][2:]),
                log_index=int(log["logIndex"], 16),
            ),
        )
        code = await self.rpc.call("eth_getCode", found.owner, "latest")
        found.owner_is_contract = is_contract(found, receipt["from"], bytes.fromhex(code[2:]))
        return found

    @staticmethod
    def _is_request(log: dict[str, Any]) -> bool:
        names = ("ZrKeyRequest", "ZrSigRequest")
        return log["topics"][0] in {"0x" + contract_abi.event(n).topic.hex() for n in names}

    async def key(self, contract: str = "", owner: str = USER) -> pb.SourceEvent:
        """A key request of the owner, on the chain."""
        asked = {"owner": owner, "walletTypeId": EVM.id, "options": 2}
        data = contract_abi.call_data("zrKeyReq", asked)
        sent = await send(self.rpc, contract or self.chain.omni.address, data, sender=owner)
        return await self.event(sent)

    async def sign(
        self, call: str, payload: bytes, owner: str = USER, contract: str = ""
    ) -> pb.SourceEvent:
        """A signature request of the owner, on the chain."""
        asked = {
            "walletTypeId": EVM.id,
            "walletIndex": self.indices.get(owner, 0),
            "dstChainId": chain_hash(SOURCE_CHAIN),
            "payload": payload,
        }
        data = contract_abi.call_data(call, asked)
        sent = await send(self.rpc, contract or self.chain.omni.address, data, sender=owner)
        return await self.event(sent)

    async def wallet(self, owner: str = USER) -> pb.Wallet:
        """The owner's wallet: asked for on the chain, seen by the operator, made."""
        self.world.report(await self.key(owner=owner))
        await self.look()
        self.world.fulfil()
        made = self.world.wallets_of(owner)[-1]
        self.indices[owner] = made.index
        return made

    def propose(self, request_id: int, unsigned: bytes, replaces: int = 0) -> None:
        """A composer's transaction."""
        self.world.send(
            pb.MsgProposeTransaction(
                composer=COMPOSER.address,
                request_id=request_id,
                unsigned_transaction=unsigned,
                replaces_sign_transaction_request_id=replaces,
            )
        )


@pytest.fixture
async def sight(chain: Chain, rpc: JsonRpc, tmp_path: Path) -> Sight:
    return Sight(chain, rpc, tmp_path)


def paying(nonce: int, *, max_fee: int = 10**9, value: int = 1000) -> bytes:
    """A composed transaction of the source chain, to where `transactions.simple` pays."""
    intent = Intent(transactions.EVM_RECIPIENT, value, b"", 10**18)
    return EvmChain(SOURCE_CHAIN).compose(
        intent, nonce=nonce, gas=21_000, max_fee=max_fee, priority_fee=max_fee // 10
    )
