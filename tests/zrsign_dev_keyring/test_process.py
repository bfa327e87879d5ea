"""The daemon as a process: it says in every line what it is, and ends when asked."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from pathlib import Path

from tests.processes import running
from tests.waiting import STALLED_S
from tests.zrsign_dev_keyring.ledger import running_ledger
from zrsign_daemon.program import program


def daemon(settings: Path) -> list[str]:
    return program("zrsign_dev_keyring", "--config", settings)


async def test_every_log_line__should_say_that_it_is_for_development(tmp_path: Path) -> None:
    async with running_ledger(tmp_path) as ledger:
        (tmp_path / "party").write_text(ledger.accounts.party.secret.to_hex())
        (tmp_path / "passphrase").write_text("a passphrase")
        config = tmp_path / "keyring.json"
        config.write_text(
            json.dumps(
                {
                    "ledger": {"grpc": ledger.grpc, "key_file": str(tmp_path / "party")},
                    "keyring_address": ledger.keyring,
                    "vault_dir": str(tmp_path / "vault"),
                    "passphrase_file": str(tmp_path / "passphrase"),
                }
            )
        )
        with running(daemon(config), stderr=subprocess.PIPE, text=True) as process:
            key_id = await ledger.ask_key("ecdsa")
            assert process.stderr is not None
            log = ""
            async with asyncio.timeout(STALLED_S):
                while '"answered"' not in log:
                    log += await asyncio.to_thread(process.stderr.readline)
            process.send_signal(signal.SIGTERM)
            _, rest = await asyncio.to_thread(process.communicate, timeout=STALLED_S)
            log += rest
        status = (await ledger.key_request(key_id)).status
    assert status == "KEY_REQUEST_STATUS_FULFILLED"
    assert process.returncode == 0
    lines = [json.loads(line) for line in log.splitlines()]
    assert any(line["event"] == "answered" and line["request"] == key_id for line in lines)
    assert all(line["keyring"] == "local-development-keyring" for line in lines)
    assert all("development only" in line["notice"] for line in lines)
    secret = (tmp_path / "vault" / f"key-{key_id}.json").read_text()
    assert json.loads(secret)["sealed"] not in log
