"""Whether all logs of a contract in a block were taken, from the block's header and receipts. Pure.

A header's `logsBloom` holds each log's address and topics (Yellow Paper, section 4.3.1): without
them the block has no such log, whatever eth_getLogs answers. With them the receipts of all the
block's transactions decide. Headers are linked by hash to what was read before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from eth_utils.crypto import keccak

from zrsign_daemon.events.decode import Block, EvmLog
from zrsign_listener.errors import NodeError, Unproven
from zrsign_listener.plan import Scan


@dataclass(frozen=True)
class Header:
    """What a block says of itself. `bloom` is its 2,048 bits as a number."""

    block: Block
    parent: bytes
    bloom: int
    transactions: tuple[str, ...]


@dataclass(frozen=True)
class Sieve:
    """Tells which blooms may hold one of the contract's events."""

    contract: int
    topics: tuple[int, ...]

    @classmethod
    def of(cls, contract: str, topics: Collection[bytes]) -> Sieve:
        """The sieve of a contract's events with these first topics."""
        return cls(bits(bytes.fromhex(contract[2:])), tuple(bits(topic) for topic in topics))

    def admits(self, bloom: int) -> bool:
        """False proves that the block has no such event; True proves nothing."""
        return self.contract & ~bloom == 0 and any(topic & ~bloom == 0 for topic in self.topics)


def bits(item: bytes) -> int:
    """The three bits that an address or a topic sets in a bloom."""
    digest = keccak(item)
    places = (int.from_bytes(digest[i : i + 2]) & 2047 for i in (0, 2, 4))
    return sum({1 << place for place in places})


def check_linked(headers: Sequence[Header], scan: Scan, known: Block | None) -> None:
    """Raises NodeError unless the headers are the scan's blocks, each the next one's parent.

    `known` is the last block that was read; where the scan follows it, its hash must be there.
    """
    numbers = [header.block.number for header in headers]
    if numbers != list(range(scan.first, scan.last + 1)):
        raise NodeError(f"The node's blocks are not {scan.first} to {scan.last}.")
    before = known.hash if known is not None and known.number == scan.first - 1 else None
    for header in headers:
        if before is not None and header.parent != before:
            raise NodeError(
                f"Block {header.block.number} does not follow the block before it: "
                "the chain changed while it was read."
            )
        before = header.block.hash


def suspects(headers: Sequence[Header], sieve: Sieve, logs: Sequence[EvmLog]) -> tuple[Header, ...]:
    """The blocks whose receipts must be seen. Raises NodeError or Unproven.

    Every log must be in one of them: one elsewhere belongs to another fork, or the chain's blooms
    say nothing.
    """
    hashes = {header.block for header in headers}
    found = tuple(header for header in headers if sieve.admits(header.bloom))
    admitted = {header.block for header in found}
    for log in logs:
        if log.block not in hashes:
            raise NodeError(
                f"A log is in block 0x{log.block.hash.hex()}, which is not block "
                f"{log.block.number} of the chain: it changed while it was read."
            )
        if log.block not in admitted:
            raise Unproven(
                f"The logsBloom of block {log.block.number} leaves out a log of the block. On a "
                "chain without true blooms nothing proves that no event was missed: write "
                'completeness = "counted" if that is to be so.'
            )
    return found


def missed(
    logs: Sequence[EvmLog], receipts: Mapping[Block, Sequence[EvmLog]]
) -> tuple[EvmLog, ...]:
    """The logs of the receipts that eth_getLogs left out. Raises NodeError if it invented one."""
    taken = {(log.block, log.log_index): log for log in logs}
    shown = {(log.block, log.log_index): log for each in receipts.values() for log in each}
    for place, log in taken.items():
        if shown.get(place) != log:
            raise NodeError(
                f"eth_getLogs answers with a log {log.log_index} in block {log.block.number} "
                "that is not in the block's receipts."
            )
    return tuple(log for place, log in shown.items() if place not in taken)
