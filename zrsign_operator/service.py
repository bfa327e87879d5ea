"""What an operator's process runs."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from zrchain_lite.client import Account, ClientError, LedgerClient
from zrsign_daemon import metrics
from zrsign_daemon.errors import SettingsError
from zrsign_daemon.jsonrpc import JsonRpc
from zrsign_daemon.keyfile import read_secret
from zrsign_daemon.log import get_logger
from zrsign_daemon.loops import Loop, run_all
from zrsign_daemon.retry import Retry
from zrsign_dmpc.ecdsa.arithmetic import release_gil
from zrsign_dmpc.errors import DmpcError
from zrsign_dmpc.run.execution import IdentityKey
from zrsign_operator.enclave.settings import Believed
from zrsign_operator.enclave.simulated import SimulatedEnclave
from zrsign_operator.enclave.simulated import read_secret as read_enclave_secret
from zrsign_operator.errors import NotAMember, NotOrdered, StoreUnusable
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.keys.sealing import write_durably
from zrsign_operator.ledger.answers import AnswerOutbox
from zrsign_operator.ledger.authority import Authority
from zrsign_operator.ledger.view import LedgerSnapshot, LedgerView
from zrsign_operator.operator import Operator
from zrsign_operator.peers.admission import AttestedGate
from zrsign_operator.peers.frames import INCARNATION_BYTES
from zrsign_operator.peers.links import Links
from zrsign_operator.peers.members import Myself
from zrsign_operator.peers.peers import Peers
from zrsign_operator.peers.tls import TlsIdentity, read_or_make
from zrsign_operator.settings import OperatorSettings
from zrsign_operator.sources.seen import Sight
from zrsign_operator.work.lanes import Lanes
from zrsign_operator.work.primes import Primes
from zrsign_operator.work.work import Work
from zrsign_operator.work.yielding import GivingWay

RETRY = Retry(base_s=0.1, cap_s=5.0)
TICK_S = 0.1
"""How often, in seconds, it is looked what time alone makes due; a block or an end is looked at at
once.
"""
REST_S = 0.02
"""Seconds between two looks while blocks come: the answers of others need no look each."""
HELD_S = 0.5
"""A look that took so long was held back by the node, which knew of no other block."""
REPORTING_S = 5.0
"""How often it is looked whether reports are to be told again."""
PATIENT_LOOKS = 60
WAITING_S = 5.0
"""Seconds between two looks at the ledger once no group named this operator for long."""


async def run(settings: OperatorSettings, stop: asyncio.Event) -> None:
    """Operate until `stop`."""
    account = Account.from_secret(read_secret(settings.ledger.key_file))
    identity = IdentityKey(read_enclave_secret(settings.identity_file))
    enclave = SimulatedEnclave(
        read_enclave_secret(settings.enclave_root_file),
        read_enclave_secret(settings.anchor_dir / "sealing"),
    )
    get_logger().warning("the enclave is simulated", measurement=enclave.measurement.hex())
    async with AsyncExitStack() as resources:
        said = await _said(settings, identity, resources)
        holdings = _open_holdings(settings, enclave, identity)
        resources.callback(holdings.close)
        ledger = LedgerClient.of(settings.ledger, account, settings.anchor_dir / "ledger")
        resources.push_async_callback(ledger.close)
        authority = Authority(
            ledger, settings.keyring_address, settings.anchor_dir, settings.keyring_admins
        )
        sources = _sources(settings, ledger, holdings, resources)
        ledger_view = LedgerView(ledger, settings.keyring_address, authority, sources)
        view = await _first_view(ledger_view, identity, settings.poll_interval_s, stop, said)
        if view is None:
            return
        me = view.settings.member_with(identity.public_key).index
        myself = Myself.of(me, identity, _incarnation(settings.state_dir))
        gate = _gate(settings, myself, enclave, ledger_view)
        links = Links(me, _tls(settings), settings.listen, gate)
        peers, outbox = Peers(myself, links, holdings), AnswerOutbox(ledger, account)
        work = _work(settings, resources, myself, peers, holdings, ledger_view, outbox)
        operator = Operator(
            myself, peers, work, holdings, ledger_view, outbox, enclave=enclave.kind
        )
        await links.start(
            operator.on_frame, operator.on_peer, operator.on_silence, operator.on_offence
        )
        resources.push_async_callback(links.stop)
        peers.follow(operator.settings)
        await _run(settings, operator, stop, said)


@dataclass
class Said:
    """What `/healthz` and `/status` say, from the start of the process on."""

    identity: str
    waiting: str = "the ledger was not read yet"
    checks: dict[str, metrics.Check] = field(default_factory=dict)
    status: Callable[[], object] = dict

    def __post_init__(self) -> None:
        self.checks["group"] = lambda: f"waiting for group: {self.waiting}"
        self.status = lambda: {"identity": self.identity, "waiting_for_group": self.waiting}

    def shown(self) -> object:
        """What `/status` says now."""
        return self.status()


async def _said(
    settings: OperatorSettings, identity: IdentityKey, resources: AsyncExitStack
) -> Said:
    """It is served until the end of `resources`, if the settings name a port."""
    said = Said(identity.public_key.hex())
    if settings.metrics_port is not None:
        port, checks = settings.metrics_port, said.checks
        served = metrics.serve(port, checks, status=said.shown)
        await resources.enter_async_context(served)
    return said


def _sources(
    settings: OperatorSettings,
    ledger: LedgerClient,
    holdings: Holdings,
    resources: AsyncExitStack,
) -> Sight | None:
    """Where what contracts ask is seen; None: the ledger is believed. It ends with `resources`."""
    if not settings.chains:
        return None
    # The receiver's rules are most of a node: who does not look need not load them.
    from zrsign_operator.sources.kept import Kept
    from zrsign_operator.sources.receipts import Receipts
    from zrsign_operator.sources.sources import Sources

    chains = {}
    for chain in settings.chains:
        rpc = JsonRpc(chain.rpc_url, timeout_s=chain.rpc_timeout_s)
        resources.push_async_callback(rpc.close)
        chains[chain.caip2] = Receipts(chain, rpc)
    kept = Kept(settings.anchor_dir)
    resources.callback(kept.close)
    caps = {namespace: str(cap) for namespace, cap in settings.max_network_fee.items()}

    def held(ledger_key: int) -> bytes:
        found = holdings.key(ledger_key)
        return found.public_key if found is not None else b""

    return Sources(ledger, chains, kept, caps, held)


def _gate(
    settings: OperatorSettings,
    myself: Myself,
    enclave: SimulatedEnclave,
    ledger_view: LedgerView,
) -> AttestedGate:
    believed = Believed(settings.attestation, enclave.root)
    return AttestedGate(
        settings.keyring_address,
        lambda: ledger_view.last.settings.members[myself.index],
        myself.presence,
        enclave,
        lambda: believed.allowing(ledger_view.last.settings.measurements),
    )


def _work(
    settings: OperatorSettings,
    resources: AsyncExitStack,
    myself: Myself,
    peers: Peers,
    holdings: Holdings,
    ledger_view: LedgerView,
    outbox: AnswerOutbox,
) -> Work:
    """The operator's work, with threads of its own, which end with `resources`."""
    giving_way = GivingWay()
    urgent = ThreadPoolExecutor(settings.threads, initializer=release_gil)
    background = ThreadPoolExecutor(settings.threads, initializer=giving_way.prepare_thread)
    lanes = Lanes(
        resources.enter_context(urgent),
        resources.enter_context(background),
        giving_way,
        settings.threads,
    )
    work = Work(
        myself,
        peers,
        holdings,
        ledger_view,
        outbox,
        primes=Primes(lambda: ledger_view.last.settings.group.level, settings.prime_stock),
        lanes=lanes,
        pool_level=settings.presignatures,
    )
    resources.push_async_callback(work.stop)
    return work


