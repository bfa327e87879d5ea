"""Transport: lost, repeated, reordered, forged, early messages; views that differ; false alarms."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zrsign_dmpc.builders import dkg, identities, run_dkg, seeded
from zrsign_dmpc.dkg import start_dkg
from zrsign_dmpc.dkg.messages import Commitment
from zrsign_dmpc.dkg.protocol import CommitRound
from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.group.curves import ED25519, SECP256K1
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.run import board
from zrsign_dmpc.run import evidence as faults
from zrsign_dmpc.run.evidence import Evidence, evidence_of
from zrsign_dmpc.run.execution import Execution, IdentityKey, Parties
from zrsign_dmpc.run.messages import EVERYBODY, Message, MessageKind, Originals
from zrsign_dmpc.run.rounds import Abort, Result
from zrsign_dmpc.run.session import Outbound, Session
from zrsign_dmpc.run.simulator import disturbed
from zrsign_dmpc.wire.encoding import encode
from zrsign_dmpc.wire.records import Record

EXECUTION = dkg(SECP256K1, 2, 3)
KEYS = identities([1, 2, 3])


def session(index: int, seed: object = 0) -> Session[KeyShare]:
    return start_dkg(EXECUTION, index, KEYS[index], seeded((seed, index)))


def started(seed: object = 0) -> tuple[dict[int, Session[KeyShare]], dict[int, bytes]]:
    """Three sessions, and each one's round 1 broadcast."""
    sessions = {i: session(i, seed) for i in KEYS}
    return sessions, {i: s.start()[0].data for i, s in sessions.items()}


def signed(
    sender: int,
    *,
    number: int = 1,
    kind: MessageKind = MessageKind.BROADCAST,
    body: bytes | None = None,
    view: bytes = bytes(32),
    recipient: int = EVERYBODY,
    execution: Execution = EXECUTION,
) -> bytes:
    return Message.sign(
        execution,
        KEYS[sender],
        sender=sender,
        round_number=number,
        kind=kind,
        body=Commitment(bytes(32)).encode() if body is None else body,
        view=view,
        recipient=recipient,
    ).encode()


def test_session_id__should_depend_on_everything_that_was_agreed() -> None:
    """A message of one execution means nothing in another (CVE-2022-47930 and what remained)."""
    protocol, keys = EXECUTION.protocol, EXECUTION.parties.keys
    (last, key), stranger = keys[-1], identities((9,))[9].public_key
    others = [
        replace(EXECUTION, execution_id=EXECUTION.execution_id + b"x"),
        replace(EXECUTION, threshold=EXECUTION.threshold + 1),
        replace(EXECUTION, group=ED25519),
        replace(EXECUTION, level="another level"),
        replace(EXECUTION, parties=Parties(keys[:-1])),
        replace(EXECUTION, parties=Parties((*keys[:-1], (last + 1, key)))),
        replace(EXECUTION, parties=Parties((*keys[:-1], (last, stranger)))),
        replace(EXECUTION, protocol=replace(protocol, name="another protocol")),
        replace(EXECUTION, protocol=replace(protocol, context=(1,))),
    ]
    assert len({each.sid for each in (EXECUTION, *others)}) == len(others) + 1
    for other in others:
        with pytest.raises(EncodingError, match="another execution"):
            Message.read(other, signed(2))


@settings(max_examples=20)
@given(
    seed=st.integers(0, 2**32),
    delay=st.floats(0, 0.9),
    duplicate=st.floats(0, 0.9),
    alter=st.floats(0, 0.9),
)
def test_session__should_end_well_on_a_network_that_loses_nothing(
    seed: int, delay: float, duplicate: float, alter: float
) -> None:
    carrier = disturbed(delay=delay, duplicate=duplicate, alter=alter)
    run = run_dkg(SECP256K1, 2, 4, seed=seed, carrier=carrier)
    assert len({run.share(i).info.key_id for i in run.outcomes}) == 1


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32), drop=st.floats(0.01, 0.5))
def test_session__should_prove_nothing_against_anybody_when_messages_are_lost(
    seed: int, drop: float
) -> None:
    run = run_dkg(SECP256K1, 2, 3, seed=seed, carrier=disturbed(drop=drop, duplicate=0.3))
    for outcome in run.outcomes.values():
        if isinstance(outcome, Abort):
            assert outcome.evidence == ()
            assert outcome.culprits


