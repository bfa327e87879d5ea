"""The EVM composer against a real Anvil: what it proposes passes the ledger's own check."""

from __future__ import annotations

from typing import Any

import pytest
from coincurve import PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from relayer.destinations.evm.composer import EvmComposer, affordable_fees
from relayer.destinations.evm.fees import Market
from relayer.nonces import Fees
from relayer.settings import ComposerSettings
from tests.waiting import until
from zrsign.local.network.ports import free_port
from zrsign_chains import ChainError, Intent
from zrsign_chains.evm import EvmChain
from zrsign_daemon.composing import ComposeTask, Uncomposable
from zrsign_daemon.jsonrpc import JsonRpc, NodeUnavailable

CHAIN = "eip155:31338"
RULES = EvmChain(CHAIN)
SECRET = PrivateKey(b"\x31" * 32)
PUBLIC_KEY = SECRET.public_key.format()
SENDER = RULES.address(PUBLIC_KEY)
RECIPIENT = RULES.address(PrivateKey(b"\x32" * 32).public_key.format())
ETHER = 10**18
SMALL = st.integers(1, 10**12)


def task(
    value: int = ETHER, *, to: str = RECIPIENT, data: bytes = b"", cap: int = ETHER, **more: object
) -> ComposeTask:
    intent = Intent(to, value, data, cap)
    return ComposeTask(1, CHAIN, SENDER, PUBLIC_KEY, intent, **more)  # type: ignore[arg-type]


@pytest.fixture
async def composer(anvil: JsonRpc) -> EvmComposer:
    await anvil.call("anvil_setBalance", SENDER, hex(10 * ETHER))
    return EvmComposer(CHAIN, anvil, ComposerSettings())


async def submit(rpc: JsonRpc, payload: bytes) -> str:
    tx = RULES.parse(payload)
    signature = SECRET.sign_recoverable(RULES.sighashes(tx)[0], hasher=None)
    signed = RULES.assemble(tx, [signature], [PUBLIC_KEY])
    return str(await rpc.call("eth_sendRawTransaction", "0x" + signed.hex()))


async def send(rpc: JsonRpc, payload: bytes) -> Any:
    """The receipt; Anvil mines a moment after it takes a transaction."""
    sent = await submit(rpc, payload)
    return await until(lambda: rpc.call("eth_getTransactionReceipt", sent), "a receipt")


async def test_payment__should_pass_the_ledgers_check_and_land(
    composer: EvmComposer, anvil: JsonRpc
) -> None:
    asked = task()
    payload = await composer.compose(asked)
    tx = RULES.parse(payload)
    RULES.verify_intent(tx, asked.intent, PUBLIC_KEY)
    assert (tx.nonce, tx.gas) == (0, 21_000)
    receipt = await send(anvil, payload)
    assert receipt["status"] == "0x1"
    assert int(await anvil.call("eth_getBalance", RECIPIENT, "latest"), 16) == ETHER


async def test_open_compositions__should_hold_their_nonces_and_their_cost(
    composer: EvmComposer, anvil: JsonRpc
) -> None:
    first = await composer.compose(task(4 * ETHER))
    second = await composer.compose(task(4 * ETHER, under_way={1: first}))
    assert RULES.parse(second).nonce == 1
    with pytest.raises(Uncomposable, match=r"insufficient_funds.*under way"):
        await composer.compose(task(4 * ETHER, under_way={1: first, 2: second}))
    # Once the first has landed it holds nothing any more.
    await send(anvil, first)
    assert RULES.parse(await composer.compose(task(under_way={1: first, 2: second}))).nonce == 2


async def test_gap_of_an_ended_composition__should_be_filled(composer: EvmComposer) -> None:
    first = await composer.compose(task(1))
    second = await composer.compose(task(1, under_way={1: first}))
    again = await composer.compose(task(1, under_way={2: second}))
    assert RULES.parse(again).nonce == 0


