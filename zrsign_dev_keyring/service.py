"""What the keyring runs: a loop that answers, and one that wakes it at new blocks."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from zrchain_lite.client import Account, LedgerClient
from zrsign_daemon import metrics
from zrsign_daemon.keyfile import read_secret
from zrsign_daemon.log import get_logger
from zrsign_daemon.loops import Loop, run_all
from zrsign_daemon.retry import Retry
from zrsign_dev_keyring.errors import VaultUnusable
from zrsign_dev_keyring.keyring import LocalKeyring, watch_blocks
from zrsign_dev_keyring.settings import DevKeyringSettings
from zrsign_dev_keyring.vault import Vault

RETRY = Retry(base_s=0.1, cap_s=15.0)


def load_passphrase(path: Path) -> bytes:
    """The file's text without the line end. Raises VaultUnusable when there is none."""
    try:
        passphrase = path.read_bytes().rstrip(b"\r\n")
        shared = path.stat().st_mode & 0o077
    except OSError as error:
        raise VaultUnusable(f"Cannot read the passphrase file {path}: {error.strerror}.") from None
    if not passphrase:
        raise VaultUnusable(f"The passphrase file {path} is empty. Write a passphrase into it.")
    if shared:
        get_logger().warning("others may read the passphrase file: chmod 600", file=str(path))
    return passphrase


async def run(settings: DevKeyringSettings, stop: asyncio.Event) -> None:
    """Answer until `stop`."""
    account = Account.from_secret(read_secret(settings.ledger.key_file))
    vault = await asyncio.to_thread(
        Vault, settings.vault_dir, load_passphrase(settings.passphrase_file)
    )
    get_logger().warning("keys are whole and on this disk", vault=str(settings.vault_dir))
    async with AsyncExitStack() as resources:
        ledger = LedgerClient.of(settings.ledger, account)
        resources.push_async_callback(ledger.close)
        keyring = LocalKeyring(
            ledger,
            account,
            vault,
            settings.keyring_address,
            batch=settings.batch,
            concurrency=settings.concurrency,
            retry=RETRY,
        )
        answering = Loop("answer", keyring.turn, settings.poll_interval_s, RETRY, keyring.fault)
        watch = partial(watch_blocks, ledger, answering.wake)
        watching = Loop("blocks", watch, RETRY.base_s, RETRY)
        if settings.metrics_port is not None:
            checks = {answering.name: answering.health}
            await resources.enter_async_context(metrics.serve(settings.metrics_port, checks))
        await run_all([answering, watching], stop)
