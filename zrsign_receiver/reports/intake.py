"""Reports of source events by observers -> agreed content. Pure: plain values in, plain values out.

A source event is (CAIP-2 chain, contract, transaction hash, log index). Each observer has one vote
for its content, which it may correct while nothing is accepted; content is accepted once
`threshold` registered observers voted for the same. So with a threshold of t, fewer than t lying
observers can neither invent nor alter a request, and a report seen twice changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NewType

from zrchain_lite.errors import InvalidArgument
from zrchain_lite.modules.identity.addresses import normalise_owner
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb

ContentHash = NewType("ContentHash", bytes)

MAX_PAYLOAD_BYTES = 64 * 1024
MAX_EVENTS_PER_REPORT = 256
# The contract takes no longer account.
MAX_ACCOUNT_BYTES = 128


class VoteOutcome(StrEnum):
    """What one report did."""

    RECORDED = "recorded"  # a vote, below the threshold
    ACCEPTED = "accepted"  # the vote that reached the threshold
    CONFIRMED = "confirmed"  # a further vote for the accepted content
    REPEATED = "repeated"  # the same observer said the same before
    CORRECTED = "corrected"  # in place of the observer's earlier vote, below the threshold
    CONFLICT = "conflict"  # contradicts the accepted content


@dataclass(frozen=True)
class Vote:
    """What one observer said that an event contains."""

    observer: str
    content: ContentHash


@dataclass(frozen=True)
class Reports:
    """Everything reported about one source event. `accepted` never changes once it is set."""

    votes: tuple[Vote, ...] = ()
    accepted: ContentHash | None = None

    def vote_of(self, observer: str) -> ContentHash | None:
        """The content for which an observer voted, None before its vote."""
        return next((vote.content for vote in self.votes if vote.observer == observer), None)


@dataclass(frozen=True)
class Counted:
    """The reports once one more was counted, and what that report did."""

    reports: Reports
    outcome: VoteOutcome


def decide(
    reports: Reports,
    observer: str,
    content: ContentHash,
    *,
    observers: Collection[str],
    threshold: int,
) -> Counted:
    """One report by a registered observer. Only votes of observers that are registered now are
    counted.
    """
    earlier = reports.vote_of(observer)
    if reports.accepted is not None:
        if earlier is not None:
            same = earlier == content
            return Counted(reports, VoteOutcome.REPEATED if same else VoteOutcome.CONFLICT)
        agrees = content == reports.accepted
        outcome = VoteOutcome.CONFIRMED if agrees else VoteOutcome.CONFLICT
        return Counted(_with(reports, observer, content), outcome)
    after = reports if earlier == content else _with(reports, observer, content)
    if _count(after, content, observers) >= threshold:
        return Counted(replace(after, accepted=content), VoteOutcome.ACCEPTED)
    if earlier is None:
        return Counted(after, VoteOutcome.RECORDED)
    return Counted(after, VoteOutcome.REPEATED if earlier == content else VoteOutcome.CORRECTED)


def _with(reports: Reports, observer: str, content: ContentHash) -> Reports:
    others = (vote for vote in reports.votes if vote.observer != observer)
    return replace(reports, votes=(*others, Vote(observer, content)))


def _count(reports: Reports, content: ContentHash, observers: Collection[str]) -> int:
    return sum(vote.content == content and vote.observer in observers for vote in reports.votes)


def canonical(event: pb.SourceEvent) -> pb.SourceEvent:
    """The event with addresses in EIP-55, so that spelling cannot make two events of one. Raises
    InvalidArgument when a field has not the shape that a log can have; what the contract's caller
    chose is not judged here.
    """
    out = pb.SourceEvent()
    out.CopyFrom(event)
    out.id.CopyFrom(canonical_id(event.id))
    out.owner = address("owner", event.owner)
    check_length("block_hash", event.block_hash, 32)
    match event.WhichOneof("ask"):
        case "key":
            check_length("wallet_type_id", event.key.wallet_type_id, 32)
            if event.key.options > 255:
                raise InvalidArgument(f"options {event.key.options} is not a uint8")
        case "sign":
            _check_sign(event.sign)
        case "link":
            _check_link(event.link)
        case _:
            raise InvalidArgument("the event asks for nothing: set key, sign or link")
    return out


def canonical_id(source: pb.SourceId) -> pb.SourceId:
    """The id of an event with its contract in EIP-55; raises InvalidArgument."""
    check_length("tx_hash", source.tx_hash, 32)
    return pb.SourceId(
        chain=evm_chain(source.chain),
        contract=address("contract", source.contract),
        tx_hash=source.tx_hash,
        log_index=source.log_index,
    )


def content_hash(event: pb.SourceEvent) -> ContentHash:
    """SHA-256 of the canonical event's deterministic serialization."""
    return ContentHash(hashlib.sha256(event.SerializeToString(deterministic=True)).digest())


def evm_chain(chain: str) -> str:
    """CAIP-2 of an EVM chain: `eip155:` and a decimal number without leading zeros."""
    reference = chain.removeprefix("eip155:")
    if (
        reference == chain
        or not (reference.isascii() and reference.isdigit())
        or reference[0] == "0"
    ):
        raise InvalidArgument(f"{chain!r} is not an EVM chain: expected CAIP-2 such as eip155:1")
    if len(reference) > 32:
        raise InvalidArgument(f"{chain!r} is too long for CAIP-2: at most 32 digits")
    return chain


def address(field: str, text: str) -> str:
    """EIP-55 of a 20-byte hexadecimal address; a wrong checksum is refused, because it is a typing
    error.
    """
    if not (text.startswith("0x") and len(text) == 42):
        raise InvalidArgument(
            f"{field} {text[:100]!r} is not an EVM address: expected 0x and 40 hex digits"
        )
    return normalise_owner(text)


def _check_sign(ask: pb.SignAsk) -> None:
    for field in ("trace_id", "wallet_type_id", "dst_chain_id"):
        check_length(field, getattr(ask, field), 32)
    if len(ask.payload) > MAX_PAYLOAD_BYTES or (ask.oversize_bytes and ask.payload):
        raise InvalidArgument(
            f"payload of {len(ask.payload)} bytes: leave one above {MAX_PAYLOAD_BYTES} out and "
            "set oversize_bytes"
        )
    if 0 < ask.oversize_bytes <= MAX_PAYLOAD_BYTES:
        raise InvalidArgument(
            f"oversize_bytes {ask.oversize_bytes} is not above {MAX_PAYLOAD_BYTES}: "
            "send the payload"
        )


def _check_link(ask: pb.LinkAsk) -> None:
    size = len(ask.account.encode())
    if not 1 <= size <= MAX_ACCOUNT_BYTES:
        raise InvalidArgument(f"account of {size} bytes: expected 1 to {MAX_ACCOUNT_BYTES}")


def check_length(field: str, value: bytes, expected: int) -> None:
    """Raises InvalidArgument unless `value` has so many bytes."""
    if len(value) != expected:
        raise InvalidArgument(f"{field} has {len(value)} bytes: expected {expected}")
