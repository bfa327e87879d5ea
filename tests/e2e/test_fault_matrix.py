"""Every fault of `zrsign chaos`, at every stage of a request: each cell of the page's matrix.

Requests are held at five stages at once, by freezing whoever would carry them on. Then a part has a
fault, everybody goes on, and each request has to end: once, as the destination's own node shows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace

import pytest
import pytest_asyncio

from scripts.fault_matrix import STAGES
from tests.e2e.parts import BreakableNetwork
from tests.waiting import until
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as wire
from zrsign.local.chaos import invariants
from zrsign.local.chaos.faults import FAULTS, Fault, keep_copies
from zrsign.local.chaos.network import RISKY
from zrsign.local.chaos.traffic import Asked, Traffic, traffic
from zrsign.sdk import Handle

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROWS = [(fault, part) for fault in FAULTS for part in fault.parts]
ON_BITCOIN = ("btc_proxy", "bitcoin")


@dataclass
class Held:
    """One request at each stage, and who is frozen so that they stay there."""

    user: Traffic
    asked: dict[str, Asked] = field(default_factory=dict)
    frozen: list[str] = field(default_factory=list)

    def freeze(self, name: str) -> None:
        self.user.network.freeze(name)
        self.frozen.append(name)

    def thaw(self) -> None:
        for name in self.frozen:
            self.user.network.thaw(name)

    async def reached(self, stage: str, status: wire.RequestStatus) -> wire.Request:
        async def there() -> wire.Request | None:
            request = await self.asked[stage].request()
            return request if request is not None and request.status == status else None

        return await until(there, f"a request is {stage}", self.state)

    async def sent(self, stage: str) -> str:
        """The transaction's id, once it is in the pool of its chain's node."""

        async def submitted() -> str:
            request = await self.asked[stage].request()
            deliveries = request.deliveries if request is not None else ()
            sent = wire.DELIVERY_STATUS_SUBMITTED
            return next((one.tx_id for one in deliveries if one.status == sent), "")

        return await until(submitted, f"the payment to be {stage} is sent", self.state)

    async def state(self) -> object:
        return [await one.request() for one in self.asked.values()]


async def held(user: Traffic, *, bitcoin: bool) -> Held:
    """Payments on one chain: landed, sending, signing, composing, asked."""
    made, pay = Held(user), user.pay_bitcoin if bitcoin else user.pay_evm
    composer = "btc_proxy" if bitcoin else "relayer"
    await stop_mining(user, bitcoin=bitcoin)
    for stage in ("landed", "sending"):
        made.asked[stage] = await pay()
    landed, sending = [await made.sent(stage) for stage in ("landed", "sending")]
    made.freeze("keyring")
    made.asked["signing"] = await pay()
    await made.reached("signing", wire.REQUEST_STATUS_SIGNING)
    for name in dict.fromkeys(("relayer", composer)):
        made.freeze(name)
    await mine_first(user, landed, sending, bitcoin=bitcoin)
    made.asked["composing"] = await pay()
    await made.reached("composing", wire.REQUEST_STATUS_COMPOSING)
    made.freeze("listener")
    made.asked["asked"] = await pay()
    return made


async def stop_mining(user: Traffic, *, bitcoin: bool) -> None:
    """No block comes by itself, and RISKY of them lie on what was there before."""
    if bitcoin:
        user.network.bitcoin.stop_mining()
        await user.fund_bitcoin(len(STAGES))
        await user.network.bitcoin.mine(RISKY)
    else:
        await user.destination.call("anvil_mine", hex(RISKY))
        await user.destination.call("evm_setAutomine", False)


async def mine_first(user: Traffic, first: str, other: str, *, bitcoin: bool) -> None:
    """A block with one of two transactions; the other one stays in the pool."""
    if bitcoin:
        await user.network.bitcoin.rpc.call("generateblock", "raw(51)#8lvh9jxk", [first])
        return
    raw = await user.destination.call("eth_getRawTransactionByHash", other)
    await user.destination.call("anvil_dropTransaction", other)
    await user.destination.call("evm_mine")
    await user.destination.call("eth_sendRawTransaction", raw)


async def go_on_mining(user: Traffic, *, bitcoin: bool) -> None:
    if bitcoin:
        user.network.bitcoin.keep_mining()
    else:
        await user.destination.call("evm_setAutomine", True)
        await user.destination.call("evm_mine")


class Matrix:
    """Runs a row once, and keeps what became of each cell."""

    def __init__(self, user: Traffic) -> None:
        self.user = user
        self._rows: dict[tuple[str, str], asyncio.Task[dict[str, str]]] = {}

    async def cell(self, fault: Fault, part: str, stage: str) -> str:
        place = fault.name, part
        if place not in self._rows:
            self._rows[place] = asyncio.create_task(self._run(fault, part))
        return (await self._rows[place])[stage]

    async def _run(self, fault: Fault, part: str) -> dict[str, str]:
        user, bitcoin = self.user, part in ON_BITCOIN
        made = await held(user, bitcoin=bitcoin)
        try:
            async with fault.context(user.network, part) as felt:
                made.thaw()
                await go_on_mining(user, bitcoin=bitcoin)
                assert (felt is not None) == (part in fault.waits)
                if felt is not None:
                    await until(felt, "the network feels the fault")
                else:
                    await self.ended()
            await self.ended()
        finally:
            made.thaw()
        assert not await invariants.broken(user)
        return {stage: await self._outcome(asked) for stage, asked in made.asked.items()}

    async def ended(self) -> None:
        async def all_ended() -> bool:
            return not await invariants.unsettled(self.user)

        async def moves() -> object:
            return [await one.request() for one in self.user.asked[-len(STAGES) :]]

        await until(all_ended, "every request ends", moves)

    @staticmethod
    async def _outcome(asked: Asked) -> str:
        request = await asked.request()
        assert request is not None
        return f"{wire.RequestStatus.Name(request.status)} {request.reject_reason}".strip()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def matrix(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Matrix]:
    async with AsyncExitStack() as stack:
        state = tmp_path_factory.mktemp("matrix") / "network"
        network = await stack.enter_async_context(BreakableNetwork(state))
        await network.deploy()
        user = await stack.enter_async_context(traffic(network))
        keep_copies(network)
        yield Matrix(user)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    ("fault", "part"), ROWS, ids=[f"{part}-{fault.name}".replace(" ", "_") for fault, part in ROWS]
)
async def test_request__should_end_once_whatever_breaks(
    matrix: Matrix, fault: Fault, part: str, stage: str
) -> None:
    assert await matrix.cell(fault, part, stage) == "REQUEST_STATUS_CONFIRMED"


async def test_reorganisation_of_bitcoin__should_be_possible_again_at_once(matrix: Matrix) -> None:
    """Blocks of the second are at heights, and of times, of which there were blocks already."""
    rpc = matrix.user.network.bitcoin.rpc
    before = await rpc.call("getblockcount")
    for _ in range(3):
        await matrix.user.network.reorganise_bitcoin(10)
    assert await rpc.call("getblockcount") >= before + 3


async def test_invariants__should_see_what_is_paid_twice_or_lost(matrix: Matrix) -> None:
    user = matrix.user
    payment = await user.pay_evm()
    await matrix.ended()
    assert not await invariants.broken(user)
    await user.destination.call("anvil_setBalance", payment.recipient, hex(2 * payment.value))
    (fault,) = await invariants.broken(user)
    assert f"paid {2 * payment.value}, not {payment.value}" in fault
    await user.destination.call("anvil_setBalance", payment.recipient, hex(payment.value))
    await user.destination.call("anvil_setNonce", user.evm.address, "0xffff")
    assert any("nonces" in each for each in await invariants.broken(user))
    nowhere = replace(payment.handle.ref, tx_hash=bytes(32))
    user.asked.append(replace(payment, handle=Handle(nowhere, user.omni.receiver)))
    assert any("is lost" in each for each in await invariants.broken(user))
