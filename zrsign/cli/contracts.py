"""`zrsign deploy`, `pause` and `unpause`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zrsign.cli.networks import on_network
from zrsign.cli.render import Json, err, show, show_one
from zrsign.errors import UsageError

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from zrsign.deployment.changes import Change
    from zrsign.deployment.operate import Survey
    from zrsign.deployment.settings import Settings

FILES = (".yaml", ".yml")
Key = Annotated[
    Path | None, typer.Option("--key-file", help="The sender's key: 32 bytes, hexadecimal.")
]
Rpc = Annotated[str, typer.Option("--rpc", help="JSON-RPC URL of the EVM chain.")]
OfFile = Annotated[str, typer.Option("--network", help="Which of the file's networks.")]
Chain = Annotated[
    str, typer.Option("--chain", help="With --profile: which of its chains; the first EVM chain.")
]
As = Annotated[str, typer.Option("--as", help="With --profile: which of its accounts sends.")]
File = Annotated[Path, typer.Argument(help="The deployment's file.")]


def register(app: typer.Typer) -> None:
    """Add the commands that deploy and operate contracts."""
    for command in (deploy, pause, unpause):
        app.command()(on_network(command))


def deploy(
    what: Annotated[str, typer.Argument(help="direct, omni, or a deployment's file (YAML).")],
    rpc: Rpc = "",
    network: OfFile = "",
    key_file: Key = None,
    mpc: Annotated[str, typer.Option("--mpc", help="Without a file: who gets MPC_ROLE.")] = "",
    proxy_admin: Annotated[
        str, typer.Option("--proxy-admin", help="Without a file: who may upgrade.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the difference and send nothing.")
    ] = False,
    chain: Chain = "",
    as_: As = "user",
    as_json: Json = False,
) -> None:
    """Deploy contracts, or bring a deployment to what its file says.

    With a file the address is the same on every chain; run it again after each edit. Changes that
    another account must send are shown with it. With --profile, chain and key are the network's.
    """
    rpc, account = _sender(rpc, network, key_file, chain, as_)
    if what.endswith(FILES):
        _operate(Path(what), rpc, network, account, dry_run=dry_run, as_json=as_json)
        return
    missing = {"--rpc": rpc, "--key-file": account, "--mpc": mpc, "--proxy-admin": proxy_admin}
    if absent := [option for option, value in missing.items() if not value]:
        raise UsageError(f"Without a file, {', '.join(absent)} is needed.")
    if dry_run:
        raise UsageError("A dry run compares with a file.", "Name one: zrsign deploy FILE.yaml")
    from zrsign.deployment.plan import Mode

    if what not in list(Mode):
        raise UsageError(f"No mode {what!r}.", "Use direct, omni, or a file that ends in .yaml.")
    assert account is not None  # noqa: S101 - it would be missing
    _deploy_once(Mode(what), rpc, account, mpc, proxy_admin, as_json)


def pause(
    file: File,
    rpc: Rpc = "",
    network: OfFile = "",
    key_file: Key = None,
    chain: Chain = "",
    as_: As = "user",
    as_json: Json = False,
) -> None:
    """Stop a deployment's requests and answers. Refunds go on."""
    sender = _sender(rpc, network, key_file, chain, as_)
    _pause(file, network, *sender, on=True, as_json=as_json)


def unpause(
    file: File,
    rpc: Rpc = "",
    network: OfFile = "",
    key_file: Key = None,
    chain: Chain = "",
    as_: As = "user",
    as_json: Json = False,
) -> None:
    """Let a paused deployment go on."""
    sender = _sender(rpc, network, key_file, chain, as_)
    _pause(file, network, *sender, on=False, as_json=as_json)


