"""Carry out the deployment plan of `zrsign.deploy` with ape's provider and accounts.

    ape run deploy --network ethereum:local:foundry
    ape run deploy --network ethereum:sepolia:node --account NAME --mpc 0x… --proxy-admin 0x…

On a local network the accounts of the development node stand in for whatever is not named.
`ape-config.yaml` says how ape finds the compiler and Anvil.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from ape import accounts
from ape.cli import ConnectedProviderCommand

from zrsign.deploy import DeployError, Deployment, Mode, Plan, Step, build, deployment

if TYPE_CHECKING:
    from ape.api import AccountAPI, ProviderAPI, ReceiptAPI

MODES = [mode.value for mode in Mode]


@click.command(cls=ConnectedProviderCommand)
@click.option("--mode", type=click.Choice(MODES), default=Mode.DIRECT.value, show_default=True)
@click.option("--account", help="Name of the deployer among ape's accounts.")
@click.option("--mpc", help="Address that signs answers.")
@click.option("--proxy-admin", help="Address that may upgrade; not the deployer.")
def cli(
    provider: ProviderAPI, mode: str, account: str | None, mpc: str | None, proxy_admin: str | None
) -> None:
    """Deploy and configure a proxy with its implementation and library."""
    local = list(accounts.test_accounts)[:3] if provider.network.is_dev else []
    named = {"--account": account, "--proxy-admin": proxy_admin, "--mpc": mpc}
    missing = [option for option, value in named.items() if not value]
    if missing and not local:
        raise click.UsageError(f"Outside a local network name {', '.join(missing)}.")
    deployer = accounts.load(account) if account else local[0]
    plan = Plan(Mode(mode), mpc or local[2].address, proxy_admin or local[1].address)
    done = deploy(provider, deployer, plan)
    click.echo(f"{mode} {done.address} (chain {done.chain_id}, block {done.block_number})")
    click.echo(f"implementation {done.implementation}")
    click.echo(f"library {done.library}")


def deploy(provider: ProviderAPI, deployer: AccountAPI, plan: Plan) -> Deployment:
    """Send the plan's transactions one by one; raises `DeployError` when one reverts."""
    nonce = deployer.nonce
    addresses, steps = build(plan, deployer.address, nonce)
    receipts = [send(provider, deployer, step, nonce + place) for place, step in enumerate(steps)]
    created = next(r for r in receipts if r.contract_address == addresses.proxy)
    return deployment(plan, provider.chain_id, addresses, created.block_number)


def send(provider: ProviderAPI, deployer: AccountAPI, step: Step, nonce: int) -> ReceiptAPI:
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
