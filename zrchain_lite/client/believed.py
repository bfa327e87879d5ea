"""What a client believes of a chain: the blocks that follow from a root which somebody told it.

Blocks are asked for by whoever drives `follow`, so that nothing here does I/O but the two files:
the last block, from which a restart goes on, and the evidence of a fork.
"""

from __future__ import annotations

import base64
import json
import logging
import os
from collections.abc import Generator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

from google.protobuf.message import DecodeError

from zrchain_lite.client.errors import ChainForked, ClientError, NodeBehind, NotVerified
from zrchain_lite.light import (
    BadBlock,
    LightBlock,
    LightError,
    Trust,
    fork,
    steps,
    verify_commit,
)
from zrchain_lite.light.verification import SECOND_NS
from zrchain_lite.wire.tendermint.types.types_pb2 import LightBlock as WireLightBlock

_log = logging.getLogger(__name__)
REMEMBERED = 64
"""How many of the last blocks are held against those that others show."""
AWAY_NS = SECOND_NS
"""How long a node is away, at least, that is started again from another store."""
KEEP_NS = 10 * SECOND_NS
"""How often the last block is kept on disk, in nanoseconds."""

Blocks = Generator[int, WireLightBlock, LightBlock]
"""Asks for heights, gets what a node says, and returns the block that is believed."""


@dataclass(frozen=True)
class TrustedRoot:
    """A block that somebody who is believed has named, as in "1200:8f3c…" (hexadecimal)."""

    height: int
    hash: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """The root that a text names; raises ValueError."""
        height, _, hash_ = text.partition(":")
        if not height.isdecimal() or int(height) < 1 or len(bytes.fromhex(hash_)) != 32:
            raise ValueError(f"{text[:80]!r} is no root: write HEIGHT:HASH, of 64 digits")
        return cls(int(height), bytes.fromhex(hash_))

    def __str__(self) -> str:
        return f"{self.height}:{self.hash.hex()}"


@dataclass(frozen=True)
class TrustSettings:
    """`max_age_s` is how old the newest block may be by this machine's clock.

    `folder` keeps the last block and the evidence of a fork; without one nothing is kept. For
    `period_s` those who signed a block answer for it, as in `Trust`.
    """

    root: TrustedRoot
    max_age_s: float = 60.0
    folder: Path | None = None
    period_s: float = 14 * 86_400.0


