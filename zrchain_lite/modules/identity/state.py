"""What the identity module stores: workspaces, keyrings, who owns what, whose child is whose."""

from __future__ import annotations

from collections.abc import Iterator

from zrchain_lite.store.collections import Counter, StoredMap, encode_key
from zrchain_lite.store.kv import KVStore
from zrchain_lite.wire.zrchain.identity.identity_pb2 import Keyring, Params, Workspace

WORKSPACES = StoredMap("identity/workspace", Workspace)
KEYRINGS = StoredMap("identity/keyring", Keyring)
PARAMS = StoredMap("identity/params", Params)
WORKSPACE_COUNT = Counter("identity/workspace_count")
KEYRING_COUNT = Counter("identity/keyring_count")

_PARENT = b"identity/parent/"


class WorkspaceIndex:
    """Addresses of workspaces under a name, in the order of their text."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix.encode() + b"/"

    def add(self, store: KVStore, name: str, workspace: str) -> None:
        """List a workspace under a name."""
        store.set(self._group(name) + workspace.encode(), b"")

    def remove(self, store: KVStore, name: str, workspace: str) -> None:
        """No longer list a workspace under a name."""
        store.delete(self._group(name) + workspace.encode())

    def members(
        self, store: KVStore, name: str, *, start: bytes = b"", reverse: bool = False
    ) -> Iterator[str]:
        """The addresses under a name, in ascending order from `start` on, or downwards."""
        group = self._group(name)
        first = group + start if start else None
        for key, _ in store.iterate(group, start=first, reverse=reverse):
            yield key[len(group) :].decode()

    def _group(self, name: str) -> bytes:
        return self._prefix + encode_key((name,))


BY_OWNER = WorkspaceIndex("identity/workspace_by_owner")
BY_CREATOR = WorkspaceIndex("identity/workspace_by_creator")


def parent_of(store: KVStore, workspace: str) -> str | None:
    """The workspace whose child this one is."""
    parent = store.get(_PARENT + workspace.encode())
    return None if parent is None else parent.decode()


def set_parent(store: KVStore, workspace: str, parent: str) -> None:
    """Note that `parent` has the workspace as a child."""
    store.set(_PARENT + workspace.encode(), parent.encode())


def put_workspace(store: KVStore, workspace: Workspace) -> None:
    """Store a workspace and keep the indexes of owners and creator in step."""
    before = WORKSPACES.get(store, workspace.address)
    for owner in before.owners if before is not None else ():
        BY_OWNER.remove(store, owner, workspace.address)
    for owner in workspace.owners:
        BY_OWNER.add(store, owner, workspace.address)
    BY_CREATOR.add(store, workspace.creator, workspace.address)
    WORKSPACES.set(store, workspace.address, workspace)
