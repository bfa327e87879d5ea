"""What an operator checks before it takes part in what a peer proposes.

Operator 1 is asked by operator 2. Every refusal has a proposal that differs from a good one in one
point, and the good one is joined.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from functools import cache
from hashlib import sha256
from typing import Any

import pytest

from tests.zrsign_dmpc.ecdsa.builders import TINY
from tests.zrsign_dmpc.ecdsa.parties import identity, parties, run
from tests.zrsign_dmpc.ecdsa.signers import first_rounds, make_setup
from tests.zrsign_operator.cluster import (
    ECDSA,
    ED25519,
    KEYRING,
    Cluster,
    FixedPrimes,
    dealt_shares,
)
from tests.zrsign_operator.conftest import MakeCluster
from zrsign_dmpc.ecdsa import EcdsaSignature, Presignature, presign_execution
from zrsign_dmpc.ecdsa.security import LEVELS
from zrsign_dmpc.frost import NonceCommitment
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_dmpc.kept.key_records import StoredKeyInfo
from zrsign_dmpc.run.rounds import Result
from zrsign_operator.errors import Refused
from zrsign_operator.keys.held import HeldKey
from zrsign_operator.ledger.approval import Scheme
from zrsign_operator.ledger.orders import Move, ReshareDetails, Target
from zrsign_operator.operator import Operator
from zrsign_operator.peers.frames import Frame, Inventory, Proposal, Refusal, Said, WorkKind
from zrsign_operator.work.desk import Task
from zrsign_operator.work.details import EcdsaDetails, FrostDetails, PresignDetails

ME, PEER = 1, 2
ALL = (1, 2, 3)
DIGEST = sha256(b"a digest").digest()
ORDER = Target(1, 0).encode()
LONG_S = 1000.0
"""Longer than any proposal waits."""


@cache
def made_ahead(signers: tuple[int, ...], name: str) -> dict[int, Presignature]:
    """A presignature of the dealt ECDSA key, by signer."""
    setup = make_setup(signers)
    execution = presign_execution(setup, parties(*ALL), sha256(name.encode()).digest())
    outcomes = run(execution, first_rounds(execution, setup))
    return {i: outcome.value for i, outcome in outcomes.items() if isinstance(outcome, Result)}


class Asked:
    """Operator 1 of a cluster, and what it answers to proposals."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.said: list[Frame] = []
        self.ecdsa, self.frost = cluster.deal(ECDSA), cluster.deal(ED25519)
        self.other_ecdsa = cluster.deal(ECDSA, "another")
        self.other_frost = cluster.deal(ED25519, "another")

    @classmethod
    async def of(cls, cluster: Cluster) -> Asked:
        """From now on nothing arrives, and what operator 1 says is heard."""
        asked = cls(cluster)
        await cluster.deliver()
        cluster.wire.carrier = asked._overhear
        return asked

    def _overhear(self, sender: int, _: int, frame: Frame) -> tuple[bytes, ...]:
        if sender == ME:
            self.said.append(frame)
        return ()

    @property
    def operator(self) -> Operator:
        return self.cluster.operators[ME]

    def held(self, key_id: int) -> HeldKey:
        return self.cluster.held(ME, key_id)

    async def look(self) -> None:
        """See the ledger as it is now, with all keys that it has."""
        for number in (*self.cluster.ledger.known_keys, 404):
            self.operator.ledger_view.want_key(number)
        self.operator.work.outlook.update(await self.operator.ledger_view.read())

    def proposal(
        self,
        kind: WorkKind,
        subjects: tuple[int, ...],
        details: bytes = b"",
        members: tuple[int, ...] = ALL,
        name: str = "one",
    ) -> Proposal:
        return Proposal(
            keyring=KEYRING,
            kind=kind,
            subjects=subjects,
            proposer=PEER,
            members=members,
            incarnations=tuple(bytes([i]) * 16 for i in members),
            nonce=sha256(name.encode()).digest(),
            details=details,
        ).signed(identity(PEER))

    def agreed(self, proposal: Proposal) -> Task:
        """What operator 1 agrees to, before it begins. Raises Refused."""
        return self.operator.work._prepare(proposal)

    async def answer(self, proposal: Proposal) -> str:
        """Why operator 1 does not take part, in the end; an empty text: it does."""
        self.said.clear()
        self.operator.on_frame(PEER, proposal)
        self.cluster.clock.now += LONG_S
        self.operator.work.runner.retry_parked()
        joined = proposal in self.operator.work.runner.running()
        await self.cluster.deliver()
        refusals = [each.reason for each in self.said if isinstance(each, Refusal)]
        assert len(refusals) == int(not joined), self.said
        assert joined == any(isinstance(each, Said) for each in self.said)
        return "" if joined else refusals[0]


