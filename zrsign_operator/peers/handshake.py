"""How the two ends of a link prove themselves: the listener first, each over the other's nonce."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any, Final

from zrsign_operator.errors import OperatorError
from zrsign_operator.peers.admission import NONCE_BYTES, Admission, Challenge, Gate, Hello, Role
from zrsign_operator.peers.members import Member

HANDSHAKE_S: Final = 10.0
MAX_HANDSHAKE_BYTES: Final = 1 << 16
"""The longest quote is one of 32 KiB."""
WELCOME: Final = b"welcome"


async def prove(call: Any, gate: Gate, member: Member) -> Admission:
    """Prove this operator to a listener that has proved itself. Raises OperatorError."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    await call.write(Hello(nonce).encode())
    challenge = Challenge.decode(_said(await call.read()))
    admission = await gate.admit(member, Role.LISTENER, nonce, challenge.credentials)
    await call.write(await gate.credentials(Role.DIALLER, challenge.nonce))
    if _said(await call.read()) != WELCOME:
        raise OperatorError("the peer does not admit this operator")
    return admission


async def admit(
    context: Any, gate: Gate, member: Member, hello: bytes, messages: AsyncIterator[bytes]
) -> Admission:
    """Prove this operator to a dialler, and let it prove itself; it is not welcomed yet.

    Raises OperatorError, EncodingError, StopAsyncIteration and TimeoutError.
    """
    theirs, mine = Hello.read(hello).nonce, secrets.token_bytes(NONCE_BYTES)
    shown = await gate.credentials(Role.LISTENER, theirs)
    await context.write(Challenge(mine, shown).encode())
    return await gate.admit(member, Role.DIALLER, mine, await said(messages))


async def said(messages: AsyncIterator[bytes]) -> bytes:
    """The next message of a handshake. Raises OperatorError, StopAsyncIteration, TimeoutError."""
    async with asyncio.timeout(HANDSHAKE_S):
        return _said(await anext(messages))


def _said(message: object) -> bytes:
    """A message of a handshake. Raises OperatorError when the stream ended, or it is too long."""
    if not isinstance(message, bytes) or len(message) > MAX_HANDSHAKE_BYTES:
        raise OperatorError("the peer does not keep to the handshake")
    return message


def require_valid(gate: Gate, admission: Admission) -> None:
    """Raises OperatorError when an admission ended, with the reason."""
    if why := gate.ended(admission):
        raise OperatorError(f"the admission ended: {why}")
