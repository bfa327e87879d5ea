"""Where the room keeps things: one map a concept, and the indexes that make every query a short
walk.

    request          id -> Request         owner, status, owner+status, source tx -> ids
    content          content hash -> SourceEvent
    step             (request id, number) -> Step
    observation      source id -> Observation
    trace            (chain, contract, trace id) -> request id
    source, params
    parent, child    owner (, coin type) -> workspace
    slot, wallet     (owner, coin type, index) -> key
    waiting          key request -> request ids
    link             treasury sign request -> request
    outgoing         sign-transaction request -> Outgoing, with an index of the open ones
    composable       namespace -> ids
    composing        last height -> ids, and observing, of those that too few observers reported
    link action      policy action -> request, and request -> its actions that wait

A request is written at every turn of its road, so what is large and settled (event, composed
transaction, steps) lies beside it and is put back when it is read.
"""

from __future__ import annotations

from collections.abc import Iterator

from zrchain_lite.errors import NotFound
from zrchain_lite.module import Context
from zrchain_lite.modules.policy.deadlines import Deadlines
from zrchain_lite.store.collections import Counter, Index, Key, StoredMap, encode_key
from zrchain_lite.store.kv import KVStore
from zrchain_lite.store.pagination import loaded_page, page_of_store
from zrchain_lite.store.views import Rows, View
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageRequest, PageResponse
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrchain_lite.wire.zrsign.receiver import state_pb2 as kept

SINGLETON = b"-"
MAX_STEPS = 64
# When there are more, the oldest after these are dropped: how it began and how it stands both stay.
FIRST_STEPS_KEPT = 16


DEFAULT_MAX_KEYRING_FEE = 1_000_000_000
"""The most that a contract's request pays for a key or its signatures unless the parameters say,
in urock."""


def max_keyring_fee(params: pb.Params) -> int:
    """The most that one request of a contract pays as keyring fee, in urock; never 0."""
    return params.max_keyring_fee or DEFAULT_MAX_KEYRING_FEE


