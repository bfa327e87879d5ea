"""Proofs that the state has a value under a key, or nothing, against an app hash.

They are ICS-23 commitment proofs of its `SmtSpec` (https://github.com/cosmos/ics23). A key is
absent when two leaves stand next to each other on either side of where its own would be.
`verify` reads no store: whoever has a header can use it.
"""

from __future__ import annotations

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.store.kv import KVStore
from zrchain_lite.store.tree import EMPTY, Step, Tree, inner_hash, leaf_hash, path_of
from zrchain_lite.wire.cosmos.ics23.v1.proofs_pb2 import (
    SHA256,
    CommitmentProof,
    ExistenceProof,
    InnerOp,
    LeafOp,
    NonExistenceProof,
)

OP_TYPE = "ics23:smt"
"""The name of the proof's kind in ABCI's `ProofOp`."""
MAX_DEPTH = 256
_LEAF = LeafOp(hash=SHA256, prehash_key=SHA256, prehash_value=SHA256, prefix=b"\x00")


class InvalidProof(InvalidArgument):
    """The proof does not show what it should against this app hash."""


def prove(state: KVStore, tree: KVStore, key: bytes) -> CommitmentProof:
    """What the state has under a key; raises InvalidArgument for an empty state."""
    known = Tree(tree)
    if state.get(key) is not None:
        return CommitmentProof(exist=_existence(state, known, key))
    left, right = known.neighbours(key)
    if left is None and right is None:
        raise InvalidArgument("the state is empty: there is nothing to prove")
    absent = NonExistenceProof(
        key=key,
        left=None if left is None else _existence(state, known, left),
        right=None if right is None else _existence(state, known, right),
    )
    return CommitmentProof(nonexist=absent)


def verify(app_hash: bytes, key: bytes, value: bytes | None, proof: CommitmentProof) -> None:
    """Raises InvalidProof unless the state has `value` under `key`, nothing with None."""
    if value is not None:
        exist = proof.exist
        if (exist.key, exist.value) != (key, value):
            raise InvalidProof("the proof is of another key or value")
        _steps(app_hash, exist)
        return
    absent = proof.nonexist
    sides = [absent.HasField("left"), absent.HasField("right")]
    if not any(sides):
        raise InvalidProof("the proof shows neither of the leaves beside the key's place")
    place = path_of(key)
    left, right = path_of(absent.left.key), path_of(absent.right.key)
    if (sides[0] and left >= place) or (sides[1] and right <= place):
        raise InvalidProof("the leaves are not on either side of the key's place")
    common = _common_bits(left, right) + 1 if all(sides) else 0
    for side, (shown, proven) in enumerate(zip(sides, (absent.left, absent.right), strict=True)):
        # Below where they part, nothing stands between a leaf and its neighbour.
        if shown and any(
            step.left is bool(side) and step.sibling != EMPTY
            for step in _steps(app_hash, proven)[common:]
        ):
            raise InvalidProof("other leaves may stand between those that are shown")


def _existence(state: KVStore, tree: Tree, key: bytes) -> ExistenceProof:
    path = [
        InnerOp(hash=SHA256, prefix=b"\x01" + step.sibling)
        if step.left
        else InnerOp(hash=SHA256, prefix=b"\x01", suffix=step.sibling)
        for step in tree.steps(key)
    ]
    return ExistenceProof(key=key, value=state.get(key) or b"", leaf=_LEAF, path=path)


def _steps(app_hash: bytes, proof: ExistenceProof) -> list[Step]:
    """The way from the root to a leaf that is proven; raises InvalidProof when it is not."""
    if proof.leaf != _LEAF or len(proof.path) > MAX_DEPTH:
        raise InvalidProof("the proof is not of the state's tree")
    path, steps = path_of(proof.key), [_step(each) for each in proof.path]
    hash_ = leaf_hash(path, proof.value)
    for depth, step in zip(range(len(steps) - 1, -1, -1), steps, strict=True):
        if step.left is not bool(path[depth // 8] & 0x80 >> depth % 8):
            raise InvalidProof("the leaf does not stand where its key says")
        pair = (step.sibling, hash_) if step.left else (hash_, step.sibling)
        hash_ = inner_hash(*pair)
    if hash_ != app_hash:
        raise InvalidProof("the proof leads to another app hash")
    return steps[::-1]


def _step(inner: InnerOp) -> Step:
    sizes = len(inner.prefix), len(inner.suffix)
    if inner.hash == SHA256 and inner.prefix.startswith(b"\x01"):
        if sizes == (33, 0):
            return Step(inner.prefix[1:], left=True)
        if sizes == (1, 32):
            return Step(inner.suffix, left=False)
    raise InvalidProof("a node of the proof is not of the state's tree")


def _common_bits(one: bytes, other: bytes) -> int:
    """How many bits two paths have in common."""
    return MAX_DEPTH - (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_length()
