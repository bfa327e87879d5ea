"""Tells the ledger where items stand: many in one transaction, one by one when that fails."""

from __future__ import annotations

from relayer import metrics
from relayer.ledger import DeliveryLedger
from relayer.outbox import Outbox
from relayer.stages import OutboxItem, owed
from zrchain_lite.client import TxFailed
from zrsign_daemon.log import get_logger

BATCH = 20
# The ledger may not know this relayer yet (it is registered by an authority): worth repeating.
UNAUTHORIZED = ("sdk", 4)


class DeliveryReporter:
    """Reports what the outbox owes, and notes there what the ledger knows."""

    def __init__(self, ledger: DeliveryLedger, outbox: Outbox):
        self._ledger = ledger
        self._outbox = outbox
        self._log = get_logger()

    async def tick(self) -> bool:
        """Report what is owed, one batch. True when there was something, and may be more.

        Raises the ledger's error when it is not reachable.
        """
        items = await self._outbox.unreported(BATCH)
        if not items:
            return False
        try:
            await self._ledger.report(items)
        except TxFailed as error:
            if (error.codespace, error.code) == UNAUTHORIZED:
                raise
            for item in items:
                await self._report_alone(item)
            return True
        for item in items:
            await self._settle(item, "accepted")
        return True

    async def _report_alone(self, item: OutboxItem) -> None:
        try:
            await self._ledger.report([item])
        except TxFailed as error:
            # It ended otherwise (another relayer, another ledger): there is nothing left to tell.
            self._log.warning("report_refused", item=item.key, reason=error.log)
            await self._settle(item, "refused")
        else:
            await self._settle(item, "accepted")

    async def _settle(self, item: OutboxItem, outcome: str) -> None:
        standing = owed(item)
        metrics.REPORTS.labels(standing.name, outcome).inc()
        await self._outbox.mark_reported(item.key, standing, item.note)