class ReceiverState:
    """The room's collections. Only `save` writes requests, so indexes cannot drift from them."""

    def __init__(self) -> None:
        self.request_ids = Counter("receiver/requests")
        self._requests = StoredMap("receiver/request", pb.Request)
        self._requests_by = Index("receiver/requests_by")
        self._contents = StoredMap("receiver/content", pb.SourceEvent)
        self._composed = StoredMap("receiver/composed", kept.Blob)
        self._steps = StoredMap("receiver/step", pb.Step)
        self.observations = StoredMap("receiver/observation", kept.Observation)
        self.traces = StoredMap("receiver/trace", kept.Id)
        self.sources = StoredMap("receiver/source", pb.Source)
        self._params = StoredMap("receiver/params", pb.Params)
        self.parents = StoredMap("receiver/parent", kept.Text)
        self.children = StoredMap("receiver/child", kept.Text)
        self.slots = StoredMap("receiver/slot", kept.WalletSlot)
        self.wallets = StoredMap("receiver/wallet", pb.Wallet)
        self.waiting = Index("receiver/waiting")
        self.links = StoredMap("receiver/link", kept.SignatureLink)
        self.outgoing = StoredMap("receiver/outgoing", pb.Outgoing)
        self.open_outgoing = Index("receiver/open_outgoing")
        self.composable = Index("receiver/composable")
        self.composing = Deadlines("receiver/composing")
        self.observing = Deadlines("receiver/observing")
        self.link_actions = StoredMap("receiver/link_action", kept.Id)
        self.linking = Index("receiver/linking")

    def params(self, store: KVStore) -> pb.Params:
        """The receiver's parameters, empty before the first are set."""
        return self._params.get(store, SINGLETON) or pb.Params()

    def set_params(self, store: KVStore, params: pb.Params) -> None:
        """Replace the parameters."""
        self._params.set(store, SINGLETON, params)

    def source(self, store: KVStore, chain: str, contract: str) -> pb.Source:
        """An admitted contract by its chain and address; raises NotFound."""
        found = self.sources.get(store, (chain, contract))
        if found is None:
            raise NotFound(
                f"contract {contract} on {chain} is not a registered source: "
                "MsgRegisterSource adds it"
            )
        return found

    # Requests

    def request(self, store: KVStore, request_id: int, *, with_steps: bool = False) -> pb.Request:
        """The request with its event and transaction; its steps only when asked for."""
        request = self._requests.get(store, request_id)
        if request is None:
            last = self.request_ids.current(store)
            known = f"ids run from 1 to {last}" if last else "there is none yet"
            raise NotFound(f"no request {request_id}: {known}")
        if request.content_hash:
            event = self._contents.get(store, request.content_hash)
            assert event is not None  # noqa: S101 -- kept before the hash was accepted
            request.event.CopyFrom(event)
        request.unsigned_transaction = self._transaction(store, request)
        if request.HasField("answer"):
            request.answer.meta_data = request.unsigned_transaction
        if with_steps:
            prefix = self._steps.prefix + encode_key((request_id,))
            request.steps.extend(pb.Step.FromString(raw) for _, raw in store.iterate(prefix))
        return request

    def save(self, store: KVStore, request: pb.Request) -> None:
        """Write the request and bring its index entries up to date. Steps are left alone."""
        before = self._requests.get(store, request.id)
        old = set(groups(before)) if before is not None else set()
        new = set(groups(request))
        for group in sorted(old - new, key=encode_key):
            self._requests_by.remove(store, group, request.id)
        for group in sorted(new - old, key=encode_key):
            self._requests_by.add(store, group, request.id)
        body = pb.Request()
        body.CopyFrom(request)
        body.event.Clear()
        body.event.id.CopyFrom(request.event.id)
        body.ClearField("steps")
        body.ClearField("unsigned_transaction")
        if body.HasField("answer"):
            body.answer.ClearField("meta_data")
        self._requests.set(store, request.id, body)

    def add_step(self, store: KVStore, request: pb.Request, step: pb.Step) -> None:
        """Give the step its number and keep it, without the request itself."""
        request.step_count += 1
        step.number = request.step_count
        self._steps.set(store, (request.id, step.number), step)
        dropped = step.number - (MAX_STEPS - FIRST_STEPS_KEPT)
        if dropped > FIRST_STEPS_KEPT:
            self._steps.delete(store, (request.id, dropped))

    def keep_content(self, store: KVStore, content_hash: bytes, event: pb.SourceEvent) -> None:
        """Keep what observers agreed on, under the hash for which they voted."""
        self._contents.set(store, content_hash, event)

    def keep_composed(self, store: KVStore, request: pb.Request) -> None:
        """Keep a simple transaction's composed transaction."""
        self._composed.set(store, request.id, kept.Blob(value=request.unsigned_transaction))

    def requests_page(
        self, ctx: Context, group: Key, page: PageRequest
    ) -> tuple[list[pb.Request], PageResponse]:
        """One page of the requests of an index group."""
        ids, response = ids_page(ctx, self._requests_by, group, page)
        store = ctx.store
        requests = loaded_page(ids, lambda id_: self.request(store, id_, with_steps=True), response)
        return requests, response

    def views(self) -> tuple[View, ...]:
        """How many ids are in each group of the indexes that are asked for in pages."""
        paged = (self._requests_by, self.composable, self.open_outgoing)
        return tuple(
            View(_LENGTHS.name, index.prefix, _group_rows(index.prefix), listed=False)
            for index in paged
        )

    def _transaction(self, store: KVStore, request: pb.Request) -> bytes:
        if request.kind == pb.REQUEST_KIND_TX:
            return request.event.sign.payload
        if request.kind == pb.REQUEST_KIND_SIMPLE_TX:
            composed = self._composed.get(store, request.id)
            return composed.value if composed is not None else b""
        return b""

    # Composition, wallets and workspaces

    def add_composable(self, store: KVStore, request: pb.Request) -> None:
        """List a request to compose, under its destination's namespace and among all."""
        self.composable.add(store, request.destination.partition(":")[0], request.id)
        self.composable.add(store, SINGLETON, request.id)

    def remove_composable(self, store: KVStore, request: pb.Request) -> None:
        """Take a request off the lists of those to compose."""
        self.composable.remove(store, request.destination.partition(":")[0], request.id)
        self.composable.remove(store, SINGLETON, request.id)

    def wallets_of(self, store: KVStore, owner_id: str) -> Iterator[pb.Wallet]:
        """Every wallet of an owner in order of coin type and index."""
        for _, raw in store.iterate(self.wallets.prefix + encode_key((owner_id,))):
            yield pb.Wallet.FromString(raw)

    def children_of(self, store: KVStore, owner_id: str) -> Iterator[str]:
        """Addresses of an owner's child workspaces, in order of coin type."""
        for _, raw in store.iterate(self.children.prefix + encode_key((owner_id,))):
            yield kept.Text.FromString(raw).value


_LENGTHS = View("receiver", b"", lambda *_: (), listed=False)


def ids_page(
    ctx: Context, index: Index, group: Key, page: PageRequest
) -> tuple[list[int], PageResponse]:
    """One page of a group's ids; it starts where its key says, so the tenth page costs what the
    first does.
    """
    prefix = index.prefix + encode_key(group if isinstance(group, tuple) else (group,))
    pairs, response = page_of_store(
        ctx.store, prefix, page, total=lambda: _LENGTHS.count(ctx.views, prefix)
    )
    return [int.from_bytes(key[len(prefix) :], "big") for key, _ in pairs], response


def _group_rows(prefix: bytes) -> Rows:
    return lambda _read, key, _value: ((prefix + key[:-8], key[-8:]),)


def source_key(source: pb.SourceId) -> Key:
    """The key of an event: chain, contract, transaction hash and log index."""
    return (source.chain, source.contract, source.tx_hash, source.log_index)


def group_of(*, owner: str = "", status: int = 0, tx_hash: bytes = b"") -> Key:
    """The index group of requests with these properties; a source transaction's group is not
    divided further.
    """
    if tx_hash:
        return ("tx", tx_hash)
    if owner and status:
        return ("owner+status", owner, status)
    if owner:
        return ("owner", owner)
    if status:
        return ("status", status)
    return ("all",)


def groups(request: pb.Request) -> Iterator[Key]:
    """Every index group that the request is in."""
    yield group_of()
    yield group_of(status=request.status)
    yield group_of(tx_hash=request.event.id.tx_hash)
    if request.owner_id:
        yield group_of(owner=request.owner_id)
        yield group_of(owner=request.owner_id, status=request.status)
