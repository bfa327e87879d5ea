"""`zrsign ids`, `decode`, `keys`, `workspaces` and `policies`.

What things mean, and what the ledger holds.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from zrsign.cli.render import Json, show, show_one

State = Annotated[Path | None, typer.Option("--state", help="State directory of the network.")]
Owner = Annotated[
    str, typer.Argument(help="EVM address, CAIP-10 id or account name; all when empty.")
]


def register(app: typer.Typer) -> None:
    for command in (ids, decode, keys, workspaces, policies):
        app.command()(command)


def ids(as_json: Json = False) -> None:
    """Wallet type ids and destination chain ids, as the contracts hash them."""
    from chains.caip import KNOWN_CHAINS, chain_hash
    from chains.wallets import WALLET_TYPES

    rows: list[dict[str, Any]] = [
        {
            "what": "wallet type",
            "name": f"{wallet.name} {wallet.purpose}/{wallet.coin_type}",
            "id": "0x" + wallet.id.hex(),
        }
        for wallet in WALLET_TYPES
    ]
    rows += [
        {"what": "chain", "name": caip2, "id": "0x" + chain_hash(caip2).hex()}
        for caip2 in KNOWN_CHAINS
    ]
    show(rows, as_json)


def decode(
    text: Annotated[
        str, typer.Argument(help="0x… calldata, revert data, log topic, payload or id.")
    ],
    chain: Annotated[str, typer.Option("--chain", help="CAIP-2 id of a payload.")] = "",
    as_json: Json = False,
) -> None:
    """Say what some bytes are.

    A call, an error, an id, or an unsigned transaction (with --chain).
    """
    from zrsign.decode import explain

    show_one(explain(text, chain), as_json)


def keys(owner: Owner = "", state: State = None, as_json: Json = False) -> None:
    """The wallets that contracts asked for, by owner."""
    from zrsign.network import access, manifest

    network = manifest.load(state)
    known = {account.name: account.evm_address for account in network.accounts}

    async def run() -> None:
        async with access.receiver(network) as receiver:
            rows = [
                {
                    "owner": wallet.owner_id,
                    "coin_type": wallet.coin_type,
                    "index": wallet.index,
                    "address": wallet.address,
                    "key": wallet.key_id,
                    "workspace": wallet.workspace_addr,
                }
                for wallet in await receiver.wallets(known.get(owner, owner))
            ]
        show(rows, as_json, empty="No wallets. Ask for one: zrsign request key evm")

    asyncio.run(run())


def workspaces(owner: Owner = "", state: State = None, as_json: Json = False) -> None:
    """Workspaces with their owners and policies."""
    from zrchain_lite.wire.zrchain.identity import identity_pb2 as wire
    from zrsign.network import manifest

    network = manifest.load(state)
    known = {account.name: account.evm_address for account in network.accounts}
    request = wire.QueryWorkspacesRequest(owner=known.get(owner, owner))
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


def policies(state: State = None, as_json: Json = False) -> None:
    """Policies, and the actions that wait for approval."""
    from zrchain_lite.wire.zrchain.policy import policy_pb2 as wire

    found = _page(
        state,
        "/zrchain.policy.Query/Policies",
        wire.QueryPoliciesRequest(),
        wire.QueryPoliciesResponse,
    )
    waiting = _page(
        state,
        "/zrchain.policy.Query/Actions",
        wire.QueryActionsRequest(status=wire.ACTION_STATUS_PENDING),
        wire.QueryActionsResponse,
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
                "waiting_actions": [a.id for a in waiting if a.policy_id == each.policy.id],
            }
        )
    show(rows, as_json, empty="No policies. Policy 0, any owner, always exists.")


def _page(state: Path | None, method: str, request: Any, response: Any) -> list[Any]:
    from zrsign.network import access, manifest

    async def run() -> list[Any]:
        async with access.receiver(manifest.load(state)) as receiver:
            return [each async for each in receiver.client.page(method, request, response)]

    return asyncio.run(run())
