"""`zrsign request key|hash|data|tx|simple` and `zrsign track`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zrsign.cli.networks import on_network
from zrsign.cli.render import Json, err, out, show, show_one
from zrsign.errors import UsageError

if TYPE_CHECKING:
    from zrsign.networks.network import Network
    from zrsign.sdk import Handle, Waiting, ZrSign
    from zrsign.track import Road
    from zrsign_chains.wallets import WalletType

Wallet = Annotated[
    str, typer.Argument(help="evm, btc, btc-test, sol, cosmos, or a SLIP-44 coin type.")
]
Index = Annotated[int, typer.Option("--index", min=0, help="Which of the account's wallets.")]
To = Annotated[str, typer.Option("--chain", help="CAIP-2 id of the destination or its name here.")]
Mode = Annotated[str, typer.Option("--mode", help="omni or direct: which contract to call.")]
As = Annotated[str, typer.Option("--as", help="Account of the network that calls the contract.")]
State = Annotated[Path | None, typer.Option("--state", help="State directory of the network.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the answer.")]
Broadcast = Annotated[bool, typer.Option("--broadcast/--no-broadcast", help="Send it when signed.")]


def register(app: typer.Typer) -> None:
    """Add the commands that ask a contract, and the one that follows a request."""
    request = typer.Typer(help="Ask a zrSign contract.", no_args_is_help=True)
    request.command("key")(on_network(key))
    request.command("hash")(on_network(sign_hash))
    request.command("data")(on_network(sign_data))
    request.command("tx")(on_network(sign_tx))
    request.command("simple")(on_network(simple))
    request.command("workspace")(on_network(new_workspace))
    app.add_typer(request, name="request")
    app.command()(on_network(track))


def wallet_type(name: str) -> WalletType:
    """The wallet type of a name such as "evm" or "btc". Raises UsageError."""
    from zrsign_chains import WALLET_TYPES, wallet_type_by_coin

    by_word = {wallet.word: wallet for wallet in WALLET_TYPES}
    if (found := by_word.get(name.lower())) is not None:
        return found
    if not name.isdecimal():
        known = ", ".join(by_word)
        raise UsageError(f"No wallet type {name!r}.", f"Use one of: {known}, or a coin type.")
    return wallet_type_by_coin(int(name))


def _bytes(text: str, what: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise UsageError(f"{what} is not hexadecimal: {text[:40]!r}", "Give it as 0x…") from None


def key(
    wallet: Wallet,
    monitoring: Annotated[
        bool, typer.Option("--monitoring", help="Let the network manage nonce, gas and UTXOs.")
    ] = False,
    mode: Mode = "omni",
    as_: As = "user",
    state: State = None,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Ask for the account's next wallet of a type."""
    from zrsign.sdk import Options

    options = Options.MONITORING if monitoring else Options.NORMAL
    chosen = wallet_type(wallet)
    _ask(lambda zr: zr.request_key(chosen, options=options), mode, as_, state, wait, as_json)


