"""What the policy module stores: policies, actions, and how actions are found."""

from __future__ import annotations

from zrchain_lite.modules.policy.deadlines import Deadlines
from zrchain_lite.store.collections import Counter, Index, StoredMap, encode_key
from zrchain_lite.store.kv import KVStore
from zrchain_lite.wire.zrchain.policy.policy_pb2 import Action, Params, Policy

POLICIES = StoredMap("policy/policy", Policy)
ACTIONS = StoredMap("policy/action", Action)
PARAMS = StoredMap("policy/params", Params)
POLICY_COUNT = Counter("policy/policy_count")
ACTION_COUNT = Counter("policy/action_count")

BY_CREATOR = Index("policy/policy_by_creator")
# Who could approve when the action was submitted.
BY_PARTICIPANT = Index("policy/action_by_participant")
DEADLINES = Deadlines("policy/action_deadline")

_WORKSPACE = b"policy/action_workspace/"


def workspace_of(store: KVStore, action_id: int) -> str:
    """The workspace whose owners the action concerns."""
    return (store.get(_WORKSPACE + encode_key(action_id)) or b"").decode()


def set_workspace(store: KVStore, action_id: int, workspace: str) -> None:
    """Note whose policy an action waits for."""
    store.set(_WORKSPACE + encode_key(action_id), workspace.encode())
