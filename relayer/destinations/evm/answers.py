"""Builds the transaction of a Direct answer: look, estimate, reserve a nonce, sign.

The nonce is stored before anything is signed with it, and a nonce is one item's, whichever process
works on it. Shortage of the account's own funds is
never the answer's failure: the item waits.
"""

from __future__ import annotations

from typing import Any

from eth_account import Account

from relayer.destinations import Builder
from relayer.destinations.evm.contract import DirectContract, answer_call
from relayer.destinations.evm.fees import GWEI, market_fees, nonces
from relayer.errors import NonceTaken
from relayer.news import Built, Construction, Delivered, Final, Held, Included, News
from relayer.news import Unreachable as Silent
from relayer.nonces import Fees, Reservation, bumped, next_nonce
from relayer.outbox import Outbox
from relayer.settings import AnswerSettings
from relayer.stages import OutboxItem
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_daemon.composing import NotYet
from zrsign_daemon.jsonrpc import JsonRpc, NodeRefused, NodeUnavailable

GAS_MARGIN_PERCENT = 20


class AnswerBuilder(Builder):
    """Answers of one source chain, sent by the gas account with this 32-byte secret."""

    def __init__(
        self, chain: str, rpc: JsonRpc, secret: bytes, outbox: Outbox, limits: AnswerSettings
    ):
        self._chain = chain
        self._chain_id = int(chain.partition(":")[2])
        self._rpc = rpc
        self._account = Account.from_key(secret)
        self._outbox = outbox
        self._max_fee = limits.max_fee_gwei * GWEI

    async def build(self, item: OutboxItem) -> Construction:
        try:
            return await self._build(item)
        except (NotYet, NonceTaken) as error:
            return Held(str(error))
        except (NodeUnavailable, NodeRefused) as error:
            return Silent(str(error))

    async def replace(self, item: OutboxItem) -> Construction:
        """The same call on the same nonce with fees that the pool prefers."""
        try:
            held = await self._outbox.reservation(item.key)
            if held is None:
                return Held("its nonce was given back")
            market, _ = await market_fees(self._rpc)
            fees = bumped(held.fees, market, self._max_fee)
            if fees is None:
                return Held(f"fee cap of {self._max_fee // GWEI} gwei reached; sent again as it is")
            request = receiver.Request.FromString(item.content)
            gas = await self._gas(request, answer_call(request.answer))
            await self._reserve(Reservation(item.key, held.nonce, fees))
            return self._sign(request, held.nonce, gas, fees)
        except NotYet as error:
            return Held(str(error))
        except (NodeUnavailable, NodeRefused) as error:
            return Silent(str(error))

    async def resolve(self, item: OutboxItem, news: News) -> News:
        """A revert may mean that another relayer was first."""
        if not isinstance(news, Included | Final) or not news.reason:
            return news
        request = receiver.Request.FromString(item.content)
        try:
            tx_id = await self._delivered(request)
        except NotYet:
            return news
        except (NodeUnavailable, NodeRefused) as error:
            return Silent(str(error))
        return news if tx_id is None else Delivered(tx_id)

    async def _build(self, item: OutboxItem) -> Construction:
        request = receiver.Request.FromString(item.content)
        tx_id = await self._delivered(request)
        if tx_id is not None:
            return Delivered(tx_id)
        gas = await self._gas(request, answer_call(request.answer))
        market, base = await market_fees(self._rpc)
        if base + market.priority_fee > self._max_fee:
            raise NotYet(f"gas costs {base // GWEI} gwei, above {self._max_fee // GWEI}")
        fees = Fees(min(market.max_fee, self._max_fee), market.priority_fee)
        await self._check_funds(gas * fees.max_fee)
        nonce = await self._nonce(item)
        await self._reserve(Reservation(item.key, nonce, fees))
        return self._sign(request, nonce, gas, fees)

    async def _delivered(self, request: receiver.Request) -> str | None:
        contract = DirectContract(self._rpc, request.event.id.contract)
        return await contract.delivered(request.answer, request.event.block_number)

    async def _gas(self, request: receiver.Request, data: bytes) -> int:
        """The contract's respGas: its refund is exact for that limit and may fail above it."""
        contract = DirectContract(self._rpc, request.event.id.contract)
        resp_gas = await contract.resp_gas()
        needed = await contract.estimate(self._account.address, data, resp_gas)
        return resp_gas or needed * (100 + GAS_MARGIN_PERCENT) // 100

    async def _check_funds(self, cost: int) -> None:
        account = self._account.address
        balance = int(await self._rpc.call("eth_getBalance", account, "latest"), 16)
        if balance < cost:
            raise NotYet(f"gas account {account} holds {balance} wei and needs {cost}; fund it")

    async def _nonce(self, item: OutboxItem) -> int:
        """The nonce that the item holds, if it is still free on chain, else the lowest free one."""
        latest, pending = await nonces(self._rpc, self._account.address)
        held = await self._outbox.reservations(self._chain, self._account.address)
        own = next((one.nonce for one in held if one.item == item.key), None)
        if own is not None and own >= latest:
            return own
        others = {one.nonce for one in held if one.item != item.key}
        return next_nonce(latest, pending, others)

    async def _reserve(self, reservation: Reservation) -> None:
        await self._outbox.reserve(self._chain, self._account.address, reservation)

    def _sign(self, request: receiver.Request, nonce: int, gas: int, fees: Fees) -> Built:
        fields: dict[str, Any] = {
            "type": 2,
            "chainId": self._chain_id,
            "nonce": nonce,
            "to": request.event.id.contract,
            "value": 0,
            "data": answer_call(request.answer),
            "gas": gas,
            "maxFeePerGas": fees.max_fee,
            "maxPriorityFeePerGas": fees.priority_fee,
        }
        signed = self._account.sign_transaction(fields)
        return Built(bytes(signed.raw_transaction), "0x" + bytes(signed.hash).hex())