@pytest.fixture
async def asked(make_cluster: MakeCluster) -> Asked:
    """Three operators who hold two keys for ECDSA and two for Ed25519, of two of three.

    Whether a proposal is due is asked in `test_rules`.
    """
    asked = await Asked.of(await make_cluster(2, ALL))
    asked.operator.work.rules.require_due = lambda *_: None  # type: ignore[method-assign]
    return asked


# Auxiliary information


async def test_aux__should_be_made_with_members_once_there_are_primes(asked: Asked) -> None:
    late = asked.proposal(WorkKind.AUX, (), ORDER, name="late")
    assert await asked.answer(late) == "my primes are not made yet"
    asked.operator.work.primes = primes = FixedPrimes(ME, at_hand=True)
    primes.start()
    other = asked.proposal(WorkKind.AUX, (), Target(1, 1).encode())
    assert "is made for Target(group=1, refresh=0) here" in await asked.answer(other)
    stranger = asked.proposal(WorkKind.AUX, (), ORDER, members=(1, 2, 9))
    assert await asked.answer(stranger) == "somebody is no member"
    subject = asked.proposal(WorkKind.AUX, (7,), ORDER)
    assert await asked.answer(subject) == "aux is about 0 requests or keys, not 1"
    # None of these cost primes, which take long to make.
    assert primes.ready()
    assert await asked.answer(asked.proposal(WorkKind.AUX, (), ORDER)) == ""
    assert not primes.ready()


async def test_aux__should_not_be_made_for_those_who_have_it(asked: Asked) -> None:
    asked.cluster.give_aux()
    for peer in (2, 3):
        digests = asked.operator.holdings.aux_digests()
        asked.operator.peers.inventories.take(peer, Inventory((), digests))
    asked.operator.work.primes = primes = FixedPrimes(ME, at_hand=True)
    primes.start()
    for members in (ALL, (1, 2)):
        proposal = asked.proposal(WorkKind.AUX, (), ORDER, members=members)
        assert await asked.answer(proposal) == "all of these have auxiliary information"
    assert primes.ready()
    # One of them lost it.
    asked.operator.peers.inventories.take(3, Inventory((), ()))
    assert await asked.answer(asked.proposal(WorkKind.AUX, (), ORDER, name="lost")) == ""


async def test_aux__should_be_made_once_at_a_time(asked: Asked) -> None:
    """Every run takes primes, which take minutes to make."""
    asked.operator.work.primes = primes = FixedPrimes(ME, at_hand=True)
    primes.start()
    assert await asked.answer(asked.proposal(WorkKind.AUX, (), ORDER)) == ""
    primes.start()
    busy = "busy: 1 of aux run here"
    assert await asked.answer(asked.proposal(WorkKind.AUX, (), ORDER, name="another")) == busy
    assert primes.ready()


# Keys


