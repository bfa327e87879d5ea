"""Reports of source events -> agreed content."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_receiver.reports import intake
from zrsign_receiver.reports.intake import ContentHash, Counted, Reports, VoteOutcome, decide

OBSERVERS = ("ann", "ben", "cat", "dan", "eve")
TRUTH, LIE, OTHER_LIE = (ContentHash(bytes([n]) * 32) for n in range(3))

observers = st.sampled_from(OBSERVERS)
contents = st.sampled_from((TRUTH, LIE, OTHER_LIE))
reports = st.lists(st.tuples(observers, contents), max_size=20)


def run(sequence: list[tuple[str, ContentHash]], threshold: int = 3) -> list[Counted]:
    state, decisions = Reports(), []
    for observer, content in sequence:
        decision = decide(state, observer, content, observers=OBSERVERS, threshold=threshold)
        decisions.append(decision)
        state = decision.reports
    return decisions


def final(sequence: list[tuple[str, ContentHash]], threshold: int = 3) -> Reports:
    decisions = run(sequence, threshold)
    return decisions[-1].reports if decisions else Reports()


@given(reports)
def test_decide__should_give_the_same_state_for_repeated_reports_as_for_each_once(
    sequence: list[tuple[str, ContentHash]],
) -> None:
    twice = [report for report in sequence for _ in range(2)]
    assert final(twice) == final(sequence)


@given(st.permutations(OBSERVERS), st.data())
def test_decide__should_not_depend_on_the_order_of_honest_reports(
    order: list[str], data: st.DataObject
) -> None:
    liars = data.draw(st.sets(observers, max_size=2))
    sequence = [(name, LIE if name in liars else TRUTH) for name in order]
    assert final(sequence).accepted == TRUTH


@given(reports, st.sets(observers, max_size=2))
def test_decide__should_let_fewer_liars_than_the_threshold_invent_nothing(
    sequence: list[tuple[str, ContentHash]], liars: set[str]
) -> None:
    lies = [(name, content) for name, content in sequence if name in liars]
    assert final(lies).accepted is None


@given(reports)
def test_decide__should_accept_once_and_never_change_it(
    sequence: list[tuple[str, ContentHash]],
) -> None:
    decisions = run(sequence)
    accepted = {d.reports.accepted for d in decisions} - {None}
    assert len(accepted) <= 1
    assert sum(d.outcome is VoteOutcome.ACCEPTED for d in decisions) == len(accepted)


def test_decide__should_let_an_observer_correct_its_vote_while_nothing_is_accepted() -> None:
    decisions = run(
        [("ann", LIE), ("ann", TRUTH), ("ben", TRUTH), ("ann", LIE), ("cat", LIE)], threshold=2
    )
    assert [d.outcome for d in decisions] == [
        VoteOutcome.RECORDED,
        VoteOutcome.CORRECTED,
        VoteOutcome.ACCEPTED,
        VoteOutcome.CONFLICT,
        VoteOutcome.CONFLICT,
    ]
    assert [vote.observer for vote in decisions[1].reports.votes] == ["ann"]
    assert decisions[3].reports == decisions[2].reports
    assert decisions[4].reports.accepted == TRUTH


def test_corrected_vote__should_count_once() -> None:
    decisions = run([("ann", TRUTH), ("ann", LIE), ("ben", TRUTH), ("ann", TRUTH)], threshold=2)
    assert [d.reports.accepted for d in decisions] == [None, None, None, TRUTH]


def test_decide__should_say_what_late_reports_did() -> None:
    sequence = [("ann", TRUTH), ("ben", TRUTH), ("cat", LIE), ("cat", LIE)]
    outcomes = [d.outcome for d in run(sequence, threshold=1)]
    assert outcomes == [
        VoteOutcome.ACCEPTED,
        VoteOutcome.CONFIRMED,
        VoteOutcome.CONFLICT,
        VoteOutcome.REPEATED,
    ]


def test_decide__should_not_count_the_vote_of_an_observer_that_was_removed() -> None:
    first = decide(Reports(), "ann", TRUTH, observers=OBSERVERS, threshold=2).reports
    after = decide(first, "ben", TRUTH, observers=("ben", "cat"), threshold=2)
    assert after.outcome is VoteOutcome.RECORDED


class Observing(RuleBasedStateMachine):
    """Any interleaving of honest and lying reports, against a plain count of the last votes."""

    def __init__(self) -> None:
        super().__init__()
        self.state = Reports()
        self.votes: dict[str, ContentHash] = {}
        self.accepted: ContentHash | None = None

    @rule(observer=observers, content=contents)
    def report(self, observer: str, content: ContentHash) -> None:
        self.state = decide(self.state, observer, content, observers=OBSERVERS, threshold=3).reports
        if self.accepted is None:
            self.votes[observer] = content
        self.votes.setdefault(observer, content)
        if self.accepted is None and list(self.votes.values()).count(content) >= 3:
            self.accepted = content

    @invariant()
    def agrees_with_the_count(self) -> None:
        assert {vote.observer: vote.content for vote in self.state.votes} == self.votes
        assert self.state.accepted == self.accepted


TestObserving = Observing.TestCase
TestObserving.settings = settings(max_examples=50, stateful_step_count=15, deadline=None)


def event(**changes: object) -> pb.SourceEvent:
    values: dict[str, object] = {
        "id": pb.SourceId(
            chain="eip155:1", contract="0x" + "ab" * 20, tx_hash=b"\x01" * 32, log_index=3
        ),
        "block_hash": b"\x02" * 32,
        "owner": "0x" + "cd" * 20,
        "key": pb.KeyAsk(wallet_type_id=b"\x03" * 32),
    }
    return pb.SourceEvent(**{**values, **changes})  # type: ignore[arg-type]


def test_canonical__should_make_one_content_of_every_spelling() -> None:
    lower = intake.canonical(event())
    spelled = intake.canonical(event(owner=lower.owner))
    assert lower.owner != event().owner
    assert intake.content_hash(lower) == intake.content_hash(spelled)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"owner": "0x1234"}, "owner"),
        ({"owner": "zen1sd3fwcpw2mdw3pxexmlg34gsd78r0sxrk5weh3"}, "owner"),
        ({"owner": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee"}, "EIP-55"),
        ({"block_hash": b"\x02" * 31}, "block_hash"),
        ({"key": pb.KeyAsk(wallet_type_id=b"")}, "wallet_type_id"),
        (
            {"id": pb.SourceId(chain="solana:x", contract="0x" + "ab" * 20, tx_hash=b"1" * 32)},
            "EVM",
        ),
        (
            {"id": pb.SourceId(chain="eip155:01", contract="0x" + "ab" * 20, tx_hash=b"1" * 32)},
            "EVM",
        ),
        ({"id": pb.SourceId(chain="eip155:1", contract="0x" + "ab" * 20)}, "tx_hash"),
        ({"key": pb.KeyAsk(wallet_type_id=b"\x03" * 32, options=256)}, "uint8"),
        ({"key": None}, "asks for nothing"),
        ({"key": None, "sign": pb.SignAsk(trace_id=b"\x01")}, "trace_id"),
    ],
)
def test_canonical__should_refuse_what_no_log_can_say(
    changes: dict[str, object], word: str
) -> None:
    with pytest.raises(InvalidArgument, match=word):
        intake.canonical(event(**changes))


def test_canonical__should_refuse_a_payload_that_is_too_long_or_wrongly_called_so() -> None:
    ids = {"trace_id": b"\x00" * 32, "wallet_type_id": b"\x00" * 32, "dst_chain_id": b"\x00" * 32}
    long = pb.SignAsk(payload=b"\x00" * (intake.MAX_PAYLOAD_BYTES + 1), **ids)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="oversize_bytes"):
        intake.canonical(event(key=None, sign=long))
    short = pb.SignAsk(oversize_bytes=10, **ids)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="send the payload"):
        intake.canonical(event(key=None, sign=short))


def test_decide__should_say_that_a_vote_below_the_threshold_was_given_before() -> None:
    decisions = run([("ann", TRUTH), ("ben", LIE), ("ann", TRUTH)], threshold=2)
    assert [d.outcome for d in decisions][::2] == [VoteOutcome.RECORDED, VoteOutcome.REPEATED]
    # What is stored is not written anew.
    assert decisions[2].reports == decisions[1].reports


def test_canonical__should_keep_every_field_but_the_spelling_of_addresses() -> None:
    given = event()
    kept = intake.canonical(given)
    assert kept.owner != given.owner
    assert kept.owner.lower() == given.owner
    assert kept.id.contract.lower() == given.id.contract
    kept.owner, kept.id.contract = given.owner, given.id.contract
    assert kept == given


IDS = {"trace_id": b"\x00" * 32, "wallet_type_id": b"\x01" * 32, "dst_chain_id": b"\x02" * 32}
LIMIT = 64 * 1024


def sign(**changes: object) -> dict[str, object]:
    return {"key": None, "sign": pb.SignAsk(**{**IDS, **changes})}  # type: ignore[arg-type]


def link(account: str) -> dict[str, object]:
    return {"key": None, "link": pb.LinkAsk(account=account)}


def on_chain(chain: str) -> dict[str, object]:
    return {"id": pb.SourceId(chain=chain, contract="0x" + "ab" * 20, tx_hash=b"1" * 32)}


@pytest.mark.parametrize(
    "changes",
    [
        {"key": pb.KeyAsk(wallet_type_id=b"\x03" * 32, options=255)},
        sign(payload=b"\x00" * LIMIT),
        sign(oversize_bytes=LIMIT + 1),
        sign(),
        link("z"),
        link("z" * 128),
        on_chain("eip155:" + "9" * 32),
    ],
)
def test_canonical__should_take_the_longest_and_the_shortest(changes: dict[str, object]) -> None:
    assert intake.canonical(event(**changes)).id.chain.startswith("eip155:")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        (sign(payload=b"\x00" * (LIMIT + 1)), "oversize_bytes"),
        (sign(payload=b"\x00", oversize_bytes=LIMIT + 1), "payload of 1 bytes"),
        (sign(oversize_bytes=LIMIT), "send the payload"),
        (sign(oversize_bytes=1), "send the payload"),
        (link(""), "account of 0 bytes"),
        (link("z" * 129), "account of 129 bytes"),
        (link("ü" * 65), "account of 130 bytes"),
        (on_chain("eip155:" + "9" * 33), "too long"),
        (on_chain("eip155:²"), "not an EVM chain"),
        (on_chain("eip155:x"), "not an EVM chain"),
        (on_chain("eip155:٣"), "not an EVM chain"),
        (on_chain("1"), "not an EVM chain"),
    ],
)
def test_canonical__should_refuse_one_more_and_one_less(
    changes: dict[str, object], word: str
) -> None:
    with pytest.raises(InvalidArgument, match=word):
        intake.canonical(event(**changes))


def test_content_hash__should_be_of_the_whole_canonical_event() -> None:
    agreed = intake.canonical(event())
    said = hashlib.sha256(agreed.SerializeToString(deterministic=True)).digest()
    other = intake.content_hash(intake.canonical(event(block_hash=b"\x03" * 32)))
    assert intake.content_hash(agreed) == said != other


def test_report__should_hold_no_more_events_than_256() -> None:
    assert intake.MAX_EVENTS_PER_REPORT == 256
