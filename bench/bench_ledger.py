"""Transactions a second on the ledger: the application alone, and through its JSON-RPC.

Beside it, in the same run, CometBFT's own `kvstore`, whose transactions are not signed and of the
same size. All blocks are durable. The clients have a process of their own; the ledger's doors have
one, and its maker of blocks is this one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.message import Message
from rich.console import Console
from rich.table import Table

from bench import ledger_load
from bench.ledger_load import Answered, Load
from tests.cometbft import cometbft
from tests.processes import run, running
from zrchain_lite.client import Account, party_signature
from zrchain_lite.engine import EmbeddedEngine
from zrchain_lite.engine.validator_key import ValidatorKey
from zrchain_lite.genesis import Genesis
from zrchain_lite.keepers import Keepers
from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import AuthKeeper
from zrchain_lite.node import NodeSettings, serving
from zrchain_lite.store.lmdb_store import LmdbStore
from zrchain_lite.tx import TxSigner, build
from zrchain_lite.wire.cosmos.bank.v1beta1.tx_pb2 import MsgSend
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrsign.local.network.ports import free_port
from zrsign.node import modules
from zrsign_chains.cosmos import keyring_address, workspace_address

CHAIN_ID = "bench-1"
SENDERS = [Account.from_secret((n + 1).to_bytes(32, "big")) for n in range(50)]
PROBE = Account.from_secret(bytes([8]) * 32)
RECIPIENT = Account.from_secret(bytes([7]) * 32)
AUTH = AuthKeeper()
TRANSFER_GAS, REQUEST_GAS = 75_000, 150_000
PROBED = 5_000
"""How many transactions the probe may send."""


Make = tuple[Callable[[int], Message], int]
"""Makes the message of the sender of a number, and the gas it asks for."""


@dataclass(frozen=True)
class Row:
    """`count` transactions in `seconds`, of which the processor had `cpu_s`; `p99_ms` of a probe.

    What was not measured is 0.
    """

    name: str
    count: int
    seconds: float
    blocks: int
    cpu_s: float = 0
    p50_ms: float = 0
    p99_ms: float = 0


def genesis() -> Genesis:
    """The start of a chain on which every sender has coins."""
    funds = [{"denom": "urock", "amount": str(10**12)}]
    balances = [{"address": each.address, "coins": funds} for each in (*SENDERS, PROBE)]
    state = {"bank": {"balances": balances}, "identity": {"params": {"keyringCreationFee": "0"}}}
    return Genesis.model_validate({"chain_id": CHAIN_ID, "app_state": state})


def transfer(account: Account) -> MsgSend:
    """A transfer of 1 urock from the account."""
    coins = [Coin(denom="urock", amount="1")]
    return MsgSend(from_address=account.address, to_address=RECIPIENT.address, amount=coins)


def signed(ctx: Context, account: Account, sequence: int, message: Message, gas: int) -> bytes:
    """A transaction of an account that the chain has."""
    signer = TxSigner(account.secret, AUTH.account(ctx, account.address).account_number, sequence)
    return build([message], [signer], chain_id=CHAIN_ID, gas_limit=gas, fee=gas // 10_000 + 1)


class Bench:
    """A chain without servers, and what its accounts have signed."""

    def __init__(self, folder: Path) -> None:
        self.store, keepers = LmdbStore(folder), Keepers.create()
        app = keepers.app(self.store, modules(keepers))
        self.engine = EmbeddedEngine(app, self.store, ValidatorKey(bytes(32)))
        self.engine.start(genesis())
        self._sequences = Counter[str]()

    def tx(self, account: Account, message: Message, *, gas: int) -> bytes:
        """The account's next transaction."""
        sequence = self._sequences[account.address]
        self._sequences[account.address] += 1
        return signed(self.engine.app.context(), account, sequence, message, gas)

    def block(self, txs: Sequence[bytes]) -> None:
        """CheckTx, execution and commit of one block."""
        for tx in txs:
            check = self.engine.broadcast(tx)
            assert check.code == 0, check.log
        results = self.engine.make_block().results.tx_results
        assert [result.code for result in results] == [0] * len(txs), results

    def keys(self) -> list[int]:
        """A key of a workspace of its own for each sender, in their order."""
        admin, keyring = SENDERS[0], keyring_address(1)
        self._do(admin, identity.MsgNewKeyring(creator=admin.address, description="bench"))
        party = identity.MsgAddKeyringParty(keyring_addr=keyring, party=admin.address)
        party.creator = admin.address
        self._do(admin, party)
        active = identity.MsgUpdateKeyring(keyring_addr=keyring, party_threshold=1, is_active=True)
        active.creator = admin.address
        self._do(admin, active)
        for number, account in enumerate(SENDERS, 1):
            self._do(account, identity.MsgNewWorkspace(creator=account.address))
            asked = treasury.MsgNewKeyRequest(
                creator=account.address,
                workspace_addr=workspace_address(number),
                keyring_addr=keyring,
                key_type="ecdsa",
            )
            self._do(account, asked)
            self._do(admin, _fulfilled(admin, number, account.public_key))
        return list(range(1, len(SENDERS) + 1))

    def _do(self, account: Account, message: Message) -> None:
        self.block([self.tx(account, message, gas=2_000_000)])


