"""The receiver in a real node: signed transactions over gRPC, REST and events over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from google.protobuf.message import Message

from tests.zrchain_lite.liar import trusting
from tests.zrsign_receiver.world import OMNI, OWNER, SOURCE_CHAIN
from zrchain_lite.client import (
    Account,
    LedgerClient,
    ObjectNotFound,
    TxFailed,
    TxResult,
    party_signature,
)
from zrchain_lite.engine import EngineSettings
from zrchain_lite.genesis import Genesis
from zrchain_lite.node import NodeSettings, RunningNode, serving
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign.node import modules
from zrsign_chains import EVM
from zrsign_chains.cosmos import keyring_address
from zrsign_receiver.rest import api

AUTHORITY, OBSERVER, PARTY = (Account.from_secret(bytes([n]) * 32) for n in (1, 2, 3))
FUNDS = 10**13


def genesis() -> Genesis:
    coins = [{"denom": "urock", "amount": str(FUNDS)}]
    balances = [{"address": each.address, "coins": coins} for each in (AUTHORITY, OBSERVER, PARTY)]
    params = {
        "authority": AUTHORITY.address,
        "keyring_addr": keyring_address(1),
        "observers": [OBSERVER.address],
        "observer_threshold": 1,
        "fee_payer": AUTHORITY.address,
        "destinations": [SOURCE_CHAIN],
    }
    state = {"bank": {"balances": balances}, "receiver": {"params": params}}
    return Genesis.model_validate({"chain_id": "receiver-test", "app_state": state})


@dataclass
class Live:
    """A running node with a keyring and an Omni source."""

    node: RunningNode

    @property
    def rest(self) -> str:
        return f"http://127.0.0.1:{self.node.rest_port}/zrsign/v1"

    async def send(self, account: Account, *msgs: Message) -> TxResult:
        async with LedgerClient(f"127.0.0.1:{self.node.grpc_port}", account=account) as client:
            return await client.broadcast(*msgs)

    async def prepare(self) -> None:
        source = pb.Source(chain=SOURCE_CHAIN, contract=OMNI, mode=pb.MODE_OMNI, active=True)
        await self.send(
            AUTHORITY,
            identity.MsgNewKeyring(
                creator=AUTHORITY.address, description="test", party_threshold=1
            ),
            identity.MsgAddKeyringParty(
                creator=AUTHORITY.address, keyring_addr=keyring_address(1), party=PARTY.address
            ),
            pb.MsgRegisterSource(authority=AUTHORITY.address, source=source),
        )


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    file = tmp_path / "genesis.json"
    file.write_text(json.dumps(genesis().model_dump(mode="json")))
    free = "127.0.0.1:0"
    engine = EngineSettings(empty_block_interval_s=0.2)
    config = NodeSettings(tmp_path / "home", file, free, free, free, engine, doors_apart=False)
    stop = asyncio.Event()
    async with serving(config, modules, stop, routers=lambda e: [api.router(e)]) as (node, _):
        found = Live(node)
        await found.prepare()
        yield found


def key_event() -> pb.SourceEvent:
    source = pb.SourceId(chain=SOURCE_CHAIN, contract=OMNI, tx_hash=b"\x01" * 32, log_index=1)
    ask = pb.KeyAsk(wallet_type_id=EVM.id, options=1)
    return pb.SourceEvent(id=source, block_hash=b"\x02" * 32, owner=OWNER.evm, key=ask)


async def test_request__should_travel_from_a_signed_report_to_the_end_of_its_stream(
    live: Live,
) -> None:
    report = pb.MsgReportEvents(observer=OBSERVER.address, events=[key_event()])
    result = await live.send(OBSERVER, report)
    (request_id,) = result.response(pb.MsgReportEventsResponse).request_ids
    names = []
    async with (
        httpx.AsyncClient(timeout=20) as http,
        http.stream("GET", f"{live.rest}/requests/{request_id}/events") as stream,
    ):
        async for line in stream.aiter_lines():
            if not line.startswith("data: "):
                continue
            data = json.loads(line.removeprefix("data: "))
            names.append(data.get("name", data.get("status")))
            if names[-1] == "key_requested":
                await live.send(PARTY, answer())
    assert names == [
        "observed",
        "accepted",
        "key_requested",
        "key_ready",
        "answered",
        "ANSWERED",
    ]
    async with httpx.AsyncClient() as http:
        (wallet,) = (await http.get(f"{live.rest}/wallets/{OWNER.evm}")).json()
        assert wallet["public_key"] == "0x" + PARTY.public_key.hex()
        missing = await http.get(f"{live.rest}/requests/99")
        assert missing.headers["content-type"] == "application/problem+json"
        paths = (await http.get(f"{live.rest.removesuffix('/zrsign/v1')}/openapi.json")).json()
        assert "/zrsign/v1/requests/{request_id}/events" in paths["paths"]


async def test_request_behind_a_key_request__should_be_found_on_verified_state(
    live: Live,
) -> None:
    report = pb.MsgReportEvents(observer=OBSERVER.address, events=[key_event()])
    result = await live.send(OBSERVER, report)
    (request_id,) = result.response(pb.MsgReportEventsResponse).request_ids
    by_key, by_sign = (
        pb.QueryRequestByKeyRequestRequest(key_request_id=1),
        pb.QueryRequestBySignRequestRequest(sign_request_id=1),
    )
    receiver = "/zrsign.receiver.Query/"
    async with trusting(live.node) as client:
        found = await client.query(
            receiver + "RequestByKeyRequest", by_key, pb.QueryRequestResponse
        )
        assert (found.request.id, found.request.event) == (request_id, key_event())
        with pytest.raises(ObjectNotFound, match="for no contract's request"):
            await client.query(receiver + "RequestBySignRequest", by_sign, pb.QueryRequestResponse)


async def test_stranger__should_be_refused_by_code(live: Live) -> None:
    report = pb.MsgReportEvents(observer=AUTHORITY.address, events=[key_event()])
    with pytest.raises(TxFailed, match="not a registered observer") as refused:
        await live.send(AUTHORITY, report)
    assert (refused.value.codespace, refused.value.code) == ("sdk", 4)


def answer() -> treasury.MsgFulfilKeyRequest:
    return treasury.MsgFulfilKeyRequest(
        creator=PARTY.address,
        request_id=1,
        status=treasury.KEY_REQUEST_STATUS_FULFILLED,
        key=treasury.MsgNewKey(public_key=PARTY.public_key),
        keyring_party_signature=party_signature(PARTY, 1, PARTY.public_key),
    )
