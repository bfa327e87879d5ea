"""The life of one outgoing transaction, as a pure state machine.

    BUILDING ──built──▶ INCLUSION ──in a block──▶ FINALITY ──deep enough──▶ DONE
        ▲                 │     ▲                    │
        └──nonce lost─────┤     └──────reorg─────────┤
                          └────────▶ FAILED ◀────────┘

`decide(item, view, now, policy)` gives the item's next value and the one effect that is due. What
a dead node says changes nothing but a counter: the item stays where it is. A permanent answer ends
in FAILED with its reason. `owed(item)` is the status that the ledger should know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import NewType

from relayer.views import (
    Accepted,
    Built,
    Delivered,
    Final,
    Held,
    Included,
    Pending,
    Refused,
    Rejected,
    Unknown,
    Unreachable,
    View,
)

ItemKey = NewType("ItemKey", str)


class Stage(StrEnum):
    BUILDING = "building"
    INCLUSION = "inclusion"
    FINALITY = "finality"
    DONE = "done"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        return self in (Stage.DONE, Stage.FAILED)


class Kind(StrEnum):
    """What travels: a requested transaction, or a Direct answer."""

    TRANSACTION = "transaction"
    ANSWER = "answer"


class Report(IntEnum):
    """The delivery status that the ledger knows; values are the ledger's DeliveryStatus."""

    NONE = 1
    SUBMITTED = 2
    CONFIRMED = 3
    FAILED = 4


class Effect(StrEnum):
    WAIT = "wait"
    CHECK = "check"
    SUBMIT = "submit"
    # Only answers: the same call again with a higher fee on the same nonce.
    REPLACE = "replace"


@dataclass(frozen=True)
class Policy:
    """Bounds. Times are seconds; `delay_s(n)` is the pause after the n-th failure in a row."""

    delay_s: Callable[[int], float]
    poll_s: float = 1.0
    resubmit_after_s: float = 60.0
    replace_after_s: float = 45.0
    max_refusals: int = 60
    max_rebuilds: int = 5
    max_replacements: int = 10


@dataclass(frozen=True)
class Item:
    """One row of the outbox. `tx_ids` are all fee variants, the newest last; times are Unix s."""

    key: ItemKey
    kind: Kind
    chain: str
    content: bytes
    stage: Stage = Stage.BUILDING
    signed: bytes = b""
    tx_ids: tuple[str, ...] = ()
    accepted: bool = False
    sent_at: float = 0.0
    next_at: float = 0.0
    refusals: int = 0
    outages: int = 0
    rebuilds: int = 0
    height: int = 0
    reason: str = ""
    reported: Report = Report.NONE

    @property
    def tx_id(self) -> str:
        return self.tx_ids[-1] if self.tx_ids else ""


@dataclass(frozen=True)
class Decision:
    item: Item
    effect: Effect = Effect.WAIT


def owed(item: Item) -> Report:
    """The status to report now; nothing is owed when it equals `item.reported`."""
    if item.stage is Stage.DONE:
        return Report.CONFIRMED
    if item.stage is Stage.FAILED:
        return Report.FAILED
    if item.accepted and item.reported is Report.NONE:
        return Report.SUBMITTED
    return item.reported


def decide(item: Item, view: View, now: float, policy: Policy) -> Decision:
    """The next item and effect after `view` was seen at `now`. An ended item never changes."""
    if item.stage.ended:
        return Decision(item)
    building = item.stage is Stage.BUILDING
    if isinstance(view, Unreachable) or (building and isinstance(view, Held)):
        outages = item.outages + 1
        pause = policy.delay_s(outages)
        return Decision(replace(item, outages=outages, reason=view.reason, next_at=now + pause))
    item = replace(item, outages=0)
    match view:
        case Built():
            return _built(item, view, now)
        case Held():
            return _held(item, view, now, policy)
        case Delivered():
            # Whoever's transaction did it, ours did not.
            item = replace(item, tx_ids=(view.tx_id,) if view.tx_id else ())
            return Decision(_ended(item, Stage.DONE, view.tx_id, ""))
        case Rejected():
            return _rejected(item, view, now, policy)
        case Refused():
            return _refused(item, view, now, policy)
        case Accepted():
            return Decision(
                replace(item, accepted=True, sent_at=now, next_at=now + policy.poll_s, reason=""),
                Effect.CHECK,
            )
        case _:
            return _on_chain(item, view, now, policy)


