"""How a command reaches a keyring as its administrator, and the options that say so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zrsign.errors import UsageError

if TYPE_CHECKING:
    from zrsign.administration import Keyring

State = Annotated[Path | None, typer.Option("--state", help="State directory.")]
Ledger = Annotated[str, typer.Option("--ledger", help="gRPC endpoint, for another network.")]
Address = Annotated[str, typer.Option("--keyring", help="Address of the keyring.")]
KeyFile = Annotated[Path | None, typer.Option("--key-file", help="Secret key of an administrator.")]


@dataclass(frozen=True)
class Access:
    """How to reach a keyring as its administrator."""

    state: Path | None
    ledger: str
    keyring: str
    key_file: Path | None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Keyring]:
        """Raises UsageError, ManifestError, ClientError."""
        from zrchain_lite.client import Account, LedgerClient
        from zrsign.administration import Keyring, only_keyring
        from zrsign.local.network import manifest
        from zrsign_daemon.keyfile import read_secret

        if self.ledger or self.key_file or self.keyring:
            if not (self.ledger and self.key_file and self.keyring):
                raise UsageError(
                    "--ledger, --keyring and --key-file belong together.",
                    "Give all three, or none for the local network.",
                )
            account = Account.from_secret(read_secret(self.key_file))
            async with LedgerClient(self.ledger, account=account) as client:
                yield Keyring(client, self.keyring)
            return
        network = manifest.load(self.state).require_running()
        account = network.account("authority").ledger()
        async with network.ledger.client(account) as client:
            yield Keyring(client, await only_keyring(client))

    def run(self, work: Callable[[Keyring], Awaitable[Any]]) -> Any:
        """Open the keyring, do the work with it, and return what the work returned."""

        async def main() -> Any:
            async with self.open() as keyring:
                return await work(keyring)

        return asyncio.run(main())
