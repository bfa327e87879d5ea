"""What an operator checks before it makes presignatures, or signs."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from tests.zrsign_dmpc.ecdsa.builders import TINY
from tests.zrsign_operator.asked import (
    ALL,
    DIGEST,
    ME,
    PEER,
    Asked,
    give,
    made_ahead,
    nonces,
    presign_details,
)
from tests.zrsign_operator.fake_ledger import ECDSA
from zrsign_dmpc.ecdsa import EcdsaSignature
from zrsign_dmpc.ecdsa.security import LEVELS
from zrsign_dmpc.frost import NonceCommitment
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_operator.errors import Refused
from zrsign_operator.ledger.approval import Scheme
from zrsign_operator.peers.frames import Proposal, Refusal, WorkKind
from zrsign_operator.work.details import EcdsaDetails, FrostDetails, PresignDetails


async def test_presignature__should_be_made_of_a_key_in_its_epoch(asked: Asked) -> None:
    asked.cluster.give_aux()
    await asked.look()
    good = presign_details(asked)

    async def ask(
        subjects: tuple[int, ...], details: PresignDetails, members: tuple[int, ...] = (1, 2)
    ) -> str:
        proposal = asked.proposal(WorkKind.PRESIGN, subjects, details.encode(), members)
        return await asked.answer(proposal)

    epoch = f"key {asked.ecdsa} is in another epoch here, or not for ECDSA"
    assert await ask((asked.ecdsa,), replace(good, key_id=b"k" * 32)) == epoch
    frost = replace(good, key_id=asked.held(asked.frost).share.info.key_id)
    assert await ask((asked.frost,), frost) == epoch.replace(str(asked.ecdsa), str(asked.frost))
    assert await ask((404,), good) == "I hold no share of key 404"
    assert await ask((), good) == "presign is about 1 requests or keys, not 0"
    both = (asked.ecdsa, asked.frost)
    assert await ask(both, good) == "presign is about 1 requests or keys, not 2"
    aux = "I do not have that auxiliary information"
    assert await ask((asked.ecdsa,), replace(good, aux=b"a" * 32)) == aux
    assert await ask((asked.ecdsa,), good) == ""


async def test_presignature__should_not_be_made_with_older_auxiliary_information(
    asked: Asked,
) -> None:
    """A broken operator asks for it after a refresh, and knows the other's secrets of before."""
    cluster, held = asked.cluster, asked.held(asked.ecdsa)
    cluster.give_aux()
    await asked.look()
    # As if a key had come from a refresh, and another still kept the old secrets from erasure.
    share = replace(held.share, info=replace(held.share.info, aux_epoch=2))
    renewed = cluster.ledger.add_key(ECDSA, held.public_key)
    made_by = held.folder.order(held.share.info.epoch)
    asked.operator.holdings.adopt(renewed, ME, Scheme.ECDSA, share, made_by)
    await asked.look()
    details = replace(presign_details(asked), key_id=share.info.key_id).encode()
    proposal = asked.proposal(WorkKind.PRESIGN, (renewed,), details, (1, 2))
    assert "of epoch 1 is too old for a key" in await asked.answer(proposal)


