"""Transfers per second on the ledger: the application alone, and end to end through the client.

The baseline of each pair is measured in the same run: one transaction a block against as many as
wait. Every block is durable (fsync) in every row. Clients and node share one process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from zrchain_lite.client import Account, LedgerClient
from zrchain_lite.engine import EmbeddedEngine
from zrchain_lite.engine.validator_key import ValidatorKey
from zrchain_lite.genesis import Genesis
from zrchain_lite.keepers import Keepers
from zrchain_lite.node import NodeSettings, serving
from zrchain_lite.store.lmdb_store import LmdbStore
from zrchain_lite.tx import TxSigner, build
from zrchain_lite.wire.cosmos.bank.v1beta1.tx_pb2 import MsgSend
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrsign.node import modules

SENDERS = [Account.from_secret((n + 1).to_bytes(32, "big")) for n in range(50)]
RECIPIENT = Account.from_secret(bytes([7]) * 32)


@dataclass(frozen=True)
class Row:
    """`seconds` for `transfers` in `blocks`."""

    name: str
    transfers: int
    blocks: int
    seconds: float

    @property
    def rate(self) -> float:
        """Transfers a second."""
        return self.transfers / self.seconds


def genesis() -> Genesis:
    """The start of a chain on which every sender has coins."""
    funds = [{"denom": "urock", "amount": str(10**12)}]
    balances = [{"address": account.address, "coins": funds} for account in SENDERS]
    return Genesis.model_validate(
        {"chain_id": "bench-1", "app_state": {"bank": {"balances": balances}}}
    )


def transfer(account: Account) -> MsgSend:
    """A transfer of 1 urock from the account."""
    coins = [Coin(denom="urock", amount="1")]
    return MsgSend(from_address=account.address, to_address=RECIPIENT.address, amount=coins)


def signed(count: int, keepers: Keepers, engine: EmbeddedEngine) -> list[bytes]:
    """`count` transfers, spread over the senders."""
    ctx = engine.app.context()
    numbers = [keepers.auth.account(ctx, account.address).account_number for account in SENDERS]
    txs = []
    for n in range(count):
        which, sequence = n % len(SENDERS), n // len(SENDERS)
        signer = TxSigner(SENDERS[which].secret, numbers[which], sequence)
        message = transfer(SENDERS[which])
        txs.append(build([message], [signer], chain_id="bench-1", gas_limit=200_000, fee=20))
    return txs


def application(count: int, block_size: int) -> Row:
    """CheckTx, execution and commit, without any network."""
    with tempfile.TemporaryDirectory() as folder:
        store = LmdbStore(Path(folder))
        keepers = Keepers.create()
        engine = EmbeddedEngine(
            keepers.app(store, modules(keepers)), store, ValidatorKey(bytes(32))
        )
        engine.start(genesis())
        txs = signed(count, keepers, engine)
        start = time.perf_counter()
        for position in range(0, count, block_size):
            for tx in txs[position : position + block_size]:
                check = engine.broadcast(tx)
                assert check.code == 0, check.log
            record = engine.make_block()
            assert all(result.code == 0 for result in record.results.tx_results)
        seconds = time.perf_counter() - start
        blocks = engine.tip.height - 1
        store.close()
    return Row(f"application, {block_size} a block", count, blocks, seconds)


async def end_to_end(count: int, senders: Sequence[Account]) -> Row:
    """Through gRPC: sign, CheckTx, block on disk, answer; each sender waits for its own answer."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "genesis.json"
        file.write_text(json.dumps(genesis().model_dump(mode="json")))
        free = "127.0.0.1:0"
        config = NodeSettings(Path(folder) / "home", file, free, free, free)
        async with serving(config, modules, asyncio.Event()) as (node, _):
            target = f"127.0.0.1:{node.grpc_port}"
            clients = [LedgerClient(target, account=account) for account in senders]
            for client in clients:
                await client.height()
            first = node.engine.tip.height
            start = time.perf_counter()
            await asyncio.gather(*(burst(client, count // len(clients)) for client in clients))
            seconds = time.perf_counter() - start
            blocks = node.engine.tip.height - first
            for client in clients:
                await client.close()
    return Row(f"client, {len(senders)} at a time", count, blocks, seconds)


async def burst(client: LedgerClient, count: int) -> None:
    """Send `count` transfers, each once the one before is in a block."""
    for _ in range(count):
        await client.broadcast(transfer(client.account))


def print_table(console: Console, pairs: Sequence[tuple[Row, Row]]) -> None:
    """Print each row beside its baseline."""
    table = Table("measured", "transfers", "blocks", "seconds", "transfers/s", "ratio")
    for baseline, measured in pairs:
        for row in (baseline, measured):
            table.add_row(
                row.name + (" (baseline)" if row is baseline else ""),
                str(row.transfers),
                str(row.blocks),
                f"{row.seconds:.2f}",
                f"{row.rate:.0f}",
                f"{row.rate / baseline.rate:.2f}",
            )
    console.print(table)


def main() -> None:
    """Measure what the command line names, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transfers", type=int, default=2000, help="per row")
    count = parser.parse_args().transfers
    pairs = [
        (application(count, 1), application(count, 500)),
        (
            asyncio.run(end_to_end(count // 4, SENDERS[:1])),
            asyncio.run(end_to_end(count, SENDERS)),
        ),
    ]
    print_table(Console(), pairs)


if __name__ == "__main__":
    main()
