"""The tree over the state: the root by definition, whatever the order and the pages; ICS-23."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.store import proofs
from zrchain_lite.store.kv import Change, KVStore, MemoryStore
from zrchain_lite.store.proofs import InvalidProof
from zrchain_lite.store.tree import BUCKET, EMPTY, Tree, TreeDamaged
from zrchain_lite.wire.cosmos.ics23.v1.proofs_pb2 import SHA256, CommitmentProof, InnerOp


def by_definition(pairs: dict[bytes, bytes]) -> bytes:
    """The root of a sparse Merkle tree whose lonely leaves stand as high as they can."""

    def node(leaves: list[tuple[str, bytes]], level: int) -> bytes:
        if not leaves:
            return bytes(32)
        if len(leaves) == 1:
            return leaves[0][1]
        left = node([leaf for leaf in leaves if leaf[0][level] == "0"], level + 1)
        right = node([leaf for leaf in leaves if leaf[0][level] == "1"], level + 1)
        return sha256(b"\x01" + left + right).digest()

    leaves = []
    for key, value in pairs.items():
        path = sha256(key).digest()
        leaf = sha256(b"\x00" + path + sha256(value).digest()).digest()
        leaves.append((f"{int.from_bytes(path, 'big'):0256b}", leaf))
    return node(leaves, 0)


def write(store: KVStore, changes: list[Change]) -> None:
    for key, value in changes:
        if value is None:
            store.delete(key)
        else:
            store.set(key, value)


class State:
    """A state with its tree."""

    def __init__(self, pairs: dict[bytes, bytes] | None = None) -> None:
        self.pairs, self.rows = MemoryStore(), MemoryStore()
        self.root = EMPTY
        self.change(dict(pairs or {}))

    def change(self, changes: dict[bytes, bytes | None]) -> None:
        self.root, rows = Tree(self.rows).after(changes.items())
        write(self.rows, rows)
        write(self.pairs, list(changes.items()))

    def proof(self, key: bytes) -> CommitmentProof:
        return proofs.prove(self.pairs, self.rows, key)


def many(count: int) -> dict[bytes, bytes]:
    return {b"key/%d" % n: b"value %d" % n for n in range(count)}


KEYS = st.sampled_from([b"%d" % n for n in range(120)])
BLOCKS = st.lists(st.dictionaries(KEYS, st.none() | st.binary(max_size=3), max_size=80), max_size=6)


@settings(max_examples=60, deadline=None)
@given(blocks=BLOCKS)
def test_root__should_be_that_of_the_pairs_however_they_came(
    blocks: list[dict[bytes, bytes | None]],
) -> None:
    state, pairs = State(), dict[bytes, bytes]()
    for block in blocks:
        state.change(block)
        merged = {**pairs, **block}
        pairs = {key: value for key, value in merged.items() if value is not None}
        assert state.root == by_definition(pairs)
        assert Tree(state.rows).root() == state.root
    fresh = State(pairs)
    assert fresh.root == state.root
    leaves = list(state.rows.iterate(b"l"))
    assert leaves == list(fresh.rows.iterate(b"l"))


@pytest.mark.parametrize("count", [1, 2, BUCKET, BUCKET + 1, 400])
def test_proofs__should_show_what_is_there_and_what_is_not(count: int) -> None:
    pairs = many(count)
    state = State(pairs)
    for key in list(pairs)[:40]:
        proofs.verify(state.root, key, pairs[key], state.proof(key))
    for n in range(40):
        absent = b"absent/%d" % n
        proof = state.proof(absent)
        assert proof.HasField("nonexist")
        proofs.verify(state.root, absent, None, proof)


def test_tree__should_empty_itself() -> None:
    state = State(many(300))
    state.change(dict.fromkeys(many(300)))
    assert state.root == EMPTY
    assert list(state.rows.iterate(b"")) == []
    with pytest.raises(LookupError):
        Tree(state.rows).steps(b"key/1")
    with pytest.raises(InvalidArgument, match="empty"):
        state.proof(b"key/1")


def test_proof__should_not_show_anything_else() -> None:
    """Each lie: another value, key, root, an absence of what is there, and doctored steps."""
    pairs = many(200)
    state, key = State(pairs), b"key/7"
    proof, absent = state.proof(key), state.proof(b"nothing")
    lies = [
        (state.root, key, b"value 8", proof),
        (state.root, b"key/8", pairs[key], proof),
        (bytes(32), key, pairs[key], proof),
        (state.root, key, None, proof),
        (state.root, key, None, absent),
        (state.root, b"nothing", b"", absent),
        (bytes(32), b"nothing", None, absent),
        (state.root, key, pairs[key], CommitmentProof()),
        (state.root, key, None, CommitmentProof()),
    ]
    for root, asked, value, shown in lies:
        with pytest.raises(InvalidProof):
            proofs.verify(root, asked, value, shown)
    proofs.verify(state.root, key, pairs[key], proof)


def test_proof_of_absence__should_not_pass_over_a_leaf() -> None:
    """The neighbours of one that is there, proven as if nothing stood between them."""
    pairs = many(60)
    ordered = sorted(pairs, key=lambda key: sha256(key).digest())
    state = State(pairs)
    for at in range(1, len(ordered) - 1):
        left, key, right = ordered[at - 1 : at + 2]
        lie = CommitmentProof()
        lie.nonexist.key = key
        lie.nonexist.left.CopyFrom(state.proof(left).exist)
        lie.nonexist.right.CopyFrom(state.proof(right).exist)
        with pytest.raises(InvalidProof, match="between"):
            proofs.verify(state.root, key, None, lie)
    for side, key, beside in (("left", ordered[-1], -2), ("right", ordered[0], 1)):
        lie = CommitmentProof()
        getattr(lie.nonexist, side).CopyFrom(state.proof(ordered[beside]).exist)
        with pytest.raises(InvalidProof, match="between"):
            proofs.verify(state.root, key, None, lie)


def test_steps__should_have_the_one_form_that_the_tree_has() -> None:
    state = State(many(50))
    good = state.proof(b"key/1")
    for change in (
        {"hash": 0},
        {"prefix": b"\x00"},
        {"prefix": b"\x01" + bytes(33)},
        {"prefix": b"\x01" + bytes(32), "suffix": bytes(32)},
        {"prefix": b"", "suffix": b""},
    ):
        bad = CommitmentProof.FromString(good.SerializeToString())
        for name, value in change.items():
            setattr(bad.exist.path[0], name, value)
        with pytest.raises(InvalidProof, match="not of the state"):
            proofs.verify(state.root, b"key/1", b"value 1", bad)
    swapped = CommitmentProof.FromString(good.SerializeToString())
    step = swapped.exist.path[0]
    sibling = step.prefix[1:] or step.suffix
    swapped.exist.path[0].CopyFrom(
        InnerOp(hash=SHA256, prefix=b"\x01" + (sibling if step.suffix else b""))
        if step.suffix
        else InnerOp(hash=SHA256, prefix=b"\x01", suffix=sibling)
    )
    with pytest.raises(InvalidProof, match="does not stand"):
        proofs.verify(state.root, b"key/1", b"value 1", swapped)
    deep = CommitmentProof.FromString(good.SerializeToString())
    deep.exist.path.extend([good.exist.path[0]] * 256)
    with pytest.raises(InvalidProof, match="not of the state"):
        proofs.verify(state.root, b"key/1", b"value 1", deep)


@settings(max_examples=80, deadline=None)
@given(where=st.integers(0), bit=st.integers(0, 7))
def test_row_with_a_flipped_bit__should_be_noticed_when_it_is_used(where: int, bit: int) -> None:
    state = State(many(64))
    rows = list(state.rows.iterate(b"p"))
    key, row = rows[where % len(rows)]
    damaged = bytearray(row)
    damaged[where % len(row)] ^= 1 << bit
    state.rows.set(key, bytes(damaged))
    with pytest.raises(TreeDamaged, match="restore"):
        state.change(dict.fromkeys(many(64), b"other"))
