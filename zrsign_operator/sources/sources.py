"""Which open requests follow from events that this operator has seen on their chains.

A request that no contract made is refused: an operator that is told to see for itself signs nothing
else. What its node does not show yet waits, until the ledger ends the request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Final

from google.protobuf.message import Message

from zrchain_lite.client import LedgerClient, ObjectNotFound
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.operators import operators_pb2 as operators
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_chains.cosmos import ACCOUNT_PREFIX
from zrsign_daemon.log import get_logger
from zrsign_operator.errors import NotApproved, NotSeen
from zrsign_operator.keys.wallets import Wallet, is_child
from zrsign_operator.peers.members import KeyringSettings
from zrsign_operator.sources import asked
from zrsign_operator.sources.kept import NOBODY, Kept
from zrsign_operator.sources.receipts import Receipts
from zrsign_operator.sources.seen import Seen

QUERY: Final = "/zrsign.receiver.Query/"
KEY_BY_ID: Final = "/zrchain.treasury.Query/KeyByID"
AT_ONCE: Final = 16
"""Requests that are looked for at the same time."""


Place = tuple[str, int]
"""A request: of which kind, and its id."""
SIGNATURE, KEY = "signature", "key"


@dataclass(frozen=True)
class _Shown:
    """A signature request without a parent, as the ledger shows it."""

    root: treasury.SignReqResponse
    key: treasury.KeyResponse
    unsigned: bytes
    """The transaction that it is for, if it is for one."""


def _shown(work: operators.QueryWorkResponse) -> Iterator[_Shown]:
    parents = {each.id: each for each in work.roots}
    keys = {key.id: key for key in work.signing_keys}
    unsigned = {each.sign_request_id: each.unsigned_transaction for each in work.transactions}
    for leaf in work.signatures:
        root = parents.get(leaf.parent_req_id, leaf)
        key = keys.get(next(iter(root.key_ids), 0), treasury.KeyResponse())
        yield _Shown(root, key, unsigned.get(root.id, b""))


class Sources:
    """Remembers what it saw of a request while that is open."""

    def __init__(
        self,
        ledger: LedgerClient,
        chains: Mapping[str, Receipts],
        kept: Kept,
        fee_caps: Mapping[str, str],
        held: Callable[[int], bytes],
    ) -> None:
        """`chains` by CAIP-2; `held` is the public key of a key that is no child of a root."""
        self._ledger, self._chains, self._kept = ledger, chains, kept
        self._fee_caps, self._held = fee_caps, held
        self._judged: dict[Place, str] = {}
        """What is settled of requests: why one is refused; an empty text: it is not."""
        self._waiting: dict[Place, str] = {}
        """What is not there yet, and why."""
        self._free = asyncio.Semaphore(AT_ONCE)
        self._log = get_logger()

    async def look(self, work: operators.QueryWorkResponse, settings: KeyringSettings) -> Seen:
        """Look for the events of all open requests. Raises ClientError, StoreUnusable."""
        looks: dict[Place, Callable[[], Awaitable[None]]] = {
            (SIGNATURE, each.root.id): partial(self._signature, each, settings)
            for each in _shown(work)
        }
        looks |= {(KEY, each.id): partial(self._key, each) for each in work.keys}
        self._judged = {place: why for place, why in self._judged.items() if place in looks}
        self._waiting = {place: why for place, why in self._waiting.items() if place in looks}
        open_now = [each for each in looks.items() if each[0] not in self._judged]
        await asyncio.gather(*(self._judge(*each) for each in open_now))
        refused = {place: why for place, why in self._judged.items() if why}
        return Seen(
            {i: why for (kind, i), why in refused.items() if kind == SIGNATURE},
            frozenset(i for kind, i in self._waiting if kind == SIGNATURE),
            frozenset(i for kind, i in (*self._waiting, *refused) if kind == KEY),
        )

    async def _judge(self, place: Place, look: Callable[[], Awaitable[None]]) -> None:
        try:
            async with self._free:
                await look()
        except NotSeen as error:
            if self._waiting.get(place) != str(error):
                self._log.info("event_not_seen", kind=place[0], request=place[1], why=str(error))
            self._waiting[place] = str(error)
            return
        except NotApproved as error:
            self._log.warning("not_asked", kind=place[0], request=place[1], why=str(error))
            self._judged[place] = str(error)
        else:
            self._judged[place] = ""
        self._waiting.pop(place, None)

    async def _key(self, key: treasury.KeyReqResponse) -> None:
        """Raises NotSeen, NotApproved, ClientError."""
        if key.creator.startswith(f"{ACCOUNT_PREFIX}1"):
            # Whoever asked for it on the ledger itself gets a key that no event can use.
            self._kept.require_serves(key.id, NOBODY)
            return
        asks = receiver.QueryRequestByKeyRequestRequest(key_request_id=key.id)
        try:
            request = await self._asks("RequestByKeyRequest", asks)
        except ObjectNotFound:
            # Which requests wait is a list, and a node may leave things out of lists.
            raise NotSeen("the ledger's node shows no contract's request that waits") from None
        if request.event.WhichOneof("ask") != "key":
            raise NotApproved("not_asked: the event asks for no key")
        await self._require(request.event)
        self._kept.require_serves(key.id, asked.wallet(request.event))

    async def _signature(self, shown: _Shown, settings: KeyringSettings) -> None:
        """Raises NotSeen, NotApproved, ClientError."""
        asks = receiver.QueryRequestBySignRequestRequest(sign_request_id=shown.root.id)
        try:
            request = await self._asks("RequestBySignRequest", asks)
        except ObjectNotFound:
            raise NotApproved("not_asked: no contract's request wants this signature") from None
        await self._require(request.event)
        key_ids = {*shown.root.key_ids}
        if len(key_ids) != 1 or shown.key.id not in key_ids:
            raise NotApproved("not_asked: a contract's request is signed by one key")
        if request.authority_sign_request_id == shown.root.id:
            digest = await self._answer(request, settings)
            self._kept.require_answers(shown.key.id, asked.contract(request.event.id))
            wanted: Sequence[bytes] = [digest]
        else:
            self._kept.require_serves(shown.key.id, asked.wallet(request.event))
            wanted = self._items(request, shown.unsigned, shown.key.public_key)
        if list(shown.root.data_for_signing) != list(wanted):
            raise NotApproved("not_asked: what is to be signed does not follow from the event")

    async def _answer(self, request: receiver.Request, settings: KeyringSettings) -> bytes:
        """What the contract may be told: the wallet's address, or what its key was to sign."""
        by_id = treasury.QueryKeyByIDRequest(id=request.key_id)
        found = await self._ledger.query(KEY_BY_ID, by_id, treasury.QueryKeyByIDResponse)
        wallet = Wallet(
            found.key.id,
            found.key.type,
            found.key.workspace_addr,
            found.key.index,
            public_key=found.key.public_key,
        )
        mine = self._held(wallet.key_id) == wallet.public_key
        if not mine and not is_child(wallet, settings.roots.values(), settings.keyring):
            raise NotApproved(f"not_asked: the keyring has no such key {wallet.key_id}")
        self._kept.require_serves(wallet.key_id, asked.wallet(request.event))
        if request.event.WhichOneof("ask") == "sign":
            self._items(request, request.unsigned_transaction, wallet.public_key)
        return asked.answer_digest(request, wallet.public_key)

    def _items(
        self, request: receiver.Request, unsigned: bytes, public_key: bytes
    ) -> Sequence[bytes]:
        found = asked.items(request, unsigned, public_key, self._fee_caps)
        if request.event.sign.kind == receiver.REQUEST_KIND_SIMPLE_TX:
            event = sha256(request.event.id.SerializeToString(deterministic=True)).digest()
            first = self._kept.composed(event, unsigned)
            asked.require_takes_place(request, first, unsigned)
        return found

    async def _require(self, event: receiver.SourceEvent) -> None:
        chain = self._chains.get(event.id.chain)
        if chain is None:
            raise NotApproved(f"not_asked: {event.id.chain} is no chain of my settings")
        await chain.require(event)

    async def _asks(self, method: str, request: Message) -> receiver.Request:
        answer = await self._ledger.query(QUERY + method, request, receiver.QueryRequestResponse)
        return answer.request
