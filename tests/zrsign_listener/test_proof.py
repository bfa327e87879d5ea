"""What headers and receipts prove of a range, without a node."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zrsign_listener import logs
from zrsign_daemon.events.decode import KEY_REQUEST, SIG_REQUEST, TOPICS
from zrsign_listener.errors import NodeError, Unproven
from zrsign_listener.nodes import common
from zrsign_listener.plan import NodeView, Scan
from zrsign_listener.proof import Header, Sieve, bits, check_linked, missed, suspects

CONTRACT = bytes.fromhex(logs.CONTRACT[2:])
SIEVE = Sieve.of(logs.CONTRACT, TOPICS)
BLOOM = bits(CONTRACT) | bits(KEY_REQUEST)


def header(number: int, bloom: int = 0) -> Header:
    return Header(logs.block(number), logs.block(number - 1).hash, bloom, ())


def test_bits__should_be_those_of_the_yellow_paper() -> None:
    """The bloom of a log of address 0x…00 alone, counted by hand: keccak256 of 20 zero bytes begins
    5380c7b7ae81, whose three 11-bit numbers are 896, 1975 and 1665."""
    assert bits(bytes(20)) == 1 << 0x0380 | 1 << 0x07B7 | 1 << 0x0681


@given(st.integers(0, 2**2048 - 1), st.sampled_from(TOPICS))
def test_bloom_with_the_log__should_be_admitted_whatever_else_it_holds(
    other: int, topic: bytes
) -> None:
    assert SIEVE.admits(other | bits(CONTRACT) | bits(topic))


@pytest.mark.parametrize("bloom", [0, bits(CONTRACT), bits(KEY_REQUEST) | bits(SIG_REQUEST)])
def test_bloom_without_contract_or_topic__should_be_a_proof(bloom: int) -> None:
    assert not SIEVE.admits(bloom)


def test_linked_headers__should_follow_what_was_read() -> None:
    headers = [header(4), header(5)]
    check_linked(headers, Scan(4, 5), logs.block(3))
    check_linked(headers, Scan(4, 5), None)
    # What was read is further on: a scan that goes back is not bound to it.
    check_linked(headers, Scan(4, 5), logs.block(9, 1))
    with pytest.raises(NodeError, match="Block 4 does not follow"):
        check_linked(headers, Scan(4, 5), logs.block(3, 1))
    with pytest.raises(NodeError, match="Block 5 does not follow"):
        check_linked([header(4), replace(header(5), parent=bytes(32))], Scan(4, 5), None)
    for wrong in ([header(4)], [header(5), header(4)], [*headers, header(6)]):
        with pytest.raises(NodeError, match="are not 4 to 5"):
            check_linked(wrong, Scan(4, 5), None)


def test_receipts__should_be_asked_for_where_the_bloom_admits() -> None:
    headers = [header(6), header(7, BLOOM), header(8, bits(CONTRACT))]
    assert suspects(headers, SIEVE, [logs.key_log(number=7)]) == (headers[1],)


def test_log_in_a_block_without_its_bloom__should_be_unproven() -> None:
    with pytest.raises(Unproven, match="block 7 leaves out a log"):
        suspects([header(7)], SIEVE, [logs.key_log(number=7)])


def test_log_of_another_fork__should_be_refused() -> None:
    stray = replace(logs.key_log(number=7), block=logs.block(7, 1))
    with pytest.raises(NodeError, match="is not block 7 of the chain"):
        suspects([header(7, BLOOM)], SIEVE, [stray])


def test_logs__should_be_those_of_the_receipts() -> None:
    first, second = logs.key_log(index=0), logs.key_log(index=1)
    assert missed([first], {first.block: [first, second]}) == (second,)
    assert missed([first, second], {first.block: [first, second]}) == ()
    for lie in (logs.key_log(index=2), replace(first, data=b"")):
        with pytest.raises(NodeError, match="not in the block's receipts"):
            missed([lie], {first.block: [first, second]})


def view(tip: int, **hashes: bytes | None) -> NodeView:
    return NodeView(tip, tip - 1, {int(name[1:]): each for name, each in hashes.items()})


def test_quorum_of_views__should_be_as_far_as_so_many_are() -> None:
    seen = common([view(9, b5=b"a"), view(7, b5=b"a"), view(3, b5=None)], 2)
    assert seen == NodeView(7, 6, {5: b"a"})
    # Two that have not the block say nothing of it.
    assert common([view(9, b5=b"a"), view(3, b5=None), view(3, b5=None)], 2).hashes == {5: None}
    with pytest.raises(NodeError, match="No 2 nodes agree on block 5"):
        common([view(9, b5=b"a"), view(9, b5=b"b")], 2)