def sign_hash(
    wallet: Wallet,
    digest: Annotated[str, typer.Argument(help="32 bytes, hexadecimal.")],
    chain: To = "",
    index: Index = 0,
    mode: Mode = "omni",
    as_: As = "user",
    state: State = None,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Ask for the signature of a digest, as it is."""
    raw, chosen = _bytes(digest, "The digest"), wallet_type(wallet)
    caip2 = _caip2(chain, chosen, "evm-source", state)
    _ask(lambda zr: zr.sign_hash(chosen, index, caip2, raw), mode, as_, state, wait, as_json)


def sign_data(
    wallet: Wallet,
    message: Annotated[str, typer.Argument(help="Text, or 0x… for bytes.")],
    chain: To = "",
    index: Index = 0,
    mode: Mode = "omni",
    as_: As = "user",
    state: State = None,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Ask for the signature of a message."""
    data = _bytes(message, "The message") if message.startswith("0x") else message.encode()
    chosen = wallet_type(wallet)
    caip2 = _caip2(chain, chosen, "evm-source", state)
    _ask(lambda zr: zr.sign_data(chosen, index, caip2, data), mode, as_, state, wait, as_json)


def sign_tx(
    wallet: Wallet,
    unsigned: Annotated[str, typer.Argument(help="Unsigned transaction, hexadecimal.")],
    chain: To = "",
    index: Index = 0,
    broadcast: Broadcast = True,
    mode: Mode = "omni",
    as_: As = "user",
    state: State = None,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Ask for the signature of a whole transaction, and for its delivery."""
    raw, chosen = _bytes(unsigned, "The transaction"), wallet_type(wallet)
    caip2 = _caip2(chain, chosen, "evm-destination", state)
    _ask(
        lambda zr: zr.sign_tx(chosen, index, caip2, raw, broadcast=broadcast),
        *(mode, as_, state, wait, as_json),
    )


def simple(
    wallet: Wallet,
    to: Annotated[str, typer.Argument(help="The recipient's address.")],
    value: Annotated[int, typer.Argument(min=0, help="In the chain's smallest unit.")],
    chain: To = "",
    data: Annotated[str, typer.Option("--data", help="Call data, hexadecimal.")] = "",
    index: Index = 0,
    broadcast: Broadcast = True,
    mode: Mode = "omni",
    as_: As = "user",
    state: State = None,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Ask for a payment; the network finds nonce, fees and inputs. Needs a --monitoring wallet."""
    raw, chosen = _bytes(data, "The data"), wallet_type(wallet)
    caip2 = _caip2(chain, chosen, "evm-destination", state)
    _ask(
        lambda zr: zr.sign_simple_tx(chosen, index, caip2, to, value, raw, broadcast=broadcast),
        *(mode, as_, state, wait, as_json),
    )


def new_workspace(
    owners: Annotated[
        list[str] | None, typer.Argument(help="Further owners: ledger or EVM addresses.")
    ] = None,
    index: Index = 0,
    mode: Mode = "omni",
    as_: As = "user",
    state: State = None,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Open a workspace on the ledger, owned by the contract's Cosmos wallet."""
    from zrsign.sdk import COSMOS, cosmos

    async def ask(zr: ZrSign) -> Handle:
        address = await zr.wallet_address(COSMOS, index)
        message = cosmos.new_workspace(address, additional_owners=tuple(owners or ()))
        return await zr.sign_ledger_tx(index, message)

    _ask(ask, *(mode, as_, state, wait, as_json))


def _caip2(chain: str, wallet: WalletType, evm: str, state: Path | None) -> str:
    """The destination that was named, else the one of this network that fits the wallet."""
    from zrsign.networks import selection
    from zrsign_chains import ChainId

    if ":" in chain:
        return chain
    network = selection.load(state)
    if chain:
        return network.chain(chain).caip2
    fitting = {
        entry.name: entry.caip2
        for entry in network.destinations
        if ChainId.parse(entry.caip2).namespace == wallet.namespace
    }
    if not fitting:
        raise UsageError(
            f"No chain of this network is one that a {wallet.name} wallet signs for.",
            "Name the destination: --chain",
        )
    return fitting.get(evm) or next(iter(fitting.values()))


def _ask(
    call: Callable[[ZrSign], Awaitable[Handle]],
    mode: str,
    account: str,
    state: Path | None,
    wait: bool,
    as_json: bool,
) -> None:
    from zrsign.networks import selection
    from zrsign.sdk import ContractMode
    from zrsign.sdk.client import ZrSign

    network = selection.load(state).require_running()
    if mode not in list(ContractMode):
        raise UsageError(f"No mode {mode!r}.", "Use --mode omni or --mode direct.")

    async def ask() -> None:
        async with ZrSign.of(network, account, mode=ContractMode(mode)) as zr:
            handle = await call(zr)
            err.print(f"asked  {handle.ref} on {handle.ref.chain}", markup=False)
            if not wait:
                show_one({"source_tx": str(handle.ref), "trace_id": handle.ref.trace_id}, as_json)
                return
            from zrsign.track import road

            answered = await handle.request(tell=lambda one: _tell(one, network, as_json))
            _show_road(road(answered), as_json)

    asyncio.run(ask())


def track(
    reference: Annotated[
        str,
        typer.Argument(help="Ledger request id, source transaction hash (0x…), or 0x…:log index."),
    ] = "",
    trace: Annotated[
        int | None, typer.Option("--trace", min=0, help="The contract's trace id; needs --mode.")
    ] = None,
    mode: Mode = "omni",
    follow: Annotated[bool, typer.Option("--follow", help="Until the request is final.")] = False,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Show a request's whole road with times. Works on a stopped network too."""
    from zrsign.local.network import access
    from zrsign.networks import selection
    from zrsign.sdk.answers import is_final
    from zrsign.sdk.waiting import awaited
    from zrsign.track import road

    if bool(reference) == (trace is not None):
        raise UsageError("Name one request.", "zrsign track 5, zrsign track 0x…, or --trace 0")
    network = selection.load(state)

    async def show() -> None:
        async with access.receiver(network) as receiver:
            find = access.finder(network, receiver, reference, trace, mode)
            found = await find()
            while follow and not all(map(is_final, found)):
                await asyncio.sleep(0.2)
                found = await find()
            for request in found:
                waiting = await awaited(receiver.client, request)
                _show_road(road(request, waiting), as_json)
                if waiting is not None and not as_json:
                    _tell(waiting, network, as_json)

    asyncio.run(show())


def _tell(waiting: Waiting, network: Network, as_json: bool) -> None:
    """Say on standard error that people have to approve, and how; the rest passes by itself."""
    if not waiting.approvals:
        return
    names = network.names()
    if as_json:
        err.print(json.dumps({"waits_for": waiting.as_json(names)}), markup=False, soft_wrap=True)
        return
    commands = ", ".join(waiting.next_steps(names))
    err.print(f"{waiting}: {commands}", markup=False, soft_wrap=True)


def _show_road(shown: Road, as_json: bool) -> None:
    if as_json:
        out.print_json(json.dumps(shown.as_json()))
        return
    show_one(shown.facts, as_json=False)
    out.print()
    rows = [
        {
            "after": f"{step.after_s:.2f} s",
            "height": step.height,
            "step": step.name,
            "detail": step.detail,
        }
        for step in shown.steps
    ]
    show(rows, as_json=False, blocks=False)
