"""Events that a reorganisation took from the chain, and how they are known again. Pure.

The same transaction may be in another block afterwards, and its logs at other places: an orphan is
known by its transaction and by what it says. What the ledger has already stays as it was reported;
what it does not have is reported from its new place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_daemon.events.decode import Observation

CONTESTED = (
    "Before a reorganisation another event was at this place in the transaction, and the ledger "
    "has that one."
)


@dataclass(frozen=True)
class Known:
    """A log that is stored, by its transaction and its place in the block."""

    tx_hash: bytes
    log_index: int


@dataclass(frozen=True)
class Orphan(Known):
    """A stored event whose block is gone. `event` is a serialized zrsign.receiver.SourceEvent.

    `reported`: the ledger has it, or may have it because its report was sent.
    """

    row: int
    event: bytes
    reported: bool
    returned_at: int | None


@dataclass(frozen=True)
class Sorted:
    """What a scan's logs are to the store."""

    fresh: tuple[Observation, ...] = ()
    returned: tuple[tuple[Orphan, Observation], ...] = ()
    """Orphans that the ledger has, each with the place where it came back."""
    replaced: tuple[Orphan, ...] = ()
    """Orphans that the ledger does not have; they are among `fresh` again, or gone for good."""


def sort(observations: Iterable[Observation], known: Sequence[Known]) -> Sorted:
    """Tell apart what is new, what is stored, and what came back.

    `known` is all that is stored of the observations' transactions, in the order of their logs.
    """
    orphans = [each for each in known if isinstance(each, Orphan)]
    stored = {(k.tx_hash, k.log_index) for k in known if not isinstance(k, Orphan)}
    stored |= {(o.tx_hash, o.returned_at) for o in orphans if o.returned_at is not None}
    away = [orphan for orphan in orphans if orphan.returned_at is None]
    waiting: dict[tuple[bytes, bytes], list[Orphan]] = defaultdict(list)
    for orphan in away:
        if orphan.reported:
            waiting[orphan.tx_hash, _content(orphan.event)].append(orphan)
    held = {(o.tx_hash, o.log_index) for o in orphans if o.reported}
    fresh, returned, seen = [], [], set()
    for observation in observations:
        seen.add(observation.log.tx_hash)
        if observation.key in stored:
            continue
        event = observation.event
        if event is not None and orphans:
            content = _content(event.SerializeToString(deterministic=True))
            if same := waiting[observation.log.tx_hash, content]:
                returned.append((same.pop(0), observation))
                continue
            if observation.key in held:
                fresh.append(replace(observation, event=None, fault=CONTESTED))
                continue
        fresh.append(observation)
    replaced = [o for o in away if not o.reported and o.tx_hash in seen]
    return Sorted(tuple(fresh), tuple(returned), tuple(replaced))


def _content(event: bytes) -> bytes:
    """What the event says, without where it is and what its owner was found to be."""
    said = receiver.SourceEvent.FromString(event)
    for field in ("block_number", "block_hash", "owner_is_contract"):
        said.ClearField(field)
    said.id.ClearField("log_index")
    return said.SerializeToString(deterministic=True)
