"""Every daemon that cannot start says why and what to do, in one line, and changes nothing.

The settings are those that a local network writes; no peer runs.
"""

from __future__ import annotations

import importlib
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zrsign.local.network import accounts, genesis, settings_files
from zrsign.local.network.manifest import ChainEntry, ContractEntry, LedgerEntry, Manifest
from zrsign_chains import BITCOIN_REGTEST
from zrsign_chains.wallets import KeyAlgorithm
from zrsign_dev_keyring.vault import Vault

PROGRAMS = {
    "ledger": "zrsign.node",
    "listener": "zrsign_listener.__main__",
    "keyring": "zrsign_dev_keyring.__main__",
    "relayer": "relayer.__main__",
    "btc_proxy": "zrsign_btc_proxy.__main__",
}
CLIENTS = ["listener", "keyring", "relayer", "btc_proxy"]
DATABASES = ["listener", "relayer", "btc_proxy"]
SOURCE = "eip155:31337"

Refused = Callable[..., str]


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, dict[str, Any]]:
    """Settings of each daemon, as JSON values. Nothing listens where they point."""
    dead = "127.0.0.1:9"
    network = Manifest(
        pid=0,
        state_dir=tmp_path,
        ledger=LedgerEntry(
            chain_id=genesis.CHAIN_ID,
            grpc="127.0.0.1:0",
            rest="http://127.0.0.1:0",
            rpc="http://127.0.0.1:0",
            store=tmp_path / "ledger",
        ),
        chains=(
            ChainEntry(name="evm", caip2=SOURCE, rpc_url=f"http://{dead}", ws_url=f"ws://{dead}"),
            ChainEntry(name="bitcoin", caip2=BITCOIN_REGTEST, rpc_url=f"http://{dead}"),
        ),
        accounts=accounts.create(tmp_path / "keys"),
    )
    state = settings_files.write(tmp_path, "genesis", genesis.build(network.accounts))
    contract = ContractEntry(chain=SOURCE, address="0x" + "11" * 20, mode="omni", start_block=0)
    return {
        "ledger": settings_files.ledger(network.ledger, state),
        "listener": settings_files.listener(network, [contract]),
        "keyring": settings_files.keyring(network, "keyring1qqqqqqqqqqqqqqqq"),
        "relayer": settings_files.relayer(network),
        "btc_proxy": settings_files.btc_proxy(network),
    }


