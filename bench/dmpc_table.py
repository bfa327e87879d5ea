"""The (t, n) table: every protocol among parties in processes of their own, by both back ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from bench.dmpc_crew import Cost, Crew
from zrsign_dmpc.frost.suites import SUITES

SIZES: Final = ((2, 3), (3, 3), (5, 8), (6, 8), (11, 16))
USUAL: Final = {"PAILLIER_2048": 8, "PAILLIER_3072": 3}
"""The largest group by level that is measured unless the command line asks for all."""
REPEAT: Final = 3
SCHEMES: Final = dict(zip(SUITES, ("Ed25519", "secp256k1", "BIP 340"), strict=True))


@dataclass(frozen=True)
class Entry:
    """One protocol of one group. Milliseconds; CPU and bytes are one party's, on average.

    A broadcast counts once. Curve protocols have no reference back end: they use the curve
    libraries' operations and nothing to switch off.
    """

    level: str
    threshold: int
    parties: int
    what: str
    wall_ms: float
    cpu_ms: float
    bytes_sent: int
    reference_wall_ms: float | None = None
    reference_cpu_ms: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the CPU time the reference back end takes."""
        if self.reference_cpu_ms is None:
            return None
        return self.reference_cpu_ms / self.cpu_ms


def measure(
    level: str, sizes: Sequence[tuple[int, int]], primes: list[int], console: Console
) -> Iterator[Entry]:
    """Groups of one size share their processes and auxiliary info; all share the safe primes."""
    for count, members in groupby(sizes, key=lambda size: size[1]):
        with Crew(count, level) as crew:
            name = f"{level.removeprefix('PAILLIER_')} bits, {count} parties"
            with console.status(f"{name}: auxiliary info"):
                crew.do("prepare_primes", primes=primes)
                yield from _auxiliary(crew, level, count)
            for threshold, _ in members:
                with console.status(f"{name}, t = {threshold}"):
                    yield from _of_threshold(crew, level, threshold, count)


def _auxiliary(crew: Crew, level: str, count: int) -> Iterator[Entry]:
    fast, plain = (crew.run("aux", arithmetic=name) for name in ("fast", "reference"))
    yield _entry(level, 0, count, "auxiliary info", fast, plain)


def _of_threshold(crew: Crew, level: str, threshold: int, count: int) -> Iterator[Entry]:
    signers = tuple(range(1, threshold + 1))
    at = (level, threshold, count)

    def best(name: str, members: Sequence[int], **options: Any) -> Cost:
        return min((crew.run(name, members, **options) for _ in range(REPEAT)), key=_wall)

    def pooled() -> Cost:
        crew.do("prepare_pools", signers, arithmetic="fast", signers=signers)
        return crew.run("presign", signers, arithmetic="fast", signers=signers)

    for group in ("secp256k1", "ed25519"):
        made = best("keygen", (), group=group, threshold=threshold)
        yield _entry(*at, f"keygen, {group}", made)
    crew.do("prepare_tables", signers, arithmetic="fast", signers=signers)
    plain = crew.run("presign", signers, arithmetic="reference", signers=signers)
    yield _entry(
        *at, "presign, pools filled", min((pooled() for _ in range(REPEAT)), key=_wall), plain
    )
    crew.do("prepare_no_pools", signers, arithmetic="fast")
    alone = best("presign", signers, arithmetic="fast", signers=signers)
    yield _entry(*at, "presign, no pools", alone, plain)
    yield _entry(*at, "sign", best("sign", signers))
    for suite in SUITES:
        made = best("frost", signers, suite=suite.name, signers=signers)
        yield _entry(*at, f"FROST {SCHEMES[suite]}, two rounds", made)


def _entry(
    level: str, threshold: int, count: int, what: str, cost: Cost, plain: Cost | None = None
) -> Entry:
    return Entry(
        level,
        threshold,
        count,
        what,
        cost.wall_ms,
        cost.cpu_ms,
        cost.bytes_sent,
        plain.wall_ms if plain else None,
        plain.cpu_ms if plain else None,
    )


def _wall(cost: Cost) -> float:
    return cost.wall_ms


def show(entries: Sequence[Entry], cores: int, console: Console) -> None:
    """One table a level."""
    for level, rows in groupby(entries, key=lambda entry: entry.level):
        table = Table(title=f"{level}: parties in processes on {cores} cores, ms")
        for column in ("t of n", "what"):
            table.add_column(column, no_wrap=True)
        for column in ("wall", "CPU", "plain wall", "plain CPU", "ratio", "bytes"):
            table.add_column(column, justify="right", no_wrap=True)
        for row in rows:
            table.add_row(
                f"{row.threshold or '·'} of {row.parties}",
                row.what,
                _short(row.wall_ms),
                _short(row.cpu_ms),
                _short(row.reference_wall_ms),
                _short(row.reference_cpu_ms),
                f"{row.ratio:.1f}" if row.ratio else "",
                f"{row.bytes_sent}" if row.bytes_sent else "",
            )
        console.print(table)


def _short(milliseconds: float | None) -> str:
    if not milliseconds:
        return ""
    return f"{milliseconds:.1f}" if milliseconds < 100 else f"{milliseconds:.0f}"


def as_json(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The entries as the JSON file lists them, each with its ratio."""
    return [{**asdict(entry), "ratio": entry.ratio} for entry in entries]
