"""EVM: nonce, gas and fees (EIP-1559, or a gas price where there is no base fee) of a payment.

Transactions of one key are serialised by the ledger: whatever of it may still land holds its nonce
and its cost, what was confirmed and reorganised away too, and the next one takes the lowest nonce
that is free. One that was signed and given up is public and may still land, so the next takes its
nonce, at a fee for which pools prefer it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from relayer.destinations.evm.contract import revert_text
from relayer.destinations.evm.fees import Market, market, nonces
from relayer.nonces import Fees, next_nonce
from relayer.settings import ComposerSettings
from zrsign_chains.errors import ChainError
from zrsign_chains.evm import EvmChain, raised
from zrsign_chains.evm_transactions import EvmTx
from zrsign_daemon.composing import Composer, ComposeTask, Uncomposable
from zrsign_daemon.jsonrpc import JsonRpc, NodeRefused

PLAIN_TRANSFER_GAS = 21_000


def affordable_fees(offered: Market, gas: int, cap: int, budget: int) -> Fees:
    """Market fees lowered to what `cap` (the request's) and `budget` (the key's) allow, in wei.

    Raises Uncomposable with figures when the lowest useful fee is out of reach.
    """
    floor = offered.lowest
    for limit, name in ((cap, "fee_above_cap"), (budget, "insufficient_funds")):
        if limit < gas * floor:
            raise Uncomposable(
                f"{name}: {gas} gas at {floor} wei cost {gas * floor} wei, {max(limit, 0)} are "
                f"{'allowed' if name == 'fee_above_cap' else 'left'}"
            )
    return offered.within(min(cap // gas, budget // gas))


class EvmComposer(Composer):
    """One chain through one node. `limits` bounds what gas may be asked for."""

    outbids = True

    def __init__(self, chain: str, rpc: JsonRpc, limits: ComposerSettings):
        self.chain = chain
        self._chain = EvmChain(chain)
        self._rpc = rpc
        self._limits = limits

    async def compose(self, task: ComposeTask) -> bytes:
        self._chain.validate_address(task.intent.to)
        latest, pending = await nonces(self._rpc, task.sender)
        ahead = self._ahead([*task.under_way.values(), *task.confirmed], latest)
        balance = int(await self._rpc.call("eth_getBalance", task.sender, "latest"), 16)
        free = balance - sum(tx.value + tx.max_fee for tx in ahead)
        if free < task.intent.value:
            raise Uncomposable(
                f"insufficient_funds: {task.sender} holds {balance} wei, {balance - free} of it in "
                f"transactions under way; {task.intent.value} are to be sent"
            )
        gas = await self._gas(task)
        offered = await market(self._rpc)
        held = {tx.nonce for tx in ahead}
        rival = _rival(task, self._ahead([one[-1] for one in task.given_up.values()], latest), held)
        if rival is not None:
            offered = offered.at_least(_above(rival))
        cap, left = task.intent.max_network_fee, free - task.intent.value
        fees = affordable_fees(offered, gas, cap, left)
        if rival is not None and fees.max_fee < offered.fees.max_fee:
            raise Uncomposable(
                f"fee_above_cap: nonce {rival.nonce} is taken by a transaction that was given up; "
                f"to replace it {gas} gas at {offered.fees.max_fee} wei are needed"
            )
        return self._chain.compose(
            task.intent,
            nonce=next_nonce(latest, pending, held) if rival is None else rival.nonce,
            gas=gas,
            max_fee=fees.max_fee,
            priority_fee=fees.priority_fee,
            kind=offered.kind,
        )

    async def outbid(self, task: ComposeTask, payload: bytes) -> bytes | None:
        """Its nonce again, where its fee is below the market's and no earlier one is due."""
        stuck = self._chain.parse(payload)
        latest, _ = await nonces(self._rpc, task.sender)
        offered = await market(self._rpc)
        tempting = (
            stuck.gas_price >= offered.now and stuck.priority_fee >= offered.fees.priority_fee
        )
        if stuck.nonce != latest or tempting:
            return None
        ahead = self._ahead([*task.under_way.values(), *task.confirmed], latest)
        balance = int(await self._rpc.call("eth_getBalance", task.sender, "latest"), 16)
        budget = balance - stuck.value - sum(tx.value + tx.max_fee for tx in ahead)
        wanted, cap = offered.at_least(_above(stuck)), task.intent.max_network_fee
        fees = affordable_fees(wanted, stuck.gas, cap, budget)
        least = raised(stuck.gas_price)
        if fees.max_fee < least or fees.priority_fee < raised(stuck.priority_fee):
            raise Uncomposable(
                f"fee_above_cap: {stuck.gas} gas at {least} wei are needed to replace nonce "
                f"{stuck.nonce}; {cap} wei are allowed, {max(budget, 0)} left"
            )
        return self._chain.compose(
            task.intent,
            nonce=stuck.nonce,
            gas=stuck.gas,
            max_fee=fees.max_fee,
            priority_fee=fees.priority_fee,
            kind=stuck.kind,
        )

    async def stale(self, payload: bytes, sender: str) -> bool:
        """Its nonce was used, by the key's owner elsewhere."""
        latest, _ = await nonces(self._rpc, sender)
        return self._chain.parse(payload).nonce < latest

    async def close(self) -> None:
        await self._rpc.close()

    def _ahead(self, payloads: Iterable[bytes], latest: int) -> list[EvmTx]:
        """What holds a nonce that the chain has not used yet."""
        transactions = []
        for payload in payloads:
            try:
                transactions.append(self._chain.parse(payload))
            except ChainError:
                continue  # The ledger has refused it as well; it will never be sent.
        return [tx for tx in transactions if tx.nonce >= latest]

    async def _gas(self, task: ComposeTask) -> int:
        call = {
            "from": task.sender,
            "to": task.intent.to,
            "value": hex(task.intent.value),
            "data": "0x" + task.intent.data.hex(),
        }
        try:
            needed = int(await self._rpc.call("eth_estimateGas", call), 16)
        except NodeRefused as error:
            reason = revert_text(error.data) or error.text
            raise Uncomposable(f"would_revert: {reason}") from error
        if needed > PLAIN_TRANSFER_GAS:
            needed = needed * (100 + self._limits.gas_margin_percent) // 100
        if needed > self._limits.max_gas:
            raise Uncomposable(f"gas_above_limit: needs {needed}, at most {self._limits.max_gas}")
        return needed


def _rival(task: ComposeTask, given_up: list[EvmTx], held: Collection[int]) -> EvmTx | None:
    """The transaction whose place is taken: one that does the same, else the one that is due first.

    A nonce that is `held` was taken from its rival already.
    """
    rivals = [tx for tx in given_up if tx.nonce not in held]
    asked = (task.intent.to.lower(), task.intent.value, task.intent.data)
    same = [tx for tx in rivals if ((tx.destination or "").lower(), tx.value, tx.data) == asked]
    return min(same or rivals, key=lambda tx: tx.nonce, default=None)


def _above(rival: EvmTx) -> Fees:
    """The least fees that take a rival's place in the pools."""
    return Fees(raised(rival.gas_price), raised(rival.priority_fee))
