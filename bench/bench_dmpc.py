"""Threshold signatures: each proof and protocol on one thread, then whole groups in processes.

Every figure stands beside the same work on plain powers (`REFERENCE`), measured in the same run.
The machine figure, one 2048-bit power modulo a 4096-bit number, scales all others. Writes
build/bench/dmpc.json. `--large` adds groups of 8 at 3072 bits and of 16, which take many minutes.
"""

# ruff: noqa: N806 - letters are the paper's
from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import gmpy2
from rich.console import Console
from rich.table import Table

from bench import dmpc_table
from bench.dmpc_crew import IDENTITIES, Stock, group_of
from bench.dmpc_online import dealt_key, online_figures, table_figures
from zrsign_dmpc.ecdsa.arithmetic import (
    FAST,
    REFERENCE,
    Arithmetic,
    big,
    power,
    public_power,
    release_gil,
)
from zrsign_dmpc.ecdsa.aux_info import AuxInfo, AuxSecrets, aux_info_execution, start_aux_info
from zrsign_dmpc.ecdsa.paillier import PaillierKey, Randomizer
from zrsign_dmpc.ecdsa.pool import Pool
from zrsign_dmpc.ecdsa.presign import Presignature, PresignSetup, presign_execution, start_presign
from zrsign_dmpc.ecdsa.primes import safe_prime
from zrsign_dmpc.ecdsa.proofs import aff_g, elog, enc_elg, fac, mod, prm
from zrsign_dmpc.ecdsa.proofs.batch import EncryptionBatch
from zrsign_dmpc.ecdsa.proofs.context import ProofContext
from zrsign_dmpc.ecdsa.ring_pedersen import RingPedersen
from zrsign_dmpc.ecdsa.security import LEVELS, SecurityLevel
from zrsign_dmpc.ecdsa.spread import IN_ORDER, Spread
from zrsign_dmpc.group.curves import SECP256K1, system_rng
from zrsign_dmpc.run.rounds import Abort, Result
from zrsign_dmpc.run.session import Outbound, Session

G, q = SECP256K1.base_mul, SECP256K1.order
T = TypeVar("T")
OUTPUT = Path("build/bench/dmpc.json")
THREADS = os.cpu_count() or 1
POWERS = (
    (1024, 1024),
    (2048, 256),
    (2048, 2048),
    (4096, 2048),
    (3072, 3072),
    (6144, 256),
    (6144, 3072),
)
"""Bits of moduli and exponents: what both levels use most."""


@dataclass(frozen=True)
class Row:
    """Milliseconds by the fast and the reference back end; None where there is only one."""

    level: str
    name: str
    fast_ms: float
    reference_ms: float | None = None


def best_ms(work: Callable[[], object], repeat: int = 3) -> float:
    """The best CPU time of some runs."""
    times = []
    for _ in range(repeat):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times) * 1e3


def machine_figure() -> float:
    """One power of GMP's with a 2048-bit exponent modulo a 4096-bit number."""
    base, exponent, modulus = power_case(4096, 2048)
    return best_ms(lambda: gmpy2.powmod(base, exponent, modulus), 5)


