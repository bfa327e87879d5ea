"""The groups of a keyring: who holds its keys, and how many of them sign.

An index means one party and one identity in all groups, so that shares, evidence and epochs name
their operator for good. Certificates, endpoints and the numbers of roots and of members that may be
absent may change; a change of the members, the threshold or the level is the next group, and an
order to reshare.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.module import Context
from zrchain_lite.modules.identity.addresses import require_account
from zrchain_lite.modules.operators import state
from zrchain_lite.modules.operators.errors import IndexTaken
from zrchain_lite.store.kv import KVStore
from zrchain_lite.wire.zrchain.identity.identity_pb2 import Keyring
from zrchain_lite.wire.zrsign.operators.operators_pb2 import Group, Member, MsgSetGroup

LEVELS = ("PAILLIER_2048", "PAILLIER_3072")
MIN_THRESHOLD = 2
MAX_MEMBERS = 32
MAX_INDEX = 65_535
IDENTITY_BYTES = 32
MAX_CERTIFICATE = 4096
# The roster outlives them.
MAX_GROUPS = 128
MAX_ROOTS = 16

_ENDPOINT = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):([1-9][0-9]{0,4})")


def current(store: KVStore, keyring: str) -> Group | None:
    """The keyring's group of today, None before its first."""
    return state.GROUPS.get(store, (keyring, state.keyring_state(store, keyring).group_number))


def set_group(ctx: Context, keyring: Keyring, msg: MsgSetGroup) -> int:
    """Update the current group or begin the next; its number. The same again changes nothing.

    Raises InvalidArgument, or IndexTaken when an index or identity already means somebody else.
    """
    members = sorted(msg.members, key=lambda member: member.index)
    _require_terms(msg, len(members))
    for member in members:
        _require_member(keyring, member)
    _require_distinct(members)
    for member in members:
        _require_same_operator(ctx.store, keyring.address, member)
    wanted = Group(
        threshold=msg.threshold,
        level=msg.level,
        members=members,
        roots=msg.roots,
        absent=msg.absent,
    )
    before = current(ctx.store, keyring.address)
    if before is None or _shape(before) != _shape(wanted):
        return _begin(ctx, keyring.address, wanted)
    wanted.number, wanted.height = before.number, before.height
    if before != wanted:
        _update(ctx, keyring.address, wanted)
    return before.number


def _begin(ctx: Context, keyring: str, group: Group) -> int:
    standing = state.keyring_state(ctx.store, keyring)
    standing.group_number += 1
    group.number, group.height = standing.group_number, ctx.height
    state.GROUPS.set(ctx.store, (keyring, group.number), group)
    if group.number > MAX_GROUPS:
        state.GROUPS.delete(ctx.store, (keyring, group.number - MAX_GROUPS))
    for member in group.members:
        _enrol(ctx.store, keyring, member)
    state.change(ctx.store, keyring, standing)
    ctx.emit(
        "operator_group_set",
        keyring_addr=keyring,
        group=group.number,
        threshold=group.threshold,
        members=len(group.members),
    )
    return group.number


def _update(ctx: Context, keyring: str, wanted: Group) -> None:
    state.GROUPS.set(ctx.store, (keyring, wanted.number), wanted)
    state.change(ctx.store, keyring, state.keyring_state(ctx.store, keyring))
    ctx.emit("operator_group_updated", keyring_addr=keyring, group=wanted.number)


def _enrol(store: KVStore, keyring: str, member: Member) -> None:
    kept = Member(index=member.index, party=member.party, identity_key=member.identity_key)
    state.ROSTER.set(store, (keyring, member.index), kept)
    state.INDEX_OF_IDENTITY.add(store, (keyring, member.identity_key), member.index)
    state.INDICES_OF_PARTY.add(store, (keyring, member.party), member.index)


def _shape(group: Group) -> tuple[int, str, list[int]]:
    """What makes it another group when it differs."""
    return group.threshold, group.level, [member.index for member in group.members]


# What a group may be


def _require_terms(msg: MsgSetGroup, count: int) -> None:
    if not MIN_THRESHOLD <= msg.threshold <= count <= MAX_MEMBERS:
        raise InvalidArgument(
            f"{msg.threshold} of {count} members cannot be a group; it has at most {MAX_MEMBERS} "
            f"members and a threshold from {MIN_THRESHOLD} up to their number"
        )
    if msg.roots > MAX_ROOTS:
        raise InvalidArgument(f"a group has up to {MAX_ROOTS} roots a key type, not {msg.roots}")
    if msg.absent > count - msg.threshold:
        raise InvalidArgument(
            f"a key of {msg.threshold} of {count} is made with at most {count - msg.threshold} "
            f"members absent, not {msg.absent}"
        )
    if msg.level not in LEVELS:
        raise InvalidArgument(f"level {msg.level[:50]!r} is none of {', '.join(LEVELS)}")


def _require_member(keyring: Keyring, member: Member) -> None:
    index = member.index
    if not 1 <= index <= MAX_INDEX:
        raise InvalidArgument(f"index {index} is not within 1 and {MAX_INDEX}")
    if require_account(member.party) not in keyring.parties:
        raise InvalidArgument(
            f"member {index}: {member.party} is no party of keyring {keyring.address}; add it first"
        )
    if len(member.identity_key) != IDENTITY_BYTES:
        raise InvalidArgument(
            f"member {index}: an identity key has {IDENTITY_BYTES} bytes, "
            f"not {len(member.identity_key)}"
        )
    if not 1 <= len(member.tls_certificate) <= MAX_CERTIFICATE:
        raise InvalidArgument(
            f"member {index}: a certificate has 1 to {MAX_CERTIFICATE} bytes, "
            f"not {len(member.tls_certificate)}"
        )
    endpoint = _ENDPOINT.fullmatch(member.endpoint)
    if endpoint is None or int(endpoint[1]) > 65_535:
        raise InvalidArgument(f"member {index}: endpoint {member.endpoint[:80]!r} is no host:port")


def _require_distinct(members: Sequence[Member]) -> None:
    """What tells members apart differs; raises InvalidArgument."""
    facets: tuple[tuple[str, Callable[[Member], Hashable]], ...] = (
        ("index", lambda member: member.index),
        ("party", lambda member: member.party),
        ("identity key", lambda member: member.identity_key),
        ("certificate", lambda member: member.tls_certificate),
        ("endpoint", lambda member: member.endpoint),
    )
    for name, facet in facets:
        twice = _repeated((member.index, facet(member)) for member in members)
        if twice is not None:
            raise InvalidArgument(f"members {twice[0]} and {twice[1]} have the same {name}")


def _repeated(pairs: Iterable[tuple[int, Hashable]]) -> tuple[int, int] | None:
    """Indices of the first two members with the same value."""
    seen: dict[Hashable, int] = {}
    for index, value in pairs:
        if value in seen:
            return seen[value], index
        seen[value] = index
    return None


def _require_same_operator(store: KVStore, keyring: str, member: Member) -> None:
    """Raises IndexTaken when the index or the identity already means somebody else."""
    known = state.ROSTER.get(store, (keyring, member.index))
    if known is not None and (known.party, known.identity_key) != (
        member.party,
        member.identity_key,
    ):
        raise IndexTaken(
            f"index {member.index} is {known.party} with identity {known.identity_key.hex()} "
            "in an earlier group; give another operator a new index"
        )
    for index in state.INDEX_OF_IDENTITY.members(store, (keyring, member.identity_key)):
        if index != member.index:
            raise IndexTaken(
                f"identity {member.identity_key.hex()} is member {index} already, "
                f"it cannot be {member.index} too"
            )
