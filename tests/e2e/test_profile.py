"""A network that others run: a stranger knows its addresses, and has one key of his own.

Nothing of what `zrsign up` wrote can be found by his commands.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from tests.e2e.conftest import run_cli
from tests.waiting import wait_until
from zrchain_lite.client import Account as LedgerAccount
from zrchain_lite.wire.cosmos.bank.v1beta1.tx_pb2 import MsgSend
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrsign.administration import DENOM, GRANT
from zrsign.local.network.manifest import ChainEntry, Manifest
from zrsign.local.network.nodes import fund_evm
from zrsign.local.network.rpc import Rpc
from zrsign.networks import selection
from zrsign.sdk import EVM, ZrSign, blocking

PASSWORD = "a password"
Command = Callable[..., Any]


@pytest.fixture
async def key(network: Manifest) -> bytes:
    """A key of the stranger's own, with ether on both chains and urock on the ledger."""
    made = Account.create()
    for name in ("evm-source", "evm-destination"):
        async with Rpc(network.chain(name).rpc_url) as node:
            await fund_evm(node, made.address, 10**18)
    giver = network.account("approver-2")
    async with network.ledger.client(giver.ledger()) as ledger:
        to = LedgerAccount.from_secret(bytes(made.key)).address
        coins = [Coin(denom=DENOM, amount=str(GRANT // 10))]
        await ledger.broadcast(MsgSend(from_address=giver.address, to_address=to, amount=coins))
    return bytes(made.key)


@pytest.fixture
def stranger(network: Manifest, key: bytes, tmp_path: Path) -> dict[str, str]:
    """Variables of a stranger: his files, and no others."""
    keystore = tmp_path / "user.json"
    kept = Account.encrypt(key, PASSWORD, kdf="pbkdf2", iterations=2)
    keystore.write_text(json.dumps(kept))
    env = {
        "HOME": str(tmp_path),
        "ZRSIGN_NETWORKS": str(tmp_path / "networks.toml"),
        "ZRSIGN_STATE": str(tmp_path / "nothing"),
        "ZRSIGN_KEYSTORE_PASSWORD": PASSWORD,
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    chains = [word for each in network.chains for word in ("--chain", f"{each.caip2}={url(each)}")]
    done = run_cli(
        *("networks", "add", "theirs", "--ledger", network.ledger.grpc),
        *("--ledger-id", network.ledger.chain_id, "--root", str(network.ledger.root), *chains),
        *("--omni", network.contract("omni").address),
        *("--direct", network.contract("direct").address, "--keystore", keystore),
        **env,
    )
    assert done.returncode == 0, done.stderr
    return env


def url(chain: ChainEntry) -> str:
    """A node's URL with the password that opens it, where it wants one."""
    if chain.cookie_file is None:
        return chain.rpc_url
    return chain.rpc_url.replace("://", f"://{chain.cookie_file.read_text().strip()}@")


@pytest.fixture
def command(stranger: dict[str, str]) -> Command:
    """The JSON of a command that must succeed with the profile."""

    def run(*arguments: str) -> Any:
        done = run_cli(*arguments, "--json", "--profile", "theirs", **stranger)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_stranger__should_make_the_whole_tour(command: Command, key: bytes) -> None:
    wallet = command("request", "key", "sol", "--monitoring")["wallet"]
    (held,) = command("keys", "user")
    assert held["address"] == wallet
    assert Account.from_key(key).address in held["owner"]
    asked = command("request", "data", "sol", "hello")
    assert asked["status"] == "answered"
    assert command("track", str(asked["request"])) == asked
    workspaces = command("workspaces", "--owner", "user")
    assert held["workspace"] in [each["workspace"] for each in workspaces]
    direct = command("request", "key", "evm", "--mode", "direct")
    assert direct["mode"] == "direct"


def test_stranger__should_set_a_policy_and_approve(
    network: Manifest, stranger: dict[str, str], command: Command
) -> None:
    command("request", "key", "sol")
    (held,) = command("keys", "user")
    approver = network.account("approver-1").address
    made = command("policies", "new", "user", approver, "--need", "2")
    for owner in ("user", approver):
        command("workspaces", "add-owner", held["workspace"], owner)
    command("workspaces", "set-policy", held["workspace"], made["id"])
    asked = command("request", "data", "sol", "hello", "--no-wait")
    action = wait_until(lambda: action_of(stranger, asked["source_tx"]), "an action waits")
    assert command("policies", "approve", action)["status"] == "pending"


def action_of(stranger: dict[str, str], reference: str) -> str:
    """The action that a request waits for; empty until the ledger has it."""
    done = run_cli("track", reference, "--json", "--profile", "theirs", **stranger)
    return str(json.loads(done.stdout).get("policy_action", "")) if done.stdout else ""


def test_stranger__should_deploy_to_a_chain_of_the_profile(
    network: Manifest, command: Command
) -> None:
    gas, admin = network.account("gas").evm_address, network.account("proxy-admin").evm_address
    shown = command(
        *("deploy", "omni", "--chain", "eip155-31338", "--mpc", gas, "--proxy-admin", admin)
    )
    assert (shown["mode"], shown["chain_id"]) == ("omni", "31338")


def test_check__should_find_all_well_and_say_what_is_not(
    network: Manifest, stranger: dict[str, str]
) -> None:
    assert set(faults_of(stranger, code=0).values()) == {""}
    path = Path(stranger["ZRSIGN_NETWORKS"])
    omni, direct = (network.contract(mode).address for mode in ("omni", "direct"))
    text = path.read_text().replace(omni, "other").replace(direct, omni).replace("other", direct)
    path.write_text(text.replace("eip155:31338", "eip155:5").replace("zrsign-local", "another"))
    wrong = {part for part, fault in faults_of(stranger, code=1).items() if fault}
    assert wrong == {"chain eip155-31338", "omni contract", "direct contract", "ledger"}


def faults_of(stranger: dict[str, str], *, code: int) -> dict[str, str]:
    done = run_cli("networks", "check", "theirs", "--json", **stranger)
    assert done.returncode == code, done.stderr
    return {each["part"]: each["fault"] for each in json.loads(done.stdout)}


def test_program__should_do_without_await(
    stranger: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in stranger.items():
        monkeypatch.setenv(name, value)
    with blocking.of(selection.load(profile="theirs")) as zr:
        wallet = zr.request_key(EVM).key()
        assert zr.wallet_address(EVM, wallet.index) == wallet.address
        signed = zr.sign_hash(EVM, wallet.index, "eip155:31337", bytes(range(32))).signature()
    assert len(signed.signature) == 65


async def test_program__should_need_the_profile_alone(
    stranger: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in stranger.items():
        monkeypatch.setenv(name, value)
    async with ZrSign.of(selection.load(profile="theirs")) as zr:
        wallet = await (await zr.request_key(EVM)).key()
        handle = await zr.sign_data(EVM, wallet.index, "eip155:31337", b"hello")
        assert len((await handle.signature()).signature) == 65
