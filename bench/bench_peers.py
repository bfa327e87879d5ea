"""Threshold signatures beside Rust crates for the same work: CPU a party, one thread, one run.

`bench/peers` is a crate on `cggmp24` (with GMP), `frost-ed25519` and `frost-secp256k1-tr`, built
here by cargo; its first build compiles GMP and needs a C compiler, make and m4. Ours runs at the
peer's epsilon and ell' as well: the peer draws challenges below q, and with our smaller epsilon its
proofs fail. Ours signs and encodes every message; cggmp24's are passed in memory. Writes
build/bench/peers.json.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.bench_dmpc import drive, make_aux, prepare, run_presign
from bench.dmpc_crew import IDENTITIES, Forgetful, group_of
from bench.dmpc_online import dealt_key
from zrsign_dmpc.dkg import dkg_execution, start_dkg
from zrsign_dmpc.ecdsa.arithmetic import FAST
from zrsign_dmpc.ecdsa.primes import safe_prime
from zrsign_dmpc.ecdsa.security import PAILLIER_3072
from zrsign_dmpc.frost import (
    ED25519_SHA512,
    NoncePool,
    Suite,
    frost_execution,
    start_frost,
    suite_by_name,
)
from zrsign_dmpc.group.curves import ED25519, SECP256K1, Group

CRATE: Final = Path(__file__).parent / "peers"
OUTPUT: Final = Path("build/bench/peers.json")
PARTIES: Final = 3
"""How many make auxiliary information and presign; figures are of a pair."""
THRESHOLD, MEMBERS, RUNS = 6, 8, 5
PEER_SIZES: Final = replace(PAILLIER_3072, name="PEER_3072", epsilon=512, ell_prime=1280)
TAPROOT: Final = suite_by_name("FROST-secp256k1-SHA256-TR-v1")


@dataclass(frozen=True)
class Row:
    """CPU milliseconds of ours and of the peer, and the ratio that is wanted at most."""

    what: str
    ours_ms: float
    peer_ms: float | None
    wanted: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours by the peer's; None without a peer."""
        return self.peer_ms and self.ours_ms / self.peer_ms


def peers(primes: list[int], console: Console) -> dict[str, float]:
    """The peer's figures by name; none without cargo. Raises CalledProcessError."""
    cargo = shutil.which("cargo")
    if cargo is None:
        console.print("cargo is not there, so no peer is: install Rust from https://rustup.rs")
        return {}
    target = OUTPUT.parent.absolute() / "peers"
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target)}
    build = [cargo, "build", "--release", "--locked", "--quiet"]
    with console.status("building bench/peers"):
        subprocess.run(build, cwd=CRATE, env=environment, check=True)
    with console.status("the peers' side"):
        done = subprocess.run(
            [target / "release" / "bench-peers"],
            input="".join(f"{prime:x}\n" for prime in primes),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    pairs = (line.split("\t") for line in done.stdout.splitlines())
    return {name: float(milliseconds) for name, milliseconds in pairs}


def best(run: Callable[[], float]) -> float:
    """The least of some runs."""
    return min(run() for _ in range(RUNS))


def ecdsa_rows(primes: list[int], peer: dict[str, float]) -> Iterator[Row]:
    """Auxiliary information and presigning, a party and counterparty."""
    pairs = PARTIES - 1
    for name, level in (("", PEER_SIZES), (", our sizes", PAILLIER_3072)):
        aux, cost = make_aux(level, primes, PARTIES, FAST)
        prepare(aux, pooled=False)
        alone = best(lambda: run_presign(aux, pooled=False)[1].cpu_ms / pairs)  # noqa: B023
        pooled = best(lambda: run_presign(aux, pooled=True)[1].cpu_ms / pairs)  # noqa: B023
        made = peer.get("auxiliary information")
        yield Row(f"auxiliary information{name}", cost.cpu_ms / pairs, made)
        plain, tables = peer.get("presigning"), peer.get("presigning with tables")
        yield Row(f"presigning, no pools{name}", alone, plain, 0.25)
        yield Row(f"presigning, pools filled{name}; peer with tables", pooled, tables)


def keygen_ms(group: Group) -> float:
    """One key generation, a party."""
    parties = group_of(range(1, MEMBERS + 1))
    execution = dkg_execution(group, THRESHOLD, parties, os.urandom(32))
    members = range(1, MEMBERS + 1)
    return drive({i: start_dkg(execution, i, IDENTITIES[i]) for i in members})[1].cpu_ms


def frost_ms(suite: Suite) -> float:
    """One signing of two rounds, nonces included, a signer."""
    shares, signers = dealt_key(suite.group, THRESHOLD, MEMBERS), range(1, THRESHOLD + 1)
    message, parties = os.urandom(32), group_of(signers)
    execution = frost_execution(suite, shares[1].info, message, parties, os.urandom(32))
    pools = {i: NoncePool(suite, shares[i], Forgetful()) for i in signers}
    start = time.process_time()
    for pool in pools.values():
        pool.preprocess(1)
    drive({i: start_frost(execution, pools[i], message, IDENTITIES[i]) for i in signers})
    return (time.process_time() - start) * 1e3 / THRESHOLD


def curve_rows(peer: dict[str, float]) -> Iterator[Row]:
    """Key generation and FROST, a party or signer."""
    group_key = peer.get("key generation, secp256k1")
    yield Row("key generation, secp256k1", best(lambda: keygen_ms(SECP256K1)), group_key, 2.0)
    made = peer.get("FROST key generation, Ed25519")
    yield Row("key generation, Ed25519", best(lambda: keygen_ms(ED25519)), made, 2.0)
    for name, suite in (("Ed25519", ED25519_SHA512), ("BIP 340", TAPROOT)):
        signed = peer.get(f"FROST signing, {name}")
        yield Row(f"FROST signing, {name}", best(lambda: frost_ms(suite)), signed, 1.2)  # noqa: B023


def show(rows: list[Row], console: Console) -> None:
    """Print all rows as one table."""
    table = Table(title=f"CPU ms a party; presigning {PARTIES} at 3072, others {THRESHOLD} of 8")
    for column in ("what", "ours", "peer", "ratio", "wanted"):
        table.add_column(column, justify="left" if column == "what" else "right", no_wrap=True)
    for row in rows:
        table.add_row(
            row.what,
            f"{row.ours_ms:.2f}",
            "" if row.peer_ms is None else f"{row.peer_ms:.2f}",
            "" if row.ratio is None else f"{row.ratio:.2f}",
            "" if row.wanted is None else f"{row.wanted:.2f}",
        )
    console.print(table)


def main() -> None:
    """Print the table and write build/bench/peers.json."""
    console = Console(width=112)
    with console.status("safe primes"), ProcessPoolExecutor() as executor:
        primes = list(executor.map(safe_prime, [PAILLIER_3072.prime] * 4 * PARTIES))
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    peer = peers(primes, console)
    with console.status("our side"):
        rows = [*ecdsa_rows(primes, peer), *curve_rows(peer)]
    show(rows, console)
    written = [{**asdict(row), "ratio": row.ratio} for row in rows]
    OUTPUT.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
