"""Ports, accounts and the manifest of a local network."""

from __future__ import annotations

import errno
import os
import socket
import stat
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path

import pytest

from zrsign.errors import ManifestError, NetworkError
from zrsign.local.network import accounts, genesis, manifest
from zrsign.local.network.manifest import LedgerEntry, Manifest
from zrsign.local.network.ports import HOST, Ports, free_port
from zrsign_chains import COSMOS_LOCAL


def test_free_ports__should_all_differ() -> None:
    ports = Ports.free()
    assert len({getattr(ports, field.name) for field in fields(ports)}) == len(fields(ports))
    ports.ensure_free()


def test_free_port__should_stay_a_servers_until_it_listens() -> None:
    port = free_port()
    with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
        stranger.bind((HOST, port))
    with socket.socket() as caller:
        assert caller.connect_ex((HOST, port)) == errno.ECONNREFUSED
    with ExitStack() as others:
        given = [others.enter_context(socket.socket()) for _ in range(500)]
        for each in given:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            each.bind((HOST, 0))
        assert port not in {each.getsockname()[1] for each in given}
    for _ in range(2):
        with socket.create_server((HOST, port)), socket.create_connection((HOST, port)):
            pass


def test_ports__should_name_the_one_that_is_taken() -> None:
    ports = Ports.free()
    taken = f"ledger_grpc {ports.ledger_grpc}"
    with (
        socket.create_server((HOST, ports.ledger_grpc)),
        pytest.raises(NetworkError, match=taken) as raised,
    ):
        ports.ensure_free()
    assert "--free-ports" in raised.value.hint


def test_accounts__should_keep_their_keys_from_others(tmp_path: Path) -> None:
    made = accounts.create(tmp_path / "keys")
    assert {stat.S_IMODE(each.secret_file.stat().st_mode) for each in made} == {0o600}
    assert len({each.address for each in made}) == len(made)
    assert all(each.ledger().evm_address == each.evm().address == each.evm_address for each in made)


def a_manifest(state_dir: Path, pid: int) -> Manifest:
    ledger = LedgerEntry(chain_id="c", grpc="a:1", rest="http://a", rpc="http://b", store=state_dir)
    made = Manifest(pid=pid, state_dir=state_dir, ledger=ledger, chains=())
    state_dir.mkdir(parents=True)
    made.save()
    return made


def test_manifest__should_prefer_the_running_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZRSIGN_STATE", str(tmp_path))
    running = a_manifest(tmp_path / "up", os.getpid())
    stopped = a_manifest(tmp_path / "demo", 2**22 + 1)
    assert manifest.load() == running
    assert manifest.load(tmp_path / "demo") == stopped
    assert manifest.load(tmp_path) == running


def test_manifest__should_say_how_to_start_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZRSIGN_STATE", str(tmp_path))
    with pytest.raises(ManifestError) as raised:
        manifest.load()
    assert "zrsign up" in raised.value.hint


def test_manifest__should_refuse_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / manifest.FILE).write_text('{"pid": 1}')
    with pytest.raises(ManifestError, match="damaged"):
        manifest.load(tmp_path)


def test_manifest__should_list_what_there_is(tmp_path: Path) -> None:
    made = a_manifest(tmp_path / "n", 1)
    for wanted in (made.chain, made.contract, made.account):
        with pytest.raises(ManifestError):
            wanted("none")


def test_ledger__should_be_a_destination_of_its_own_network(tmp_path: Path) -> None:
    """Under the id that wallets sign for, and without being listed among the nodes."""
    entry = LedgerEntry(
        chain_id=genesis.CHAIN_ID,
        grpc="127.0.0.1:1",
        rest="http://127.0.0.1:2",
        rpc="http://127.0.0.1:3",
        store=tmp_path,
    )
    network = Manifest(pid=0, state_dir=tmp_path, ledger=entry, chains=())
    assert network.chains == ()
    for name in ("ledger", COSMOS_LOCAL):
        found = network.chain(name)
        assert (found.caip2, found.rpc_url) == (COSMOS_LOCAL, entry.rpc)
