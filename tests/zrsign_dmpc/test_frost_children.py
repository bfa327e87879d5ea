"""FROST with additive children: what would break it, were key and message bound less, and does not.

Each attack is mounted twice: on signers who leave a value out of a hash, where it succeeds, and on
signers as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import pytest

from tests.zrsign_dmpc.builders import deal, identities, nonce_pool, parties, seeded
from zrsign_dmpc.frost import NonceCommitment, SigningPackage, Suite, frost_shares_execution
from zrsign_dmpc.frost.protocol import WRONG_SHARE, ShareRound, start_frost_shares
from zrsign_dmpc.frost.signing import NoncePair, generate_nonces
from zrsign_dmpc.frost.suites import ED25519_SHA512, SECP256K1_SHA256, SUITES, has_odd_y
from zrsign_dmpc.group.curves import Point
from zrsign_dmpc.group.derivation import derive, derive_share
from zrsign_dmpc.kept.keys import KeyInfo, KeyShare
from zrsign_dmpc.run.rounds import Abort
from zrsign_dmpc.run.session import Session
from zrsign_dmpc.run.simulator import Simulation

suites = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
MESSAGE, WANTED = b"what was approved", b"what nobody approved"


def without_key_in_challenge(suite: Suite) -> Suite:
    """Its signers hash nonce and message only."""

    class Unprefixed(type(suite)):  # type: ignore[misc]
        def challenge(self, commitment: Point, public_key: Point, message: bytes) -> int:
            return int(super().challenge(commitment, suite.group.generator, message))

    return Unprefixed()


def without_binding(suite: Suite) -> Suite:
    """Its signers know their nonce point when they publish their commitments."""

    class Unbound(type(suite)):  # type: ignore[misc]
        def h1(self, message: bytes) -> int:
            return 1

    return Unbound()


def holds(suite: Suite, public_key: Point, message: bytes, R: Point, z: int) -> bool:  # noqa: N803
    """z·G = R + c·PK; for BIP 340 both points with even y."""
    points = [-p if suite.even_y and has_odd_y(p) else p for p in (R, public_key)]
    c = suite.challenge(points[0], points[1], message)
    return suite.group.base_mul(z) == points[0] + c * points[1]


@dataclass
class Signers:
    """Two of three holders of a root, who sign for any child with nonces published before."""

    suite: Suite
    _secrets: dict[tuple[NonceCommitment, ...], list[NoncePair]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root = deal(self.suite.group, 2, [1, 2, 3], "root")[:2]
        self._rng = seeded("nonces")

    def publish(self) -> tuple[NonceCommitment, ...]:
        pairs = [generate_nonces(self.suite, share, self._rng) for share in self.root]
        commitments = tuple(pair.commitment for pair in pairs)
        self._secrets[commitments] = pairs
        return commitments

    def child(self, index: int) -> tuple[KeyInfo, int]:
        """A child's public side and its shift."""
        info = self.root[0].info
        shift = derive(info.public_key, info.chain_code, [index]).shift
        return derive_share(self.root[0], [index]).info, shift

    def package(
        self, index: int, message: bytes, commitments: tuple[NonceCommitment, ...]
    ) -> SigningPackage:
        return SigningPackage(self.suite, self.child(index)[0], message, commitments)

    def sign(
        self, index: int, message: bytes, commitments: tuple[NonceCommitment, ...]
    ) -> tuple[Point, int]:
        """(R, z) for a child; the nonces are gone."""
        package = self.package(index, message, commitments)
        pairs = self._secrets.pop(commitments)
        shares = [derive_share(share, [index]) for share in self.root]
        z = sum(package.sign(s, pair) for s, pair in zip(shares, pairs, strict=True))
        return package.group_commitment, z % self.suite.group.order


def move_to_sibling(suite: Suite) -> bool:
    """Whether a signature of one child becomes one of another, of the same text, by arithmetic."""
    signers = Signers(suite)
    info, shift = signers.child(0)
    odd = suite.even_y and has_odd_y(info.public_key)
    # For BIP 340 a sibling on the same side of the x axis.
    sibling, other = next(
        found
        for found in map(signers.child, count(1))
        if not suite.even_y or has_odd_y(found[0].public_key) == odd
    )
    commitments = signers.publish()
    c = signers.package(0, MESSAGE, commitments).challenge
    R, z = signers.sign(0, MESSAGE, commitments)  # noqa: N806 - the RFC's letter
    assert holds(suite, info.public_key, MESSAGE, R, z)
    moved = (z + c * (other - shift) * (-1 if odd else 1)) % suite.group.order
    return holds(suite, sibling.public_key, MESSAGE, R, moved)


