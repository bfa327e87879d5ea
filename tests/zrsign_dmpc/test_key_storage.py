"""Stored keys come back as they were, or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zrsign_dmpc.builders import deal
from zrsign_dmpc.errors import DmpcError, EncodingError
from zrsign_dmpc.group.curves import ED25519, GROUPS, SECP256K1, Group
from zrsign_dmpc.kept.key_records import PublicShare, StoredKeyInfo, StoredKeyShare, read_key_info

(SHARE, *_) = deal(SECP256K1, 2, [1, 2, 3], "stored")


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_key__should_be_the_same_after_storage(group: Group) -> None:
    for share in deal(group, 3, [1, 2, 5, 9], "stored"):
        stored = StoredKeyShare.of(share)
        assert StoredKeyShare.decode(stored.encode()).restore() == share
        assert read_key_info(StoredKeyInfo.of(share.info).encode()) == share.info
        assert str(share.secret) not in repr(stored)


def test_key_info__should_be_one_polynomial() -> None:
    stored = StoredKeyInfo.of(SHARE.info)
    first, second, third = stored.shares
    foreign = PublicShare(3, ED25519.generator)
    for change in (
        {"threshold": 1},
        {"threshold": 4},
        {"epoch": -1},
        {"chain_code": b""},
        {"shares": (second, first, third)},
        {"shares": (first, second, foreign)},
        {"shares": ()},
        {"shares": (PublicShare(0, first.point), second, third)},
    ):
        with pytest.raises(EncodingError):
            replace(stored, **change)
    other = replace(stored, shares=(first, second, PublicShare(3, first.point)))
    with pytest.raises(EncodingError, match="do not make"):
        other.restore()
    with pytest.raises(EncodingError, match="not reduced"):
        replace(StoredKeyShare.of(SHARE), secret=SHARE.secret + SECP256K1.order).restore()
    with pytest.raises(DmpcError):
        replace(StoredKeyShare.of(SHARE), secret=SHARE.secret + 1).restore()


@settings(max_examples=100, deadline=None)
@given(at=st.integers(0, 10_000), flip=st.integers(1, 255), cut=st.booleans())
def test_altered_bytes__should_give_an_error_of_ours_or_another_key(
    at: int, flip: int, cut: bool
) -> None:
    data = bytearray(StoredKeyShare.of(SHARE).encode())
    at %= len(data)
    data[at] ^= flip
    try:
        read = StoredKeyShare.decode(bytes(data[:at] if cut else data)).restore()
    except DmpcError:
        return
    assert read != SHARE
