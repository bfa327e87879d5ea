"""What a seed and a profile say of a run of `zrsign chaos`; the faults run in tests/e2e."""

from __future__ import annotations

import random
from typing import cast

import pytest
from typer.testing import CliRunner

from scripts import fault_matrix
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as wire
from zrsign.cli import app
from zrsign.errors import UsageError
from zrsign.local.chaos.faults import FAULTS
from zrsign.local.chaos.invariants import possible
from zrsign.local.chaos.run import PROFILES, drawn
from zrsign.local.chaos.traffic import Asked
from zrsign.sdk import Handle

OPERATORS = ("operator-1", "operator-2")


def programme(profile: str, seed: int) -> list[tuple[str, str]]:
    rng = random.Random(seed)
    found = (drawn(profile, rng, OPERATORS) for _ in range(500))
    return [(fault.name, part) for fault, part in found]


@pytest.mark.parametrize("profile", PROFILES)
def test_programme__should_follow_from_its_seed(profile: str) -> None:
    assert programme(profile, 7) == programme(profile, 7) != programme(profile, 8)
    mine = {fault.name for fault in FAULTS if profile in ("all", fault.profile)}
    assert {name for name, _ in programme(profile, 7)} == mine


def test_fault_of_the_keyring__should_be_an_operators_where_there_are_any() -> None:
    parts = {part for _, part in programme("all", 7)}
    assert set(OPERATORS) < parts
    assert "keyring" not in parts


def test_signed_payment__should_never_be_allowed_to_fail() -> None:
    """Its wallet's next transaction would have to take its place for that."""
    asked = Asked(cast(Handle, None), "evm", "0xaa", 5)
    refused = wire.Request(status=wire.REQUEST_STATUS_REJECTED, reject_reason="insufficient_funds")
    assert possible(refused, asked) == (0,)
    lost = wire.Request(
        status=wire.REQUEST_STATUS_REJECTED, reject_reason="delivery_failed", signatures=[b"s"]
    )
    assert possible(lost, asked) == ()
    waits = wire.Request(status=wire.REQUEST_STATUS_DELIVERING, deliveries=[wire.Delivery()])
    assert possible(waits, asked) == ()
    waits.deliveries[0].detail = "nonce_gap"
    assert possible(waits, asked) == (0, 5)


def test_unknown_profile__should_be_named_with_those_that_there_are() -> None:
    done = CliRunner().invoke(app, ["chaos", "--profile", "weather"])
    assert isinstance(done.exception, UsageError)
    assert "crash" in done.exception.hint


def test_page__should_have_the_matrix_that_is_run() -> None:
    assert fault_matrix.PAGE.read_text() == fault_matrix.page()
    rows = sum(len(fault.parts) for fault in FAULTS)
    assert fault_matrix.matrix().count("\n") == rows + 2
