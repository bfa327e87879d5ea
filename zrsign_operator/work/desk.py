"""A task, and all that an operator looks at before it agrees to one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zrsign_dmpc.ecdsa import AuxSecrets
from zrsign_dmpc.run.execution import Execution, IdentityKey
from zrsign_dmpc.run.session import Session
from zrsign_operator.errors import Refused
from zrsign_operator.keys.changes import EpochChanges
from zrsign_operator.keys.held import HeldKey
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.ledger.approval import Scheme
from zrsign_operator.ledger.view import LedgerSnapshot, SignAsked
from zrsign_operator.peers.frames import WorkKind
from zrsign_operator.peers.members import KeyringSettings, Myself


@dataclass(frozen=True)
class Task:
    """Work that was agreed to."""

    execution: Execution
    begin: Callable[[], Session[Any]]
    finish: Callable[[Any], None]
    """Takes the result; durable when it returns."""


@dataclass
class Desk:
    """All that a task may look at."""

    myself: Myself
    settings: KeyringSettings
    holdings: Holdings
    view: LedgerSnapshot
    is_running: Callable[[WorkKind, int], bool]
    changes: EpochChanges
    usable: Callable[[], frozenset[int]]
    """Live operators, this one among them, without those that misbehaved."""
    covered: Callable[[], frozenset[int]]
    """Whom the auxiliary information for the ledger's orders covers, without those who lost it."""
    take_aux_secrets: Callable[[], AuxSecrets | None]
    """Fresh keys for one auxiliary-info run; None: not ready yet."""
    is_due: Callable[[HeldKey], bool]
    """Whether the ledger's orders, or a member without a share, want new shares of a key."""
    scheme_of: Callable[[int, bytes], Scheme | None]
    """The scheme of a key of the ledger; None: it has no such key, or was not looked up yet."""
    on_key: Callable[[HeldKey], None]
    on_signature: Callable[[int, bytes], object]
    remembers: Callable[[], bool]
    """Whether peers confirmed that this operator's memory is whole."""

    @property
    def me(self) -> int:
        """This operator's index."""
        return self.myself.index

    @property
    def identity(self) -> IdentityKey:
        """This operator's identity key."""
        return self.myself.identity

    def held(self, ledger_key: int) -> HeldKey:
        """This operator's share of a key of the ledger. Raises Refused."""
        known = self.view.known_keys.get(ledger_key)
        held = self.holdings.key(ledger_key, known.public_key if known else b"")
        if held is None:
            raise Refused(f"I hold no share of key {ledger_key}")
        return held

    def asked(self, request_id: int) -> tuple[SignAsked, HeldKey]:
        """An open signature request, and the key that signs for it. Raises Refused."""
        asked = self.view.signatures.get(request_id)
        if asked is None:
            raise Refused(f"signature request {request_id} is not open and approved here")
        held = self.held(asked.wallet.holder)
        if held.folder.scheme is not asked.approved.scheme:
            raise Refused(f"key {held.ledger_key} does not sign {asked.approved.scheme} here")
        return asked, held
