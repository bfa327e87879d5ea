"""What actions may be listed by: their status, and who may approve them.

An action under policy 0 is executed where it is submitted, so who could approve it is found in the
index that was written then; a policy that is stored never changes.
"""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf import any_pb2

from zrchain_lite.modules.policy import boolparser, state
from zrchain_lite.store.collections import encode_key
from zrchain_lite.store.views import Read, Row, View, subsets
from zrchain_lite.wire.zrchain.policy.policy_pb2 import Action, BoolparserPolicy, Policy


def _of_action(read: Read, id_: bytes, raw: bytes) -> Iterator[Row]:
    action = Action.FromString(raw)
    names = ("", *_participants(read, action.policy_id)) if action.policy_id else ("",)
    for name in names:
        for (status,) in subsets(int(action.status)):
            yield (name, status), id_


def _of_participant(read: Read, key: bytes, _: bytes) -> Iterator[Row]:
    id_ = key[-8:]
    action = Action.FromString(read(state.ACTIONS.prefix + id_) or b"")
    if action.policy_id == 0:
        participant = key[2:-8].decode()
        for (status,) in subsets(int(action.status)):
            yield (participant, status), id_


def _participants(read: Read, policy_id: int) -> tuple[str, ...]:
    stored = Policy.FromString(read(state.POLICIES.prefix + encode_key(policy_id)) or b"")
    policy, packed = BoolparserPolicy(), any_pb2.Any()
    packed.CopyFrom(stored.policy)
    return boolparser.participants(policy) if packed.Unpack(policy) else ()


# By (participant, status).
ACTIONS = View("actions", state.ACTIONS.prefix, _of_action)
ALL = (ACTIONS, View("actions", state.BY_PARTICIPANT.prefix, _of_participant))