async def test_key__should_be_made_as_the_ledger_asks(asked: Asked) -> None:
    request = asked.cluster.ledger.ask_key(ED25519)
    await asked.look()
    target = Target(1, 0).encode()
    assert await asked.answer(asked.proposal(WorkKind.KEYGEN, (request,), target)) == ""
    why = f"a key for request {request} is being made"
    assert await asked.answer(asked.proposal(WorkKind.KEYGEN, (request,), target, name="2")) == why


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"subjects": (404,)}, "no key generation is asked for as 404 here"),
        ({"subjects": ()}, "keygen is about 1 requests or keys, not 0"),
        ({"subjects": (1, 2)}, "keygen is about 1 requests or keys, not 2"),
        ({"details": Target(2, 0).encode()}, "a new key is made for Target(group=1"),
        ({"details": Target(1, 1).encode()}, "a new key is made for Target(group=1"),
        ({"details": b"junk"}, ""),
        ({"members": (1, 2, 9)}, "somebody is not in the group"),
    ],
)
async def test_key__should_not_be_made_otherwise(
    asked: Asked, change: dict[str, Any], why: str
) -> None:
    request = asked.cluster.ledger.ask_key(ED25519)
    await asked.look()
    good: dict[str, Any] = {"subjects": (request,), "details": Target(1, 0).encode()}
    answer = await asked.answer(asked.proposal(WorkKind.KEYGEN, **(good | change)))
    assert answer
    assert why in answer


async def test_key__should_be_made_of_a_root_that_is_wanted_and_of_no_child(
    make_cluster: MakeCluster,
) -> None:
    """A wallet of a root needs no key generation; its root needs one, once."""
    asked = await Asked.of(await make_cluster(2, ALL))
    ledger, operator = asked.cluster.ledger, asked.operator
    operator.work.rules.require_due = lambda *_: None  # type: ignore[method-assign]
    ledger.want_roots(1)
    await asked.look()
    root, child = ledger.root(ED25519), ledger.ask_key(ED25519)
    await asked.look()

    def answer(subject: int, name: str) -> Awaitable[str]:
        target = Target(1, 0).encode()
        return asked.answer(asked.proposal(WorkKind.KEYGEN, (subject,), target, name=name))

    none = "no key generation is asked for as {} here"
    assert await answer(child, "of a child") == none.format(child)
    task = asked.agreed(asked.proposal(WorkKind.KEYGEN, (root,), Target(1, 0).encode()))
    share = dealt_shares(ED25519, 2, ALL, "made")[ME]
    task.finish(share)
    assert asked.held(root).folder.scheme is Scheme.ED25519
    shown = next(each for each in ledger.shown_roots() if each.id == root)
    shown.height, shown.public_key = 1, share.info.public_key.encode()
    ledger.active[root] = shown
    ledger.version += 1
    await asked.look()
    assert await answer(root, "again") == none.format(root)


async def test_key__should_not_be_made_twice(asked: Asked) -> None:
    ledger = asked.cluster.ledger
    request = ledger.ask_key(ED25519)
    ledger.keys[asked.frost] = type(ledger.keys[request])(id=asked.frost, key_type=ED25519)
    await asked.look()
    proposal = asked.proposal(WorkKind.KEYGEN, (asked.frost,), Target(1, 0).encode())
    assert await asked.answer(proposal) == f"I hold a key for request {asked.frost} already"


async def test_key__should_be_of_a_type_that_is_made_here(asked: Asked) -> None:
    request = asked.cluster.ledger.ask_key("KEY_TYPE_UNSPECIFIED")
    await asked.look()
    proposal = asked.proposal(WorkKind.KEYGEN, (request,), Target(1, 0).encode())
    assert "unsupported_key_type" in await asked.answer(proposal)


@pytest.mark.parametrize(
    ("away", "absent", "why"),
    [
        (0, 1, "a key is made by all who are here, [3] among them"),
        (3, 0, "a key is made by all but 0 members"),
        (3, 1, ""),
    ],
)
async def test_key__should_be_made_by_all_who_are_here(
    make_cluster: MakeCluster, away: int, absent: int, why: str
) -> None:
    """Who proposes it cannot choose its holders."""
    asked = await Asked.of(await make_cluster(2, ALL, absent=absent))
    if away:
        await asked.cluster.stop(away)
    request = asked.cluster.ledger.ask_key(ED25519)
    await asked.look()
    target = Target(1, 0).encode()
    proposal = asked.proposal(WorkKind.KEYGEN, (request,), target, members=(1, 2))
    assert await asked.answer(proposal) == why


