"""Builds the transaction of Direct answers: look, estimate, reserve a nonce, sign.

Signatures that wait for one contract go in one call, each after a look at it alone: what the
contract refuses waits, and the others do not. A call that reverts all the same delivers none of
them, and each is then sent alone. The nonce is stored before anything is signed with it, and a
nonce is one transaction's, whichever process works on it. Shortage of the account's own funds is
never the answer's failure: the item waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as changed

from coincurve import PrivateKey

from relayer.destinations import Builder
from relayer.destinations.evm.contract import (
    REQUEST_OPEN,
    DirectContract,
    answer_call,
    batch_call,
    is_batch,
)
from relayer.destinations.evm.fees import GWEI, Market, market, nonces
from relayer.errors import NonceTaken
from relayer.news import Built, Construction, Delivered, Final, Held, Included, News, Rejected
from relayer.news import Unreachable as Silent
from relayer.nonces import Fees, Reservation, bumped, next_nonce
from relayer.outbox import Outbox
from relayer.settings import AnswerSettings
from relayer.stages import OutboxItem
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_chains import Intent
from zrsign_chains.evm import EvmChain, read_signed
from zrsign_chains.evm_transactions import FEE_MARKET
from zrsign_daemon.composing import NotYet
from zrsign_daemon.jsonrpc import JsonRpc, NodeRefused, NodeUnavailable

GAS_MARGIN_PERCENT = 20
AT_ONCE = 10
"""Answers of one call, at most."""
MOST_DATA = 100_000
"""Bytes of calldata of one call, at most: pools take transactions of 128 KiB."""


@dataclass(frozen=True)
class Call:
    """A call of a contract, with its gas limit."""

    contract: str
    data: bytes
    gas: int


class GasAccount:
    """Who pays for answers on one chain; `secret` is a secp256k1 key's 32 bytes."""

    def __init__(self, chain: str, secret: bytes) -> None:
        self.chain = EvmChain(chain)
        self._key = PrivateKey(secret)
        self._public_key = self._key.public_key.format()
        self.address = self.chain.address(self._public_key)

    def sign(self, call: Call, nonce: int, fees: Fees) -> bytes:
        """Return the signed EIP-1559 transaction of a call."""
        intent = Intent(call.contract, 0, call.data, max_network_fee=call.gas * fees.max_fee)
        payload = self.chain.compose(intent, nonce, call.gas, fees.max_fee, fees.priority_fee)
        tx = self.chain.parse(payload)
        (digest,) = self.chain.sighashes(tx)
        signature = self._key.sign_recoverable(digest, hasher=None)
        return self.chain.assemble(tx, [signature], [self._public_key])


