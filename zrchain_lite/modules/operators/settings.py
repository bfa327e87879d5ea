"""What administrators order beside groups: new shares, admitted builds, pardons."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from zrchain_lite.errors import Conflict, InvalidArgument, NotFound
from zrchain_lite.module import Context
from zrchain_lite.modules.operators import roots, state
from zrchain_lite.modules.operators.groups import MAX_GROUPS
from zrchain_lite.store.kv import KVStore
from zrchain_lite.wire.zrsign.operators import operators_pb2 as wire
from zrchain_lite.wire.zrsign.operators.operators_pb2 import Measurement, Member, Pardon

MAX_MEASUREMENTS = 64
MAX_KIND = 64
MAX_VALUE = 128


def order_refresh(ctx: Context, keyring: str) -> int:
    """The number of the refresh. Raises Conflict while nobody holds keys."""
    standing = state.keyring_state(ctx.store, keyring)
    if not standing.group_number:
        raise Conflict(f"keyring {keyring} has no group whose shares could be new; set one first")
    standing.refresh_number += 1
    state.change(ctx.store, keyring, standing)
    ctx.emit("operator_refresh_ordered", keyring_addr=keyring, refresh=standing.refresh_number)
    return standing.refresh_number


def set_measurements(ctx: Context, keyring: str, measurements: Sequence[Measurement]) -> None:
    """Replace the allow-list; the same again changes nothing. Raises InvalidArgument."""
    wanted = _checked(measurements)
    standing = state.keyring_state(ctx.store, keyring)
    if list(standing.measurements) == wanted:
        return
    del standing.measurements[:]
    standing.measurements.extend(wanted)
    state.change(ctx.store, keyring, standing)
    ctx.emit("operator_measurements_set", keyring_addr=keyring, measurements=len(wanted))


def pardon(ctx: Context, keyring: str, index: int) -> int:
    """Forget the reports about a member; how often it was pardoned. Raises NotFound."""
    require_member(ctx.store, keyring, index)
    forgotten = state.FAULTS_BY_CULPRIT.members(ctx.store, (keyring, index))
    for fault_id in forgotten:
        fault = state.FAULTS.get(ctx.store, fault_id)
        if fault is not None:
            state.delete_fault(ctx.store, fault)
    record = state.PARDONS.get(ctx.store, (keyring, index)) or Pardon(index=index)
    record.count += 1
    state.PARDONS.set(ctx.store, (keyring, index), record)
    state.change(ctx.store, keyring, state.keyring_state(ctx.store, keyring))
    ctx.emit(
        "operator_pardoned",
        keyring_addr=keyring,
        index=index,
        pardons=record.count,
        faults=len(forgotten),
    )
    return record.count


def require_member(store: KVStore, keyring: str, index: int) -> Member:
    """Somebody who is or was a member; raises NotFound."""
    found = state.ROSTER.get(store, (keyring, index))
    if found is None:
        raise NotFound(f"no group of keyring {keyring} names a member {index}")
    return found


def settings(store: KVStore, keyring: str) -> wire.QuerySettingsResponse:
    """All that operators must know about their keyring."""
    standing = state.keyring_state(store, keyring)
    first = max(1, standing.group_number - MAX_GROUPS + 1)
    groups = (
        state.GROUPS.get(store, (keyring, number))
        for number in range(first, standing.group_number + 1)
    )
    return wire.QuerySettingsResponse(
        keyring=keyring,
        groups=[group for group in groups if group is not None],
        refresh_number=standing.refresh_number,
        measurements=standing.measurements,
        pardons=state.PARDONS.values(store, under=(keyring,)),
        settings_version=standing.settings_version,
        roots=roots.shown(store, keyring),
    )


def _checked(measurements: Sequence[Measurement]) -> list[Measurement]:
    """The measurements ordered by kind and value; raises InvalidArgument."""
    if len(measurements) > MAX_MEASUREMENTS:
        raise InvalidArgument(
            f"at most {MAX_MEASUREMENTS} measurements are admitted, not {len(measurements)}"
        )
    for each in measurements:
        if not 1 <= len(each.kind.encode()) <= MAX_KIND:
            raise InvalidArgument(
                f"measurement kind {each.kind[:80]!r} does not have 1 to {MAX_KIND} bytes"
            )
        if not 1 <= len(each.value) <= MAX_VALUE:
            raise InvalidArgument(
                f"a measurement has 1 to {MAX_VALUE} bytes, that of {each.kind} {len(each.value)}"
            )
    ordered = sorted(measurements, key=lambda each: (each.kind, each.value))
    for one, next_ in pairwise(ordered):
        if one == next_:
            raise InvalidArgument(f"measurement {one.kind} {one.value.hex()} is named twice")
    return ordered
