"""What FROST and the key generation cost one party, one thread, beside the bare curve operations.

The baseline of a row is measured in the same run: the scalar multiplications that the equations
require, made by the same libraries and nothing around them. The ratio is the price of the rest.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from zrsign_dmpc.dkg import dkg_execution, start_dkg
from zrsign_dmpc.frost import SigningPackage, Suite
from zrsign_dmpc.frost.signing import NoncePair, generate_nonces
from zrsign_dmpc.frost.suites import SUITES
from zrsign_dmpc.group.curves import Group
from zrsign_dmpc.group.sharing import evaluate
from zrsign_dmpc.kept.keys import KeyInfo, KeyShare
from zrsign_dmpc.run.execution import IdentityKey, Parties
from zrsign_dmpc.run.simulator import Simulation

OUTPUT = Path("build/bench/frost.json")
SIZES = ((2, 3), (3, 3), (6, 8), (7, 10), (11, 16))
MESSAGE = bytes(32)


@dataclass(frozen=True)
class Row:
    """One measured operation beside its baseline, both in milliseconds."""

    what: str
    scheme: str
    threshold: int
    parties: int
    milliseconds: float
    baseline: float

    @property
    def ratio(self) -> float:
        """How many times the baseline the operation takes."""
        return self.milliseconds / self.baseline


def best(work: Callable[[], object], repeat: int = 7, number: int = 20) -> float:
    """Milliseconds of the fastest of `repeat` batches, a run."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        for _ in range(number):
            work()
        times.append((time.perf_counter() - start) / number)
    return min(times) * 1000


@dataclass(frozen=True)
class Costs:
    """Milliseconds of one multiplication of the generator, and of any point."""

    base: float
    variable: float

    @classmethod
    def of(cls, group: Group) -> Costs:
        """Measure the two multiplications of a curve."""
        k = group.random_scalar()
        point = group.base_mul(k)
        return cls(best(lambda: group.base_mul(k)), best(lambda: k * point))


def deal(group: Group, threshold: int, parties: int) -> list[KeyShare]:
    """Shares of a fresh key, dealt in the clear."""
    coefficients = [group.random_scalar() for _ in range(threshold)]
    secrets = {i: evaluate(coefficients, i, group.order) for i in range(1, parties + 1)}
    shares = tuple((i, group.base_mul(x)) for i, x in secrets.items())
    info = KeyInfo(group, threshold, group.base_mul(coefficients[0]), shares, b"", 0, b"")
    return [KeyShare(info, i, x) for i, x in secrets.items()]


def frost(suite: Suite, threshold: int, parties: int) -> list[Row]:
    """The rows of one suite at one threshold."""
    shares = deal(suite.group, threshold, parties)[:threshold]
    nonces: list[NoncePair] = [generate_nonces(suite, share) for share in shares]
    commitments = tuple(pair.commitment for pair in nonces)

    def package() -> SigningPackage:
        return SigningPackage(suite, shares[0].info, MESSAGE, commitments)

    whole = package()
    made = {s.index: whole.sign(s, n) for s, n in zip(shares, nonces, strict=True)}
    signature = whole.aggregate(made)
    costs = Costs.of(suite.group)
    verify = best(lambda: suite.verify(whole.public_key, MESSAGE, signature))
    measured = {
        "nonces": (lambda: generate_nonces(suite, shares[0]), 2 * costs.base),
        "sign share": (
            lambda: package().sign(shares[0], nonces[0]),
            threshold * costs.variable,
        ),
        "check a share": (
            lambda: whole.is_valid_share(1, made[1]),
            2 * costs.variable + costs.base,
        ),
        "aggregate": (lambda: package().aggregate(made), threshold * costs.variable + verify),
    }
    return [
        Row(what, suite.name, threshold, parties, best(work), baseline)
        for what, (work, baseline) in measured.items()
    ]


def key_generation(group: Group, threshold: int, parties: int) -> Row:
    """All parties in one thread, divided by their number."""
    keys = {i: IdentityKey(bytes([i]) * 32) for i in range(1, parties + 1)}
    members = Parties.of({i: key.public_key for i, key in keys.items()})

    def run() -> None:
        execution = dkg_execution(group, threshold, members, time.time_ns().to_bytes(16, "big"))
        Simulation({i: start_dkg(execution, i, key) for i, key in keys.items()}, seed=1).run()

    costs = Costs.of(group)
    # Own commitments, nonce and pad keys; a pad, a share and two polynomials a peer; the proofs.
    base = threshold + 1 + 3 * parties
    variable = 3 * parties + 2 * (threshold - 1) * parties
    baseline = base * costs.base + variable * costs.variable
    elapsed = best(run, repeat=2, number=1) / parties
    return Row("key generation", group.name, threshold, parties, elapsed, baseline)


def main() -> None:
    """Print the table and write `build/bench/frost.json`."""
    rows = [row for suite in SUITES for t, n in SIZES for row in frost(suite, t, n)]
    groups = dict.fromkeys(suite.group for suite in SUITES)
    rows += [key_generation(group, t, n) for group in groups for t, n in SIZES]
    table = Table("", "scheme", "t of n", "ms a party", "curve ops", "ratio")
    for row in rows:
        table.add_row(
            row.what,
            row.scheme.removeprefix("FROST-"),
            f"{row.threshold} of {row.parties}",
            f"{row.milliseconds:.3f}",
            f"{row.baseline:.3f}",
            f"{row.ratio:.2f}",
        )
    Console(width=100).print(table)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
