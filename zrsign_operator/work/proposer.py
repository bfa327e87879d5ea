"""Writes proposals: what the agenda drafts, with all that the members need to know."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from zrsign_dmpc.kept.key_records import StoredKeyInfo
from zrsign_dmpc.run.execution import IdentityKey
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.keys.inventories import Inventories
from zrsign_operator.ledger.orders import ReshareDetails, Target
from zrsign_operator.ledger.view import LedgerSnapshot
from zrsign_operator.peers.frames import NONCE_BYTES, Proposal, WorkKind
from zrsign_operator.work.agenda import Draft
from zrsign_operator.work.details import EcdsaDetails, FrostDetails, PresignDetails
from zrsign_operator.work.nonces import Stocks


class Proposer:
    """Makes signed proposals of what one operator has drafted."""

    def __init__(
        self,
        me: int,
        identity: IdentityKey,
        holdings: Holdings,
        stocks: Stocks,
        inventories: Inventories,
    ) -> None:
        self._me = me
        self._identity = identity
        self._holdings = holdings
        self._stocks = stocks
        self._inventories = inventories

    def write(
        self, draft: Draft, view: LedgerSnapshot, incarnations: Mapping[int, bytes]
    ) -> Proposal | None:
        """Signed; None: it cannot be proposed after all."""
        settings = view.settings
        if not set(draft.members) <= set(incarnations):
            return None
        details = self._details(draft, view)
        if details is None:
            return None
        return Proposal(
            keyring=settings.keyring,
            kind=draft.kind,
            subjects=draft.subjects,
            proposer=self._me,
            members=draft.members,
            incarnations=tuple(incarnations[i] for i in draft.members),
            nonce=secrets.token_bytes(NONCE_BYTES),
            details=details,
        ).signed(self._identity)

    def _details(self, draft: Draft, view: LedgerSnapshot) -> bytes | None:
        held, settings = self._holdings.key(draft.key_id), view.settings
        match draft.kind:
            case WorkKind.AUX | WorkKind.KEYGEN:
                return Target.of(settings).encode()
            case WorkKind.ECDSA:
                beacons = (view.signatures[i].approved.beacon for i in draft.subjects)
                return EcdsaDetails(draft.presignatures, tuple(beacons)).encode()
            case _ if held is None:
                return None
            case WorkKind.FROST:
                picked = self._stocks.pick(held, draft.members, len(draft.subjects))
                return FrostDetails(picked).encode() if picked else None
            case WorkKind.RESHARE:
                info = StoredKeyInfo.of(held.share.info)
                return ReshareDetails(Target.of(settings), info, draft.dealers).encode()
            case WorkKind.PRESIGN:
                level = settings.level_of(held.serves.group)
                aux, having = self._inventories.aux_of(held, level)
                if aux is None or not having >= set(draft.members):
                    return None
                return PresignDetails(held.share.info.key_id, aux.public.digest).encode()
