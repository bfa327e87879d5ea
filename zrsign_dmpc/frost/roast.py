"""ROAST (Ruffing, Ronge, Jin, Schneider-Bensch, Schröder: CCS 2022): signing that nobody can stall.

A coordinator opens a signing session as soon as t signers are ready, and another one with those who
answered in time while it waits for the rest. A signer that answers also sends its next commitment.
Who sends a bad share is named with evidence and left out; who is silent blocks at most one session.
While t signers are honest, a signature comes out after at most n − t + 1 sessions.

The coordinator is trusted for nothing but progress: it sees no secret, and a signer answers only
for its own message and its own fresh nonces. Any party can coordinate; against a coordinator that
stalls, start another one with another execution id.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from zrsign_dmpc.errors import EncodingError, ParameterError
from zrsign_dmpc.frost.nonces import NoncePool
from zrsign_dmpc.frost.signing import NonceCommitment, SigningPackage
from zrsign_dmpc.frost.suites import Suite
from zrsign_dmpc.kept.keys import KeyInfo
from zrsign_dmpc.run.execution import Execution, IdentityKey, Parties, Protocol
from zrsign_dmpc.run.messages import Message, MessageKind
from zrsign_dmpc.run.session import Outbound
from zrsign_dmpc.wire.records import Record
from zrsign_dmpc.wire.transcript import Transcript

NAME: Final = "zrsign-roast-v1"
NO_PACKAGE: Final = b""


@dataclass(frozen=True)
class Request(Record):
    """Coordinator to signers: sign with these commitments. Unsigned: it binds nobody."""

    TAG = "roast request"

    sid: bytes
    commitments: tuple[NonceCommitment, ...]


@dataclass(frozen=True)
class Response(Record):
    """Signer to coordinator: the share for a request, and the commitment for the next one."""

    TAG = "roast response"

    package: bytes
    """Names the request; empty in the first response, which only brings a commitment."""
    z: int
    following: NonceCommitment


def roast_execution(
    suite: Suite, key: KeyInfo, message: bytes, holders: Parties, execution_id: bytes
) -> Execution:
    """The signing of one message by any t of these holders. Raises ParameterError."""
    key.check_signers(holders.indices)
    protocol = Protocol(NAME, (), context=(suite.name, key.key_id, message))
    return Execution(protocol, execution_id, holders, key.threshold, key.group)


def package_digest(execution: Execution, package: SigningPackage) -> bytes:
    """The name of a request: 32 bytes."""
    transcript = Transcript("roast package")
    transcript.absorb("sid", execution.sid)
    transcript.absorb("commitments", [c.to_value() for c in package.commitments])
    return transcript.challenge_bytes("digest", 32)


class RoastSigner:
    """One signer's side for one message that it approved."""

    def __init__(
        self, execution: Execution, pool: NoncePool, message: bytes, identity: IdentityKey
    ) -> None:
        self._execution = execution
        self._pool = pool
        self._message = message
        self._identity = identity
        self._number = 0
        self._offered = pool.publish()

    def start(self) -> bytes:
        """The first response: ready, with a commitment."""
        return self._respond(NO_PACKAGE, 0)

    def answer(self, data: bytes) -> bytes | None:
        """The response to a request; None for one that this signer must not answer.

        Raises:
            AlreadyConsumed: the nonces were used before; nothing is signed.
        """
        package = self._acceptable(data)
        if package is None:
            return None
        nonces = self._pool.consume(self._offered, package.signers)
        z = package.sign(self._pool.share, nonces)
        self._offered = self._pool.publish()
        return self._respond(package_digest(self._execution, package), z)

    def _acceptable(self, data: bytes) -> SigningPackage | None:
        """A package for this message, of known signers, with the commitment offered last."""
        try:
            request = Request.decode(data)
            package = SigningPackage(
                self._pool.suite, self._pool.share.info, self._message, request.commitments
            )
        except (EncodingError, ParameterError):
            return None
        mine = request.sid == self._execution.sid and self._offered in request.commitments
        return package if mine and _in_group(self._execution, request) else None

    def _respond(self, digest: bytes, z: int) -> bytes:
        self._number += 1
        return Message.sign(
            self._execution,
            self._identity,
            sender=self._pool.share.index,
            round_number=self._number,
            kind=MessageKind.BROADCAST,
            body=Response(digest, z, self._offered).encode(),
        ).encode()