async def test_share_of_a_new_key__should_be_held_and_reported(asked: Asked) -> None:
    request = asked.cluster.ledger.ask_key(ED25519)
    await asked.look()
    proposal = asked.proposal(WorkKind.KEYGEN, (request,), Target(1, 0).encode())
    share = dealt_shares(ED25519, 2, ALL, "made")[ME]
    asked.agreed(proposal).finish(share)
    held = asked.held(request)
    assert (held.share, held.folder.scheme, held.serves) == (share, Scheme.ED25519, Target(1, 0))
    await asked.operator.outbox.flush()
    assert {key for key, _ in asked.cluster.ledger.epochs} == {request}


# Presignatures


def presign_details(asked: Asked) -> PresignDetails:
    digest = asked.operator.holdings.aux[-1].public.digest
    return PresignDetails(asked.held(asked.ecdsa).share.info.key_id, digest)


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


# Signatures with presignatures


def give(asked: Asked, *names: str, signers: tuple[int, ...] = (1, 2)) -> tuple[bytes, ...]:
    """Presignatures of these names; their ids."""
    made = [made_ahead(signers, name)[ME] for name in names]
    for each in made:
        asked.operator.holdings.add_presignature(each)
    return tuple(each.public.id for each in made)


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
    unknown = "I do not have that presignature, or used it"
    assert await asked.answer(proposal((first,), (b"p" * 32,))) == unknown
    twice = await asked.answer(proposal((first, second), names[:1] * 2))
    assert twice == "a presignature signs one digest, ever: one is in the batch twice"
    other = "a presignature is for another key, epoch or signer set"
    assert await asked.answer(proposal((first,), names[:1], ALL)) == other
    assert asked.operator.holdings.presignatures.keys() == set(names)
    assert await asked.answer(proposal((first, second), names)) == ""
    assert asked.operator.holdings.presignatures == {}
    assert await asked.answer(proposal((first,), names[:1])) == unknown


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


# Signatures with nonces


def nonces(asked: Asked, key: int, count: int) -> tuple[NonceCommitment, ...]:
    """Fresh ones of operators 1 and 2, for so many messages."""
    pools = [asked.cluster.held(i, key).nonces for i in (1, 2)]
    return tuple(pool.publish() for _ in range(count) for pool in pools if pool is not None)


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


# New shares


def details(asked: Asked, **changes: Any) -> ReshareDetails:
    info = asked.held(asked.frost).share.info
    return replace(ReshareDetails(Target(1, 1), StoredKeyInfo.of(info), (1, 2)), **changes)


def reshare(
    asked: Asked, details: ReshareDetails, name: str = "one", members: tuple[int, ...] = ALL
) -> Proposal:
    return asked.proposal(WorkKind.RESHARE, (asked.frost,), details.encode(), members, name)


async def test_new_shares__should_be_dealt_once_by_order(asked: Asked) -> None:
    as_it_should_be = f"key {asked.frost} is as it should be here"
    await asked.look()
    undue = details(asked, target=Target(1, 0))
    assert await asked.answer(reshare(asked, undue)) == as_it_should_be
    orders = "the ledger orders Target(group=1, refresh=0) here"
    assert await asked.answer(reshare(asked, details(asked))) == orders
    asked.cluster.give_aux()
    asked.cluster.ledger.order_refresh()
    await asked.look()
    # What was made for the order before is not enough.
    lacks = "the group has no auxiliary information for this order here"
    assert await asked.answer(reshare(asked, details(asked), "early")) == lacks
    asked.cluster.give_aux()
    assert await asked.answer(reshare(asked, details(asked), "good")) == ""
    why = f"new shares of key {asked.frost} are being made"
    assert await asked.answer(reshare(asked, details(asked), "another")) == why


