"""A deployment's file against real chains: created, compared, changed, upgraded, handed over."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from web3 import AsyncWeb3
from web3.exceptions import Web3RPCError

from tests.contracts import interface as public
from tests.contracts.conftest import anvil
from tests.evm import connected
from zrsign.contracts import artifact
from zrsign.deployment import operate
from zrsign.deployment.changes import Change
from zrsign.deployment.create2 import CREATE2_DEPLOYER
from zrsign.deployment.deploy import deploy
from zrsign.deployment.operate import Survey, apply, layouts_file, survey, target_of
from zrsign.deployment.plan import FEE_ROLE, MPC_ROLE, PAUSER_ROLE, DeployError, Mode, Plan
from zrsign.deployment.settings import ADMIN_ROLE, Settings, load
from zrsign_chains.caip import chain_hash

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "zrsign" / "deployment" / "deployment.yaml"
Web3: TypeAlias = "AsyncWeb3[Any]"


@pytest.fixture
async def chain(anvil_url: str) -> AsyncIterator[Web3]:
    """The chain as it was, afterwards."""
    w3: Web3 = connected(anvil_url)
    snapshot = await w3.provider.make_request("evm_snapshot", [])
    yield w3
    await w3.provider.make_request("evm_revert", [snapshot["result"]])
    await w3.provider.disconnect()


@pytest.fixture
def layouts(tmp_path: Path) -> Path:
    return layouts_file(tmp_path / "deployment.yaml")


def settings(**changes: Any) -> Settings:
    """The example, with some keys replaced; `roles` and `fees` are merged."""
    content = load(EXAMPLE).model_dump()
    for key, value in changes.items():
        content[key] = content[key] | value if key in ("roles", "fees", "safety") else value
    return Settings.model_validate(content)


async def deployed(w3: Web3, layouts: Path, deployer: LocalAccount) -> Settings:
    left = await apply(w3, settings(), layouts, deployer)
    assert left.changes == ()
    return settings()


def functions(w3: Web3, found: Settings) -> Any:
    return w3.eth.contract(target_of(found).proxy, abi=artifact(found.mode.contract).abi).functions


def said(found: Survey) -> list[tuple[str, str, str]]:
    return [(each.what, each.before, each.after) for each in found.changes]


async def test_apply__should_make_everything_and_then_find_nothing(
    chain: Web3, layouts: Path, accounts: list[LocalAccount]
) -> None:
    before = await survey(chain, settings(), layouts)
    assert before.state.contract is None
    assert {each.sender for each in before.changes} == {accounts[0].address}
    wanted = await deployed(chain, layouts, accounts[0])
    calls = functions(chain, wanted)
    for role, holders in wanted.holders.items():
        for account in accounts[:5]:
            held = await calls.hasRole(role, account.address).call()
            assert held is (account.address in holders)
    for wallet in wanted.wallets:
        for caip in wallet.chains:
            kind = keccak(wallet.purpose.to_bytes(32) + wallet.coin_type.to_bytes(32))
            assert await calls.isChainIdSupported(kind, chain_hash(caip)).call()
    assert await calls.getMPCFee().call() == wanted.fees.mpc_fee_wei
    assert tuple(await calls.getSafety().call()) == wanted.safety.values
    assert await calls.SRC_CHAIN_ID().call() == chain_hash("eip155:31337")
    assert len(public.rows(public.FUNCTIONS)) == 51


async def test_dry_run__should_send_nothing(chain: Web3, layouts: Path) -> None:
    block = await chain.eth.block_number
    found = await survey(chain, settings(), layouts)
    assert await chain.eth.block_number == block
    assert not layouts.exists()
    names = [each.what for each in found.changes]
    assert names[:4] == ["ZrSignTypes", "ZrSign", "ZrSignFactory", "proxy"]


async def test_address__should_be_the_factorys_and_the_same_on_every_chain(
    chain: Web3, layouts: Path, accounts: list[LocalAccount]
) -> None:
    wanted = await deployed(chain, layouts, accounts[0])
    target = target_of(wanted)
    factory = chain.eth.contract(target.factory.address, abi=artifact("ZrSignFactory").abi)
    foretold = factory.functions.addressOf(wanted.deployer, wanted.salt_bytes)
    assert await foretold.call() == target.proxy
    # Neither mode nor anything but deployer and salt moves it.
    assert target_of(settings(mode="omni")).proxy == target.proxy
    assert target_of(settings(salt="another")).proxy != target.proxy
    assert target_of(settings(fees={"mpc_fee_wei": 1})).proxy == target.proxy


async def test_address__should_hold_on_a_real_second_chain_with_another_implementation(
    chain: Web3, layouts: Path, accounts: list[LocalAccount], tmp_path: Path
) -> None:
    first = await deployed(chain, layouts, accounts[0])
    with anvil(31338) as url:
        other: Web3 = connected(url)
        # An account that did other things before, on a chain that is reached later.
        await other.provider.make_request("anvil_setNonce", [accounts[0].address, "0x63"])
        second = settings(mode="omni")
        left = await apply(other, second, tmp_path / "other.layouts.json", accounts[0])
        await other.provider.disconnect()
    assert left.changes == ()
    assert left.target.proxy == target_of(first).proxy
    assert left.state.chain_id == 31338


async def test_apply__should_go_on_where_it_was_interrupted(
    chain: Web3, layouts: Path, accounts: list[LocalAccount]
) -> None:
    found = await survey(chain, settings(), layouts)
    some = replace(found, changes=found.changes[:9])

    async def one(change: Change) -> None:
        await operate.send(chain, accounts[0], change)

    await operate.carry_out(some, settings(), layouts, accounts[0].address, one, lambda _: None)
    left = await survey(chain, settings(), layouts, me=accounts[0].address)
    assert said(left) == said(found)[9:]
    await deployed(chain, layouts, accounts[0])


async def test_create2__should_be_brought_to_a_chain_that_lacks_it(
    chain: Web3, layouts: Path, accounts: list[LocalAccount]
) -> None:
    code = await chain.eth.get_code(CREATE2_DEPLOYER)
    await chain.provider.make_request("anvil_setCode", [CREATE2_DEPLOYER, "0x"])
    await chain.provider.make_request("anvil_setNonce", [CREATE2_DEPLOYER, "0x0"])
    found = await survey(chain, settings(), layouts)
    assert [each.what for each in found.changes[:2]] == ["ether for CREATE2", "CREATE2"]
    await deployed(chain, layouts, accounts[0])
    assert await chain.eth.get_code(CREATE2_DEPLOYER) == code


async def test_edits__should_be_the_only_difference(
    chain: Web3, layouts: Path, accounts: list[LocalAccount]
) -> None:
    before = await deployed(chain, layouts, accounts[0])
    wallets = [each.model_dump() for each in before.wallets]
    wallets[0]["chains"] = ("eip155:1", "eip155:10")
    edited = settings(
        wallets=(wallets[0], wallets[1], wallets[3]),
        safety={"cancel_delay_s": 7200},
        roles={"mpc": (accounts[6].address,), "admin": (accounts[0].address, accounts[7].address)},
        fees={"mpc_fee_wei": 7},
    )
    found = await survey(chain, edited, layouts)
    regtest, testnet = "0f9188f13cb7b2c71f2a335e3a4fc328", "000000000933ea01ad0ee984209779ba"
    assert said(found) == [
        ("safety", "cancel_delay_s 86400", "cancel_delay_s 7200"),
        ("chain of 44/60", "", "eip155:10"),
        ("chain of 44/1", f"bip122:{testnet}", ""),
        ("chain of 44/1", f"bip122:{regtest}", ""),
        ("chain of 44/60", "eip155:11155111", ""),
        ("chain of 44/60", "eip155:31337", ""),
        ("chain of 44/60", "eip155:31338", ""),
        ("wallet type", "44/1", ""),
        ("DEFAULT_ADMIN_ROLE", "", accounts[7].address),
        ("MPC_ROLE", "", accounts[6].address),
        ("updateMPCFee", "500000000000000", "7"),
        ("MPC_ROLE", accounts[2].address, ""),
    ]
    left = await apply(chain, edited, layouts, accounts[0])
    # The fee is the fee holder's to change; who administers could only by lending itself the role.
    assert said(left) == []


async def test_fees__should_be_left_to_their_holder_by_anybody_else(
    chain: Web3, layouts: Path, accounts: list[LocalAccount]
) -> None:
    await deployed(chain, layouts, accounts[0])
    edited = settings(fees={"mpc_fee_wei": 7, "resp_gas": 300_000})
    strangers = await apply(chain, edited, layouts, accounts[8])
    assert {each.sender for each in strangers.changes} == {accounts[3].address}
    assert len(strangers.changes) == 2
    assert (await apply(chain, edited, layouts, accounts[3])).changes == ()
    assert await functions(chain, edited).getRespGas().call() == 300_000


async def test_administration__should_be_handed_over_last(
    chain: Web3, layouts: Path, accounts: list[LocalAccount]
) -> None:
    await deployed(chain, layouts, accounts[0])
    edited = settings(roles={"admin": (accounts[7].address,), "pauser": (accounts[6].address,)})
    found = await survey(chain, edited, layouts, me=accounts[0].address)
    assert said(found)[-1] == ("DEFAULT_ADMIN_ROLE", accounts[0].address, "")
    assert (await apply(chain, edited, layouts, accounts[0])).changes == ()
    calls = functions(chain, edited)
    assert not await calls.hasRole(ADMIN_ROLE, accounts[0].address).call()
    assert await calls.hasRole(ADMIN_ROLE, accounts[7].address).call()
    assert await calls.hasRole(PAUSER_ROLE, accounts[6].address).call()
    assert not await calls.hasRole(PAUSER_ROLE, accounts[4].address).call()


async def test_roles_that_somebody_granted_by_hand__should_be_found(
    chain: Web3, layouts: Path, accounts: list[LocalAccount]
) -> None:
    wanted = await deployed(chain, layouts, accounts[0])
    grant = functions(chain, wanted).grantRole(MPC_ROLE, accounts[9].address)
    await chain.eth.wait_for_transaction_receipt(
        await grant.transact({"from": accounts[0].address}), poll_latency=0.02
    )
    found = await survey(chain, wanted, layouts)
    assert said(found) == [("MPC_ROLE", accounts[9].address, "")]


@pytest.mark.parametrize("pruned", [False, True])
async def test_roles__should_be_read_from_the_whole_life_of_the_contract(
    chain: Web3, layouts: Path, accounts: list[LocalAccount], pruned: bool
) -> None:
    first = await chain.eth.block_number + 1
    wanted = await deployed(chain, layouts, accounts[0])
    grant = functions(chain, wanted).grantRole(MPC_ROLE, accounts[9].address)
    await chain.eth.wait_for_transaction_receipt(
        await grant.transact({"from": accounts[0].address}), poll_latency=0.02
    )
    await chain.provider.make_request("anvil_mine", ["0x10"])
    node: Any = Pruned(chain) if pruned else chain
    late = await chain.eth.block_number
    for from_block in (0, first, late):
        found = await survey(node, wanted, layouts, from_block=from_block)
        assert said(found) == [("MPC_ROLE", accounts[9].address, "")]


class Pruned:
    """A node that does not know the past."""

    def __init__(self, w3: Web3) -> None:
        self.eth = self
        self._eth = w3.eth

    async def get_code(self, address: Any, block: Any = "latest") -> Any:
        if block != "latest":
            raise Web3RPCError("missing trie node")
        return await self._eth.get_code(address)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._eth, name)

    @property
    async def block_number(self) -> int:
        return await self._eth.block_number


async def test_upgrade__should_be_the_proxy_administrators_and_keep_everything(
    chain: Web3, layouts: Path, accounts: list[LocalAccount]
) -> None:
    before = await deployed(chain, layouts, accounts[0])
    omni = settings(mode="omni")
    left = await apply(chain, omni, layouts, accounts[0])
    assert [(each.what, each.sender) for each in left.changes] == [
        ("implementation", accounts[1].address)
    ]
    assert (await apply(chain, omni, layouts, accounts[1])).changes == ()
    assert await functions(chain, omni).hasRole(MPC_ROLE, accounts[2].address).call()
    # And back again: both layouts are known by now.
    assert (await apply(chain, before, layouts, accounts[1])).changes == ()
    assert await functions(chain, before).getRespGas().call() == before.fees.resp_gas


async def test_upgrade__should_be_refused_when_a_field_would_move(
    chain: Web3, layouts: Path, accounts: list[LocalAccount]
) -> None:
    await deployed(chain, layouts, accounts[0])
    known = json.loads(layouts.read_text())
    (present,) = known.values()
    core = present["namespaces"]["erc7201:zrsign.storage.core"]
    core.insert(1, ["once", "uint256"])
    layouts.write_text(json.dumps(known))
    with pytest.raises(DeployError, match=r"cannot follow .* in place of uint256 once"):
        await apply(chain, settings(mode="omni"), layouts, accounts[1])
    layouts.unlink()
    with pytest.raises(DeployError, match="not in"):
        await survey(chain, settings(mode="omni"), layouts)


async def test_proxy_administration__should_change_in_two_steps(
    chain: Web3, layouts: Path, accounts: list[LocalAccount]
) -> None:
    await deployed(chain, layouts, accounts[0])
    edited = settings(proxy_admin=accounts[9].address)
    left = await apply(chain, edited, layouts, accounts[1])
    assert [(each.what, each.sender) for each in left.changes] == [
        ("proxy admin", accounts[9].address)
    ]
    assert (await apply(chain, edited, layouts, accounts[9])).changes == ()
    state = (await survey(chain, edited, layouts)).state
    assert state.contract is not None
    assert state.contract.proxy_admin == accounts[9].address


async def test_pause__should_need_its_role(
    chain: Web3, layouts: Path, accounts: list[LocalAccount]
) -> None:
    wanted = await deployed(chain, layouts, accounts[0])
    with pytest.raises(DeployError, match="does not hold PAUSER_ROLE"):
        await operate.pause(chain, wanted, accounts[0], on=True)
    await operate.pause(chain, wanted, accounts[4], on=True)
    assert await functions(chain, wanted).paused().call()
    with pytest.raises(DeployError, match="refused pause"):
        await operate.pause(chain, wanted, accounts[4], on=True)
    await operate.pause(chain, wanted, accounts[4], on=False)
    assert not await functions(chain, wanted).paused().call()


async def test_chain_before_cancun__should_be_said_to_be_too_old(
    layouts: Path, accounts: list[LocalAccount]
) -> None:
    with anvil(31337, "--hardfork", "shanghai") as url:
        w3: Web3 = connected(url)
        with pytest.raises(DeployError, match="EVM version Cancun"):
            await apply(w3, settings(), layouts, accounts[0])
        with pytest.raises(DeployError, match="EVM version Cancun"):
            await deploy(
                w3, accounts[0], Plan(Mode.DIRECT, accounts[2].address, accounts[1].address)
            )
        await w3.provider.disconnect()


async def test_penniless_deployer__should_be_told(
    chain: Web3, layouts: Path, accounts: list[LocalAccount]
) -> None:
    await chain.provider.make_request(
        "anvil_setBalance",
        [accounts[0].address, "0x0"],
    )
    with pytest.raises(DeployError, match="refused ZrSignTypes") as refused:
        await apply(chain, settings(), layouts, accounts[0])
    assert accounts[0].address in refused.value.hint


class ShortOfLogs:
    """A node that gives the events of 1 000 blocks at most."""

    def __init__(self, w3: Web3) -> None:
        self.eth = self
        self.asked = 0
        self._eth = w3.eth

    async def get_logs(self, wanted: Any) -> Any:
        self.asked += 1
        if wanted["toBlock"] - wanted["fromBlock"] >= 1_000:
            raise Web3RPCError("range too large")
        return await self._eth.get_logs(wanted)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._eth, name)

    @property
    async def block_number(self) -> int:
        return await self._eth.block_number


async def test_events__should_be_read_from_a_node_that_limits_them(
    chain: Web3, layouts: Path, accounts: list[LocalAccount]
) -> None:
    wanted = await deployed(chain, layouts, accounts[0])
    await chain.provider.make_request("anvil_mine", ["0x898"])
    short: Any = ShortOfLogs(chain)
    assert (await survey(short, wanted, layouts)).changes == ()
    assert short.asked > 3


async def test_fee_role__should_not_stay_with_an_administrator_that_borrowed_it(
    chain: Web3, layouts: Path, accounts: list[LocalAccount]
) -> None:
    wanted = await deployed(chain, layouts, accounts[0])
    assert not await functions(chain, wanted).hasRole(FEE_ROLE, accounts[0].address).call()