def _deploy_once(
    mode: Any, rpc: str, account: LocalAccount, mpc: str, proxy_admin: str, as_json: bool
) -> None:
    from zrsign.deployment.deploy import deploy as carry_out
    from zrsign.deployment.plan import Plan

    async def run(w3: Any) -> None:
        with err.status("deploying"):
            deployed = await carry_out(w3, account, Plan(mode, mpc, proxy_admin))
        show_one({name: str(value) for name, value in asdict(deployed).items()}, as_json)

    _connected(rpc, run)


def _operate(
    file: Path,
    rpc: str,
    network: str,
    account: LocalAccount | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    from zrsign.deployment import operate
    from zrsign.deployment.settings import load

    settings = load(file)
    url, from_block = _where(settings, rpc, network)
    layouts = operate.layouts_file(file)
    if account is None and not dry_run:
        raise UsageError("Who sends?", "Name --key-file, or look first with --dry-run.")

    async def run(w3: Any) -> None:
        if dry_run or account is None:
            me = account.address if account else None
            found = await operate.survey(w3, settings, layouts, me=me, from_block=from_block)
        else:
            found = await operate.apply(
                w3, settings, layouts, account, from_block=from_block, tell=_tell
            )
        _show(found, as_json)

    _connected(url, run)


def _pause(
    file: Path, network: str, rpc: str, account: LocalAccount | None, *, on: bool, as_json: bool
) -> None:
    from zrsign.deployment import operate
    from zrsign.deployment.settings import load

    settings = load(file)
    url, _ = _where(settings, rpc, network)
    if account is None:
        raise UsageError("Who sends?", "Name --key-file, or a network: --profile.")
    _connected(url, lambda w3: operate.pause(w3, settings, account, on=on))
    show_one({"proxy": operate.target_of(settings).proxy, "paused": on}, as_json)


def _tell(change: Change) -> None:
    err.print(f"{change.what}: {change.before or '-'} → {change.after or '-'}", markup=False)


def _show(found: Survey, as_json: bool) -> None:
    """The changes that remain; with JSON also what to sign, for accounts that are elsewhere."""
    rows: list[dict[str, Any]] = []
    for change in found.changes:
        row = {
            "what": change.what,
            "before": change.before,
            "after": change.after,
            "sender": change.sender,
        }
        if as_json:
            row |= {"to": change.to, "value": str(change.value_wei), "data": change.data.hex()}
        rows.append(row)
    show(rows, as_json, empty="Nothing differs.")
    contract = found.state.contract
    state = "not there yet" if contract is None else "paused" if contract.paused else "running"
    err.print(f"{found.target.proxy} on chain {found.state.chain_id}: {state}", markup=False)


def _where(settings: Settings, rpc: str, network: str) -> tuple[str, int]:
    """The RPC's URL and the first block; --rpc wins over the file's."""
    if network:
        entry = settings.network(network)
        return rpc or entry.rpc, entry.from_block
    if not rpc:
        raise UsageError("On which chain?", "Name --network of the file, or --rpc.")
    return rpc, 0


def _sender(
    rpc: str, of_file: str, key_file: Path | None, chain: str, as_: str
) -> tuple[str, LocalAccount | None]:
    """URL and sender: those that are named, else those of the profile, where there is one."""
    from eth_account import Account

    from zrsign.networks.selection import profile_in_use
    from zrsign_daemon.keyfile import read_secret

    account: LocalAccount | None = None
    if key_file is not None:
        account = Account.from_key(read_secret(key_file))
    profile = None if account and (rpc or of_file) else profile_in_use()
    if profile is None:
        return rpc, account
    if not rpc and not of_file:
        rpc = (profile.chain(chain) if chain else profile.evm_chain()).rpc_url
    return rpc, account or profile.account(as_).evm()


def _connected(rpc: str, use: Callable[[Any], Awaitable[None]]) -> None:
    from web3 import AsyncHTTPProvider, AsyncWeb3

    async def run() -> None:
        w3 = AsyncWeb3(AsyncHTTPProvider(rpc))
        try:
            await use(w3)
        finally:
            await w3.provider.disconnect()

    asyncio.run(run())
