"""How fast a threshold keyring answers, with the ledger and every operator as a process.

Times are from the block that holds the request to the block that fulfils it, as a client sees it.
The baseline is the development keyring, one process with whole keys, on the same ledger. CPU is
that of all processes of the network from one request to the next, the rest of 0.3 or 1 s between
them included: where others use the machine, it says more than the times. Writes
build/bench/operators.json.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from zrchain_lite.client import LedgerClient
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrsign.administration import Keyring, only_keyring
from zrsign.local.network import committee as reporting
from zrsign.local.network.local import LocalNetwork
from zrsign.local.network.operators import Committee
from zrsign.local.network.ports import Ports

OUTPUT = Path("build/bench/operators.json")
QUERY = "/zrchain.treasury.Query/"
POLL_S = 0.003
ONE_BY_ONE = 10
BATCH = 50
"""Key requests in one transaction."""
FILLING_S = 300.0
"""How long wallets are made at most before rows that want many: `bench_wallets` makes the rest."""
TIMEOUT_S = 240


@dataclass(frozen=True)
class Row:
    """Milliseconds; throughput in signatures a second; memory in megabytes, resident.

    `cpu_ms` is of all processes of the network, a request.
    """

    keyring: str
    what: str
    p50_ms: float
    p95_ms: float
    per_second: float | None = None
    memory_mb: float | None = None
    cpu_ms: float | None = None


class Client:
    """Asks the ledger directly, as the owner of a workspace."""

    def __init__(self, ledger: LedgerClient, keyring: str, workspace: str) -> None:
        self._ledger, self._keyring, self._workspace = ledger, keyring, workspace

    @classmethod
    async def of(cls, ledger: LedgerClient) -> Client:
        """A client with a workspace of its own and the network's keyring."""
        me = ledger.account.address
        made = await ledger.broadcast(identity.MsgNewWorkspace(creator=me))
        workspace = made.response(identity.MsgNewWorkspaceResponse).addr
        keyrings = await ledger.query(
            "/zrchain.identity.Query/Keyrings",
            identity.QueryKeyringsRequest(),
            identity.QueryKeyringsResponse,
        )
        return cls(ledger, keyrings.keyrings[0].address, workspace)

    async def key(self, word: str) -> tuple[int, float]:
        """A key's id, and the milliseconds that it took."""
        asked = await self._ledger.broadcast(
            treasury.MsgNewKeyRequest(
                creator=self._ledger.account.address,
                workspace_addr=self._workspace,
                keyring_addr=self._keyring,
                key_type=word,
                mpc_btl=100_000,
            )
        )
        id_, start = asked.response(treasury.MsgNewKeyRequestResponse).key_req_id, time.monotonic()
        await self._until(lambda: self._key_status(id_), "KEY_REQUEST_STATUS_FULFILLED")
        return id_, (time.monotonic() - start) * 1e3

    async def keys(self, count: int, limit_s: float) -> tuple[int, float]:
        """Ask for so many, and wait for all, or for as many as there is time for.

        How many there are, and milliseconds a key.
        """
        start = time.monotonic()
        for first in range(0, count, BATCH):
            if first and time.monotonic() - start > limit_s:
                return first, (time.monotonic() - start) * 1e3 / first
            message = treasury.MsgNewKeyRequest(
                creator=self._ledger.account.address,
                workspace_addr=self._workspace,
                keyring_addr=self._keyring,
                key_type="ecdsa",
                mpc_btl=100_000,
            )
            asked = [message] * min(BATCH, count - first)
            sent = await self._ledger.broadcast(*asked)
            last = treasury.MsgNewKeyRequestResponse()
            sent.responses[-1].Unpack(last)
            status = partial(self._key_status, last.key_req_id)
            await self._until(status, "KEY_REQUEST_STATUS_FULFILLED")
        return count, (time.monotonic() - start) * 1e3 / count

    async def signatures(self, key_id: int, count: int) -> float:
        """Ask for so many in one transaction; milliseconds until the last one is there."""
        me = self._ledger.account.address
        messages = [
            treasury.MsgNewSignatureRequest(
                creator=me,
                key_ids=[key_id],
                data_for_signing=sha256(os.urandom(8)).hexdigest(),
                mpc_btl=100_000,
            )
            for _ in range(count)
        ]
        sent = await self._ledger.broadcast(*messages)
        start, ids = time.monotonic(), []
        for packed in sent.responses:
            response = treasury.MsgNewSignatureRequestResponse()
            packed.Unpack(response)
            ids.append(response.sig_req_id)
        for id_ in ids:
            await self._until(partial(self._sign_status, id_), "SIGN_REQUEST_STATUS_FULFILLED")
        return (time.monotonic() - start) * 1e3

    @staticmethod
    async def _until(status: Callable[[], Awaitable[str]], wanted: str) -> None:
        for _ in range(int(TIMEOUT_S / POLL_S)):
            if await status() == wanted:
                return
            await asyncio.sleep(POLL_S)
        raise TimeoutError(f"no {wanted} in {TIMEOUT_S} s")

    async def _key_status(self, id_: int) -> str:
        answer = await self._ledger.query(
            QUERY + "KeyRequestByID",
            treasury.QueryKeyRequestByIDRequest(id=id_),
            treasury.QueryKeyRequestByIDResponse,
        )
        return str(answer.key_request.status)

    async def _sign_status(self, id_: int) -> str:
        answer = await self._ledger.query(
            QUERY + "SignatureRequestByID",
            treasury.QuerySignatureRequestByIDRequest(id=id_),
            treasury.QuerySignatureRequestByIDResponse,
        )
        return str(answer.sign_request.status)