@suites
def test_signature_of_a_child__should_not_be_moved_to_its_sibling(suite: Suite) -> None:
    """Why BIP 340 and RFC 8032 have the key in the challenge."""
    assert move_to_sibling(without_key_in_challenge(suite))
    assert not move_to_sibling(suite)


def forge_by_many_sessions(suite: Suite) -> bool:
    """Drijvers et al. with the solver of Benhamouda et al. (ePrint 2020/945), over children.

    The requester opens as many sessions as the order has bits, each for a child of its own, and
    chooses one of two texts for each when it has seen all nonce points: their sum, weighted, is a
    signature of a text and for a child that nobody was asked for.
    """
    signers, group, q = Signers(suite), suite.group, suite.group.order
    sessions = [signers.publish() for _ in range(q.bit_length())]
    texts = [[b"text %d of session %d" % (b, i) for b in (0, 1)] for i in range(len(sessions))]

    def known(i: int, b: int) -> SigningPackage:
        return signers.package(i % 4, texts[i][b], sessions[i])

    packages = [(known(i, 0), known(i, 1)) for i in range(len(sessions))]
    challenges = [tuple(package.challenge for package in pair) for pair in packages]
    weights = [(1 << i) * pow(c1 - c0, -1, q) % q for i, (c0, c1) in enumerate(challenges)]
    R = group.multi_mul(weights, [pair[0].group_commitment for pair in packages])  # noqa: N806
    child, shift = signers.child(99)
    c = suite.challenge(R, child.public_key, WANTED)
    bits = (c - sum(w * c0 for w, (c0, _) in zip(weights, challenges, strict=True))) % q
    z = c * shift
    for i, weight in enumerate(weights):
        b = bits >> i & 1
        _, answer = signers.sign(i % 4, texts[i][b], sessions[i])
        z += weight * (answer - challenges[i][b] * signers.child(i % 4)[1])
    return holds(suite, child.public_key, WANTED, R, z % q)


@pytest.mark.parametrize("suite", [ED25519_SHA512, SECP256K1_SHA256], ids=lambda s: s.name)
def test_requester_with_many_open_sessions__should_get_no_signature_more(suite: Suite) -> None:
    assert forge_by_many_sessions(without_binding(suite))
    assert not forge_by_many_sessions(suite)


@suites
def test_nonces__should_make_another_point_for_another_child_or_text(suite: Suite) -> None:
    """Published once, they may be used for any child: none can be prepared for."""
    signers = Signers(suite)
    commitments = signers.publish()
    asked = [(0, MESSAGE), (1, MESSAGE), (0, WANTED), (1, WANTED), (0, MESSAGE + b"\0")]
    packages = [signers.package(index, text, commitments) for index, text in asked]
    assert len({p.group_commitment for p in packages}) == len(packages)
    assert len({p.challenge for p in packages}) == len(packages)
    for signer in (1, 2):
        assert len({p.binding_factors[signer] for p in packages}) == len(packages)


@suites
@pytest.mark.parametrize("of", ["the root", "a sibling"])
def test_signer_with_the_share_of_a_relative__should_be_named(suite: Suite, of: str) -> None:
    shares = {share.index: share for share in deal(suite.group, 2, [1, 2, 3], "root")}
    children = {i: derive_share(share, [7]) for i, share in shares.items()}
    relative: Callable[[KeyShare], KeyShare] = (
        (lambda share: share) if of == "the root" else (lambda share: derive_share(share, [8]))
    )
    pools = {i: nonce_pool(suite, children[i], i) for i in (1, 2)}
    commitments = tuple(pools[i].publish() for i in (1, 2))
    package = SigningPackage(suite, children[1].info, MESSAGE, commitments)
    execution, keys = (
        frost_shares_execution(package, parties((1, 2)), b"e" * 32),
        identities((1, 2)),
    )
    nonces = pools[2].consume(commitments[1], (1, 2))
    wrong = other_share(package, relative(shares[2]), nonces.hiding, nonces.binding)
    sessions: dict[int, Session[bytes]] = {
        1: start_frost_shares(execution, package, pools[1], keys[1]),
        2: Session(execution, 2, keys[2], ShareRound(package, wrong, number=1)),
    }
    outcome = Simulation(sessions, 1).run()[1]
    assert isinstance(outcome, Abort)
    assert outcome.culprits == (2,)
    (evidence,) = outcome.evidence
    assert evidence.fault == WRONG_SHARE
    assert evidence.proves_fault(execution)


def other_share(package: SigningPackage, share: KeyShare, hiding: int, binding: int) -> int:
    """z of a signer who follows the package with a share of another key."""
    nonce = hiding + binding * package.binding_factors[share.index]
    weighted = package._weight(share.index) * share.secret
    return (nonce * package._nonce_sign + weighted) % package.suite.group.order
