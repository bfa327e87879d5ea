"""Parties in processes of their own, so that wall time is what operators on this machine would see.

The parent carries messages and does nothing else. Each process is one party, on one thread.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Final

from zrsign_dmpc.dkg import dkg_execution, start_dkg
from zrsign_dmpc.ecdsa.arithmetic import FAST, REFERENCE, Arithmetic, release_gil
from zrsign_dmpc.ecdsa.aux_info import AuxInfo, AuxSecrets, aux_info_execution, start_aux_info
from zrsign_dmpc.ecdsa.order import Order
from zrsign_dmpc.ecdsa.paillier import PaillierKey, Randomizer
from zrsign_dmpc.ecdsa.pool import Pool
from zrsign_dmpc.ecdsa.presign import Presignature, PresignSetup, presign_execution, start_presign
from zrsign_dmpc.ecdsa.security import LEVELS
from zrsign_dmpc.ecdsa.signing import sign_execution, start_sign
from zrsign_dmpc.frost import NoncePool, frost_execution, start_frost, suite_by_name
from zrsign_dmpc.group.curves import GROUPS, SECP256K1, Group
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.kept.single_use import SingleUseItem, SingleUseLedger
from zrsign_dmpc.run.execution import IdentityKey, Parties
from zrsign_dmpc.run.rounds import Result
from zrsign_dmpc.run.session import Session

ARITHMETICS: Final[Mapping[str, Arithmetic]] = {a.name: a for a in (FAST, REFERENCE)}
IDENTITIES: Final = {i: IdentityKey(bytes([i]) * 32) for i in range(1, 33)}
MESSAGE: Final = bytes(range(32))


@dataclass(frozen=True)
class Cost:
    """The cost of one run: wall time of all, and the mean over the parties of the rest."""

    wall_ms: float
    cpu_ms: float
    bytes_sent: int


class Forgetful(SingleUseLedger):
    """Records nothing, so that no disk is measured."""

    def __init__(self) -> None:
        pass

    def consume(self, item: SingleUseItem) -> None:
        """Accept every item and store nothing."""


class Stock(Pool[Randomizer]):
    """A pool that was filled before."""

    def __init__(self, values: list[Randomizer]) -> None:
        self._values = values

    def take(self) -> Randomizer:
        return self._values.pop()


def group_of(indices: Iterable[int]) -> Parties:
    """The parties with these indices."""
    return Parties.of({i: IDENTITIES[i].public_key for i in indices})


class Party:
    """One process. `prepare_…` methods are not measured; `start_…` give the session that is."""

    def __init__(self, me: int, count: int, level: str) -> None:
        self.me, self.everybody, self.level = me, tuple(range(1, count + 1)), LEVELS[level]
        self.primes: list[int] = []
        self.aux: dict[str, AuxInfo] = {}
        self.shares: dict[str, KeyShare] = {}
        self.presignature: Presignature | None = None

    def prepare_primes(self, primes: list[int]) -> None:
        """Take this party's four of everybody's safe primes."""
        self.primes = primes[4 * (self.me - 1) : 4 * self.me]

    def start_aux(self, arithmetic: str, execution_id: bytes) -> Session[AuxInfo]:
        """The session that makes auxiliary information."""
        back_end = ARITHMETICS[arithmetic]
        left = iter(self.primes)
        secrets = AuxSecrets.generate(self.level, left.__next__, arithmetic=back_end)
        parties = group_of(self.everybody)
        execution = aux_info_execution(self.level, parties, execution_id, back_end)
        return start_aux_info(execution, self.level, self.me, IDENTITIES[self.me], secrets)

    def keep_aux(self, info: AuxInfo) -> None:
        """Keep auxiliary information for later runs."""
        self.aux[info.key.arithmetic.name] = info

    def start_keygen(self, group: str, threshold: int, execution_id: bytes) -> Session[KeyShare]:
        """The session that makes a key."""
        execution = dkg_execution(_group(group), threshold, group_of(self.everybody), execution_id)
        return start_dkg(execution, self.me, IDENTITIES[self.me])

    def keep_keygen(self, share: KeyShare) -> None:
        """Keep a share for later runs."""
        self.shares[share.info.group.name] = share

    def prepare_tables(self, arithmetic: str, signers: tuple[int, ...]) -> None:
        """Tables of powers, which an operator makes once."""
        info = self.aux[arithmetic]
        info.trapdoor.prepare()
        for peer in signers:
            info.public.ring_pedersen[peer].prepare()

    def prepare_pools(self, arithmetic: str, signers: tuple[int, ...]) -> None:
        """What one presigning takes, made ahead."""
        info, peers = self.aux[arithmetic], [i for i in signers if i != self.me]
        info.key.pool = _stock(info.key, 6 * len(peers) + 2)
        for peer in peers:
            key = info.public.paillier[peer]
            key.pool = _stock(key, 4)

    def prepare_no_pools(self, arithmetic: str) -> None:
        """Take the pools away, so that randomness is made when it is needed."""
        info = self.aux[arithmetic]
        info.key.pool = None
        for key in info.public.paillier.values():
            key.pool = None

    def start_presign(
        self, arithmetic: str, signers: tuple[int, ...], execution_id: bytes
    ) -> Session[Presignature]:
        """The session that makes a presignature."""
        share, info = self.shares[SECP256K1.name], self.aux[arithmetic]
        setup = PresignSetup(share.info, info.public, signers)
        execution = presign_execution(setup, group_of(self.everybody), execution_id)
        return start_presign(execution, setup, share, info, IDENTITIES[self.me])

    def keep_presign(self, made: Presignature) -> None:
        """Keep a presignature for the next signing."""
        self.presignature = made

    def start_sign(self, execution_id: bytes) -> Session[Any]:
        """The session that signs with the presignature that is kept."""
        made = self.presignature
        if made is None:
            raise RuntimeError("presign first")
        threshold = self.shares[SECP256K1.name].info.threshold
        order = Order(made.public, MESSAGE, beacon=MESSAGE)
        execution = sign_execution(order, group_of(self.everybody), threshold, execution_id)
        return start_sign(execution, order, made, IDENTITIES[self.me], Forgetful())

    def start_frost(
        self, suite: str, signers: tuple[int, ...], execution_id: bytes
    ) -> Session[bytes]:
        """The session that signs with FROST."""
        chosen = suite_by_name(suite)
        share = self.shares[chosen.group.name]
        execution = frost_execution(chosen, share.info, MESSAGE, group_of(signers), execution_id)
        pool = NoncePool(chosen, share, Forgetful())
        pool.preprocess(1)
        return start_frost(execution, pool, MESSAGE, IDENTITIES[self.me])


def _stock(key: PaillierKey, count: int) -> Stock:
    from zrsign_dmpc.group.curves import system_rng

    return Stock([key.make_randomizer(system_rng) for _ in range(count)])


def _group(name: str) -> Group:
    return next(group for group in GROUPS if group.name == name)


def _serve(me: int, count: int, level: str, pipe: Connection) -> None:
    """The life of a party's process."""
    release_gil()
    party = Party(me, count, level)
    while True:
        command, name, options = pipe.recv()
        if command == "do":
            getattr(party, name)(**options)
            pipe.send(("done", 0.0, 0))
        elif command == "run":
            _run(party, name, options, pipe)
        else:
            return


