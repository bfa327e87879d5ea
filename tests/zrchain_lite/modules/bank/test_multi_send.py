"""A transfer to several: the one input's coins, all of them, and nobody else's."""

from __future__ import annotations

import pytest

from tests.zrchain_lite.chain import ALICE, BOB, CAROL, FEE, FUNDS, NOBODY, Chain
from zrchain_lite.client import Account
from zrchain_lite.modules.auth.keeper import module_address
from zrchain_lite.wire.cosmos.bank.v1beta1 import query_pb2
from zrchain_lite.wire.cosmos.bank.v1beta1.bank_pb2 import Input, Output
from zrchain_lite.wire.cosmos.bank.v1beta1.tx_pb2 import MsgMultiSend
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin

OWNERS = "/cosmos.bank.v1beta1.Query/DenomOwners"


def coins(amount: int, denom: str = "urock") -> list[Coin]:
    return [Coin(denom=denom, amount=str(amount))]


def many(inputs: list[tuple[str, int]], outputs: list[tuple[str, int]]) -> MsgMultiSend:
    return MsgMultiSend(
        inputs=[Input(address=address, coins=coins(amount)) for address, amount in inputs],
        outputs=[Output(address=address, coins=coins(amount)) for address, amount in outputs],
    )


def owners(chain: Chain, **page: object) -> query_pb2.QueryDenomOwnersResponse:
    request = query_pb2.QueryDenomOwnersRequest(denom="urock", pagination=page)
    answer = chain.app.answer(OWNERS, request)
    assert isinstance(answer, query_pb2.QueryDenomOwnersResponse)
    return answer


def test_multi_send__should_pay_every_output_once(chain: Chain) -> None:
    outputs = [(BOB.address, 5), (CAROL.address, 7), (BOB.address, 1), (ALICE.address, 2)]
    supply = chain.keepers.bank.supply(chain.ctx)
    record = chain.block(chain.tx(ALICE, many([(ALICE.address, 15)], outputs)))
    (result,) = record.results.tx_results
    assert result.code == 0, result.log
    assert (chain.balance(BOB), chain.balance(CAROL)) == (FUNDS + 6, FUNDS + 7)
    assert chain.balance(ALICE) == FUNDS - 13 - FEE
    assert chain.keepers.bank.supply(chain.ctx) == supply
    kinds = [event.type for event in result.events]
    assert (kinds.count("coin_spent"), kinds.count("transfer")) == (2, 5), "the fee, and one input"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (many([(ALICE.address, 5)], [(BOB.address, 4)]), 4),
        (many([(ALICE.address, 5)], [(BOB.address, 6)]), 4),
        (many([(ALICE.address, 5)], []), 4),
        (many([(ALICE.address, FUNDS)], [(BOB.address, FUNDS)]), 5),
        (many([(ALICE.address, 0)], [(BOB.address, 0)]), 10),
        (many([(ALICE.address, 5)], [(module_address("fee_collector"), 5)]), 4),
        (many([(ALICE.address, 5)], [("zen1x", 5)]), 7),
    ],
    ids=["less", "more", "none", "too much", "zero", "a module's account", "bad recipient"],
)
def test_multi_send__should_move_nothing_when_refused(
    chain: Chain, message: MsgMultiSend, code: int
) -> None:
    record = chain.block(chain.tx(ALICE, message))
    assert record.results.tx_results[0].code == code
    assert (chain.balance(ALICE), chain.balance(BOB)) == (FUNDS - FEE, FUNDS)


def test_multi_send__should_take_from_its_one_signer_alone(chain: Chain) -> None:
    both = [(ALICE.address, 5), (BOB.address, 5)]
    for inputs in ([], both):
        assert chain.send(chain.tx(ALICE, many(inputs, [(CAROL.address, 5)]))).code == 18
    theirs = chain.tx(ALICE, many([(BOB.address, 5)], [(ALICE.address, 5)]))
    assert chain.send(theirs).code != 0
    assert chain.balance(BOB) == FUNDS


def test_denom_owners__should_be_those_who_hold_it_in_pages(chain: Chain) -> None:
    others = [Account.from_secret(bytes([7, n + 1] * 16)) for n in range(5)]
    outputs = [(other.address, n + 1) for n, other in enumerate(others)]
    chain.block(chain.tx(ALICE, many([(ALICE.address, 15)], outputs)))
    seen: dict[str, str] = {}
    key = b""
    while True:
        page = owners(chain, limit=3, key=key)
        seen |= {each.address: each.balance.amount for each in page.denom_owners}
        key = page.pagination.next_key
        if not key:
            break
    fees = module_address("fee_collector")
    assert seen == {
        ALICE.address: str(FUNDS - 15 - FEE),
        BOB.address: str(FUNDS),
        CAROL.address: str(FUNDS),
        fees: str(FEE),
        **{address: str(amount) for address, amount in outputs},
    }
    assert owners(chain, limit=1, count_total=True).pagination.total == len(seen)
    everything = many([(BOB.address, FUNDS - FEE)], [(NOBODY.address, FUNDS - FEE)])
    chain.block(chain.tx(BOB, everything))
    left = {each.address for each in owners(chain).denom_owners}
    assert left == (seen.keys() | {NOBODY.address}) - {BOB.address}
