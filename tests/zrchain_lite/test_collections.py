"""Keys of the typed views: in order, and never longer than their prefix can say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zrchain_lite.chain import ALICE, Chain
from zrchain_lite.errors import InvalidArgument
from zrchain_lite.store.collections import MAX_PART_BYTES, encode_key
from zrchain_lite.wire.cosmos.bank.v1beta1.query_pb2 import QueryBalanceRequest

parts = st.tuples(st.binary(max_size=6), st.integers(0, 2**64 - 1))


@given(parts, parts)
def test_key__should_belong_to_one_tuple_only(
    one: tuple[bytes, int], other: tuple[bytes, int]
) -> None:
    assert (encode_key(one) == encode_key(other)) == (one == other)


def test_key__should_hold_the_longest_part_and_refuse_one_byte_more() -> None:
    assert len(encode_key((b"x" * MAX_PART_BYTES,))) == 2 + MAX_PART_BYTES
    for part in (b"x" * (MAX_PART_BYTES + 1), "x" * (MAX_PART_BYTES + 1), "ü" * 32_768):
        with pytest.raises(InvalidArgument, match="an identifier has 65535 bytes at most"):
            encode_key((part,))


def test_query__should_refuse_a_name_that_no_key_can_hold(chain: Chain) -> None:
    asked = QueryBalanceRequest(address=ALICE.address, denom="u" * 70_000)
    with pytest.raises(InvalidArgument, match="65535 bytes at most"):
        chain.app.query("/cosmos.bank.v1beta1.Query/Balance", asked.SerializeToString())
