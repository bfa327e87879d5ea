"""A ledger in memory for commands and the SDK: real modules, no node, no processes."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from google.protobuf.message import Message

from tests.zrsign_receiver.world import Account, World
from zrchain_lite.client import LedgerClient, ObjectNotFound, TxFailed, TxResult
from zrchain_lite.errors import LedgerError, NotFound
from zrsign.local.network.manifest import AccountEntry, LedgerEntry, Manifest

M = TypeVar("M", bound=Message)


class WorldLedger(LedgerClient):
    """The client of a world; what it sends is counted."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sent: list[Message] = []

    async def query(self, method: str, request: Message, response: type[M], **_: object) -> M:
        try:
            answer = self.world.registry.query(method).handle(self.world.reading(), request)
        except NotFound as error:
            raise ObjectNotFound(method, "NOT_FOUND", str(error)) from None
        return response.FromString(answer.SerializeToString())

    async def broadcast(self, *msgs: Message, **_: object) -> TxResult:
        try:
            responses: list[Any] = [self.world.send(each) for each in msgs]
        except LedgerError as error:
            raise TxFailed(error.codespace, error.code, str(error)) from None
        self.sent.extend(msgs)
        unpacked = [SimpleNamespace(Unpack=each.CopyFrom) for each in responses]
        return TxResult("AB" * 32, self.world.height, unpacked, [])

    async def close(self) -> None:
        pass


def network_of(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch, *named: Account
) -> WorldLedger:
    """A network in `folder` whose ledger is the world, with accounts called as they are there."""
    client = WorldLedger(world)
    monkeypatch.setattr(LedgerEntry, "client", lambda *_: client)
    monkeypatch.setenv("ZRSIGN_STATE", str(folder))
    state = folder / "network"
    state.mkdir()
    accounts = []
    for account in named:
        secret = state / f"{account.name}.key"
        secret.touch(mode=0o600)
        secret.write_text(account.key.secret.hex())
        accounts.append(
            AccountEntry(
                name=account.name,
                address=account.address,
                evm_address=account.evm,
                secret_file=secret,
                for_people=True,
            )
        )
    url = "http://127.0.0.1:1"
    ledger = LedgerEntry(chain_id="c", grpc=url, rest=url, rpc=url, store=state / "ledger")
    Manifest(
        pid=os.getpid(), state_dir=state, ledger=ledger, chains=(), accounts=tuple(accounts)
    ).save()
    return client
