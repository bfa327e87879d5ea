"""The SDK without `await`: it has every call of the other one, and closes what it opened."""

from __future__ import annotations

import inspect
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from zrsign.errors import NetworkError
from zrsign.sdk import blocking
from zrsign.sdk.client import Handle, ZrSign


def calls(owner: type) -> dict[str, inspect.Signature]:
    """The public coroutines of a class, with what they take."""
    return {
        name: inspect.signature(found)
        for name, found in vars(owner).items()
        if name[0] != "_" and inspect.iscoroutinefunction(inspect.unwrap(found))
    }


@pytest.mark.parametrize(
    ("there", "here"), [(ZrSign, blocking.BlockingZrSign), (Handle, blocking.BlockingHandle)]
)
def test_every_call__should_be_there_with_its_arguments(there: type, here: type) -> None:
    assert calls(there)
    for name, signature in calls(there).items():
        assert inspect.signature(getattr(here, name)) == signature
        assert inspect.getdoc(getattr(here, name)) == inspect.getdoc(getattr(there, name))


async def test_call__should_work_where_a_loop_runs_already(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Notebooks run one. The test itself is such a place."""
    opened: list[str] = []

    @asynccontextmanager
    async def connect(name: str) -> AsyncIterator[Any]:
        opened.append(name)
        yield object.__new__(ZrSign)
        opened.remove(name)

    async def address(self: ZrSign, *_: object) -> str:
        return f"{opened} {threading.current_thread().name}"

    monkeypatch.setattr(blocking.BlockingZrSign, "wallet_address", blocking._of_client(address))
    with blocking._connecting(connect)("here") as zr:
        assert zr.wallet_address() == "['here'] zrsign"  # type: ignore[call-arg]
    assert opened == []
    assert "zrsign" not in [each.name for each in threading.enumerate()]


def test_connection_that_fails__should_raise_and_leave_no_thread() -> None:
    from eth_account import Account

    with (
        pytest.raises(NetworkError),
        blocking.connect("http://127.0.0.1:9", "0x", Account.create(), ledger="127.0.0.1:9"),
    ):
        pass
    assert "zrsign" not in [each.name for each in threading.enumerate()]
