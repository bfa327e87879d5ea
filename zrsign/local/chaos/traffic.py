"""What users ask for while parts break: payments on two chains, and Direct signatures.

Each payment has a recipient of its own, so that its balance shows what was paid how often.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from eth_account import Account as EvmAccount
from eth_utils.address import to_checksum_address

from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as wire
from zrsign.local.chaos.network import RISKY, ChaosNetwork
from zrsign.local.network.nodes import fund_evm
from zrsign.local.network.rpc import Rpc
from zrsign.sdk import ContractMode, Handle, KeyAnswer, Options, ZrSign
from zrsign_chains import BITCOIN_REGTEST, BITCOIN_TEST, EVM

SOURCE, DESTINATION = "eip155:31337", "eip155:31338"
WEI, SATS = 10**15, 20_000
FUNDS_WEI, COIN_SATS = 100 * 10**18, 1_000_000
ANSWER_S = 600.0
"""How long the first keys may take, in seconds: they come before anything breaks."""


@dataclass(frozen=True)
class Asked:
    """A request on its way; `recipient` is whom it pays, "" where it pays nobody."""

    handle: Handle
    kind: str
    recipient: str = ""
    value: int = 0

    async def request(self) -> wire.Request | None:
        """What the ledger has of it, None while it has nothing."""
        return await self.handle.receiver.by_source(self.handle.ref)


@dataclass
class Traffic:
    """A user's clients and wallets. The nodes are asked directly, past their gates."""

    network: ChaosNetwork
    omni: ZrSign
    direct: ZrSign
    source: Rpc
    destination: Rpc
    evm: KeyAnswer
    bitcoin: KeyAnswer
    funded_sats: int = 0
    asked: list[Asked] = field(default_factory=list)

    @property
    def kinds(self) -> dict[str, Callable[[], Awaitable[Asked]]]:
        """What can be asked, by name."""
        return {"evm": self.pay_evm, "bitcoin": self.pay_bitcoin, "answer": self.ask_direct}

    async def pay_evm(self) -> Asked:
        """A simple transaction on the other EVM chain."""
        recipient, value = EvmAccount.create().address, WEI + len(self.asked)
        handle = await self.omni.sign_simple_tx(EVM, self.evm.index, DESTINATION, recipient, value)
        return self._note(Asked(handle, "evm", recipient, value))

    async def pay_bitcoin(self) -> Asked:
        """A simple transaction on Bitcoin."""
        recipient, value = await self.network.bitcoin.new_address(), SATS + len(self.asked)
        handle = await self.omni.sign_simple_tx(
            BITCOIN_TEST, self.bitcoin.index, BITCOIN_REGTEST, recipient, value
        )
        return self._note(Asked(handle, "bitcoin", recipient, value))

    async def ask_direct(self) -> Asked:
        """A signature that goes back to its contract."""
        return self._note(Asked(await self.direct.sign_data(EVM, 0, SOURCE, b"hello"), "answer"))

    async def fund_bitcoin(self, coins: int) -> None:
        """Give the Bitcoin wallet more coins."""
        for _ in range(coins):
            await self.network.bitcoin.fund(self.bitcoin.address, COIN_SATS)
            self.funded_sats += COIN_SATS

    async def bury(self) -> None:
        """Put as many blocks on what there is that no reorganisation here reaches it."""
        await self.destination.call("anvil_mine", hex(RISKY))
        await self.network.bitcoin.mine(RISKY)

    def _note(self, asked: Asked) -> Asked:
        self.asked.append(asked)
        return asked


@asynccontextmanager
async def traffic(network: ChaosNetwork) -> AsyncIterator[Traffic]:
    """A user of a network whose contracts are deployed, with funded wallets."""
    async with AsyncExitStack() as stack:

        async def client(mode: ContractMode) -> ZrSign:
            return await stack.enter_async_context(
                ZrSign.connect(
                    network.direct_url("evm-source"),
                    to_checksum_address(network.manifest.contract(mode).address),
                    network.manifest.account("user").evm(),
                    ledger=network.manifest.ledger.grpc,
                    mode=mode,
                )
            )

        def node(name: str) -> Rpc:
            rpc = Rpc(network.direct_url(name))
            stack.push_async_callback(rpc.close)
            return rpc

        omni, direct = await client(ContractMode.OMNI), await client(ContractMode.DIRECT)
        await (await direct.request_key(EVM)).key(ANSWER_S)
        evm = await (await omni.request_key(EVM, options=Options.MONITORING)).key(ANSWER_S)
        asked = await omni.request_key(BITCOIN_TEST, options=Options.MONITORING)
        bitcoin = await asked.key(ANSWER_S)
        destination = node("evm-destination")
        await fund_evm(destination, evm.address, FUNDS_WEI)
        yield Traffic(network, omni, direct, node("evm-source"), destination, evm, bitcoin)