class AnswerBuilder(Builder):
    """Answers of one source chain, sent by the gas account with this 32-byte secret."""

    def __init__(
        self, chain: str, rpc: JsonRpc, secret: bytes, outbox: Outbox, limits: AnswerSettings
    ):
        self._chain = chain
        self._rpc = rpc
        self._account = GasAccount(chain, secret)
        self._outbox = outbox
        self._max_fee = limits.max_fee_gwei * GWEI

    async def build(self, item: OutboxItem, waiting: Sequence[OutboxItem] = ()) -> Construction:
        try:
            return await self._build(item, waiting)
        except (NotYet, NonceTaken) as error:
            return Held(str(error))
        except (NodeUnavailable, NodeRefused) as error:
            return Silent(str(error))

    async def replace(self, item: OutboxItem) -> Construction:
        """The same call on the same nonce with fees that the pool prefers."""
        try:
            nonce, call = _sent(item.signed)
            reserved = await self._outbox.reservations(self._chain, self._account.address)
            held = next((one for one in reserved if one.nonce == nonce), None)
            if held is None:
                return Held("its nonce was given back")
            fees = bumped(held.fees, (await self._market()).fees, self._max_fee)
            if fees is None:
                return Held(f"fee cap of {self._max_fee // GWEI} gwei reached; sent again as it is")
            await self._contract(call.contract).estimate(self._account.address, call.data, call.gas)
            await self._reserve(changed(held, fees=fees))
            return self._sign(call, nonce, fees, await self._outbox.sharing(item))
        except NotYet as error:
            return Held(str(error))
        except (NodeUnavailable, NodeRefused) as error:
            return Silent(str(error))

    async def resolve(self, item: OutboxItem, news: News) -> News:
        """A revert may mean that another relayer was first; a batch leaves out what is closed."""
        batch = isinstance(news, Included | Final) and is_batch(_sent(item.signed)[1].data)
        if not isinstance(news, Included | Final) or not (batch or news.reason):
            return news
        request = receiver.Request.FromString(item.content)
        try:
            tx_id = await self._delivered(request)
            if tx_id is None and batch:
                return await self._missed(request, news)
        except NotYet as error:
            return news if news.reason else Silent(str(error))
        except (NodeUnavailable, NodeRefused) as error:
            return Silent(str(error))
        ours = not news.reason and tx_id in ("", news.tx_id)
        return news if tx_id is None or ours else Delivered(tx_id)

    async def _missed(self, request: receiver.Request, news: Included | Final) -> News:
        """A batch is on chain that did not deliver one of its answers."""
        if news.reason:
            return Rejected(f"{news.reason}; it is sent alone", nonce_lost=True)
        contract = self._contract(request.event.id.contract)
        if await contract.request_status(request.answer) == REQUEST_OPEN:
            return Silent(f"{self._rpc.endpoint} is behind block {news.height}")
        reason = "left_out: its owner took the request back"
        if isinstance(news, Final):
            return changed(news, ok=False, reason=reason)
        return changed(news, reason=reason)

    async def _build(self, item: OutboxItem, waiting: Sequence[OutboxItem]) -> Construction:
        request = receiver.Request.FromString(item.content)
        tx_id = await self._delivered(request)
        if tx_id is not None:
            return Delivered(tx_id)
        call = await self._call(request)
        offered = await self._market()
        if offered.now > self._max_fee:
            raise NotYet(f"gas costs {offered.now // GWEI} gwei, above {self._max_fee // GWEI}")
        fees = offered.within(self._max_fee)
        affordable = await self._affordable(call.gas, fees)
        shared: list[str] = []
        if item.rebuilds == 0 and not request.answer.wallet:
            call, shared = await self._batch(request, call, waiting, affordable)
        nonce = await self._nonce(item)
        await self._reserve(Reservation(item.key, nonce, fees))
        return self._sign(call, nonce, fees, shared)

    async def _batch(
        self,
        first: receiver.Request,
        alone: Call,
        waiting: Sequence[OutboxItem],
        affordable: int,
    ) -> tuple[Call, list[str]]:
        """One call for more answers than the first, and the keys of these; or the first alone."""
        contract = self._contract(alone.contract)
        fellows = [one for one in waiting if _may_join(one, first)]
        if not fellows or not await contract.refunds_strictly():
            return alone, []
        answers, keys, call = [first.answer], list[str](), alone
        for each in fellows:
            request = receiver.Request.FromString(each.content)
            try:
                if await self._delivered(request) is not None:
                    continue
                more = await self._call(request)
            except NotYet:
                continue  # It says why when its own turn comes.
            gas, size = call.gas + more.gas, len(call.data) + len(more.data)
            if gas > affordable or size > MOST_DATA or len(answers) == AT_ONCE:
                break
            answers.append(request.answer)
            keys.append(each.key)
            call = Call(alone.contract, batch_call(answers), gas)
        try:
            await contract.estimate(self._account.address, call.data, call.gas)
        except NotYet:
            return alone, []
        return call, keys

    async def _call(self, request: receiver.Request) -> Call:
        """An answer alone, with the gas that its contract pays for: an older one's refund is exact
        for that limit and may fail above it. Raises NotYet when the contract refuses it.
        """
        contract, data = self._contract(request.event.id.contract), answer_call(request.answer)
        paid = await contract.paid_gas(request)
        needed = await contract.estimate(self._account.address, data, paid)
        return Call(contract.address, data, paid or needed * (100 + GAS_MARGIN_PERCENT) // 100)

    async def _market(self) -> Market:
        """Raises NotYet without a base fee: every chain that runs these contracts has one."""
        offered = await market(self._rpc)
        if offered.kind != FEE_MARKET:
            raise NotYet(f"{self._rpc.endpoint} shows no base fee (EIP-1559)")
        return offered

    def _contract(self, address: str) -> DirectContract:
        return DirectContract(self._rpc, address)

    async def _delivered(self, request: receiver.Request) -> str | None:
        contract = self._contract(request.event.id.contract)
        return await contract.delivered(request.answer, request.event.block_number)

    async def _affordable(self, gas: int, fees: Fees) -> int:
        """Gas that the account can pay at these fees. Raises NotYet when that is too little."""
        account = self._account.address
        balance = int(await self._rpc.call("eth_getBalance", account, "latest"), 16)
        if balance < gas * fees.max_fee:
            cost = gas * fees.max_fee
            raise NotYet(f"gas account {account} holds {balance} wei and needs {cost}; fund it")
        return balance // fees.max_fee

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

    def _sign(self, call: Call, nonce: int, fees: Fees, shared: Sequence[str]) -> Built:
        signed = self._account.sign(call, nonce, fees)
        return Built(signed, self._account.chain.transaction_id(signed), shared=tuple(shared))


def _may_join(item: OutboxItem, first: receiver.Request) -> bool:
    """Whether it is a signature for the same contract that was not sent in vain before."""
    request = receiver.Request.FromString(item.content)
    same = request.event.id.contract == first.event.id.contract
    return same and not request.answer.wallet and item.rebuilds == 0


def _sent(signed: bytes) -> tuple[int, Call]:
    """The nonce and the call of a transaction that `AnswerBuilder` signed."""
    tx, _ = read_signed(signed)
    if tx.destination is None:
        raise ValueError("an answer calls a contract")
    return tx.nonce, Call(tx.destination, tx.data, tx.gas)
