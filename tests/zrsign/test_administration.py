"""Orders of a keyring, and the cards of its operators."""

from __future__ import annotations

import json
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message

from zrchain_lite.client import Account
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.operators import operators_pb2 as wire
from zrsign.administration import Keyring, Progress, card_of
from zrsign_daemon.errors import SettingsError
from zrsign_daemon.keyfile import read_secret

PARTIES = ("zen1", "zen2")
OWN, CHILD, ROOT, SPARE = 1, 2, 1 << 62, (1 << 62) + 1


@dataclass
class Node:
    """A ledger with a group of two, at its first refresh."""

    account: Account = field(default_factory=lambda: Account.from_secret(bytes([1]) * 32))
    told: list[wire.KeyEpoch] = field(default_factory=list)

    async def query(self, *_: Any) -> Message:
        members = [wire.Member(index=i, party=party) for i, party in enumerate(PARTIES, 1)]
        return wire.QuerySettingsResponse(
            groups=[wire.Group(number=1, members=members)],
            refresh_number=1,
            roots=[wire.Root(id=ROOT, height=5), wire.Root(id=SPARE)],
        )

    async def page(self, method: str, *_: Any) -> AsyncIterator[Message]:
        if method.endswith("KeyEpochs"):
            for each in self.told:
                yield each
        else:
            for key in (OWN, CHILD):
                yield treasury.KeyReqResponse(id=key)

    def tell(self, key: int, refresh: int, *parties: str) -> None:
        for party in parties:
            self.told.append(wire.KeyEpoch(key_id=key, party=party, group=1, refresh=refresh))


def keyring(node: Any) -> Keyring:
    return Keyring(node, "keyring1")


async def test_order__should_be_done_when_all_told_so_of_roots_and_of_keys_of_their_own() -> None:
    """A child has no shares to renew, and a spare that is not made yet none either."""
    node = Node()
    for key in (OWN, ROOT, SPARE):
        node.tell(key, 0, *PARTIES)
    assert await keyring(node).progress() == Progress(1, 1, keys=2, done=0)
    node.tell(ROOT, 1, *PARTIES)
    node.tell(OWN, 1, PARTIES[0])
    assert await keyring(node).progress() == Progress(1, 1, keys=2, done=1)
    node.tell(OWN, 1, PARTIES[1])
    assert await keyring(node).progress() == Progress(1, 1, keys=2, done=2)


async def test_root__should_count_before_anybody_told_of_it() -> None:
    assert await keyring(Node()).progress() == Progress(1, 1, keys=1, done=0)


# -- cards -----------------------------------------------------------------------------------------


def settings_file(folder: Path) -> Path:
    """Settings of an operator none of whose secrets is there yet."""
    settings = {
        "keyring_address": "keyring1pfnq7r04rept47gaf5cpdew2",
        "identity_file": str(folder / "secrets/identity"),
        "tls_key_file": str(folder / "secrets/tls.key"),
        "tls_certificate_file": str(folder / "secrets/tls.pem"),
        "listen": "127.0.0.1:9301",
        "state_dir": "state",
        "anchor_dir": "anchors",
        "enclave_root_file": str(folder / "secrets/enclave-root"),
        "ledger": {"grpc": "127.0.0.1:9090", "key_file": str(folder / "account/ledger.key")},
    }
    path = folder / "operator.json"
    path.write_text(json.dumps(settings))
    return path


SECRETS = ("secrets/identity", "secrets/tls.key", "account/ledger.key")


def test_card__should_make_what_is_missing_and_be_the_same_again(tmp_path: Path) -> None:
    config = settings_file(tmp_path)
    first = card_of(config, 3)
    for name in SECRETS:
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    key = read_secret(tmp_path / "account/ledger.key")
    assert first.party == Account.from_secret(key).address
    assert card_of(config, 3) == first
    assert {path.name for path in (tmp_path / "account").iterdir()} == {"ledger.key"}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_card__should_refuse_a_secret_that_others_may_read(
    tmp_path: Path, name: str, mode: int
) -> None:
    config = settings_file(tmp_path)
    card_of(config, 3)
    kept = (tmp_path / name).read_bytes()
    (tmp_path / name).chmod(mode)
    with pytest.raises(SettingsError, match=f"Others may read .*{name}"):
        card_of(config, 3)
    assert (tmp_path / name).read_bytes() == kept


def test_card__should_make_no_key_where_a_bad_one_is(tmp_path: Path) -> None:
    config = settings_file(tmp_path)
    key = tmp_path / "account/ledger.key"
    key.parent.mkdir()
    key.write_text("no key")
    with pytest.raises(SettingsError, match="32 bytes"):
        card_of(config, 3)
    assert key.read_text() == "no key"
