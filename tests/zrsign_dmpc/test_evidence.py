"""Nobody can frame an honest party: not with its own messages, nor with whatever others sign."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zrsign_dmpc.builders import Run, identities, run_dkg
from tests.zrsign_dmpc.strategies import values
from zrsign_dmpc.dkg.messages import Commitment, Confirmation, Opening, PaddedShares, ShareProof
from zrsign_dmpc.dkg.protocol import DKG
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_dmpc.run import evidence as faults
from zrsign_dmpc.run.board import view_of
from zrsign_dmpc.run.evidence import Evidence
from zrsign_dmpc.run.messages import EVERYBODY, Message, MessageKind, Originals
from zrsign_dmpc.wire.encoding import Value, encode
from zrsign_dmpc.wire.records import Record

HONEST, OTHERS = 1, (2, 3)
GENERAL = (
    faults.EQUIVOCATION,
    faults.MALFORMED,
    faults.TWO_VIEWS,
    faults.CONTRADICTED_VIEW,
    faults.FALSE_ALARM,
    faults.FALSE_ACCUSATION,
)
KEYS = identities([1, 2, 3])


@cache
def honest_run() -> tuple[Run, dict[tuple[int, int], Message]]:
    """A run without a fault, and its broadcasts by (round, sender)."""
    run = run_dkg(SECP256K1, 2, 3, seed=11)
    messages = [Message.decode(m) for m in run.sessions[1].transcript_of_broadcasts()]
    return run, {(m.round, m.sender): m for m in messages}


def points(draw: st.DrawFn, count: int) -> tuple[object, ...]:
    return tuple(SECP256K1.base_mul(draw(st.integers(1, 50))) for _ in range(count))


@st.composite
def bodies(draw: st.DrawFn, number: int) -> bytes:
    """Any body for a round: fitting, misshapen, or not decodable."""
    _, said = honest_run()
    seeds = st.sampled_from([bytes(32), b"", b"\1" * 32])
    scalars = st.integers(-2, SECP256K1.order + 2)
    few = st.integers(0, 3)
    records: dict[int, Record] = {
        1: Commitment(draw(seeds)),
        2: Opening(
            draw(seeds),
            points(draw, draw(few)),  # type: ignore[arg-type]
            SECP256K1.generator,
            points(draw, draw(few)),  # type: ignore[arg-type]
            draw(seeds),
            draw(seeds),
        ),
        3: PaddedShares(tuple(draw(st.lists(scalars, max_size=3)))),
        4: ShareProof(draw(scalars)),
        5: Confirmation(),
    }
    copied = said[number, draw(st.sampled_from([1, 2, 3]))].body
    return draw(st.sampled_from([records[number].encode(), copied, b"junk"]))


@st.composite
def forged_messages(draw: st.DrawFn) -> Message:
    """What a dishonest party may sign: any slot, any view, any body."""
    number = draw(st.integers(1, 5))
    kind = draw(
        st.sampled_from(
            [
                MessageKind.BROADCAST,
                MessageKind.DIRECT,
                MessageKind.ORIGINALS,
                MessageKind.ACCUSATION,
            ]
        )
    )
    _, said = honest_run()
    body = draw(bodies(number))
    if kind == MessageKind.ORIGINALS:
        cause = draw(st.sampled_from([b"", said[number, HONEST].encode()]))
        body = Originals(cause, tuple(m.encode() for m in said.values())).encode()
    sender = draw(st.sampled_from(OTHERS))
    return Message.sign(
        honest_run()[0].execution,
        KEYS[sender],
        sender=sender,
        round_number=number,
        kind=kind,
        body=body,
        view=draw(st.sampled_from([said[number, HONEST].view, bytes(32)])),
        recipient=HONEST if kind == MessageKind.DIRECT else EVERYBODY,
    )


@st.composite
def framings(draw: st.DrawFn) -> Evidence:
    """Evidence against the honest party: real messages of all, and forged ones of the others."""
    _, said = honest_run()
    chosen = {slot: said[slot] for slot in draw(st.sets(st.sampled_from(sorted(said))))}
    forged = draw(st.lists(forged_messages(), max_size=4))
    if draw(st.booleans()):
        # In place of the real ones: the most plausible lie.
        for message in forged:
            chosen.pop((message.round, message.sender), None)
    latest = max((n for n, sender in chosen if sender == HONEST), default=1)
    rows = []
    for number in range(1, latest):
        replaced = {m.sender: m for m in forged if m.round == number}
        honest_rows = draw(st.booleans())
        source = {i: said[number, i] for i in (1, 2, 3)} | ({} if honest_rows else replaced)
        rows.append(tuple(source[i].digest for i in (1, 2, 3)))
    return Evidence(
        HONEST,
        draw(st.sampled_from([*GENERAL, *DKG.faults])),
        tuple(m.encode() for m in [*chosen.values(), *forged]),
        tuple(rows),
        draw(witnesses()),
    )


def witnesses() -> st.SearchStrategy[bytes]:
    complaints: st.SearchStrategy[Value] = st.tuples(st.integers(1, 3), st.integers(0, 50))
    return (complaints | values()).map(encode) | st.binary(max_size=4)


@settings(max_examples=100)
@given(framings())
def test_evidence__should_never_convict_an_honest_party(evidence: Evidence) -> None:
    run, _ = honest_run()
    assert not evidence.proves_fault(run.execution)
    assert not Evidence.decode(evidence.encode()).proves_fault(run.execution)


@settings(max_examples=100)
@given(st.binary(max_size=64), st.integers(-1, 5), st.sampled_from([*GENERAL, *DKG.faults]))
def test_evidence__should_answer_junk_with_no(data: bytes, culprit: int, fault: str) -> None:
    run, _ = honest_run()
    for evidence in (
        Evidence(culprit, fault, (data,)),
        Evidence(culprit, fault, (), ((data,),)),
        Evidence(culprit, fault, (), (), data),
    ):
        assert not evidence.proves_fault(run.execution)


@settings(max_examples=100)
@given(framings(), st.sampled_from(OTHERS))
def test_evidence__should_never_crash_on_forgeries(evidence: Evidence, culprit: int) -> None:
    run, _ = honest_run()
    named = Evidence(culprit, evidence.fault, evidence.messages, evidence.digests, evidence.witness)
    assert named.proves_fault(run.execution) in (True, False)


@pytest.mark.parametrize("pretend", ["the forgery was in the view", "the view holds the forgery"])
def test_evidence__should_need_the_view_that_the_culprit_signed(pretend: str) -> None:
    """A forged opening of another party would make an honest proof look wrong."""
    run, said = honest_run()
    forged = Message.sign(
        run.execution,
        KEYS[2],
        sender=2,
        round_number=2,
        kind=MessageKind.BROADCAST,
        body=said[2, 3].body,
        view=said[2, 2].view,
    )
    messages = [said[2, 1], forged, said[2, 3], said[4, 1]]
    rows = tuple(
        tuple(
            (forged if (n, i) == (2, 2) and "was in" in pretend else said[n, i]).digest
            for i in (1, 2, 3)
        )
        for n in (1, 2, 3)
    )
    evidence = Evidence(
        1, "wrong share proof", tuple(m.encode() for m in messages), rows, encode(())
    )
    assert (view_of(run.execution, rows) == said[4, 1].view) == ("holds" in pretend)
    assert not evidence.proves_fault(run.execution)


@pytest.mark.parametrize("secret", [0, 1, 12345])
def test_evidence__should_need_the_real_pad_key_for_a_complaint(secret: int) -> None:
    """With another key the pad comes off wrong, and every honest share looks bad."""
    run, said = honest_run()
    messages = [*(said[2, i] for i in (1, 2, 3)), said[3, 1]]
    rows = tuple(tuple(said[n, i].digest for i in (1, 2, 3)) for n in (1, 2))
    assert view_of(run.execution, rows) == said[3, 1].view
    for recipient in (1, 2, 3, 9):
        evidence = Evidence(
            1, "wrong share", tuple(m.encode() for m in messages), rows, encode((recipient, secret))
        )
        assert not evidence.proves_fault(run.execution)


def test_evidence__should_let_an_honest_party_accuse_more_than_one() -> None:
    """Two accusations in one round are not equivocation; only a round's own messages are unique."""
    run, _ = honest_run()
    for kind in (MessageKind.ACCUSATION, MessageKind.ORIGINALS):
        messages = tuple(
            Message.sign(
                run.execution,
                KEYS[HONEST],
                sender=HONEST,
                round_number=2,
                kind=kind,
                body=body,
            ).encode()
            for body in (b"one", b"two")
        )
        for fault in (faults.EQUIVOCATION, faults.TWO_VIEWS, faults.MALFORMED):
            assert not Evidence(HONEST, fault, messages).proves_fault(run.execution)
