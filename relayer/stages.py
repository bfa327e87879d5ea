"""The life of one outgoing transaction, as a pure state machine.

    BUILDING ──built──▶ INCLUSION ──in a block──▶ FINALITY ──deep──▶ CONFIRMED ──final──▶ DONE
        ▲                │ │    ▲                     │                  │
        └──nonce lost────┘ │    └───────reorg─────────┴──────────────────┘
                           └──proven in final blocks: these bytes can never land──▶ FAILED

`decide(item, news, now, bounds)` gives the item's next value and the one effect that is due. A
delivery fails only when it is proven that its bytes can never land. Whatever else a node says, or
does not say, is a reason to wait. `owed(item)` is the status that the ledger should know, and
`item.note` why the item waits.
"""

from __future__ import annotations

import re
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
    NotTaken,
    Pending,
    Rejected,
    Stranded,
    Unknown,
    Unreachable,
)

ItemKey = NewType("ItemKey", str)

PENDING = "pending: it is in no block yet"
LONGEST_PAUSE_S = 300.0
"""What is not due for longer than this was noted when the clock was wrong."""


class Stage(StrEnum):
    """How far an item is."""

    BUILDING = "building"
    INCLUSION = "inclusion"
    FINALITY = "finality"
    # The ledger knows it as confirmed; a reorganisation can still undo that.
    CONFIRMED = "confirmed"
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


class Reported(IntEnum):
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
    # The ledger has a newer transaction of the same item.
    BUILD = "build"
    # Only answers: the same call again with a higher fee on the same nonce.
    REPLACE = "replace"


@dataclass(frozen=True)
class Bounds:
    """Bounds. Times are seconds; `delay_s(n)` is the pause after the n-th failure in a row.

    An item that waits for `note_after_s` is told about on the ledger.
    """

    delay_s: Callable[[int], float]
    poll_s: float = 1.0
    watch_s: float = 30.0
    note_after_s: float = 30.0
    resubmit_after_s: float = 60.0
    replace_after_s: float = 45.0
    max_replacements: int = 10


@dataclass(frozen=True)
class OutboxItem:
    """One row of the outbox. `tx_ids` are all fee variants, the newest last; times are Unix s.

    `height` is the block of the transaction, `since` the chain's height when it was first looked
    for, before it was sent. `waits_since` is when `reason` began, `note` what of it the ledger is
    to show, `told` what it shows.
    """

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
    reported: Reported = Reported.NONE
    since: int = 0
    waits_since: float = 0.0
    note: str = ""
    told: str = ""

    @property
    def tx_id(self) -> str:
        """The id of the newest variant, empty before one is built."""
        return self.tx_ids[-1] if self.tx_ids else ""


@dataclass(frozen=True)
class Next:
    """The next value of an item, and what is to be done about it."""

    item: OutboxItem
    effect: Effect = Effect.WAIT


def owed(item: OutboxItem) -> Reported:
    """The status to report; what was confirmed and reorganised away is submitted again.

    So is at first what failed since: the ledger takes no failure for what it calls confirmed.
    """
    if item.stage in (Stage.CONFIRMED, Stage.DONE):
        return Reported.CONFIRMED
    if item.stage is Stage.FAILED:
        return Reported.SUBMITTED if item.reported is Reported.CONFIRMED else Reported.FAILED
    return Reported.SUBMITTED if item.accepted else item.reported


def owes(item: OutboxItem) -> bool:
    """Whether the ledger has to be told something about the item."""
    return owed(item) is not item.reported or item.note != item.told


def decide(item: OutboxItem, news: News, now: float, bounds: Bounds) -> Next:
    """The next item and effect after `news` was seen at `now`. An ended item never changes."""
    if item.stage.ended:
        return Next(item)
    move = _decide(_in_time(item, now), news, now, bounds)
    return replace(move, item=_noted(move.item, now, bounds))


def _in_time(item: OutboxItem, now: float) -> OutboxItem:
    """The item, without times that lie ahead: the clock was set back since."""
    due = item.next_at if item.next_at <= now + LONGEST_PAUSE_S else now
    sent_at, waits_since = min(item.sent_at, now), min(item.waits_since, now)
    return replace(item, next_at=due, sent_at=sent_at, waits_since=waits_since)


def _noted(item: OutboxItem, now: float, bounds: Bounds) -> OutboxItem:
    """What an item waits for, and since when. A note changes when its reason is of another kind.

    Figures in a node's text move all the time, and the ledger is not told of each.
    """
    if not item.reason or item.stage in (Stage.CONFIRMED, Stage.DONE, Stage.FAILED):
        return replace(item, waits_since=0.0, note="")
    since = item.waits_since or now
    late = now - since >= bounds.note_after_s
    note = item.reason if late and _kind(item.reason) != _kind(item.note) else item.note
    return replace(item, waits_since=since, note=note)


def _kind(reason: str) -> str:
    return re.sub(r"0x[0-9a-fA-F]+|[0-9a-f]{16,}|[0-9]+", "#", reason)


def _decide(item: OutboxItem, news: News, now: float, bounds: Bounds) -> Next:
    building = item.stage is Stage.BUILDING
    if isinstance(news, Unreachable) or (building and isinstance(news, Held)):
        outages = item.outages + 1
        pause = bounds.delay_s(outages)
        return Next(replace(item, outages=outages, reason=news.reason, next_at=now + pause))
    item = replace(item, outages=0)
    match news:
        case Built():
            return _built(item, news, now)
        case Held():
            return _held(item, news, now, bounds)
        case Delivered():
            # Whoever's transaction did it, ours did not.
            return Next(_ended(replace(item, tx_ids=()), Stage.DONE, news.tx_id, ""))
        case Rejected():
            return _rejected(item, news, now, bounds)
        case NotTaken():
            return _not_taken(item, news, now, bounds)
        case Accepted():
            item = replace(item, accepted=True, sent_at=now, refusals=0, reason=PENDING)
            return Next(replace(item, next_at=now + bounds.poll_s), Effect.CHECK)
        case Stranded():
            return _stranded(item, news, now, bounds)
        case _:
            return _on_chain(item, news, now, bounds)


