"""One node of a Cosmos chain: the application's queries, asked by CometBFT's abci_query."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, TypeVar

from google.protobuf.message import Message

from zrchain_lite.wire.cosmos.auth.v1beta1 import query_pb2 as auth
from zrchain_lite.wire.cosmos.bank.v1beta1 import query_pb2 as bank
from zrchain_lite.wire.cosmos.tx.v1beta1 import service_pb2 as txs
from zrsign_chains.cosmos import caip2_of
from zrsign_daemon.jsonrpc import JsonRpc, NodeRefused, NodeUnavailable

M = TypeVar("M", bound=Message)


@dataclass(frozen=True)
class CosmosAccount:
    """Where an account stands at `height`: its number, and the sequence that is due."""

    number: int
    sequence: int
    height: int


class CosmosNode:
    """The node behind `rpc`, which has to serve the CAIP-2 id `chain`."""

    def __init__(self, chain: str, rpc: JsonRpc):
        self.chain = chain
        self.rpc = rpc
        self._verified = False

    async def account(self, address: str) -> CosmosAccount | None:
        """Where an account stands; None for one that never held anything."""
        request = auth.QueryAccountInfoRequest(address=address)
        try:
            answer, height = await self._query(
                "/cosmos.auth.v1beta1.Query/AccountInfo", request, auth.QueryAccountInfoResponse
            )
        except NodeRefused as error:
            if "not found" in error.text:
                return None
            raise
        return CosmosAccount(answer.info.account_number, answer.info.sequence, height)

    async def balance(self, address: str, denom: str) -> int:
        """How much an address holds of a coin, in its smallest unit."""
        request = bank.QueryBalanceRequest(address=address, denom=denom)
        answer, _ = await self._query(
            "/cosmos.bank.v1beta1.Query/Balance", request, bank.QueryBalanceResponse
        )
        return int(answer.balance.amount or 0)

    async def gas_used(self, raw: bytes) -> int:
        """What a transaction would use now; its signature is not looked at. Raises NodeRefused."""
        answer, _ = await self._query(
            "/cosmos.tx.v1beta1.Service/Simulate",
            txs.SimulateRequest(tx_bytes=raw),
            txs.SimulateResponse,
        )
        return int(answer.gas_info.gas_used)

    async def verify(self) -> None:
        """A URL of another chain must never be sent to. Asked once. Raises NodeUnavailable."""
        if self._verified:
            return
        found = caip2_of(str((await self.rpc.call("status"))["node_info"]["network"]))
        if found != self.chain:
            raise NodeUnavailable(
                f"{self.rpc.endpoint} serves {found}, not {self.chain}. Correct its URL."
            )
        self._verified = True

    async def _query(self, path: str, request: Message, response: type[M]) -> tuple[M, int]:
        data = request.SerializeToString().hex()
        answer: dict[str, Any] = await self.rpc.call("abci_query", path, data, "0", False)
        found = answer["response"]
        if found.get("code"):
            raise NodeRefused(path, int(found["code"]), str(found.get("log", "")))
        value = base64.b64decode(found.get("value") or "")
        return response.FromString(value), int(found.get("height") or 0)


def refusal_text(error: NodeRefused) -> str:
    """CometBFT puts the cause into `data`, under a message that is always the same."""
    return f"{error.text}: {error.data}" if error.data else error.text
