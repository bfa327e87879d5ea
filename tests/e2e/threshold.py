"""A group of parties in memory that holds keys and signs, for tests whose judge is a real node."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TypeVar

from tests.zrsign_dmpc.builders import fresh_ledger
from zrsign_dmpc.dkg import dkg_execution, start_dkg
from zrsign_dmpc.ecdsa import (
    PAILLIER_2048,
    AuxInfo,
    AuxSecrets,
    Order,
    PresignSetup,
    aux_info_execution,
    presign_execution,
    sign_execution,
    start_aux_info,
    start_presign,
    start_sign,
)
from zrsign_dmpc.ecdsa.primes import safe_prime_maker
from zrsign_dmpc.frost import NoncePool, Suite, frost_execution, start_frost
from zrsign_dmpc.group.curves import Group
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.refresh import refresh_execution, start_refresh
from zrsign_dmpc.reshare import reshare_execution, reshare_plan, start_reshare
from zrsign_dmpc.run.execution import IdentityKey, Parties
from zrsign_dmpc.run.rounds import Result
from zrsign_dmpc.run.session import Session
from zrsign_dmpc.run.simulator import Simulation

T = TypeVar("T")
Shares = Mapping[int, KeyShare]

LEVEL = PAILLIER_2048
IDENTITIES = {i: IdentityKey(bytes([i]) * 32) for i in range(1, 6)}
PARTIES = Parties.of({i: key.public_key for i, key in IDENTITIES.items()})


def run(members: Sequence[int], start: Callable[[int], Session[T]]) -> dict[int, T]:
    """Everybody's result. Each party is a session of its own; only messages pass between them."""
    outcomes = Simulation({i: start(i) for i in members}, seed=1).run()
    assert all(isinstance(outcome, Result) for outcome in outcomes.values()), outcomes
    return {i: outcome.value for i, outcome in outcomes.items() if isinstance(outcome, Result)}


def generate(group: Group, threshold: int = 2, members: Sequence[int] = (1, 2, 3)) -> Shares:
    """A new key that was never in one place."""
    execution = dkg_execution(group, threshold, PARTIES.subset(members), secrets.token_bytes(32))
    return run(members, lambda i: start_dkg(execution, i, IDENTITIES[i]))


@cache
def auxiliary(members: tuple[int, ...], epoch: int) -> dict[int, AuxInfo]:
    """Fresh Paillier and ring-Pedersen keys at a level for use. Costs about 8 s."""
    maker = safe_prime_maker(LEVEL.prime)
    execution = aux_info_execution(
        LEVEL, PARTIES.subset(members), secrets.token_bytes(32), epoch=epoch
    )
    return run(
        members,
        lambda i: start_aux_info(
            execution, LEVEL, i, IDENTITIES[i], AuxSecrets.generate(LEVEL, maker)
        ),
    )


def sign_ecdsa(shares: Shares, signers: tuple[int, ...], digest: bytes, *, shift: int = 0) -> bytes:
    """r ‖ s ‖ recovery id by these signers, for the key or its child at `shift`."""
    info = shares[signers[0]].info
    aux = auxiliary(tuple(sorted(shares)), info.aux_epoch)
    setup = PresignSetup(info, aux[signers[0]].public, signers)
    ahead = presign_execution(setup, PARTIES, secrets.token_bytes(32))
    ready = run(signers, lambda i: start_presign(ahead, setup, shares[i], aux[i], IDENTITIES[i]))
    order = Order(ready[signers[0]].public, digest, secrets.token_bytes(32), shift)
    execution = sign_execution(order, PARTIES, info.threshold, secrets.token_bytes(32))
    signatures = run(
        signers, lambda i: start_sign(execution, order, ready[i], IDENTITIES[i], fresh_ledger())
    )
    (signature,) = {each.encode() for each in signatures.values()}
    return signature


def sign_frost(shares: Shares, signers: tuple[int, ...], message: bytes, suite: Suite) -> bytes:
    """64 bytes by these signers."""
    info = shares[signers[0]].info
    execution = frost_execution(
        suite, info, message, PARTIES.subset(signers), secrets.token_bytes(32)
    )
    pools = {i: NoncePool(suite, shares[i], fresh_ledger()) for i in signers}
    signatures = run(signers, lambda i: start_frost(execution, pools[i], message, IDENTITIES[i]))
    (signature,) = set(signatures.values())
    return signature


def refresh(shares: Shares) -> Shares:
    """New shares of the same key."""
    info = next(iter(shares.values())).info
    execution = refresh_execution(info, PARTIES.subset(shares), secrets.token_bytes(32))
    epochs = run(tuple(shares), lambda i: start_refresh(execution, shares[i], IDENTITIES[i]))
    return {i: epoch.share for i, epoch in epochs.items() if epoch.share is not None}


def reshare(
    shares: Shares, dealers: Sequence[int], holders: Sequence[int], threshold: int
) -> Shares:
    """The same key in the hands of another group."""
    plan = reshare_plan(shares[dealers[0]].info, dealers, holders, threshold)
    execution = reshare_execution(plan, PARTIES.subset(plan.parties), secrets.token_bytes(32))
    epochs = run(
        plan.parties,
        lambda i: start_reshare(
            execution, plan, i, IDENTITIES[i], shares.get(i) if i in plan.constants else None
        ),
    )
    return {i: epoch.share for i, epoch in epochs.items() if epoch.share is not None}


def public_key(shares: Shares) -> bytes:
    """As chains take it: 33 or 32 bytes."""
    return next(iter(shares.values())).info.public_key.encode()
