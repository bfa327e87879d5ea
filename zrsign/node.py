"""The ledger put together: the core's modules, the project's own, and the receiver's API on one node.

`python -m zrsign.node --config FILE` runs it; `StoppedLedger` reads its store when it does not run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypeVar

from google.protobuf.message import Message

from zrchain_lite.app import App
from zrchain_lite.identity import IdentityKeeper, IdentityModule
from zrchain_lite.lmdb_store import LmdbStore
from zrchain_lite.module import Module
from zrchain_lite.node import Core
from zrchain_lite.policy import PolicyKeeper, PolicyModule
from zrchain_lite.treasury import TreasuryKeeper, TreasuryModule
from zrsign_receiver.module import ReceiverModule

M = TypeVar("M", bound=Message)


def compose() -> tuple[Core, tuple[Module, ...]]:
    """The core's keepers, and the modules that stand on them, in the order in which blocks run them."""
    core = Core.create()
    identity = IdentityKeeper(core.auth, core.bank)
    policy = PolicyKeeper(identity)
    treasury = TreasuryKeeper(identity)
    return core, (
        IdentityModule(identity, policy),
        PolicyModule(policy),
        TreasuryModule(treasury, policy),
        ReceiverModule(identity, policy, treasury),
    )
