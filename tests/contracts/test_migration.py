"""A proxy as the older contracts leave it gets these, on a real chain, and loses nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import solcx
from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from web3 import AsyncWeb3

from scripts.compile_contracts import SETTINGS, read_sources, resolve_solc
from tests.evm import connected
from zrsign.contracts import artifact
from zrsign.deployment import operate
from zrsign.deployment.operate import apply, layouts_file, survey
from zrsign.deployment.plan import MPC_ROLE, DeployError
from zrsign.deployment.settings import Settings, load
from zrsign_chains import EVM
from zrsign_chains.caip import chain_hash

ROOT = Path(__file__).resolve().parents[2]
FILE = load(ROOT / "zrsign" / "deployment" / "deployment.yaml")
OLDER = ROOT / "contracts" / "test" / "OlderLayout.sol"
CHAIN = "eip155:31337"
TEXT = "0x000000000000000000000000000000000000dEaD"
ETHER = 10**18
REQUEST = (EVM.id, 0, chain_hash(CHAIN), b"\1" * 32, 0, False)
Web3: TypeAlias = "AsyncWeb3[Any]"


@cache
def older() -> Any:
    """The compiled `OlderLayout`."""
    source = OLDER.read_text(encoding="utf-8").replace('"../src/', '"./')
    sources = read_sources({"OlderLayout.sol": source})
    output = solcx.compile_standard(
        {"language": "Solidity", "sources": sources, "settings": SETTINGS},
        solc_binary=resolve_solc(),
    )
    return output["contracts"]["OlderLayout.sol"]["OlderLayout"]


@pytest.fixture
async def chain(anvil_url: str) -> AsyncIterator[Web3]:
    w3 = connected(anvil_url)
    snapshot = await w3.provider.make_request("evm_snapshot", [])
    yield w3
    await w3.provider.make_request("evm_revert", [snapshot["result"]])
    await w3.provider.disconnect()


async def sent(w3: Web3, call: Any, sender: LocalAccount, value: int = 0) -> Any:
    tx_hash = await call.transact({"from": sender.address, "value": value})
    receipt = await w3.eth.wait_for_transaction_receipt(tx_hash, poll_latency=0.02)
    assert receipt["status"] == 1
    return receipt


def event(owner: str, *, broadcast: bool = False) -> tuple[Any, ...]:
    kind, index, destination, payload, request_type, _ = REQUEST
    return (kind, index, destination, payload, owner, request_type, broadcast)


class Past:
    """What users did with the older contracts behind one proxy."""

    def __init__(self, w3: Web3, accounts: list[LocalAccount]) -> None:
        self.w3, self.admin, self.proxy_admin = w3, accounts[0], accounts[1]
        self.mpc, self.users = accounts[2], accounts[4:7]
        self.address: Any = None

    async def happen(self, wallets: int) -> Settings:
        code = older()["evm"]["bytecode"]["object"]
        made = self.w3.eth.contract(abi=older()["abi"], bytecode=code).constructor()
        logic = (await sent(self.w3, made, self.admin))["contractAddress"]
        proxy = artifact("ZrProxy")
        initialise = keccak(text="initialise()")[:4]
        factory = self.w3.eth.contract(abi=proxy.abi, bytecode=proxy.link())
        made = factory.constructor(logic, self.proxy_admin.address, initialise)
        self.address = (await sent(self.w3, made, self.admin))["contractAddress"]
        past = self.w3.eth.contract(self.address, abi=older()["abi"]).functions
        first, second, third = (user.address for user in self.users)
        calls = [
            past.terms(5 * 10**14, 3 * ETHER, 400_000, 120, 9),
            past.grant(MPC_ROLE, self.mpc.address),
            past.walletType(44, 60),
            past.walletType(44, 1),
            past.namedChain(EVM.id, CHAIN),
            *(past.wallet(EVM.id, first, f"{TEXT[:-4]}{n:04d}", 1 + n % 2) for n in range(wallets)),
            past.wallet(EVM.id, second, TEXT, 2),
            past.openKey(EVM.id, first, 2, ETHER // 4),
            past.openKey(EVM.id, third, 1, ETHER // 8),
            past.announced(6, 2, ETHER, event(first)),
            past.announced(7, 1, ETHER // 2, event(second)),
            past.announced(8, 1, ETHER // 2, event(first, broadcast=True)),
        ]
        for call in calls:
            await sent(self.w3, call, self.admin)
        await self.give(4 * ETHER + 3 * ETHER // 8)
        return Settings.model_validate(FILE.model_dump() | {"proxy": self.address})

    async def give(self, wei: int) -> None:
        await self.w3.provider.make_request("anvil_setBalance", [self.address, hex(wei)])

    def now(self) -> Any:
        return self.w3.eth.contract(self.address, abi=artifact("ZrSign").abi).functions


@pytest.fixture
def past(chain: Web3, accounts: list[LocalAccount]) -> Past:
    return Past(chain, accounts)


@pytest.fixture
def layouts(tmp_path: Path) -> Path:
    return layouts_file(tmp_path / "deployment.yaml")


async def migrated(past: Past, settings: Settings, layouts: Path) -> None:
    """Each account does its part; nobody need do more."""
    for account in (past.admin, past.proxy_admin, past.admin, past.proxy_admin, past.admin):
        await apply(past.w3, settings, layouts, account)


async def test_migration__should_carry_an_older_proxy_over(past: Past, layouts: Path) -> None:
    settings = await past.happen(wallets=41)
    await migrated(past, settings, layouts)
    now = past.now()
    first, second, third = (user.address for user in past.users)
    texts = await now.getZrKeys(EVM.id, first).call()
    assert texts == [f"{TEXT[:-4]}{n:04d}" for n in range(41)]
    assert (await now.getWalletRegistry(EVM.id, 40, first).call()) == (2, 1, 0)
    assert (await now.getWalletRegistry(EVM.id, 41, first).call()) == (1, 2, ETHER // 4)
    assert (await now.getWalletRegistry(EVM.id, 0, third).call()) == (1, 1, ETHER // 8)
    assert await now.getZrKeys(EVM.id, second).call() == [TEXT]
    states = [await now.getRequestState(trace_id).call() for trace_id in (6, 7, 8)]
    assert states == [(2, 0), (1, ETHER // 2), (1, ETHER // 2)]
    assert await now.getTraceId().call() == 9
    assert await now.getColletedFees().call() == 3 * ETHER
    # Beyond that it is what the file says, but for what its fee holder must send.
    left = await survey(past.w3, settings, layouts)
    assert {each.what for each in left.changes} <= {"updateMPCFee", "updateRespGas"}
    assert left.state.contract is not None
    assert not left.state.contract.paused


async def test_migration__should_let_users_take_back_or_be_answered(
    past: Past, layouts: Path
) -> None:
    bare = {"safety": FILE.safety.model_dump() | {"strictness": []}}
    settings = Settings.model_validate((await past.happen(wallets=1)).model_dump() | bare)
    await migrated(past, settings, layouts)
    now, (first, second, _) = past.now(), past.users
    request = (*REQUEST[:4], False)
    context = await now.requestContext(second.address, request, 0).call()
    await past.w3.provider.make_request("evm_increaseTime", [86_401])
    await past.w3.provider.make_request("evm_mine", [])
    await sent(past.w3, now.cancelRequest(7, False, context), second)
    answer = (8, first.address, b"", b"\2" * 65, True)
    kinds = ["bytes32", "uint256", "address", "bytes", "bytes", "bool"]
    signed = keccak(encode(kinds, [chain_hash(CHAIN), *answer]))
    signature = past.mpc.sign_message(encode_defunct(signed)).signature
    await sent(past.w3, now.zrSignRes((*answer, signature)), past.admin)
    assert [(await now.getRequestState(each).call())[0] for each in (7, 8)] == [3, 2]


async def test_migration__should_go_on_where_it_was_interrupted(past: Past, layouts: Path) -> None:
    settings = await past.happen(wallets=41)
    await apply(past.w3, settings, layouts, past.admin)
    await apply(past.w3, settings, layouts, past.proxy_admin)
    before = (await survey(past.w3, settings, layouts)).changes
    assert [each.what for each in before] == 3 * ["migration"] + ["end of the migration"]
    for change in before[:2]:
        await operate.send(past.w3, past.admin, change)
    after = (await survey(past.w3, settings, layouts)).changes
    assert after[-1] == before[-1]
    assert len(after) < len(before)
    await migrated(past, settings, layouts)
    assert len(await past.now().getZrKeys(EVM.id, past.users[0].address).call()) == 41


async def test_dry_run__should_say_each_stage_and_who_sends_it(past: Past, layouts: Path) -> None:
    settings = await past.happen(wallets=1)
    seen = []
    for account in (past.admin, past.proxy_admin, past.admin, past.proxy_admin):
        found = await survey(past.w3, settings, layouts)
        seen.append([(each.what, each.sender) for each in found.changes][-1])
        await apply(past.w3, settings, layouts, account)
    admin, proxy_admin = past.admin.address, past.proxy_admin.address
    assert seen == [
        ("migration", proxy_admin),
        ("migration", proxy_admin),
        ("end of the migration", admin),
        ("implementation", proxy_admin),
    ]


async def test_migration__should_find_a_proxy_that_was_upgraded_without_one(
    past: Past, layouts: Path
) -> None:
    settings = await past.happen(wallets=1)
    await apply(past.w3, settings, layouts, past.admin)
    implementation = operate.target_of(settings).implementation.address
    proxy = past.w3.eth.contract(past.address, abi=artifact("ZrProxy").abi).functions
    await sent(past.w3, proxy.upgradeTo(implementation), past.proxy_admin)
    refused = keccak(text="NotMigrated()")[:4].hex()
    with pytest.raises(Exception, match=refused):
        await past.now().getTraceId().call()
    await migrated(past, settings, layouts)
    assert await past.now().getTraceId().call() == 9


@pytest.mark.parametrize("off", [-1, 0, 1])
async def test_migration__should_say_whose_the_balance_is(
    past: Past, layouts: Path, off: int
) -> None:
    settings = await past.happen(wallets=1)
    await past.give(4 * ETHER + 3 * ETHER // 8 + off)
    if off < 0:
        with pytest.raises(DeployError, match="1 wei less than it owes"):
            await survey(past.w3, settings, layouts)
        return
    await migrated(past, settings, layouts)
    assert await past.w3.eth.get_balance(past.address) == 4 * ETHER + 3 * ETHER // 8 + off
    assert await past.now().getTraceId().call() == 9


async def test_proxy__should_be_there_when_the_file_names_one(chain: Web3, layouts: Path) -> None:
    nobody = Account.from_key(keccak(text="nobody")).address
    settings = Settings.model_validate(FILE.model_dump() | {"proxy": nobody})
    with pytest.raises(DeployError, match="no contract at proxy"):
        await survey(chain, settings, layouts)
