"""What the operators module stores, all of it under a keyring's address.

A member's index, party and identity stay for good, so that an index never changes its meaning;
certificate and endpoint are kept with the groups.
"""

from __future__ import annotations

from zrchain_lite.store.collections import Counter, Index, StoredMap
from zrchain_lite.store.kv import KVStore
from zrchain_lite.wire.zrsign.operators.operators_pb2 import (
    Fault,
    Group,
    KeyEpoch,
    Member,
    Origin,
    Pardon,
    Root,
)
from zrchain_lite.wire.zrsign.operators.state_pb2 import Evidence, KeyringState

KEYRINGS = StoredMap("operators/keyring", KeyringState)
# By (keyring, number).
GROUPS = StoredMap("operators/group", Group)
# By (keyring, index): index, party and identity of everybody who is or was a member.
ROSTER = StoredMap("operators/roster", Member)
# By (keyring, identity key) and by (keyring, party).
INDEX_OF_IDENTITY = Index("operators/index_of_identity")
INDICES_OF_PARTY = Index("operators/indices_of_party")
# By (keyring, index).
PARDONS = StoredMap("operators/pardon", Pardon)
# By id.
FAULTS = StoredMap("operators/fault", Fault)
EVIDENCE = StoredMap("operators/evidence", Evidence)
FAULT_COUNT = Counter("operators/fault_count")
FAULTS_BY_KEYRING = Index("operators/fault_by_keyring")
# By (keyring, reporter) and by (keyring, culprit).
FAULTS_BY_REPORTER = Index("operators/fault_by_reporter")
FAULTS_BY_CULPRIT = Index("operators/fault_by_culprit")
# By (keyring, key id, party).
EPOCHS = StoredMap("operators/epoch", KeyEpoch)
# By (keyring, root id): the active ones.
ROOTS = StoredMap("operators/root", Root)
# By key id.
ORIGINS = StoredMap("operators/origin", Origin)


def keyring_state(store: KVStore, keyring: str) -> KeyringState:
    """A keyring's numbers of group, refresh and version; zeros before its first order."""
    return KEYRINGS.get(store, keyring) or KeyringState()


def change(store: KVStore, keyring: str, state: KeyringState) -> None:
    """Store it as the next version of the keyring's settings."""
    state.settings_version += 1
    KEYRINGS.set(store, keyring, state)


def latest_index(store: KVStore, keyring: str, party: str) -> int:
    """The index of a party: the current one where it had several; 0 without one."""
    indices = INDICES_OF_PARTY.members(store, (keyring, party))
    if len(indices) > 1:
        number = keyring_state(store, keyring).group_number
        group = GROUPS.get(store, (keyring, number)) or Group()
        indices = [each.index for each in group.members if each.party == party] or indices
    return max(indices, default=0)


def put_fault(store: KVStore, fault: Fault, evidence: bytes) -> None:
    """Store a new report; `fault.evidence` stays empty, because few look at it."""
    FAULTS.set(store, fault.id, fault)
    if evidence:
        EVIDENCE.set(store, fault.id, Evidence(value=evidence))
    for index, group in _groups_of(fault):
        index.add(store, group, fault.id)


def delete_fault(store: KVStore, fault: Fault) -> None:
    """Forget a report with its evidence."""
    FAULTS.delete(store, fault.id)
    if EVIDENCE.has(store, fault.id):
        EVIDENCE.delete(store, fault.id)
    for index, group in _groups_of(fault):
        index.remove(store, group, fault.id)


def _groups_of(fault: Fault) -> tuple[tuple[Index, tuple[str | int, ...]], ...]:
    return (
        (FAULTS_BY_KEYRING, (fault.keyring,)),
        (FAULTS_BY_REPORTER, (fault.keyring, fault.reporter)),
        (FAULTS_BY_CULPRIT, (fault.keyring, fault.culprit)),
    )
