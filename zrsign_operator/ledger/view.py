"""The ledger as this operator sees it: the open requests of its keyring, in the ledger's order."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from zrchain_lite.client import LedgerClient, ObjectNotFound, once_above
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.operators import operators_pb2 as operators
from zrsign_operator.errors import NotApproved
from zrsign_operator.keys.wallets import Root, Wallet
from zrsign_operator.ledger.approval import Approved, approve
from zrsign_operator.ledger.authority import Authority
from zrsign_operator.peers.members import KeyringSettings, Member, OperatorGroup, level_named
from zrsign_operator.sources.seen import Seen, Sight

QUERY: Final = "/zrsign.operators.Query/"
KEY_BY_ID: Final = "/zrchain.treasury.Query/KeyByID"
LIMIT: Final = 500
"""Requests looked at in one turn; the rest come when these are answered."""
LOOKED_UP: Final = 64
"""Keys in one turn."""
MAX_UNKNOWN: Final = 1 << 16
"""Keys that wait to be looked up: peers may name what is not there."""


@dataclass(frozen=True)
class KeyAsked:
    """An open key request."""

    wallet: Wallet
    answered: frozenset[str]
    """The parties that answered."""
    holders: Mapping[bytes, int] = field(default_factory=dict)
    """How many members of the group say that they hold a key for it, by the key's digest."""

    @property
    def request_id(self) -> int:
        """The request's id, which the key will have."""
        return self.wallet.key_id


@dataclass(frozen=True)
class SignAsked:
    """An open signature request that this operator approves of."""

    approved: Approved
    signature: bytes
    """What a party answered already, as the ledger stores it."""
    answered: frozenset[str]
    wallet: Wallet
    """The key that is to sign."""


@dataclass(frozen=True)
class LedgerKey:
    """A key of this keyring, as the ledger has it."""

    public_key: bytes
    key_type: str


@dataclass(frozen=True)
class LedgerSnapshot:
    """What the ledger shows an operator at one moment."""

    settings: KeyringSettings
    keys: dict[int, KeyAsked] = field(default_factory=dict)
    signatures: dict[int, SignAsked] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    """Signature requests that must not be answered, and why."""
    known_keys: dict[int, LedgerKey] = field(default_factory=dict)
    """The ledger's keys that were looked up, and its active roots, by id."""


class LedgerView:
    """Reads `View`s. Parsed approvals are kept while their requests are open."""

    last: LedgerSnapshot
    """What was read last; there is none before the first `read`."""

    def __init__(
        self,
        ledger: LedgerClient,
        keyring: str,
        authority: Authority | None = None,
        sources: Sight | None = None,
    ) -> None:
        """Read one keyring; without an `authority` the ledger's word is enough for an order, and
        without `sources` for what contracts ask.
        """
        self._ledger, self._authority, self._sources = ledger, authority, sources
        self._keyring = keyring
        self._judged: dict[int, Approved | str] = {}
        self._settings: KeyringSettings | None = None
        self._known_keys: dict[int, LedgerKey] = {}
        self._unknown: set[int] = set()
        self.height = 0
        """The height of `last`; 0: none was read."""

    async def read(self) -> LedgerSnapshot:
        """The next state of the ledger: at once first, then when there is another block.

        The node holds an answer back for a while only, so it may be of the same block.

        Raises ClientError, NotAMember for settings that this version does not understand.
        """
        request = operators.QueryWorkRequest(keyring=self._keyring, limit=LIMIT)
        metadata = once_above(self.height) if self.height else ()
        work = await self._ledger.query(
            QUERY + "Work", request, operators.QueryWorkResponse, metadata=metadata
        )
        if self._settings is None or self._settings.version != work.settings_version:
            self._settings = await self.settings()
        await self._look_up()
        seen = Seen()
        if self._sources is not None:
            seen = await self._sources.look(work, self._settings)
        self.last = self._view(work, self._settings, seen)
        self.height = work.height
        return self.last

    async def settings(self) -> KeyringSettings:
        """What the administrators want. Raises ClientError, NotAMember, NotOrdered."""
        request = operators.QuerySettingsRequest(keyring=self._keyring)
        answer = await self._ledger.query(
            QUERY + "Settings", request, operators.QuerySettingsResponse
        )
        if self._authority is not None:
            await self._authority.require(answer)
        return KeyringSettings(
            self._keyring,
            tuple(_group(each) for each in answer.groups),
            answer.refresh_number,
            frozenset((each.kind, each.value) for each in answer.measurements),
            {each.index: each.count for each in answer.pardons},
            answer.settings_version,
            {each.id: _root(each) for each in answer.roots},
        )

    async def reported(self, party: str) -> frozenset[tuple[bytes, int]]:
        """What a party told: (key id, ledger's key) of epochs, (digest, culprit) of evidence.

        Raises ClientError.
        """
        epochs = operators.QueryKeyEpochsRequest(keyring=self._keyring)
        faults = operators.QueryFaultsRequest(keyring=self._keyring)
        pages = self._ledger.page(QUERY + "KeyEpochs", epochs, operators.QueryKeyEpochsResponse)
        found = {(e.key_digest, e.key_id) async for e in pages if e.party == party}
        pages = self._ledger.page(QUERY + "Faults", faults, operators.QueryFaultsResponse)
        found |= {(e.evidence_digest, e.culprit) async for e in pages if e.reporter == party}
        return frozenset(found)

    def want_key(self, ledger_key: int) -> None:
        """Look it up with the next view."""
        roots = self._settings.roots if self._settings is not None else {}
        known = ledger_key in self._known_keys or ledger_key in roots
        if not known and len(self._unknown) < MAX_UNKNOWN:
            self._unknown.add(ledger_key)

    def _view(
        self, work: operators.QueryWorkResponse, settings: KeyringSettings, seen: Seen
    ) -> LedgerSnapshot:
        parents = {root.id: root for root in work.roots}
        origins = {each.key_id: each.root for each in work.origins}
        keys = {key.id: _wallet(key, origins) for key in work.signing_keys}
        transactions = {each.sign_request_id: each for each in work.transactions}
        beacons = {each.sign_request_id: each.block_hash for each in work.approvals}
        view = LedgerSnapshot(
            settings,
            {
                request.id: _key_asked(request, work, origins)
                for request in work.keys
                if request.id not in seen.waiting_keys
            },
            known_keys=self._known_keys | _active(settings.roots),
        )
        for request in work.signatures:
            if request.id not in self._judged:
                root = parents.get(request.parent_req_id, request)
                self._judged[request.id] = _judge(
                    request, root, transactions.get(root.id), beacons.get(root.id, b"")
                )
            judged, root_id = self._judged[request.id], request.parent_req_id or request.id
            if root_id in seen.waiting:
                continue
            if isinstance(judged, Approved) and root_id in seen.refused:
                view.refused[request.id] = seen.refused[root_id]
            elif isinstance(judged, Approved):
                wallet = keys.get(judged.key_id) or Wallet(judged.key_id, request.key_type)
                view.signatures[request.id] = _asked(judged, request, wallet)
            else:
                view.refused[request.id] = judged
        open_now = {request.id for request in work.signatures}
        self._judged = {i: judged for i, judged in self._judged.items() if i in open_now}
        return view

    async def _look_up(self) -> None:
        wanted = list(self._unknown)[:LOOKED_UP]
        found = await asyncio.gather(*(self._key(ledger_key) for ledger_key in wanted))
        for ledger_key, key in zip(wanted, found, strict=True):
            if key is not None:
                self._known_keys[ledger_key] = key
            self._unknown.discard(ledger_key)

    async def _key(self, ledger_key: int) -> LedgerKey | None:
        """None: the keyring has no such key."""
        request = treasury.QueryKeyByIDRequest(id=ledger_key)
        try:
            answer = await self._ledger.query(KEY_BY_ID, request, treasury.QueryKeyByIDResponse)
        except ObjectNotFound:
            return None
        mine = answer.key.keyring_addr == self._keyring
        return LedgerKey(answer.key.public_key, answer.key.type) if mine else None


