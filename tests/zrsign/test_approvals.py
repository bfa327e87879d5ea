"""A request that waits for people says so at once, and what they are asked to approve is shown."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode

from tests.zrsign.world_ledger import WorldLedger, network_of
from tests.zrsign_receiver import transactions
from tests.zrsign_receiver.test_policy import APPROVERS, approve, guarded
from tests.zrsign_receiver.world import COMPOSER, EVM_CHAIN, OWNER, SOURCE_CHAIN, World
from zrchain_lite.wire.zrchain.policy import policy_pb2 as policy
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as wire
from zrsign import actions, cli
from zrsign.errors import AnswerTimeout
from zrsign.sdk import Receiver, RequestRef, Waiting
from zrsign.sdk.waiting import awaited, needed
from zrsign_chains import LibraryMissing

Run = Callable[..., tuple[str, str]]
FIRST = APPROVERS[0]
TOKEN = "0x" + "33" * 20


@pytest.fixture
def world() -> World:
    made = World()
    guarded(made)
    return made


@pytest.fixture
def ledger(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorldLedger:
    return network_of(world, tmp_path, monkeypatch, OWNER, *APPROVERS)


@pytest.fixture
def run(
    ledger: WorldLedger, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run a command that must end with `code`; what it said on standard output and error."""

    def call(*arguments: object, code: int = 0) -> tuple[str, str]:
        monkeypatch.setattr(sys, "argv", ["zrsign", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        assert ended.value.code == code, said.err
        return said.out, said.err

    return call


def ask(world: World, kind: wire.RequestKind, payload: bytes, **more: Any) -> wire.Request:
    """The request, which waits for approvals."""
    (request_id,) = world.report(world.sign_event(kind, payload, **more))
    request = world.request(request_id)
    assert request.status == wire.REQUEST_STATUS_APPROVING
    return request


def waiting(world: World, request_id: int) -> Waiting | None:
    return asyncio.run(awaited(WorldLedger(world), world.request(request_id)))


def reference(request: wire.Request) -> RequestRef:
    source = request.event.id
    return RequestRef(source.chain, source.contract, source.tx_hash, source.log_index, 0)  # type: ignore[arg-type]


def test_waiting__should_say_how_many_of_how_many_and_the_command(world: World) -> None:
    request = ask(world, wire.REQUEST_KIND_HASH, b"\x01" * 32)
    approve(world, request.action_id, FIRST)
    found = waiting(world, request.id)
    assert str(found) == f"waits for approvals, 1 of 2 (action {request.action_id})"
    assert found is not None
    names = {APPROVERS[1].address: "approver-2"}
    command = f"zrsign policies approve {request.action_id} --as"
    assert found.next_steps(names) == [f"{command} approver-2"]
    assert found.next_steps() == [f"{command} NAME"]
    (one,) = found.as_json()["approvals"]
    assert one["approvers"] == [FIRST.address]
    assert one["may_approve"] == [each.address for each in APPROVERS[1:]]
    approve(world, request.action_id, APPROVERS[2])
    assert str(waiting(world, request.id)) == "waits for the keyring"
    world.fulfil()
    assert waiting(world, request.id) is None


def test_waiting__should_name_every_action_of_a_link(world: World) -> None:
    address = world.wallets_of(OWNER.evm)[0].workspace_addr
    workspace = world.identity.workspace(world.ctx(), address)
    workspace.admin_policy_id = workspace.sign_policy_id
    world.identity.save_workspace(world.ctx(), workspace)
    (request_id,) = world.report(world.link_event(COMPOSER.address))
    assert world.request(request_id).status == wire.REQUEST_STATUS_APPROVING
    said = waiting(world, request_id)
    assert said is not None
    assert [one.counted for one in said.approvals] == ["0 of 2"]
    assert said.approvals[0].action == world.request(request_id).action_id


@pytest.mark.parametrize(
    ("definition", "enough"),
    [
        ("zen1a + zen1b > 1", 2),
        ("(zen1a + zen1b + zen1c) > 0", 1),
        ("zen1a > 0", 1),
        ("zen1a + zen1a + zen1b > 1", None),
        ("zen1a & zen1b > 0", None),
        ("(zen1a + zen1b > 1) & TXVALUE < 5", None),
    ],
)
def test_needed__should_be_told_of_plain_numbers_only(definition: str, enough: int | None) -> None:
    rules = policy.Policy()
    rules.policy.Pack(policy.BoolparserPolicy(definition=definition))
    assert needed(rules) == enough


async def test_wait_of_the_sdk__should_tell_at_once_and_in_its_timeout(world: World) -> None:
    request = ask(world, wire.REQUEST_KIND_HASH, b"\x01" * 32)
    told: list[str] = []

    def tell(one: Waiting) -> None:
        told.append(str(one))
        if len(told) == 1:
            approve(world, request.action_id, FIRST)

    with pytest.raises(AnswerTimeout) as late:
        await Receiver(WorldLedger(world)).wait(reference(request), 0.5, tell=tell)
    action = f"(action {request.action_id})"
    assert told == [f"waits for approvals, {n} of 2 {action}" for n in (0, 1)]
    assert f"waits for approvals, 1 of 2 {action}" in str(late.value)
    assert "zrsign policies approve" in late.value.hint
    assert late.value.waiting is not None
    assert late.value.waiting.approvals[0].approvers == (FIRST.address,)


async def test_wait_of_the_sdk__should_ask_for_approvals_once_a_step(world: World) -> None:
    request = ask(world, wire.REQUEST_KIND_HASH, b"\x01" * 32)
    asked: list[str] = []

    class Counting(WorldLedger):
        async def query(self, method: str, *more: Any, **named: Any) -> Any:
            asked.append(method)
            return await super().query(method, *more, **named)

    with pytest.raises(AnswerTimeout):
        await Receiver(Counting(world)).wait(reference(request), 0.4)
    looks = [method for method in asked if method.endswith("RequestBySource")]
    assert len(looks) > 2
    assert len(asked) == len(looks) + 1


def test_track__should_say_what_a_request_waits_for(world: World, run: Run) -> None:
    request = ask(world, wire.REQUEST_KIND_HASH, b"\x01" * 32)
    _, said = run("track", request.id)
    assert said == (
        f"waits for approvals, 0 of 2 (action {request.action_id}): "
        f"zrsign policies approve {request.action_id} --as {FIRST.name}\n"
    )
    shown, said = run("track", request.id, "--json")
    assert json.loads(shown)["waits_for"]["approvals"][0]["needed"] == 2
    assert said == ""


def show(run: Run, request: wire.Request) -> dict[str, Any]:
    said, _ = run("policies", "show", request.action_id, "--json")
    found = json.loads(said)
    assert isinstance(found, dict)
    return found


def test_show__should_say_for_whom_and_who_approved_and_who_may(world: World, run: Run) -> None:
    request = ask(world, wire.REQUEST_KIND_HASH, b"\x01" * 32)
    approve(world, request.action_id, FIRST)
    found = show(run, request)
    assert found["asks"] == "sign hash"
    assert found["digest"] == "0x" + "01" * 32
    assert found["for"] == OWNER.evm
    assert found["source"].startswith(f"{SOURCE_CHAIN} 0x")
    assert found["approvals"] == "1 of 2"
    assert found["approved_by"] == [FIRST.address]
    assert found["may_approve"] == [each.address for each in APPROVERS[1:]]
    text, _ = run("policies", "show", request.action_id)
    assert f"{FIRST.address} ({FIRST.name})" in text
    assert f"{OWNER.evm} (owner)" in text


def test_show__should_show_a_message_as_text_or_bytes(world: World, run: Run) -> None:
    assert show(run, ask(world, wire.REQUEST_KIND_DATA, b"pay nobody"))["message"] == "pay nobody"
    hidden = b"pay\x1b[2Knobody"
    assert show(run, ask(world, wire.REQUEST_KIND_DATA, hidden))["message"] == "0x" + hidden.hex()


def test_show__should_decode_a_transaction_with_its_method(world: World, run: Run) -> None:
    to = transactions.EVM_RECIPIENT
    transfer = bytes.fromhex("a9059cbb") + encode(["address", "uint256"], [to, 77])
    payload = transactions.evm(0, to=TOKEN, data=transfer)
    found = show(run, ask(world, wire.REQUEST_KIND_TX, payload, broadcast=True))
    assert found["chain"] == EVM_CHAIN
    assert (found["to"], found["amount"]) == (to, 77)
    assert found["contract"].lower() == TOKEN
    assert found["method"] == "transfer(address,uint256)"
    assert found["broadcast"]
    plain = show(run, ask(world, wire.REQUEST_KIND_TX, transactions.evm(1000)))
    assert (plain["to"], plain["value"]) == (to, 1000)
    assert "method" not in plain
    odd = transactions.evm(5, data=bytes.fromhex("deadbeef00"))
    assert "0xdeadbeef, not known" in show(run, ask(world, wire.REQUEST_KIND_TX, odd))["method"]


def test_show__should_say_which_extra_decodes_a_transaction(
    world: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The core is installed without the libraries of Bitcoin and Solana."""

    def absent(*_: object) -> Any:
        raise LibraryMissing("pip install 'zrsign[solana]'", name="solders")

    monkeypatch.setattr(actions, "transaction", absent)
    payload = transactions.evm(1000)
    found = show(run, ask(world, wire.REQUEST_KIND_TX, payload))
    assert found["transaction"] == "0x" + payload.hex()
    assert found["note"].endswith("pip install 'zrsign[solana]'")


def test_show__should_refuse_to_show_what_the_action_is_not_about(world: World, run: Run) -> None:
    """A ledger that shows another payload than the one whose digest is approved is found out."""
    request = ask(world, wire.REQUEST_KIND_DATA, b"harmless")

    class Liar(WorldLedger):
        async def query(self, method: str, *more: Any, **named: Any) -> Any:
            answer = await super().query(method, *more, **named)
            if method.endswith("Query/Request"):
                answer.request.event.sign.payload = b"all my coins"
            return answer

    found = asyncio.run(actions.details(Receiver(Liar(world)), request.action_id))
    assert "superseded" in found
    assert "message" not in found


def test_show__should_decode_what_else_stands_under_a_policy(world: World, run: Run) -> None:
    address = world.wallets_of(OWNER.evm)[0].workspace_addr
    workspace = world.identity.workspace(world.ctx(), address)
    workspace.admin_policy_id = workspace.sign_policy_id
    world.identity.save_workspace(world.ctx(), workspace)
    (request_id,) = world.report(world.link_event(COMPOSER.address))
    found = show(run, world.request(request_id))
    assert found["asks"] == "AddWorkspaceOwner"
    assert found["new_owner"] == COMPOSER.address
    assert found["for"] == OWNER.evm


def test_every_message_under_a_policy__should_be_decoded(world: World) -> None:
    known = {"/" + kind.DESCRIPTOR.full_name for kind in actions.KINDS}
    assert known == set(world.policy._execute)


def test_unknown_action__should_be_said_without_asking_whether_the_network_runs(run: Run) -> None:
    _, said = run("policies", "show", 999, code=1)
    assert "no action 999" in said
    assert "The ledger is there" in said


def test_approving_twice__should_say_so_and_send_nothing(
    world: World, run: Run, ledger: WorldLedger
) -> None:
    request = ask(world, wire.REQUEST_KIND_HASH, b"\x01" * 32)
    command = ("policies", "approve", request.action_id, "--as", FIRST.name)
    said, _ = run(*command, "--json")
    assert json.loads(said)["approvals"] == "1 of 2"
    assert len(ledger.sent) == 1
    said, told = run(*command, "--json")
    assert json.loads(said)["already"] is True
    assert f"{FIRST.name} has approved action {request.action_id} already" in told
    assert len(ledger.sent) == 1
    said, _ = run("policies", "approve", request.action_id, "--as", APPROVERS[1].name, "--json")
    assert json.loads(said)["status"] == "completed"
    _, told = run("policies", "approve", request.action_id, "--as", APPROVERS[2].name, code=2)
    assert "is completed" in told
    assert len(ledger.sent) == 2


def test_policies__should_count_what_waits(world: World, run: Run) -> None:
    request = ask(world, wire.REQUEST_KIND_HASH, b"\x01" * 32)
    approve(world, request.action_id, FIRST)
    said, _ = run("policies", "--json")
    (waits,) = json.loads(said)[0]["waiting"]
    assert waits.startswith(f"action {request.action_id}, 1 of 2 approved, until block ")
