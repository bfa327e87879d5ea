"""Root keys: made by the operators, and active once enough of them hold the same one.

A key request is stamped with the root that it is to be a child of. Every operator derives the child
from that stamp, the root's public key and chain code, and what the ledger says about the request,
so a wallet needs no protocol and no store of its own.

When a root may be used. t members sign, n are in the group, f = n - t. Up to f members are against
the network: they lie about what they hold, or are away for good. A root must keep t honest holders
whatever those f do, among them whoever proposed it. Of h members that reported the same root at
most f do not hold it or will not sign, so at least h - f honest ones hold it; h - f >= t means
h >= t + f = n. Nothing below n is enough: were h = n - 1, the f against us could all be among the
h, and n - 1 - f = t - 1 honest holders cannot sign. So all n must have reported it.

A setting of the group, `absent` = a <= f, gives up some of that: PATIENCE_MS after the first report
n - a reports do. Then n - a - m >= t honest members hold it as long as at most m = f - a of those
that reported are against us. Who was away is dealt a share when it comes back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from zrchain_lite.errors import InvalidArgument, NotFound
from zrchain_lite.module import Context
from zrchain_lite.modules.operators import groups, state
from zrchain_lite.modules.operators.errors import RootTaken
from zrchain_lite.modules.treasury import wallets
from zrchain_lite.modules.treasury.key_requests import public_key_problem
from zrchain_lite.store.kv import KVStore
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrchain.treasury.treasury_pb2 import KeyRequest, KeyType
from zrchain_lite.wire.zrsign.operators.operators_pb2 import (
    Group,
    KeyEpoch,
    MsgReportKeyEpoch,
    Origin,
    Root,
)

FIRST_ID = 1 << 62
"""Roots are numbered above all keys."""
PATIENCE_MS = 10_000
"""Milliseconds of block time after the first report from which absent members are done without."""
CHAIN_CODE_BYTES = 32
SCHEMES = (wallets.ECDSA, wallets.EDDSA, wallets.TAPROOT)
"""One line of roots for each way to sign: no root signs in two ways."""


def root_id(key_type: KeyType, number: int) -> int:
    """The id of the root with this number; keys of type BITCOIN are children of ECDSA's."""
    scheme = wallets.ECDSA if key_type == wallets.BITCOIN else key_type
    return FIRST_ID + (int(scheme) << 32) + number


def _scheme(id_: int) -> KeyType:
    return cast("KeyType", (id_ - FIRST_ID) >> 32)


def active(store: KVStore, keyring: str, key_type: KeyType) -> list[Root]:
    """The roots of a keyring that children of this type may be of, by number."""
    found: list[Root] = []
    while root := state.ROOTS.get(store, (keyring, root_id(key_type, len(found) + 1))):
        found.append(root)
    return found


def stamp(ctx: Context, request: KeyRequest, own_key: bool) -> None:
    """Note which root a new key request is a child of, if any; it is the same for good."""
    group = groups.current(ctx.store, request.keyring_addr)
    if group is None or not group.roots or own_key:
        return
    ready = len(active(ctx.store, request.keyring_addr, request.key_type))
    number = 1 + request.id % max(1, min(ready, group.roots))
    origin = Origin(key_id=request.id, root=root_id(request.key_type, number))
    state.ORIGINS.set(ctx.store, request.id, origin)


# Reports


def require_terms(ctx: Context, msg: MsgReportKeyEpoch) -> None:
    """Raises NotFound for what is no root or not wanted, InvalidArgument, RootTaken."""
    if msg.key_id not in {root.id for root in shown(ctx.store, msg.keyring)}:
        raise NotFound(f"keyring {msg.keyring} wants no root {msg.key_id}")
    if len(msg.chain_code) != CHAIN_CODE_BYTES:
        raise InvalidArgument(
            f"a chain code has {CHAIN_CODE_BYTES} bytes, not {len(msg.chain_code)}"
        )
    problem = public_key_problem(_scheme(msg.key_id), msg.public_key)
    if problem is not None:
        raise InvalidArgument(problem)
    root = state.ROOTS.get(ctx.store, (msg.keyring, msg.key_id))
    if root is not None and not same(root, msg):
        raise RootTaken(
            f"root {msg.key_id} of keyring {msg.keyring} is {root.public_key.hex()}, "
            f"not {msg.public_key.hex()}"
        )


def is_root(key_id: int) -> bool:
    """Whether an id is one that roots have."""
    return key_id >= FIRST_ID


def settle(ctx: Context, msg: MsgReportKeyEpoch) -> None:
    """Make a root active if enough members of the group have reported this one by now."""
    group = groups.current(ctx.store, msg.keyring)
    if group is None or state.ROOTS.has(ctx.store, (msg.keyring, msg.key_id)):
        return
    equal = [each for each in _reports(ctx.store, msg.keyring, msg.key_id) if same(each, msg)]
    since = min((each.since_ms for each in equal), default=ctx.time_ms)
    absent = group.absent if ctx.time_ms - since >= PATIENCE_MS else 0
    if len(equal) < len(group.members) - absent:
        return
    root = Root(
        id=msg.key_id, public_key=msg.public_key, chain_code=msg.chain_code, height=ctx.height
    )
    state.ROOTS.set(ctx.store, (msg.keyring, msg.key_id), root)
    state.change(ctx.store, msg.keyring, state.keyring_state(ctx.store, msg.keyring))
    ctx.emit("operator_root_active", keyring_addr=msg.keyring, root=msg.key_id, holders=len(equal))


def _reports(store: KVStore, keyring: str, key_id: int) -> list[KeyEpoch]:
    """What members of the current group say about a key."""
    group = groups.current(store, keyring) or Group()
    parties = {member.party for member in group.members}
    said = state.EPOCHS.values(store, under=(keyring, key_id))
    return [each for each in said if each.party in parties]


def same(one: Root | KeyEpoch, other: Root | KeyEpoch | MsgReportKeyEpoch) -> bool:
    """Whether both are about the same root key; of keys that are no roots it says nothing."""
    return (one.public_key, one.chain_code) == (other.public_key, other.chain_code)


# Shown


def shown(store: KVStore, keyring: str) -> Iterator[Root]:
    """The active roots and the places of those that are wanted next: `roots` and one to spare."""
    group = groups.current(store, keyring)
    if group is None:
        return
    for scheme in SCHEMES:
        ready = active(store, keyring, scheme)
        wanted = group.roots + 1 if group.roots else 0
        places = [
            *ready,
            *([Root(id=root_id(scheme, len(ready) + 1))] if len(ready) < wanted else ()),
        ]
        for number, root in enumerate(places, 1):
            yield _described(store, keyring, root, scheme, number)


def _described(store: KVStore, keyring: str, root: Root, scheme: KeyType, number: int) -> Root:
    reports = _reports(store, keyring, root.id)
    root.key_type, root.number = treasury.KeyType.Name(scheme), number
    if root.height:
        root.holders = sum(same(root, each) for each in reports)
    else:
        root.reports.extend(reports)
        root.holders = max((sum(same(a, b) for b in reports) for a in reports), default=0)
    return root


def reports_of(ctx: Context, request: KeyRequest) -> list[KeyEpoch]:
    """Which members hold the key that a request without a root asks for."""
    return _reports(ctx.store, request.keyring_addr, request.id)