@pytest.mark.parametrize("in_the_pool", [False, True])
async def test_payment_after_one_that_was_given_up__should_take_its_nonce(
    composer: EvmComposer, anvil: JsonRpc, in_the_pool: bool
) -> None:
    """What was signed is public: with another nonce both would be paid."""
    await anvil.call("evm_setAutomine", False)
    given_up = await composer.compose(task(ETHER))
    if in_the_pool:
        await submit(anvil, given_up)
    again = await composer.compose(task(ETHER, given_up={1: (given_up,)}))
    assert RULES.parse(again).nonce == RULES.parse(given_up).nonce
    await submit(anvil, again)
    await anvil.call("evm_mine")
    assert int(await anvil.call("eth_getBalance", RECIPIENT, "latest"), 16) == ETHER
    # Its place is taken once; the next payment is another one.
    third = await composer.compose(task(given_up={1: (given_up,)}, under_way={2: again}))
    assert RULES.parse(third).nonce == 1


async def test_place_that_is_too_dear__should_not_be_paid_for_at_another_nonce(
    composer: EvmComposer,
) -> None:
    given_up = await composer.compose(task())
    with pytest.raises(Uncomposable, match=r"^fee_above_cap: nonce 0"):
        await composer.compose(task(cap=RULES.parse(given_up).max_fee, given_up={1: (given_up,)}))


async def test_call_that_reverts__should_name_the_revert(
    composer: EvmComposer, anvil: JsonRpc
) -> None:
    await anvil.call("anvil_setCode", RECIPIENT, "0x5f5ffd")
    with pytest.raises(Uncomposable, match="would_revert"):
        await composer.compose(task(0, data=b"\x01" * 4))


async def test_contract_call__should_get_a_gas_margin_within_the_bound(anvil: JsonRpc) -> None:
    await anvil.call("anvil_setBalance", SENDER, hex(10 * ETHER))
    # SSTORE of the call value at the caller's slot.
    await anvil.call("anvil_setCode", RECIPIENT, "0x6001335500")
    payload = await EvmComposer(CHAIN, anvil, ComposerSettings()).compose(task(0, data=b"\x01" * 4))
    call = {"from": SENDER, "to": RECIPIENT, "data": "0x01010101"}
    needed = int(await anvil.call("eth_estimateGas", call), 16)
    assert RULES.parse(payload).gas == needed * 120 // 100
    tight = EvmComposer(CHAIN, anvil, ComposerSettings(max_gas=30_000))
    with pytest.raises(Uncomposable, match="gas_above_limit"):
        await tight.compose(task(0, data=b"\x01" * 4))


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (task(11 * ETHER), f"insufficient_funds: {SENDER} holds {10 * ETHER} wei"),
        (task(10 * ETHER), "insufficient_funds"),
        (task(cap=1), "fee_above_cap"),
    ],
)
async def test_what_cannot_be_paid__should_be_told_with_figures(
    composer: EvmComposer, asked: ComposeTask, reason: str
) -> None:
    with pytest.raises(Uncomposable, match=reason):
        await composer.compose(asked)


async def test_bad_recipient__should_be_an_error_of_the_chain(composer: EvmComposer) -> None:
    with pytest.raises(ChainError):
        await composer.compose(task(to="0x1234"))


async def test_dead_node__should_say_so() -> None:
    dead = EvmComposer(CHAIN, JsonRpc(f"http://127.0.0.1:{free_port()}"), ComposerSettings())
    with pytest.raises(NodeUnavailable):
        await dead.compose(task())
    await dead.close()


@given(SMALL, SMALL, SMALL, st.integers(21_000, 10**7), st.integers(0), st.integers(0))
def test_affordable_fees__should_stay_within_cap_and_budget(
    fee: int, tip: int, base: int, gas: int, cap: int, budget: int
) -> None:
    market = Market(Fees(fee + 2 * base, tip), base + tip, base + base // 8)
    try:
        fees = affordable_fees(market, gas, cap, budget)
    except Uncomposable:
        assert min(cap, budget) < gas * (base + base // 8)
        return
    assert fees.max_fee * gas <= min(cap, budget)
    assert base <= fees.max_fee <= market.fees.max_fee
    assert fees.priority_fee <= fees.max_fee
