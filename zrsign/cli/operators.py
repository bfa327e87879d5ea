"""`zrsign operators`: who holds the keys, what is ready, who misbehaved, and what is ordered.

Orders are transactions of the keyring's administrator. In a local network that is its account
`authority`; elsewhere `--ledger`, `--keyring` and `--key-file` say which.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zrsign.cli.keyring_access import Access, Address, KeyFile, Ledger, State
from zrsign.cli.render import Json, err, out, show, show_one
from zrsign.errors import NetworkError, UsageError
from zrsign.extras import require

if TYPE_CHECKING:
    from zrchain_lite.wire.zrsign.operators.operators_pb2 import Root
    from zrsign.administration import Keyring, Progress

Wait = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Wait until every key has its new shares.")
]
WAIT_S = 600
POLL_S = 0.5

operators = typer.Typer(help="Who holds the keys of a keyring.", no_args_is_help=False)


@operators.callback(invoke_without_command=True)
def status(
    context: typer.Context,
    state: State = None,
    ledger: Ledger = "",
    keyring: Address = "",
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """The operators of the running network, as each of them sees it."""
    context.obj = Access(state, ledger, keyring, key_file)
    if context.invoked_subcommand is not None:
        return
    from zrsign.local.network import committee, manifest

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
    show([_row(each) for each in found], as_json=False)
    for each in found:
        for fault in each.status.get("faults", ()):
            culprits = ", ".join(str(index) for index, _ in fault["culprits"])
            out.print(f"{each.name} caught {culprits} at {fault['kind']}: {fault['why']}")


@operators.command()
def group(context: typer.Context, as_json: Json = False) -> None:
    """The group that is to hold all keys, and how far its orders are carried out."""

    async def work(keyring: Keyring) -> dict[str, Any]:
        settings, progress = await keyring.settings(), await keyring.progress()
        current = settings.groups[-1]
        return {
            "keyring": keyring.address,
            "group": current.number,
            "threshold": current.threshold,
            "members": [member.index for member in current.members],
            "level": current.level,
            "roots": [_root(each) for each in settings.roots],
            "absent": current.absent,
            "refresh": settings.refresh_number,
            "keys": progress.keys,
            "keys_done": progress.done,
            "measurements": [f"{m.kind} {m.value.hex()}" for m in settings.measurements],
            "pardons": {str(each.index): each.count for each in settings.pardons},
        }

    show_one(context.obj.run(work), as_json)


@operators.command()
def refresh(context: typer.Context, wait: Wait = True, as_json: Json = False) -> None:
    """Give every operator a new share of every key. Addresses stay what they are."""

    async def work(keyring: Keyring) -> dict[str, Any]:
        number = await keyring.order_refresh()
        progress = await _follow(keyring) if wait else await keyring.progress()
        return {"refresh": number, **_progress(progress)}

    show_one(context.obj.run(work), as_json)


@operators.command()
def reshare(
    context: typer.Context,
    threshold: Annotated[int, typer.Option("--threshold", "-t", help="How many sign.")],
    members: Annotated[
        str, typer.Option("--members", help='Indices in the local network: "1-16", "1,2,5".')
    ] = "",
    cards: Annotated[
        list[Path] | None, typer.Option("--card", help="Card of a member; once for each.")
    ] = None,
    level: Annotated[str, typer.Option("--level", help="Default: as it is.")] = "",
    roots: Annotated[
        int | None,
        typer.Option("--roots", help="Root keys for each way to sign. Default: as it is, or 1."),
    ] = None,
    absent: Annotated[
        int | None,
        typer.Option(
            "--absent", help="Who may be away when a key is made. Default: as it is, or 0."
        ),
    ] = None,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Hand all keys to another group or threshold, while requests go on."""
    from zrsign.administration import MemberCard
    from zrsign.local.network import manifest
    from zrsign.local.network.operators import PREFIX
    from zrsign.local.network.operators import cards as cards_of

    if bool(members) == bool(cards):
        raise UsageError("A group has members.", "Give --members or --card, not both.")
    if cards:
        chosen = [MemberCard.read(path) for path in cards]
    else:
        network = manifest.load(context.obj.state).require_running()
        chosen = cards_of(network, [f"{PREFIX}{i}" for i in _indices(members)])

    async def work(keyring: Keyring) -> dict[str, Any]:
        known = (await keyring.settings()).groups
        wanted = level or (known[-1].level if known else "PAILLIER_3072")
        messages = [card.message() for card in chosen]
        number = await keyring.set_group(threshold, wanted, messages, roots=roots, absent=absent)
        if not wait:
            return {"group": number, **_progress(await keyring.progress())}
        progress = await _follow(keyring)
        await keyring.conclude()
        return {"group": number, **_progress(progress)}

    show_one(context.obj.run(work), as_json)


@operators.command()
def faults(context: typer.Context, as_json: Json = False) -> None:
    """Who was caught, as the operators reported it on the ledger."""

    async def work(keyring: Keyring) -> list[dict[str, Any]]:
        return [
            {
                "culprit": fault.culprit,
                "at": fault.protocol,
                "why": fault.reason,
                "reported_by": fault.reporter_index,
                "height": fault.height,
                "evidence": fault.evidence_digest.hex()[:16],
            }
            for fault in await keyring.faults()
        ]

    show(context.obj.run(work), as_json, empty="Nobody was caught.")


