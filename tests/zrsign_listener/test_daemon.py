"""The whole daemon: real EVM chain, real ledger."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import STALLED_S, until
from tests.zrsign_dev_keyring.ledger import Ledger, running_ledger
from tests.zrsign_listener.conftest import (
    USER,
    Chain,
    ask_hash,
    ask_key,
    link_account,
)
from tests.zrsign_listener.logs import CHAIN
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign_daemon.errors import SettingsError
from zrsign_daemon.jsonrpc import JsonRpc
from zrsign_daemon.loops import FAILURES
from zrsign_daemon.settings import LedgerAccess, load
from zrsign_listener.service import run
from zrsign_listener.settings import ListenerSettings
from zrsign_listener.store import Store

DEAD = {
    "caip2": "eip155:5",
    "rpc_url": "http://127.0.0.1:9",
    "contracts": [{"address": "0x" + "11" * 20, "mode": "direct"}],
}


@pytest.fixture
async def ledger(tmp_path: Path, chain: Chain) -> AsyncIterator[Ledger]:
    """It knows the Omni contract, and not the Direct one."""
    async with running_ledger(tmp_path) as running:
        await running.client.broadcast(
            receiver.MsgRegisterSource(
                authority=running.accounts.authority.address,
                source=receiver.Source(
                    chain=CHAIN,
                    contract=chain.omni.address,
                    mode=receiver.MODE_OMNI,
                    active=True,
                ),
            )
        )
        yield running


def database(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'listener.db'}"


def settings_at(chain: Chain, ledger: Ledger, folder: Path, **changes: Any) -> ListenerSettings:
    key_file = folder / "observer"
    key_file.write_text(ledger.accounts.observer.secret.to_hex())
    return ListenerSettings.model_validate(
        {
            "database_url": database(folder),
            "ledger": LedgerAccess(grpc=ledger.grpc, key_file=key_file),
            "chains": [DEAD, chain.settings(**changes).model_dump()],
        }
    )


@asynccontextmanager
async def running(settings: ListenerSettings) -> AsyncIterator[None]:
    stop = asyncio.Event()
    daemon = asyncio.create_task(run(settings, stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(daemon, STALLED_S)


async def requests(ledger: Ledger) -> list[receiver.Request]:
    answer = await ledger.client.query(
        "/zrsign.receiver.Query/Requests",
        receiver.QueryRequestsRequest(),
        receiver.QueryRequestsResponse,
    )
    return list(answer.requests)


async def test_request__should_reach_the_ledger_though_another_node_is_dead(
    chain: Chain, rpc: JsonRpc, ledger: Ledger, tmp_path: Path
) -> None:
    async def arrived(count: int) -> bool:
        return len(await requests(ledger)) == count

    failed = FAILURES.labels(str(DEAD["caip2"]))
    before = failed._value.get()

    async def dead_node_was_asked() -> bool:
        return bool(failed._value.get() > before)

    async with running(settings_at(chain, ledger, tmp_path, ws_url=chain.socket)):
        # The wallet that the chain began with.
        await until(lambda: arrived(1), "the ledger has the wallet")
        await until(dead_node_was_asked, "the dead node was asked")
        tx_hash = await ask_hash(rpc, chain.omni.address)
        await until(lambda: arrived(2), "the ledger has the request")
    found = {r.event.id.tx_hash.hex(): r for r in await requests(ledger)}
    request = found[tx_hash.removeprefix("0x")]
    assert request.event.sign.payload == b"\x07" * 32
    assert request.event.id.contract == chain.omni.address


async def test_linked_account__should_own_the_callers_workspace(
    chain: Chain, rpc: JsonRpc, ledger: Ledger, tmp_path: Path
) -> None:
    account = ledger.accounts.authority.address
    tx_hash = await link_account(rpc, chain.omni.address, account)

    async def linked() -> bool:
        found = {r.event.id.tx_hash.hex(): r for r in await requests(ledger)}
        request = found.get(tx_hash.removeprefix("0x"))
        return request is not None and request.status == receiver.REQUEST_STATUS_ANSWERED

    async with running(settings_at(chain, ledger, tmp_path)):
        await until(linked, "the account is linked")
    answer = await ledger.client.query(
        "/zrchain.identity.Query/Workspaces",
        identity.QueryWorkspacesRequest(owner=account),
        identity.QueryWorkspacesResponse,
    )
    owners = {tuple(workspace.owners) for workspace in answer.workspaces}
    assert (USER, account) in owners


async def test_unknown_contract__should_keep_its_events_and_hold_up_no_other(
    chain: Chain, rpc: JsonRpc, ledger: Ledger, tmp_path: Path
) -> None:
    await ask_key(rpc, chain.direct.address)
    await ask_hash(rpc, chain.omni.address)
    async with await Store.open(database(tmp_path)) as store:

        async def only_direct_is_left() -> bool:
            left = await store.contracts_to_report()
            return left == [(CHAIN, chain.direct.address)] and len(await requests(ledger)) == 2

        async with running(settings_at(chain, ledger, tmp_path)):
            await until(only_direct_is_left, "only the unknown contract is left")
        assert await store.backlog() == 1


async def test_lost_database__should_lead_to_the_same_requests(
    chain: Chain, rpc: JsonRpc, ledger: Ledger, tmp_path: Path
) -> None:
    await ask_hash(rpc, chain.omni.address)
    found = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        async with await Store.open(database(folder)) as store:

            async def reported(store: Store = store) -> bool:
                place = (CHAIN, chain.omni.address)
                feed = await store.feed(*place, chain.omni.block_number)
                return feed.next_trace_id == 1 and not await store.to_report(*place, 1)

            async with running(settings_at(chain, ledger, folder)):
                await until(reported, "everything is reported")
        found.append(await requests(ledger))
    assert len(found[0]) == 2
    assert found[1] == found[0]


async def test_unusable_account__should_be_named(
    chain: Chain, ledger: Ledger, tmp_path: Path
) -> None:
    settings = settings_at(chain, ledger, tmp_path)
    settings.ledger.key_file.write_text("nothing of the kind")
    with pytest.raises(SettingsError, match=r"observer must hold 32 bytes"):
        await run(settings, asyncio.Event())


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('caip2 = "eip155:1"\nrpc_url = "ftp://x"\ncontracts = [{address = "A"}]', "rpc_url"),
        ('caip2 = "solana:x"\nrpc_url = "http://x"\ncontracts = [{address = "A"}]', "caip2"),
        ('caip2 = "eip155:1"\nrpc_url = "http://x"\ncontracts = []', "contracts"),
        ('caip2 = "eip155:1"\nrpc_url = "http://x"\ncontracts = [{address = "0x12"}]', "address"),
        ('caip2 = "eip155:1"\nrpc_url = "http://x"\nfinality = -1\ncontracts = []', "finality"),
    ],
)
def test_settings__should_name_the_field_at_fault(tmp_path: Path, text: str, fault: str) -> None:
    file = tmp_path / "listener.toml"
    file.write_text(f'[ledger]\ngrpc = "x"\nkey_file = "y"\n[[chains]]\n{text}\n')
    with pytest.raises(SettingsError, match=rf"listener\.toml: .*{fault}"):
        load(ListenerSettings, file)


def test_settings__should_take_a_full_file(tmp_path: Path) -> None:
    file = tmp_path / "listener.toml"
    file.write_text(
        """
        database_url = "sqlite+aiosqlite:///listener.db"
        [ledger]
        grpc = "127.0.0.1:9090"
        key_file = "observer"
        [[chains]]
        caip2 = "eip155:11155111"
        rpc_url = "https://rpc.example"
        ws_url = "wss://rpc.example"
        finality = "finalized"
        contracts = [
          { address = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266", mode = "omni" },
        ]
        """
    )
    (chain,) = load(ListenerSettings, file).chains
    assert chain.contracts[0].address == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert chain.finality == "finalized"
