"""What a log says of a value follows from its type, whatever its field is called."""

from __future__ import annotations

import errno
import io
import json
import os
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from tests.zrsign_dmpc.builders import run_dkg
from zrchain_lite.client import Account
from zrsign_daemon import log
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_operator.enclave.simulated import SimulatedEnclave

HIDDEN = 0xC0FFEE << 200
SHARE = run_dkg(SECP256K1, 2, 2).share(1)


class Kind(StrEnum):
    ONE = "one"


class Level(IntEnum):
    TWO = 2


class Pair(NamedTuple):
    name: str
    secret: bytes


@dataclass
class Holder:
    """Says all in its `repr`, as a dataclass does."""

    secret: str


def written(value: object, capsys: pytest.CaptureFixture[str]) -> str:
    log.configure("probe")
    log.get_logger().info("an event", anything=value)
    line: str = capsys.readouterr().err
    json.loads(line)
    return line


@pytest.mark.parametrize(
    "value",
    [
        b"open sesame",
        bytearray(b"open sesame"),
        memoryview(b"open sesame"),
        [b"open sesame"],
        {"a": {"b": (b"open sesame",)}},
        {b"open sesame": 1},
        {b"open sesame"},
        Pair("name", b"open sesame"),
        Holder("open sesame"),
        [Holder("open sesame")],
        SecretStr("open sesame"),
        [[[[[["open sesame"]]]]]],
    ],
    ids=lambda value: type(value).__name__,
)
def test_log__should_not_show_what_may_be_a_secret(
    value: object, capsys: pytest.CaptureFixture[str]
) -> None:
    line = written(value, capsys)
    assert "sesame" not in line
    assert b"open sesame".hex() not in line


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        (HIDDEN, HIDDEN),
        ([HIDDEN], HIDDEN),
        (-HIDDEN, HIDDEN),
        (SHARE, SHARE.secret),
        ({"share": SHARE}, SHARE.secret),
        (SimulatedEnclave(b"r" * 32, b"s" * 32), int.from_bytes(b"s" * 32, "big")),
        (Account.from_secret(b"\1" * 32), int.from_bytes(b"\1" * 32, "big")),
    ],
    ids=lambda each: type(each).__name__,
)
def test_log__should_not_show_secret_numbers_and_who_holds_them(
    value: object, secret: int, capsys: pytest.CaptureFixture[str]
) -> None:
    line = written(value, capsys)
    for form in (str(secret), f"{secret:x}"):
        assert form not in line


@given(st.integers())
def test_log__should_show_numbers_up_to_64_bits_alone(number: int) -> None:
    shown = log._redact(None, "info", {"number": number})["number"]
    assert (shown == number) == (abs(number) <= 1 << 64)


def test_log__should_show_what_is_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    shown = {
        "text": "0x12",
        "number": 12,
        "part": 0.5,
        "flag": True,
        "none": None,
        "kind": Kind.ONE,
        "level": Level.TWO,
        "path": Path("/var/lib"),
        "error": ValueError("too long"),
        "list": [1, "two", (3,)],
        "map": {1: {"a": 2}},
    }
    said = json.loads(written(shown, capsys))["anything"]
    assert said == {
        "text": "0x12",
        "number": 12,
        "part": 0.5,
        "flag": True,
        "none": None,
        "kind": "one",
        "level": 2,
        "path": "/var/lib",
        "error": "too long",
        "list": [1, "two", [3]],
        "map": {"1": {"a": 2}},
    }


def test_log__should_show_errors_without_the_values_of_their_frames(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.configure("probe")

    def breaks(secret: str) -> None:
        raise ValueError(f"{len(secret)} letters")

    try:
        breaks("open" + " " + "sesame")
    except ValueError:
        log.get_logger().exception("it broke")
    line = capsys.readouterr().err
    assert "11 letters" in line
    assert "open sesame" not in line


class FullDisk(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_full_disk__should_not_end_what_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that logs its failure outlives it, wherever the log lies."""
    log.configure("test")
    monkeypatch.setattr("sys.stderr", FullDisk())
    log.get_logger().error("pass_failed")