@settings(max_examples=40)
@given(data=st.binary(max_size=300))
def test_session__should_drop_junk(data: bytes) -> None:
    party = session(1)
    party.start()
    assert party.receive(data) == []
    assert party.receive(b"\x01" + data) == []
    assert party.outcome is None
    assert sum(party.dropped.values()) == 2


def test_session__should_drop_messages_of_other_executions_senders_and_recipients() -> None:
    other = dkg(SECP256K1, 2, 3, b"another execution")
    for data in (
        signed(2, execution=other),
        signed(1),
        signed(2, kind=MessageKind.DIRECT, recipient=3),
        signed(2)[:-1] + b"\0",
    ):
        party = session(1)
        party.start()
        assert party.receive(data) == []
        assert party.outcome is None
        assert sum(party.dropped.values()) == 1


def test_session__should_know_only_who_takes_part() -> None:
    outsider = IdentityKey(bytes(32))
    message = Message.sign(
        EXECUTION, outsider, sender=2, round_number=1, kind=MessageKind.BROADCAST, body=b""
    )
    for claimed in (message, replace(message, sender=9)):
        party = session(1)
        party.start()
        party.receive(claimed.encode())
        assert party.dropped["the signature is not the sender's"] == 1


def test_session__should_decode_each_body_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each point costs a check of its subgroup, which is most of what a message costs."""
    read: list[Message] = []
    decode = board.read_body

    def spy(execution: Execution, message: Message) -> Record:
        read.append(message)
        return decode(execution, message)

    monkeypatch.setattr(board, "read_body", spy)
    run = run_dkg(ED25519, 2, 3)
    assert all(isinstance(outcome, Result) for outcome in run.outcomes.values())
    times = Counter(message.digest for message in read)
    assert len(times) == 5 * 3
    assert max(times.values()) <= 3, "one of three parties read a message twice"


def test_session__should_ignore_repetitions() -> None:
    sessions, first = started()
    assert sessions[1].receive(first[2]) == []
    assert sessions[1].receive(first[2]) == []
    assert sessions[1].dropped["the message is a repetition"] == 1
    assert sessions[1].waiting_for() == (3,)


def test_session__should_keep_early_messages_until_their_round() -> None:
    sessions, first = started()
    opening = (sessions[2].receive(first[1]) + sessions[2].receive(first[3]))[0].data
    assert sessions[1].receive(opening) == []
    assert sessions[1].receive(first[2]) == []
    assert sessions[1].outcome is None
    assert len(sessions[1].receive(first[3])) == 1
    assert sessions[1].waiting_for() == (3,)


def test_session__should_prove_two_messages_in_one_slot() -> None:
    sessions, first = started()
    sessions[1].receive(first[2])
    (accusation,) = sessions[1].receive(signed(2))
    outcome = sessions[1].outcome
    assert isinstance(outcome, Abort)
    assert outcome.culprits == (2,)
    assert outcome.evidence[0].fault == faults.EQUIVOCATION
    sessions[3].receive(accusation.data)
    assert sessions[3].outcome == outcome


@pytest.mark.parametrize(
    "data",
    [
        signed(2, number=9),
        signed(2, number=0),
        signed(2, number=-1),
        signed(2, kind=MessageKind.DIRECT, recipient=1),
    ],
)
def test_session__should_name_who_sends_messages_that_the_protocol_does_not_have(
    data: bytes,
) -> None:
    sessions, _ = started()
    sessions[1].receive(data)
    outcome = sessions[1].outcome
    assert isinstance(outcome, Abort)
    assert outcome.culprits == (2,)
    assert outcome.evidence[0].fault == faults.MALFORMED
    assert outcome.evidence[0].proves_fault(EXECUTION)


@pytest.mark.parametrize(
    ("body", "view"), [(b"", bytes(32)), (encode(7), bytes(32)), (None, b"short")]
)
def test_session__should_name_who_sends_malformed_bodies(body: bytes | None, view: bytes) -> None:
    sessions, first = started()
    sessions[1].receive(first[3])
    sessions[1].receive(signed(2, body=body, view=view))
    outcome = sessions[1].outcome
    assert isinstance(outcome, Abort)
    assert (outcome.culprits, outcome.evidence[0].fault) == ((2,), faults.MALFORMED)


class ViewLiar(Session[KeyShare]):
    """Says that it saw other broadcasts than it did, from round 2 on."""

    def _send_round(self) -> list[Outbound]:
        sent = super()._send_round()
        if self._round.number != 2:
            return sent
        honest = Message.decode(sent[0].data)
        lie = Message.sign(
            self.execution,
            self._identity,
            sender=self.me,
            round_number=honest.round,
            kind=MessageKind.BROADCAST,
            body=honest.body,
            view=bytes(32),
        )
        return [Outbound(None, lie.encode())]


def lying_about_the_view(execution: Execution, identity: IdentityKey) -> Session[KeyShare]:
    return ViewLiar(execution, 2, identity, CommitRound(execution, 2, seeded("liar")))


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_session__should_name_who_lies_about_what_it_saw(seed: int) -> None:
    run = run_dkg(SECP256K1, 2, 4, seed=seed, culprit=2, maker=lying_about_the_view)
    # Depending on how far it came, its originals contradict its view, or its own message in them.
    run.assert_named(2)


def test_session__should_wait_for_the_originals_of_who_claims_another_view() -> None:
    sessions, first = started()
    for i in (2, 3):
        sessions[1].receive(first[i])
    sessions[3].receive(first[1])
    (opening,) = sessions[3].receive(first[2])
    sessions[1].receive(opening.data)
    lie = Message.sign(
        EXECUTION,
        KEYS[2],
        sender=2,
        round_number=2,
        kind=MessageKind.BROADCAST,
        body=Message.decode(opening.data).body,
        view=bytes(32),
    )
    (alarm,) = sessions[1].receive(lie.encode())
    assert Message.decode(alarm.data).kind == MessageKind.ORIGINALS
    assert sessions[1].waiting_for() == (2,)
    assert sessions[3].receive(alarm.data) == []
    assert sessions[3].waiting_for() == (2,)
    assert sessions[1].give_up() == Abort("silent parties", (2,))


def false_alarms() -> list[bytes]:
    sessions, first = started()
    originals = tuple(first.values())
    for i in (2, 3):
        sessions[1].receive(first[i])
    opening = (sessions[3].receive(first[1]) + sessions[3].receive(first[2]))[0].data
    bodies = [
        Originals(opening, originals),
        Originals(opening, originals[:2]),
        Originals(b"junk", originals),
        Originals(opening, (b"junk",)),
        Originals(signed(3, kind=MessageKind.ACCUSATION), originals),
        Originals(signed(3, number=7), originals),
    ]
    return [signed(2, kind=MessageKind.ORIGINALS, body=body.encode()) for body in bodies] + [
        signed(2, kind=MessageKind.ORIGINALS, body=b"")
    ]


@pytest.mark.parametrize("alarm", false_alarms())
def test_session__should_name_who_raises_a_false_alarm(alarm: bytes) -> None:
    party, _ = session(1), session(3)
    party.start()
    party.receive(alarm)
    assert isinstance(party.outcome, Abort)
    assert party.outcome.culprits == (2,)
    assert party.outcome.evidence[0].fault == faults.FALSE_ALARM
    assert party.outcome.evidence[0].proves_fault(EXECUTION)


def false_accusations() -> list[Evidence]:
    _, first = started()
    honest = Message.decode(first[3])
    accusation = Message.decode(signed(2, kind=MessageKind.ACCUSATION, body=b"junk"))
    return [
        evidence_of(faults.EQUIVOCATION, honest, honest),
        evidence_of(faults.MALFORMED, honest),
        evidence_of(faults.TWO_VIEWS, honest, honest),
        evidence_of(faults.FALSE_ACCUSATION, accusation),
        Evidence(3, "wrong opening", (first[3],)),
        Evidence(3, "wrong share", (first[3],), witness=encode((1, 1))),
        Evidence(3, "unheard-of", (first[3],)),
        Evidence(3, faults.EQUIVOCATION, ()),
        Evidence(9, faults.MALFORMED, (b"junk",)),
    ]


@pytest.mark.parametrize("evidence", false_accusations(), ids=lambda evidence: evidence.fault)
def test_session__should_name_the_false_accuser_and_not_the_accused(evidence: Evidence) -> None:
    accusation = signed(2, kind=MessageKind.ACCUSATION, body=evidence.encode())
    parties = {i: session(i) for i in (1, 3)}
    for party in parties.values():
        party.start()
    (passed_on,) = parties[1].receive(accusation)
    parties[3].receive(passed_on.data)
    for party in parties.values():
        assert isinstance(party.outcome, Abort)
        assert party.outcome.culprits == (2,)
        assert party.outcome.evidence[0].fault == faults.FALSE_ACCUSATION
        assert party.outcome.evidence[0].proves_fault(EXECUTION)


def test_session__should_take_no_accusation_of_a_false_accusation() -> None:
    """The false accusation itself must be passed on: wrapped, it would prove at any depth."""
    junk = signed(3, kind=MessageKind.ACCUSATION, body=b"junk")
    wrapped = evidence_of(faults.FALSE_ACCUSATION, Message.decode(junk))
    assert wrapped.proves_fault(EXECUTION)
    for data, culprit in (
        (junk, 3),
        (signed(2, kind=MessageKind.ACCUSATION, body=wrapped.encode()), 2),
    ):
        party = session(1)
        party.start()
        party.receive(data)
        assert isinstance(party.outcome, Abort)
        assert party.outcome.culprits == (culprit,)


def test_session__should_keep_its_result_whatever_comes_later() -> None:
    run = run_dkg(SECP256K1, 2, 4)
    before = run.outcomes[1]
    assert isinstance(before, Result)
    late = Message.sign(
        run.execution,
        identities([2])[2],
        sender=2,
        round_number=1,
        kind=MessageKind.BROADCAST,
        body=Commitment(bytes(32)).encode(),
    )
    (accusation,) = run.sessions[1].receive(late.encode())
    assert run.sessions[1].outcome == before
    assert Message.decode(accusation.data).kind == MessageKind.ACCUSATION
    (passed_on,) = run.sessions[3].receive(accusation.data)
    assert run.sessions[3].outcome == run.outcomes[3]
    # Parties with a result do not pass an accusation to and fro.
    (again,) = run.sessions[4].receive(passed_on.data)
    assert run.sessions[3].receive(again.data) == []
    assert run.sessions[3].dropped["the culprit is known"] == 1


def test_evidence__should_survive_the_wire() -> None:
    def alter(number: int, _: int, record: Record) -> Record:
        return Commitment(bytes(32)) if number == 1 else record

    run = run_dkg(SECP256K1, 2, 3, alter=alter)
    outcome = run.outcomes[2]
    assert isinstance(outcome, Abort)
    (evidence,) = outcome.evidence
    assert Evidence.decode(evidence.encode()) == evidence
    with pytest.raises(EncodingError):
        Evidence.decode(encode((1, 2)))


def test_evidence__should_prove_nothing_in_another_execution() -> None:
    def alter(number: int, _: int, record: Record) -> Record:
        return Commitment(bytes(32)) if number == 1 else record

    run = run_dkg(SECP256K1, 2, 3, alter=alter)
    outcome = run.outcomes[2]
    assert isinstance(outcome, Abort)
    assert outcome.evidence[0].proves_fault(run.execution)
    for other in (dkg(SECP256K1, 2, 3, b"another execution"), dkg(SECP256K1, 3, 3)):
        assert not outcome.evidence[0].proves_fault(other)
