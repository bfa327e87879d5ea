"""The keyring against a real ledger."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message

from tests.waiting import STALLED_S
from tests.zrsign_dev_keyring.ledger import Ledger, running_ledger
from zrchain_lite.client import LedgerClient, LedgerUnavailable, TxResult
from zrsign_chains.keys import verify_signature
from zrsign_chains.wallets import KeyAlgorithm
from zrsign_daemon.errors import SettingsError
from zrsign_daemon.retry import Retry
from zrsign_daemon.settings import LedgerAccess, load
from zrsign_dev_keyring.errors import ForeignVault, VaultUnusable
from zrsign_dev_keyring.keyring import LocalKeyring
from zrsign_dev_keyring.service import run
from zrsign_dev_keyring.settings import DevKeyringSettings
from zrsign_dev_keyring.vault import Vault

ALGORITHMS = {
    "ecdsa": KeyAlgorithm.ECDSA_SECP256K1,
    "ed25519": KeyAlgorithm.EDDSA_ED25519,
    "bitcoin": KeyAlgorithm.BITCOIN_SECP256K1,
    "taproot": KeyAlgorithm.TAPROOT_SECP256K1,
}
DIGEST = sha256(b"what is signed").digest()


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with running_ledger(tmp_path) as running:
        yield running


class Crashing(LedgerClient):
    """Sends, and then is not there to hear that it was taken."""

    async def broadcast(self, *msgs: Message, **_: object) -> TxResult:
        raise LedgerUnavailable("the process ended before the transaction was sent")


@asynccontextmanager
async def keyring_at(
    ledger: Ledger, folder: Path, client: type[LedgerClient] = LedgerClient, batch: int = 20
) -> AsyncIterator[LocalKeyring]:
    party = ledger.accounts.party
    connection = client(ledger.grpc, account=party)
    vault = Vault(folder / "vault", b"passphrase", scrypt_n=1024)
    retry = Retry(base_s=60)
    try:
        yield LocalKeyring(
            connection, party, vault, ledger.keyring, batch=batch, concurrency=4, retry=retry
        )
    finally:
        await connection.close()


@pytest.mark.parametrize("key_type", ALGORITHMS)
async def test_key_and_signature__should_be_taken_by_the_ledger(
    ledger: Ledger, tmp_path: Path, key_type: str
) -> None:
    key_id = await ledger.ask_key(key_type)
    async with keyring_at(ledger, tmp_path) as keyring:
        assert await keyring.turn() == 1
        asked = await ledger.key_request(key_id)
        assert asked.status == "KEY_REQUEST_STATUS_FULFILLED"
        public_key = await ledger.public_key(key_id)
        request_id = await ledger.ask_signatures([key_id], [DIGEST])
        assert await keyring.turn() == 1
        assert await keyring.turn() == 0
    answered = await ledger.sign_request(request_id)
    assert answered.status == "SIGN_REQUEST_STATUS_FULFILLED"
    (signed,) = answered.signed_data
    verify_signature(ALGORITHMS[key_type], public_key, DIGEST, signed.signed_data)


async def test_several_items__should_be_signed_through_the_children(
    ledger: Ledger, tmp_path: Path
) -> None:
    key_ids = [await ledger.ask_key("bitcoin"), await ledger.ask_key("bitcoin")]
    async with keyring_at(ledger, tmp_path) as keyring:
        assert await keyring.turn() == 2
        items = [sha256(b"one").digest(), sha256(b"two").digest()]
        parent = await ledger.ask_signatures(key_ids, items)
        assert await keyring.turn() == 2
    answered = await ledger.sign_request(parent)
    assert answered.status == "SIGN_REQUEST_STATUS_FULFILLED"
    for key_id, item, signed in zip(key_ids, items, answered.signed_data, strict=True):
        verify_signature(
            KeyAlgorithm.BITCOIN_SECP256K1,
            await ledger.public_key(key_id),
            item,
            signed.signed_data,
        )


async def test_crash_before_the_answer_left__should_answer_with_the_same_key(
    ledger: Ledger, tmp_path: Path
) -> None:
    key_id = await ledger.ask_key("ecdsa")
    async with keyring_at(ledger, tmp_path, Crashing) as keyring:
        with pytest.raises(LedgerUnavailable):
            await keyring.turn()
    made = Vault(tmp_path / "vault", b"passphrase").key(key_id).public_key
    async with keyring_at(ledger, tmp_path) as keyring:
        assert await keyring.turn() == 1
    assert await ledger.public_key(key_id) == made


async def test_vault_of_another_ledger__should_give_nobody_its_keys(
    ledger: Ledger, tmp_path: Path
) -> None:
    """A ledger that starts anew counts its keys anew; key 1 is then somebody else's."""
    key_id = await ledger.ask_key("ecdsa")
    async with keyring_at(ledger, tmp_path) as keyring:
        await keyring.turn()
    anew = tmp_path / "anew"
    anew.mkdir()
    async with running_ledger(anew) as other:
        assert await other.ask_key("ecdsa") == key_id
        async with keyring_at(other, tmp_path) as keyring:
            with pytest.raises(ForeignVault, match="folder of its own"):
                await keyring.turn()
        pending = await other.key_request(key_id)
        assert pending.status == "KEY_REQUEST_STATUS_PENDING"
    async with keyring_at(ledger, tmp_path) as keyring:
        assert await keyring.turn() == 0