@pytest.fixture
def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Start a daemon that must refuse with code 2; returns the one line beside its log."""

    def start(daemon: str, content: dict[str, Any] | bytes | None) -> str:
        config = tmp_path / "config" / f"{daemon}.json"
        if isinstance(content, bytes):
            config.parent.mkdir(exist_ok=True)
            config.write_bytes(content)
        elif content is not None:
            settings_files.write(config.parent, daemon, content)
        program = importlib.import_module(PROGRAMS[daemon])
        assert program.main(["--config", str(config)]) == 2
        said = capsys.readouterr().err.splitlines()
        (line,) = [each for each in said if not each.startswith("{")]
        assert not any("Traceback" in each for each in said)
        return line

    return start


@pytest.fixture
def taken() -> Any:
    """A port that somebody listens on."""
    with socket.socket() as owner:
        owner.bind(("127.0.0.1", 0))
        owner.listen()
        yield owner.getsockname()[1]


@pytest.mark.parametrize("daemon", PROGRAMS)
@pytest.mark.parametrize("content", [None, b"{", b"\xff\xfe\x00", b"[]"])
def test_settings_file__should_be_named_when_it_cannot_be_read(
    daemon: str, content: bytes | None, refused: Refused
) -> None:
    assert f"{daemon}.json" in refused(daemon, content)


@pytest.mark.parametrize("daemon", PROGRAMS)
def test_typo__should_be_named(
    daemon: str, settings: dict[str, dict[str, Any]], refused: Refused
) -> None:
    assert "metrics_prot" in refused(daemon, {**settings[daemon], "metrics_prot": 1})
    missing = next(iter(settings[daemon]))
    without = {name: value for name, value in settings[daemon].items() if name != missing}
    if daemon in ("ledger", "keyring"):
        assert missing in refused(daemon, without)


@pytest.mark.parametrize("daemon", CLIENTS)
def test_variable_that_does_not_parse__should_be_named(
    daemon: str,
    settings: dict[str, dict[str, Any]],
    refused: Refused,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(f"ZRSIGN_{daemon.upper()}_LEDGER", "{no json")
    assert "ledger" in refused(daemon, settings[daemon])


@pytest.mark.parametrize("daemon", CLIENTS)
@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"00" * 32, b"ab" * 31])
def test_key_file__should_be_named_when_it_holds_no_key(
    daemon: str, content: bytes | None, settings: dict[str, dict[str, Any]], refused: Refused
) -> None:
    path = Path(settings[daemon]["ledger"]["key_file"])
    path.unlink() if content is None else path.write_bytes(content)
    line = refused(daemon, settings[daemon])
    assert str(path) in line
    assert (content or b"none").hex() not in line


@pytest.mark.parametrize("daemon", CLIENTS)
def test_taken_metrics_port__should_be_named(
    daemon: str, settings: dict[str, dict[str, Any]], refused: Refused, taken: int
) -> None:
    assert str(taken) in refused(daemon, {**settings[daemon], "metrics_port": taken})
    assert "metrics_port" in refused(daemon, {**settings[daemon], "metrics_port": 65536})


@pytest.mark.parametrize("door", ["grpc", "rest", "rpc"])
def test_taken_door_of_the_ledger__should_be_named(
    door: str, settings: dict[str, dict[str, Any]], refused: Refused, taken: int
) -> None:
    assert str(taken) in refused("ledger", {**settings["ledger"], door: f"127.0.0.1:{taken}"})


@pytest.mark.parametrize("daemon", ["listener", "relayer", "btc_proxy"])
@pytest.mark.parametrize("url", ["localhost:8545", "http://127.0.0.1:99999", "http://[::1"])
def test_node_url_with_a_typo__should_be_refused(
    daemon: str, url: str, settings: dict[str, dict[str, Any]], refused: Refused
) -> None:
    chains = next(
        settings[daemon][key]
        for key in ("chains", "destinations", "networks")
        if key in settings[daemon]
    )
    chain = chains[0] if isinstance(chains, list) else chains[BITCOIN_REGTEST]
    chain["rpc_url"] = url
    line = refused(daemon, settings[daemon])
    assert "rpc_url" in line or url in line


@pytest.mark.parametrize("daemon", DATABASES)
@pytest.mark.parametrize("url", ["nonsense", "sqlite:///x.sqlite", "nodb+nodriver:///x"])
def test_database_url_with_a_typo__should_be_refused(
    daemon: str, url: str, settings: dict[str, dict[str, Any]], refused: Refused
) -> None:
    assert "database_url" in refused(daemon, {**settings[daemon], "database_url": url})


def _database(settings: dict[str, Any], daemon: str) -> Path:
    return Path(settings["database_url"].partition(":///")[2])


@pytest.mark.parametrize("daemon", DATABASES)
@pytest.mark.parametrize("damage", ["overwritten", "cut", "other"])
def test_damaged_database__should_be_named_and_kept(
    daemon: str, damage: str, settings: dict[str, dict[str, Any]], refused: Refused, taken: int
) -> None:
    path = _database(settings[daemon], daemon)
    # A start that gets as far as its port has made the database.
    refused(daemon, {**settings[daemon], "metrics_port": taken})
    whole = path.read_bytes()
    assert len(whole) > 8192
    spoilt = {
        "overwritten": whole[:100] + bytes(reversed(whole[100:])),
        "cut": whole[:5000],
        "other": b"this is no database" * 100,
    }[damage]
    path.write_bytes(spoilt)
    for left in path.parent.glob(f"{path.name}-*"):
        left.unlink()
    assert str(path) in refused(daemon, settings[daemon])
    assert path.read_bytes() == spoilt


@pytest.mark.parametrize("daemon", DATABASES)
def test_database_in_a_place_that_cannot_be_written__should_be_named(
    daemon: str, settings: dict[str, dict[str, Any]], refused: Refused, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    path = tmp_path / "file" / "db.sqlite"
    line = refused(daemon, {**settings[daemon], "database_url": f"sqlite+aiosqlite:///{path}"})
    assert str(path.parent) in line
    assert "permission" in line or "writ" in line


def test_ledger__should_name_a_home_that_cannot_be_used_and_keep_a_damaged_one(
    settings: dict[str, dict[str, Any]], refused: Refused, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    home = tmp_path / "file" / "ledger"
    assert str(home) in refused("ledger", {**settings["ledger"], "home": str(home)})
    data = tmp_path / "ledger" / "data.mdb"
    data.parent.mkdir()
    data.write_bytes(b"this is no database" * 1000)
    assert str(data.parent) in refused("ledger", settings["ledger"])
    assert data.read_bytes() == b"this is no database" * 1000


@pytest.mark.parametrize("content", [None, b"{", b"\xff", b'{"chain_id": 1}'])
def test_ledger__should_name_a_genesis_that_is_none(
    content: bytes | None, settings: dict[str, dict[str, Any]], refused: Refused
) -> None:
    path = Path(settings["ledger"]["genesis"])
    path.unlink() if content is None else path.write_bytes(content)
    assert str(path) in refused("ledger", settings["ledger"])


def test_keyring__should_name_a_vault_a_passphrase_or_a_key_that_cannot_be_used(
    settings: dict[str, dict[str, Any]], refused: Refused, tmp_path: Path
) -> None:
    keyring = settings["keyring"]
    passphrase, vault = Path(keyring["passphrase_file"]), Path(keyring["vault_dir"])
    sealed = Vault(vault, passphrase.read_bytes().strip(), scrypt_n=1024)
    sealed.key_for(7, KeyAlgorithm.ECDSA_SECP256K1)
    key = sealed.path(7).read_bytes()
    missing = str(tmp_path / "no" / "passphrase")
    assert missing in refused("keyring", {**keyring, "passphrase_file": missing})
    file = tmp_path / "file"
    file.write_text("not a folder")
    assert str(file) in refused("keyring", {**keyring, "vault_dir": str(file / "vault")})
    right = passphrase.read_bytes()
    passphrase.write_text("another")
    assert "passphrase does not open" in refused("keyring", keyring)
    passphrase.write_bytes(right)
    for damage in (b"", key[:-40], json.dumps({**json.loads(key), "sealed": "00" * 48}).encode()):
        sealed.path(7).write_bytes(damage)
        assert str(sealed.path(7)) in refused("keyring", keyring)
        assert sealed.path(7).read_bytes() == damage
