"""An operator comes back from a copy of its state, without what may have been used since."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.zrsign_dmpc.ecdsa.builders import TINY
from tests.zrsign_dmpc.ecdsa.parties import aux_infos, identity, key_shares
from tests.zrsign_dmpc.ecdsa.signers import presignatures
from tests.zrsign_operator.fake_ledger import KEYRING
from zrsign_daemon.settings import LedgerAccess
from zrsign_dmpc.ecdsa import StoredAuxInfo
from zrsign_dmpc.ecdsa.security import LEVELS
from zrsign_dmpc.kept.epochs import EpochMember, KeyChange
from zrsign_operator.enclave.simulated import SimulatedEnclave
from zrsign_operator.errors import StoreUnusable
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.keys.restore import Restored, restore
from zrsign_operator.ledger.approval import Scheme
from zrsign_operator.ledger.orders import Target
from zrsign_operator.peers.frames import Proposal, WorkKind
from zrsign_operator.settings import OperatorSettings

ME, ALL = 1, (1, 2, 3)
SETTLED, CHANGING = 7, 8
ROOT, SEALING = b"r" * 32, b"s" * 32


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OperatorSettings:
    """Of operator 1, whose secrets are in files as after a first start."""
    monkeypatch.setitem(LEVELS, TINY.name, TINY)
    (tmp_path / "anchors").mkdir()
    for name, secret in (
        ("identity", bytes([ME]) * 32),
        ("root", ROOT),
        ("anchors/sealing", SEALING),
    ):
        (tmp_path / name).write_bytes(secret)
    return OperatorSettings(
        ledger=LedgerAccess(grpc="127.0.0.1:1", key_file=tmp_path / "account"),
        keyring_address=KEYRING,
        identity_file=tmp_path / "identity",
        tls_key_file=tmp_path / "tls.key",
        tls_certificate_file=tmp_path / "tls.pem",
        listen="127.0.0.1:1",
        state_dir=tmp_path / "state",
        anchor_dir=tmp_path / "anchors",
        enclave_root_file=tmp_path / "root",
    )


def opened(settings: OperatorSettings) -> Holdings:
    enclave = SimulatedEnclave(ROOT, SEALING)
    return Holdings(settings.state_dir, settings.anchor_dir, enclave, identity(ME))


@pytest.fixture
def backup(settings: OperatorSettings, tmp_path: Path) -> Path:
    """Of two keys, one of them in the middle of a change, a presignature and evidence."""
    holdings = opened(settings)
    share = key_shares(2, *ALL)[ME]
    incarnations = (bytes(16),) * 3
    made_by, changing = (
        Proposal(
            KEYRING,
            WorkKind.KEYGEN,
            (number,),
            ME,
            ALL,
            incarnations,
            bytes(32),
            Target(1, 0).encode(),
        )
        for number in (SETTLED, CHANGING)
    )
    holdings.adopt(SETTLED, ME, Scheme.ECDSA, share, made_by)
    held = holdings.adopt(CHANGING, ME, Scheme.ECDSA, share, changing)
    members = tuple(EpochMember(i, identity(i).public_key) for i in ALL)
    change = KeyChange(share.info.key_id, 1, b"c" * 32, 2, members)
    held.folder.open_change(change, changing)
    holdings.add_aux(StoredAuxInfo.of(aux_infos(*ALL)[ME]).restore(TINY))
    holdings.add_presignature(presignatures((1, 2))[ME])
    holdings.keep_evidence("one.json", b'{"kind": "aux", "culprits": [[3, 0]], "why": "a lie"}')
    holdings.close()
    return Path(shutil.copytree(settings.state_dir, tmp_path / "backup"))


def test_backup__should_bring_back_shares_and_nothing_that_may_have_been_used(
    settings: OperatorSettings, backup: Path
) -> None:
    shutil.rmtree(settings.state_dir)
    assert restore(settings, backup) == Restored(1, 1, (str(CHANGING),))
    holdings = opened(settings)
    try:
        assert [held.ledger_key for held in holdings.all_keys()] == [SETTLED]
        held = holdings.key(SETTLED)
        assert held is not None
        assert held.share.secret == key_shares(2, *ALL)[ME].secret
        assert len(holdings.aux) == 1
        assert holdings.presignatures == {}
        assert holdings.single_use.count == 0
        assert len(holdings.evidence()) == 1
    finally:
        holdings.close()


def test_state_that_is_there__should_not_be_overwritten(
    settings: OperatorSettings, backup: Path
) -> None:
    before = sorted(settings.state_dir.rglob("*"))
    with pytest.raises(StoreUnusable, match="is not empty"):
        restore(settings, backup)
    assert sorted(settings.state_dir.rglob("*")) == before


def test_something_else__should_not_be_restored(
    settings: OperatorSettings, backup: Path, tmp_path: Path
) -> None:
    shutil.rmtree(settings.state_dir)
    with pytest.raises(StoreUnusable, match="is no state directory"):
        restore(settings, tmp_path / "anchors")
    settings.identity_file.write_bytes(bytes([2]) * 32)
    with pytest.raises(StoreUnusable, match="cannot be restored"):
        restore(settings, backup)
    assert not settings.state_dir.exists()
