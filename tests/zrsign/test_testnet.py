"""`zrsign testnet init`, and what it writes run."""

from __future__ import annotations

import base64
import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.cometbft import cometbft
from tests.processes import running
from tests.waiting import until
from tests.zrchain_lite.chain import ALICE, BOB, genesis, transfer
from zrchain_lite.client import Account, LedgerClient, LedgerUnavailable
from zrchain_lite.validator_addresses import operator_of
from zrsign.cli import app
from zrsign.errors import UsageError
from zrsign.local import testnet
from zrsign.local.network import validators
from zrsign.local.network.ports import Ports, free_port
from zrsign.local.network.process import Supervisor
from zrsign.local.testnet import Host
from zrsign.node import LedgerSettings
from zrsign_daemon.program import program
from zrsign_daemon.settings import load

HOSTS = ("10.0.0.1", "10.0.0.2", "node.example")


def init(folder: Path, *hosts: str, count: int) -> list[Path]:
    """Run the command; returns the hosts' folders."""
    named = [word for host in hosts for word in ("--host", host)]
    options = ["--output", str(folder), "--validators", str(count), *named, "--tls"]
    done = CliRunner().invoke(app, ["testnet", "init", *options])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return sorted(folder.glob("validator-*"))


def test_init__should_write_a_folder_for_each_host(tmp_path: Path) -> None:
    folders = init(tmp_path / "net", *HOSTS, count=3)
    settings = [load(LedgerSettings, folder / "ledger.json") for folder in folders]
    first = {(folder / "genesis.json").read_text() for folder in folders}
    assert len(first) == 1
    keys = [each["pub_key"]["value"] for each in json.loads(first.pop())["validators"]]
    for folder, told, host, key in zip(folders, settings, HOSTS, keys, strict=True):
        assert told.engine == "cometbft"
        assert told.cometbft.external_address == f"{host}:26656"
        assert {peer.partition("@")[2] for peer in told.cometbft.peers} == {
            f"{other}:26656" for other in HOSTS if other != host
        }
        assert not Path(told.home).is_absolute()
        kept = folder / "home" / "cometbft" / "config" / "priv_validator_key.json"
        private = base64.b64decode(json.loads(kept.read_text())["priv_key"]["value"])
        assert base64.b64encode(private[32:]).decode() == key
    secret = [path for path in (tmp_path / "net").rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}


def test_validators__should_have_stake_in_a_new_state(tmp_path: Path) -> None:
    folders = init(tmp_path / "net", count=2)
    state = json.loads((folders[0] / "genesis.json").read_text())
    created = state["app_state"]["staking"]["validators"]
    assert [each["value"]["amount"] for each in created] == ["1000000000"] * 2
    assert [each["pubkey"]["key"] for each in created] == [
        each["pub_key"]["value"] for each in state["validators"]
    ]
    for folder, each in zip(folders, created, strict=True):
        secret = bytes.fromhex((folder / "operator.key").read_text())
        assert operator_of(Account.from_secret(secret).address) == each["validator_address"]
    (tmp_path / "first.json").write_text(genesis().model_dump_json())
    options = ["--output", str(tmp_path / "given"), "--validators", "1"]
    given = ["--genesis", str(tmp_path / "first.json")]
    assert CliRunner().invoke(app, ["testnet", "init", *options, *given]).exit_code == 0
    kept = json.loads((tmp_path / "given" / "validator-1" / "genesis.json").read_text())
    assert "staking" not in kept["app_state"]


def test_init__should_refuse_what_is_there_and_hosts_that_do_not_fit(tmp_path: Path) -> None:
    init(tmp_path / "net", count=2)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match="is there already"):
        init(tmp_path / "net", count=2)
    with pytest.raises(UsageError, match="3 validators and 2 hosts"):
        init(tmp_path / "other", *HOSTS[:2], count=3)
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


@pytest.mark.e2e
async def test_validator_with_certificates__should_speak_tls(tmp_path: Path) -> None:
    cometbft()
    host = Host(p2p=free_port(), grpc=free_port(), rest=free_port(), rpc=free_port())
    quick = {"block_pause_s": 0.1}
    (made,) = testnet.write(tmp_path / "net", genesis(), [host], cometbft=quick, tls=True)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = program("zrsign.node", "--config", "ledger.json")
    target, ca = f"https://localhost:{host.grpc}", made.folder / "ca.pem"
    async with LedgerClient(target, ca=ca, account=ALICE) as alice:
        with running(command, cwd=made.folder, env=environment):

            async def height() -> int | None:
                try:
                    return await alice.height()
                except LedgerUnavailable:
                    return None

            await until(height, "a block")
            assert (await alice.broadcast(transfer(ALICE, BOB))).height > 1


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path leaves room for that of a socket, which has 107 bytes."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.e2e
async def test_validators_of_a_local_network__should_make_blocks_together(short: Path) -> None:
    cometbft()
    supervisor, ports = Supervisor(short / "logs"), Ports.free()
    folder = short / "validators"
    try:
        first = genesis().model_dump(mode="json")
        await validators.start(supervisor, folder, first, ports, 2)
        async with LedgerClient(f"127.0.0.1:{ports.ledger_grpc}", account=ALICE) as alice:
            assert (await alice.broadcast(transfer(ALICE, BOB))).height > 0
        assert (validators.store_of_first(folder) / "data.mdb").is_file()
    finally:
        await supervisor.stop()
