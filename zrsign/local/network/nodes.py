"""The real chains of a local network: two Anvils, bitcoind in regtest, and a Solana node.

Each `start_*` starts a child, waits until the node itself answers, and returns how to reach it.
Funding uses what each
development node offers for it: Anvil's rich accounts, regtest mining, the Solana faucet.
"""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from zrsign.local import tools
from zrsign.local.network.ports import HOST, Ports
from zrsign.local.network.process import Supervisor
from zrsign.local.network.rpc import Rpc
from zrsign_chains import BITCOIN_REGTEST, SOLANA_LOCALNET

SOURCE_CHAIN_ID = 31337
DESTINATION_CHAIN_ID = 31338
# BIP-39 phrase that every Anvil uses unless told otherwise; its accounts are public knowledge.
ANVIL_MNEMONIC = "test test test test test test test test test test test junk"
COINBASE_MATURITY_BLOCKS = 101
MINING_INTERVAL_S = 1.0
LAMPORTS_PER_SOL = 1_000_000_000
START_TIMEOUT_S = 60
PERSISTED_STATES = 256
"""States of earlier blocks that an EVM node keeps on the disk, about 1 MB each at most."""
PROGRAMS = {"evm": "anvil", "bitcoin": "bitcoind", "solana": "surfnet"}
"""The tool that runs each kind of chain."""


@dataclass(frozen=True)
class ChainNode:
    """One chain of the network, as its clients reach it."""

    name: str
    caip2: str
    rpc_url: str
    ws_url: str = ""
    # bitcoind: where it writes user and password.
    cookie_file: Path | None = None


async def start_anvil(
    supervisor: Supervisor, name: str, chain_id: int, port: int, state: Path
) -> ChainNode:
    """An EVM chain that makes a block as soon as a transaction waits.

    It begins with what the file `state` holds, if there is one, and writes it when it is stopped.
    States of earlier blocks lie beside it. By itself Anvil keeps them in the user's home, 3.7 GB of
    them, and whoever kills it leaves them there.
    """
    history = state.with_suffix(".history")
    shutil.rmtree(history, ignore_errors=True)
    process = await supervisor.start(
        name,
        [
            tools.resolve("anvil").path,
            *("--host", HOST, "--port", str(port), "--chain-id", str(chain_id)),
            *("--mnemonic", ANVIL_MNEMONIC, "--slots-in-an-epoch", "1"),
            *("--state", state, "--cache-path", history),
            *("--max-persisted-states", str(PERSISTED_STATES)),
        ],
    )
    node = ChainNode(name, f"eip155:{chain_id}", f"http://{HOST}:{port}", f"ws://{HOST}:{port}")
    async with Rpc(node.rpc_url) as rpc:
        await supervisor.ready(process, lambda: rpc.answers("eth_chainId"), START_TIMEOUT_S)
    return node


