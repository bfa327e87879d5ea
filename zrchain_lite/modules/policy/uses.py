"""Whom the policies of a workspace's keys name, counted where a key takes or leaves its policy.

Whether an owner may be removed is then one number, however many keys there are.
"""

from __future__ import annotations

from zrchain_lite.modules.policy import boolparser, state
from zrchain_lite.store.collections import encode_key
from zrchain_lite.store.kv import KVStore
from zrchain_lite.wire.zrchain.policy.policy_pb2 import BoolparserPolicy

_USES = b"policy/use/"
_NAMED = b"policy/named/"


def take(store: KVStore, workspace: str, policy_id: int) -> None:
    """Count one more key, or request for a key, under a policy; 0 is the workspace's own."""
    if policy_id and _count(store, _USES + encode_key((workspace, policy_id)), 1) == 1:
        _name(store, workspace, policy_id, 1)


def leave(store: KVStore, workspace: str, policy_id: int) -> None:
    """Count one less."""
    if policy_id and _count(store, _USES + encode_key((workspace, policy_id)), -1) == 0:
        _name(store, workspace, policy_id, -1)


def is_named(store: KVStore, workspace: str, owner: str) -> bool:
    """Whether a policy of one of the workspace's keys names an owner."""
    return store.get(_NAMED + encode_key((workspace, owner))) is not None


def participants(store: KVStore, policy_id: int) -> tuple[str, ...]:
    """Who is named by a policy that is stored; it never changes."""
    policy = state.POLICIES.get(store, policy_id)
    if policy is None or policy.policy.TypeName() != BoolparserPolicy.DESCRIPTOR.full_name:
        return ()
    return boolparser.participants(BoolparserPolicy.FromString(policy.policy.value))


def _name(store: KVStore, workspace: str, policy_id: int, by: int) -> None:
    for owner in participants(store, policy_id):
        _count(store, _NAMED + encode_key((workspace, owner)), by)


def _count(store: KVStore, key: bytes, by: int) -> int:
    count = int.from_bytes(store.get(key) or b"", "big") + by
    if count:
        store.set(key, count.to_bytes(8, "big"))
    else:
        store.delete(key)
    return count
