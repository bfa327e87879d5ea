"""ROAST: whatever a minority does, the others sign; who sends a bad share is named with proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zrsign_dmpc.builders import deal, identities, nonce_pool, parties
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.frost import (
    BIP340,
    ED25519_SHA512,
    NonceCommitment,
    RoastCoordinator,
    RoastSigner,
    Suite,
    roast_execution,
)
from zrsign_dmpc.frost.roast import BadShare, Request, Response
from zrsign_dmpc.frost.suites import SUITES
from zrsign_dmpc.group.curves import ED25519, SECP256K1
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.run.execution import Execution
from zrsign_dmpc.run.messages import Message, MessageKind
from zrsign_dmpc.wire.encoding import encode

MESSAGE = b"message"
Behaviour = str
MISBEHAVIOURS: tuple[Behaviour, ...] = (
    "silent",
    "silent after joining",
    "wrong share",
    "no share",
    "junk",
    "malformed",
    "foreign commitment",
    "foreign group",
    "another request",
    "repeats itself",
    "answers twice",
    "skips a number",
)


class World:
    """A coordinator, signers with their behaviours, and a network with a seeded order."""

    def __init__(
        self, suite: Suite, shares: list[KeyShare], behaviours: dict[int, Behaviour], seed: int = 0
    ) -> None:
        self.suite = suite
        self.info = shares[0].info
        self.keys = identities([s.index for s in shares])
        self.execution = roast_execution(
            suite, self.info, MESSAGE, parties(list(self.keys)), b"roast-execution1"
        )
        self.behaviours = behaviours
        self.signers = {
            s.index: RoastSigner(
                self.execution, nonce_pool(suite, s, seed), MESSAGE, self.keys[s.index]
            )
            for s in shares
        }
        self.coordinator = RoastCoordinator(self.execution, suite, self.info, MESSAGE)
        self.random = Random(seed)
        self.repeats = False

    def run(self) -> bytes | None:
        """Deliver in random order until nothing moves."""
        waiting: list[tuple[int, bytes, bool]] = []

        def respond(index: int, data: bytes | None, first: bool) -> None:
            for out in self.misbehave(index, data, first):
                waiting.extend([(index, out, False)] * (2 if self.repeats else 1))

        for index, signer in self.signers.items():
            respond(index, signer.start(), True)
        for _ in range(10_000):
            if not waiting or self.coordinator.signature:
                return self.coordinator.signature
            index, data, to_signer = waiting.pop(self.random.randrange(len(waiting)))
            if to_signer:
                respond(index, self.signers[index].answer(data), False)
                continue
            for out in self.coordinator.receive(data):
                assert out.recipient is not None
                waiting.append((out.recipient, out.data, True))
        raise AssertionError("the coordinator did not come to an end")

    def misbehave(self, index: int, data: bytes | None, first: bool) -> list[bytes]:
        behaviour = self.behaviours.get(index)
        if data is None or behaviour == "silent":
            return []
        if behaviour is None or first:
            return [data]
        lie: dict[Behaviour, Callable[[Response], Response]] = {
            "wrong share": lambda r: replace(r, z=r.z ^ 1),
            "no share": lambda r: replace(r, z=-1),
            "another request": lambda r: replace(r, package=bytes(32)),
            "foreign commitment": lambda r: replace(
                r, following=replace(r.following, index=index % 5 + 1)
            ),
            "foreign group": lambda r: replace(r, following=self.foreign(r.following)),
        }
        if behaviour in lie:
            return [self.resigned(index, data, body=lie[behaviour])]
        return {
            "silent after joining": [],
            "junk": [b"junk", data[:-1]],
            "malformed": [self.resigned(index, data)],
            "repeats itself": [data, data],
            "answers twice": [data, self.resigned(index, data, lambda r: replace(r, z=r.z ^ 1))],
            "skips a number": [self.resigned(index, data, lambda r: r, skip=1)],
        }[behaviour]

    def resigned(
        self,
        index: int,
        data: bytes,
        body: Callable[[Response], Response] | None = None,
        skip: int = 0,
    ) -> bytes:
        message = Message.decode(data)
        changed = encode(7) if body is None else body(Response.decode(message.body)).encode()
        return Message.sign(
            self.execution,
            self.keys[index],
            sender=index,
            round_number=message.round + skip,
            kind=MessageKind.BROADCAST,
            body=changed,
        ).encode()

    def foreign(self, commitment: NonceCommitment) -> NonceCommitment:
        other = ED25519 if self.suite.group is SECP256K1 else SECP256K1
        return replace(commitment, hiding=other.generator)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    suite = draw(st.sampled_from(SUITES))
    count = draw(st.integers(2, 7))
    threshold = draw(st.integers(2, count))
    shares = deal(suite.group, threshold, range(1, count + 1), draw(st.integers(0, 100)))
    bad = draw(st.sets(st.integers(1, count), max_size=count - threshold))
    behaviours = {i: draw(st.sampled_from(MISBEHAVIOURS)) for i in bad}
    return World(suite, shares, behaviours, draw(st.integers(0, 2**32)))


@settings(max_examples=80)
@given(worlds())
def test_roast__should_sign_while_t_are_honest_whatever_the_others_do(world: World) -> None:
    signature = world.run()
    assert signature is not None
    assert world.suite.verify(world.info.public_key, MESSAGE, signature)
    count, threshold = len(world.signers), world.info.threshold
    assert world.coordinator.attempts <= count - threshold + 1
    assert set(world.coordinator.culprits) <= set(world.behaviours)
    for evidence in world.coordinator.culprits.values():
        if evidence is not None:
            assert evidence.proves_fault(world.execution, world.suite, world.info, MESSAGE)


@pytest.mark.parametrize("behaviour", MISBEHAVIOURS)
def test_roast__should_sign_with_five_of_eight_past_three_that(behaviour: str) -> None:
    shares = deal(SECP256K1, 5, range(1, 9), 1)
    world = World(BIP340, shares, dict.fromkeys((1, 2, 3), behaviour))
    signature = world.run()
    assert signature is not None
    assert BIP340.verify(world.info.public_key, MESSAGE, signature)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_roast__should_not_be_confused_by_a_network_that_repeats_messages(seed: int) -> None:
    world = World(BIP340, deal(SECP256K1, 3, range(1, 5), seed), {1: "silent"}, seed)
    world.repeats = True
    assert world.run() is not None
    assert world.coordinator.culprits == {}
    assert world.coordinator.attempts == 1


@pytest.mark.parametrize(
    "behaviour",
    [
        b
        for b in MISBEHAVIOURS
        if b.split()[0] in ("wrong", "no", "malformed", "foreign", "another")
    ],
)
def test_roast__should_leave_out_a_signer_that_sends(behaviour: str) -> None:
    world = World(BIP340, deal(SECP256K1, 2, (1, 2), 1), {1: behaviour})
    assert world.run() is None
    (evidence,) = world.coordinator.culprits.values()
    assert set(world.coordinator.culprits) == {1}
    assert (evidence is not None) == (behaviour in ("wrong share", "no share"))


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_roast__should_prove_wrong_shares_and_nothing_else(seed: int) -> None:
    shares = deal(ED25519, 2, range(1, 6), seed)
    world = World(ED25519_SHA512, shares, {1: "wrong share", 2: "wrong share"}, seed)
    assert world.run() is not None
    for index, evidence in world.coordinator.culprits.items():
        assert evidence is not None
        assert evidence.culprit == index
        assert evidence.proves_fault(world.execution, ED25519_SHA512, world.info, MESSAGE)
        assert not evidence.proves_fault(world.execution, ED25519_SHA512, world.info, b"other")
        accused = replace(evidence, culprit=3)
        assert not accused.proves_fault(world.execution, ED25519_SHA512, world.info, MESSAGE)


def test_roast__should_not_sign_without_t_and_say_who_is_missing() -> None:
    shares = deal(SECP256K1, 3, range(1, 5), 1)
    world = World(BIP340, shares, {1: "silent", 2: "wrong share"})
    assert world.run() is None
    assert world.coordinator.signature is None
    assert 1 in world.coordinator.waiting_for()
    assert world.coordinator.receive(b"junk") == []
    assert sum(world.coordinator.dropped.values()) >= 1


def test_roast__should_refuse_fewer_holders_than_the_threshold() -> None:
    shares = deal(SECP256K1, 3, range(1, 5), 1)
    with pytest.raises(ParameterError):
        roast_execution(BIP340, shares[0].info, MESSAGE, parties([1, 2]), b"r" * 16)


# The signer against a malicious coordinator.


def joined(count: int = 3) -> tuple[World, dict[int, Response]]:
    world = World(BIP340, deal(SECP256K1, 2, range(1, count + 1), 1), {})
    responses = {
        i: Response.decode(Message.decode(s.start()).body) for i, s in world.signers.items()
    }
    return world, responses


def request(execution: Execution, *commitments: NonceCommitment) -> bytes:
    return Request(execution.sid, commitments).encode()


def test_signer__should_answer_each_offered_commitment_once() -> None:
    world, offered = joined()
    one, two, three = (offered[i].following for i in (1, 2, 3))
    first = request(world.execution, one, two)
    answered = world.signers[1].answer(first)
    assert answered is not None
    # The same nonces with other partners or again: two shares would leak the key share.
    assert world.signers[1].answer(first) is None
    assert world.signers[1].answer(request(world.execution, one, three)) is None
    following = Response.decode(Message.decode(answered).body).following
    assert following != one
    assert world.signers[1].answer(request(world.execution, following, three)) is not None


def test_signer__should_not_answer_requests_that_do_not_fit() -> None:
    world, offered = joined()
    one, two, three = (offered[i].following for i in (1, 2, 3))
    signer = world.signers[1]
    foreign = world.foreign(two)
    for data in (
        b"",
        b"junk",
        request(world.execution, one),
        request(world.execution, two, one),
        request(world.execution, two, three),
        request(world.execution, one, one),
        request(world.execution, one, foreign),
        request(world.execution, replace(one, hiding=two.hiding), two),
        request(world.execution, one, replace(two, index=9)),
        Request(bytes(32), (one, two)).encode(),
    ):
        assert signer.answer(data) is None
    assert signer.answer(request(world.execution, one, two)) is not None


def test_evidence__should_not_follow_from_what_an_honest_signer_signs() -> None:
    """A coordinator may pair an honest response with any request it likes."""
    world, offered = joined()
    one, two, three = (offered[i].following for i in (1, 2, 3))
    joining = world.signers[1].start()
    answer = world.signers[1].answer(request(world.execution, one, two))
    assert answer is not None
    for response in (joining, answer):
        for commitments in ((one, two), (one, three), (one, two, three), (two, three), ()):
            evidence = BadShare(1, response, commitments)
            assert not evidence.proves_fault(world.execution, BIP340, world.info, MESSAGE)