def _fulfilled(party: Account, request_id: int, public_key: bytes) -> treasury.MsgFulfilKeyRequest:
    return treasury.MsgFulfilKeyRequest(
        creator=party.address,
        request_id=request_id,
        status=treasury.KEY_REQUEST_STATUS_FULFILLED,
        key=treasury.MsgNewKey(public_key=public_key),
        keyring_party_signature=party_signature(party, request_id, public_key),
    )


def application(name: str, count: int, block_size: int, make: Callable[[Bench], Make]) -> Row:
    """CheckTx, execution and commit, without any network."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        message, gas = make(bench)
        txs = [
            bench.tx(SENDERS[n % len(SENDERS)], message(n % len(SENDERS)), gas=gas)
            for n in range(count)
        ]
        start, began = time.perf_counter(), time.process_time()
        for position in range(0, count, block_size):
            bench.block(txs[position : position + block_size])
        seconds, cpu_s = time.perf_counter() - start, time.process_time() - began
        bench.store.close()
    blocks = -(-count // block_size)
    return Row(f"{name}, {block_size} a block", count, seconds, blocks, cpu_s)


def transfers(bench: Bench) -> Make:
    """A transfer of each sender, and its gas."""
    return lambda which: transfer(SENDERS[which]), TRANSFER_GAS


def requests(bench: Bench) -> Make:
    """A request to sign 32 bytes by each sender, and its gas."""
    keys = bench.keys()
    return lambda which: treasury.MsgNewSignatureRequest(
        creator=SENDERS[which].address, key_ids=[keys[which]], data_for_signing="11" * 32
    ), REQUEST_GAS


async def doors(count: int, clients: int) -> Row:
    """Signed transfers through the node's JSON-RPC, each sent when the one before is in a block."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "genesis.json"
        file.write_text(json.dumps(genesis().model_dump(mode="json")))
        free = "127.0.0.1:0"
        config = NodeSettings(Path(folder) / "home", file, free, free, free)
        async with serving(config, modules, asyncio.Event()) as (node, _):
            ctx, each = node.engine.app.context(), count // clients

            def transfers_of(account: Account, count: int) -> list[bytes]:
                message = transfer(account)
                return [signed(ctx, account, n, message, TRANSFER_GAS) for n in range(count)]

            committed = [transfers_of(account, each) for account in SENDERS[:clients]]
            load = Load(node.rpc_port, committed, transfers_of(PROBE, PROBED))
            pids = [os.getpid(), node.doors.pid] if node.doors else []
            first, before = node.engine.tip.height, cpu_s(pids)
            answered = await ledger_load.put(load)
            blocks, spent = node.engine.tip.height - first, cpu_s(pids) - before
    return _row(f"ledger, {clients} clients", each * clients, blocks, spent, answered)