class Believed:
    """The blocks that follow from the root."""

    def __init__(self, settings: TrustSettings) -> None:
        self._settings = settings
        self._known: dict[int, LightBlock] = {}
        self._kept_ns = 0
        self._reported: set[bytes] = set()
        # When a node last showed what is not before the last block.
        self._seen: dict[str, int] = {}
        kept = self._read()
        if kept is not None:
            self._known[kept.height] = kept

    @property
    def height(self) -> int:
        """The height of the last block that is believed, 0 while there is none."""
        return max(self._known, default=0)

    @property
    def chain_id(self) -> str:
        """The chain's id; empty while no block is believed."""
        return self._last.header.chain_id if self._known else ""

    def follow(self, shown: WireLightBlock, endpoint: str, now_ns: int) -> Blocks:
        """Believe a block that a node shows, by others that it may be asked for.

        Raises NotVerified when it does not follow, ChainForked when another of its height does.
        """
        try:
            block = LightBlock.from_wire(shown)
            if not self._known:
                self._adopt((yield self._settings.root.height))
                self._seen[endpoint] = now_ns
            last = self.height
            known = self._known.get(block.height)
            if known is not None and known.hash != block.hash:
                self._forked(known, block, endpoint, now_ns)
            elif known is None:
                yield from self._step(block, endpoint, now_ns)
            if block.height >= last:
                self._seen[endpoint] = now_ns
            return block
        except LightError as error:
            raise NotVerified(endpoint, f"{type(error).__name__}: {error}") from None

    def require_fresh(self, block: LightBlock, endpoint: str, now_ns: int) -> None:
        """Raises NodeBehind for a block that is older than the bound."""
        age_s = (now_ns - block.time_ns) / SECOND_NS
        if age_s > self._settings.max_age_s:
            raise NodeBehind(
                endpoint,
                f"its newest block, {block.height}, is stale: {age_s:.0f} s old by this clock, "
                f"and {self._settings.max_age_s:.0f} are allowed",
            )

    def _adopt(self, shown: WireLightBlock) -> None:
        root, block = self._settings.root, LightBlock.from_wire(shown)
        if (block.height, block.hash) != (root.height, root.hash):
            raise BadBlock(f"its block {root.height} is {block.hash.hex()}, not the trusted root")
        verify_commit(block)
        self._known[block.height] = block

    def _step(
        self, block: LightBlock, endpoint: str, now_ns: int
    ) -> Generator[int, WireLightBlock, None]:
        """Believe it from the last one before it: answers come in any order."""
        before = [height for height in self._known if height < block.height]
        if not before:
            raise NodeBehind(endpoint, f"it shows block {block.height}, before all that are known")
        if block.height < self.height:
            yield from self._lead_to(block, endpoint)
        elif now_ns - self._seen.get(endpoint, 0) > AWAY_NS:
            yield from self._hold_last(endpoint, now_ns)
        way = steps(self._known[max(before)], block.height, self._trust, now_ns)
        wanted = next(way)
        try:
            while True:
                asked = block if wanted == block.height else LightBlock.from_wire((yield wanted))
                wanted = way.send(asked)
        except StopIteration as done:
            for each in done.value:
                self._remember(each)
        if now_ns - self._kept_ns > KEEP_NS:
            self._keep(now_ns)

    def _lead_to(self, block: LightBlock, endpoint: str) -> Generator[int, WireLightBlock, None]:
        """Make sure that the next known block is one that comes after `block`, hash by hash.

        Raises NodeBehind for a block that is far before that one, BadBlock for one of a fork.
        """
        after = self._known[min(height for height in self._known if height > block.height)]
        if after.height - block.height > REMEMBERED:
            raise NodeBehind(endpoint, f"it shows block {block.height}, long before {after.height}")
        while after.height > block.height + 1:
            before = LightBlock.from_wire((yield after.height - 1))
            if before.hash != after.header.last_block_id.hash:
                raise BadBlock(f"its block {after.height - 1} does not lead to a known one")
            after = before
        if block.hash != after.header.last_block_id.hash:
            raise BadBlock(f"its block {block.height} does not lead to a known one")

    def _hold_last(self, endpoint: str, now_ns: int) -> Generator[int, WireLightBlock, None]:
        """Hold the last block against what the node has at its height.

        A node that was started again from an old copy of its store makes a fork, which the right
        ones sign. One that keeps no block so old is believed without.
        """
        last = self._last
        try:
            shown = LightBlock.from_wire((yield last.height))
        except NodeBehind:
            return
        if shown.hash != last.hash:
            self._forked(last, shown, endpoint, now_ns)

    def _remember(self, block: LightBlock) -> None:
        self._known[block.height] = block
        while len(self._known) > REMEMBERED:
            del self._known[min(self._known)]

    @property
    def _last(self) -> LightBlock:
        return self._known[self.height]

    @property
    def _trust(self) -> Trust:
        period_ns = int(self._settings.period_s * SECOND_NS)
        return Trust(self._last.header.chain_id, period_ns)

    # -- a fork ----------------------------------------------------------------------------------

    def _forked(self, known: LightBlock, other: LightBlock, endpoint: str, now_ns: int) -> None:
        """Raises ChainForked when both follow from an older block, else LightError."""
        common = min(self._known.values(), key=lambda each: each.height)
        if common.height >= known.height:
            raise BadBlock(f"block {other.height} is another than the trusted one")
        found = fork(common, known, other, self._trust, now_ns)
        if found is None:
            return
        text = {
            "height": known.height,
            "attack": found.attack,
            "endpoint": endpoint,
            "culprits": [each.address.hex().upper() for each in found.culprits],
            **{
                name: base64.b64encode(_wire(each).SerializeToString()).decode()
                for name, each in (("common", common), ("followed", known), ("conflicting", other))
            },
        }
        where = self._file(f"fork-{known.height}-{other.hash.hex()[:16]}.json")
        if other.hash not in self._reported and where is not None:
            _write(where, json.dumps(text, indent=2).encode())
        self._reported.add(other.hash)
        _log.error("the chain has two blocks of height %d: %s", known.height, where or text)
        raise ChainForked(
            endpoint,
            f"block {known.height} is {known.hash.hex()} and {other.hash.hex()} "
            f"({found.attack}); evidence: {where or 'in the log'}",
        )

    # -- files -----------------------------------------------------------------------------------

    def _file(self, name: str) -> Path | None:
        folder = self._settings.folder
        return None if folder is None else folder / name

    def _read(self) -> LightBlock | None:
        """The last block of an earlier process, if it is later than the root."""
        path = self._file("last-block")
        if path is None or not path.exists():
            return None
        try:
            raw = path.read_bytes()
            if sha256(raw[32:]).digest() != raw[:32]:
                raise BadBlock("its checksum is wrong")
            kept = LightBlock.from_wire(WireLightBlock.FromString(raw[32:]))
        except (OSError, LightError, DecodeError) as error:
            raise ClientError(
                f"{path} cannot be used ({error}); remove it, and the client begins with the root"
            ) from None
        return kept if kept.height > self._settings.root.height else None

    def _keep(self, now_ns: int) -> None:
        path, self._kept_ns = self._file("last-block"), now_ns
        if path is not None:
            raw = _wire(self._last).SerializeToString()
            _write(path, sha256(raw).digest() + raw)


def _wire(block: LightBlock) -> WireLightBlock:
    """A block as it is told and kept."""
    found = WireLightBlock()
    found.signed_header.header.CopyFrom(block.header)
    found.signed_header.commit.CopyFrom(block.commit)
    for each in block.validators:
        said = found.validator_set.validators.add(address=each.address, voting_power=each.power)
        said.pub_key.ed25519 = each.key
    return found


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, and on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
