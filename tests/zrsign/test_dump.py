"""A dump for a bug report helps whoever reads it, and holds no secret that the network has."""

from __future__ import annotations

import base64
import json
import sys
import tarfile
from pathlib import Path

import pytest

from tests.zrsign.test_approvals import ask
from tests.zrsign.test_cli_faults import ended_pid
from tests.zrsign.world_ledger import network_of
from tests.zrsign_receiver.test_policy import guarded
from tests.zrsign_receiver.world import OWNER, World
from zrchain_lite.engine.validator_key import ValidatorKey
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as wire
from zrsign import cli
from zrsign.local.dump import bare_url, pack
from zrsign.local.network import accounts, operators, settings_files
from zrsign.local.network.manifest import LedgerEntry, Manifest
from zrsign.local.network.ports import Ports
from zrsign_dev_keyring.vault import Vault

HERE = "127.0.0.1:1"
PASSWORD, API_KEY, TOKEN = "correct-horse", "3f9e1c0a7b5d42e8", "glsa_8Zq2vWkX"
COOKIE = "__cookie__:5b1d9e0c44f2a7"


@pytest.fixture
def network(tmp_path: Path) -> Manifest:
    """The files of a stopped network, made as a start makes them."""
    folder = tmp_path / "network"
    folder.mkdir()
    names = ("operator-1", "operator-2")
    ledger = LedgerEntry(
        chain_id="c",
        grpc=HERE,
        rest=f"http://{HERE}",
        rpc=f"http://{HERE}",
        store=folder / "ledger",
    )
    found = Manifest(
        pid=ended_pid(),
        state_dir=folder,
        ledger=ledger,
        chains=(),
        accounts=accounts.create(folder / "keys", names),
    )
    found.save()
    settings_files.passphrase(folder / "keys")
    operators.provision(found, names, "keyring1", Ports())
    (folder / "operators/operator-1/anchors").mkdir()
    sealing = folder / "operators/operator-1/anchors/sealing"
    sealing.touch(mode=0o600)
    sealing.write_bytes(bytes(range(100, 132)))
    ledger.store.mkdir()
    ValidatorKey.kept(ledger.store)
    Vault(folder / "vault", b"passphrase")
    cookie = folder / "bitcoin/regtest/.cookie"
    cookie.parent.mkdir(parents=True)
    cookie.touch(mode=0o600)
    cookie.write_text(COOKIE)
    settings_files.write(
        folder / "config",
        "relayer",
        {
            "database_url": f"postgresql+asyncpg://relayer:{PASSWORD}@db.example:5432/relayer",
            "ledger": {"grpc": HERE, "key_file": str(folder / "keys/relayer.key")},
            "destinations": {"eip155:1": {"rpc_url": f"https://rpc.example/v3/{API_KEY}"}},
            "alerts": [{"auth_token": TOKEN}],
        },
    )
    return found


def secret_files(network: Manifest) -> list[Path]:
    folder = network.state_dir
    found = [
        *folder.glob("keys/*"),
        *folder.glob("operators/*/identity"),
        *folder.glob("operators/*/tls.key"),
        folder / "operators/simulated-enclave-root",
        folder / "operators/operator-1/anchors/sealing",
        folder / "bitcoin/regtest/.cookie",
    ]
    assert len(found) > 20
    return found


def forms(raw: bytes) -> set[bytes]:
    """A secret as a log could show it, without a look at how it is removed."""
    shown = {raw.strip(), raw.hex().encode(), base64.b64encode(raw).rstrip(b"=")}
    shown |= {raw.hex().upper().encode(), base64.urlsafe_b64encode(raw).rstrip(b"=")}
    try:
        key = bytes.fromhex(raw.decode().strip())
    except ValueError:
        key = b""
    if key:
        shown |= {key.hex().upper().encode(), base64.b64encode(key).rstrip(b"=")}
        shown |= {str(int.from_bytes(key, "big")).encode(), repr(key)[2:-1].encode()}
    if b"PRIVATE KEY" in raw:
        shown |= {line for line in raw.splitlines() if b"-----" not in line and len(line) > 30}
    return {each for each in shown if len(each) > 6}


