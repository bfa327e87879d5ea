"""`python -m zrsign_listener --config FILE`."""

from __future__ import annotations

import asyncio
import re
import sys
from contextlib import AsyncExitStack

from daemon import metrics, run
from daemon.metrics import Check
from zrchain_lite.client import Account, LedgerClient
from zrsign_listener.config import LedgerSettings, ListenerSettings
from zrsign_listener.errors import AccountUnusable
from zrsign_listener.evm import EvmRpc
from zrsign_listener.listener import RETRY, ChainListener
from zrsign_listener.report import Reporter
from zrsign_listener.store import Store


def load_account(settings: LedgerSettings) -> Account:
    """The account whose 32-byte secret the file holds in hexadecimal. Raises AccountUnusable."""
    path = settings.account_secret_file
    try:
        text = path.read_text().strip().removeprefix("0x")
    except OSError as error:
        raise AccountUnusable(f"Cannot read {path}: {error.strerror}.") from None
    if not re.fullmatch("[0-9a-fA-F]{64}", text):
        raise AccountUnusable(f"{path} must hold 32 bytes as 64 hexadecimal digits.")
    try:
        return Account.from_secret(bytes.fromhex(text))
    except ValueError as error:
        raise AccountUnusable(f"{path} holds no secp256k1 key: {error}.") from None


async def listen(settings: ListenerSettings, stop: asyncio.Event) -> None:
    """Run until `stop`: one task a chain, one that reports."""
    account = load_account(settings.ledger)
    async with AsyncExitStack() as resources:
        store = await resources.enter_async_context(Store.open(settings.database_url))
        ledger = LedgerClient(settings.ledger.grpc, account=account)
        resources.push_async_callback(ledger.close)
        reporter = Reporter(ledger, account, store, batch=settings.report_batch, retry=RETRY)
        checks: dict[str, Check] = {"ledger": lambda: reporter.fault}
        chains = []
        for chain in settings.chains:
            rpc = await resources.enter_async_context(
                EvmRpc(chain.rpc_url, timeout_s=chain.rpc_timeout_s)
            )
            listener = ChainListener(chain, rpc, store, reporter.wake)
            await listener.open()
            chains.append(listener)
            checks[chain.caip2] = lambda listener=listener: listener.fault  # type: ignore[misc]
        if settings.metrics_port is not None:
            await resources.enter_async_context(metrics.serve(settings.metrics_port, checks))
        async with asyncio.TaskGroup() as tasks:
            for listener in chains:
                tasks.create_task(listener.run(stop))
            tasks.create_task(reporter.run(stop))


if __name__ == "__main__":
    sys.exit(run.main("zrsign_listener", ListenerSettings, listen))
