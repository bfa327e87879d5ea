"""Operators and their administrators on a real node, through the client."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.zrchain_lite.chain import ALICE, BOB, CAROL, genesis, node_config
from zrchain_lite.client import LedgerClient, ObjectNotFound, TxFailed
from zrchain_lite.node import serving
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.operators import operators_pb2 as wire
from zrsign.node import modules
from zrsign_chains.cosmos import keyring_address

QUERY = "/zrsign.operators.Query/"
FREE = {"params": {"keyringCreationFee": "0"}}


def members() -> list[wire.Member]:
    return [
        wire.Member(
            index=index,
            party=account.address,
            identity_key=bytes([index]) * 32,
            tls_certificate=bytes(4096 - index),
            endpoint=f"127.0.0.1:{index}",
        )
        for index, account in enumerate((ALICE, BOB, CAROL), 1)
    ]


async def new_keyring(admin: LedgerClient) -> str:
    made = await admin.broadcast(identity.MsgNewKeyring(creator=ALICE.address))
    address = made.response(identity.MsgNewKeyringResponse).addr
    await admin.broadcast(
        *(
            identity.MsgAddKeyringParty(
                creator=ALICE.address, keyring_addr=address, party=party.address
            )
            for party in (ALICE, BOB, CAROL)
        )
    )
    return address


async def ask(ledger: LedgerClient, name: str, **fields: Any) -> Any:
    request = getattr(wire, f"Query{name}Request")(**fields)
    return await ledger.query(QUERY + name, request, getattr(wire, f"Query{name}Response"))


async def test_operators__should_be_ordered_and_report_over_the_wire(tmp_path: Path) -> None:
    config = node_config(tmp_path, genesis(identity=FREE))
    async with serving(config, modules, asyncio.Event()) as (node, _):
        target = f"127.0.0.1:{node.grpc_port}"
        async with (
            LedgerClient(target, account=ALICE) as admin,
            LedgerClient(target, account=BOB) as bob,
        ):
            ring = await new_keyring(admin)
            order = wire.MsgSetGroup(
                creator=ALICE.address,
                keyring=ring,
                threshold=2,
                level="PAILLIER_2048",
                members=members(),
            )
            result = await admin.broadcast(order)
            assert result.response(wire.MsgSetGroupResponse).number == 1
            assert "operator_group_set" in {event.type for event in result.events}
            settings = await ask(bob, "Settings", keyring=ring)
            assert list(settings.groups[0].members) == members()

            workspace = await admin.broadcast(identity.MsgNewWorkspace(creator=ALICE.address))
            asked = treasury.MsgNewKeyRequest(
                creator=ALICE.address,
                workspace_addr=workspace.response(identity.MsgNewWorkspaceResponse).addr,
                keyring_addr=ring,
                key_type="ecdsa",
            )
            await admin.broadcast(asked)
            work = await ask(bob, "Work", keyring=ring)
            assert [request.id for request in work.keys] == [1]
            assert work.settings_version == 1
            assert work.height <= await bob.height()

            evidence = b"x" * 32_768
            fault = wire.MsgReportFault(
                creator=BOB.address,
                keyring=ring,
                culprit=3,
                protocol="dkg",
                reason="two different messages",
                evidence_digest=hashlib.sha256(evidence).digest(),
                evidence=evidence,
            )
            epoch = wire.MsgReportKeyEpoch(
                creator=BOB.address, keyring=ring, key_id=1, group=1, epoch=1, key_digest=bytes(32)
            )
            await bob.broadcast(fault, epoch)
            (shown,) = (await ask(admin, "Faults", keyring=ring)).faults
            assert (shown.reporter_index, shown.evidence) == (2, evidence)
            (committed,) = (await ask(admin, "KeyEpochs", key_id=1)).key_epochs
            assert (committed.party, committed.index) == (BOB.address, 2)

            await admin.broadcast(
                wire.MsgPardonMember(creator=ALICE.address, keyring=ring, index=3)
            )
            assert not (await ask(admin, "Faults", keyring=ring)).faults


async def test_operators__should_be_refused_with_codes(tmp_path: Path) -> None:
    config = node_config(tmp_path, genesis(identity=FREE))
    async with serving(config, modules, asyncio.Event()) as (node, _):
        target = f"127.0.0.1:{node.grpc_port}"
        async with LedgerClient(target, account=ALICE) as admin:
            ring = await new_keyring(admin)
            with pytest.raises(TxFailed) as refused:
                await admin.broadcast(wire.MsgOrderRefresh(creator=ALICE.address, keyring=ring))
            assert refused.value.code == 1508
            with pytest.raises(ObjectNotFound):
                await ask(admin, "Work", keyring=keyring_address(99))
        async with LedgerClient(target, account=BOB) as bob:
            with pytest.raises(TxFailed) as refused:
                await bob.broadcast(wire.MsgOrderRefresh(creator=BOB.address, keyring=ring))
            assert (refused.value.codespace, refused.value.code) == ("sdk", 4)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{node.rest_port}") as http:
            for path in ("settings", "faults", "key_epochs", "work"):
                answer = await http.get(f"/zrsign/operators/{path}/{ring}")
                assert answer.status_code == 200, answer.text
            answer = await http.get("/zrsign/operators/key_epochs_by_key/7")
            assert answer.status_code == 404