async def test_many_requests__should_share_transactions(ledger: Ledger, tmp_path: Path) -> None:
    sent: list[int] = []

    class Counting(LedgerClient):
        async def broadcast(self, *msgs: Message, **_: object) -> TxResult:
            sent.append(len(msgs))
            return await super().broadcast(*msgs)

    key_ids = [await ledger.ask_key("ecdsa") for _ in range(5)]
    async with keyring_at(ledger, tmp_path, Counting, batch=3) as keyring:
        assert await keyring.turn() == 5
    assert sent == [3, 2]
    assert len({await ledger.public_key(key_id) for key_id in key_ids}) == 5


async def test_answer_that_comes_too_late__should_not_hold_up_the_others(
    ledger: Ledger, tmp_path: Path
) -> None:
    class Stale(LedgerClient):
        """Still lists as pending what was answered."""

        async def page(self, method: str, request: Any, response: Any, **_: Any) -> Any:
            request.status = 0
            async for item in super().page(method, request, response):
                yield item

    answered = await ledger.ask_key("ecdsa")
    async with keyring_at(ledger, tmp_path) as keyring:
        await keyring.turn()
    before = await ledger.public_key(answered)
    fresh = await ledger.ask_key("ecdsa")
    async with keyring_at(ledger, tmp_path, Stale) as keyring:
        # The ledger takes a late answer that agrees, and it changes nothing.
        assert await keyring.turn() == 2
        assert keyring.fault() is None
    assert (await ledger.key_request(fresh)).status == "KEY_REQUEST_STATUS_FULFILLED"
    assert await ledger.public_key(answered) == before


async def test_key_that_this_keyring_never_made__should_be_rejected_with_a_reason(
    ledger: Ledger, tmp_path: Path
) -> None:
    key_id = await ledger.ask_key("ecdsa")
    async with keyring_at(ledger, tmp_path / "first") as keyring:
        await keyring.turn()
    request_id = await ledger.ask_signatures([key_id], [DIGEST])
    async with keyring_at(ledger, tmp_path / "second") as keyring:
        assert await keyring.turn() == 1
    answered = await ledger.sign_request(request_id)
    assert answered.status == "SIGN_REQUEST_STATUS_REJECTED"
    assert answered.reject_reason.startswith(f"unknown_key: this keyring has no key {key_id}")


async def test_damaged_key__should_leave_the_request_pending_and_the_others_answered(
    ledger: Ledger, tmp_path: Path
) -> None:
    broken, sound = await ledger.ask_key("ecdsa"), await ledger.ask_key("ecdsa")
    async with keyring_at(ledger, tmp_path) as keyring:
        await keyring.turn()
        file = tmp_path / "vault" / f"key-{broken}.json"
        whole = file.read_text()
        file.write_text(whole[:50])
        refused = await ledger.ask_signatures([broken], [DIGEST])
        answered = await ledger.ask_signatures([sound], [DIGEST])
        assert await keyring.turn() == 1
        assert f"key-{broken}.json is damaged" in (keyring.fault() or "")
        assert (await ledger.sign_request(refused)).status == "SIGN_REQUEST_STATUS_PENDING"
        assert (await ledger.sign_request(answered)).status == "SIGN_REQUEST_STATUS_FULFILLED"
    file.write_text(whole)
    async with keyring_at(ledger, tmp_path) as keyring:
        assert await keyring.turn() == 1
        assert keyring.fault() is None


def settings_at(ledger: Ledger, folder: Path) -> DevKeyringSettings:
    (folder / "party").write_text(ledger.accounts.party.secret.to_hex())
    (folder / "passphrase").write_text("a passphrase\n")
    return DevKeyringSettings(
        ledger=LedgerAccess(grpc=ledger.grpc, key_file=folder / "party"),
        keyring_address=ledger.keyring,
        vault_dir=folder / "vault",
        passphrase_file=folder / "passphrase",
        poll_interval_s=60,
    )


async def test_daemon__should_be_woken_by_blocks_and_stop_when_asked(
    ledger: Ledger, tmp_path: Path
) -> None:
    stop = asyncio.Event()
    daemon = asyncio.create_task(run(settings_at(ledger, tmp_path), stop))
    async with asyncio.timeout(STALLED_S):
        for _ in range(5):
            key_id = await ledger.ask_key("ecdsa")
            while (await ledger.key_request(key_id)).status != "KEY_REQUEST_STATUS_FULFILLED":
                await ledger.client.height()
    stop.set()
    await asyncio.wait_for(daemon, STALLED_S)
    # The poll interval is a minute: only blocks can have woken it five times within two.


async def test_bad_start__should_name_the_file(ledger: Ledger, tmp_path: Path) -> None:
    settings = settings_at(ledger, tmp_path)
    settings.passphrase_file.write_text("\n")
    with pytest.raises(VaultUnusable, match=r"passphrase is empty"):
        await run(settings, asyncio.Event())
    settings.ledger.key_file.write_text("no key")
    with pytest.raises(SettingsError, match=r"party must hold 32 bytes"):
        await run(settings, asyncio.Event())
    settings.ledger.key_file.unlink()
    with pytest.raises(SettingsError, match=r"Cannot read .*party"):
        await run(settings, asyncio.Event())


def test_settings__should_refuse_an_unknown_field(tmp_path: Path) -> None:
    file = tmp_path / "keyring.json"
    file.write_text(json.dumps({"vault": "x"}))
    with pytest.raises(SettingsError, match=r"keyring\.json.*vault"):
        load(DevKeyringSettings, file)