@dataclass(frozen=True)
class BadShare:
    """Evidence: a signed response whose share fails its check, and the request that it names."""

    culprit: int
    response: bytes
    commitments: tuple[NonceCommitment, ...]

    def proves_fault(
        self, execution: Execution, suite: Suite, key: KeyInfo, message: bytes
    ) -> bool:
        """Needs public data only. An honest signer's share is valid for the request it names."""
        try:
            signed = Message.read(execution, self.response)
            response = Response.decode(signed.body)
            package = SigningPackage(suite, key, message, self.commitments)
            expected = roast_execution(
                suite, key, message, execution.parties, execution.execution_id
            )
            named = response.package == package_digest(execution, package)
        except (EncodingError, ParameterError):
            return False
        if signed.sender != self.culprit or not named or expected.sid != execution.sid:
            return False
        member = self.culprit in package.signers
        return not member or not package.is_valid_share(self.culprit, response.z)


@dataclass
class _Attempt:
    """One signing session."""

    package: SigningPackage
    digest: bytes
    shares: dict[int, int] = field(default_factory=dict)


class RoastCoordinator:
    """Collects responses, opens sessions, and ends with a signature."""

    def __init__(self, execution: Execution, suite: Suite, key: KeyInfo, message: bytes) -> None:
        self.signature: bytes | None = None
        self.culprits: dict[int, BadShare | None] = {}
        """Who misbehaved; without evidence where a response was merely malformed."""
        self.dropped: Counter[str] = Counter()
        self.attempts = 0
        self._execution = execution
        self._suite = suite
        self._key = key
        self._message = message
        self._received: Counter[int] = Counter()
        self._ready: dict[int, NonceCommitment] = {}
        self._pending: dict[int, _Attempt] = {}

    def receive(self, data: bytes) -> list[Outbound]:
        """Take a signer's response; what to send, if a session opens. Never raises on bad input."""
        if self.signature is not None:
            return self._drop("the signature exists")
        try:
            message = Message.read(self._execution, data)
        except EncodingError as error:
            return self._drop(str(error))
        sender = message.sender
        if sender in self.culprits:
            return self._drop("the sender misbehaved before")
        if message.kind != MessageKind.BROADCAST or message.round != self._received[sender] + 1:
            return self._drop("the response is a repetition or out of turn")
        self._received[sender] += 1
        response = self._well_formed(message)
        if response is None:
            self.culprits[sender] = None
            return []
        return self._accept(sender, response, data)

    def waiting_for(self) -> tuple[int, ...]:
        """The signers that owe a response."""
        indices = self._execution.parties.indices
        idle = set(self.culprits) | set(self._ready)
        return () if self.signature else tuple(i for i in indices if i not in idle)

    def _well_formed(self, message: Message) -> Response | None:
        try:
            response = Response.decode(message.body)
        except EncodingError:
            return None
        attempt = self._pending.get(message.sender)
        expected = attempt.digest if attempt else NO_PACKAGE
        own = response.following.index == message.sender
        fits = own and response.package == expected and _in_group(self._execution, response)
        return response if fits else None

    def _accept(self, sender: int, response: Response, data: bytes) -> list[Outbound]:
        attempt = self._pending.pop(sender, None)
        if attempt is not None:
            if not attempt.package.is_valid_share(sender, response.z):
                self.culprits[sender] = BadShare(sender, data, attempt.package.commitments)
                return []
            attempt.shares[sender] = response.z
            if len(attempt.shares) == len(attempt.package.signers):
                self.signature = attempt.package.aggregate(attempt.shares)
                return []
        self._ready[sender] = response.following
        return self._open_attempt() if len(self._ready) >= self._execution.threshold else []

    def _open_attempt(self) -> list[Outbound]:
        commitments = tuple(self._ready[i] for i in sorted(self._ready))
        package = SigningPackage(self._suite, self._key, self._message, commitments)
        attempt = _Attempt(package, package_digest(self._execution, package))
        self.attempts += 1
        self._pending |= dict.fromkeys(package.signers, attempt)
        self._ready.clear()
        request = Request(self._execution.sid, commitments).encode()
        return [Outbound(signer, request) for signer in package.signers]

    def _drop(self, reason: str) -> list[Outbound]:
        self.dropped[reason] += 1
        return []


def _in_group(execution: Execution, record: Record) -> bool:
    return all(point.group is execution.group for point in record.points())