def _run(party: Party, name: str, options: dict[str, Any], pipe: Connection) -> None:
    start, sent = time.process_time(), 0
    session = getattr(party, f"start_{name}")(**options)
    out = session.start()
    while True:
        if out:
            sent += sum(len(each.data) for each in out)
            pipe.send(("out", [(each.recipient, each.data) for each in out], 0))
        if session.outcome is not None:
            break
        out = session.receive(pipe.recv())
    cpu = time.process_time() - start
    if not isinstance(session.outcome, Result):
        raise RuntimeError(f"the run failed: {session.outcome}")  # noqa: TRY004 - no type question
    keep = getattr(party, f"keep_{name}", None)
    if keep is not None:
        keep(session.outcome.value)
    pipe.send(("done", cpu * 1e3, sent))


class Crew:
    """All parties of one group at one level."""

    def __init__(self, count: int, level: str) -> None:
        context = multiprocessing.get_context("fork")
        self._pipes: dict[int, Connection] = {}
        self._processes = []
        for me in range(1, count + 1):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(me, count, level, theirs), daemon=True)
            process.start()
            theirs.close()
            self._pipes[me] = ours
            self._processes.append(process)

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in self._pipes.values():
            pipe.send(("stop", "", {}))
        for process in self._processes:
            process.join()

    def do(self, name: str, members: Sequence[int] = (), **options: Any) -> float:
        """Everybody does something alone, side by side; the wall time in ms."""
        return self._collect("do", name, members or tuple(self._pipes), options).wall_ms

    def run(self, name: str, members: Sequence[int] = (), **options: Any) -> Cost:
        """A protocol among members (default: all). Raises EOFError when a party fails."""
        options["execution_id"] = time.time_ns().to_bytes(32, "big")
        return self._collect("run", name, members or tuple(self._pipes), options)

    def _collect(
        self, command: str, name: str, members: Sequence[int], options: dict[str, Any]
    ) -> Cost:
        start = time.perf_counter()
        done: dict[int, tuple[float, int]] = {}
        for index in members:
            self._pipes[index].send((command, name, options))
        senders = {id(self._pipes[index]): index for index in members}
        while len(done) < len(members):
            for pipe in wait([self._pipes[index] for index in members]):
                sender = senders[id(pipe)]
                kind, value, sent = self._pipes[sender].recv()
                if kind == "done":
                    done[sender] = (value, sent)
                else:
                    self._carry(sender, value, [i for i in members if i not in done])
        wall = (time.perf_counter() - start) * 1e3
        cpu = sum(value for value, _ in done.values()) / len(done)
        return Cost(wall, cpu, sum(sent for _, sent in done.values()) // len(done))

    def _carry(
        self, sender: int, messages: list[tuple[int | None, bytes]], members: Sequence[int]
    ) -> None:
        for recipient, data in messages:
            for index in members:
                if index != sender and recipient in (None, index):
                    self._pipes[index].send(data)