class Bitcoin:
    """bitcoind in regtest with a wallet that mines.

    A block comes every `MINING_INTERVAL_S` seconds.
    """

    WALLET = "miner"

    def __init__(self, node: ChainNode, rpc: Rpc) -> None:
        self.node = node
        self.rpc = rpc
        self._wallet = Rpc(f"{rpc.url}/wallet/{self.WALLET}", node.cookie_file)
        self._address = ""
        self._mining: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, supervisor: Supervisor, data_dir: Path, ports: Ports) -> Bitcoin:
        """Start a regtest node with a wallet that has mature coins. Raises NetworkError."""
        data_dir.mkdir(parents=True, exist_ok=True)
        (data_dir / "bitcoin.conf").write_text(
            "regtest=1\nserver=1\ntxindex=1\nlisten=0\nlistenonion=0\ndnsseed=0\n"
            "fallbackfee=0.00002\n"
            f"[regtest]\nrpcbind={HOST}\nrpcallowip={HOST}\nrpcport={ports.bitcoin_rpc}\n"
        )
        cookie = data_dir / "regtest" / ".cookie"
        node = ChainNode(
            "bitcoin", BITCOIN_REGTEST, f"http://{HOST}:{ports.bitcoin_rpc}", cookie_file=cookie
        )
        bitcoin = cls(node, Rpc(node.rpc_url, cookie))
        try:
            await bitcoin.run(supervisor, data_dir)
        except BaseException:
            await bitcoin.stop()
            raise
        return bitcoin

    async def run(self, supervisor: Supervisor, data_dir: Path) -> None:
        """Start the process, for the first time or again. Raises NetworkError."""
        process = await supervisor.start(
            "bitcoin",
            [tools.resolve("bitcoind").path, f"-datadir={data_dir}", "-printtoconsole=1"],
        )
        up = partial(self.rpc.answers, "getblockchaininfo")
        await supervisor.ready(process, up, START_TIMEOUT_S)
        await self._open_wallet()

    async def _open_wallet(self) -> None:
        if self.WALLET not in await self.rpc.call("listwallets"):
            known = {each["name"] for each in (await self.rpc.call("listwalletdir"))["wallets"]}
            await self.rpc.call(
                "loadwallet" if self.WALLET in known else "createwallet", self.WALLET
            )
        self._address = await self.wallet("getnewaddress")
        height = await self.rpc.call("getblockcount")
        if height < COINBASE_MATURITY_BLOCKS:
            await self.mine(COINBASE_MATURITY_BLOCKS - height)

    async def wallet(self, method: str, *params: object) -> str:
        """Call a method of the funding wallet and return its answer as text."""
        return str(await self._wallet.call(method, *params))

    async def new_address(self) -> str:
        """An address of the funding wallet that nobody has paid yet."""
        return await self.wallet("getnewaddress", "", "bech32")

    async def mine(self, blocks: int = 1) -> None:
        """Mine blocks at once, whatever waits."""
        await self.rpc.call("generatetoaddress", blocks, self._address)

    async def fund(self, address: str, sats: int) -> str:
        """Pay `address` and mine the payment in. Returns the transaction id.

        A wallet left to itself draws a locktime, and Bitcoin Knots refuses that of 21
        ("parasite-cat21"): the payment would stay in the wallet, and nobody would hear of it.
        """
        outputs, options = {address: f"{sats / 1e8:.8f}"}, {"locktime": 0}
        sent = await self._wallet.call("send", outputs, None, "unset", None, options)
        await self.mine()
        return str(sent["txid"])

    def keep_mining(self) -> None:
        """Mine a block every MINING_INTERVAL_S seconds from now on."""

        async def mine_on() -> None:
            while True:
                await asyncio.sleep(MINING_INTERVAL_S)
                await self.mine()

        self._mining = asyncio.create_task(mine_on())

    @property
    def mining(self) -> bool:
        """Whether blocks come by themselves."""
        return self._mining is not None

    def stop_mining(self) -> None:
        """No block comes by itself any more."""
        if self._mining is not None:
            self._mining.cancel()
            self._mining = None

    async def stop(self) -> None:
        """Stop mining and close the connection; the supervisor stops the process."""
        self.stop_mining()
        await self._wallet.close()
        await self.rpc.close()


async def start_solana(supervisor: Supervisor, data_dir: Path, ports: Ports) -> ChainNode:
    """`solana-test-validator` where the machine has one, else Surfpool."""
    tool = tools.solana_node()
    if tool.name == "solana-test-validator":
        options = ["--ledger", data_dir, "--bind-address", HOST, "--quiet", "--reset"]
        options += ["--rpc-port", ports.solana_rpc]
    else:
        options = ["--rpc-port", ports.solana_rpc, "--ws-port", ports.solana_ws]
    process = await supervisor.start("solana", [tool.path, *map(str, options)])
    node = ChainNode(
        "solana",
        SOLANA_LOCALNET,
        f"http://{HOST}:{ports.solana_rpc}",
        f"ws://{HOST}:{ports.solana_ws}",
    )
    async with Rpc(node.rpc_url) as rpc:
        await supervisor.ready(process, lambda: rpc.answers("getLatestBlockhash"), START_TIMEOUT_S)
    return node


async def fund_evm(rpc: Rpc, address: str, wei: int) -> None:
    """Add `wei` to the balance of `address` on an Anvil."""
    balance = int(await rpc.call("eth_getBalance", address, "latest"), 16)
    await rpc.call("anvil_setBalance", address, hex(balance + wei))


async def fund_solana(rpc: Rpc, address: str, lamports: int) -> str:
    """Ask the node's faucet and wait until the balance is there. Returns the signature."""
    signature = await rpc.call("requestAirdrop", address, lamports)
    for _ in range(200):
        if (await rpc.call("getBalance", address, {"commitment": "confirmed"}))[
            "value"
        ] >= lamports:
            break
        await asyncio.sleep(0.05)
    return str(signature)
