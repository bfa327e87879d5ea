"""Asks a keyring for keys and signatures, straight on the ledger.

Every request that was made is remembered: at the end none may be lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import sha256
from typing import Self

from tests.waiting import until
from zrchain_lite.client import LedgerClient
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury

QUERY = "/zrchain.treasury.Query/"
BTL = 100_000


class Requester:
    """The owner of a workspace."""

    def __init__(
        self,
        ledger: LedgerClient,
        keyring: str,
        workspace: str,
        watch: Callable[[], Awaitable[object]],
    ) -> None:
        """`watch` shows what those do who have to answer: while that moves, answers may come."""
        self._ledger, self._keyring, self._workspace = ledger, keyring, workspace
        self._watch = watch
        self._me = ledger.account.address
        self._turn = asyncio.Lock()
        """One transaction of an account at a time."""

    @classmethod
    async def of(
        cls, ledger: LedgerClient, keyring: str, watch: Callable[[], Awaitable[object]]
    ) -> Self:
        made = await ledger.broadcast(identity.MsgNewWorkspace(creator=ledger.account.address))
        workspace = made.response(identity.MsgNewWorkspaceResponse).addr
        return cls(ledger, keyring, workspace, watch)

    async def ask_key(self, kind: str = "ecdsa") -> int:
        """The request's id, which is the key's."""
        message = treasury.MsgNewKeyRequest(
            creator=self._me,
            workspace_addr=self._workspace,
            keyring_addr=self._keyring,
            key_type=kind,
            mpc_btl=BTL,
        )
        async with self._turn:
            sent = await self._ledger.broadcast(message)
        return sent.response(treasury.MsgNewKeyRequestResponse).key_req_id

    async def ask(self, key: int) -> int:
        """For a signature of a fresh digest; the request's id."""
        message = treasury.MsgNewSignatureRequest(
            creator=self._me,
            key_ids=[key],
            data_for_signing=sha256(os.urandom(8)).hexdigest(),
            mpc_btl=BTL,
        )
        async with self._turn:
            sent = await self._ledger.broadcast(message)
        return sent.response(treasury.MsgNewSignatureRequestResponse).sig_req_id

    async def is_key_made(self, request: int) -> bool:
        answer = await self._ledger.query(
            QUERY + "KeyRequestByID",
            treasury.QueryKeyRequestByIDRequest(id=request),
            treasury.QueryKeyRequestByIDResponse,
        )
        return str(answer.key_request.status) == "KEY_REQUEST_STATUS_FULFILLED"

    async def is_signed(self, request: int) -> bool:
        """The ledger takes only signatures that verify under the key."""
        answer = await self._ledger.query(
            QUERY + "SignatureRequestByID",
            treasury.QuerySignatureRequestByIDRequest(id=request),
            treasury.QuerySignatureRequestByIDResponse,
        )
        return str(answer.sign_request.status) == "SIGN_REQUEST_STATUS_FULFILLED"

    async def public_key(self, key: int) -> bytes:
        """As the ledger has it."""
        answer = await self._ledger.query(
            QUERY + "KeyByID",
            treasury.QueryKeyByIDRequest(id=key),
            treasury.QueryKeyByIDResponse,
        )
        return bytes(answer.key.public_key)

    async def key(self, kind: str = "ecdsa") -> int:
        """Ask for a key and wait for it."""
        request = await self.ask_key(kind)
        await self.made(request)
        return request

    async def made(self, request: int) -> None:
        claim = f"key request {request} is answered"
        await until(lambda: self.is_key_made(request), claim, self._watch)

    async def sign(self, *keys: int) -> None:
        """Ask for a signature of each key, and wait for all."""
        await self.signed([await self.ask(key) for key in keys])

    async def signed(self, requests: list[int]) -> None:
        for request in requests:
            claim = f"signature {request} is answered"
            await until(_about(self.is_signed, request), claim, self._watch)

    @contextlib.asynccontextmanager
    async def asking(self, *keys: int) -> AsyncIterator[list[int]]:
        """One request after the other, as long as the block lasts; all of them are answered."""
        asked: list[int] = []
        enough = asyncio.Event()

        async def ask() -> None:
            while not enough.is_set():
                asked.append(await self.ask(keys[len(asked) % len(keys)]))
                await self.signed(asked[-1:])

        async with asyncio.TaskGroup() as group:
            group.create_task(ask())
            try:
                yield asked
            finally:
                enough.set()


def _about(
    question: Callable[[int], Awaitable[bool]], request: int
) -> Callable[[], Awaitable[bool]]:
    return lambda: question(request)
