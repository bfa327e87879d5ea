"""Screens of every width: no identifier is folded, and nothing that is shown moves the cursor."""

from __future__ import annotations

import json
import os
import pty
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes import running
from zrsign.cli import render

ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
HASH = "0x" + "5ea81096" * 8
PROSE = "a reason of many words " * 8
ROWS = [
    {"owner": ADDRESS, "coin_type": 60, "tx_hash": HASH, "many": [ADDRESS, HASH], "why": PROSE},
    {"owner": ADDRESS, "coin_type": 501, "tx_hash": HASH, "many": [], "why": ""},
]
Shown = Callable[..., list[str]]


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shown:
    """The lines that are shown on a screen of some columns; None is a pipe."""

    def call(width: int | None, rows: list[dict[str, object]], blocks: bool = True) -> list[str]:
        if width is None:
            monkeypatch.delenv("COLUMNS", raising=False)
        else:
            monkeypatch.setenv("COLUMNS", str(width))
        render.show(rows, False, blocks=blocks)
        return capsys.readouterr().out.splitlines()

    return call


@pytest.mark.parametrize("width", [20, 40, 79, 80, 100, 130, 200, 300, None])
def test_identifier__should_be_whole_on_every_screen(shown: Shown, width: int | None) -> None:
    for blocks in (True, False):
        lines = shown(width, ROWS, blocks=blocks)
        text = "\n".join(lines)
        assert text.count(ADDRESS) == 3
        assert text.count(HASH) == 3
        assert lines == [line.rstrip() for line in lines]


@pytest.mark.parametrize("width", [80, 100])
def test_row_that_does_not_fit__should_be_a_block(shown: Shown, width: int) -> None:
    lines = shown(width, ROWS)
    assert lines[0] == f"owner      {ADDRESS}"
    assert lines[1] == "coin type  60"
    assert lines.count("") == 1
    assert not [line for line in lines if len(line) > width]


def test_row_that_fits__should_be_a_line(shown: Shown) -> None:
    rows: list[dict[str, object]] = [
        {"name": "relayer", "height": 7, "said": ""},
        {"name": "bitcoin", "height": 104, "said": "is slow"},
    ]
    assert shown(40, rows) == [
        "name     height  said",
        "relayer       7",
        "bitcoin     104  is slow",
    ]


def test_last_column__should_wrap_between_words(shown: Shown) -> None:
    lines = shown(60, [{"name": "relayer", "fault": PROSE}])
    assert len(lines) > 3
    assert not [line for line in lines if len(line) > 60]
    assert " ".join(" ".join(lines[1:]).split()) == f"relayer {PROSE.strip()}"


def test_row_in_a_pipe__should_be_one_line(shown: Shown) -> None:
    rows: list[dict[str, object]] = [{"owner": ADDRESS, "tx": HASH * 9, "why": PROSE.strip()}] * 2
    lines = shown(None, rows)
    assert len(lines) == 3
    assert lines[1].split()[:2] == [ADDRESS, HASH * 9]


def test_what_the_ledger_says__should_move_no_cursor(shown: Shown) -> None:
    """A policy's name is anybody's text: it must not hide what an approver is shown."""
    evil = "2 of 3\x1b[2K\x1b[1Aharmless\r\u202e\x07"
    for width in (20, 80, None):
        text = "\n".join(shown(width, [{"name": evil, "to": ADDRESS}]))
        assert "\\x1b[2K\\x1b[1Aharmless\\r\\u202e\\x07" in text
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", text)


def test_error__should_keep_identifiers_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render.err, "_width", 40)
    monkeypatch.setattr(render.err, "_force_terminal", True)
    render.fail(f"no owner {ADDRESS} is\x1b[2K there", f"See it: zrsign keys {ADDRESS}", 1)
    said = re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().err)
    assert said.count(ADDRESS) == 2
    assert "\x1b" not in said
    assert all(len(line) <= 50 for line in said.splitlines())


def on_a_screen(folder: Path, **env: str) -> bytes:
    """What `zrsign ids --bad` and its help write to a terminal."""
    master, slave = pty.openpty()
    written = b""
    for arguments in (["ids", "--bad"], ["ids", "--help"], ["doctor", "--json"], ["ids"]):
        command = [sys.executable, "-m", "zrsign", *arguments]
        plain = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "HOME": str(folder)}
        with running(command, stdin=slave, stdout=slave, stderr=slave, env=plain | env) as child:
            while child.poll() is None:
                written += _available(master)
        written += _available(master)
    os.close(slave)
    os.close(master)
    return written


def _available(descriptor: int) -> bytes:
    from select import select

    ready, _, _ = select([descriptor], [], [], 0.1)
    return os.read(descriptor, 65_536) if ready else b""


def test_no_color__should_mean_none(tmp_path: Path) -> None:
    colour = re.compile(rb"\x1b\[(?:[\d;]*;)?(?:3[0-8]|4[0-8]|9[0-7])[\d;]*m")
    assert colour.search(on_a_screen(tmp_path))
    assert not colour.search(on_a_screen(tmp_path, NO_COLOR="1"))


def test_json__should_be_the_values_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    render.show([{"name": "a\x1b[2K", "n": [1, None]}], True)
    assert json.loads(capsys.readouterr().out) == [{"name": "a\x1b[2K", "n": [1, None]}]
