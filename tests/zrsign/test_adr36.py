"""Signatures over text, which CosmJS made: accepted as they are, and refused for anything else."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest

from tests.processes import run
from tests.zrchain_lite.chain import ALICE, BOB
from tests.zrchain_lite.test_cosmjs import MODULES, NODE, ROOT, pytestmark  # noqa: F401
from zrsign.sdk import adr36
from zrsign_chains.errors import ChainError

TEXT = "log in to <a> & b \u00e9"


async def test_verify__should_accept_what_cosmjs_signs_and_nothing_else() -> None:
    script = ROOT / "tests" / "cosmjs" / "adr36.mjs"
    words = [NODE, script, MODULES, ALICE.secret.secret.hex(), TEXT]
    done = await asyncio.to_thread(run, words)
    assert done.returncode == 0, done.stderr
    signed = json.loads(done.stdout)
    assert [each["address"].split("1")[0] for each in signed] == ["zen", "cosmos"]
    for each in signed:
        address, key = each["address"], base64.b64decode(each["publicKey"])
        signature = base64.b64decode(each["signature"])
        adr36.verify(address, TEXT.encode(), key, signature)
        for wrong in (
            (address, TEXT.encode() + b" ", key, signature),
            (BOB.address, TEXT.encode(), key, signature),
            (address, TEXT.encode(), BOB.public_key, signature),
            (address, TEXT.encode(), key, signature[:-1] + bytes([signature[-1] ^ 1])),
            (address, TEXT.encode(), key, signature[:-1]),
            ("zen1x", TEXT.encode(), key, signature),
            (address, TEXT.encode(), key[:-1], signature),
        ):
            with pytest.raises(ChainError):
                adr36.verify(*wrong)
