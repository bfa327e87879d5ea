"""The life of one outgoing transaction, as a pure state machine.

    BUILDING ──built──▶ INCLUSION ──in a block──▶ FINALITY ──deep enough──▶ DONE
        ▲                 │     ▲                    │
        └──nonce lost─────┤     └──────reorg─────────┤
                          └────────▶ FAILED ◀────────┘

`decide(item, news, now, bounds)` gives the item's next value and the one effect that is due. What
a dead node says changes nothing but a counter: the item stays where it is. A permanent answer ends
in FAILED with its reason. `owed(item)` is the status that the ledger should know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import NewType

from relayer.news import (
    Accepted,
    Built,
    Delivered,
    Final,
    Held,
    Included,
    News,
    Pending,
    Refused,
    Rejected,
    Unknown,
    Unreachable,
)

ItemKey = NewType("ItemKey", str)


class Stage(StrEnum):
    """How far an item is."""

    BUILDING = "building"
    INCLUSION = "inclusion"
    FINALITY = "finality"
    DONE = "done"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether nothing is left to do for the item, beside telling the ledger."""
        return self in (Stage.DONE, Stage.FAILED)


class ItemKind(StrEnum):
    """What travels: a requested transaction, or a Direct answer."""

    TRANSACTION = "transaction"
    ANSWER = "answer"


class Standing(IntEnum):
    """What the ledger knows of a delivery; values are the ledger's DeliveryStatus."""

    NONE = 1
    SUBMITTED = 2
    CONFIRMED = 3
    FAILED = 4


class Effect(StrEnum):
    """What the worker does next for an item."""

    WAIT = "wait"
    CHECK = "check"
    SUBMIT = "submit"
    # Only answers: the same call again with a higher fee on the same nonce.
    REPLACE = "replace"


@dataclass(frozen=True)
class Bounds:
    """Bounds. Times are seconds; `delay_s(n)` is the pause after the n-th failure in a row."""

    delay_s: Callable[[int], float]
    poll_s: float = 1.0
    resubmit_after_s: float = 60.0
    replace_after_s: float = 45.0
    max_refusals: int = 60
    max_rebuilds: int = 5
    max_replacements: int = 10


@dataclass(frozen=True)
class OutboxItem:
    """One row of the outbox. `tx_ids` are all fee variants, the newest last; times are Unix s."""

    key: ItemKey
    kind: ItemKind
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
    reported: Standing = Standing.NONE

    @property
    def tx_id(self) -> str:
        """The id of the newest variant, empty before one is built."""
        return self.tx_ids[-1] if self.tx_ids else ""


@dataclass(frozen=True)
class Move:
    """The next value of an item, and what is to be done about it."""

    item: OutboxItem
    effect: Effect = Effect.WAIT


def owed(item: OutboxItem) -> Standing:
    """The status to report now; nothing is owed when it equals `item.reported`."""
    if item.stage is Stage.DONE:
        return Standing.CONFIRMED
    if item.stage is Stage.FAILED:
        return Standing.FAILED
    if item.accepted and item.reported is Standing.NONE:
        return Standing.SUBMITTED
    return item.reported


def decide(item: OutboxItem, news: News, now: float, bounds: Bounds) -> Move:
    """The next item and effect after `news` was seen at `now`. An ended item never changes."""
    if item.stage.ended:
        return Move(item)
    building = item.stage is Stage.BUILDING
    if isinstance(news, Unreachable) or (building and isinstance(news, Held)):
        outages = item.outages + 1
        pause = bounds.delay_s(outages)
        return Move(replace(item, outages=outages, reason=news.reason, next_at=now + pause))
    item = replace(item, outages=0)
    match news:
        case Built():
            return _built(item, news, now)
        case Held():
            return _held(item, news, now, bounds)
        case Delivered():
            # Whoever's transaction did it, ours did not.
            item = replace(item, tx_ids=(news.tx_id,) if news.tx_id else ())
            return Move(_ended(item, Stage.DONE, news.tx_id, ""))
        case Rejected():
            return _rejected(item, news, now, bounds)
        case Refused():
            return _refused(item, news, now, bounds)
        case Accepted():
            return Move(
                replace(item, accepted=True, sent_at=now, next_at=now + bounds.poll_s, reason=""),
                Effect.CHECK,
            )
        case _:
            return _on_chain(item, news, now, bounds)