def _judge(
    request: treasury.SignReqResponse,
    root: treasury.SignReqResponse,
    transaction: treasury.SignTxReqResponse | None,
    beacon: bytes,
) -> Approved | str:
    try:
        return approve(request, root, transaction, beacon)
    except NotApproved as error:
        return str(error)


def _key_asked(
    request: treasury.KeyReqResponse, work: operators.QueryWorkResponse, origins: Mapping[int, int]
) -> KeyAsked:
    answered = frozenset(each.creator for each in request.keyring_party_signatures)
    wallet = Wallet(
        request.id,
        request.key_type,
        request.workspace_addr,
        request.index,
        origins.get(request.id, 0),
        request.public_key,
    )
    said = (each.key_digest for each in work.reports if each.key_id == request.id)
    return KeyAsked(wallet, answered, Counter(said))


def _wallet(key: treasury.KeyResponse, origins: Mapping[int, int]) -> Wallet:
    origin = origins.get(key.id, 0)
    return Wallet(key.id, key.type, key.workspace_addr, key.index, origin, key.public_key)


def _root(wire: operators.Root) -> Root:
    """The root as operators see it: before it is active, the one that most members hold."""
    keys = Counter((each.public_key, each.chain_code) for each in wire.reports)
    (leading, _) = max(keys.items(), key=lambda item: item[1], default=((b"", b""), 0))
    public_key, chain_code = (wire.public_key, wire.chain_code) if wire.height else leading
    return Root(
        wire.id,
        wire.key_type,
        wire.number,
        public_key,
        chain_code,
        wire.holders,
        active=wire.height > 0,
    )


def _active(roots: Mapping[int, Root]) -> dict[int, LedgerKey]:
    found = (root for root in roots.values() if root.active)
    return {root.id: LedgerKey(root.public_key, root.key_type) for root in found}


def _group(wire: operators.Group) -> OperatorGroup:
    members = tuple(
        Member(each.index, each.party, each.identity_key, each.tls_certificate, each.endpoint)
        for each in wire.members
    )
    return OperatorGroup(
        wire.number, wire.threshold, level_named(wire.level), members, wire.roots, wire.absent
    )


def _asked(approved: Approved, request: treasury.SignReqResponse, wallet: Wallet) -> SignAsked:
    signature = request.signed_data[0].signed_data if request.signed_data else b""
    answered = frozenset(each.creator for each in request.keyring_party_sigs)
    return SignAsked(approved, signature, answered, wallet)