def contents(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as opened:
        found = {}
        for entry in opened.getmembers():
            file = opened.extractfile(entry)
            assert file is not None
            found[entry.name.removeprefix("zrsign-dump/")] = file.read()
    return found


def test_dump__should_hold_no_secret_of_any_kind(network: Manifest, tmp_path: Path) -> None:
    planted = {PASSWORD.encode(), API_KEY.encode(), TOKEN.encode()}
    for path in secret_files(network):
        planted |= forms(path.read_bytes())
    validator = json.loads((network.state_dir / "ledger/priv_validator_key.json").read_text())
    planted.add(validator["priv_key"]["value"].encode())
    logs = network.state_dir / "logs"
    logs.mkdir()
    lines = [b'{"event": "leak", "what": "' + each + b'"}' for each in sorted(planted)]
    (logs / "relayer.log").write_bytes(b"\n".join(lines))
    (logs / "anvil.log").write_bytes(b" ".join(sorted(planted, reverse=True)))
    more = {"requests.json": [{"detail": each.decode(errors="replace")} for each in planted]}
    pack(tmp_path / "dump.tar.gz", network.state_dir, more)
    packed = contents(tmp_path / "dump.tar.gz")
    whole = b"\n".join(packed.values())
    assert [each for each in planted if each in whole] == []
    assert packed["logs/relayer.log"].count(b'"leak"') == len(lines)


def test_dump__should_keep_what_helps(network: Manifest, tmp_path: Path) -> None:
    logs = network.state_dir / "logs"
    logs.mkdir()
    user = network.account("user")
    said = f"{user.address} {user.evm_address} KEY_TYPE_ECDSA_SECP256K1 http://{HERE} refused"
    (logs / "listener.log").write_text(said)
    pack(tmp_path / "dump.tar.gz", network.state_dir, {})
    packed = contents(tmp_path / "dump.tar.gz")
    assert packed["logs/listener.log"].decode() == said
    relayer = json.loads(packed["config/relayer.json"])
    assert relayer["ledger"]["key_file"].endswith("keys/relayer.key")
    assert relayer["database_url"] == "postgresql+asyncpg://db.example:5432/[removed]"
    assert relayer["destinations"]["eip155:1"]["rpc_url"] == "https://rpc.example/[removed]"
    assert json.loads(packed["network.json"])["ledger"]["grpc"] == HERE


def test_dump__should_hold_the_last_requests_and_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World()
    guarded(world)
    network_of(world, tmp_path, monkeypatch, OWNER)
    asked = [ask(world, wire.REQUEST_KIND_HASH, bytes([n]) * 32).id for n in range(4)]
    target = tmp_path / "dump.tar.gz"
    words = ["dump", "--output", str(target), "--requests", "3", "--json"]
    monkeypatch.setattr(sys, "argv", ["zrsign", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    assert "requests.json" in json.loads(capsys.readouterr().out)["holds"]
    packed = contents(target)
    assert [each["request"] for each in json.loads(packed["requests.json"])] == asked[-3:]
    assert "zrsign" in json.loads(packed["versions.json"])["distributions"]
    assert target.stat().st_mode & 0o077 == 0
    with pytest.raises(SystemExit) as again:
        cli.main()
    assert again.value.code == 2
    assert "is there already" in capsys.readouterr().err


def test_dump__should_report_a_store_that_cannot_be_read(
    network: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = network.ledger.store / "data.mdb"
    store.write_bytes(b"this is no database" * 1000)
    target = tmp_path / "dump.tar.gz"
    words = ["dump", "--output", str(target), "--state", str(network.state_dir)]
    monkeypatch.setattr(sys, "argv", ["zrsign", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    assert str(network.ledger.store) in json.loads(contents(target)["requests.json"])["fault"]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
        ("https://u:p@h.example", "https://h.example/[removed]"),
        ("wss://h.example:1/v3/key?x=1", "wss://h.example:1/[removed]"),
        ("sqlite+aiosqlite:////tmp/a.sqlite", "sqlite+aiosqlite:////tmp/a.sqlite"),
        ("http://[::1", "[removed]"),
    ],
)
def test_url__should_keep_its_host_alone(url: str, shown: str) -> None:
    assert bare_url(url) == shown
