"""What an operator's process runs: real links, threads and clocks, and a ledger of the test's."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from nacl.signing import VerifyKey

from tests.zrsign_dmpc.ecdsa.builders import TINY
from tests.zrsign_dmpc.ecdsa.parties import identity
from tests.zrsign_operator.fake_ledger import ED25519, KEYRING, Ledger, Node, account
from zrchain_lite.client import LedgerClient
from zrchain_lite.wire.zrsign.operators import operators_pb2 as wire
from zrsign.local.network.ports import free_port
from zrsign_daemon.settings import LedgerAccess
from zrsign_dmpc.ecdsa.security import LEVELS
from zrsign_operator import service
from zrsign_operator.enclave.simulated import SimulatedEnclave
from zrsign_operator.peers.tls import read_or_make
from zrsign_operator.settings import OperatorSettings
from zrsign_operator.sources.settings import SourceChain

ALL = (1, 2, 3)
ROOT, SEALING = b"r" * 32, b"s" * 32


class Client(Node):
    """A node that a process opens and closes."""

    async def close(self) -> None:
        pass


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """The ledger that every process finds behind its node."""
    monkeypatch.setitem(LEVELS, TINY.name, TINY)
    ledger = Ledger()
    monkeypatch.setattr(LedgerClient, "of", lambda access, account, folder: Client(ledger))
    enclave = SimulatedEnclave(ROOT, SEALING)
    ledger.measurements.append(wire.Measurement(kind="simulated", value=enclave.measurement))
    return ledger


def settings_of(home: Path, index: int) -> OperatorSettings:
    """With the secrets of a first start in their files."""
    folder = home / str(index)
    (folder / "anchors").mkdir(parents=True)
    for name, secret in (
        ("identity", bytes([index]) * 32),
        ("root", ROOT),
        ("anchors/sealing", SEALING),
    ):
        (folder / name).write_bytes(secret)
        (folder / name).chmod(0o600)
    (folder / "account").write_text((bytes([index]) * 32).hex())
    (folder / "account").chmod(0o600)
    return OperatorSettings(
        ledger=LedgerAccess(grpc="127.0.0.1:1", key_file=folder / "account"),
        keyring_address=KEYRING,
        identity_file=folder / "identity",
        tls_key_file=folder / "tls.key",
        tls_certificate_file=folder / "tls.pem",
        listen=f"127.0.0.1:{free_port()}",
        state_dir=folder / "state",
        anchor_dir=folder / "anchors",
        enclave_root_file=folder / "root",
        poll_interval_s=0.05,
        presignatures=0,
    )


class Processes:
    """Those that run; what is waited for comes, or one of them ended."""

    def __init__(self, all_settings: Iterable[OperatorSettings]) -> None:
        self.stop = asyncio.Event()
        self.tasks = [asyncio.create_task(service.run(each, self.stop)) for each in all_settings]

    async def until(self, holds: Callable[[], Any]) -> None:
        for _ in itertools.count():
            for task in self.tasks:
                assert not task.done(), task
            if holds():
                return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(*all_settings: OperatorSettings) -> AsyncIterator[Processes]:
    """Processes that end when they are told to, and not before."""
    processes = Processes(all_settings)
    try:
        yield processes
    finally:
        processes.stop.set()
        await asyncio.gather(*processes.tasks)


def set_group(ledger: Ledger, all_settings: dict[int, OperatorSettings]) -> None:
    members = [
        wire.Member(
            index=index,
            party=account(index).address,
            identity_key=identity(index).public_key,
            tls_certificate=read_or_make(each.tls_key_file, each.tls_certificate_file).der,
            endpoint=each.listen,
        )
        for index, each in all_settings.items()
    ]
    group = wire.Group(number=1, threshold=2, level=TINY.name, members=members)
    ledger.groups.append(group)
    ledger.version += 1


async def test_processes__should_find_each_other_and_answer_until_they_are_stopped(
    ledger: Ledger, tmp_path: Path
) -> None:
    all_settings = {index: settings_of(tmp_path, index) for index in ALL}
    async with running(*all_settings.values()) as processes:
        # Nobody names them yet.
        await processes.until(lambda: True)
        set_group(ledger, all_settings)
        key = ledger.ask_key(ED25519)
        await processes.until(lambda: key in ledger.known_keys)
    # What they hold outlives them.
    ledger_key = ledger.known_keys[key].public_key
    async with running(*all_settings.values()) as processes:
        request = ledger.ask_signature(key, b"text")
        await processes.until(lambda: request in ledger.fulfilled)
    VerifyKey(ledger_key).verify(b"text", ledger.fulfilled[request])


async def said(port: int, path: str) -> tuple[int, dict[str, Any]]:
    """What a process answers at its own port."""
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}{path}") as said:
        return said.status, await said.json()


async def test_process_that_no_group_names__should_say_so_from_the_start(
    ledger: Ledger, tmp_path: Path
) -> None:
    port = free_port()

    def with_port(home: Path) -> dict[int, OperatorSettings]:
        made = {index: settings_of(home, index) for index in ALL}
        return {**made, 1: made[1].model_copy(update={"metrics_port": port})}

    async def health_is(processes: Processes, code: int, word: str) -> dict[str, Any]:
        while True:
            assert [task for task in processes.tasks if task.done()] == []
            with contextlib.suppress(aiohttp.ClientConnectionError):
                status, health = await said(port, "/healthz")
                if status == code and word in str(health):
                    return health
            await asyncio.sleep(0.02)

    async with running(*with_port(tmp_path / "nameless").values()) as processes:
        health = await health_is(processes, 503, "waiting for group: no group")
        assert list(health["failures"]) == ["group"]
        _, status = await said(port, "/status")
        assert status["identity"] == identity(1).public_key.hex()
        assert status["waiting_for_group"].startswith("no group")
    named = with_port(tmp_path / "named")
    set_group(ledger, named)
    async with running(*named.values()) as processes:
        await health_is(processes, 200, "ok")
        _, status = await said(port, "/status")
        assert status["threshold"] == 2


async def test_processes_that_see_for_themselves__should_refuse_what_no_contract_asked(
    ledger: Ledger, tmp_path: Path
) -> None:
    chain = SourceChain(
        caip2="eip155:1", rpc_url="http://127.0.0.1:1", contracts=("0x" + "11" * 20,)
    )
    all_settings = {
        index: settings_of(tmp_path, index).model_copy(update={"chains": (chain,)}) for index in ALL
    }
    set_group(ledger, all_settings)
    key = ledger.ask_key(ED25519)
    async with running(*all_settings.values()) as processes:
        await processes.until(lambda: key in ledger.known_keys)
        request = ledger.ask_signature(key, b"text")
        await processes.until(lambda: len(ledger.rejected[request]) == len(ALL))
    assert request not in ledger.fulfilled


async def test_process_that_no_group_names__should_wait_and_stop(
    ledger: Ledger, tmp_path: Path
) -> None:
    async with running(settings_of(tmp_path, 1)) as processes:
        await processes.until(lambda: True)
    assert not (tmp_path / "1" / "tls.pem").exists()
