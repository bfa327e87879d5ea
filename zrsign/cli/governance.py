"""`zrsign workspaces` and `zrsign policies`: who owns keys, who must approve, and what waits.

Without a subcommand each lists; the subcommands are ordinary ledger transactions of an account.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from google.protobuf.message import Message

from zrsign.cli.networks import on_network
from zrsign.cli.render import Json, err, show, show_one

if TYPE_CHECKING:
    from zrchain_lite.client import TxResult
    from zrsign.networks.network import Network

T = TypeVar("T")
State = Annotated[Path | None, typer.Option("--state", help="State directory of the network.")]
Owner = Annotated[str, typer.Option("--owner", help="Account name, EVM address or CAIP-10 id.")]
As = Annotated[str, typer.Option("--as", help="Account of the network that sends it.")]
Workspace = Annotated[str, typer.Argument(help="workspace1…")]
Action = Annotated[int, typer.Argument(help="The action's id: see zrsign policies.")]


def register(app: typer.Typer) -> None:
    """Add the groups of commands for workspaces and policies."""
    held = typer.Typer(help="Who owns keys.", invoke_without_command=True)
    held.callback()(on_network(workspaces))
    held.command("add-owner")(on_network(add_owner))
    held.command("set-policy")(on_network(set_policy))
    app.add_typer(held, name="workspaces")
    rules = typer.Typer(help="Who must approve, and what waits.", invoke_without_command=True)
    rules.callback()(on_network(policies))
    rules.command("new")(on_network(new_policy))
    rules.command("show")(on_network(show_action))
    rules.command("approve")(on_network(approve))
    rules.command("revoke")(on_network(revoke))
    app.add_typer(rules, name="policies")


def workspaces(
    context: typer.Context, owner: Owner = "", state: State = None, as_json: Json = False
) -> None:
    """List workspaces with their owners and policies."""
    if context.invoked_subcommand:
        return
    from zrchain_lite.wire.zrchain.identity import identity_pb2 as wire
    from zrsign.networks import selection

    who = selection.load(state).resolve(owner)
    request = wire.QueryWorkspacesRequest(owner=who)
    found = _page(
        state, "/zrchain.identity.Query/Workspaces", request, wire.QueryWorkspacesResponse
    )
    rows = [
        {
            "workspace": each.address,
            "alias": each.alias,
            "owners": list(each.owners),
            "children": list(each.child_workspaces),
            "admin_policy": each.admin_policy_id,
            "sign_policy": each.sign_policy_id,
        }
        for each in found
    ]
    show(rows, as_json, empty="No workspaces.")


def policies(context: typer.Context, state: State = None, as_json: Json = False) -> None:
    """List policies, and the actions that wait for approval."""
    if context.invoked_subcommand:
        return
    from zrchain_lite.wire.zrchain.policy import policy_pb2 as wire
    from zrsign.sdk.waiting import needed

    query = "/zrchain.policy.Query/"
    waiting = _page(
        state,
        query + "Actions",
        wire.QueryActionsRequest(status=wire.ACTION_STATUS_PENDING),
        wire.QueryActionsResponse,
    )
    found = _page(
        state, query + "Policies", wire.QueryPoliciesRequest(), wire.QueryPoliciesResponse
    )
    rows = []
    for each in found:
        body = wire.BoolparserPolicy()
        each.policy.policy.Unpack(body)
        rows.append(
            {
                "policy": each.policy.id,
                "name": each.policy.name,
                "definition": body.definition,
                "blocks_to_live": each.policy.btl,
                "waiting": [
                    _waiting(a, needed(each.policy))
                    for a in waiting
                    if a.policy_id == each.policy.id
                ],
            }
        )
    show(rows, as_json, empty="No policies. Policy 0, any owner, always exists.")


def _waiting(action: Any, enough: int | None) -> str:
    of = "" if enough is None else f" of {enough}"
    return f"action {action.id}, {len(action.approvers)}{of} approved, until block {action.btl}"


def add_owner(
    workspace: Workspace,
    new_owners: Annotated[list[str], typer.Argument(help="Account names, zen1…, EVM addresses.")],
    as_: As = "user",
    state: State = None,
    as_json: Json = False,
) -> None:
    """Add owners to a workspace; the workspace's admin policy decides about each."""
    from zrchain_lite.wire.zrchain.identity import identity_pb2 as wire

    def messages(network: Network, creator: str) -> list[Message]:
        return [
            wire.MsgAddWorkspaceOwner(
                creator=creator, workspace_addr=workspace, new_owner=network.on_ledger(owner)
            )
            for owner in new_owners
        ]

    _send(messages, as_, state, as_json)


def set_policy(
    workspace: Workspace,
    sign_policy: Annotated[int, typer.Argument(min=0, help="Policy id; 0 is any owner.")],
    admin_policy: Annotated[
        int | None, typer.Option("--admin", min=0, help="Also set the admin policy.")
    ] = None,
    as_: As = "user",
    state: State = None,
    as_json: Json = False,
) -> None:
    """Set the policy that sign requests of a workspace must satisfy.

    The admin policy decides who may change it back; as long as it is 0, any one owner may.
    """
    from zrchain_lite.wire.zrchain.identity import identity_pb2 as wire

    if admin_policy is None:
        # The message sets both, so what is to stay must be said.
        admin_policy = _workspace(state, workspace).admin_policy_id

    def messages(_: Network, creator: str) -> list[Message]:
        update = wire.MsgUpdateWorkspace(
            creator=creator,
            workspace_addr=workspace,
            admin_policy_id=admin_policy or 0,
            sign_policy_id=sign_policy,
        )
        return [update]

    _send(messages, as_, state, as_json)


