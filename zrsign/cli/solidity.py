"""`zrsign contracts path`, `abi` and `example`: what a project of one's own takes from here."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Annotated

import typer

from zrsign.cli.render import Json, out

contracts = typer.Typer(no_args_is_help=True, help="Solidity sources and ABIs for dApps.")


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(contracts, name="contracts")


@contracts.command()
def path(as_json: Json = False) -> None:
    """Print the folder of the sources, for a remapping, an ape dependency or `npm pack`.

    forge build --remappings @zrsign/contracts/=$(zrsign contracts path)/
    """
    from zrsign.contracts import sources

    found = str(sources())
    out.print(json.dumps({"path": found}) if as_json else found, markup=False, soft_wrap=True)


@contracts.command()
def abi(
    contract: Annotated[
        str, typer.Argument(help="A packaged contract, or a compiler's JSON file; all when empty.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Print a contract's ABI as JSON, or the names of the packaged contracts."""
    from zrsign.contracts import artifact, names

    if not contract:
        out.print(json.dumps(names()) if as_json else "\n".join(names()), markup=False)
        return
    shown = json.dumps(artifact(contract).abi, indent=None if as_json else 1)
    out.print(shown, markup=False, soft_wrap=True)


@contracts.command()
def example(as_json: Json = False) -> None:
    """Print a deployment's file to start from; `zrsign deploy FILE` carries one out."""
    text = files("zrsign.deployment").joinpath("deployment.yaml").read_text(encoding="utf-8")
    shown = json.dumps({"deployment.yaml": text}) if as_json else text.rstrip()
    out.print(shown, markup=False, soft_wrap=True)
