"""A keyring's parties: who may answer, whether its signature proves it, how many answered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from chains import ecdsa
from chains.errors import ChainError
from zrchain_lite.errors import Unauthorized
from zrchain_lite.identity.peers import Auth
from zrchain_lite.module import Context
from zrchain_lite.wire.zrchain.identity.identity_pb2 import Keyring
from zrchain_lite.wire.zrchain.treasury.treasury_pb2 import PartySignature

SIGNATURE_LENGTH = 64


def require_party(keyring: Keyring, sender: str) -> None:
    """Checked before anything else: nobody but a party may touch a request's state."""
    if sender not in keyring.parties:
        raise Unauthorized(f"{sender} is no party of keyring {keyring.address}")


def signature_problem(
    ctx: Context, auth: Auth, sender: str, request_id: int, signature: bytes
) -> str | None:
    """Why r || s over SHA-256 of the 8-byte big-endian id does not prove the party's answer."""
    if len(signature) != SIGNATURE_LENGTH:
        return (
            f"invalid mpc party signature, should be {SIGNATURE_LENGTH} bytes, is {len(signature)}"
        )
    public_key = auth.public_key(ctx, sender)
    if public_key is None:
        return f"invalid mpc party signature, the public key of {sender} is unknown"
    digest = hashlib.sha256(request_id.to_bytes(8, "big")).digest()
    try:
        ecdsa.verify(public_key, digest, signature)
    except ChainError as error:
        return f"invalid mpc party signature of {sender}: {error}"
    return None


def enough(keyring: Keyring, answers: Iterable[PartySignature]) -> bool:
    """Whether as many current parties answered as the keyring's threshold asks (at least one)."""
    answered = sum(1 for answer in answers if answer.creator in keyring.parties)
    return answered >= max(keyring.party_threshold, 1)
