"""Online signing: shares are checked, a presignature is used once, s is low."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from tests.zrsign_dmpc.builders import MemoryAnchor, MemoryJournal, fresh_ledger
from tests.zrsign_dmpc.ecdsa.parties import altering, bump, identity, require_blamed
from tests.zrsign_dmpc.ecdsa.signers import order, presignatures, sign, signing
from zrsign_dmpc.ecdsa.presign import Presignature
from zrsign_dmpc.ecdsa.presign.presignature import PRESIGNATURE
from zrsign_dmpc.ecdsa.signing import (
    EcdsaSignature,
    ShareRound,
    SignatureShare,
    finish,
    start_sign,
)
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_dmpc.kept.single_use import AlreadyConsumed, SingleUseItem, SingleUseLedger
from zrsign_dmpc.run.rounds import Abort, Result
from zrsign_dmpc.run.session import Session
from zrsign_dmpc.run.simulator import Deviation, Simulation

q = SECP256K1.order
DIGEST = sha256(b"a message").digest()


def start(
    made: dict[int, Presignature], digest: bytes, ledger: SingleUseLedger
) -> Session[EcdsaSignature]:
    asked = order(made, digest)
    return start_sign(signing(asked), asked, made[1], identity(1), ledger)


@pytest.mark.parametrize("sigma", [0, 1, q - 1, q, -1, 1 << 300])
def test_sign__should_name_who_sends_a_wrong_share(sigma: int) -> None:
    made = presignatures((1, 2, 3))
    cheat = altering(SignatureShare, lambda _: SignatureShare(sigma))
    outcomes = sign(made, order(made, DIGEST), {2: cheat})
    require_blamed(signing(order(made, DIGEST)), outcomes, 2, "wrong signature share")


def test_sign__should_refuse_a_share_that_is_not_reduced() -> None:
    """σ + q adds up to the same signature; two encodings of one share must not both pass."""
    made = presignatures((1, 2, 3))
    cheat = altering(SignatureShare, lambda r: SignatureShare(r.sigma + q))  # type: ignore[attr-defined]
    outcomes = sign(made, order(made, DIGEST), {2: cheat})
    require_blamed(signing(order(made, DIGEST)), outcomes, 2, "wrong signature share")


def test_sign__should_name_no_one_but_the_two_cheats() -> None:
    made = presignatures((1, 2, 3))
    cheat = altering(SignatureShare, bump("sigma"))
    outcome = sign(made, order(made, DIGEST), {2: cheat, 3: cheat})[1]
    assert isinstance(outcome, Abort)
    # Each cheat may also have accused the other first: whoever is named is guilty.
    assert outcome.culprits
    assert set(outcome.culprits) <= {2, 3}
    assert all(evidence.proves_fault(signing(order(made, DIGEST))) for evidence in outcome.evidence)


def test_sign__should_consume_the_presignature_before_the_share_leaves() -> None:
    made, journal, anchor = presignatures((1, 2)), MemoryJournal(), MemoryAnchor()
    ledger = SingleUseLedger(journal, anchor)
    public = made[1].public
    session = start(made, DIGEST, ledger)
    assert not ledger.is_consumed(PRESIGNATURE, public.id)
    assert session.start()
    assert [SingleUseItem.decode(entry) for entry in journal.entries] == [
        SingleUseItem(PRESIGNATURE, public.id, public.key_id, public.epoch, (1, 2))
    ]
    # Another message, the same message again, and both after a restart: nothing leaves.
    for again in (ledger, SingleUseLedger(journal, anchor)):
        for digest in (sha256(b"another").digest(), DIGEST):
            retry = start(made, digest, again)
            with pytest.raises(AlreadyConsumed):
                retry.start()


def test_failed_signing__should_have_burned_its_presignature() -> None:
    """CVE-2023-33242: a second try with the same nonce would tell something about the key."""
    made, ledger = presignatures((1, 2)), fresh_ledger()
    asked = order(made, DIGEST)
    execution = signing(asked)
    honest = start_sign(execution, asked, made[1], identity(1), ledger)
    first = ShareRound(execution, asked, made[2], fresh_ledger())
    cheat = Deviation(execution, 2, identity(2), first, altering(SignatureShare, bump("sigma")))
    outcomes = Simulation({1: honest, 2: cheat}, 0).run()
    assert isinstance(outcomes[1], Abort)
    assert outcomes[1].culprits == (2,)
    again = start(made, DIGEST, ledger)
    with pytest.raises(AlreadyConsumed):
        again.start()


def test_sign__should_send_nothing_when_the_use_cannot_be_recorded() -> None:
    class FullDisk(MemoryJournal):
        def append(self, entry: bytes) -> None:
            raise OSError("no space left")

    made, ledger = presignatures((1, 2)), SingleUseLedger(FullDisk(), MemoryAnchor())
    session = start(made, DIGEST, ledger)
    with pytest.raises(OSError, match="no space"):
        session.start()
    assert session.outcome is None


def test_sign__should_refuse_another_order_or_presignature() -> None:
    made, other = presignatures((1, 2)), presignatures((1, 3))
    asked = order(made, DIGEST)
    execution = signing(asked)
    with pytest.raises(ParameterError, match="another presignature"):
        ShareRound(execution, asked, other[1], fresh_ledger())
    for another in (
        order(made, sha256(b"another").digest()),
        order(made, DIGEST, shift=1),
        order(made, DIGEST, beacon=bytes(32)),
        order(other, DIGEST),
    ):
        with pytest.raises(ParameterError, match="another order"):
            ShareRound(execution, another, made[1], fresh_ledger())
    with pytest.raises(ParameterError, match="do not fit"):
        Presignature(made[1].public, 1, made[2].k, made[2].chi)


@pytest.mark.parametrize("k", range(1, 9))
@pytest.mark.parametrize("s", [1, q // 2, q // 2 + 1, q - 1])
def test_finish__should_give_low_s_and_the_right_recovery_id(k: int, s: int) -> None:
    point = SECP256K1.base_mul(k)
    encoded = point.encode()
    signature = finish(point, s)
    assert signature.s == min(s, q - s)
    assert signature.r == int.from_bytes(encoded[1:], "big") % q
    odd = encoded[0] == 3
    assert signature.recovery_id == int(odd if s <= q // 2 else not odd)
    assert len(signature.encode()) == 65


def test_finish__should_mark_an_x_above_the_order() -> None:
    """A point whose x is between q and p: 1 in 2^128, so found on the curve and not by luck."""
    p = 2**256 - 2**32 - 977
    for x in range(q, q + 100):
        y = pow(x**3 + 7, (p + 1) // 4, p)
        if y * y % p == (x**3 + 7) % p:
            data = bytes([2 + y % 2]) + x.to_bytes(32, "big")
            signature = finish(SECP256K1.decode(data), 1)
            assert signature == EcdsaSignature(x - q, 1, 2 | y % 2)
            return
    pytest.fail("no such point below q + 100")


def test_sign__should_end_alike_for_all() -> None:
    made = presignatures((1, 2, 3))
    outcomes = sign(made, order(made, DIGEST))
    assert len({o.value for o in outcomes.values() if isinstance(o, Result)}) == 1
    assert len(outcomes) == 3


def test_presignature__should_be_the_same_after_storage_and_fit_its_owner_only() -> None:
    made = presignatures((1, 2))
    stored = Presignature.decode(made[1].encode())
    assert stored == made[1]
    assert stored.public.digest == made[2].public.digest
    with pytest.raises(ParameterError, match="do not fit"):
        replace(stored, index=2)
    with pytest.raises(ParameterError, match="is not one of"):
        replace(stored, index=3)
    for field in ("id", "key_id", "epoch", "public_key", "signers", "Gamma", "Delta", "S"):
        value = getattr(stored.public, field)
        changed: dict[str, Any] = {field: value[::-1] if isinstance(value, tuple) else value}
        if not isinstance(value, tuple):
            changed = {field: getattr(bump(field)(stored.public), field)}
        assert replace(stored.public, **changed).digest != stored.public.digest
