"""Identity: who acts for whom, which workspaces there are, and which keyrings answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from zrchain_lite.errors import Conflict, InvalidArgument, NotFound
from zrchain_lite.module import Context
from zrchain_lite.modules.identity import state
from zrchain_lite.modules.identity.addresses import (
    keyring_address,
    normalise_owner,
    require_account,
    require_keyring,
    require_workspace,
    workspace_address,
)
from zrchain_lite.modules.identity.peers import Auth, Bank
from zrchain_lite.wire.zrchain.identity.identity_pb2 import Keyring, Params, Workspace

KEYRING_COLLECTOR = "keyring_collector"
DEFAULT_KEYRING_CREATION_FEE = 10_000_000_000
# Owners of one workspace, parties and admins of one keyring.
MAX_MEMBERS = 100
# Generations of workspaces, the parent of all included.
MAX_DEPTH = 32
# Children of one workspace: every use of a workspace reads them all.
MAX_CHILDREN = 1000


class KeyringInactive(Conflict):
    """The keyring answers no requests until an admin activates it."""

    code = 1507


class IdentityKeeper:
    """What is true of workspaces and keyrings; who may ask is the messages' business."""

    def __init__(self, auth: Auth, bank: Bank) -> None:
        self.auth = auth
        self.bank = bank
        self._collector = bank.module_address(KEYRING_COLLECTOR)

    def params(self, ctx: Context) -> Params:
        """The module's parameters: what a new keyring costs."""
        stored = state.PARAMS.get(ctx.store, b"")
        return stored or Params(keyring_creation_fee=DEFAULT_KEYRING_CREATION_FEE)

    # Who acts for whom

    def identities(self, ctx: Context, account: str) -> tuple[str, ...]:
        """What `account` acts for: itself, and its key's EVM address once that is known."""
        evm_address = self.auth.evm_address(ctx, account) if account.startswith("zen1") else None
        return (account,) if evm_address is None else (account, evm_address)

    def acts_for(self, ctx: Context, account: str, owner: str) -> bool:
        """Whether an account is the owner or has the owner's key (an EVM identity)."""
        return owner in self.identities(ctx, account)

    def is_owner(self, ctx: Context, workspace: str, account: str) -> bool:
        """Whether `account` acts for a current owner of the workspace."""
        owners = self.workspace(ctx, workspace).owners
        return any(identity in owners for identity in self.identities(ctx, account))

    # Workspaces

    def workspace(self, ctx: Context, address: str) -> Workspace:
        """The object at an address; raises InvalidArgument for a malformed one, or NotFound."""
        found = state.WORKSPACES.get(ctx.store, require_workspace(address))
        if found is None:
            raise NotFound(f"no workspace {address}")
        return found

    def workspaces_of(self, ctx: Context, owner: str) -> list[Workspace]:
        """Workspaces that name `owner` (in its one spelling) as an owner, by address."""
        addresses = list(state.BY_OWNER.members(ctx.store, normalise_owner(owner)))
        return [self.workspace(ctx, address) for address in addresses]

    def create_workspace(
        self,
        ctx: Context,
        creator: str,
        owners: Sequence[str],
        admin_policy_id: int = 0,
        sign_policy_id: int = 0,
        alias: str = "",
    ) -> Workspace:
        """A workspace with these owners. The policies are not checked here."""
        workspace = Workspace(
            address=self._next_workspace_address(ctx),
            creator=normalise_owner(creator),
            owners=self.signing_owners(owners),
            admin_policy_id=admin_policy_id,
            sign_policy_id=sign_policy_id,
            alias=alias,
        )
        state.put_workspace(ctx.store, workspace)
        ctx.emit("new_workspace", workspace_addr=workspace.address)
        return workspace

    def create_child(
        self,
        ctx: Context,
        parent: str,
        alias: str = "",
        owner: str | None = None,
        inherits: Callable[[int], bool] = lambda policy_id: True,
    ) -> Workspace:
        """A child of `parent`, owned by `owner` or by the parent's owners.

        It has those of the parent's policies that it `inherits`, and policy 0 for the others.
        """
        above = self.workspace(ctx, parent)
        self._require_room_below(ctx, parent)
        child = self.create_workspace(
            ctx,
            owner or above.creator,
            list(above.owners) if owner is None else [owner],
            above.admin_policy_id if inherits(above.admin_policy_id) else 0,
            above.sign_policy_id if inherits(above.sign_policy_id) else 0,
            alias,
        )
        self._link(ctx, above, child.address)
        return child

    def signing_owners(self, owners: Sequence[str]) -> list[str]:
        """Owners in their one spelling, each of whom can sign; raises InvalidArgument."""
        normalised = _distinct_owners(owners)
        for owner in normalised:
            self.require_signs(owner)
        return normalised

    def require_signs(self, owner: str) -> None:
        """Raises InvalidArgument for a module's account: no key belongs to it."""
        if self.bank.is_module(owner):
            raise InvalidArgument(f"{owner} is a module's account, for which nobody signs")

    def append_child(self, ctx: Context, parent: str, child: str) -> None:
        """Make a workspace a child; it has one parent and is never its own ancestor."""
        above = self.workspace(ctx, parent)
        self.require_appendable(ctx, parent, child)
        self._link(ctx, above, child)

    def require_appendable(self, ctx: Context, parent: str, child: str) -> None:
        """Raises Conflict when `child` has a parent or is `parent` or one of its ancestors."""
        self.workspace(ctx, child)
        if (existing := state.parent_of(ctx.store, child)) is not None:
            raise Conflict(f"workspace {child} is already a child of {existing}")
        if child in self._require_room_below(ctx, parent):
            raise Conflict(f"workspace {child} is an ancestor of {parent}; that would be a cycle")

    def save_workspace(self, ctx: Context, workspace: Workspace) -> None:
        """Store a workspace that has changed."""
        state.put_workspace(ctx.store, workspace)

    def import_workspace(self, ctx: Context, workspace: Workspace) -> None:
        """Store a workspace of the genesis file; one without an address gets the next."""
        workspace.address = workspace.address or self._next_workspace_address(ctx)
        require_workspace(workspace.address)
        workspace.creator = normalise_owner(workspace.creator)
        owners = _distinct_owners(workspace.owners)
        del workspace.owners[:]
        workspace.owners.extend(owners)
        self.save_workspace(ctx, workspace)
        for child in workspace.child_workspaces:
            state.set_parent(ctx.store, require_workspace(child), workspace.address)

    def _next_workspace_address(self, ctx: Context) -> str:
        # Genesis may have taken addresses of later counts.
        while True:
            address = workspace_address(state.WORKSPACE_COUNT.next(ctx.store))
            if not state.WORKSPACES.has(ctx.store, address):
                return address

    def _require_room_below(self, ctx: Context, workspace: str) -> list[str]:
        """The workspace and its ancestors, nearest first."""
        line = [workspace]
        while (above := state.parent_of(ctx.store, line[-1])) is not None:
            line.append(above)
            if len(line) >= MAX_DEPTH:
                raise Conflict(
                    f"workspace {workspace} is {MAX_DEPTH} generations deep; no child fits"
                )
        return line

    def _link(self, ctx: Context, parent: Workspace, child: str) -> None:
        if len(parent.child_workspaces) >= MAX_CHILDREN:
            raise Conflict(f"workspace {parent.address} has {MAX_CHILDREN} children; no more fit")
        parent.child_workspaces.append(child)
        self.save_workspace(ctx, parent)
        state.set_parent(ctx.store, child, parent.address)

    # Keyrings

    def keyring(self, ctx: Context, address: str) -> Keyring:
        """The object at an address; raises InvalidArgument for a malformed one, or NotFound."""
        found = state.KEYRINGS.get(ctx.store, require_keyring(address))
        if found is None:
            raise NotFound(f"no keyring {address}")
        return found

    def active_keyring(self, ctx: Context, address: str) -> Keyring:
        """The keyring as `keyring` finds it; raises KeyringInactive as well."""
        keyring = self.keyring(ctx, address)
        if not keyring.is_active:
            raise KeyringInactive(f"keyring {address} is inactive; an admin can activate it")
        return keyring

    def create_keyring(self, ctx: Context, keyring: Keyring) -> Keyring:
        """Give the keyring an address and store it; the creator pays the creation fee."""
        fee = self.params(ctx).keyring_creation_fee
        if fee:
            self.bank.send(ctx, keyring.creator, self._collector, fee)
        keyring.address = self._next_keyring_address(ctx)
        self.save_keyring(ctx, keyring)
        return keyring

    def import_keyring(self, ctx: Context, keyring: Keyring) -> None:
        """Store a keyring of the genesis file; one without an address gets the next."""
        keyring.address = keyring.address or self._next_keyring_address(ctx)
        require_keyring(keyring.address)
        for account in (*keyring.admins, *keyring.parties):
            require_account(account)
        self.save_keyring(ctx, keyring)

    def save_keyring(self, ctx: Context, keyring: Keyring) -> None:
        """Store a keyring that has changed."""
        state.KEYRINGS.set(ctx.store, keyring.address, keyring)

    def _next_keyring_address(self, ctx: Context) -> str:
        while True:
            address = keyring_address(state.KEYRING_COUNT.next(ctx.store))
            if not state.KEYRINGS.has(ctx.store, address):
                return address


def _distinct_owners(owners: Sequence[str]) -> list[str]:
    normalised = [normalise_owner(owner) for owner in owners]
    for position, owner in enumerate(normalised):
        if owner in normalised[:position]:
            raise InvalidArgument(f"owner {owner} is named twice")
    if not 1 <= len(normalised) <= MAX_MEMBERS:
        raise InvalidArgument(f"a workspace has 1 to {MAX_MEMBERS} owners, not {len(normalised)}")
    return normalised
