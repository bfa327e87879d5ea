"""Cosmos: account number, sequence, gas and fee of a bank transfer in the chain's own coin.

Transactions of one key are serialised by the ledger: whatever of it may still land holds its
sequence and its cost. Sequences are used in order without gaps, so the next is the lowest free one.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_CEILING

from relayer.destinations.cosmos.node import CosmosNode
from relayer.settings import ComposerSettings
from zrsign_chains.cosmos import CosmosChain
from zrsign_chains.cosmos_transactions import CosmosSigner, CosmosTx, signed
from zrsign_chains.errors import ChainError
from zrsign_daemon.composing import Composer, ComposeTask, Uncomposable
from zrsign_daemon.jsonrpc import JsonRpc, NodeRefused

SIMULATED_GAS_LIMIT = 1_000_000


class CosmosComposer(Composer):
    """One chain through one node. `limits` bounds what gas may be asked for."""

    def __init__(self, chain: str, rpc: JsonRpc, limits: ComposerSettings):
        self.chain = chain
        self._chain = CosmosChain(chain)
        self._node = CosmosNode(chain, rpc)
        self._limits = limits

    async def compose(self, task: ComposeTask) -> bytes:
        """The SignDoc. Raises Uncomposable, ChainError or a node's error."""
        await self._node.verify()
        intent = task.intent
        self._chain.validate_address(intent.to)
        account = await self._node.account(task.sender)
        if account is None:
            raise Uncomposable(f"insufficient_funds: {task.sender} holds nothing yet")
        ahead = self._ahead(task.under_way.values(), account.sequence)
        sequence = account.sequence
        while sequence in {tx.signer.sequence for tx in ahead}:
            sequence += 1
        signer = CosmosSigner(task.public_key, account.number, sequence)
        # Nodes simulate with the sequence that is due now.
        due = CosmosSigner(task.public_key, account.number, account.sequence)
        gas_limit = await self._gas(self._chain.compose(intent, due, SIMULATED_GAS_LIMIT, 0))
        price = self._chain.network.gas_price
        fee = int((price * gas_limit).to_integral_value(ROUND_CEILING))
        if fee > intent.max_network_fee:
            raise Uncomposable(
                f"fee_above_cap: {gas_limit} gas at {price} cost {fee}, "
                f"{intent.max_network_fee} are allowed"
            )
        await self._check_funds(task, fee, ahead)
        return self._chain.compose(intent, signer, gas_limit, fee)

    async def stale(self, payload: bytes, sender: str) -> bool:
        """Its sequence was used, by the key's owner elsewhere."""
        account = await self._node.account(sender)
        sequence = self._chain.parse(payload).signer.sequence
        return account is not None and account.sequence > sequence

    async def close(self) -> None:
        """Close the connection to the node."""
        await self._node.rpc.close()

    def _ahead(self, payloads: Iterable[bytes], due: int) -> list[CosmosTx]:
        """What holds a sequence that the chain has not used yet."""
        transactions = []
        for payload in payloads:
            try:
                transactions.append(self._chain.parse(payload))
            except ChainError:
                continue  # The ledger has refused it as well; it will never be sent.
        return [tx for tx in transactions if tx.signer.sequence >= due]

    async def _gas(self, payload: bytes) -> int:
        raw = signed(self._chain.parse(payload), bytes(64))
        try:
            used = await self._node.gas_used(raw)
        except NodeRefused as error:
            raise Uncomposable(f"would_fail: {error.text}") from error
        needed = used * (100 + self._limits.gas_margin_percent) // 100
        if needed > self._limits.max_gas:
            raise Uncomposable(f"gas_above_limit: needs {needed}, at most {self._limits.max_gas}")
        return needed

    async def _check_funds(self, task: ComposeTask, fee: int, ahead: list[CosmosTx]) -> None:
        denom = self._chain.network.denom
        balance = await self._node.balance(task.sender, denom)
        held = sum(tx.cost(denom) for tx in ahead)
        if balance - held < task.intent.value + fee:
            raise Uncomposable(
                f"insufficient_funds: {task.sender} holds {balance}{denom}, {held} of it in "
                f"transactions under way; {task.intent.value} and a fee of {fee} are to be paid"
            )