def _on_chain(
    item: OutboxItem, news: Unknown | Pending | Included | Final, now: float, bounds: Bounds
) -> Next:
    if isinstance(news, Unknown | Pending):
        item = replace(item, since=item.since or news.height)
    match news:
        case Unknown():
            return _unknown(item, now)
        case Pending():
            return _pending(item, news, now, bounds)
        case Included():
            confirmed = news.deep and not news.reason
            stage = Stage.CONFIRMED if confirmed else Stage.FINALITY
            item = replace(item, stage=stage, accepted=True, height=news.height, refusals=0)
            pause = bounds.watch_s if confirmed else bounds.poll_s
            return _wait(_landed(item, news.tx_id), now, pause, news.reason)
        case Final():
            stage = Stage.DONE if news.ok else Stage.FAILED
            item = replace(item, height=news.height, accepted=True)
            return Next(_ended(item, stage, news.tx_id, news.reason))


def _built(item: OutboxItem, news: Built, now: float) -> Next:
    began = item.stage is Stage.BUILDING
    known = dict.fromkeys((*item.tx_ids, *news.others))
    others = tuple(tx_id for tx_id in known if tx_id != news.tx_id)
    item = replace(
        item,
        stage=Stage.INCLUSION,
        signed=news.signed,
        tx_ids=(*others, news.tx_id),
        sent_at=now,
        next_at=now,
        reason="",
    )
    # A replacement goes out at once; anything else is looked for first, as it may be there already.
    return Next(item, Effect.SUBMIT if others and not began else Effect.CHECK)


def _held(item: OutboxItem, news: Held, now: float, bounds: Bounds) -> Next:
    """There is no replacement, so the same bytes go out again."""
    return Next(replace(item, next_at=now + bounds.poll_s, reason=news.reason), Effect.SUBMIT)


def _unknown(item: OutboxItem, now: float) -> Next:
    """Never seen, dropped from the pool, or its block was reorganised away: send it (again)."""
    item = _left_its_block(item)
    if item.next_at > now:
        return Next(item)
    return Next(item, Effect.SUBMIT)


def _pending(item: OutboxItem, news: Pending, now: float, bounds: Bounds) -> Next:
    item = _left_its_block(item)
    if not item.accepted:
        item = replace(item, accepted=True, sent_at=now)
    waited = now - item.sent_at
    replaceable = item.kind is ItemKind.ANSWER and len(item.tx_ids) <= bounds.max_replacements
    if replaceable and waited >= bounds.replace_after_s:
        return Next(replace(item, sent_at=now, next_at=now), Effect.REPLACE)
    if waited >= bounds.resubmit_after_s:
        return Next(replace(item, sent_at=now, next_at=now), Effect.SUBMIT)
    return _wait(item, now, bounds.poll_s, news.reason or PENDING)


def _left_its_block(item: OutboxItem) -> OutboxItem:
    if not item.height:
        return replace(item, stage=Stage.INCLUSION)
    reason = f"reorganised: block {item.height} no longer has it"
    return replace(item, stage=Stage.INCLUSION, height=0, reason=reason)


def _stranded(item: OutboxItem, news: Stranded, now: float, bounds: Bounds) -> Next:
    """An answer takes another nonce, for its contract takes it once. A transaction waits."""
    if item.kind is ItemKind.ANSWER:
        return _rebuild(item, news.reason, now, bounds)
    item = replace(_left_its_block(item), refusals=item.refusals + 1)
    return _wait(item, now, bounds.poll_s + bounds.delay_s(item.refusals), news.reason)


def _rejected(item: OutboxItem, news: Rejected, now: float, bounds: Bounds) -> Next:
    if news.nonce_lost and item.kind is ItemKind.ANSWER:
        return _rebuild(item, news.reason, now, bounds)
    return Next(_ended(item, Stage.FAILED, item.tx_id, news.reason))


def _rebuild(item: OutboxItem, reason: str, now: float, bounds: Bounds) -> Next:
    rebuilds = item.rebuilds + 1
    again = replace(
        item,
        stage=Stage.BUILDING,
        signed=b"",
        tx_ids=(),
        height=0,
        rebuilds=rebuilds,
        reason=reason,
        next_at=now + bounds.delay_s(rebuilds - 1),
    )
    return Next(again, Effect.CHECK if rebuilds == 1 else Effect.WAIT)


def _not_taken(item: OutboxItem, news: NotTaken, now: float, bounds: Bounds) -> Next:
    item = replace(item, refusals=item.refusals + 1)
    return _wait(item, now, bounds.poll_s + bounds.delay_s(item.refusals), reason=news.reason)


def _wait(item: OutboxItem, now: float, pause: float, reason: str = "") -> Next:
    return Next(replace(item, next_at=now + pause, reason=reason))


def _landed(item: OutboxItem, tx_id: str) -> OutboxItem:
    """Put the variant that landed last, where the current one is."""
    if not tx_id or tx_id == item.tx_id:
        return item
    others = tuple(other for other in item.tx_ids if other != tx_id)
    return replace(item, tx_ids=(*others, tx_id))


def _ended(item: OutboxItem, stage: Stage, tx_id: str, reason: str) -> OutboxItem:
    return replace(_landed(item, tx_id), stage=stage, reason=reason, next_at=0.0)
