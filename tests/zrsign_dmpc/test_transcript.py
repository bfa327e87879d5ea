"""Transcripts: different histories, different challenges; exact ranges and counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zrsign_dmpc.strategies import values
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.wire.encoding import Value
from zrsign_dmpc.wire.transcript import Transcript

BINDING = {"execution_id": b"e" * 16, "party": 1, "level": "PAILLIER_3072"}
History = list[tuple[str, Value]]


def challenge(history: History, protocol: str = "p") -> bytes:
    transcript = Transcript(protocol)
    for label, value in history:
        transcript.absorb(label, value)
    return transcript.challenge_bytes("e", 32)


histories = st.lists(st.tuples(st.text("a$", max_size=2), values()), max_size=3)


@given(histories, histories)
def test_transcript__should_tell_histories_apart(first: History, second: History) -> None:
    same = first == second and repr(first) == repr(second)
    assert (challenge(first) == challenge(second)) == same


@given(st.lists(st.binary(max_size=3), min_size=1, max_size=4), st.data())
def test_transcript__should_notice_shuffled_and_moved_items(
    items: list[bytes], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(items))
    one = challenge([("A", tuple(items))])
    assert (one == challenge([("A", tuple(shuffled))])) == (items == shuffled)
    assert one != challenge([("A", item) for item in items])
    assert one != challenge([("A", b"".join(items))])


@pytest.mark.parametrize(
    "change", [{"execution_id": b"f" * 16}, {"party": 2}, {"level": "PAILLIER_2048"}]
)
def test_transcript__should_bind_execution_party_and_level(change: dict[str, object]) -> None:
    def first_challenge(protocol: str, binding: dict[str, object]) -> bytes:
        transcript = Transcript.bound(protocol, **binding)  # type: ignore[arg-type]
        return transcript.challenge_bytes("e", 32)

    base = first_challenge("p", BINDING)
    assert base == first_challenge("p", BINDING)
    assert base != first_challenge("p", BINDING | change)
    assert base != first_challenge("q", BINDING)


def test_transcript__should_give_another_challenge_each_time() -> None:
    transcript = Transcript("p")
    assert transcript.challenge_bytes("e", 32) != transcript.challenge_bytes("e", 32)
    twin = transcript.copy()
    assert twin.challenge_bytes("e", 32) == transcript.challenge_bytes("e", 32)
    short, long = Transcript("p"), Transcript("p")
    assert not long.challenge_bytes("e", 32).startswith(short.challenge_bytes("e", 16))


@given(st.integers(1, 2**130), st.integers(0, 1000))
def test_challenge_below__should_stay_in_its_range(bound: int, seed: int) -> None:
    transcript = Transcript("p")
    transcript.absorb("seed", seed)
    assert 0 <= transcript.challenge_below("e", bound) < bound
    assert -bound <= transcript.challenge_signed("f", bound) <= bound
    many = transcript.challenges_below("g", bound, 5)
    assert len(many) == 5
    assert all(0 <= e < bound for e in many)


def test_challenge_signed__should_reach_its_whole_range() -> None:
    seen = set()
    for seed in range(200):
        transcript = Transcript("p")
        transcript.absorb("seed", seed)
        seen.add(transcript.challenge_signed("e", 2))
    assert seen == {-2, -1, 0, 1, 2}


@given(st.integers(1, 300))
def test_challenge_bits__should_give_exactly_as_many_bits(count: int) -> None:
    bits = Transcript("p").challenge_bits("e", count)
    assert len(bits) == count
    assert set(bits) <= {0, 1}


def test_challenges__should_refuse_empty_ranges() -> None:
    transcript = Transcript("p")
    for ask in (
        lambda: transcript.challenge_bytes("e", 0),
        lambda: transcript.challenge_bits("e", 0),
        lambda: transcript.challenge_below("e", 0),
        lambda: transcript.challenges_below("e", 5, 0),
    ):
        with pytest.raises(ParameterError):
            ask()