def new_policy(
    participants: Annotated[list[str], typer.Argument(help="Account names or zen1… addresses.")],
    need: Annotated[int, typer.Option("--need", min=1, help="How many must approve.")],
    name: Annotated[str, typer.Option("--name")] = "",
    blocks: Annotated[int, typer.Option("--blocks", min=0, help="How long an action waits.")] = 0,
    as_: As = "user",
    state: State = None,
    as_json: Json = False,
) -> None:
    """Make a policy: so many of these participants."""
    from zrchain_lite.wire.zrchain.policy import policy_pb2 as wire

    def messages(network: Network, creator: str) -> list[Message]:
        addresses = [network.on_ledger(each) for each in participants]
        body = wire.BoolparserPolicy(
            definition=f"{' + '.join(addresses)} > {need - 1}",
            participants=[wire.PolicyParticipant(address=each) for each in addresses],
        )
        title = name or f"{need} of {len(addresses)}"
        made = wire.MsgNewPolicy(creator=creator, name=title, btl=blocks)
        made.policy.Pack(body, type_url_prefix="")
        return [made]

    _send(messages, as_, state, as_json, wire.MsgNewPolicyResponse)


def show_action(action: Action, state: State = None, as_json: Json = False) -> None:
    """What an action asks for, decoded; for whom, who has approved it, and who may."""
    from zrsign import actions
    from zrsign.local.network import access
    from zrsign.networks import selection

    network = selection.load(state)

    async def run() -> dict[str, Any]:
        async with access.receiver(network) as receiver:
            return await actions.details(receiver, action)

    found = asyncio.run(run())
    if not as_json:
        names = network.names()
        for field in ("for", "approved_by", "may_approve"):
            found[field] = _named(found.get(field), names)
    show_one(found, as_json)


def _named(addresses: Any, names: dict[str, str]) -> Any:
    """The addresses with the names of those that are accounts of the network."""
    if isinstance(addresses, list):
        return [_named(each, names) for each in addresses]
    return f"{addresses} ({names[addresses]})" if addresses in names else addresses


def approve(action: Action, as_: As = "user", state: State = None, as_json: Json = False) -> None:
    """Approve an action; the last approval that is needed executes it."""
    from zrchain_lite.wire.zrchain.policy import policy_pb2 as wire
    from zrsign import actions
    from zrsign.networks import selection

    network = selection.load(state).require_running()
    sender = network.account(as_)

    async def send() -> dict[str, Any]:
        async with network.ledger.client(sender.ledger()) as ledger:
            before = await actions.require_pending(ledger, action)
            if {sender.ledger_address, sender.owner}.intersection(before.approvers):
                err.print(f"{as_} has approved action {action} already. Nothing was sent.")
                return {**await actions.progress(ledger, action), "already": True}
            done = await ledger.broadcast(
                wire.MsgApproveAction(creator=sender.ledger_address, action_id=action)
            )
            sent = {"transaction": done.hash, "height": done.height}
            return {**sent, **await actions.progress(ledger, action)}

    show_one(asyncio.run(_told(send)), as_json)


def revoke(action: Action, as_: As = "user", state: State = None, as_json: Json = False) -> None:
    """Revoke an action that the account itself asked for."""
    from zrchain_lite.wire.zrchain.policy import policy_pb2 as wire

    def messages(_: Network, creator: str) -> list[Message]:
        return [wire.MsgRevokeAction(creator=creator, action_id=action)]

    _send(messages, as_, state, as_json)


def _page(state: Path | None, method: str, request: Any, response: Any) -> list[Any]:
    from zrsign.local.network import access
    from zrsign.networks import selection

    async def run() -> list[Any]:
        async with access.receiver(selection.load(state)) as receiver:
            return [each async for each in receiver.client.page(method, request, response)]

    return asyncio.run(run())


def _workspace(state: Path | None, address: str) -> Any:
    from zrchain_lite.wire.zrchain.identity import identity_pb2 as wire
    from zrsign.local.network import access
    from zrsign.networks import selection

    async def run() -> Any:
        async with access.receiver(selection.load(state)) as receiver:
            found = await receiver.client.query(
                "/zrchain.identity.Query/WorkspaceByAddress",
                wire.QueryWorkspaceByAddressRequest(workspace_addr=address),
                wire.QueryWorkspaceByAddressResponse,
            )
            return found.workspace

    return asyncio.run(run())


def _send(
    messages: Callable[[Network, str], list[Message]],
    account: str,
    state: Path | None,
    as_json: bool,
    response: type[Message] | None = None,
) -> None:
    """Send messages as `account`; show where they landed, and what the first response says."""
    from google.protobuf.json_format import MessageToDict

    from zrsign.networks import selection

    network = selection.load(state).require_running()
    sender = network.account(account)

    async def send() -> TxResult:
        async with network.ledger.client(sender.ledger()) as ledger:
            return await ledger.broadcast(*messages(network, sender.ledger_address))

    done = asyncio.run(_told(send))
    said = MessageToDict(done.response(response)) if response is not None else {}
    show_one({"transaction": done.hash, "height": done.height, **said}, as_json)


async def _told(send: Callable[[], Coroutine[Any, Any, T]]) -> T:
    with err.status("waiting for the ledger"):
        return await send()
