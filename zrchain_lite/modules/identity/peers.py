"""What the identity module needs of its neighbours; their keepers have these shapes.

Policies know workspaces, so this package cannot import theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from google.protobuf.message import Message

from zrchain_lite.module import Context
from zrchain_lite.wire.zrchain.policy.policy_pb2 import Action

# Executes the message of an action that has enough approvals; checks again what may have changed.
Execute = Callable[[Context, Action, Any], Message]


class Auth(Protocol):
    """Accounts and their keys."""

    def public_key(self, ctx: Context, address: str) -> bytes | None:
        """33 bytes, compressed secp256k1; None before the account's first transaction."""
        ...

    def evm_address(self, ctx: Context, address: str) -> str | None:
        """EIP-55 address of the same key; None while the key is unknown."""
        ...


class Bank(Protocol):
    """Balances in urock."""

    def balance(self, ctx: Context, address: str) -> int:
        """What an address holds, in urock."""
        ...

    def send(self, ctx: Context, from_: str, to: str, amount: int) -> None:
        """Move `amount` urock; raises InsufficientFunds."""
        ...

    def is_module(self, address: str) -> bool:
        """Whether an address is a module's account, for which nobody signs."""
        ...

    def module_address(self, name: str) -> str:
        """The address of a module's account, which is named when keepers are made."""
        ...


@dataclass(frozen=True)
class Submitted:
    """What became of a submitted message. `response` is None while approvals are missing."""

    action_id: int
    response: Message | None


class Policies(Protocol):
    """Approval of messages, as `PolicyKeeper` gives it."""

    def register_action(self, type_url: str, execute: Execute) -> None:
        """Say what executes messages of this type once their policy is satisfied."""
        ...

    def submit(
        self,
        ctx: Context,
        *,
        creator: str,
        policy_id: int,
        workspace: str,
        msg: Message,
        btl: int = 0,
    ) -> Submitted:
        """Put a message under a policy, and execute it at once if that is satisfied already."""
        ...

    def participants(self, ctx: Context, policy_id: int, workspace: str) -> tuple[str, ...]:
        """Who may approve under a policy; the workspace's owners when the policy is 0."""
        ...

    def is_named(self, ctx: Context, workspace: str, owner: str) -> bool:
        """Whether a policy of one of the workspace's keys names an owner."""
        ...

    def require_owners(self, ctx: Context, policy_id: int, owners: list[str]) -> None:
        """Raise when a participant of the policy owns nothing in the workspace."""
        ...

    def require_current(self, action: Action, policy_id: int) -> None:
        """Raise Conflict when the action was begun under another policy than this one."""
        ...

    def workspace_of(self, ctx: Context, action: Action) -> str:
        """The address of the workspace whose policy the action waits for."""
        ...
