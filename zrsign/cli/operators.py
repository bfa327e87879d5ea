"""`zrsign operators`: who holds the keys, what is ready, who misbehaved."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from zrsign.cli.render import Json, out, show
from zrsign.errors import NetworkError

State = Annotated[Path | None, typer.Option("--state", help="State directory.")]


def operators(state: State = None, as_json: Json = False) -> None:
    """The operators of the running network, as each of them sees it."""
    from zrsign.network import committee, manifest

    network = manifest.load(state).require_running()
    found = asyncio.run(committee.reports(network))
    if not found:
        raise NetworkError(
            "This network has the development keyring, and no operators.",
            "Start one with operators: zrsign up --keyring 6-of-8",
        )
    if as_json:
        show([asdict(each) for each in found], as_json=True)
        return
    out.print(committee.summary(found), markup=False)
    out.print(_table(found))
    for each in found:
        for fault in each.status.get("faults", ()):
            out.print(f"{each.name}: {fault['kind']} {fault['culprits']}: {fault['why']}")


def _table(found: list[Any]) -> Table:
    table = Table(box=None)
    for column in ("operator", "sees", "without", "keys", "ready", "signed", "state"):
        table.add_column(column, justify="left" if column in ("operator", "state") else "right")
    for each in found:
        status = each.status
        if each.fault:
            table.add_row(each.name, "", "", "", "", "", each.fault)
            continue
        usable, members = status["usable"], status["members"]
        ready = sum(key["presignatures"] for key in status["keys"])
        table.add_row(
            each.name,
            f"{len(usable)} of {len(members)}",
            ", ".join(str(i) for i in members if i not in usable) or "·",
            str(len(status["keys"])),
            str(ready),
            str(status["signatures"]),
            f"enclave {status['enclave']}",
        )
    return table
