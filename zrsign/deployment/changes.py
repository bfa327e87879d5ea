"""The difference between what should be and what is, as transactions in the order to send them.

Every change says who must send it. Accounts get roles before others lose them, and whoever
administers now gives that up last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain as chained

from eth_abi import grammar
from eth_abi.abi import encode
from eth_typing import ChecksumAddress
from eth_utils.abi import function_signature_to_4byte_selector
from eth_utils.crypto import keccak

from zrsign.deployment.create2 import (
    CREATE2_DEPLOYER,
    PRESIGNED,
    PRESIGNED_COST_WEI,
    PRESIGNED_SENDER,
    Creation,
)
from zrsign.deployment.plan import FEE_ROLE, DeployError, Mode
from zrsign.deployment.settings import ADMIN_ROLE, ROLE_NAMES, Settings
from zrsign.deployment.state import Contract, State

SAFETY_FIELDS = (
    *("strictness", "cancel_delay_s"),
    *("max_mpc_fee_wei", "max_resp_gas", "max_resp_gas_price_buffer"),
)


@dataclass(frozen=True)
class Change:
    """One transaction of `sender` to `to`. With `raw` it is signed already and goes as it is."""

    what: str
    before: str
    after: str
    sender: str
    to: ChecksumAddress
    data: bytes = field(default=b"", repr=False)
    value_wei: int = 0
    raw: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Placement:
    """Where the plan puts things."""

    creations: tuple[Creation, ...]
    proxy: ChecksumAddress

    @property
    def implementation(self) -> Creation:
        """The deployment of the contract that the proxy points to."""
        return self.creations[1]

    @property
    def factory(self) -> Creation:
        """The deployment of the factory that makes the proxy."""
        return self.creations[2]


def difference(
    settings: Settings, target: Placement, state: State, me: str | None = None
) -> tuple[Change, ...]:
    """Everything that is not as it should be. Where several may send, `me` does.

    Raises `DeployError` when nobody could administer afterwards.
    """
    contract = state.contract or Contract(
        implementation=target.implementation.address,
        proxy_admin=settings.proxy_admin,  # type: ignore[arg-type]
        holders={ADMIN_ROLE: frozenset({settings.deployer})},
    )
    if not contract.holders.get(ADMIN_ROLE):
        raise DeployError(f"{target.proxy} has no administrator, so nothing can be configured.")
    found = _Found(settings, target, contract, me)
    return (
        *_creations(settings, target, state, me),
        *found.upgrade(),
        *found.safety(),
        *found.support(),
        *found.grants(),
        *found.fees(),
        *found.revocations(),
    )


def _creations(
    settings: Settings, target: Placement, state: State, me: str | None
) -> Iterator[Change]:
    yield from creation_changes(settings, target.creations, state, me)
    if state.contract is None:
        arguments = [target.implementation.address, settings.proxy_admin, settings.salt_bytes]
        data = call_data("create(address,address,bytes32)", arguments)
        factory = target.factory.address
        yield Change("proxy", "", target.proxy, settings.deployer, factory, data)


def creation_changes(
    settings: Settings, wanted: Sequence[Creation], state: State, me: str | None
) -> Iterator[Change]:
    """The contracts of `wanted` that are not there yet, and what creates them."""
    sender = me or settings.deployer
    missing = [each for each in wanted if each.name not in state.created]
    # The factory and the library are of no use once the proxy is there, a new implementation is.
    if missing and not state.create2:
        wei = PRESIGNED_COST_WEI - state.keyless_wei
        if wei > 0:
            paid = f"{wei} wei"
            yield Change("ether for CREATE2", "", paid, sender, PRESIGNED_SENDER, value_wei=wei)
        yield Change("CREATE2", "", CREATE2_DEPLOYER, sender, CREATE2_DEPLOYER, raw=PRESIGNED)
    for each in missing:
        yield Change(each.name, "", each.address, sender, CREATE2_DEPLOYER, each.call)


@dataclass(frozen=True)
class _Found:
    """Differences of one contract."""

    settings: Settings
    target: Placement
    contract: Contract
    me: str | None

    @property
    def admin(self) -> str:
        """Who configures: `me`, else one who also administers afterwards."""
        now = self.contract.holders[ADMIN_ROLE]
        staying = now & self.settings.holders[ADMIN_ROLE]
        return self.me if self.me in now else min(staying or now)

    def change(self, what: str, before: object, after: object, sender: str, call: bytes) -> Change:
        return Change(what, str(before), str(after), sender, self.target.proxy, call)

    def upgrade(self) -> Iterator[Change]:
        now, admin = self.contract, self.contract.proxy_admin
        wanted = self.target.implementation.address
        if now.implementation != wanted:
            call = call_data("upgradeTo(address)", [wanted])
            yield self.change("implementation", now.implementation, wanted, admin, call)
        if admin != self.settings.proxy_admin:
            heir = self.settings.proxy_admin
            if now.pending_admin != heir:
                call = call_data("proposeAdmin(address)", [heir])
                yield self.change("proxy admin proposed", now.pending_admin, heir, admin, call)
            yield self.change("proxy admin", admin, heir, heir, call_data("acceptAdmin()", []))

    def safety(self) -> Iterator[Change]:
        now, wanted = self.contract.safety, self.settings.safety.values
        if now != wanted:
            named = zip(SAFETY_FIELDS, now, wanted, strict=True)
            differs = [(name, old, new) for name, old, new in named if old != new]
            before = ", ".join(f"{name} {old}" for name, old, _ in differs)
            after = ", ".join(f"{name} {new}" for name, _, new in differs)
            call = call_data("configureSafety((uint8,uint32,uint256,uint256,uint256))", [wanted])
            yield self.change("safety", before, after, self.admin, call)

    def support(self) -> Iterator[Change]:
        wanted = {(each.purpose, each.coin_type): each.chains for each in self.settings.wallets}
        now = self.contract
        for kind in sorted(wanted.keys() - now.wallets):
            yield self._wallet(kind, on=True)
        chains = {(_type_id(kind), caip) for kind, listed in wanted.items() for caip in listed}
        for type_id, caip in sorted(chains - now.chains):
            yield self._chain(type_id, caip, on=True)
        # A chain of a type that goes is disabled first: the contract asks for the type.
        enabled = {_type_id(kind) for kind in now.wallets}
        for type_id, caip in sorted(now.chains - chains):
            if type_id in enabled:
                yield self._chain(type_id, caip, on=False)
        for kind in sorted(now.wallets - wanted.keys()):
            yield self._wallet(kind, on=False)

    def grants(self) -> Iterator[Change]:
        for role, wanted in self.settings.holders.items():
            for account in sorted(wanted - self.contract.holders.get(role, frozenset())):
                yield self._role(role, account, self.admin, on=True)

    def fees(self) -> Iterator[Change]:
        fees = self.settings.fees
        wanted = (fees.mpc_fee_wei, fees.resp_gas, fees.resp_gas_price_buffer)
        setters = ("updateMPCFee", "updateRespGas", "updateRespGasBuffer")
        rows = list(zip(setters, self.contract.fees, wanted, strict=True))
        if self.settings.mode is Mode.OMNI:
            rows = rows[:1]
        changed = [row for row in rows if row[1] is not None and row[1] != row[2]]
        holders = self.settings.holders[FEE_ROLE] | self.contract.holders.get(FEE_ROLE, frozenset())
        # Whoever administers may lend itself the role for the change.
        lend = self.admin not in holders and (self.me == self.admin or not holders)
        sender = self.admin if lend or self.admin in holders else min(holders)
        if self.me in holders:
            sender, lend = str(self.me), False
        if changed and lend:
            yield self._role(FEE_ROLE, sender, sender, on=True)
        for setter, old, new in changed:
            yield self.change(setter, old, new, sender, call_data(f"{setter}(uint256)", [new]))
        if changed and lend:
            yield self._renounce(FEE_ROLE, sender)

    def revocations(self) -> Iterator[Change]:
        """Other roles first; the administrator that sends all of this goes last, by itself."""
        wanted = self.settings.holders
        extra = [
            (role, account)
            for role, now in self.contract.holders.items()
            for account in sorted(now - wanted.get(role, frozenset()))
        ]
        extra.sort(key=lambda each: (each[0] == ADMIN_ROLE, each[1] == self.admin))
        for role, account in extra:
            if account == self.admin:
                yield self._renounce(role, account)
            else:
                yield self._role(role, account, self.admin, on=False)

    def _role(self, role: bytes, account: str, sender: str, *, on: bool) -> Change:
        call = call_data(f"{'grant' if on else 'revoke'}Role(bytes32,address)", [role, account])
        name = ROLE_NAMES.get(role, "role 0x" + role.hex())
        before, after = ("", account) if on else (account, "")
        return self.change(name, before, after, sender, call)

    def _renounce(self, role: bytes, account: str) -> Change:
        taken = self._role(role, account, account, on=False)
        return replace(taken, data=call_data("renounceRole(bytes32,address)", [role, account]))

    def _wallet(self, kind: tuple[int, int], *, on: bool) -> Change:
        call = call_data("walletTypeIdConfig(uint256,uint256,bool)", [*kind, on])
        name = f"{kind[0]}/{kind[1]}"
        return self.change("wallet type", *_moved(name, on=on), self.admin, call)

    def _chain(self, type_id: bytes, caip: str, *, on: bool) -> Change:
        call = call_data("chainIdConfig(bytes32,string,bool)", [type_id, caip, on])
        kinds = chained(
            self.contract.wallets, ((w.purpose, w.coin_type) for w in self.settings.wallets)
        )
        kind = next((f"{p}/{c}" for p, c in kinds if _type_id((p, c)) == type_id), type_id.hex())
        return self.change(f"chain of {kind}", *_moved(caip, on=on), self.admin, call)


def _moved(name: str, *, on: bool) -> tuple[str, str]:
    return ("", name) if on else (name, "")


def _type_id(kind: tuple[int, int]) -> bytes:
    return keccak(encode(["uint256", "uint256"], kind))


def call_data(signature: str, arguments: Sequence[object]) -> bytes:
    """Selector and arguments of a call of `signature`, such as `transfer(address,uint256)`."""
    selector = function_signature_to_4byte_selector(signature)
    if not arguments:
        return selector
    kinds = grammar.parse(signature[signature.index("(") :]).components
    return selector + encode([kind.to_type_str() for kind in kinds], arguments)
