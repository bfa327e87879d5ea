"""What wallets from roots cost an operator, up to a million of them.

A ledger with so many keys takes hours to fill, so it is played: operators run in this process, and
the node of one shows it requests for keys and forgets them once they are answered. All that grows
here is the operator. Level and primes are a test's, because nothing of them depends on wallets.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest  # noqa: F401 - the level of tests is refused where this is not imported
import structlog
from google.protobuf.message import Message
from rich.console import Console
from rich.table import Table

from tests.zrsign_dmpc.ecdsa.builders import TINY
from tests.zrsign_operator.cluster import Cluster
from tests.zrsign_operator.fake_ledger import ECDSA, KEYRING, Node
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.operators import operators_pb2 as wire
from zrsign_dmpc.ecdsa.security import LEVELS

ALL = (1, 2, 3)
ASKED = 1
"""The operator that answers."""
BATCH = 500
"""Requests that a node shows at once: `zrsign_operator.ledger.view.LIMIT`."""
WARM = 2_000
"""Wallets before the first measurement, and a start and a refresh: what is made once is there."""


@dataclass
class Filling(Node):
    """A node on whose ledger wallets are asked for, as many as `left` says."""

    left: int = 0
    open: dict[int, treasury.KeyReqResponse] = field(default_factory=dict)
    last: int = 1 << 20

    def _answer(self, method: str, request: Any) -> Message:
        answer = super()._answer(method, request)
        if isinstance(answer, wire.QueryWorkResponse):
            self._ask()
            answer.keys.extend(self.open.values())
            root = self.ledger.root(ECDSA)
            answer.origins.extend(wire.Origin(key_id=id_, root=root) for id_ in self.open)
        return answer

    def _ask(self) -> None:
        for _ in range(min(BATCH - len(self.open), self.left)):
            self.last, self.left = self.last + 1, self.left - 1
            self.open[self.last] = treasury.KeyReqResponse(
                id=self.last, key_type=ECDSA, keyring_addr=KEYRING, workspace_addr="workspace1bench"
            )

    async def broadcast(self, *messages: Message) -> None:
        """Forget requests that are answered, and take what else is said."""
        for message in messages:
            if not isinstance(message, treasury.MsgFulfilKeyRequest):
                self.ledger.take(message)
            else:
                del self.open[message.request_id]


@dataclass(frozen=True)
class Row:
    """CPU milliseconds a wallet; bytes a wallet; CPU seconds of a start and of a refresh."""

    wallets: int
    cpu_ms: float
    bytes: float
    files: int
    descriptors: int
    start_s: float
    refresh_s: float


async def measure(counts: Sequence[int], home: Path) -> list[Row]:
    """Rows for so many wallets in all, ascending."""
    LEVELS[TINY.name] = TINY
    cluster = Cluster(home, 2, ALL, roots=1, primes=True)
    node = cluster.nodes[ASKED] = Filling(cluster.ledger)
    await cluster.start(*ALL)
    await cluster.until(lambda: cluster.ledger.root(ECDSA) in cluster.ledger.active)
    await _fill(cluster, node, WARM)
    await _restart(cluster)
    await _refresh(cluster)
    base, made, rows = _resident(), 0, []
    for count in counts:
        began = time.process_time()
        await _fill(cluster, node, count - made)
        spent = (time.process_time() - began) * 1e3 / max(count - made, 1)
        made = count
        grown = (_resident() - base) / count
        files = sum(1 for path in home.rglob("*") if path.is_file())
        descriptors = len(list(Path("/proc/self/fd").iterdir()))
        start = await _restart(cluster)
        rows.append(Row(count, spent, grown, files, descriptors, start, await _refresh(cluster)))
    await cluster.stop()
    return rows


async def _fill(cluster: Cluster, node: Filling, count: int) -> None:
    operator, node.left = cluster.operators[ASKED], count
    while node.left or node.open:
        # Those whose turn is another's it answers when they stay open.
        cluster.clock.now += 1.0
        await operator.look()
        await operator.outbox.flush()


async def _restart(cluster: Cluster) -> float:
    began = time.process_time()
    await cluster.restart(ASKED)
    await cluster.operators[ASKED].look()
    return time.process_time() - began


async def _refresh(cluster: Cluster) -> float:
    """CPU seconds of all three, from the order to new shares of all keys."""
    began, refresh = time.process_time(), cluster.ledger.refresh + 1
    cluster.ledger.order_refresh()

    def is_done() -> bool:
        held = [key for each in cluster.operators.values() for key in each.holdings.all_keys()]
        return bool(held) and all(key.serves.refresh == refresh for key in held)

    await cluster.until(is_done, 600.0)
    return time.process_time() - began


def _resident() -> int:
    """Bytes of this process in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main(argv: Sequence[str] | None = None) -> None:
    """Measure the numbers of wallets that the command line names, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wallets", type=int, nargs="*", default=[1, 1_000, 100_000])
    options = parser.parse_args(argv)
    quiet = structlog.make_filtering_bound_logger(logging.ERROR)
    structlog.configure(wrapper_class=quiet)
    with tempfile.TemporaryDirectory(prefix="zrsign-bench-") as folder:
        rows = asyncio.run(measure(sorted(options.wallets), Path(folder)))
    table = Table(title="Wallets from roots, one operator of 2-of-3")
    for column in ("wallets", "CPU ms each", "bytes each", "files", "descriptors"):
        table.add_column(column, justify="right")
    for column in ("start, CPU s", "refresh, CPU s"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            f"{row.wallets:,}",
            f"{row.cpu_ms:.2f}",
            f"{row.bytes:.1f}",
            str(row.files),
            str(row.descriptors),
            f"{row.start_s:.2f}",
            f"{row.refresh_s:.2f}",
        )
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