async def test_new_shares__should_be_of_a_key_in_its_epoch_for_the_whole_group(
    asked: Asked,
) -> None:
    asked.cluster.ledger.order_refresh()
    await asked.look()
    info = asked.held(asked.frost).share.info
    later = StoredKeyInfo.of(replace(info, epoch=info.epoch + 1))
    epoch = f"key {asked.frost} is in another epoch here"
    assert await asked.answer(reshare(asked, details(asked, key=later))) == epoch
    dealers = "2 deal, not 3"
    assert await asked.answer(reshare(asked, details(asked, dealers=ALL))) == dealers
    several = asked.proposal(WorkKind.RESHARE, (asked.frost, asked.ecdsa), details(asked).encode())
    assert await asked.answer(several) == "reshare is about 1 requests or keys, not 2"
    group = "a resharing is done by its dealers and the whole group"
    assert await asked.answer(reshare(asked, details(asked), members=(1, 2))) == group


async def test_new_share__should_be_dealt_to_who_has_an_old_one(asked: Asked) -> None:
    """Two of three deal; the third holds a share, and brings none."""
    asked.cluster.ledger.order_refresh()
    asked.cluster.give_aux()
    await asked.look()
    others = details(asked, dealers=(2, 3))
    assert await asked.answer(reshare(asked, others)) == ""


async def test_change__should_be_written_down_before_its_first_message(asked: Asked) -> None:
    asked.cluster.ledger.order_refresh()
    asked.cluster.give_aux()
    await asked.look()
    held = asked.held(asked.frost)
    task = asked.agreed(reshare(asked, details(asked)))
    keeper = held.folder.keeper
    before = keeper.state.pending
    task.begin()
    pending = keeper.state.pending
    assert before is None
    assert pending is not None
    assert (pending.old_key_id, pending.epoch) == (held.share.info.key_id, 1)


async def test_new_shares__should_wait_for_the_end_of_another_change(asked: Asked) -> None:
    asked.cluster.ledger.order_refresh()
    await asked.look()
    move = Move.read(reshare(asked, details(asked)), asked.operator.settings)
    asked.operator.work.changes.begin(move)
    why = f"another change of key {asked.frost} is not decided here"
    assert await asked.answer(reshare(asked, details(asked), "another")) == why


async def test_new_shares__should_be_served_once_all_have_theirs(make_cluster: MakeCluster) -> None:
    cluster = await make_cluster(2, ALL)
    key = cluster.deal(ED25519)
    cluster.ledger.order_refresh()
    cluster.give_aux()
    await cluster.until(lambda: cluster.epochs(key) == dict.fromkeys(ALL, 1))


async def test_new_shares__should_be_dealt_by_who_has_one_of_a_key_of_the_ledger(
    asked: Asked,
) -> None:
    asked.cluster.ledger.order_refresh()
    info = asked.held(asked.frost).share.info
    asked.operator.holdings.erase(asked.held(asked.frost).folder)
    del asked.cluster.ledger.known_keys[asked.frost]
    await asked.look()

    def proposal(name: str, dealers: tuple[int, ...]) -> Proposal:
        lost = ReshareDetails(Target(1, 1), StoredKeyInfo.of(info), dealers)
        return reshare(asked, lost, name)

    why = f"I hold no share of key {asked.frost}"
    assert await asked.answer(proposal("as a dealer", (1, 2))) == why
    assert await asked.answer(proposal("of an unknown key", (2, 3))) == why
    asked.cluster.ledger.add_key(ED25519, info.public_key.encode(), asked.frost)
    asked.cluster.give_aux()
    await asked.look()
    assert await asked.answer(proposal("as a dealer again", (1, 2))) == why
    assert await asked.answer(proposal("as a joiner", (2, 3))) == ""
