"""Which boolparser policies are accepted, and when they are satisfied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.modules.policy import boolparser
from zrchain_lite.wire.zrchain.policy.policy_pb2 import BoolparserPolicy, PolicyParticipant

A = "zen13y3tm68gmu9kntcxwvmue82p6akacnpt2v7nty"
B = "zen126hek6zagmp3jqf97x7pq7c0j9jqs0ndxeaqhq"
EVM = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


def policy(definition: str, *participants: str) -> BoolparserPolicy:
    return BoolparserPolicy(
        definition=definition, participants=[PolicyParticipant(address=p) for p in participants]
    )


def test_vectors__should_validate(vectors: Callable[[str], Any]) -> None:
    for case in vectors("zrchain.json")["policy_validate"]["cases"]:
        asked = policy(case["definition"], *case["participants"])
        if case["valid"]:
            boolparser.normalise(asked)
        else:
            with pytest.raises(InvalidArgument):
                boolparser.normalise(asked)


def test_vectors__should_verify(vectors: Callable[[str], Any]) -> None:
    for case in vectors("zrchain.json")["policy_verify"]["cases"]:
        asked = policy(case["definition"], A, B)
        assert boolparser.satisfied(asked, case["approvers"], {}) is case["ok"], case


@pytest.mark.parametrize(
    ("definition", "participants", "why"),
    [
        (f"{A} > 0", (), "1 to 100 participants"),
        (f"{A} + {B} > 1", (A, B, A), "named twice"),
        (f"{A} + {EVM} > 1", (A, EVM, EVM.lower()), "named twice"),
        (f"{A} + {B} > 1", (A,), "not a participant"),
        (f"{A} & {B}", (A, B), "end with a whole number"),
        (f"({A} + {B} > 1)", (A, B), "end with a whole number"),
        (f"{A} + {B} > 1.0", (A, B), "end with a whole number"),
        (f"{A} + {B} > 2", (A, B), "can never exceed"),
        (f"{A} + {B} | 1", (A, B), "true without any approval"),
        (f"!{A} > 0", (A,), "true without any approval"),
        (f"{A} & {B} > 1", (A, B), "false even when every"),
        ("passkey{abc} > 0", ("passkey{abc}",), "not supported yet"),
        (f"{A} + > 0", (A,), "a value is expected"),
        ("0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266 > 0", (EVM.replace("f3", "F3"),), "checksum"),
    ],
)
def test_normalise__should_refuse(definition: str, participants: tuple[str, ...], why: str) -> None:
    with pytest.raises(InvalidArgument, match=why):
        boolparser.normalise(policy(definition, *participants))


def test_normalise__should_spell_evm_participants_with_their_checksum() -> None:
    accepted = boolparser.normalise(policy(f"{EVM.lower()} > 0", EVM.lower()))
    assert boolparser.participants(accepted) == (EVM,)
    assert boolparser.satisfied(accepted, [EVM], {})


def test_satisfied__should_count_unapproved_participants_as_zero() -> None:
    both = policy(f"{A} & ({B} | {EVM}) > 0", A, B, EVM)
    assert not boolparser.satisfied(both, [A], {})
    assert not boolparser.satisfied(both, [B, EVM], {})
    assert boolparser.satisfied(both, [A, EVM], {})


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"TXVALUE": b"999"}, True),
        ({"TXVALUE": b"1000"}, False),
        ({}, False),
        ({"TXVALUE": b"<nil>"}, False),
    ],
)
def test_txvalue__should_limit_the_amount_and_refuse_an_unknown_one(
    data: Any, expected: bool
) -> None:
    limited = boolparser.normalise(policy(f"(TXVALUE < 1000) & {A} > 0", A))
    assert boolparser.satisfied(limited, [A], data) is expected
