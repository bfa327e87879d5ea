"""What the flows stand on.

The network, its accounts as SDK clients, and funded destination wallets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from zrchain_lite.client import LedgerClient
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as wire
from zrsign.local.network.local import LocalNetwork
from zrsign.sdk import ContractMode, Receiver, RequestRef, ZrSign
from zrsign.sdk.answers import is_final
from zrsign.sdk.contract import connect
from zrsign.sdk.waiting import Tell
from zrsign_chains.wallets import WalletType


class Patient(Receiver):
    """Waits for as long as the programme does, which ends a flow when nothing moves."""

    async def wait(
        self,
        ref: RequestRef,
        timeout_s: float | None = None,
        until: Callable[[wire.Request], bool] = is_final,
        tell: Tell | None = None,
    ) -> wire.Request:
        """The request once `until` holds or it is final, however long that takes."""
        return await super().wait(ref, None, until, tell)


@dataclass
class DemoStage:
    """Clients of one demo, closed together."""

    network: LocalNetwork
    _ledgers: dict[str, LedgerClient] = field(default_factory=dict)
    _connecting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _clients: dict[tuple[str, ContractMode], ZrSign] = field(default_factory=dict)

    def ledger(self, account: str) -> LedgerClient:
        """The ledger as `account` of the manifest."""
        if account not in self._ledgers:
            self._ledgers[account] = self.network.client(account)
        return self._ledgers[account]

    async def zrsign(self, account: str, mode: ContractMode) -> ZrSign:
        """The contract of `mode`, called by `account`."""
        async with self._connecting:
            if (account, mode) not in self._clients:
                manifest = self.network.manifest
                entry = manifest.contract(mode)
                contract = await connect(
                    manifest.chain(entry.chain).rpc_url,
                    entry.address,
                    manifest.account(account).evm(),
                    mode,
                )
                self._clients[account, mode] = ZrSign(contract, Patient(self.ledger(account)))
        return self._clients[account, mode]

    async def wallet(self, account: str, wallet: WalletType, index: int = 0) -> tuple[str, bytes]:
        """Address and public key of a wallet that the ledger holds for `account`."""
        owner = self.network.manifest.account(account).evm_address
        for each in await Receiver(self.ledger(account)).wallets(owner):
            if (each.coin_type, each.index) == (wallet.coin_type, index):
                return each.address, each.public_key
        raise LookupError(f"{account} has no {wallet.name} wallet {index}")

    async def close(self) -> None:
        """Close every client that a flow opened."""
        for client in self._clients.values():
            await client.contract.close()
        for ledger in self._ledgers.values():
            await ledger.close()
