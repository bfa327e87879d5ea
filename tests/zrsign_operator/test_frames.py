"""Frames: bounded in every field, and wide enough for the largest honest ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.zrsign_operator.linked import KEYRING, frame, members
from zrsign_dmpc.ecdsa import PAILLIER_2048
from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.frost import NonceCommitment
from zrsign_dmpc.group.curves import ED25519
from zrsign_dmpc.kept.epochs import Certificate, EpochStatement
from zrsign_dmpc.kept.key_records import PublicShare, StoredKeyInfo
from zrsign_dmpc.run.execution import IdentityKey
from zrsign_operator.ledger.orders import ReshareDetails, Target
from zrsign_operator.peers.frames import (
    MAX_AUX,
    MAX_COMMITMENTS,
    MAX_INDEX,
    MAX_PAGE,
    MAX_REASON,
    MAX_STATEMENTS,
    MAX_SUBJECTS,
    EpochNews,
    Frame,
    Heads,
    Holding,
    Inventory,
    Proposal,
    Refusal,
    Said,
    Stock,
    WorkKind,
    read_frame,
)
from zrsign_operator.peers.members import KeyringSettings, OperatorGroup
from zrsign_operator.work.details import FrostDetails


def test_proposal__should_be_signed_and_name_one_execution() -> None:
    group = members()
    key = IdentityKey(b"\1" * 32)
    draft = Proposal(
        KEYRING, WorkKind.ECDSA, (5,), 1, (1, 2), (b"a" * 16, b"b" * 16), b"n" * 32, b""
    )
    settings = KeyringSettings(
        KEYRING, (OperatorGroup(1, 2, PAILLIER_2048, tuple(group.values())),)
    )
    signed = draft.signed(key)
    assert signed.is_signed(settings.parties((1, 2, 3)))
    assert not draft.is_signed(settings.parties((1, 2, 3)))
    assert not replace(signed, subjects=(6,)).is_signed(settings.parties((1, 2, 3)))
    assert replace(draft, nonce=b"o" * 32).execution_id != draft.execution_id
    assert replace(draft, incarnations=(b"a" * 16, b"c" * 16)).execution_id != draft.execution_id
    assert read_frame(signed.encode()) == signed
    for wrong in (
        {"kind": "steal"},
        {"subjects": (5, 5)},
        {"subjects": tuple(range(17))},
        {"members": (2, 1)},
        {"members": (1,)},
        {"incarnations": (b"a" * 16,)},
        {"nonce": b""},
    ):
        with pytest.raises(EncodingError):
            replace(draft, **wrong)
    with pytest.raises(EncodingError):
        read_frame(b"junk")
    assert read_frame(frame("why").encode()) == frame("why")


def test_frames__should_be_bounded_in_every_field() -> None:
    draft = Proposal(
        KEYRING, WorkKind.ECDSA, (5,), 1, (1, 2), (b"a" * 16, b"b" * 16), b"n" * 32, b""
    )
    for wrong in (
        {"subjects": (-1,)},
        {"subjects": (1 << 64,)},
        {"proposer": 0},
        {"members": (1, 1 << 16)},
        {"members": (-1, 1)},
        {"incarnations": (b"a" * 16, b"b" * 1000)},
    ):
        with pytest.raises(EncodingError):
            replace(draft, **wrong)
    holding, commitment = Holding(1, b"k" * 32, 0), NonceCommitment(1, *[ED25519.generator] * 2)
    for make in (
        lambda: Holding(-1, b"", 0),
        lambda: Holding(1 << 64, b"", 0),
        lambda: Holding(1, b"", -1),
        lambda: Inventory((holding,) * (MAX_PAGE + 1), ()),
        lambda: Inventory((), (b"d" * 32,) * (MAX_AUX + 1)),
        lambda: Inventory((), (), 3),
        lambda: Stock(b"", (commitment,) * (MAX_COMMITMENTS + 1)),
        lambda: EpochNews(b"", (b"",) * (MAX_STATEMENTS + 1), 0),
        lambda: Refusal(b"e", "why"),
        lambda: Refusal(bytes(32), "x" * (MAX_REASON + 1)),
        lambda: Said(b"e", b""),
    ):
        with pytest.raises(EncodingError):
            make()


def test_frame__should_be_refused_above_the_bytes_of_its_kind() -> None:
    draft = Proposal("", WorkKind.ECDSA, (5,), 1, (1, 2), (b"a" * 16, b"b" * 16), b"n" * 32, b"")
    makes: dict[int, Callable[[int], Frame]] = {
        1 << 17: lambda size: replace(draft, keyring="k" * size),
        1 << 13: lambda size: Stock(b"k" * size, ()),
        1 << 15: lambda size: Inventory((), (b"d" * size,)),
        1 << 18: lambda size: EpochNews(b"p" * size, (), 0),
        1 << 12: lambda size: Heads(b"m" * size, ()),
    }
    for size, make in makes.items():
        fitting = make(size - 512)
        assert read_frame(fitting.encode()) == fitting
        with pytest.raises(EncodingError, match=f"at most {size} bytes"):
            read_frame(make(size).encode())


def test_largest_honest_frames__should_fit() -> None:
    """With 32 operators, at the widest fields that each kind may have."""
    everybody = tuple(range(MAX_INDEX - 31, MAX_INDEX + 1))
    point = ED25519.generator
    commitments = (NonceCommitment(MAX_INDEX, point, point),) * 32 * MAX_SUBJECTS
    info = StoredKeyInfo(
        16, point, tuple(PublicShare(i, point) for i in everybody), bytes(32), 1, bytes(32)
    )
    dealt = ReshareDetails(Target(1, 1), info, everybody[:16]).encode()
    both = tuple(range(MAX_INDEX - 63, MAX_INDEX + 1))
    subjects = tuple(range((1 << 64) - MAX_SUBJECTS, 1 << 64))
    statement = EpochStatement(bytes(32), MAX_INDEX, 3, bytes(32), bytes(64)).encode()
    for each in (
        asked(WorkKind.FROST, subjects, everybody, FrostDetails(commitments).encode()),
        reshare := asked(WorkKind.RESHARE, subjects[:1], both, dealt),
        Inventory((Holding((1 << 64) - 1, bytes(32), 1 << 32),) * MAX_PAGE, (bytes(32),) * MAX_AUX),
        Stock(bytes(32), commitments[:MAX_COMMITMENTS]),
        EpochNews(reshare.encode(), (statement,) * 64, 1),
        EpochNews(reshare.encode(), (Certificate(bytes(32), ()).encode() + statement * 32,), 0),
        Refusal(bytes(32), "\N{GRINNING FACE}" * MAX_REASON),
    ):
        assert read_frame(each.encode()) == each


def asked(
    kind: WorkKind, subjects: tuple[int, ...], members: tuple[int, ...], details: bytes
) -> Proposal:
    incarnations = (bytes(16),) * len(members)
    return Proposal(
        KEYRING, kind, subjects, members[0], members, incarnations, bytes(32), details, bytes(64)
    )
