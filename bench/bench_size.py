"""What a large state costs: keys and requests by their number, and a start, pages and a block.

The state is written as the treasury's messages leave it behind, batch by batch and without them;
tree and views are kept as in any block.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from coincurve import PrivateKey
from google.protobuf.message import Message
from rich.console import Console
from rich.table import Table

from bench.bench_ledger import AUTH, SENDERS, TRANSFER_GAS, Bench, signed, transfer
from zrchain_lite.keepers import Keepers
from zrchain_lite.modules.treasury import state, wallets
from zrchain_lite.store.kv import Overlay
from zrchain_lite.store.lmdb_store import LmdbStore
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageRequest
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrsign.node import modules
from zrsign_chains.cosmos import keyring_address, workspace_address

BATCH = 2_000
KEYRING = keyring_address(1)
PAGE = PageRequest(limit=100)
SERVICE = "/zrchain.treasury.Query/"
PAGES: dict[str, Message] = {
    "KeyRequests": wire.QueryKeyRequestsRequest(pagination=PAGE),
    "KeyRequests pending": wire.QueryKeyRequestsRequest(
        status=wire.KEY_REQUEST_STATUS_PENDING, pagination=PAGE
    ),
    "Keys": wire.QueryKeysRequest(pagination=PAGE),
    "Keys counted": wire.QueryKeysRequest(pagination=PageRequest(limit=100, count_total=True)),
    "Keys from 10,000": wire.QueryKeysRequest(pagination=PageRequest(limit=100, offset=10_000)),
    "SignatureRequests": wire.QuerySignatureRequestsRequest(pagination=PAGE),
    "SignatureRequests pending": wire.QuerySignatureRequestsRequest(
        keyring_addr=KEYRING, status=wire.SIGN_REQUEST_STATUS_PENDING, pagination=PAGE
    ),
}


def grow(bench: Bench, first: int, last: int) -> None:
    """Keys of these ids, each with its fulfilled request and a request for a signature."""
    for start in range(first, last + 1, BATCH):
        overlay = Overlay(bench.store.state)
        for id_ in range(start, min(start + BATCH, last + 1)):
            _put(overlay, id_)
        for counter in (b"treasury/key_request_count", b"treasury/sign_request_count"):
            overlay.set(counter, min(start + BATCH - 1, last).to_bytes(8, "big"))
        changes = overlay.changes()
        root, rows = bench.store.plan(changes)
        tip = replace(bench.store.tip(), app_hash=root)
        bench.store.commit(tip, changes, rows=rows)


def _put(overlay: Overlay, id_: int) -> None:
    workspace = workspace_address(1 + id_ % len(SENDERS))
    creator = SENDERS[id_ % len(SENDERS)].address
    key = wire.Key(id=id_, workspace_addr=workspace, keyring_addr=KEYRING)
    key.type, key.public_key = wire.KEY_TYPE_ECDSA_SECP256K1, _public_key(id_)
    state.KEYS.set(overlay, id_, key)
    state.KEYS_BY_WORKSPACE.add(overlay, (workspace,), id_)
    for wallet in wallets.addresses(key):
        state.KEYS_BY_ADDRESS.add(overlay, (wallet.address,), id_)
    asked = wire.KeyRequest(id=id_, creator=creator, workspace_addr=workspace, fee_payer=creator)
    asked.keyring_addr, asked.key_type, asked.public_key = KEYRING, key.type, key.public_key
    asked.status = wire.KEY_REQUEST_STATUS_FULFILLED
    state.put_key_request(overlay, asked)
    sign = wire.SignRequest(id=id_, creator=creator, key_ids=[id_], key_type=key.type)
    sign.data_for_signing.append(id_.to_bytes(32, "big"))
    sign.keyring_addr, sign.fee_payer = KEYRING, creator
    last_ones_wait = id_ % 100 == 0
    sign.status = (
        wire.SIGN_REQUEST_STATUS_PENDING if last_ones_wait else wire.SIGN_REQUEST_STATUS_FULFILLED
    )
    state.put_sign_request(overlay, sign)


def _public_key(id_: int) -> bytes:
    return PrivateKey(id_.to_bytes(32, "big")).public_key.format()


def median_ms(times: int, work: Callable[[], object]) -> float:
    """Milliseconds of a processor, the median of some times."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return 1000 * statistics.median(taken)


def measured(folder: Path) -> dict[str, float]:
    """A start on the store, every page, and a block of one transfer, in ms of a processor."""
    began = time.process_time()
    store, keepers = LmdbStore(folder), Keepers.create()
    app = keepers.app(store, modules(keepers))
    figures = {"start": 1000 * (time.process_time() - began)}
    for name, request in PAGES.items():
        path = SERVICE + name.split()[0]
        raw = request.SerializeToString()
        figures[name] = median_ms(5, lambda path=path, raw=raw: app.query(path, raw))  # type: ignore[misc]
    store.close()
    bench = Bench(folder)
    sender, context = SENDERS[0], bench.engine.app.context()
    sequence = AUTH.account(context, sender.address).sequence
    sent = iter(
        [signed(context, sender, sequence + n, transfer(sender), TRANSFER_GAS) for n in range(20)]
    )
    figures["block of one transfer"] = median_ms(20, lambda: bench.block([next(sent)]))
    bench.store.close()
    return figures


def main() -> None:
    """Grow one state to each of the numbers on the command line, and print what it costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    counts = sorted(parser.parse_args().counts)
    console, columns = Console(), list[dict[str, float]]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bench = Bench(folder)
        have = len(bench.keys())
        bench.store.close()
        for count in counts:
            bench = Bench(folder)
            grow(bench, have + 1, count)
            bench.store.close()
            have = count
            columns.append(measured(folder))
            size = (folder / "data.mdb").stat().st_size / 2**20
            console.print(f"{count} keys and as many requests of each kind: {size:.0f} MiB")
            console.print({name: round(figure, 2) for name, figure in columns[-1].items()})
    table = Table("ms of a processor", *map(str, counts))
    for row in columns[0]:
        table.add_row(row, *(f"{column[row]:.2f}" for column in columns))
    console.print(table)


if __name__ == "__main__":
    main()