def _on_chain(
    item: OutboxItem, news: Unknown | Pending | Included | Final, now: float, bounds: Bounds
) -> Move:
    match news:
        case Unknown():
            return _unknown(item, now, bounds)
        case Pending():
            return _pending(item, now, bounds)
        case Included():
            item = replace(item, stage=Stage.FINALITY, accepted=True, height=news.height)
            return _wait(_landed(item, news.tx_id), now, bounds.poll_s)
        case Final():
            stage = Stage.DONE if news.ok else Stage.FAILED
            item = replace(item, height=news.height, accepted=True)
            return Move(_ended(item, stage, news.tx_id, news.reason))


def _built(item: OutboxItem, news: Built, now: float) -> Move:
    others = tuple(tx_id for tx_id in item.tx_ids if tx_id != news.tx_id)
    item = replace(
        item,
        stage=Stage.INCLUSION,
        signed=news.signed,
        tx_ids=(*others, news.tx_id),
        next_at=now,
        reason="",
    )
    # A replacement goes out at once; anything else is looked for first, as it may be there already.
    return Move(item, Effect.SUBMIT if others else Effect.CHECK)


def _held(item: OutboxItem, news: Held, now: float, bounds: Bounds) -> Move:
    """There is no replacement, so the same bytes go out again."""
    return Move(replace(item, next_at=now + bounds.poll_s, reason=news.reason), Effect.SUBMIT)


def _unknown(item: OutboxItem, now: float, bounds: Bounds) -> Move:
    """Never seen, dropped from the pool, or its block was reorganised away: send it (again)."""
    item = replace(item, stage=Stage.INCLUSION, height=0)
    if item.next_at > now:
        return Move(item)
    return Move(item, Effect.SUBMIT)


def _pending(item: OutboxItem, now: float, bounds: Bounds) -> Move:
    item = replace(item, stage=Stage.INCLUSION, height=0)
    if not item.accepted:
        item = replace(item, accepted=True, sent_at=now)
    waited = now - item.sent_at
    replaceable = item.kind is ItemKind.ANSWER and len(item.tx_ids) <= bounds.max_replacements
    if replaceable and waited >= bounds.replace_after_s:
        return Move(replace(item, sent_at=now, next_at=now), Effect.REPLACE)
    if waited >= bounds.resubmit_after_s:
        return Move(replace(item, sent_at=now, next_at=now), Effect.SUBMIT)
    return _wait(item, now, bounds.poll_s)


def _rejected(item: OutboxItem, news: Rejected, now: float, bounds: Bounds) -> Move:
    if news.nonce_lost and item.kind is ItemKind.ANSWER and item.rebuilds < bounds.max_rebuilds:
        again = replace(
            item,
            stage=Stage.BUILDING,
            signed=b"",
            tx_ids=(),
            rebuilds=item.rebuilds + 1,
            reason=news.reason,
            next_at=now,
        )
        return Move(again, Effect.CHECK)
    return Move(_ended(item, Stage.FAILED, item.tx_id, news.reason))


def _refused(item: OutboxItem, news: Refused, now: float, bounds: Bounds) -> Move:
    refusals = item.refusals + 1
    if refusals >= bounds.max_refusals:
        reason = f"refused {refusals} times, last: {news.reason}"
        return Move(_ended(replace(item, refusals=refusals), Stage.FAILED, item.tx_id, reason))
    item = replace(item, refusals=refusals)
    return _wait(item, now, bounds.poll_s + bounds.delay_s(refusals), reason=news.reason)


def _wait(item: OutboxItem, now: float, pause: float, reason: str = "") -> Move:
    return Move(replace(item, next_at=now + pause, reason=reason))


def _landed(item: OutboxItem, tx_id: str) -> OutboxItem:
    """Put the variant that landed last, where the current one is."""
    if not tx_id or tx_id == item.tx_id:
        return item
    others = tuple(other for other in item.tx_ids if other != tx_id)
    return replace(item, tx_ids=(*others, tx_id))


def _ended(item: OutboxItem, stage: Stage, tx_id: str, reason: str) -> OutboxItem:
    return replace(_landed(item, tx_id), stage=stage, reason=reason, next_at=0.0)