async def kvstore(count: int, clients: int) -> Row:
    """CometBFT's own example, whose transactions nobody signs, as fast as it makes blocks."""
    each = count // clients
    with tempfile.TemporaryDirectory() as folder:
        run([cometbft().path, "init", "--home", folder])
        port = _configured(Path(folder))
        command = [cometbft().path, "start", "--home", folder, "--log_level", "error"]
        with running([*command, "--proxy_app", "kvstore"]) as process:
            first = await _height(port)
            committed = [
                [f"{client}.{n}={'x' * 290}".encode() for n in range(each)]
                for client in range(clients)
            ]
            probed = [f"p.{n}={'x' * 290}".encode() for n in range(PROBED)]
            before = cpu_s([process.pid])
            answered = await ledger_load.put(Load(port, committed, probed))
            blocks, spent = await _height(port) - first, cpu_s([process.pid]) - before
    return _row(f"kvstore, {clients} clients", each * clients, blocks, spent, answered)


def cpu_s(pids: Sequence[int]) -> float:
    """Seconds of a processor that these processes have had together (proc(5), `stat`)."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _configured(folder: Path) -> int:
    """No pause between blocks, none without transactions, ports of its own; its JSON-RPC's."""
    config, port = folder / "config" / "config.toml", free_port()
    text = config.read_text()
    for key, value in {"timeout_commit": '"0s"', "create_empty_blocks": "false"}.items():
        text = re.sub(rf"(?m)^{key} = .*$", f"{key} = {value}", text)
    for old, new in {26656: free_port(), 26657: port}.items():
        text = re.sub(rf'(?m)^laddr = ".*{old}"$', f'laddr = "tcp://127.0.0.1:{new}"', text)
    config.write_text(text)
    return port


async def _height(port: int) -> int:
    """The last block's height, once there is one."""
    while True:
        with suppress(OSError, ValueError, KeyError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /status HTTP/1.0\r\n\r\n")
            body = (await reader.read()).partition(b"\r\n\r\n")[2]
            writer.close()
            height = int(json.loads(body)["result"]["sync_info"]["latest_block_height"])
            if height:
                return height
        await asyncio.sleep(0.1)


def _row(name: str, count: int, blocks: int, spent: float, answered: Answered) -> Row:
    """The probe's transactions are among those that the processor worked on."""
    p50, p99 = answered.percentile_ms(50), answered.percentile_ms(99)
    share = count / (count + len(answered.probed_s))
    return Row(name, count, answered.seconds, blocks, spent * share, p50, p99)


def print_table(console: Console, rows: Sequence[Row]) -> None:
    """Print what was measured."""
    table = Table(
        "measured", "count", "blocks", "seconds", "a second", "by CPU", "p50 ms", "p99 ms"
    )
    for row in rows:
        table.add_row(
            row.name,
            str(row.count),
            str(row.blocks),
            f"{row.seconds:.2f}",
            f"{row.count / row.seconds:.0f}",
            f"{row.count / row.cpu_s:.0f}" if row.cpu_s else "",
            f"{row.p50_ms:.1f}" if row.p50_ms else "",
            f"{row.p99_ms:.1f}" if row.p99_ms else "",
        )
    console.print(table)


def main() -> None:
    """Measure what the command line names, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5_000, help="transactions in a row")
    count = parser.parse_args().count
    load = os.getloadavg()[0]
    rows = [
        application("transfers", count // 10, 1, transfers),
        application("transfers", count, 500, transfers),
        application("sign requests", count // 2, 250, requests),
    ]
    for clients in (1, 50):
        few = count if clients > 1 else count // 20
        rows += [asyncio.run(kvstore(few, clients)), asyncio.run(doors(few, clients))]
    console = Console()
    print_table(console, rows)
    console.print(f"load of the machine: {load:.1f} before, {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