def power_case(modulus: int, exponent: int) -> tuple[int, int, int]:
    """Base, exponent and odd modulus of these bits."""
    sizes = (modulus - 8, exponent, modulus)
    x, e, m = (big(int.from_bytes(os.urandom(bits // 8), "big")) for bits in sizes)
    return x, e | 1 << exponent - 1, m | 1 << modulus - 1 | 1


def power_rows() -> list[Row]:
    """Powers as the protocols make them, each beside GMP's of the same kind."""
    kinds = (("secret", power, gmpy2.powmod_sec), ("public", public_power, gmpy2.powmod))
    return [
        Row(
            "any",
            f"power modulo {modulus} bits, {kind} {exponent}-bit exponent",
            best_ms(lambda: fast(*case), 5),  # noqa: B023 - called at once
            best_ms(lambda: plain(*case), 5),  # noqa: B023 - called at once
        )
        for modulus, exponent in POWERS
        for case in [power_case(modulus, exponent)]
        for kind, fast, plain in kinds
    ]


# Keys


def safe_primes(level: SecurityLevel, count: int) -> tuple[list[int], Row]:
    """Made by a process a core; the row is the wall time of all, divided by their number."""
    with ProcessPoolExecutor(THREADS) as executor:
        start = time.perf_counter()
        primes = list(executor.map(safe_prime, [level.prime] * count))
    wall = (time.perf_counter() - start) * 1e3
    return primes, Row(level.name, f"safe prime, wall each on {THREADS} cores", wall / count)


# Runs


@dataclass
class Cost:
    """What one party spent, on average."""

    cpu_ms: float
    bytes_sent: int
    wall_ms: float = 0.0


def drive(sessions: dict[int, Session[T]]) -> tuple[dict[int, T], Cost]:
    """Carry messages in order, in one thread; the cost is the average of the parties."""
    start, sent, begun = time.process_time(), 0, time.perf_counter()
    queue: list[tuple[int, Outbound]] = []
    for index, session in sessions.items():
        queue += [(index, message) for message in session.start()]
    while queue:
        sender, message = queue.pop(0)
        for index, session in sessions.items():
            if index != sender and message.recipient in (None, index):
                sent += len(message.data)
                queue += [(index, answer) for answer in session.receive(message.data)]
    cost = Cost((time.process_time() - start) * 1e3 / len(sessions), sent // len(sessions))
    cost.wall_ms = (time.perf_counter() - begun) * 1e3 / len(sessions)
    return {index: result_of(session.outcome) for index, session in sessions.items()}, cost


def result_of(outcome: Result[T] | Abort | None) -> T:
    """Raises RuntimeError for an abort."""
    if not isinstance(outcome, Result):
        raise RuntimeError(f"the run failed: {outcome}")  # noqa: TRY004 - no question of types
    return outcome.value


def make_aux(
    level: SecurityLevel, primes: list[int], count: int, arithmetic: Arithmetic
) -> tuple[dict[int, AuxInfo], Cost]:
    """Auxiliary information of `count` members, and what one of them spent on it."""
    execution = aux_info_execution(level, group_of(range(1, count + 1)), os.urandom(32), arithmetic)
    left = iter(primes)
    sessions = {
        i: start_aux_info(
            execution,
            level,
            i,
            IDENTITIES[i],
            AuxSecrets.generate(level, left.__next__, system_rng, arithmetic),
        )
        for i in range(1, count + 1)
    }
    return drive(sessions)


def prepare(aux: dict[int, AuxInfo], pooled: bool) -> float:
    """Tables, and pools with what one presigning takes; milliseconds a party and counterparty."""
    peers, start = len(aux) - 1, time.process_time()
    for info in aux.values():
        info.trapdoor.prepare()
        info.key.pool = _stock(info.key, 6 * peers + 2) if pooled else None
        for index, key in info.public.paillier.items():
            if index != info.index:
                info.public.ring_pedersen[index].prepare()
                key.pool = _stock(key, 4) if pooled else None
    return (time.process_time() - start) * 1e3 / len(aux) / peers


def _stock(key: PaillierKey, count: int) -> Pool[Randomizer]:
    return Stock([key.make_randomizer(system_rng) for _ in range(count)])


def run_presign(
    aux: dict[int, AuxInfo], pooled: bool, spread: Spread = IN_ORDER
) -> tuple[dict[int, Presignature], Cost]:
    """One presigning of all members, and what one of them spent on it."""
    count = len(aux)
    shares = dealt_key(SECP256K1, count, count)
    setup = PresignSetup(shares[1].info, aux[1].public, tuple(aux))
    execution = presign_execution(setup, group_of(range(1, count + 1)), os.urandom(32))
    prepare(aux, pooled)
    sessions = {
        i: start_presign(
            execution,
            PresignSetup(setup.key, aux[i].public, setup.signers),
            shares[i],
            aux[i],
            IDENTITIES[i],
            spread=spread,
        )
        for i in aux
    }
    return drive(sessions)


# Tables


def proof_rows(level: SecurityLevel, aux: dict[str, dict[int, AuxInfo]]) -> list[Row]:
    """Prove and verify, each proof, by both back ends."""
    timings = {name: proof_timings(level, infos) for name, infos in aux.items()}
    return [
        Row(level.name, name, fast, timings["reference"][name])
        for name, fast in timings["fast"].items()
    ]


Work = dict[str, Callable[[], object]]


def proof_timings(level: SecurityLevel, aux: dict[int, AuxInfo]) -> dict[str, float]:
    """Party 1 proves, party 2 verifies."""
    prepare(aux, pooled=False)
    me, peer = aux[1], aux[2]
    work = (
        encryption_work(me, peer)
        | presign_proofs(level, me, peer)
        | aux_proofs(level, me, peer, me.public.ring_pedersen[2])
    )
    for warm in ("encrypt, own key", "Πprm prove"):
        work[warm]()
    return {name: best_ms(each, 2) for name, each in work.items()}


def encryption_work(me: AuxInfo, peer: AuxInfo) -> Work:
    """Paillier and ring-Pedersen."""
    rng, foreign = system_rng, me.public.paillier[2]
    x, y = 1 << me.public.level.ell_prime, me.key.N << 400
    C, rp = me.key.encrypt(x, me.key.make_randomizer(rng)), me.public.ring_pedersen[2]
    return {
        "encrypt, own key": lambda: me.key.encrypt(x, me.key.make_randomizer(rng)),
        "encrypt, foreign key": lambda: foreign.encrypt(x, foreign.make_randomizer(rng)),
        "decrypt": lambda: me.key._decrypt(C),
        "commit, foreign parameters": lambda: rp.commit(x, y),
        "commit, own parameters": lambda: peer.trapdoor.commit(x, y),
    }


def presign_proofs(level: SecurityLevel, me: AuxInfo, peer: AuxInfo) -> Work:
    """Πenc-elg, Πaff-g, Πelog."""
    context, rng, rp = ProofContext(b"bench", level, 1), system_rng, me.public.ring_pedersen[2]
    k, y = SECP256K1.random_scalar(), 1 << level.ell_prime - 1
    rho, b, Y = me.key.make_randomizer(rng), SECP256K1.random_scalar(), G(5)
    C, N0 = me.key.encrypt(k, rho), me.public.paillier[2]
    own = enc_elg.Statement(me.key, C, Y, G(b), b * Y + G(k))
    public = replace(own, N=me.key.public)
    range_witness = enc_elg.Witness(k, rho.r, b)
    in_range = enc_elg.prove(context, own, range_witness, rp, rng)

    s, r = N0.make_randomizer(rng), me.key.make_randomizer(rng)
    K = N0.encrypt(k, s)
    D, F = N0.power(K, k) * N0.encrypt(y, s) % N0.N2, me.key.encrypt(y, r)
    affine = aff_g.Statement(N0, me.key, K, D, F, G(k))
    received = replace(affine, N0=peer.key, N1=me.key.public)
    affine_witness = aff_g.Witness(k, y, s.r, r.r)
    product = aff_g.prove(context, affine, affine_witness, rp, rng)

    log, log_witness = elog.Statement(G(b), G(k) + b * Y, Y, k * G(7), G(7)), elog.Witness(k, b)
    logged = elog.prove(context, log, log_witness, rng)

    def verify_affine() -> None:
        peer.key.decrypt.cache_clear()
        aff_g.verify(context, received, product, peer.trapdoor)

    def verify_two() -> None:
        batch = EncryptionBatch(rng)
        for _ in range(2):
            enc_elg.verify(context, public, in_range, peer.trapdoor, batch)
        batch.require()

    return {
        "Πenc-elg prove": lambda: enc_elg.prove(context, own, range_witness, rp, rng),
        "Πenc-elg verify": lambda: enc_elg.verify(context, public, in_range, peer.trapdoor),
        "Πenc-elg verify two": verify_two,
        "Πaff-g prove": lambda: aff_g.prove(context, affine, affine_witness, rp, rng),
        "Πaff-g verify": verify_affine,
        "Πelog prove": lambda: elog.prove(context, log, log_witness, rng),
        "Πelog verify": lambda: elog.verify(context, log, logged),
    }


def aux_proofs(level: SecurityLevel, me: AuxInfo, peer: AuxInfo, rp: RingPedersen) -> Work:
    """Πmod, Πprm, Πfac."""
    context, rng = ProofContext(b"bench", level, 1), system_rng
    moduli, parameters = mod.prove(context, me.key, rng), prm.prove(context, me.trapdoor, rng)
    factors = fac.prove(context, me.key, rp, rng)
    return {
        "Πmod prove": lambda: mod.prove(context, me.key, rng),
        "Πmod verify": lambda: mod.verify(context, me.key.public, moduli),
        "Πprm prove": lambda: prm.prove(context, me.trapdoor, rng),
        "Πprm verify": lambda: prm.verify(context, me.trapdoor.public, parameters),
        "Πfac prove": lambda: fac.prove(context, me.key, rp, rng),
        "Πfac verify": lambda: fac.verify(context, me.key.N, factors, peer.trapdoor),
    }


def protocol_rows(
    level: SecurityLevel, primes: list[int], count: int
) -> tuple[list[Row], dict[str, dict[int, AuxInfo]], dict[str, int]]:
    """Auxiliary info and presigning of `count` parties by both back ends."""
    made, cost = {}, {}
    for arithmetic in (FAST, REFERENCE):
        made[arithmetic.name], cost[arithmetic.name] = make_aux(level, primes, count, arithmetic)
    peers = count - 1
    prepare(made["fast"], pooled=True)
    ahead = prepare(made["fast"], pooled=True)
    pooled = min((run_presign(made["fast"], True)[1] for _ in range(3)), key=lambda c: c.cpu_ms)
    with ThreadPoolExecutor(THREADS, initializer=release_gil) as threads:
        spread_ms = run_presign(made["fast"], True, Spread(threads))[1].wall_ms
    alone = run_presign(made["fast"], pooled=False)[1].cpu_ms / peers
    plain = run_presign(made["reference"], pooled=False)[1].cpu_ms / peers
    aux_name, presign_name = (
        f"auxiliary info, CPU a party of {count}",
        "presign, CPU a counterparty",
    )
    rows = [
        Row(level.name, aux_name, cost["fast"].cpu_ms, cost["reference"].cpu_ms),
        Row(level.name, f"{presign_name}, pools filled", pooled.cpu_ms / peers, plain),
        Row(level.name, f"{presign_name}, no pools", alone, plain),
        Row(level.name, "filling the pools, CPU a counterparty", ahead),
        Row(level.name, f"presign, wall a party of {count}, one thread", pooled.wall_ms),
        Row(level.name, f"presign, wall a party of {count}, {THREADS} threads", spread_ms),
    ]
    sizes = {
        "auxiliary info, bytes sent a party": cost["fast"].bytes_sent,
        "presign, bytes sent a party": pooled.bytes_sent,
    }
    return rows, made, sizes


def online_rows() -> list[Row]:
    """Online signing, whole sessions."""
    return [Row("any", name, ms) for name, ms in online_figures(OUTPUT.parent)]


def table_rows(level: SecurityLevel, aux: AuxInfo) -> list[Row]:
    """What memory buys."""
    figures = table_figures(level, next(rp for i, rp in aux.public.ring_pedersen.items() if i != 1))
    return [Row(level.name, name, ms, plain or None) for name, ms, plain in figures]


def show(rows: list[Row], figure: float, console: Console) -> None:
    """One table; ratios against the reference back end and the machine figure."""
    table = Table(title=f"One 2048-bit power modulo 4096 bits: {figure:.2f} ms (8.9 is par)")
    for column in ("level", "what", "ms", "plain", "ratio", "at par"):
        left = column in ("level", "what")
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    for row in rows:
        ratio = row.reference_ms and row.reference_ms / row.fast_ms
        table.add_row(
            row.level.removeprefix("PAILLIER_"),
            row.name,
            f"{row.fast_ms:.2f}",
            f"{row.reference_ms:.2f}" if row.reference_ms else "",
            f"{ratio:.1f}" if ratio else "",
            f"{row.fast_ms * 8.9 / figure:.2f}",
        )
    console.print(table)


def _sizes(level: str, large: bool) -> list[tuple[int, int]]:
    return [size for size in dmpc_table.SIZES if large or size[1] <= dmpc_table.USUAL[level]]


def main(argv: Sequence[str] | None = None) -> None:
    """Measure what the command line names, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--level", choices=sorted(LEVELS), action="append")
    parser.add_argument("--parties", type=int, default=3, help="of the single-thread rows")
    parser.add_argument("--large", action="store_true", help="groups of 8 at 3072 bits, and of 16")
    arguments = parser.parse_args(argv)
    console, figure = Console(width=112), machine_figure()
    levels = arguments.level or sorted(LEVELS)
    sizes = {name: _sizes(name, arguments.large) for name in levels}
    rows: list[Row] = []
    primes: dict[str, list[int]] = {}
    entries: list[dmpc_table.Entry] = []
    # Before this process has threads: parties are forked from it.
    for name in levels:
        with console.status(f"{name}: safe primes"):
            parties = max(arguments.parties, *(members for _, members in sizes[name]))
            primes[name], row = safe_primes(LEVELS[name], 4 * parties)
        rows.append(row)
        entries += dmpc_table.measure(name, sizes[name], primes[name], console)
    release_gil()
    rows += [*power_rows(), *online_rows()]
    bytes_sent: dict[str, dict[str, int]] = {}
    for name in levels:
        level = LEVELS[name]
        with console.status(f"{name}: each proof on one thread"):
            made = protocol_rows(level, primes[name], arguments.parties)
            protocols, aux, bytes_sent[name] = made
            rows += [*protocols, *proof_rows(level, aux), *table_rows(level, aux["fast"][1])]
    dmpc_table.show(entries, THREADS, console)
    show(rows, figure, console)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "machine_ms": figure,
        "cores": THREADS,
        "parties": arguments.parties,
        "rows": [row.__dict__ for row in rows],
        "sizes": bytes_sent,
        "groups": dmpc_table.as_json(entries),
    }
    OUTPUT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    console.print(f"Written to {OUTPUT}")


if __name__ == "__main__":
    main()
