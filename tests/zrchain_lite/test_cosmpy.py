"""The wire format, proven by an unmodified client in an environment of its own: cosmpy."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from tests.processes import run
from tests.zrchain_lite.chain import (
    ALICE,
    BOB,
    CAROL,
    CHAIN_ID,
    FUNDS,
    NOBODY,
    genesis,
    node_config,
)
from tests.zrsign_chains.cosmos_wire import read_back
from zrchain_lite.client import LedgerClient, party_signature
from zrchain_lite.keepers import Keepers
from zrchain_lite.node import RunningNode, serving
from zrchain_lite.registry import Registry
from zrchain_lite.wire.cosmos.base.abci.v1beta1 import abci_pb2
from zrchain_lite.wire.cosmos.base.node.v1beta1 import query_pb2 as node_pb2
from zrchain_lite.wire.cosmos.base.tendermint.v1beta1 import query_pb2 as tendermint_pb2
from zrchain_lite.wire.cosmos.tx.v1beta1 import service_pb2
from zrchain_lite.wire.tendermint.types import types_pb2
from zrchain_lite.wire.zrchain.dct import dct_pb2
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.treasury import refusals_pb2
from zrsign.node import modules

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-cosmpy" / "bin" / "python"
SCRIPT = Path(__file__).with_name("cosmpy_client.py")

MINT = "cosmos/mint/"

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="cosmpy is not installed: make .venv-cosmpy/.synced"
)


@dataclass
class Cosmpy:
    """Runs the client script as Alice."""

    node: RunningNode
    folder: Path

    async def run(self, command: str, *arguments: str, rest: bool = False) -> dict[str, Any]:
        port = self.node.rest_port if rest else self.node.grpc_port
        url = f"{'rest' if rest else 'grpc'}+http://127.0.0.1:{port}"
        words = [PYTHON, SCRIPT, command, url, CHAIN_ID, ALICE.secret.secret.hex(), *arguments]
        done = await asyncio.to_thread(run, words)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def descriptors(self) -> str:
        """A file of the treasury's descriptors; cosmpy has what they import beyond the ledger."""
        files = FileDescriptorSet()
        for module in (dct_pb2, refusals_pb2, treasury):
            module.DESCRIPTOR.CopyToProto(files.file.add())
        path = self.folder / "descriptors.bin"
        path.write_bytes(files.SerializeToString())
        return str(path)


@pytest.fixture
async def cosmpy(tmp_path: Path) -> AsyncIterator[Cosmpy]:
    free = {"params": {"keyring_creation_fee": "0"}}
    config = node_config(tmp_path, genesis(identity=free))
    async with serving(config, modules, asyncio.Event()) as (node, _):
        yield Cosmpy(node, tmp_path)


@pytest.mark.parametrize("rest", [False, True], ids=["grpc", "rest"])
async def test_cosmpy__should_transfer_and_read_balances(cosmpy: Cosmpy, rest: bool) -> None:
    seen = await cosmpy.run("transfer", BOB.address, "12345", rest=rest)

    assert (seen["before"], seen["after"]) == (FUNDS, FUNDS + 12345)
    assert seen["code"] == 0
    assert seen["sequence"] == 1
    assert seen["all"] == ["urock"]
    assert seen["chain_id"] == CHAIN_ID
    assert 0 < seen["height"] <= seen["latest"]
    assert seen["gas_used"] > 0
    assert (seen["validators"], seen["staked"]) == ([], 0)


async def test_cosmpy__should_grant_execute_and_pay_for_another(cosmpy: Cosmpy) -> None:
    seen = await cosmpy.run("grant", NOBODY.secret.secret.hex(), BOB.address)
    assert (seen["left"], seen["allowed"]) == ("40", "60")
    assert (seen["balance"], seen["sequence"]) == (FUNDS + 60, 1)


async def test_cosmpys_signature__should_be_over_what_a_cosmos_chain_here_writes(
    cosmpy: Cosmpy,
) -> None:
    seen = await cosmpy.run("transfer", BOB.address, "12345")
    tx = await read_back(cosmpy.node, ALICE.address, seen["height"])
    assert (tx.to, tx.amount, tx.contract) == (BOB.address, 12345, None)
    assert tx.signer.public_key == ALICE.public_key


async def test_cosmpy__should_request_a_key_and_read_it(cosmpy: Cosmpy) -> None:
    target = f"127.0.0.1:{cosmpy.node.grpc_port}"
    async with (
        LedgerClient(target, account=ALICE) as alice,
        LedgerClient(target, account=BOB) as bob,
    ):
        created = await alice.broadcast(identity.MsgNewWorkspace(creator=ALICE.address))
        workspace = created.response(identity.MsgNewWorkspaceResponse).addr
        made = await bob.broadcast(
            identity.MsgNewKeyring(creator=BOB.address, description="test", party_threshold=1)
        )
        keyring = made.response(identity.MsgNewKeyringResponse).addr
        await bob.broadcast(
            identity.MsgAddKeyringParty(
                creator=BOB.address, keyring_addr=keyring, party=BOB.address
            )
        )

        descriptors = cosmpy.descriptors()
        asked = await cosmpy.run("request-key", descriptors, workspace, keyring)
        assert asked["key_req_id"] == 1

        await bob.broadcast(
            treasury.MsgFulfilKeyRequest(
                creator=BOB.address,
                request_id=1,
                status=treasury.KEY_REQUEST_STATUS_FULFILLED,
                key=treasury.MsgNewKey(public_key=CAROL.public_key),
                keyring_party_signature=party_signature(BOB, 1, CAROL.public_key),
            )
        )
        read = await cosmpy.run("read-keys", descriptors, workspace)

    assert read["keys"] == [
        {
            "id": 1,
            "public_key": base64.b64encode(CAROL.public_key).decode(),
            "wallets": [CAROL.evm_address],
        }
    ]


async def test_wire__should_have_the_fields_and_methods_of_cosmpy(tmp_path: Path) -> None:
    registry = Registry(modules(Keepers.create()))
    files = {kind.DESCRIPTOR.file.name: kind.DESCRIPTOR.file for kind in registry.types.values()}
    for module in (service_pb2, abci_pb2, tendermint_pb2, node_pb2, types_pb2):
        files[module.DESCRIPTOR.name] = module.DESCRIPTOR
    ours = FileDescriptorSet()
    for name in sorted(files):
        # The mint of cosmpy's own chain is another one.
        if name.startswith(("cosmos/", "tendermint/")) and not name.startswith(MINT):
            files[name].CopyToProto(ours.file.add())
    path = tmp_path / "descriptors.bin"
    path.write_bytes(ours.SerializeToString())
    done = await asyncio.to_thread(run, [PYTHON, SCRIPT, "wire", path])
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["differences"] == []
    assert seen["compared"] > 150