async def measure(
    committee: Committee | None, at_once: int, wallets: Sequence[int], console: Console
) -> list[Row]:
    """The rows of one committee, or of one process, on a network of its own."""
    name = str(committee or "one process")
    with tempfile.TemporaryDirectory(prefix="zrsign-bench-") as folder:
        network = LocalNetwork(Path(folder) / "network", Ports.free(), lambda *_: None, committee)
        with console.status(f"{name}: starting"):
            await network.__aenter__()
        try:
            async with network.client("authority") as ledger:
                client, rows = await Client.of(ledger), list[Row]()
                with console.status(f"{name}: measuring"):
                    async for row in _measure(name, network, client, at_once, wallets):
                        # A run of hours that is stopped has shown what it found.
                        found = f"{row.p50_ms:.0f} ms" if row.p50_ms else f"{row.memory_mb:.0f} MB"
                        console.print(f"{row.keyring}, {row.what}: {found}")
                        rows.append(row)
                return rows
        finally:
            await network.stop()


async def _measure(
    name: str, network: LocalNetwork, client: Client, at_once: int, wallets: Sequence[int]
) -> AsyncIterator[Row]:
    if network.committee is not None:
        started = time.monotonic()
        await _until(network, _has_aux)
        waited = (time.monotonic() - started) * 1e3
        yield Row(name, "auxiliary info, after start", waited, waited)
    key, _ = await client.key("ecdsa")
    await until_idle(network, pool_level(at_once))
    yield await _one_by_one(name, "ECDSA signature, pool warm", client, key)
    elapsed = await client.signatures(key, at_once)
    yield Row(name, f"{at_once} ECDSA at once", elapsed, elapsed, at_once / elapsed * 1e3)
    solana, _ = await client.key("ed25519")
    await asyncio.sleep(0.5)
    yield await _one_by_one(name, "Ed25519 signature", client, solana)
    elapsed = await client.signatures(solana, at_once)
    yield Row(name, f"{at_once} Ed25519 at once", elapsed, elapsed, at_once / elapsed * 1e3)
    await until_idle(network, pool_level(at_once) // 2)
    for row in await _wallets(name, client, ""):
        yield row
    if network.committee is not None:
        yield Row(name, "memory an operator, most", 0, 0, memory_mb=_memory(network))
        for wanted in wallets:
            count, each = await client.keys(wanted, FILLING_S)
            rest = f" of {wanted}: no time for the rest" if count < wanted else ""
            yield Row(name, f"a key among {count} more{rest}", each, each)
            await until_idle(network, pool_level(at_once) // 2)
            for row in await _wallets(name, client, f", {count} wallets more"):
                yield row
            memory = _memory(network)
            yield Row(name, f"memory, {count} wallets more", 0, 0, memory_mb=memory)
            refreshed = await _refresh(network)
            yield Row(name, f"refresh, {count} wallets more", refreshed, refreshed)
        for row in await _own_keys(name, client, key):
            yield row


async def _wallets(name: str, client: Client, more: str) -> list[Row]:
    """Make wallets one by one, and sign with each for the first time 1 s later."""
    made, signed, before = [], [], _spent_ms()
    for _ in range(ONE_BY_ONE):
        wallet, took = await client.key("ecdsa")
        made.append(took)
        await asyncio.sleep(1.0)
        signed.append(await client.signatures(wallet, 1))
    both = (_spent_ms() - before) / ONE_BY_ONE
    first = f"first signature after 1 s{more}; CPU of both"
    return [_row(name, f"key, ECDSA{more}", made), _row(name, first, signed, both)]


async def _own_keys(name: str, client: Client, key: int) -> list[Row]:
    """Make keys with a key generation and a pool of their own, and sign with them."""
    own = [await client.key("ecdsa own_key") for _ in range(4)]
    cold = [await client.signatures(id_, 1) for id_, _ in own]
    return [
        _row(name, "key of its own, ECDSA", [took for _, took in own]),
        _row(name, "ECDSA signature, pool cold", cold),
        await _one_by_one(name, "ECDSA, four other pools filling", client, key),
    ]


async def _refresh(network: LocalNetwork) -> float:
    """Milliseconds from the order to new shares of all keys."""
    async with network.client("authority") as ledger:
        keyring = Keyring(ledger, await only_keyring(ledger))
        start = time.monotonic()
        await keyring.order_refresh()
        async with asyncio.timeout(TIMEOUT_S):
            progress = await keyring.progress()
            while progress.done < progress.keys:
                await asyncio.sleep(0.1)
                progress = await keyring.progress()
        return (time.monotonic() - start) * 1e3


def pool_level(at_once: int) -> int:
    """Presignatures of a key that is asked for so many at once, and twice one by one."""
    return at_once + 2 * ONE_BY_ONE


async def _one_by_one(name: str, what: str, client: Client, key: int) -> Row:
    times, before = [], _spent_ms()
    for _ in range(ONE_BY_ONE):
        await asyncio.sleep(0.3)
        times.append(await client.signatures(key, 1))
    return _row(name, what, times, (_spent_ms() - before) / ONE_BY_ONE)


def _spent_ms() -> float:
    """CPU milliseconds of all that this process started, and of what that started."""
    parents, spent = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            pid, fields = int(path.parent.name), path.read_text().rpartition(")")[2].split()
            parents[pid], spent[pid] = int(fields[1]), int(fields[11]) + int(fields[12])
    ours = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    ticks = sum(spent[pid] for pid in ours - {os.getpid()})
    return ticks * 1e3 / os.sysconf("SC_CLK_TCK")


async def until_idle(network: LocalNetwork, count: int) -> None:
    """Wait until the root's pool is full and nothing is under way. Raises TimeoutError.

    An operator shows the presignatures that it signs with: t of n, as signers change.
    """
    committee = network.committee
    mine = count * committee.threshold // committee.operators if committee else count

    def ready(status: dict[str, Any]) -> bool:
        return any(k["presignatures"] >= mine for k in status["keys"]) and not status["running"]

    await _until(network, ready)


def _has_aux(status: dict[str, Any]) -> bool:
    return set(status["members"]) <= set(status["auxiliary_info"])


async def _until(network: LocalNetwork, holds: Callable[[dict[str, Any]], bool]) -> None:
    """Wait until it holds for as many operators as sign.

    Raises TimeoutError when no operator made a step for TIMEOUT_S.
    """
    threshold = network.committee.threshold if network.committee else 0
    steps, moved = -1, time.monotonic()
    while time.monotonic() - moved < TIMEOUT_S:
        found = [each.status for each in await reporting.reports(network.manifest) if each.status]
        if sum(holds(status) for status in found) >= threshold:
            return
        if (made := sum(status["steps"] for status in found)) != steps:
            steps, moved = made, time.monotonic()
        await asyncio.sleep(0.2)
    raise TimeoutError(f"nothing moved for {TIMEOUT_S} s")


def _memory(network: LocalNetwork) -> float:
    """Resident memory of the largest operator."""
    sizes = []
    for daemon in network.manifest.daemons:
        if daemon.name.startswith(reporting.PREFIX):
            status = Path(f"/proc/{daemon.pid}/status").read_text()
            line = next(each for each in status.splitlines() if each.startswith("VmRSS"))
            sizes.append(int(line.split()[1]) / 1024)
    return max(sizes)


def _row(name: str, what: str, times: Sequence[float], cpu_ms: float | None = None) -> Row:
    ordered = sorted(times)
    last = ordered[int(0.95 * (len(ordered) - 1) + 0.5)]
    return Row(name, what, statistics.median(ordered), last, cpu_ms=cpu_ms)


def show(rows: Sequence[Row], console: Console) -> None:
    """One table; the ratio is against one process with whole keys."""
    base = {row.what: row for row in rows if row.keyring == "one process"}
    table = Table(title="From pending to fulfilled")
    for column in ("keyring", "what"):
        table.add_column(column, no_wrap=True)
    for column in ("p50 ms", "p95 ms", "ratio", "CPU ms", "a second", "MB"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        known = base.get(row.what)
        table.add_row(
            row.keyring,
            row.what,
            f"{row.p50_ms:.0f}" if row.p50_ms else "",
            f"{row.p95_ms:.0f}" if row.p95_ms else "",
            f"{row.p50_ms / known.p50_ms:.1f}" if known else "",
            f"{row.cpu_ms:.0f}" if row.cpu_ms else "",
            f"{row.per_second:.0f}" if row.per_second else "",
            f"{row.memory_mb:.0f}" if row.memory_mb else "",
        )
    console.print(table)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure the keyrings that the command line names, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at-once", type=int, default=60, help="requests of the throughput rows")
    parser.add_argument("--keyring", action="append", help="such as 2-of-3; default: all")
    parser.add_argument(
        "--wallets",
        type=int,
        nargs="*",
        default=[1, 1000],
        help="so many more are made before rows of one wallet, in five minutes at most",
    )
    options = parser.parse_args(argv)
    console = Console(width=100)
    chosen = options.keyring or ["local", "2-of-3", "6-of-8"]
    rows: list[Row] = []
    for text in chosen:
        committee = None if text == "local" else Committee.parse(text)
        at_once = (
            min(options.at_once, 10) if committee and committee.operators > 4 else options.at_once
        )
        os.environ["ZRSIGN_OPERATOR_PRESIGNATURES"] = str(pool_level(at_once))
        rows += asyncio.run(measure(committee, at_once, options.wallets, console))
    show(rows, console)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    report = {"cores": os.cpu_count(), "rows": [asdict(row) for row in rows]}
    OUTPUT.write_text(json.dumps(report, indent=2) + "\n")
    console.print(f"Written to {OUTPUT}")


if __name__ == "__main__":
    main()