async def test_presignature__should_not_be_made_below_the_level_of_the_keys_group(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an earlier group made may lie in the store still."""
    asked.cluster.give_aux()
    higher = replace(TINY, name="HIGHER", security=33, m=33, m_root=3)
    monkeypatch.setitem(LEVELS, higher.name, higher)
    asked.cluster.ledger.groups[0].level = higher.name
    asked.cluster.ledger.version += 1
    await asked.look()
    details = presign_details(asked).encode()
    proposal = asked.proposal(WorkKind.PRESIGN, (asked.ecdsa,), details, (1, 2))
    why = f"{TINY.name} is too low a level for key {asked.ecdsa}"
    assert await asked.answer(proposal) == why


async def test_ecdsa__should_sign_each_request_with_its_own_presignature(asked: Asked) -> None:
    ledger, key = asked.cluster.ledger, asked.ecdsa
    first, second = (ledger.ask_signature(key, sha256(x).digest()) for x in (b"1", b"2"))
    names = give(asked, "first", "second")
    await asked.look()

    def proposal(
        subjects: tuple[int, ...], presignatures: tuple[bytes, ...], members: Any = (1, 2)
    ) -> Proposal:
        details = EcdsaDetails(presignatures, tuple(ledger.approvals[i] for i in subjects))
        return asked.proposal(WorkKind.ECDSA, subjects, details.encode(), members)

    one_each = "a batch names one presignature a request"
    assert await asked.answer(proposal((), ())) == one_each
    assert await asked.answer(proposal((first,), names)) == one_each
    assert await asked.answer(proposal((first, second), names[:1])) == one_each
    unknown = "I do not have that presignature"
    assert await asked.answer(proposal((first,), (b"p" * 32,))) == unknown
    twice = await asked.answer(proposal((first, second), names[:1] * 2))
    assert twice == "a presignature signs one digest, ever: one is in the batch twice"
    other = "a presignature is for another key, epoch or signer set"
    assert await asked.answer(proposal((first,), names[:1], ALL)) == other
    assert asked.operator.holdings.presignatures.keys() == set(names)
    assert await asked.answer(proposal((first, second), names)) == ""
    assert asked.operator.holdings.presignatures == {}
    # What was used does not come back: the answer is there at once.
    again = proposal((first,), names[:1])
    asked.operator.on_frame(PEER, again)
    assert asked.said[-1] == Refusal(again.execution_id, "I used that presignature")


async def test_ecdsa__should_sign_only_what_is_approved_with_the_key_that_is_asked(
    asked: Asked,
) -> None:
    ledger, digest = asked.cluster.ledger, sha256(b"text").digest()
    of_another = ledger.ask_signature(asked.other_ecdsa, digest)
    of_another_scheme = ledger.ask_signature(asked.frost, digest)
    ledger.signatures[of_another_scheme].key_ids[:] = [asked.ecdsa]
    unheld = ledger.add_key(ECDSA, b"public key", 404)
    of_unheld = ledger.ask_signature(unheld, digest)
    (name,) = give(asked, "first")
    await asked.look()
    await asked.look()
    beacon = ledger.approvals[of_another]

    async def answer(subject: int) -> str:
        details = EcdsaDetails((name,), (beacon,)).encode()
        return await asked.answer(asked.proposal(WorkKind.ECDSA, (subject,), details, (1, 2)))

    assert await answer(77) == "signature request 77 is not open and approved here"
    other = "a presignature is for another key, epoch or signer set"
    assert await answer(of_another) == other
    assert await answer(of_another_scheme) == f"key {asked.ecdsa} does not sign ed25519 here"
    assert await answer(of_unheld) == "I hold no share of key 404"


async def test_ecdsa__should_sign_with_the_beacon_of_its_own_ledger_only(asked: Asked) -> None:
    ledger, key = asked.cluster.ledger, asked.ecdsa
    first, second = (ledger.ask_signature(key, sha256(x).digest()) for x in (b"1", b"2"))
    names = give(asked, "first", "second")
    await asked.look()
    right = ledger.approvals[first], ledger.approvals[second]

    async def answer(beacons: tuple[bytes, ...]) -> str:
        details = EcdsaDetails(names, beacons).encode()
        proposal = asked.proposal(WorkKind.ECDSA, (first, second), details, (1, 2))
        return await asked.answer(proposal)

    for wrong in ((), right[:1], right[::-1], (right[0], bytes(32)), (*right, bytes(32))):
        assert await answer(wrong) == "the ledger shows other beacons here"
    assert asked.operator.holdings.presignatures.keys() == set(names)
    assert await answer(right) == ""


async def test_presignature_of_before__should_wait_until_its_operators_memory_is_whole(
    asked: Asked,
) -> None:
    """It may be used already, where a machine's snapshot came back."""
    request = asked.cluster.ledger.ask_signature(asked.ecdsa, DIGEST)
    (name,) = give(asked, "first")
    await asked.look()
    details = EcdsaDetails((name,), (asked.cluster.ledger.approvals[request],)).encode()
    proposal = asked.proposal(WorkKind.ECDSA, (request,), details, (1, 2))
    work = asked.operator.work
    work._remembers = lambda: False  # type: ignore[method-assign]
    assert asked.agreed(proposal).execution.execution_id == proposal.execution_id
    asked.operator.holdings.from_before = frozenset({name})
    with pytest.raises(Refused, match="whether my memory is whole"):
        asked.agreed(proposal)
    work._remembers = lambda: True  # type: ignore[method-assign]
    assert asked.agreed(proposal).execution.execution_id == proposal.execution_id


async def test_ecdsa__should_sign_for_no_other_key_than_the_one_that_is_asked(
    asked: Asked,
) -> None:
    """A presignature of the version before could be of one child, under the key's own name."""
    request = asked.cluster.ledger.ask_signature(asked.ecdsa, DIGEST)
    made = made_ahead((1, 2), "first")[ME]
    public, generator = made.public, SECP256K1.generator
    shifted = replace(
        public,
        public_key=public.public_key + generator,
        S=tuple(S + Delta for S, Delta in zip(public.S, public.Delta, strict=True)),
    )
    of_a_child = replace(made, public=shifted, chi=(made.chi + made.k) % SECP256K1.order)
    asked.operator.holdings.add_presignature(of_a_child)
    await asked.look()
    details = EcdsaDetails((public.id,), (asked.cluster.ledger.approvals[request],))
    proposal = asked.proposal(WorkKind.ECDSA, (request,), details.encode(), (1, 2))
    why = "a presignature is of another key than its name says"
    assert await asked.answer(proposal) == why


async def test_signature__should_be_answered_and_leave_no_presignature(asked: Asked) -> None:
    ledger, key = asked.cluster.ledger, asked.ecdsa
    requests = tuple(ledger.ask_signature(key, sha256(x).digest()) for x in (b"1", b"2"))
    names = give(asked, "first", "second")
    await asked.look()
    details = EcdsaDetails(names, tuple(ledger.approvals[i] for i in requests)).encode()
    task = asked.agreed(asked.proposal(WorkKind.ECDSA, requests, details, (1, 2)))
    made = EcdsaSignature(1, 2, 0), EcdsaSignature(3, 4, 1)
    task.finish(made)
    await asked.operator.outbox.flush()
    for request, signature in zip(requests, made, strict=True):
        (answered,) = ledger.signatures[request].signed_data
        assert answered.signed_data == signature.encode()
    assert asked.operator.holdings.presignatures == {}
    # A restart finds none on the disk either.
    assert list(asked.cluster.home.glob(f"{ME}/state/presignatures/*")) == []


async def test_share_of_another_key_of_that_number__should_sign_nothing(asked: Asked) -> None:
    """The ledger took another group's answer to the key request."""
    ledger = asked.cluster.ledger
    request = ledger.ask_signature(asked.ecdsa, sha256(b"text").digest())
    other = asked.held(asked.other_ecdsa).public_key
    ledger.known_keys[asked.ecdsa].public_key = other
    (name,) = give(asked, "first")
    await asked.look()
    details = EcdsaDetails((name,), (ledger.approvals[request],)).encode()
    answer = await asked.answer(asked.proposal(WorkKind.ECDSA, (request,), details, (1, 2)))
    assert answer == f"I hold no share of key {asked.ecdsa}"


async def test_frost__should_sign_each_request_with_its_own_nonces(asked: Asked) -> None:
    ledger = asked.cluster.ledger
    first, second = (ledger.ask_signature(asked.frost, text) for text in (b"one", b"two"))
    other = ledger.ask_signature(asked.other_frost, b"three")
    ecdsa = ledger.ask_signature(asked.ecdsa, DIGEST)
    await asked.look()
    fresh = nonces(asked, asked.frost, 2)

    def proposal(*subjects: int, of: tuple[NonceCommitment, ...] = fresh) -> Proposal:
        return asked.proposal(WorkKind.FROST, subjects, FrostDetails(of).encode(), (1, 2))

    of_one_key = "a batch of FROST is of one key, or of the children of one"
    assert await asked.answer(proposal()) == of_one_key
    assert await asked.answer(proposal(first, other)) == of_one_key
    all_nonces = "a batch names the nonces of all signers for each request"
    assert await asked.answer(proposal(first)) == all_nonces
    assert await asked.answer(proposal(first, second, of=fresh[:3])) == all_nonces
    assert await asked.answer(proposal(ecdsa, of=fresh[:2])) == all_nonces
    assert "is not open" in await asked.answer(proposal(first, 77))
    twice = await asked.answer(proposal(first, second, of=fresh[:2] * 2))
    assert twice == "nonces sign one message, ever: some are in the batch twice"
    swapped = (fresh[1], fresh[0], *fresh[2:])
    assert await asked.answer(proposal(first, second, of=swapped)) != ""
    assert await asked.answer(proposal(first, second)) == ""
    again = proposal(second, of=fresh[:2])
    assert "used before" in await asked.answer(again)


async def test_signatures_with_nonces__should_answer_their_requests(asked: Asked) -> None:
    ledger = asked.cluster.ledger
    requests = tuple(ledger.ask_signature(asked.frost, text) for text in (b"one", b"two"))
    await asked.look()
    fresh = FrostDetails(nonces(asked, asked.frost, 2)).encode()
    asked.agreed(asked.proposal(WorkKind.FROST, requests, fresh, (1, 2))).finish((b"1", b"2"))
    await asked.operator.outbox.flush()
    answered = [ledger.signatures[request].signed_data[0].signed_data for request in requests]
    assert answered == [b"1", b"2"]
