"""One chain through several nodes: a liar among them, one that is away, and what a quorum says."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pydantic import ValidationError

from relayer.destinations.evm.destination import EvmDestination
from relayer.destinations.several import AnyOf, SeveralNodes, agreed
from relayer.news import (
    Accepted,
    Final,
    Included,
    NotTaken,
    Pending,
    Rejected,
    Status,
    Stranded,
    Unknown,
    Unreachable,
)
from relayer.settings import DestinationSettings
from tests.relayer.test_evm_destination import CHAIN, KEY, signed
from tests.waiting import until
from zrsign.local.chaos.liar import Liar, lying
from zrsign.local.network.ports import free_port
from zrsign_daemon.jsonrpc import JsonRpc

LANDED, IN_BLOCK = Final("0xaa", 7), Included("0xaa", 7)
LOST, GONE = Rejected("nonce_used", nonce_lost=True), Unreachable("away")


@pytest.mark.parametrize(
    ("said", "quorum", "expected"),
    [
        ([LANDED, LANDED, LOST], 2, LANDED),
        ([LANDED, IN_BLOCK, Unknown()], 2, IN_BLOCK),
        ([LANDED, Included("0xaa", 8), Unknown()], 2, Pending),
        ([LANDED, LOST, LOST], 2, Pending),
        ([LANDED, LOST], 1, LANDED),
        ([LOST, LOST, GONE], 2, LOST),
        ([LOST, Unknown(), LOST], 2, Stranded),
        ([Unknown(5), Unknown(9)], 2, Unknown),
        ([Unknown(), Pending()], 2, Pending),
        ([LOST, GONE, GONE], 2, Unreachable),
    ],
)
def test_nodes__should_prove_only_what_a_quorum_says_and_none_denies(
    said: list[Status], quorum: int, expected: Status | type[Status]
) -> None:
    for order in (said, said[::-1]):
        found = agreed(order, quorum)
        assert isinstance(found, expected) if isinstance(expected, type) else found == expected


@pytest.fixture
async def liar(anvil_url: str) -> AsyncIterator[Liar]:
    async with lying(anvil_url) as made:
        yield made


async def test_transfer__should_be_delivered_past_a_liar_and_a_dead_node(
    anvil: JsonRpc, anvil_url: str, liar: Liar
) -> None:
    await anvil.call("anvil_setBalance", KEY.address, hex(10**19))
    liar.errors["eth_sendRawTransaction"] = {"code": -32000, "message": "insufficient funds"}
    liar.lies["eth_getTransactionReceipt"] = lambda params, result: None
    liar.lies["eth_getTransactionByHash"] = lambda params, result: None
    urls = [liar.url, f"http://127.0.0.1:{free_port()}", anvil_url]
    nodes = SeveralNodes([EvmDestination(CHAIN, JsonRpc(url), settled=0) for url in urls], 1)
    raw, tx_id = signed()
    assert await nodes.submit(raw) == Accepted()

    async def final() -> bool:
        return isinstance(await nodes.status(raw, [tx_id]), Final)

    await until(final, "the honest node's word")
    await nodes.close()
    alone = SeveralNodes([EvmDestination(CHAIN, JsonRpc(url)) for url in urls[:2]], 1)
    assert isinstance(await alone.submit(raw), NotTaken)
    await alone.close()


async def test_question__should_go_to_the_next_node_when_one_is_away(anvil_url: str) -> None:
    dead = JsonRpc(f"http://127.0.0.1:{free_port()}")
    rpc = AnyOf([dead, JsonRpc(anvil_url)])
    for _ in range(2):
        assert await rpc.call("eth_chainId") == hex(31338)
    await rpc.close()


def test_quorum__should_not_be_larger_than_the_number_of_nodes() -> None:
    with pytest.raises(ValidationError, match="a quorum of 2 needs as many nodes"):
        DestinationSettings(rpc_url="http://127.0.0.1:1", quorum=2)
