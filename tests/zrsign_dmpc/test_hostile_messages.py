"""Parties that sign whatever they like: values of any size, in any field.

Time is the processor's, so a busy machine changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cost import processor_seconds
from tests.zrsign_dmpc.builders import dkg, identities, run_dkg, seeded
from tests.zrsign_dmpc.ecdsa.builders import TINY
from tests.zrsign_dmpc.ecdsa.parties import aux_infos, aux_secrets, identity, key_shares, parties
from zrsign_dmpc.dkg import start_dkg
from zrsign_dmpc.dkg.messages import Commitment
from zrsign_dmpc.ecdsa import aux_info
from zrsign_dmpc.ecdsa.presign import PresignSetup, presign_execution, start_presign
from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.group.curves import ED25519, SECP256K1
from zrsign_dmpc.run import evidence as faults
from zrsign_dmpc.run.evidence import Evidence
from zrsign_dmpc.run.execution import ROUND_MESSAGE_BYTES, Execution
from zrsign_dmpc.run.messages import (
    MAX_EVIDENT_BYTES,
    MAX_MESSAGE_BYTES,
    Message,
    MessageKind,
    Originals,
)
from zrsign_dmpc.run.rounds import Abort
from zrsign_dmpc.run.session import Session
from zrsign_dmpc.run.simulator import Alteration, Deviation, Simulation
from zrsign_dmpc.wire import encoding
from zrsign_dmpc.wire.encoding import (
    MAX_INTEGER_BYTES,
    MAX_ITEMS,
    VERSION,
    Tagged,
    Value,
    decode,
    encode,
)
from zrsign_dmpc.wire.records import Record

EXECUTION = dkg(SECP256K1, 2, 3)
KEYS = identities([1, 2, 3])
DIGITS_THAT_PYTHON_REFUSES = 10**4300


def huge(value: Value, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """What an operator would send that keeps to no limit."""
    with monkeypatch.context() as patch:
        patch.setattr(encoding, "MAX_INTEGER_BYTES", 1 << 30)
        return encode(value)


def header(kind: int, length: int) -> bytes:
    return bytes([kind]) + length.to_bytes(4, "big")


def session() -> Session[Any]:
    made: Session[Any] = start_dkg(EXECUTION, 1, KEYS[1], seeded(1))
    made.start()
    return made


# The door of bytes


def test_integer__should_be_refused_before_anything_is_computed_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for value in (DIGITS_THAT_PYTHON_REFUSES, -DIGITS_THAT_PYTHON_REFUSES, 1 << 8 * (1 << 20)):
        with pytest.raises(EncodingError, match="an integer of"):
            encode((value,))
        with processor_seconds(0.2), pytest.raises(EncodingError, match="an integer of"):
            decode(huge((value,), monkeypatch))


def test_integer__should_be_printable_whenever_it_was_read() -> None:
    most = (1 << 8 * MAX_INTEGER_BYTES) - 1
    assert decode(encode((most, -most))) == (most, -most)
    assert len(str(most)) < 4300
    with pytest.raises(EncodingError):
        encode(most + 1)


def test_document__should_cost_no_more_than_its_limit_of_items() -> None:
    small = header(3, 0)
    wide = bytes([VERSION]) + header(6, 400_000) + small * 400_000
    deep = bytes([VERSION]) + header(6, 40_000) + (header(6, 10) + small * 10) * 40_000
    for document in (wide, deep):
        with processor_seconds(1.0), pytest.raises(EncodingError, match="too many items"):
            decode(document)
    most = bytes([VERSION]) + header(6, MAX_ITEMS) + small * MAX_ITEMS
    assert len(decode(most)) == MAX_ITEMS  # type: ignore[arg-type]


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 2, 3, 4, 5, 6, 7, 8]),
    st.integers(1, 1 << 17),
)
def test_decode__should_bound_its_cost_whatever_it_is_given(
    seed: int, kind: int, size: int
) -> None:
    random = Random(seed)
    pieces = [header(kind, random.randrange(64)) + random.randbytes(8) for _ in range(size // 13)]
    document = bytes([VERSION]) + header(6, len(pieces)) + b"".join(pieces)
    with processor_seconds(1.0):
        try:
            value = decode(document)
        except EncodingError:
            return
        assert encode(value) == document


# The door of a session


@pytest.mark.parametrize("field", ["round", "kind", "sender", "recipient"])
def test_session__should_drop_messages_with_endless_integers(
    field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = Message.sign(
        EXECUTION,
        KEYS[2],
        sender=2,
        round_number=1,
        kind=MessageKind.BROADCAST,
        body=Commitment(bytes(32)).encode(),
        view=bytes(32),
    )
    fields = list(message.to_value().fields)
    fields[["sid", "round", "kind", "sender", "recipient"].index(field)] = (
        DIGITS_THAT_PYTHON_REFUSES
    )
    with monkeypatch.context() as patch:
        patch.setattr(encoding, "MAX_INTEGER_BYTES", 1 << 30)
        signed = encode(Tagged("zrsign-dmpc-message-v1", tuple(fields[:-1])))
        fields[-1] = KEYS[2].sign(signed)
        data = encode(Tagged("Message", tuple(fields)))
    one = session()
    assert one.receive(data) == []
    assert one.dropped.total() == 1


def announce(body: bytes, kind: MessageKind = MessageKind.BROADCAST) -> bytes:
    return Message.sign(
        EXECUTION,
        KEYS[2],
        sender=2,
        round_number=1,
        kind=kind,
        body=body,
        view=bytes(32),
    ).encode()


def test_session__should_convict_who_signs_a_body_that_is_too_long_at_once() -> None:
    one = session()
    (accusation,) = one.receive(announce(bytes(ROUND_MESSAGE_BYTES + 1)))
    assert isinstance(one.outcome, Abort)
    assert one.outcome.culprits == (2,)
    (evidence,) = one.outcome.evidence
    assert Evidence.decode(evidence.encode()).proves_fault(EXECUTION)
    assert len(accusation.data) < MAX_MESSAGE_BYTES


def test_session__should_drop_what_is_too_big_to_be_evidence() -> None:
    one = session()
    with processor_seconds(2.0):
        assert one.receive(announce(bytes(MAX_EVIDENT_BYTES))) == []
    assert one.outcome is None
    assert one.dropped == {"a message that is too big to be evidence is none": 1}


def test_accusation__should_fit_into_a_message_with_the_two_largest_that_it_may_hold() -> None:
    room = MAX_EVIDENT_BYTES - len(announce(b"")) - 1
    pair = [Message.read(EXECUTION, announce(bytes([i]) * room)) for i in (1, 2)]
    evidence = faults.evidence_of(faults.EQUIVOCATION, *pair)
    accusation = announce(evidence.encode(), MessageKind.ACCUSATION)
    assert Message.read(EXECUTION, accusation).body == evidence.encode()


@pytest.mark.parametrize("culprit", [2, 3])
def test_evidence__should_prove_nothing_with_endless_integers(
    culprit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = announce(Commitment(bytes(32)).encode())
    endless = huge(DIGITS_THAT_PYTHON_REFUSES, monkeypatch)
    for fault in EXECUTION.protocol.faults:
        assert not Evidence(culprit, fault, (said,), (), endless).proves_fault(EXECUTION)
    with pytest.raises(EncodingError):
        Evidence.decode(huge((DIGITS_THAT_PYTHON_REFUSES, "", (), (), b""), monkeypatch))


def test_session__should_judge_a_flood_of_originals_in_little_time() -> None:
    said = announce(Commitment(bytes(32)).encode())
    flood = Originals(b"", (said,) * 40_000).encode()
    one = session()
    # To decode the flood costs 0.3 to 0.6 s, to check the signatures of all of it 10.
    with processor_seconds(3.0):
        one.receive(announce(flood, MessageKind.ORIGINALS))
    assert isinstance(one.outcome, Abort)
    assert one.outcome.culprits == (2,)


# Every field of every message of every protocol

EXTREMES = (
    0,
    1,
    -1,
    SECP256K1.order,
    -SECP256K1.order,
    (1 << 256) - 1,
    1 << 2048,
    -(1 << 4096),
    (1 << 8 * MAX_INTEGER_BYTES) - 1,
)


def spoil(random: Random, value: Value) -> Value:
    """One leaf, or one list, is something else."""
    if isinstance(value, Tagged):
        return replace(value, fields=_one_of(random, value.fields))
    if isinstance(value, tuple):
        what = random.randrange(6)
        if what == 0 or not value:
            return ()
        if what == 1:
            return (*value, value[-1])
        if what == 2:
            return value * 3
        return _one_of(random, value)
    if isinstance(value, bytes):
        return random.choice([b"", value[:-1], value + b"\0", random.randbytes(len(value))])
    if isinstance(value, int):
        return random.choice([*EXTREMES, value + 1, -value])
    group = random.choice([SECP256K1, SECP256K1, ED25519])
    return group.base_mul(random.randrange(1, 1 << 64))


def _one_of(random: Random, fields: tuple[Value, ...]) -> tuple[Value, ...]:
    if not fields:
        return fields
    place = random.randrange(len(fields))
    return (*fields[:place], spoil(random, fields[place]), *fields[place + 1 :])


def spoiling(random: Random, at: int) -> Alteration:
    """Spoils what is said in one round: a broadcast alike for all."""
    told: dict[type[Record], Record] = {}

    def alter(number: int, _: int, record: Record) -> Record:
        if number != at:
            return record
        if type(record) not in told:
            told[type(record)] = _spoilt(random, record)
        return told[type(record)]

    return alter


def _spoilt(random: Random, record: Record) -> Record:
    for _ in range(100):
        try:
            return type(record).from_value(spoil(random, decode(record.encode())))
        except EncodingError:
            continue
    return record


def key_generation(alter: Alteration) -> dict[int, object]:
    return dict(run_dkg(SECP256K1, 2, 3, alter=alter, culprit=2).outcomes)


def edwards_key_generation(alter: Alteration) -> dict[int, object]:
    return dict(run_dkg(ED25519, 2, 3, alter=alter, culprit=2).outcomes)


def auxiliary(alter: Alteration) -> dict[int, object]:
    execution = aux_info.aux_info_execution(TINY, parties(1, 2), b"every field is hostile")
    return _outcomes(
        execution,
        alter,
        {
            i: aux_info.start_aux_info(execution, TINY, i, identity(i), aux_secrets(i), seeded(i))
            for i in (1, 2)
        },
    )


def presigning(alter: Alteration) -> dict[int, object]:
    aux, shares = aux_infos(1, 2), key_shares(2, 1, 2)
    setup = PresignSetup(shares[1].info, aux[1].public, (1, 2))
    execution = presign_execution(setup, parties(1, 2), b"every field is hostile")
    return _outcomes(
        execution,
        alter,
        {
            i: start_presign(execution, setup, shares[i], aux[i], identity(i), seeded(i))
            for i in (1, 2)
        },
    )


def _outcomes(
    execution: Execution, alter: Alteration, sessions: dict[int, Session[Any]]
) -> dict[int, object]:
    first = sessions[2]._round
    sessions[2] = Deviation(execution, 2, identity(2), first, alter)
    return dict(Simulation(sessions, 0).run())


@pytest.mark.parametrize(
    ("protocol", "rounds", "times"),
    [
        (key_generation, 5, 12),
        (edwards_key_generation, 5, 6),
        (auxiliary, 4, 6),
        (presigning, 4, 8),
    ],
    ids=lambda each: getattr(each, "__name__", str(each)),
)
def test_party__should_name_nobody_but_who_spoils_a_message_and_never_break(
    protocol: Callable[[Alteration], dict[int, object]], rounds: int, times: int
) -> None:
    for number in range(1, rounds + 1):
        for seed in range(times):
            outcomes = protocol(spoiling(Random(f"{number} {seed}"), number))
            for index, outcome in outcomes.items():
                if index != 2 and isinstance(outcome, Abort):
                    assert outcome.culprits in ((), (2,)), (number, seed, outcome.reason)
