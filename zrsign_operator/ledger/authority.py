"""Obeys the orders of administrators alone: groups and measurements need their own signature.

A verified block says what validators agreed on. Who holds the keys is for the keyring's
administrators to say, so an operator wants to see their signature too: of accounts that its
settings name, or that administered the keyring when it started for the first time. What it has
accepted is kept where backups do not reach; an order that is older than the last one of its signer
is not accepted again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zrchain_lite.client import LedgerClient, Signed
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrsign.operators import operators_pb2 as wire
from zrsign_daemon.validation import faults
from zrsign_operator.errors import NotOrdered, StoreUnusable
from zrsign_operator.keys.sealing import write_durably

FILE: Final = "orders.json"
KEYRING: Final = "/zrchain.identity.Query/KeyringByAddress"
BEGUN, UPDATED, MEASURED = (
    "operator_group_set",
    "operator_group_updated",
    "operator_measurements_set",
)


@dataclass(frozen=True)
class _Order:
    """What is to be checked of any order."""

    signer: str
    sequence: int
    creator: str
    keyring: str

    @classmethod
    def of(cls, signed: Signed[Any], creator: str, keyring: str) -> _Order:
        return cls(signed.signer, signed.sequence, creator, keyring)


class _Accepted(BaseModel):
    """What is kept: digests in hexadecimal, and of each administrator the sequence of its last
    order (-1 before the first).
    """

    model_config = ConfigDict(extra="forbid")

    admins: dict[str, int]
    groups: dict[int, str] = Field(default_factory=dict)
    measurements: str = ""


class Authority:
    """Remembers what was ordered in `folder`."""

    def __init__(
        self, ledger: LedgerClient, keyring: str, folder: Path, admins: Sequence[str] = ()
    ) -> None:
        """`admins` are the settings', none for those of the first start. Raises StoreUnusable."""
        self._ledger, self._keyring = ledger, keyring
        self._path, self._named = folder / FILE, admins
        self._accepted = self._read()

    async def require(self, shown: wire.QuerySettingsResponse) -> None:
        """Raises NotOrdered unless what is shown was accepted before, or is signed; ClientError.

        At the first start the groups of before count as accepted, and with administrators that no
        setting names all that is shown.
        """
        # What is refused in the middle leaves what was accepted before as it is.
        accepted = (self._accepted or await self._first(shown)).model_copy(deep=True)
        orders: list[_Order] = []
        for group in shown.groups:
            if accepted.groups.get(group.number) != _digest(group):
                orders.append(await self._order_of_group(group, accepted))
                accepted.groups[group.number] = _digest(group)
        measurements = _measured(shown.measurements)
        if accepted.measurements != measurements:
            orders.append(await self._order_of_measurements(shown, accepted))
            accepted.measurements = measurements
        for order in orders:
            last = accepted.admins[order.signer]
            accepted.admins[order.signer] = max(last, order.sequence)
        if accepted != self._accepted:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(self._path, accepted.model_dump_json(indent=2).encode())
            self._accepted = accepted

    async def _first(self, shown: wire.QuerySettingsResponse) -> _Accepted:
        if self._named:
            before = {each.number: _digest(each) for each in shown.groups[:-1]}
            return _Accepted(
                admins=dict.fromkeys(self._named, -1), groups=before, measurements=_measured(())
            )
        request = identity.QueryKeyringByAddressRequest(keyring_addr=self._keyring)
        answer = await self._ledger.query(KEYRING, request, identity.QueryKeyringByAddressResponse)
        return _Accepted(
            admins=dict.fromkeys(answer.keyring.admins, -1),
            groups={each.number: _digest(each) for each in shown.groups},
            measurements=_measured(shown.measurements),
        )

    async def _order_of_group(self, group: wire.Group, accepted: _Accepted) -> _Order:
        for event in (BEGUN, UPDATED):
            for each in await self._ledger.signed(
                self._search(event), wire.MsgSetGroup, accepted.admins
            ):
                order = _Order.of(each, each.message.creator, each.message.keyring)
                if self._is_new(order, accepted) and _digest(each.message) == _digest(group):
                    return order
        raise self._unsigned(f"group {group.number}", accepted)

    async def _order_of_measurements(
        self, shown: wire.QuerySettingsResponse, accepted: _Accepted
    ) -> _Order:
        for each in await self._ledger.signed(
            self._search(MEASURED), wire.MsgSetMeasurements, accepted.admins
        ):
            order = _Order.of(each, each.message.creator, each.message.keyring)
            same = _measured(each.message.measurements) == _measured(shown.measurements)
            if self._is_new(order, accepted) and same:
                return order
        raise self._unsigned("the measurements", accepted)

    def _search(self, event: str) -> str:
        return f"{event}.keyring_addr='{self._keyring}'"

    def _is_new(self, order: _Order, accepted: _Accepted) -> bool:
        """Whether its signer ordered it for this keyring, and after its last order."""
        mine = order.creator == order.signer and order.keyring == self._keyring
        return mine and order.sequence > accepted.admins[order.signer]

    def _unsigned(self, what: str, accepted: _Accepted) -> NotOrdered:
        return NotOrdered(
            f"No administrator that is known here has signed {what} of keyring {self._keyring}; "
            f"known are {', '.join(sorted(accepted.admins))}. If another one was appointed, name "
            f"all in keyring_admins, move {self._path} away, and start again."
        )

    def _read(self) -> _Accepted | None:
        try:
            return _Accepted.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreUnusable(f"Cannot read {self._path}: {error.strerror}") from None
        except ValidationError as error:
            raise StoreUnusable(f"{self._path} cannot be used: {faults(error)}") from None


def _digest(group: wire.Group | wire.MsgSetGroup) -> str:
    """The digest of what an order of a group says."""
    members = sorted(group.members, key=lambda member: member.index)
    said = wire.MsgSetGroup(
        threshold=group.threshold,
        level=group.level,
        members=members,
        roots=group.roots,
        absent=group.absent,
    )
    return sha256(said.SerializeToString(deterministic=True)).hexdigest()


def _measured(measurements: Iterable[wire.Measurement]) -> str:
    """The digest of what an order of measurements says."""
    ordered = sorted(measurements, key=lambda each: (each.kind, each.value))
    said = wire.MsgSetMeasurements(measurements=ordered)
    return sha256(said.SerializeToString(deterministic=True)).hexdigest()