def _on_chain(
    item: Item, view: Unknown | Pending | Included | Final, now: float, policy: Policy
) -> Decision:
    match view:
        case Unknown():
            return _unknown(item, now, policy)
        case Pending():
            return _pending(item, now, policy)
        case Included():
            item = replace(item, stage=Stage.FINALITY, accepted=True, height=view.height)
            return _wait(_landed(item, view.tx_id), now, policy.poll_s)
        case Final():
            stage = Stage.DONE if view.ok else Stage.FAILED
            item = replace(item, height=view.height, accepted=True)
            return Decision(_ended(item, stage, view.tx_id, view.reason))


def _built(item: Item, view: Built, now: float) -> Decision:
    others = tuple(tx_id for tx_id in item.tx_ids if tx_id != view.tx_id)
    item = replace(
        item,
        stage=Stage.INCLUSION,
        signed=view.signed,
        tx_ids=(*others, view.tx_id),
        next_at=now,
        reason="",
    )
    # A replacement goes out at once; anything else is looked for first, as it may be there already.
    return Decision(item, Effect.SUBMIT if others else Effect.CHECK)


def _held(item: Item, view: Held, now: float, policy: Policy) -> Decision:
    """There is no replacement, so the same bytes go out again."""
    return Decision(replace(item, next_at=now + policy.poll_s, reason=view.reason), Effect.SUBMIT)


def _unknown(item: Item, now: float, policy: Policy) -> Decision:
    """Never seen, dropped from the pool, or its block was reorganised away: send it (again)."""
    item = replace(item, stage=Stage.INCLUSION, height=0)
    if item.next_at > now:
        return Decision(item)
    return Decision(item, Effect.SUBMIT)


def _pending(item: Item, now: float, policy: Policy) -> Decision:
    item = replace(item, stage=Stage.INCLUSION, height=0)
    if not item.accepted:
        item = replace(item, accepted=True, sent_at=now)
    waited = now - item.sent_at
    replaceable = item.kind is Kind.ANSWER and len(item.tx_ids) <= policy.max_replacements
    if replaceable and waited >= policy.replace_after_s:
        return Decision(replace(item, sent_at=now, next_at=now), Effect.REPLACE)
    if waited >= policy.resubmit_after_s:
        return Decision(replace(item, sent_at=now, next_at=now), Effect.SUBMIT)
    return _wait(item, now, policy.poll_s)


def _rejected(item: Item, view: Rejected, now: float, policy: Policy) -> Decision:
    if view.nonce_lost and item.kind is Kind.ANSWER and item.rebuilds < policy.max_rebuilds:
        again = replace(
            item,
            stage=Stage.BUILDING,
            signed=b"",
            tx_ids=(),
            rebuilds=item.rebuilds + 1,
            reason=view.reason,
            next_at=now,
        )
        return Decision(again, Effect.CHECK)
    return Decision(_ended(item, Stage.FAILED, item.tx_id, view.reason))


def _refused(item: Item, view: Refused, now: float, policy: Policy) -> Decision:
    refusals = item.refusals + 1
    if refusals >= policy.max_refusals:
        reason = f"refused {refusals} times, last: {view.reason}"
        return Decision(_ended(replace(item, refusals=refusals), Stage.FAILED, item.tx_id, reason))
    item = replace(item, refusals=refusals)
    return _wait(item, now, policy.poll_s + policy.delay_s(refusals), reason=view.reason)


def _wait(item: Item, now: float, pause: float, reason: str = "") -> Decision:
    return Decision(replace(item, next_at=now + pause, reason=reason))


def _landed(item: Item, tx_id: str) -> Item:
    """Put the variant that landed last, where the current one is."""
    if not tx_id or tx_id == item.tx_id:
        return item
    others = tuple(other for other in item.tx_ids if other != tx_id)
    return replace(item, tx_ids=(*others, tx_id))


def _ended(item: Item, stage: Stage, tx_id: str, reason: str) -> Item:
    return replace(_landed(item, tx_id), stage=stage, reason=reason, next_at=0.0)
