"""Signing many digests in one message: the signatures of single signings, and no more trust."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest
from coincurve import PublicKey

from tests.zrsign_dmpc.builders import MemoryAnchor, MemoryJournal, fresh_ledger
from tests.zrsign_dmpc.ecdsa.parties import altering, identity, parties, require_blamed, run
from tests.zrsign_dmpc.ecdsa.signers import BEACON, presignatures
from zrsign_dmpc.ecdsa.batch_signing import (
    MAX_BATCH,
    BatchRound,
    SignatureShares,
    sign_batch_execution,
    start_sign_batch,
)
from zrsign_dmpc.ecdsa.order import Order
from zrsign_dmpc.ecdsa.presign import Presignature
from zrsign_dmpc.ecdsa.signing import EcdsaSignature
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_dmpc.kept.single_use import AlreadyConsumed, SingleUseLedger
from zrsign_dmpc.run.execution import Execution
from zrsign_dmpc.run.rounds import Abort, Result, Round
from zrsign_dmpc.run.simulator import Alteration

q = SECP256K1.order
DIGESTS = [sha256(bytes([number])).digest() for number in range(3)]
SIGNERS = (1, 2, 3)


def made_for(me: int) -> list[Presignature]:
    return [presignatures(SIGNERS, b"presigning ahead %d" % number)[me] for number in range(3)]


def orders() -> list[Order]:
    """Of three children of one key."""
    made = zip(made_for(1), DIGESTS, (0, 5, q - 7), strict=True)
    return [Order(m.public, digest, BEACON, shift) for m, digest, shift in made]


def execution_of(some: list[Order]) -> Execution:
    return sign_batch_execution(some, parties(1, 2, 3), 2, b"signing batch 0001")


def sign(
    cheats: dict[int, Alteration] | None = None,
) -> tuple[Execution, dict[int, Result[tuple[EcdsaSignature, ...]] | Abort]]:
    execution = execution_of(orders())

    def first(i: int) -> Callable[[], Round[tuple[EcdsaSignature, ...]]]:
        return lambda: BatchRound(execution, orders(), made_for(i), fresh_ledger())

    return execution, run(execution, {i: first(i) for i in SIGNERS}, cheats)


def test_batch__should_sign_every_digest_with_its_own_presignature() -> None:
    _, outcomes = sign()
    (signatures,) = {o.value for o in outcomes.values() if isinstance(o, Result)}
    assert len(outcomes) == len(signatures) == 3
    for signature, order in zip(signatures, orders(), strict=True):
        signer = PublicKey.from_signature_and_message(signature.encode(), order.digest, hasher=None)
        assert signer.format() == order.public_key.encode()


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("change", [lambda x: x + 1, lambda x: x + q, lambda _: 0, lambda x: -x])
def test_batch__should_name_who_sends_a_wrong_share_at_any_place(
    place: int, change: Callable[[int], int]
) -> None:
    def alter(record: SignatureShares) -> SignatureShares:
        sigmas = list(record.sigmas)
        sigmas[place] = change(sigmas[place])
        return SignatureShares(tuple(sigmas))

    execution, outcomes = sign({2: altering(SignatureShares, alter)})  # type: ignore[arg-type]
    require_blamed(execution, outcomes, 2, "wrong signature share")


@pytest.mark.parametrize(
    "change",
    [lambda s: s[:-1], lambda s: (*s, 1), lambda _: (), lambda s: s[::-1]],
    ids=["fewer", "more", "none", "another order"],
)
def test_batch__should_name_who_sends_other_than_one_share_a_digest(
    change: Callable[[tuple[int, ...]], tuple[int, ...]],
) -> None:
    cheat = altering(SignatureShares, lambda r: SignatureShares(change(r.sigmas)))  # type: ignore[attr-defined]
    execution, outcomes = sign({2: cheat})
    require_blamed(execution, outcomes, 2, "wrong signature share")


def test_batch__should_not_pass_wrong_shares_that_cancel_out() -> None:
    """Two shares of one sender, wrong by opposite amounts: each digest is checked alone."""

    def shift(record: SignatureShares) -> SignatureShares:
        first, second, third = record.sigmas
        return SignatureShares(((first + 1) % q, (second - 1) % q, third))

    execution, outcomes = sign({2: altering(SignatureShares, shift)})  # type: ignore[arg-type]
    require_blamed(execution, outcomes, 2, "wrong signature share")


def test_batch__should_strike_off_all_presignatures_by_one_entry_or_none() -> None:
    journal, anchor, execution = MemoryJournal(), MemoryAnchor(), execution_of(orders())
    ledger, made = SingleUseLedger(journal, anchor), made_for(1)
    assert start_sign_batch(execution, orders(), made, identity(1), ledger).start()
    assert len(journal.entries) == 1
    for again in (ledger, SingleUseLedger(journal, anchor)):
        retry = start_sign_batch(execution, orders(), made, identity(1), again)
        with pytest.raises(AlreadyConsumed):
            retry.start()

    used = fresh_ledger()
    used.consume(made[2].public.item)
    with pytest.raises(AlreadyConsumed):
        start_sign_batch(execution, orders(), made, identity(1), used).start()
    used.consume(made[0].public.item)


def test_batch__should_refuse_what_must_not_be_signed_together() -> None:
    good = orders()
    for bad, match in (
        ([], "1 to 64"),
        (good * (MAX_BATCH // 3 + 1), "1 to 64"),
        ([*good, replace(good[0], digest=DIGESTS[1])], "twice"),
        ([*good, Order(presignatures((1, 2))[1].public, DIGESTS[0], BEACON)], "one signer set"),
    ):
        with pytest.raises(ParameterError, match=match):
            execution_of(bad)


def test_batch__should_be_bound_to_its_orders_and_presignatures() -> None:
    asked, made = orders(), made_for(1)
    execution = execution_of(asked)
    for other in (asked[::-1], asked[:2], [*asked[:2], replace(asked[2], shift=7)]):
        with pytest.raises(ParameterError, match="other orders"):
            BatchRound(execution, other, made, fresh_ledger())
    for presigned in (made[::-1], made[:2]):
        with pytest.raises(ParameterError, match="other presignatures"):
            BatchRound(execution, asked, presigned, fresh_ledger())
    with pytest.raises(ParameterError, match="different parties"):
        BatchRound(execution, asked, [*made[:2], made_for(2)[2]], fresh_ledger())
