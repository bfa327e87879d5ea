"""What an operator makes of a node that lies about requests and groups, before a real ledger."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.zrchain_lite.chain import ALICE, BOB, CAROL, NOBODY, genesis, node_config
from tests.zrchain_lite.liar import Lie, altered, proxy, trusting
from tests.zrchain_lite.modules.operators.world import LEVEL, member
from zrchain_lite.client import Account, LedgerClient, NotVerified
from zrchain_lite.modules.operators import state as operators
from zrchain_lite.modules.treasury import state as treasury
from zrchain_lite.node import RunningNode, serving
from zrchain_lite.store.collections import encode_key
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrchain_lite.wire.zrsign.light import light_pb2 as light
from zrchain_lite.wire.zrsign.operators import operators_pb2 as orders
from zrsign.local.network.setup import register_keyring
from zrsign.node import modules
from zrsign_operator.ledger.approval import Scheme
from zrsign_operator.ledger.view import QUERY, LedgerSnapshot, LedgerView

INVENTED = sha256(b"all coins to the liar").digest()
STRANGERS = [Account.from_secret(bytes([n]) * 32) for n in (21, 22)]


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[RunningNode]:
    free = {"identity": {"params": {"keyringCreationFee": "0"}}}
    config = node_config(tmp_path, genesis(**free))
    async with serving(config, modules, asyncio.Event()) as (running, _):
        yield running


@pytest.fixture
async def keyring(node: RunningNode) -> str:
    """A keyring of Bob and Carol, who are its group."""
    async with LedgerClient(f"127.0.0.1:{node.grpc_port}", account=ALICE) as ledger:
        parties = [BOB, CAROL]
        made = await register_keyring(ledger, ALICE.address, [each.address for each in parties], 2)
        members = [member(n, each) for n, each in enumerate(parties, 1)]  # type: ignore[arg-type]
        await ledger.broadcast(
            orders.MsgSetGroup(
                creator=ALICE.address, keyring=made, threshold=2, level=LEVEL, members=members
            )
        )
    return made


def strangers(group: orders.Group) -> None:
    """Two members whom only the node names."""
    del group.members[:]
    group.members.extend(member(n, each) for n, each in enumerate(STRANGERS, 1))  # type: ignore[arg-type]


def invented_request(keyring: str) -> wire.SignRequest:
    return wire.SignRequest(
        id=1,
        creator=NOBODY.address,
        key_ids=[1],
        key_type=wire.KEY_TYPE_EDDSA_ED25519,
        data_for_signing=[INVENTED],
        status=wire.SIGN_REQUEST_STATUS_PENDING,
        keyring_addr=keyring,
    )


def lies_of(keyring: str) -> Lie:
    """The two lies, told in every way that a node answers in."""
    invented = invented_request(keyring)

    def shows(shown: light.QueryWitnessResponse) -> None:
        for each in shown.reads:
            if each.key.startswith(operators.GROUPS.prefix):
                group = orders.Group.FromString(each.value)
                strangers(group)
                each.value = group.SerializeToString()
        by_status = treasury.SIGN_REQUESTS_BY_STATUS
        place = by_status.prefix + encode_key((keyring, invented.status)) + encode_key(1)
        shown.reads.add(key=place, value=b"")
        made = treasury.SIGN_REQUESTS.prefix + encode_key(1)
        shown.reads.add(key=made, value=invented.SerializeToString())
        key = wire.Key(id=1, keyring_addr=keyring, type=invented.key_type)
        shown.reads.add(key=treasury.KEYS.prefix + encode_key(1), value=key.SerializeToString())

    of_witnesses = altered(shows)

    def lie(method: str, request: bytes, answer: bytes) -> bytes:
        if method == QUERY + "Work":
            work = orders.QueryWorkResponse.FromString(answer)
            work.signatures.add(
                id=1,
                key_ids=[1],
                key_type="KEY_TYPE_EDDSA_ED25519",
                data_for_signing=[INVENTED],
                status="SIGN_REQUEST_STATUS_PENDING",
            )
            return work.SerializeToString()
        if method == QUERY + "Settings":
            settings = orders.QuerySettingsResponse.FromString(answer)
            strangers(settings.groups[-1])
            return settings.SerializeToString()
        return of_witnesses(method, request, answer)

    return lie


def is_fooled(view: LedgerSnapshot) -> bool:
    """Whether it would sign the invented digest, or deal keys to strangers."""
    signs = {each.approved.message for each in view.signatures.values()}
    parties = {each.party for each in view.settings.group.members}
    return INVENTED in signs or bool(parties & {each.address for each in STRANGERS})


async def test_invented_request_and_group__should_fool_who_believes_the_node(
    node: RunningNode, keyring: str
) -> None:
    """So that what is refused below is a lie that works."""
    async with proxy(node, lies_of(keyring)) as liar, LedgerClient(liar) as ledger:
        view = await LedgerView(ledger, keyring).read()
    assert is_fooled(view)
    assert [each.approved.scheme for each in view.signatures.values()] == [Scheme.ED25519]


async def test_invented_request_and_group__should_be_refused_on_verified_state(
    node: RunningNode, keyring: str
) -> None:
    async with proxy(node, lies_of(keyring)) as liar, trusting(node, liar) as ledger:
        with pytest.raises(NotVerified):
            await LedgerView(ledger, keyring).read()


async def test_one_honest_node__should_be_enough(node: RunningNode, keyring: str) -> None:
    honest = f"127.0.0.1:{node.grpc_port}"
    async with proxy(node, lies_of(keyring)) as liar, trusting(node, liar, honest) as ledger:
        view = await LedgerView(ledger, keyring).read()
        assert list(ledger.left) == [liar]
    assert not is_fooled(view)
    assert [each.party for each in view.settings.group.members] == [BOB.address, CAROL.address]
