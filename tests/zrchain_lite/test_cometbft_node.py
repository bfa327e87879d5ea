"""The folder of a CometBFT node, and what a start is refused for."""

from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.zrchain_lite.chain import Chain, genesis
from zrchain_lite.engine.cometbft import CometBftNode, CometBftSettings, StateSync
from zrchain_lite.engine.cometbft.node import MAX_SOCKET_PATH, NodeFailed, make_keys
from zrchain_lite.genesis import Genesis, GenesisError
from zrsign.node import LedgerSettings
from zrsign_daemon.errors import SettingsError
from zrsign_daemon.settings import load

PROGRAM = Path("/nowhere/cometbft")


def prepared(home: Path, *, height: int = 0, **settings: Any) -> dict[str, Any]:
    """Write the folder; returns CometBFT's configuration."""
    node = CometBftNode(home, "127.0.0.1:26657", CometBftSettings(program=PROGRAM, **settings))
    node.prepare(genesis(), height)
    return tomllib.loads((home / "cometbft" / "config" / "config.toml").read_text())


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_second_start__should_write_the_configuration_alone(tmp_path: Path) -> None:
    prepared(tmp_path)
    before = files(tmp_path)
    config = prepared(tmp_path, peers=("ab@h:1", "cd@h:2"), block_pause_s=0.25)
    assert config["p2p"]["persistent_peers"] == "ab@h:1,cd@h:2"
    assert config["consensus"]["timeout_commit"] == "250ms"
    changed = {path.name for path, content in files(tmp_path).items() if before[path] != content}
    assert changed == {"config.toml"}
    secret = [path for path in before if path.name not in ("config.toml", "genesis.json")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}
    assert stat.S_IMODE((tmp_path / "cometbft").stat().st_mode) == 0o700


def test_text_of_settings__should_stay_within_its_value(tmp_path: Path) -> None:
    sync = StateSync(('http://a"\nenable = false', "http://b"), 7, "AB" * 32)
    config = prepared(tmp_path, external_address='x"\n[rpc]\n', state_sync=sync)
    assert config["p2p"]["external_address"] == 'x"\n[rpc]\n'
    assert config["statesync"]["enable"] is True
    assert config["statesync"]["trust_period"] == "1209600s"
    assert config["rpc"]["laddr"] == f"tcp://127.0.0.1:26657,unix://{tmp_path}/rpc.sock"


def test_validator_without_its_record_of_votes__should_not_start(tmp_path: Path) -> None:
    prepared(tmp_path)
    data = tmp_path / "cometbft" / "data"
    (data / "blockstore.db").mkdir()
    (data / "priv_validator_state.json").unlink()
    with pytest.raises(NodeFailed, match="might sign a height twice"):
        prepared(tmp_path, height=5)
    assert not (data / "priv_validator_state.json").exists()


def test_store_of_the_embedded_engine__should_be_refused(tmp_path: Path) -> None:
    with pytest.raises(NodeFailed, match="begin a new chain from it"):
        prepared(tmp_path, height=3)
    assert files(tmp_path) == {}


def test_genesis_of_validators__should_need_cometbft(tmp_path: Path) -> None:
    make_keys(tmp_path / "keys")
    key = {"type": "tendermint/PubKeyEd25519", "value": "A" * 43 + "="}
    told = {**genesis().model_dump(mode="json"), "validators": [{"pub_key": key, "power": 2}]}
    with pytest.raises(GenesisError, match="they need engine"):
        Chain(tmp_path / "home", first=Genesis.model_validate(told))


def test_long_folder__should_be_refused(tmp_path: Path) -> None:
    with pytest.raises(NodeFailed, match="too long"):
        prepared(tmp_path / ("x" * MAX_SOCKET_PATH))


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ({"node": "http://127.0.0.1:1", "peers": ["ab" * 20 + "@h:1"]}, "in its own config"),
        ({"node": "localhost"}, "must have the form"),
        ({"peers": ["localhost:26656"]}, "must have the form"),
        ({"state_sync": {"rpc_servers": ["http://a"], "height": 1, "hash": "ab" * 32}}, "at least"),
        ({"block_pause_s": -1}, "must be at least 0"),
    ],
)
def test_settings__should_be_refused_with_their_place(
    tmp_path: Path, table: dict[str, Any], fault: str
) -> None:
    file = tmp_path / "ledger.json"
    file.write_text(json.dumps({"home": "h", "genesis": "g", "cometbft": table}))
    with pytest.raises(SettingsError, match=f"cometbft.*{fault}"):
        load(LedgerSettings, file)
