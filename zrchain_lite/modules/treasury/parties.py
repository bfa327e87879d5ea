"""A keyring's parties: who may answer, whether its signature proves it, how many say the same.

One party cannot end a request that others can still answer: a wrong answer or a rejection is that
party's refusal, and a request is rejected when refusals put the threshold out of reach.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from zrchain_lite.errors import Conflict, Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.modules.identity.peers import Auth
from zrchain_lite.wire.zrchain.identity.identity_pb2 import Keyring
from zrchain_lite.wire.zrchain.treasury.treasury_pb2 import (
    KeyRequest,
    PartySignature,
    SignRequest,
)
from zrchain_lite.wire.zrsign.treasury.refusals_pb2 import PartyRefusal
from zrsign_chains import ecdsa
from zrsign_chains.errors import ChainError

SIGNATURE_LENGTH = 64


def require_party(keyring: Keyring, sender: str) -> None:
    """Checked before anything else: nobody but a party may touch a request's state."""
    if sender not in keyring.parties:
        raise Unauthorized(f"{sender} is no party of keyring {keyring.address}")


def signature_problem(
    ctx: Context,
    auth: Auth,
    sender: str,
    request_id: int,
    signature: bytes,
    key_made: bytes = b"",
) -> str | None:
    """Why r || s does not prove the party's answer; None if it does.

    It is over SHA-256 of the 8-byte big-endian id and, in an answer to a key request, of the key.
    """
    if len(signature) != SIGNATURE_LENGTH:
        return (
            f"invalid mpc party signature, should be {SIGNATURE_LENGTH} bytes, is {len(signature)}"
        )
    public_key = auth.public_key(ctx, sender)
    if public_key is None:
        return f"invalid mpc party signature, the public key of {sender} is unknown"
    digest = hashlib.sha256(request_id.to_bytes(8, "big") + key_made).digest()
    try:
        ecdsa.verify(public_key, digest, signature)
    except ChainError as error:
        return f"invalid mpc party signature of {sender}: {error}"
    return None


def needed(keyring: Keyring) -> int:
    """How many parties must say the same: the keyring's threshold, at least one."""
    return max(keyring.party_threshold, 1)


def leading(keyring: Keyring, answers: Iterable[PartySignature]) -> tuple[bytes, int]:
    """The value that most current parties answered with, and how many; the earliest of equals."""
    counts: dict[bytes, int] = {}
    for answer in answers:
        if answer.creator in keyring.parties:
            counts[answer.value] = counts.get(answer.value, 0) + 1
    return max(counts.items(), key=lambda item: item[1], default=(b"", 0))


def enough(keyring: Keyring, answers: Iterable[PartySignature]) -> bool:
    """Whether as many current parties gave the same answer as the keyring's threshold asks."""
    return leading(keyring, answers)[1] >= needed(keyring)


def hopeless(
    keyring: Keyring, answers: Sequence[PartySignature], refusals: Iterable[PartyRefusal]
) -> bool:
    """Whether no answer can get enough parties any more, even if all who are left give it."""
    spoke = {answer.creator for answer in answers}
    spoke |= {refusal.creator for refusal in refusals}
    left = sum(1 for party in keyring.parties if party not in spoke)
    return leading(keyring, answers)[1] + left < needed(keyring)


def take_back(request: KeyRequest | SignRequest, party: str) -> None:
    """Forget a party's refusal: it answers after all."""
    kept = [each for each in request.refusals if each.creator != party]
    if len(kept) != len(request.refusals):
        del request.refusals[:]
        request.refusals.extend(kept)


def refuse(request: KeyRequest | SignRequest, party: str, reason: str) -> None:
    """Note that a party does not answer, and why; the first time counts. Raises Conflict."""
    spoke = [answer.creator for answer in request.keyring_party_sigs]
    if party in (*spoke, *(refusal.creator for refusal in request.refusals)):
        raise Conflict(f"party {party} already answered request {request.id}")
    request.refusals.add(creator=party, reason=reason)