@operators.command()
def pardon(context: typer.Context, index: int, as_json: Json = False) -> None:
    """Let an operator that was caught take part again, once its fault is repaired."""

    async def work(keyring: Keyring) -> dict[str, Any]:
        return {"operator": index, "pardons": await keyring.pardon(index)}

    show_one(context.obj.run(work), as_json)


@operators.command()
def allow(
    context: typer.Context,
    measurements: Annotated[
        list[str] | None, typer.Argument(help="KIND:HEX; default: of the code installed here.")
    ] = None,
    only: Annotated[bool, typer.Option("--only", help="Remove all others.")] = False,
    as_json: Json = False,
) -> None:
    """Admit operators that run code with these measurements."""
    from zrsign.local.network.operators import measurement

    added = {_measurement(text) for text in measurements} if measurements else {measurement()}

    async def work(keyring: Keyring) -> list[dict[str, Any]]:
        known = {(m.kind, m.value) for m in (await keyring.settings()).measurements}
        allowed = added if only else known | added
        await keyring.allow(allowed)
        return [{"kind": kind, "measurement": value.hex()} for kind, value in sorted(allowed)]

    show(context.obj.run(work), as_json)


@operators.command()
def join(
    context: typer.Context,
    count: Annotated[int, typer.Option("--count", min=1, max=16, help="How many.")] = 1,
    as_json: Json = False,
) -> None:
    """Start further operators of the local network, until Ctrl-C; then `reshare` to them."""
    require("network")
    from zrsign.local.network import manifest
    from zrsign.local.network.joiners import join as start
    from zrsign.local.network.ports import Ports
    from zrsign.local.network.process import Supervisor

    async def work(keyring: Keyring) -> None:
        network = manifest.load(context.obj.state)
        supervisor = Supervisor(network.state_dir / "logs")
        try:
            joined = await start(network, keyring.address, count, Ports.free(), supervisor)
            show_one({"waiting_for_a_group": list(joined.names)}, as_json)
            err.print("Next: zrsign operators reshare --threshold T --members 1-N")
            await supervisor.watch()
        finally:
            await supervisor.stop()

    context.obj.run(work)


@operators.command()
def card(
    config: Annotated[Path, typer.Option("--config", help="The operator's settings.")],
    index: Annotated[int, typer.Option("--index", help="1 to 65535, the operator's for good.")],
    endpoint: Annotated[str, typer.Option("--endpoint", help="host:port for its peers.")] = "",
    as_json: Json = False,
) -> None:
    """What an administrator needs to know of an operator, as JSON."""
    from zrsign.administration import card_of

    shown = card_of(config, index, endpoint).model_dump_json()
    out.print_json(shown, indent=None if as_json else 2)


@operators.command()
def restore(
    config: Annotated[Path, typer.Option("--config", help="The operator's settings.")],
    backup: Annotated[Path, typer.Argument(help="A copy of its state directory.")],
    as_json: Json = False,
) -> None:
    """Bring back an operator's sealed shares. What may have been used since is left out."""
    from zrsign_daemon.settings import load
    from zrsign_operator.keys.restore import restore as bring_back
    from zrsign_operator.settings import OperatorSettings

    restored = bring_back(load(OperatorSettings, config), backup)
    show_one(asdict(restored), as_json)


async def _follow(keyring: Keyring) -> Progress:
    with err.status("waiting for the operators") as line:
        progress = await keyring.progress()
        for _ in range(int(WAIT_S / POLL_S)):
            if progress.done == progress.keys:
                return progress
            line.update(f"{progress.done} of {progress.keys} keys have their new shares")
            await asyncio.sleep(POLL_S)
            progress = await keyring.progress()
    raise NetworkError(
        f"{progress.done} of {progress.keys} keys have new shares after {WAIT_S} s.",
        "All members of the group must be up: zrsign operators",
    )


def _root(root: Root) -> str:
    """Its number among those of its key type, and how many hold it."""
    name = root.key_type.removeprefix("KEY_TYPE_").lower()
    state = "" if root.height else ", not active"
    return f"{name} {root.number}: held by {root.holders}{state}"


def _progress(progress: Progress) -> dict[str, int]:
    return {"keys": progress.keys, "keys_done": progress.done}


def _indices(text: str) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        low, dash, high = part.partition("-")
        if not low.isdigit() or (dash and not high.isdigit()):
            raise UsageError(f"{text!r} names no operators.", 'Write "1-16" or "1,2,5".')
        found += range(int(low), int(high or low) + 1)
    return found


def _measurement(text: str) -> tuple[str, bytes]:
    kind, _, value = text.partition(":")
    try:
        measured = bytes.fromhex(value)
    except ValueError:
        measured = b""
    if kind and measured:
        return kind, measured
    raise UsageError(f"{text!r} is no measurement.", "Write KIND:HEX.")


def _row(each: Any) -> dict[str, Any]:
    if each.fault:
        unknown = dict.fromkeys(("sees", "without", "keys", "ready", "signed"), "")
        return {"operator": each.name, **unknown, "state": each.fault}
    status = each.status
    usable, members = status["usable"], status["members"]
    return {
        "operator": each.name,
        "sees": f"{len(set(usable) & set(members))} of {len(members)}",
        "without": ", ".join(str(i) for i in members if i not in usable) or "·",
        "keys": len(status["keys"]),
        "ready": sum(key["presignatures"] for key in status["keys"]),
        "signed": status["signatures"],
        "state": f"enclave {status['enclave']}",
    }
