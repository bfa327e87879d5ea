"""What commands and the SDK read of a network, verified from the root in its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.zrchain_lite.conftest import node  # noqa: F401 - a fixture
from tests.zrchain_lite.liar import altered, proxy, root_of
from zrchain_lite.client import NotVerified, ObjectNotFound
from zrchain_lite.node import RunningNode
from zrchain_lite.wire.zrsign.light import light_pb2 as light
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as wire
from zrsign.local.network.manifest import LedgerEntry
from zrsign.sdk.ledger import QUERY, Receiver

OWNER = "0x" + "11" * 20


def entry(node: RunningNode, endpoint: str) -> LedgerEntry:  # noqa: F811 - the fixture's value
    url = "http://127.0.0.1:1"
    return LedgerEntry(
        chain_id="c", grpc=endpoint, rest=url, rpc=url, root=str(root_of(node)), store=Path("s")
    )


async def test_receiver__should_be_read_verified(node: RunningNode) -> None:  # noqa: F811
    async with entry(node, f"127.0.0.1:{node.grpc_port}").client() as ledger:
        receiver = Receiver(ledger)
        assert [each async for each in receiver.requests()] == []
        assert await receiver.wallets(OWNER) == []
        with pytest.raises(ObjectNotFound):
            await receiver.request(1)


async def test_invented_parameters__should_be_refused(node: RunningNode) -> None:  # noqa: F811
    def invents(shown: light.QueryWitnessResponse) -> None:
        for each in shown.reads:
            each.value = wire.Params(max_keyring_fee=1).SerializeToString()

    async with proxy(node, altered(invents)) as liar, entry(node, liar).client() as ledger:
        with pytest.raises(NotVerified):
            await ledger.query(
                QUERY + "Params", wire.QueryParamsRequest(), wire.QueryParamsResponse
            )
