"""Online signing on one thread, session and messages included; and what tables of powers cost.

Two of three sign, alone and in batches, with a ledger on disk: the figures bound how many
signatures a second one operator can take part in, without its transport.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench.dmpc_crew import IDENTITIES, Forgetful, group_of
from zrsign_dmpc.ecdsa import (
    Order,
    Presignature,
    PublicPresignature,
    SecurityLevel,
    sign_batch_execution,
    sign_execution,
    start_sign,
    start_sign_batch,
)
from zrsign_dmpc.ecdsa.arithmetic import FAST, Arithmetic, power
from zrsign_dmpc.ecdsa.ring_pedersen import RingPedersen
from zrsign_dmpc.frost import (
    ED25519_SHA512,
    NoncePool,
    SigningPackage,
    frost_batch_execution,
    frost_shares_execution,
    start_frost_batch,
    start_frost_shares,
)
from zrsign_dmpc.group.curves import ED25519, SECP256K1, Group, system_rng
from zrsign_dmpc.group.sharing import evaluate
from zrsign_dmpc.kept.journals import FileAnchor, FileJournal
from zrsign_dmpc.kept.keys import KeyInfo, KeyShare
from zrsign_dmpc.kept.single_use import SingleUseLedger
from zrsign_dmpc.run.rounds import Result
from zrsign_dmpc.run.session import Outbound, Session

BATCHES: Final = (1, 4, 16, 64)
BUDGETS: Final = (500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000)
"""Bytes of tables a peer."""
RUNS: Final = 8

Ledgers = dict[int, SingleUseLedger]
Sessions = dict[int, Session[Any]]
Setup = Callable[[], Callable[[], Sessions]]
"""Prepares one run, which is not measured, and gives what makes its sessions, which is."""


def dealt_key(group: Group, threshold: int, count: int) -> dict[int, KeyShare]:
    """A key from a dealer: key generation is measured elsewhere."""
    polynomial = [group.random_scalar() for _ in range(threshold)]
    secrets = {i: evaluate(polynomial, i, group.order) for i in range(1, count + 1)}
    points = tuple((i, group.base_mul(x)) for i, x in secrets.items())
    public = group.base_mul(polynomial[0])
    info = KeyInfo(group, threshold, public, points, bytes(32), 0, b"dealt")
    return {i: KeyShare(info, i, x) for i, x in secrets.items()}


def dealt_presignature(count: int) -> dict[int, Presignature]:
    """A presignature from a dealer."""
    q = SECP256K1.order
    k, x = ([SECP256K1.random_scalar() for _ in range(count)] for _ in range(2))
    total = sum(k) % q
    chi = [value * total % q for value in x]
    Gamma = pow(total, -1, q) * SECP256K1.generator  # noqa: N806 - the paper's letter
    public = PublicPresignature(
        os.urandom(32),
        bytes(32),
        0,
        SECP256K1.base_mul(sum(x)),
        tuple(range(1, count + 1)),
        Gamma,
        tuple(value * Gamma for value in k),
        tuple(value * Gamma for value in chi),
    )
    return {i + 1: Presignature(public, i + 1, k[i], chi[i]) for i in range(count)}


def drive(sessions: Sessions) -> None:
    """Carry messages in order, in one thread. Raises RuntimeError for an abort."""
    queue: list[tuple[int, Outbound]] = []
    for index, session in sessions.items():
        queue += [(index, message) for message in session.start()]
    while queue:
        sender, message = queue.pop(0)
        for index, session in sessions.items():
            if index != sender and message.recipient in (None, index):
                queue += [(index, answer) for answer in session.receive(message.data)]
    for session in sessions.values():
        if not isinstance(session.outcome, Result):
            raise RuntimeError(f"the run failed: {session.outcome}")  # noqa: TRY004


def cpu_ms(setup: Setup, signers: int, signatures: int) -> float:
    """The best CPU time of some runs, a signature and signer."""
    times = []
    for _ in range(RUNS):
        begin = setup()
        start = time.process_time()
        drive(begin())
        times.append(time.process_time() - start)
    return min(times) * 1e3 / signers / signatures


def ecdsa_alone(signers: int, ledgers: Ledgers) -> Setup:
    """Sign one digest among `signers`; making the presignature is not measured."""

    def setup() -> Callable[[], Sessions]:
        made, digest, beacon = dealt_presignature(signers), os.urandom(32), os.urandom(32)
        parties, name = group_of(range(1, signers + 1)), os.urandom(32)

        def begin() -> Sessions:
            sessions: Sessions = {}
            for i, each in made.items():
                order = Order(each.public, digest, beacon)
                execution = sign_execution(order, parties, signers, name)
                sessions[i] = start_sign(execution, order, each, IDENTITIES[i], ledgers[i])
            return sessions

        return begin

    return setup


def ecdsa_batch(size: int, ledgers: Ledgers) -> Setup:
    """Sign `size` digests in one session of two; making the presignatures is not measured."""

    def setup() -> Callable[[], Sessions]:
        made = [dealt_presignature(2) for _ in range(size)]
        digests, name = [os.urandom(32) for _ in range(size)], os.urandom(32)
        beacon = os.urandom(32)

        def begin() -> Sessions:
            sessions: Sessions = {}
            for i, ledger in ledgers.items():
                own = [each[i] for each in made]
                orders = [Order(m.public, d, beacon) for m, d in zip(own, digests, strict=True)]
                execution = sign_batch_execution(orders, group_of((1, 2, 3)), 2, name)
                sessions[i] = start_sign_batch(execution, orders, own, IDENTITIES[i], ledger)
            return sessions

        return begin

    return setup


def frost_batch(size: int | None, ledgers: Ledgers) -> Setup:
    """Ed25519; None: a session of a single signature."""
    shares = dealt_key(ED25519, 2, 3)

    def setup() -> Callable[[], Sessions]:
        pools = {i: NoncePool(ED25519_SHA512, shares[i], ledger) for i, ledger in ledgers.items()}
        for pool in pools.values():
            pool.preprocess(size or 1)
        messages, name = [os.urandom(32) for _ in range(size or 1)], os.urandom(32)
        nonces = [tuple(pool.publish() for pool in pools.values()) for _ in messages]

        def begin() -> Sessions:
            sessions: Sessions = {}
            for i, pool in pools.items():
                packages = [
                    SigningPackage(ED25519_SHA512, pool.share.info, message, commitments)
                    for message, commitments in zip(messages, nonces, strict=True)
                ]
                signers = group_of(tuple(pools))
                if size is None:
                    execution = frost_shares_execution(packages[0], signers, name)
                    sessions[i] = start_frost_shares(execution, packages[0], pool, IDENTITIES[i])
                else:
                    execution = frost_batch_execution(packages, signers, name)
                    sessions[i] = start_frost_batch(execution, packages, pool, IDENTITIES[i])
            return sessions

        return begin

    return setup


@contextmanager
def ledgers_on_disk(folder: Path) -> Iterator[Ledgers]:
    """Ledgers of signers 1 and 2 below `folder`; a temporary directory may be no disk."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        journals = {i: FileJournal(Path(name) / f"journal-{i}") for i in (1, 2)}
        try:
            yield {
                i: SingleUseLedger(journal, FileAnchor(Path(name) / f"anchor-{i}"))
                for i, journal in journals.items()
            }
        finally:
            for journal in journals.values():
                journal.close()


