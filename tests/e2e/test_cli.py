"""The command line on a running network: what a person types, what a program reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import run_cli
from tests.waiting import wait_until
from zrsign.local.network.manifest import Manifest

pytestmark = pytest.mark.usefixtures("network")


def call(network: Manifest, *arguments: str) -> Any:
    """The JSON of a command that must succeed."""
    done = run_cli(*arguments, "--json", "--state", network.state_dir)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(network: Manifest, *arguments: str, code: int) -> str:
    """Standard error of a command that must fail with a message and a next step."""
    done = run_cli(*arguments, "--state", network.state_dir)
    assert done.returncode == code, done.stderr or done.stdout
    assert "Traceback" not in done.stderr
    assert " next " in done.stderr
    return done.stderr


def test_status__should_report_every_service_well(network: Manifest) -> None:
    status = call(network, "status")
    assert status["running"]
    assert {each["name"] for each in status["services"]} == {
        *("evm-source", "evm-destination", "bitcoin", "solana", "ledger"),
        *("listener", "relayer", "btc_proxy"),
        *("operator-1", "operator-2", "operator-3"),
    }
    assert [each for each in status["services"] if each["fault"]] == []


def test_operators__should_say_who_holds_the_keys_and_what_is_ready(network: Manifest) -> None:
    reports = call(network, "operators")
    assert [each["name"] for each in reports] == ["operator-1", "operator-2", "operator-3"]
    for each in reports:
        assert each["fault"] == ""
        assert each["status"]["threshold"] == 2
        assert each["status"]["enclave"] == "simulated"
        # Nothing but roots, each key on the ledger is a child of one.
        assert all(key["key"] >= 1 << 62 for key in each["status"]["keys"])
    said = run_cli("operators", "--state", network.state_dir)
    assert "Every key is held 2 of 3." in said.stdout


def test_request_and_track__should_tell_the_same_road(network: Manifest) -> None:
    call(network, "request", "key", "evm", "--as", "policy-owner")
    asked = call(network, "request", "data", "evm", "hello", "--as", "policy-owner")
    assert asked["kind"] == "data"
    assert asked["status"] == "answered"
    assert len(bytes.fromhex(asked["signatures"][0][2:])) == 65
    steps = asked["steps"]
    assert len(steps) >= 3
    assert [step["after_s"] for step in steps] == sorted(step["after_s"] for step in steps)
    for reference in ([str(asked["request"])], [asked["source_tx"]]):
        assert call(network, "track", *reference) == asked
    by_trace = call(network, "track", "--trace", str(asked["trace_id"]), "--mode", "omni")
    assert by_trace == asked


def test_keys_and_workspaces__should_show_what_the_owner_has(network: Manifest) -> None:
    wallet = call(network, "request", "key", "btc-test", "--monitoring", "--as", "gas")["wallet"]
    keys = call(network, "keys", "gas")
    assert wallet.startswith("bcrt1q")
    assert wallet in [key["address"] for key in keys]
    workspace = next(key["workspace"] for key in keys if key["address"] == wallet)
    held = {each["workspace"]: each for each in call(network, "workspaces", "--owner", "gas")}
    assert held[workspace]["alias"] == "1"
    assert isinstance(call(network, "policies"), list)


def test_policy__should_hold_a_request_until_enough_approve(network: Manifest) -> None:
    def send(*arguments: str, sender: str) -> Any:
        return call(network, *arguments, "--as", sender)

    call(network, "request", "key", "sol", "--as", "gas")
    workspace = next(k["workspace"] for k in call(network, "keys", "gas") if k["coin_type"] == 501)
    approvers = ("approver-1", "approver-2")
    send("workspaces", "add-owner", workspace, *approvers, sender="gas")
    made = send("policies", "new", *approvers, "--need", "2", sender="gas")
    send("workspaces", "set-policy", workspace, made["id"], "--admin", made["id"], sender="gas")
    # A lone owner can no longer lift it, nor does setting the one policy reset the other.
    send("workspaces", "set-policy", workspace, "0", sender="gas")
    held = call(network, "workspaces", "--owner", "gas")
    policies = {each["workspace"]: (each["admin_policy"], each["sign_policy"]) for each in held}
    assert policies[workspace] == (int(made["id"]), int(made["id"]))
    asked = call(network, "request", "data", "sol", "hello", "--as", "gas", "--no-wait")
    waiting = _until(network, asked["source_tx"], "approving")
    action = str(waiting["policy_action"])
    assert waiting["waits_for"]["text"] == f"waits for approvals, 0 of 2 (action {action})"
    shown = call(network, "policies", "show", action)
    assert (shown["asks"], shown["message"]) == ("sign data", "hello")
    for name, status in zip(approvers, ("pending", "completed"), strict=True):
        assert send("policies", "approve", action, sender=name)["status"] == status
    _until(network, asked["source_tx"], "answered")


def _until(network: Manifest, reference: str, status: str) -> Any:
    said = ""

    def reached() -> Any:
        nonlocal said
        done = run_cli("track", reference, "--json", "--state", network.state_dir)
        said = done.stdout + done.stderr
        road = json.loads(done.stdout) if done.returncode == 0 else {}
        return road if road.get("status") == status else None

    return wait_until(reached, f"{reference} is {status}", lambda: said)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["request", "key", "dogecoin"], 2, "No wallet type"),
        (["request", "key", "evm", "--as", "nobody"], 2, "No account"),
        (["request", "key", "evm", "--mode", "both"], 2, "No mode"),
        (["request", "hash", "evm", "0x1234"], 2, "32 bytes"),
        (["request", "hash", "evm", "xyz"], 2, "not hexadecimal"),
        (["request", "data", "evm", "hi", "--index", "77"], 1, "Invalid"),
        (["request", "data", "evm", "hi", "--chain", "eip155:999999"], 1, "ChainIdNotSupported"),
        (["request", "data", "evm", "hi", "--chain", "nowhere"], 2, "No chain"),
        (["track", "999999"], 1, "999999"),
        (["track", "0x12"], 2, "names no request"),
        (["track", "0x" + "00" * 32], 2, "knows no request"),
        (["track"], 2, "Name one request"),
    ],
)
def test_bad_input__should_be_refused_with_the_next_step(
    network: Manifest, arguments: list[str], code: int, said: str
) -> None:
    assert said in refused(network, *arguments, code=code)


def test_second_network__should_not_take_the_first_ones_directory(network: Manifest) -> None:
    done = run_cli("up", "--free-ports", "--state", network.state_dir)
    assert done.returncode == 1
    assert "Another network runs" in done.stderr
    assert call(network, "status")["running"]


def test_status__should_say_how_to_start_when_there_is_no_network(tmp_path: Path) -> None:
    done = run_cli("status", ZRSIGN_STATE=str(tmp_path))
    assert done.returncode == 2
    assert "zrsign up" in done.stderr


def test_missing_tool__should_be_named_with_its_fix(tmp_path: Path) -> None:
    done = run_cli(
        "up", "--free-ports", "--state", tmp_path / "n", ANVIL=str(tmp_path / "no-such-anvil")
    )
    assert done.returncode == 1
    assert "anvil" in done.stderr
    assert "doctor" in done.stderr


def test_deploy__should_work_on_any_evm_chain(network: Manifest) -> None:
    deployer, admin = network.account("deployer"), network.account("proxy-admin")
    deployed = run_cli(
        *("deploy", "direct", "--rpc", network.chain("evm-destination").rpc_url),
        *("--key-file", deployer.secret_file, "--mpc", network.account("gas").evm_address),
        *("--proxy-admin", admin.evm_address, "--json"),
    )
    assert deployed.returncode == 0, deployed.stderr
    shown = json.loads(deployed.stdout)
    assert (shown["mode"], shown["chain_id"]) == ("direct", "31338")
    assert shown["address"].startswith("0x")


@pytest.mark.parametrize(
    ("rpc", "mpc", "key", "said"),
    [
        ("http://127.0.0.1:1", "0x" + "11" * 20, "deployer", "127.0.0.1:1"),
        ("RUNNING", "0x12", "deployer", "not an address"),
        ("RUNNING", "0x" + "11" * 20, "nowhere", "Cannot read"),
    ],
)
def test_deploy__should_say_what_is_wrong(
    network: Manifest, tmp_path: Path, rpc: str, mpc: str, key: str, said: str
) -> None:
    known = {each.name: each.secret_file for each in network.accounts}
    done = run_cli(
        *("deploy", "omni", "--rpc", rpc.replace("RUNNING", network.chain("evm-source").rpc_url)),
        *("--key-file", known.get(key, tmp_path / key), "--mpc", mpc),
        *("--proxy-admin", network.account("proxy-admin").evm_address),
    )
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