async def _first_view(
    ledger_view: LedgerView,
    identity: IdentityKey,
    interval_s: float,
    stop: asyncio.Event,
    said: Said,
) -> LedgerSnapshot | None:
    """Wait for a group that names this operator; None: stopped before."""
    for attempt in count():
        try:
            view = await ledger_view.read()
            view.settings.member_with(identity.public_key)
        except (NotAMember, NotOrdered, ClientError) as error:
            if str(error) != said.waiting:
                said.waiting = str(error)
                get_logger().warning("waiting", identity=said.identity, why=said.waiting)
        else:
            return view
        wait_s = interval_s if attempt < PATIENT_LOOKS else max(interval_s, WAITING_S)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait_s)
            return None
    raise AssertionError


async def _run(
    settings: OperatorSettings,
    operator: Operator,
    stop: asyncio.Event,
    said: Said,
) -> None:
    clock = asyncio.get_running_loop()

    async def look() -> None:
        seen, began = operator.ledger_view.height, clock.time()
        await operator.look()
        if operator.ledger_view.height > seen or clock.time() - began > HELD_S:
            # The node says when there is more. Blocks that follow each other are seen as one.
            clock.call_later(REST_S, looking.wake)

    looking = Loop("look", look, settings.poll_interval_s, RETRY)
    answering = Loop("answer", operator.outbox.flush, 1.0, RETRY)
    operator.outbox.wake = answering.wake

    async def tick() -> None:
        if operator.holdings.is_broken or operator.peers.memory.later is not None:
            stop.set()
        operator.tick()

    ticking = Loop("tick", tick, TICK_S, RETRY)
    reporting = Loop("report", operator.report_again, REPORTING_S, RETRY)
    loops = (looking, answering, ticking, reporting)
    said.status = operator.status
    said.checks |= {each.name: each.health for each in loops}
    del said.checks["group"]
    await run_all(loops, stop)
    later = operator.peers.memory.later
    if later is not None:
        raise StoreUnusable(
            f"The journal in {settings.state_dir} has {operator.holdings.single_use.count} "
            f"entries, and peers hold this operator's own signature on {later.count}: a snapshot "
            "of this machine was brought back. Nothing more was signed. Move the directory away, "
            "run `zrsign operators restore` with it, start again, and order a refresh, so that "
            "an epoch begins for which nothing was used."
        )
    if operator.holdings.is_broken:
        raise StoreUnusable(
            f"A write to {settings.state_dir} failed, so what is on the disk is unknown. Nothing "
            "was signed with what was to be struck off. See to the disk, and start again."
        )


def _open_holdings(
    settings: OperatorSettings, enclave: SimulatedEnclave, identity: IdentityKey
) -> Holdings:
    try:
        return Holdings(settings.state_dir, settings.anchor_dir, enclave, identity)
    except (DmpcError, OSError) as error:
        raise StoreUnusable(
            f"{settings.state_dir} cannot be used: {error}. Nothing was changed; if it is lost, "
            f"move it and {settings.anchor_dir}/*.anchor away: the others' shares keep the keys "
            "alive."
        ) from None


def _tls(settings: OperatorSettings) -> TlsIdentity:
    try:
        return read_or_make(settings.tls_key_file, settings.tls_certificate_file)
    except OSError as error:
        raise SettingsError(f"Cannot read the TLS key or certificate: {error}.") from None


def _incarnation(state: Path) -> bytes:
    """Made with the single-use journal, and gone with it."""
    path = state / "incarnation"
    if not path.exists():
        write_durably(path, secrets.token_bytes(INCARNATION_BYTES))
    return path.read_bytes()