def online_figures(folder: Path) -> Iterator[tuple[str, float]]:
    """(what, ms of CPU a signature and signer)."""
    six: Ledgers = {i: Forgetful() for i in range(1, 7)}
    yield "sign, 6 signers, nothing recorded", cpu_ms(ecdsa_alone(6, six), 6, 1)
    with ledgers_on_disk(folder) as ledgers:
        yield "sign, 2 signers, recorded on disk", cpu_ms(ecdsa_alone(2, ledgers), 2, 1)
        for size in BATCHES:
            name = f"sign, 2 signers, batch of {size}"
            yield name, cpu_ms(ecdsa_batch(size, ledgers), 2, size)
        yield "FROST Ed25519, 2 signers", cpu_ms(frost_batch(None, ledgers), 2, 1)
        for size in BATCHES:
            name = f"FROST Ed25519, 2 signers, batch of {size}"
            yield name, cpu_ms(frost_batch(size, ledgers), 2, size)


def table_figures(
    level: SecurityLevel, rp: RingPedersen, arithmetic: Arithmetic = FAST
) -> Iterator[tuple[str, float, float]]:
    """(what, ms, ms by plain powers) of commitments under some bounds on a peer's tables."""
    pairs = [
        (
            int.from_bytes(system_rng(level.ell_prime // 8), "big"),
            -int.from_bytes(system_rng(level.modulus // 8), "big"),
        )
        for _ in range(10)
    ]

    def timed(work: Callable[[int, int], int]) -> float:
        times = []
        for _ in range(3):
            start = time.process_time()
            for x, y in pairs:
                work(x, y)
            times.append(time.process_time() - start)
        return min(times) * 1e3 / len(pairs)

    plain = timed(lambda x, y: power(rp.s, x, rp.N_hat) * power(rp.t, y, rp.N_hat) % rp.N_hat)
    for table_bytes in BUDGETS:
        bounded = rp.with_table_bytes(table_bytes)
        start = time.process_time()
        bounded.prepare()
        made = (time.process_time() - start) * 1e3
        yield f"commit, tables of {table_bytes / 1e6:.1f} MB a peer", timed(bounded.commit), plain
        yield f"making tables of {table_bytes / 1e6:.1f} MB", made, 0.0
