"""Keys at rest: sealed, whole, never overwritten, and errors that name the file."""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from zrsign_chains.wallets import KeyAlgorithm
from zrsign_dev_keyring.errors import (
    DamagedKey,
    KeyMissing,
    KeyTypeDiffers,
    VaultUnusable,
    WrongPassphrase,
)
from zrsign_dev_keyring.vault import Vault

ECDSA, EDDSA = KeyAlgorithm.ECDSA_SECP256K1, KeyAlgorithm.EDDSA_ED25519


def open_vault(folder: Path, passphrase: bytes = b"correct horse") -> Vault:
    # A light cost: what is tested is the sealing, not the hashing.
    return Vault(folder, passphrase, scrypt_n=1024)


def edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize("algorithm", list(KeyAlgorithm))
def test_key__should_be_the_same_after_a_restart(tmp_path: Path, algorithm: KeyAlgorithm) -> None:
    made = open_vault(tmp_path).key_for(7, algorithm)
    assert open_vault(tmp_path).key_for(7, algorithm) == made
    assert open_vault(tmp_path).key(7) == made


def test_two_ids__should_have_two_keys(tmp_path: Path) -> None:
    vault = open_vault(tmp_path)
    assert vault.key_for(1, ECDSA).secret != vault.key_for(2, ECDSA).secret
    assert vault.key_ids() == [1, 2]


def test_file__should_be_private_and_hold_no_secret(tmp_path: Path) -> None:
    vault = open_vault(tmp_path / "vault")
    key = vault.key_for(7, ECDSA)
    assert stat.S_IMODE(vault.path(7).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "vault").stat().st_mode) == 0o700
    assert key.secret.hex() not in vault.path(7).read_text()
    assert key.secret.hex() not in repr(key)
    assert repr(key.secret) not in repr(key)
    assert [path.name for path in (tmp_path / "vault").iterdir()] == ["key-7.json"]


def test_wrong_passphrase__should_be_told_at_opening(tmp_path: Path) -> None:
    open_vault(tmp_path).key_for(7, ECDSA)
    before = (tmp_path / "key-7.json").read_bytes()
    with pytest.raises(WrongPassphrase, match=r"key-7\.json"):
        open_vault(tmp_path, b"battery staple")
    assert (tmp_path / "key-7.json").read_bytes() == before


def test_missing_key__should_be_its_own_error(tmp_path: Path) -> None:
    with pytest.raises(KeyMissing, match="no key 9"):
        open_vault(tmp_path).key(9)


def test_other_type_under_the_same_id__should_be_refused(tmp_path: Path) -> None:
    vault = open_vault(tmp_path)
    vault.key_for(7, ECDSA)
    with pytest.raises(KeyTypeDiffers, match="ECDSA_SECP256K1"):
        vault.key_for(7, EDDSA)


@pytest.mark.parametrize(
    "changes",
    [
        {"sealed": "00" * 48},
        {"nonce": "00" * 12},
        {"key_type": "BITCOIN_SECP256K1"},
        {"public_key": "02" + "11" * 32},
        {"key_id": 8},
        {"version": 2},
        {"sealed": "zz"},
        {"unknown": 1},
        {"scrypt": {"n": 2**30, "r": 8, "p": 1, "salt": "00" * 32}},
    ],
)
def test_altered_file__should_be_named_and_left_alone(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    vault = open_vault(tmp_path)
    vault.key_for(7, ECDSA)
    path = vault.path(7)
    edit(path, **changes)
    altered = path.read_bytes()
    with pytest.raises(DamagedKey, match=r"key-7\.json is damaged.*backup"):
        vault.key(7)
    with pytest.raises(DamagedKey):
        vault.key_for(7, ECDSA)
    assert path.read_bytes() == altered


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]"])
def test_cut_file__should_be_named_and_left_alone(tmp_path: Path, content: bytes) -> None:
    vault = open_vault(tmp_path)
    vault.key_for(7, ECDSA)
    vault.path(7).write_bytes(content)
    with pytest.raises(DamagedKey, match=r"key-7\.json"):
        vault.key_for(7, ECDSA)
    assert vault.path(7).read_bytes() == content


def test_swapped_files__should_not_open(tmp_path: Path) -> None:
    vault = open_vault(tmp_path)
    vault.key_for(1, ECDSA)
    vault.key_for(2, ECDSA)
    stolen = json.loads(vault.path(2).read_text())["sealed"]
    edit(vault.path(1), sealed=stolen)
    with pytest.raises(DamagedKey):
        vault.key(1)


def test_crash_before_the_file_is_in_place__should_leave_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = open_vault(tmp_path)

    def power_cut(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(Path, "hardlink_to", power_cut)
        with pytest.raises(KeyboardInterrupt):
            vault.key_for(7, ECDSA)
    again = open_vault(tmp_path)
    assert again.key_ids() == []
    assert list(tmp_path.iterdir()) == []
    assert again.key_for(7, ECDSA).public_key


def test_key_is_on_disk__should_hold_before_it_is_handed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    real_fsync, real_link = os.fsync, Path.hardlink_to

    def fsync(descriptor: int) -> None:
        order.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real_fsync(descriptor)

    def link(self: Path, target: Path) -> None:
        order.append("link")
        real_link(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "hardlink_to", link)
    open_vault(tmp_path).key_for(7, ECDSA)
    assert order == ["file", "link", "folder"]


def test_full_disk__should_hand_out_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = open_vault(tmp_path)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(VaultUnusable, match="No space left"):
        vault.key_for(7, ECDSA)
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_a_file__should_be_named(tmp_path: Path) -> None:
    (tmp_path / "vault").write_text("")
    with pytest.raises(VaultUnusable, match="vault"):
        open_vault(tmp_path / "vault")


def test_many_threads__should_agree_on_one_key(tmp_path: Path) -> None:
    vault = open_vault(tmp_path)
    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(lambda _: vault.key_for(7, EDDSA).public_key, range(32)))
    assert len(keys) == 1
