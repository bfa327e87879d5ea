"""Deploy and operate contracts with ape's provider and accounts; the plan itself is in `zrsign`.

    ape run deploy --network ethereum:sepolia:node --file FILE.yaml --dry-run
    ape run deploy --network ethereum:sepolia:node --file FILE.yaml --account NAME
    ape run deploy --network ethereum:local:foundry

With a file: the difference between it and the chain, and what the account may send of it. Without
one, on a development chain: a deployment for the hour. `ape-config.yaml` says how ape finds the
compiler and Anvil.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from ape import accounts
from ape.cli import ConnectedProviderCommand
from web3 import AsyncHTTPProvider, AsyncWeb3

from zrsign.deployment import operate
from zrsign.deployment.plan import DeployError, Deployment, Mode, Plan, Step, build, deployment
from zrsign.deployment.settings import Settings, load

if TYPE_CHECKING:
    from ape.api import AccountAPI, ProviderAPI, ReceiptAPI

    from zrsign.deployment.changes import Change

MODES = [mode.value for mode in Mode]


@click.command(cls=ConnectedProviderCommand)
@click.option("--file", type=click.Path(path_type=Path), help="What should be (YAML).")
@click.option("--dry-run", is_flag=True, help="With a file: print the difference, send nothing.")
@click.option("--account", help="Name of the sender among ape's accounts.")
@click.option("--mode", type=click.Choice(MODES), default=Mode.DIRECT.value, show_default=True)
@click.option("--mpc", help="Without a file: address that signs answers.")
@click.option("--proxy-admin", help="Without a file: address that may upgrade; not the deployer.")
def cli(
    provider: ProviderAPI,
    file: Path | None,
    dry_run: bool,
    account: str | None,
    mode: str,
    mpc: str | None,
    proxy_admin: str | None,
) -> None:
    """Deploy contracts, or bring a deployment to what its file says."""
    local = list(accounts.test_accounts)[:3] if provider.network.is_dev else []
    if file is None and dry_run:
        raise click.UsageError("A dry run compares with a file; name --file.")
    if file is not None:
        sender = accounts.load(account) if account else (local[0] if local else None)
        if sender is None and not dry_run:
            raise click.UsageError("Outside a local network name --account.")
        bring(provider, file, load(file), sender, dry_run=dry_run)
        return
    named = {"--account": account, "--proxy-admin": proxy_admin, "--mpc": mpc}
    missing = [option for option, value in named.items() if not value]
    if missing and not local:
        raise click.UsageError(f"Outside a local network name {', '.join(missing)}, or --file.")
    deployer = accounts.load(account) if account else local[0]
    plan = Plan(Mode(mode), mpc or local[2].address, proxy_admin or local[1].address)
    done = deploy(provider, deployer, plan)
    click.echo(f"{mode} {done.address} (chain {done.chain_id}, block {done.block_number})")
    click.echo(f"implementation {done.implementation}")
    click.echo(f"library {done.library}")


def bring(
    provider: ProviderAPI,
    file: Path,
    settings: Settings,
    sender: AccountAPI | None,
    *,
    dry_run: bool,
) -> None:
    """Print the difference; unless it is a dry run, send the sender's part and print the rest."""
    layouts = operate.layouts_file(file)
    networks = settings.networks.values()
    url = str(getattr(provider, "uri", "") or provider.http_uri)
    from_block = next((each.from_block for each in networks if each.rpc == url), 0)
    me = sender.address if sender else None

    async def look(w3: Any) -> operate.Survey:
        return await operate.survey(w3, settings, layouts, me=me, from_block=from_block)

    async def run() -> operate.Survey:
        w3 = AsyncWeb3(AsyncHTTPProvider(url))
        try:
            found = await look(w3)
            if dry_run or sender is None:
                return found

            async def one(change: Change) -> None:
                send_change(provider, sender, change)

            await operate.carry_out(found, settings, layouts, sender.address, one, tell)
            return await look(w3)
        finally:
            await w3.provider.disconnect()

    found = asyncio.run(run())
    for change in found.changes:
        click.echo(f"needs {change.sender}: ", nl=False)
        tell(change)
    left = f"{len(found.changes)} changes to send" if found.changes else "as the file says"
    click.echo(f"{settings.mode} {found.target.proxy} (chain {provider.chain_id}): {left}")


def tell(change: Change) -> None:
    """Print what a change changes."""
    click.echo(f"{change.what}: {change.before or '-'} → {change.after or '-'}")


def send_change(provider: ProviderAPI, sender: AccountAPI, change: Change) -> None:
    """Send the transaction of a change and wait until it is in a block."""
    if change.raw:
        provider.web3.eth.wait_for_transaction_receipt(
            provider.web3.eth.send_raw_transaction(change.raw)
        )
        return
    transaction = provider.network.ecosystem.create_transaction(
        chain_id=provider.chain_id, receiver=change.to, data=change.data, value=change.value_wei
    )
    receipt = sender.call(transaction)
    if receipt.failed:
        raise DeployError(f"{change.what} reverted: {receipt.txn_hash}.")


def deploy(provider: ProviderAPI, deployer: AccountAPI, plan: Plan) -> Deployment:
    """Send the plan's transactions one by one; raises `DeployError` when one reverts."""
    nonce = deployer.nonce
    addresses, steps = build(plan, deployer.address, nonce)
    receipts = [send(provider, deployer, step, nonce + place) for place, step in enumerate(steps)]
    created = next(r for r in receipts if r.contract_address == addresses.proxy)
    return deployment(plan, provider.chain_id, addresses, created.block_number)


def send(provider: ProviderAPI, deployer: AccountAPI, step: Step, nonce: int) -> ReceiptAPI:
    """Send one step of a plan with this nonce and wait until it is in a block."""
    transaction = provider.network.ecosystem.create_transaction(
        chain_id=provider.chain_id,
        data=step.data,
        gas_limit=step.gas,
        nonce=nonce,
        **({} if step.to is None else {"receiver": step.to}),
    )
    receipt = deployer.call(transaction)
    if receipt.failed:
        raise DeployError(f"{step.label} reverted: {receipt.txn_hash}.")
    return receipt
